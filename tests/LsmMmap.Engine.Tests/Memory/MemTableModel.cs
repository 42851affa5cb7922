// The model that memtable tests compare with: a sorted dictionary under the order of the store,
// and the small generators for keys and values. Keys come from a tiny alphabet and lengths around
// eight, so that equal heads, prefixes, zero bytes and many versions of a key are common.

using LsmMmap.Sstable.Keys;

namespace LsmMmap.Engine.Tests.Memory;

internal readonly record struct ModelKey(byte[] UserKey, ulong Tag);

internal sealed class ModelKeyOrder : IComparer<ModelKey>
{
    public int Compare(ModelKey x, ModelKey y) =>
        InternalKey.Compare(x.UserKey, x.Tag, y.UserKey, y.Tag);
}

internal static class MemTableModel
{
    private static readonly byte[] s_alphabet = [0x00, 0x01, 0x61, 0xFF];

    /// <summary>The seed of this run: LSM_SEED, or a new one.</summary>
    public static int Seed() =>
        int.TryParse(Environment.GetEnvironmentVariable("LSM_SEED"), out int seed)
            ? seed
            : Environment.TickCount & int.MaxValue;

    public static byte[] Key(Random random)
    {
        // A head of all ones is the sentinel's own; keys that begin like it must work too.
        byte[] key = new byte[random.Next(12)];
        int same = random.Next(key.Length + 1);
        byte filler = s_alphabet[random.Next(s_alphabet.Length)];
        for (int i = 0; i < key.Length; i++)
            key[i] = i < same ? filler : s_alphabet[random.Next(s_alphabet.Length)];
        return key;
    }

    public static byte[] Value(Random random)
    {
        byte[] value = new byte[random.Next(4) == 0 ? random.Next(3000) : random.Next(40)];
        random.NextBytes(value);
        return value;
    }

    /// <summary>A value that a reader can check without knowing when it was written.</summary>
    public static void FillWhole(Span<byte> value, ulong tag) => value.Fill((byte)(tag >> 8));
}
