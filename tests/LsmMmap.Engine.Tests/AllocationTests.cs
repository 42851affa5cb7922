// Reads, moves and writes allocate nothing on the managed heap once they are warm. Measured on the
// calling thread; what a call allocates shows in every round, so the cheapest counts.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class AllocationTests : StoreTest
{
    private const int Entries = 2_000;
    private const int Rounds = 3;

    private static readonly byte[][] s_keys =
        [.. Enumerable.Range(0, Entries).Select(i => Bytes.Number(2 * i))];

    private static readonly byte[][] s_missing =
        [.. Enumerable.Range(0, Entries).Select(i => Bytes.Number(2 * i + 1))];

    public enum Layout
    {
        Memtable,
        RawTables,
        Lz4Tables,
        ApartValues,

        /// <summary>Every second key is deleted, each by a range of its own.</summary>
        RangeTombstones,
    }

    public static TheoryData<Layout> Layouts =>
    [
        Layout.Memtable, Layout.RawTables, Layout.Lz4Tables, Layout.ApartValues,
        Layout.RangeTombstones,
    ];

    [Theory]
    [MemberData(nameof(Layouts))]
    public void GetPinned_AndDispose_AllocateNothing(Layout layout)
    {
        LsmStore store = OpenWith(layout);
        AssertAllocatesNothing(() =>
        {
            for (int i = 0; i < Entries; i++)
            {
                using PinnedValue value = store.GetPinned(s_keys[i]);
                if (!value.Found)
                    Assert.Fail($"key {i} is missing");
                if (!store.TryGetPinned(s_keys[i], out PinnedValue tried))
                    Assert.Fail($"key {i} is missing");
                tried.Dispose();
            }
        });
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void TryGetAsync_OfResidentValues_AllocatesNothing(Layout layout)
    {
        LsmStore store = OpenWith(layout);
        var destination = new System.Buffers.ArrayBufferWriter<byte>(4096);
        AssertAllocatesNothing(() =>
        {
            for (int i = 0; i < Entries; i++)
            {
                destination.ResetWrittenCount();
                ValueTask<bool> read = store.TryGetAsync(s_keys[i], destination);
                // The first reads of a table come from another thread; the rounds that are
                // measured follow them.
                if (!(read.IsCompleted ? read.Result : read.AsTask().Result))
                    Assert.Fail($"key {i} is missing");
            }
        });
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void MultiGet_WithAKeptBatch_AllocatesNothing(Layout layout)
    {
        LsmStore store = OpenWith(layout);
        using var batch = new ReadBatch();
        AssertAllocatesNothing(() =>
        {
            for (int i = 0; i < Entries; i += 100)
            {
                batch.Clear();
                for (int j = i; j < i + 100; j++)
                    batch.Add(s_keys[j]);
                using ReadResults results = store.MultiGet(batch);
                for (int j = 0; j < results.Count; j++)
                {
                    if (!results.Found(j) || results[j].IsEmpty)
                        Assert.Fail($"key {i + j} is missing");
                }
            }
        });
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void TryGetSpan_InSteadyState_AllocatesNothing(Layout layout)
    {
        LsmStore store = OpenWith(layout);
        byte[] target = new byte[4_096];
        AssertAllocatesNothing(() =>
        {
            for (int i = 0; i < Entries; i++)
            {
                if (!store.TryGet(s_keys[i], target, out int length) || length == 0)
                    Assert.Fail($"key {i} is missing");
                if (store.TryGet(s_missing[i], target, out _))
                    Assert.Fail($"key {i} is there");
            }
        });
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void ContainsKey_InSteadyState_AllocatesNothing(Layout layout)
    {
        LsmStore store = OpenWith(layout);
        AssertAllocatesNothing(() =>
        {
            for (int i = 0; i < Entries; i++)
            {
                if (!store.ContainsKey(s_keys[i]) || store.ContainsKey(s_missing[i]))
                    Assert.Fail($"key {i}");
            }
        });
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Cursor_SeekAndMoves_AllocateNothing(Layout layout)
    {
        LsmStore store = OpenWith(layout);
        using Cursor cursor = store.CreateCursor();
        AssertAllocatesNothing(() =>
        {
            int bytes = 0;
            for (bool valid = cursor.SeekToFirst(); valid; valid = cursor.MoveNext())
                bytes += cursor.Key.Length + cursor.Value.Length;
            for (bool valid = cursor.SeekToLast(); valid; valid = cursor.MovePrevious())
                bytes -= cursor.Key.Length + cursor.Value.Length;
            if (bytes != 0)
                Assert.Fail("the two directions differ");
            for (int i = 0; i < Entries; i++)
            {
                if (!cursor.Seek(s_keys[i]) || !cursor.SeekForPrevious(s_missing[i]))
                    Assert.Fail($"seek {i}");
            }
        });
    }

    [Fact]
    public void PutAndDelete_InSteadyState_AllocateNothing()
    {
        LsmStore store = Open();
        byte[] value = Bytes.Value(1, 100);
        AssertAllocatesNothing(() =>
        {
            for (int i = 0; i < Entries; i++)
            {
                store.Put(s_keys[i], value);
                store.Delete(s_missing[i]);
            }
        });
    }

    [Fact]
    public void Put_NewKeys_AllocatesNothing()
    {
        LsmStore store = Open();
        byte[] value = Bytes.Value(1, 100);
        byte[] key = new byte[8];
        long next = 0;
        AssertAllocatesNothing(() =>
        {
            for (int i = 0; i < Entries; i++)
            {
                System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(key, next++);
                store.Put(key, value);
            }
        });
    }

    [Fact]
    public void Write_ReusedBatch_AllocatesNothing()
    {
        LsmStore store = Open();
        using var batch = new WriteBatch();
        byte[] value = Bytes.Value(1, 100);
        AssertAllocatesNothing(() =>
        {
            for (int i = 0; i < Entries; i++)
            {
                batch.Clear();
                batch.Put(s_keys[i], value).Delete(s_missing[i]);
                store.Write(batch);
            }
        });
    }

    private LsmStore OpenWith(Layout layout)
    {
        Compression compression =
            layout == Layout.Lz4Tables ? Compression.Lz4 : Compression.None;
        int valueBytes = layout == Layout.ApartValues ? 2_000 : 100;
        LsmStore store = Open(new StoreOptions
        {
            DefaultKeyspace = { CompressionPerLevel = [compression] },
        });
        for (int i = 0; i < Entries; i++)
        {
            store.Put(s_keys[i], Bytes.Value(i, valueBytes));
            if (layout == Layout.RangeTombstones)
                store.Put(s_missing[i], Bytes.Value(i, valueBytes));
            // Two flushes, so that the compaction has something to do.
            if (layout != Layout.Memtable && i == Entries / 2)
                store.Flush();
        }
        store.Put(Bytes.Number(2 * Entries), [1]);
        if (layout != Layout.Memtable)
            store.Compact();
        for (int i = 0; layout == Layout.RangeTombstones && i < Entries; i++)
        {
            store.DeleteRange(s_missing[i], Bytes.Number(2 * i + 2));
            if (i == Entries / 2)
                store.Flush();
        }
        store.WaitForIdle();
        return store;
    }

    private static void AssertAllocatesNothing(Action round)
    {
        for (int i = 0; i < Rounds; i++)
            round();
        Assert.Equal(0, Allocated.FewestBytes(round));
    }
}
