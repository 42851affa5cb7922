// The order of a memtable whose keys share their beginning: nodes compare only what follows it.
// Keys here share from nothing to many words of eight bytes, come in ascending, descending or no
// order, and late ones share less than all before, so that the edges of the tree are copied.

using LsmMmap.Engine.Memory;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Engine.Tests.Memory;

public sealed class SharedPrefixTests
{
    private static readonly ByteOrder s_order = new();

    [Theory]
    [InlineData(Arrival.Random)]
    [InlineData(Arrival.Ascending)]
    [InlineData(Arrival.Descending)]
    public void Moves_KeysThatShareLessAndLess_EqualModel(Arrival arrival)
    {
        int seed = MemTableModel.Seed();
        Random random = new(seed);
        for (int round = 0; round < 12; round++)
        {
            using MemTable memTable = new(0);
            SortedSet<byte[]> model = new(s_order);
            MemTableCursor cursor = new();
            cursor.Reset(memTable);
            ulong sequence = 0;
            // Each stage shares fewer words with all before it.
            for (int words = 18; words >= 0; words -= random.Next(1, 7))
            {
                foreach (byte[] key in Stage(random, words, arrival))
                {
                    if (!model.Add(key))
                        continue;
                    memTable.Add(key, EntryTag.Pack(++sequence, ValueKind.Put), key);
                }

                Compare(cursor, memTable, [.. model], random, seed);
            }
        }
    }

    [Fact]
    public void Seek_KeyOutsideWhatAllShare_StandsBeforeOrBehindAll()
    {
        using MemTable memTable = new(0);
        MemTableCursor cursor = new();
        cursor.Reset(memTable);
        for (int i = 0; i < 1000; i++)
        {
            byte[] key = System.Text.Encoding.ASCII.GetBytes($"prefix/prefix/{i:D6}");
            memTable.Add(key, EntryTag.Pack((ulong)i + 1, ValueKind.Put), []);
        }

        Assert.True(cursor.Seek([], ulong.MaxValue));
        Assert.True(cursor.UserKey.SequenceEqual("prefix/prefix/000000"u8));
        Assert.True(cursor.Seek("prefix"u8, ulong.MaxValue));
        Assert.True(cursor.UserKey.SequenceEqual("prefix/prefix/000000"u8));
        Assert.False(cursor.SeekForPrevious("prefix/"u8, 0));
        Assert.False(cursor.Seek("q"u8, ulong.MaxValue));
        Assert.True(cursor.SeekForPrevious("q"u8, 0));
        Assert.True(cursor.UserKey.SequenceEqual("prefix/prefix/000999"u8));
    }

    [Fact]
    public async Task Seeks_WhileKeysShareLess_LandOnWhatIsPublished()
    {
        const int Rounds = 300;
        int seed = MemTableModel.Seed();
        Random random = new(seed);
        for (int round = 0; round < Rounds; round++)
        {
            byte[][] keys = [.. Stage(random, 3, Arrival.Random),
                .. Stage(random, 2, Arrival.Random), .. Stage(random, 1, Arrival.Random),
                .. Stage(random, 0, Arrival.Random)];
            keys = [.. keys.Distinct(new ByteEquality())];
            using MemTable memTable = new(0);
            long published = 0;
            Task reader = Task.Run(() => SeekAll(
                memTable, keys, () => Volatile.Read(ref published), seed + round));
            for (int i = 0; i < keys.Length; i++)
            {
                memTable.Add(keys[i], EntryTag.Pack((ulong)i + 1, ValueKind.Put), []);
                Volatile.Write(ref published, i + 1);
            }

            await reader;
        }
    }

    private static void SeekAll(MemTable memTable, byte[][] keys, Func<long> published, int seed)
    {
        Random random = new(seed);
        MemTableCursor cursor = new();
        cursor.Reset(memTable);
        while (true)
        {
            long count = published();
            if (count == 0)
                continue;
            byte[] wanted = keys[random.Next(2) == 0 ? count - 1 : random.Next((int)count)];
            bool isOn = cursor.Seek(wanted, ulong.MaxValue);
            Assert.True(isOn && cursor.UserKey.SequenceEqual(wanted), $"seed {seed}: seek");
            isOn = cursor.SeekForPrevious(wanted, 0);
            Assert.True(isOn && cursor.UserKey.SequenceEqual(wanted), $"seed {seed}: backward");
            // A key that may be outside of what all share, or become so.
            byte[] other = keys[random.Next(keys.Length)];
            if (cursor.Seek(other, ulong.MaxValue))
                Assert.True(cursor.UserKey.SequenceCompareTo(other) >= 0, $"seed {seed}: after");
            if (cursor.SeekForPrevious(other, 0))
                Assert.True(cursor.UserKey.SequenceCompareTo(other) <= 0, $"seed {seed}: before");
            if (count == keys.Length)
                return;
        }
    }

    private static byte[][] Stage(Random random, int words, Arrival arrival)
    {
        byte[][] keys = new byte[random.Next(1, 400)][];
        for (int i = 0; i < keys.Length; i++)
        {
            byte[] key = new byte[words * 8 + random.Next(20)];
            key.AsSpan(0, words * 8).Fill((byte)'p');
            for (int at = words * 8; at < key.Length; at++)
                key[at] = "\0ap\xFF"u8[random.Next(4)];
            keys[i] = key;
        }

        if (arrival != Arrival.Random)
            Array.Sort(keys, s_order);
        if (arrival == Arrival.Descending)
            Array.Reverse(keys);
        return keys;
    }

    private static void Compare(
        MemTableCursor cursor, MemTable memTable, byte[][] sorted, Random random, int seed)
    {
        int index = 0;
        for (bool isOn = cursor.SeekToFirst(); isOn; isOn = cursor.Next(), index++)
            Assert.True(cursor.UserKey.SequenceEqual(sorted[index]), $"seed {seed}: {index}");
        Assert.True(index == sorted.Length, $"seed {seed}: {index} of {sorted.Length}");
        for (bool isOn = cursor.SeekToLast(); isOn; isOn = cursor.Previous())
            Assert.True(cursor.UserKey.SequenceEqual(sorted[--index]), $"seed {seed}: {index}");
        Assert.True(index == 0, $"seed {seed}: {index} left over backwards");
        Assert.Equal(sorted.Length, memTable.EntryCount);
        for (int i = 0; i < 200; i++)
        {
            byte[] sought = Stage(random, random.Next(19), Arrival.Random)[0];
            int found = Array.BinarySearch(sorted, sought, s_order);
            int after = found < 0 ? ~found : found;
            bool isOn = cursor.Seek(sought, ulong.MaxValue);
            Assert.True(isOn == after < sorted.Length, $"seed {seed}: seek {i}");
            if (isOn)
                Assert.True(cursor.UserKey.SequenceEqual(sorted[after]), $"seed {seed}: seek {i}");
            int before = found < 0 ? ~found - 1 : found;
            isOn = cursor.SeekForPrevious(sought, 0);
            Assert.True(isOn == before >= 0, $"seed {seed}: backward seek {i}");
            if (isOn)
                Assert.True(cursor.UserKey.SequenceEqual(sorted[before]), $"seed {seed}: {i}");
        }
    }

    public enum Arrival
    {
        Random,
        Ascending,
        Descending,
    }

    private sealed class ByteOrder : IComparer<byte[]>
    {
        public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);
    }

    private sealed class ByteEquality : IEqualityComparer<byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] key) => (int)InternalKey.Hash(key);
    }
}
