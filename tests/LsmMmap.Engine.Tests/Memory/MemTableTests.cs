// The memtable by its contract: lookups against a model, counters, memory, edges.

using System.Buffers.Binary;
using LsmMmap.Engine.Memory;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Mapping;
using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests.Memory;

public sealed class MemTableTests
{
    [Fact]
    public void TryGet_EmptyMemTable_MissesWithoutNativeMemory()
    {
        using MemTable memTable = new(7);

        Assert.False(TryGet(memTable, "a"u8, EntryTag.SequenceMax, out _, out _));
        Assert.True(memTable.IsEmpty);
        Assert.Equal(7, memTable.KeyspaceId);
        Assert.Equal(0, memTable.AllocatedBytes);
        Assert.Equal(0UL, memTable.SmallestSequence);
        Assert.Equal(0UL, memTable.LargestSequence);
    }

    [Fact]
    public void TryGet_RandomVersions_EqualsModel()
    {
        int seed = MemTableModel.Seed();
        Random random = new(seed);
        using MemTable memTable = new(0);
        SortedDictionary<ModelKey, byte[]> model = new(new ModelKeyOrder());
        for (ulong sequence = 1; sequence <= 6000; sequence++)
        {
            byte[] key = MemTableModel.Key(random);
            byte[] value = MemTableModel.Value(random);
            ulong tag = EntryTag.Pack(sequence, (ValueKind)random.Next(2));
            memTable.Add(key, tag, value);
            model.Add(new ModelKey(key, tag), value);
        }

        ModelKey[] sorted = [.. model.Keys];
        for (int i = 0; i < 20_000; i++)
        {
            byte[] key = MemTableModel.Key(random);
            ulong seekTag = EntryTag.SeekAt((ulong)random.Next(6200));
            ModelKey? expected = NewestInModel(sorted, new ModelKey(key, seekTag));
            bool found = TryGet(memTable, key, seekTag, out ulong tag, out NativeSlice value);
            Assert.True(found == expected.HasValue, $"seed {seed}: lookup {i}");
            Assert.True(tag == (expected?.Tag ?? 0), $"seed {seed}: tag of lookup {i}");
            if (expected.HasValue)
                Assert.True(value.Span.SequenceEqual(model[expected.Value]), $"seed {seed}: {i}");
        }
    }

    [Fact]
    public void TryGet_ManyVersionsOfOneKey_FindsEachByItsTag()
    {
        const int Versions = 5000;
        using MemTable memTable = new(0);
        memTable.Add("j"u8, EntryTag.Pack(1, ValueKind.Put), []);
        memTable.Add("l"u8, EntryTag.Pack(2, ValueKind.Put), []);
        Span<byte> value = stackalloc byte[8];
        for (int i = 0; i < Versions; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(value, i);
            memTable.Add("k"u8, EntryTag.Pack((ulong)i + 10, ValueKind.Put), value);
        }

        for (int i = 0; i < Versions; i++)
        {
            ulong seekTag = EntryTag.SeekAt((ulong)i + 10);
            Assert.True(TryGet(memTable, "k"u8, seekTag, out _, out NativeSlice slice));
            Assert.Equal(i, BinaryPrimitives.ReadInt64LittleEndian(slice.Span));
        }

        Assert.False(TryGet(memTable, "k"u8, EntryTag.SeekAt(9), out _, out _));
    }

    [Fact]
    public void TryGet_TagsAddedOutOfOrder_FindsTheNewest()
    {
        using MemTable memTable = new(0);
        memTable.Add("k"u8, EntryTag.Pack(5, ValueKind.Put), "five"u8);
        memTable.Add("k"u8, EntryTag.Pack(9, ValueKind.Delete), []);
        memTable.Add("k"u8, EntryTag.Pack(7, ValueKind.Put), "seven"u8);

        Assert.True(TryGet(memTable, "k"u8, EntryTag.SeekAt(20), out ulong tag, out _));
        Assert.Equal(EntryTag.Pack(9, ValueKind.Delete), tag);
        Assert.True(TryGet(memTable, "k"u8, EntryTag.SeekAt(8), out _, out NativeSlice value));
        Assert.True(value.Span.SequenceEqual("seven"u8));
        Assert.Equal(5UL, memTable.SmallestSequence);
        Assert.Equal(9UL, memTable.LargestSequence);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1_000)]
    [InlineData(70_000)]
    [InlineData(5_000_000)]
    public void Add_KeyAndValueOfAnySize_ComeBackWhole(int valueBytes)
    {
        using MemTable memTable = new(0);
        byte[] value = new byte[valueBytes];
        new Random(valueBytes).NextBytes(value);
        byte[] longest = new byte[InternalKey.UserKeyBytesMax];
        memTable.Add([], EntryTag.Pack(1, ValueKind.Put), value);
        memTable.Add(longest, EntryTag.Pack(2, ValueKind.Put), value);

        Assert.True(TryGet(memTable, [], EntryTag.SeekAt(9), out _, out NativeSlice first));
        Assert.True(TryGet(memTable, longest, EntryTag.SeekAt(9), out _, out NativeSlice second));
        Assert.True(first.Span.SequenceEqual(value));
        Assert.True(second.Span.SequenceEqual(value));
        Assert.Equal(2L * valueBytes + longest.Length + 16, memTable.DataBytes);
        Assert.Equal(2, memTable.EntryCount);
    }

    [Fact]
    public void AllocatedBytes_GrowsWithData_AndStaysNearIt()
    {
        using MemTable memTable = new(0);
        byte[] value = new byte[100];
        memTable.Add("k"u8, EntryTag.Pack(1, ValueKind.Put), value);
        Assert.InRange(memTable.AllocatedBytes, Arena.ChunkBytesFirst, 2 * Arena.ChunkBytesFirst);

        Span<byte> key = stackalloc byte[16];
        for (int i = 2; i <= 100_000; i++)
        {
            BinaryPrimitives.WriteInt64BigEndian(key, i * 0x1E35A7BD);
            memTable.Add(key, EntryTag.Pack((ulong)i, ValueKind.Put), value);
        }

        Assert.Equal(124L * 99_999 + 109, memTable.DataBytes);
        // The hash table has just been doubled, so this is near the worst for such entries.
        Assert.InRange(
            memTable.AllocatedBytes, memTable.DataBytes, memTable.DataBytes * 21 / 10);
    }

    [Fact]
    public void AddGetAndMove_WhenWarm_AllocateNothingManaged()
    {
        MemTableCursor cursor = new();
        byte[] key = new byte[16];
        byte[] value = new byte[100];
        Assert.Equal(0, Allocated.FewestBytesOfMade(() =>
        {
            MemTable memTable = new(0);
            Work(memTable, 1, 1000);
            return () =>
            {
                Work(memTable, 1001, 40_000);
                memTable.Dispose();
            };
        }));

        void Work(MemTable memTable, ulong from, ulong to)
        {
            for (ulong sequence = from; sequence <= to; sequence++)
            {
                BinaryPrimitives.WriteUInt64BigEndian(key, sequence * 0x9E3779B97F4A7C15);
                memTable.Add(key, EntryTag.Pack(sequence, ValueKind.Put), value);
                TryGet(memTable, key, EntryTag.SeekAt(sequence), out _, out _);
            }

            cursor.Reset(memTable);
            for (bool isOn = cursor.SeekToFirst(); isOn; isOn = cursor.Next())
                cursor.UserKey.CopyTo(key);
            for (bool isOn = cursor.SeekToLast(); isOn; isOn = cursor.Previous())
                cursor.UserKey.CopyTo(key);
            cursor.Seek(key, EntryTag.SeekAt(to));
            cursor.SeekForPrevious(key, 0);
        }
    }

    internal static bool TryGet(
        MemTable memTable, ReadOnlySpan<byte> key, ulong seekTag, out ulong tag,
        out NativeSlice value) =>
        memTable.TryGet(key, InternalKey.Hash(key), seekTag, out tag, out value);

    private static ModelKey? NewestInModel(ModelKey[] sorted, ModelKey sought)
    {
        int index = Array.BinarySearch(sorted, sought, new ModelKeyOrder());
        index = index < 0 ? ~index : index;
        bool isFound = index < sorted.Length
            && sorted[index].UserKey.AsSpan().SequenceEqual(sought.UserKey);
        return isFound ? sorted[index] : null;
    }
}
