// Random tests take their seed from LSM_SEED, else from the clock, and name it when they fail.

namespace LsmMmap.Sstable.Tests.Support;

internal static class Seeds
{
    public static int Next(int salt)
    {
        string? fixedSeed = Environment.GetEnvironmentVariable("LSM_SEED");
        int seed = fixedSeed != null ? int.Parse(fixedSeed) : Environment.TickCount;
        return unchecked(seed * 31 + salt);
    }

    /// <summary>Entries with keys, versions and values of many shapes.</summary>
    public static List<TestEntry> Entries(Random random, EntryShape shape)
    {
        var entries = new SortedSet<TestEntry>(
            Comparer<TestEntry>.Create(TestEntry.Compare));
        while (entries.Count < shape.Count)
        {
            byte[] key = Key(random, shape);
            int versions = random.Next(4) == 0 ? random.Next(1, shape.VersionsMax + 1) : 1;
            for (int i = 0; i < versions; i++)
                entries.Add(Entry(random, shape, key));
        }
        return [.. entries];
    }

    public static byte[] Key(Random random, EntryShape shape)
    {
        int bytes = random.Next(shape.KeyBytesMin, shape.KeyBytesMax + 1);
        byte[] key = new byte[bytes];
        // Few distinct byte values make shared prefixes and ties of heads likely.
        for (int i = 0; i < bytes; i++)
            key[i] = (byte)(shape.IsKeyDense ? random.Next(3) * 127 : random.Next(256));
        return key;
    }

    private static TestEntry Entry(Random random, EntryShape shape, byte[] key)
    {
        ulong sequence = shape.IsPlain ? 0 : (ulong)random.Next(1, 1000);
        if (!shape.IsPlain && random.Next(8) == 0)
            return TestEntry.Delete(key, sequence);
        byte[] value = new byte[random.Next(shape.ValueBytesMin, shape.ValueBytesMax + 1)];
        if (random.Next(2) == 0)
            random.NextBytes(value);
        return TestEntry.Put(key, sequence, value);
    }
}

internal sealed record EntryShape(int Count)
{
    public int KeyBytesMin { get; init; }
    public int KeyBytesMax { get; init; } = 24;
    public int ValueBytesMin { get; init; }
    public int ValueBytesMax { get; init; } = 120;
    public int VersionsMax { get; init; } = 12;
    public bool IsKeyDense { get; init; } = true;
    public bool IsPlain { get; init; }
}
