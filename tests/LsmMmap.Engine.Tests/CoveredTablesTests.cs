// Tables that lie whole under a range tombstone go without being read, and a scan over what is
// gone does not walk through it.

using LsmMmap.Engine.Compaction;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Keys;
using LsmMmap.Testing;
using LsmMmap.Testing.Crash;

namespace LsmMmap.Engine.Tests;

public sealed class CoveredTablesTests : StoreTest
{
    private static readonly StoreOptions s_options = new()
    {
        DefaultKeyspace = new KeyspaceOptions { TableBytes = 64 << 10 },
    };

    [Fact]
    public void Flush_OfADeleteRange_DropsCoveredTablesUnread()
    {
        Fill20000();
        var files = new OpenCounter(LocalFileSystem.Instance);
        using LsmStore store = Track(LsmStore.Open(Home, s_options, files));
        int before = store.GetStatistics().TableCount;
        Assert.True(before > 10, "there are many tables");
        store.DeleteRange([], []);
        store.Flush();
        store.WaitForIdle();
        // Nothing is left under the tombstone, so its own table goes as well.
        Assert.Equal(0, store.GetStatistics().TableCount);
        Assert.Equal(0, files.OldTablesOpened);
        Assert.Equal(0, Count(store));
    }

    [Fact]
    public void Compaction_WithCoveredInputs_ReadsTheOthersOnly()
    {
        Fill20000();
        var files = new OpenCounter(LocalFileSystem.Instance);
        using LsmStore store = Track(LsmStore.Open(Home, s_options, files));
        store.DeleteRange(Bytes.Number(100), Bytes.Number(19_900));
        store.Compact();
        Assert.Equal(200, Count(store));
        Assert.InRange(files.OldTablesOpened, 1, 2);
    }

    [Fact]
    public void Flush_UnderASnapshot_DropsNoTable()
    {
        Fill20000();
        using LsmStore store = Open(s_options);
        using Snapshot keeps = store.CreateSnapshot();
        int before = store.GetStatistics().TableCount;
        store.DeleteRange([], []);
        store.Flush();
        Assert.Equal(before + 1, store.GetStatistics().TableCount);
        Assert.Equal(20_000, Count(keeps));
        Assert.Equal(0, Count(store));
    }

    [Fact]
    public void Snapshot_ThatHeldCoveredTables_LetsThemGoWithIt()
    {
        Fill20000();
        var files = new OpenCounter(LocalFileSystem.Instance);
        using LsmStore store = Track(LsmStore.Open(Home, s_options, files));
        int before = store.GetStatistics().TableCount;
        Snapshot keeps = store.CreateSnapshot();
        store.DeleteRange([], []);
        store.Flush();
        using Snapshot later = store.CreateSnapshot();
        store.WaitForIdle();
        Assert.Equal(before + 1, store.GetStatistics().TableCount);
        keeps.Dispose();
        store.WaitForIdle();
        Assert.Equal(0, store.GetStatistics().TableCount);
        Assert.Equal(0, files.OldTablesOpened);
        Assert.Equal(0, Count(later));
    }

    [Fact]
    public void Open_WithCoveredTables_DropsThem()
    {
        Fill20000();
        LsmStore store = Open(s_options);
        Snapshot keeps = store.CreateSnapshot();
        store.DeleteRange([], []);
        store.Flush();
        store.Dispose();
        keeps.Dispose();
        using LsmStore again = Open(s_options);
        again.WaitForIdle();
        Assert.Equal(0, again.GetStatistics().TableCount);
        Assert.Equal(0, Count(again));
    }

    [Fact]
    public void Drop_OfCoveredTables_IsAnEvent()
    {
        Fill20000();
        using LsmStore store = Open(s_options);
        long bytes = store.GetStatistics().TableBytes;
        int tables = store.GetStatistics().TableCount;
        store.DeleteRange([], []);
        store.Flush();
        store.WaitForIdle();
        StoreEvent drop = Assert.Single(
            store.GetEvents(), static happened => happened.Kind == StoreEventKind.Drop);
        Assert.Equal(bytes, drop.BytesDropped);
        Assert.Equal(tables, drop.Inputs.Count);
        Assert.Equal(20_000, drop.EntriesDropped);
        Assert.Contains("range tombstones", drop.Reason);
        Assert.Equal(0, store.GetStatistics().BytesDroppedByRetention);
    }

    [Fact]
    public void Compaction_WithCoveredInputs_CountsThemAsDroppedNotRead()
    {
        Fill20000();
        using LsmStore store = Open(s_options);
        long bytes = store.GetStatistics().TableBytes;
        store.DeleteRange(Bytes.Number(100), Bytes.Number(19_900));
        store.Compact();
        store.WaitForIdle();
        StoreEvent[] happened = [.. store.GetEvents()];
        Assert.InRange(happened.Sum(static e => e.BytesDropped), bytes / 2, bytes);
        Assert.InRange(happened.Sum(static e => e.BytesRead), 1, bytes / 2);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Scan_OverADeletedRange_OpensNoTableInside(bool backward)
    {
        Fill20000();
        var files = new OpenCounter(LocalFileSystem.Instance);
        using LsmStore store = Track(LsmStore.Open(Home, s_options, files));
        store.DeleteRange(Bytes.Number(100), Bytes.Number(19_900));
        int count = 0;
        RangeEnumerable all = store.Range([], []);
        foreach (KeyValueView _ in backward ? all.Reversed() : all)
            count++;
        Assert.Equal(200, count);
        Assert.InRange(files.OldTablesOpened, 2, 4);
    }

    [Theory]
    [InlineData("b", "m", 9, false)] // ends before the table
    [InlineData("b", "n", 9, false)] // the largest key is in the table
    [InlineData("b", "n0", 9, true)]
    [InlineData("b0", "z", 9, false)]
    [InlineData("b", "z", 5, false)] // not newer than all of it
    [InlineData("b", "z", 6, true)]
    public void IsCovered_ByOneTombstone_AsksForAllKeysAndSequences(
        string from, string to, int sequence, bool expected)
    {
        RangeTombstones ranges = RangeTombstones.None.With(Key(from), Key(to), (ulong)sequence);
        Assert.Equal(expected, CoveredTables.IsCovered(Info(), ranges, []));
    }

    [Theory]
    [InlineData(1, true)] // sees nothing of the table
    [InlineData(2, false)]
    [InlineData(8, false)]
    [InlineData(9, true)] // sees the tombstone
    public void IsCovered_WithASnapshot_AsksWhatItSees(int snapshot, bool expected)
    {
        RangeTombstones ranges = RangeTombstones.None.With(Key("a"), Key("z"), 9);
        Assert.Equal(expected, CoveredTables.IsCovered(Info(), ranges, [(ulong)snapshot]));
    }

    [Fact]
    public void IsCovered_BySeveral_ToleratesNoGap()
    {
        RangeTombstones ranges = RangeTombstones.None
            .With(Key("a"), Key("f"), 7).With(Key("f"), Key("z"), 8);
        Assert.True(CoveredTables.IsCovered(Info(), ranges, []));
        ranges = RangeTombstones.None.With(Key("a"), Key("f"), 7).With(Key("f0"), Key("z"), 8);
        Assert.False(CoveredTables.IsCovered(Info(), ranges, []));
    }

    private void Fill20000()
    {
        using LsmStore store = Open(s_options);
        Fill(store, 20_000);
        store.Compact();
        store.Dispose();
    }

    private static byte[] Key(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    private static TableInfo Info() => new()
    {
        Number = 1,
        TableId = 1,
        FileBytes = 1_000,
        FileChecksum = 0,
        SmallestKey = Key("b"),
        LargestKey = Key("n"),
        SmallestSequence = 2,
        LargestSequence = 5,
        EntryCount = 3,
        DeleteCount = 0,
    };

    /// <summary>Counts the tables that were there at first and are opened.</summary>
    private sealed class OpenCounter(IFileSystem inner) : ForwardingFileSystem(inner)
    {
        private readonly HashSet<string> _made = [];
        private int _opened;

        public int OldTablesOpened => Volatile.Read(ref _opened);

        public override void Rename(string from, string to)
        {
            lock (_made)
                _made.Add(to);
            base.Rename(from, to);
        }

        public override TableFile OpenTable(string path, long expectedLength, bool map)
        {
            lock (_made)
            {
                if (!_made.Contains(path))
                    _opened++;
            }
            return base.OpenTable(path, expectedLength, map);
        }
    }
}
