// What the MANIFEST tells of the past against what the store counted while it happened.

using LsmMmap.Engine.Recovery;
using LsmMmap.Engine.Versions;
using LsmMmap.Testing;
using Xunit.Abstractions;

namespace LsmMmap.Engine.Tests;

public sealed class TreeHistoryTests(ITestOutputHelper output) : StoreTest
{
    [Theory]
    [InlineData(CompactionStyle.Leveled)]
    [InlineData(CompactionStyle.Tiered)]
    public void History_AfterFlushesAndCompactions_IsWhatTheStoreCounted(CompactionStyle style)
    {
        var options = new StoreOptions
        {
            DefaultKeyspace = new KeyspaceOptions
            {
                Compaction = style,
                MemtableBytes = 64 << 10,
                TableBytes = 64 << 10,
            },
        };
        output.WriteLine(Seeds.Describe(Seeds.Base));
        var random = new Random(Seeds.Base);
        long writtenBytes;
        long tableBytes;
        using (LsmStore store = Open(options))
        {
            for (int i = 0; i < 20_000; i++)
                store.Put(Bytes.Number(random.Next(8_000)), new byte[40]);
            store.Flush();
            store.WaitForIdle();
            writtenBytes = store.GetStatistics().BytesWrittenToTables;
            tableBytes = store.GetStatistics().TableBytes;
        }
        IReadOnlyList<TreePoint> points = StoreInspector.History(Home)["default"];
        Assert.True(points.Count > 10, "there were several flushes");
        Assert.Equal(default, points[0]);
        Assert.Equal(writtenBytes, points[^1].WrittenBytes);
        Assert.Equal(tableBytes, points[^1].TableBytes);
        Assert.True(points[^1].WriteAmplification > 1, "compactions rewrote what was flushed");
        Assert.Contains(points, static point => point.RunCount > 1);
        Assert.Equal(
            points.Select(static p => p.FlushedBytes).Order(),
            points.Select(static p => p.FlushedBytes));
    }

    [Fact]
    public void History_AfterAnOpening_BeginsWithWhatIsThere()
    {
        long bytes;
        using (LsmStore store = Open(new StoreOptions()))
        {
            store.Put("a"u8, "1"u8);
            store.Compact();
            bytes = store.GetStatistics().TableBytes;
        }
        Open(new StoreOptions()).Dispose();
        TreePoint only = Assert.Single(StoreInspector.History(Home)["default"]);
        Assert.Equal(new TreePoint(0, 0, bytes, bytes, 1, only.NewestMs), only);
    }

    [Fact]
    public void History_OfTablesThatMoved_CountsThemOnce()
    {
        var options = new StoreOptions
        {
            DefaultKeyspace = new KeyspaceOptions
            {
                MemtableBytes = 64 << 10,
                TableBytes = 64 << 10,
            },
        };
        using (LsmStore store = Open(options))
        {
            for (int i = 0; i < 20_000; i++)
                store.Put(Bytes.Number(i), new byte[40]);
            store.Flush();
            store.WaitForIdle();
            StoreStatistics statistics = store.GetStatistics();
            Assert.True(statistics.TrivialMoveCount > 0, "tables that meet nothing are moved");
            Assert.Equal(statistics.TrivialMoveCount, statistics.CompactionCount);
        }
        TreePoint end = StoreInspector.History(Home)["default"][^1];
        Assert.Equal(1, end.WriteAmplification);
        Assert.True(end.DeepestBytes > 0, "they were moved to the last level");
    }

    [Fact]
    public void History_OfADirectoryWithoutAStore_IsEmpty() =>
        Assert.Empty(StoreInspector.History(Home));
}
