// The cursor against the model, both ways, with seeks between; and the edges of an empty one.

using LsmMmap.Engine.Memory;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Engine.Tests.Memory;

public sealed class MemTableCursorTests
{
    [Fact]
    public void Moves_RandomVersions_EqualModel()
    {
        int seed = MemTableModel.Seed();
        Random random = new(seed);
        using MemTable memTable = new(0);
        SortedDictionary<ModelKey, byte[]> model = new(new ModelKeyOrder());
        MemTableCursor cursor = new();
        cursor.Reset(memTable);
        ulong sequence = 0;
        for (int round = 0; round < 40; round++)
        {
            for (int i = 0; i < 100; i++)
            {
                ModelKey key = new(
                    MemTableModel.Key(random), EntryTag.Pack(++sequence, ValueKind.Put));
                byte[] value = MemTableModel.Value(random);
                memTable.Add(key.UserKey, key.Tag, value);
                model.Add(key, value);
            }

            ModelKey[] sorted = [.. model.Keys];
            CompareWalks(cursor, model, sorted, seed);
            CompareSeeks(cursor, sorted, random, sequence, seed);
        }
    }

    [Fact]
    public void Moves_EmptyMemTable_StandNowhere_UntilSomethingIsAdded()
    {
        using MemTable memTable = new(0);
        MemTableCursor cursor = new();
        cursor.Reset(memTable);

        Assert.False(cursor.IsValid);
        Assert.False(cursor.SeekToFirst());
        Assert.False(cursor.SeekToLast());
        Assert.False(cursor.Seek("a"u8, EntryTag.SeekAt(1)));
        Assert.False(cursor.SeekForPrevious("a"u8, 0));

        memTable.Add("a"u8, EntryTag.Pack(1, ValueKind.Put), "1"u8);
        Assert.True(cursor.SeekToFirst());
        memTable.Add("b"u8, EntryTag.Pack(2, ValueKind.Put), "2"u8);
        Assert.True(cursor.Next());
        Assert.True(cursor.UserKey.SequenceEqual("b"u8));
        Assert.False(cursor.Next());
        Assert.False(cursor.IsValid);
    }

    [Fact]
    public void Reset_ToAnotherMemTable_ForgetsTheFirst()
    {
        using MemTable first = new(0);
        using MemTable second = new(0);
        first.Add("a"u8, EntryTag.Pack(1, ValueKind.Put), []);
        second.Add("b"u8, EntryTag.Pack(1, ValueKind.Put), []);
        MemTableCursor cursor = new();
        cursor.Reset(first);
        Assert.True(cursor.SeekToFirst());

        cursor.Reset(second);
        Assert.False(cursor.IsValid);
        Assert.True(cursor.SeekToFirst());
        Assert.True(cursor.UserKey.SequenceEqual("b"u8));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Walk_OneHundredThousandInOrder_IsComplete(bool ascending)
    {
        const int Count = 100_000;
        using MemTable memTable = new(0);
        for (int i = 0; i < Count; i++)
        {
            int number = ascending ? i : Count - 1 - i;
            byte[] key = System.Text.Encoding.ASCII.GetBytes($"{number:D16}");
            memTable.Add(key, EntryTag.Pack((ulong)number + 1, ValueKind.Put), []);
        }

        MemTableCursor cursor = new();
        cursor.Reset(memTable);
        ulong expected = 0;
        for (bool isOn = cursor.SeekToFirst(); isOn; isOn = cursor.Next())
            Assert.Equal(++expected, EntryTag.Sequence(cursor.Tag));
        Assert.Equal((ulong)Count, expected);
        for (bool isOn = cursor.SeekToLast(); isOn; isOn = cursor.Previous())
            Assert.Equal(expected--, EntryTag.Sequence(cursor.Tag));
        Assert.Equal(0UL, expected);
    }

    /// <summary>A step back that looks for its place from the newest version would need 10^10
    /// steps here.</summary>
    [Fact]
    public void Walk_HundredThousandVersionsOfOneKey_IsComplete()
    {
        const int Count = 100_000;
        using MemTable memTable = new(0);
        for (int i = 1; i <= Count; i++)
            memTable.Add("k"u8, EntryTag.Pack((ulong)i, ValueKind.Put), []);

        MemTableCursor cursor = new();
        cursor.Reset(memTable);
        ulong expected = Count;
        for (bool isOn = cursor.SeekToFirst(); isOn; isOn = cursor.Next())
            Assert.Equal(expected--, EntryTag.Sequence(cursor.Tag));
        Assert.Equal(0UL, expected);
        for (bool isOn = cursor.SeekToLast(); isOn; isOn = cursor.Previous())
            Assert.Equal(++expected, EntryTag.Sequence(cursor.Tag));
        Assert.Equal((ulong)Count, expected);
        for (ulong sequence = 1; sequence <= Count; sequence++)
        {
            Assert.True(cursor.Seek("k"u8, EntryTag.SeekAt(sequence)));
            Assert.Equal(sequence, EntryTag.Sequence(cursor.Tag));
        }
    }

    private static void CompareWalks(
        MemTableCursor cursor, SortedDictionary<ModelKey, byte[]> model, ModelKey[] sorted,
        int seed)
    {
        int index = 0;
        for (bool isOn = cursor.SeekToFirst(); isOn; isOn = cursor.Next(), index++)
        {
            AssertOn(cursor, sorted, index, seed);
            byte[] value = model[sorted[index]];
            Assert.True(cursor.Value.SequenceEqual(value), $"seed {seed}: value at {index}");
            Assert.True(cursor.ValueSlice.Span.SequenceEqual(value), $"seed {seed}: {index}");
            Assert.Equal(InternalKey.Head8(sorted[index].UserKey), cursor.Head);
        }

        Assert.True(index == sorted.Length, $"seed {seed}: {index} of {sorted.Length} forwards");
        for (bool isOn = cursor.SeekToLast(); isOn; isOn = cursor.Previous())
            AssertOn(cursor, sorted, --index, seed);
        Assert.True(index == 0, $"seed {seed}: {index} left over backwards");
    }

    private static void CompareSeeks(
        MemTableCursor cursor, ModelKey[] sorted, Random random, ulong sequence, int seed)
    {
        for (int i = 0; i < 300; i++)
        {
            // Half the seeks hit an entry exactly.
            ModelKey sought = random.Next(2) == 0
                ? sorted[random.Next(sorted.Length)]
                : new ModelKey(
                    MemTableModel.Key(random),
                    EntryTag.SeekAt((ulong)random.NextInt64((long)sequence + 2)));
            int found = Array.BinarySearch(sorted, sought, new ModelKeyOrder());
            int after = found < 0 ? ~found : found;
            int before = found < 0 ? ~found - 1 : found;

            cursor.Seek(sought.UserKey, sought.Tag);
            AssertOn(cursor, sorted, after, seed);
            if (cursor.IsValid && random.Next(2) == 0)
            {
                cursor.Previous();
                AssertOn(cursor, sorted, after - 1, seed);
            }

            cursor.SeekForPrevious(sought.UserKey, sought.Tag);
            AssertOn(cursor, sorted, before, seed);
            if (cursor.IsValid && random.Next(2) == 0)
            {
                cursor.Next();
                AssertOn(cursor, sorted, before + 1, seed);
            }
        }
    }

    private static void AssertOn(MemTableCursor cursor, ModelKey[] sorted, int index, int seed)
    {
        bool isInside = (uint)index < (uint)sorted.Length;
        Assert.True(cursor.IsValid == isInside, $"seed {seed}: validity at {index}");
        if (!isInside)
            return;
        Assert.True(cursor.Tag == sorted[index].Tag, $"seed {seed}: tag at {index}");
        Assert.True(
            cursor.UserKey.SequenceEqual(sorted[index].UserKey), $"seed {seed}: key at {index}");
    }
}
