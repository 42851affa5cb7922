// The activities as an ActivityListener reads them: background work and openings always, commits
// and gets from the threshold on, each with the times that it had.

using System.Collections.Concurrent;
using System.Diagnostics;
using LsmMmap.Engine.Telemetry;

namespace LsmMmap.Engine.Tests.Telemetry;

[Collection("Telemetry")]
public sealed class ActivityTests : StoreTest
{
    private const string Name = "traced";

    private readonly ConcurrentQueue<Activity> _stopped = [];
    private readonly ActivityListener _listener;

    public ActivityTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name is StoreMeter.Name or "tests",
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) =>
                ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                if (activity.Source.Name == StoreMeter.Name
                    && Name.Equals(activity.GetTagItem(StoreTags.Store)))
                    _stopped.Enqueue(activity);
            },
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public override void Dispose()
    {
        _listener.Dispose();
        base.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void FlushAndCompaction_WithAListener_AreActivities()
    {
        LsmStore store = OpenNamed();
        Fill(store, 500);
        store.Flush();
        Fill(store, 500);
        store.Compact();
        store.WaitForIdle();
        Activity flush = Stopped(StoreActivities.Flush)[0];
        StoreEvent told = store.GetEvents().First(e => e.Kind == StoreEventKind.Flush);
        Assert.Equal(told.Duration, flush.Duration);
        Assert.Equal((told.Time - told.Duration).UtcDateTime, flush.StartTimeUtc);
        Assert.Equal(Name, flush.GetTagItem(StoreTags.Store));
        Assert.Equal("default", flush.GetTagItem(StoreTags.Keyspace));
        Assert.Null(flush.ParentId);
        Activity compaction = Stopped(StoreActivities.Compaction)[^1];
        Assert.True((long)compaction.GetTagItem("lsm.bytes_read")! > 0);
    }

    [Fact]
    public void Compact_UnderAnActivity_IsItsChild()
    {
        using var source = new ActivitySource("tests");
        LsmStore store = OpenNamed();
        Fill(store, 500);
        store.Flush();
        Fill(store, 500);
        store.Flush();
        using Activity? own = source.StartActivity("own");
        Assert.NotNull(own);
        store.Compact();
        Assert.Contains(
            Stopped(StoreActivities.Compaction), a => a.ParentSpanId == own.SpanId);
    }

    [Fact]
    public void Open_UnderAnActivity_IsItsChildAndItsFlushesAreNot()
    {
        using var source = new ActivitySource("tests");
        LsmStore store;
        using (Activity? own = source.StartActivity("own"))
        {
            Assert.NotNull(own);
            store = OpenNamed();
            Activity open = Assert.Single(Stopped(StoreActivities.Open));
            Assert.Equal(own.SpanId, open.ParentSpanId);
            Assert.Equal(false, open.GetTagItem("lsm.read_only"));
            Assert.Same(own, Activity.Current);
        }
        Fill(store, 10);
        store.Flush();
        store.WaitForIdle();
        Assert.Null(Assert.Single(Stopped(StoreActivities.Flush)).ParentId);
    }

    [Fact]
    public void Open_OfALockedStore_IsAnError()
    {
        OpenNamed();
        Assert.Throws<StoreLockedException>(() => OpenNamed());
        Activity failed = Stopped(StoreActivities.Open)[^1];
        Assert.Equal(ActivityStatusCode.Error, failed.Status);
        Assert.Equal("LsmMmap.StoreLockedException", failed.GetTagItem(StoreTags.Error));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(10, 1)]
    [InlineData(11, 0)]
    public async Task CommitsAndGets_FromTheThresholdOn_AreActivities(int slowMs, int expected)
    {
        LsmStore store = Open(new StoreOptions
        {
            Name = Name,
            SlowOperationMs = slowMs,
            TimeProvider = new SteppingClock(TimeSpan.FromMilliseconds(10)),
        });
        store.Put([1], [1]);
        Assert.Equal(expected, Stopped(StoreActivities.Commit).Length);
        Assert.NotNull(store.Get([1]));
        Assert.Equal(expected, Stopped(StoreActivities.Get).Length);
        using var batch = new WriteBatch();
        await store.WriteAsync(batch.Put([2], [2]), Durability.Buffered);
        Activity[] commits = Stopped(StoreActivities.Commit);
        Assert.Equal(2 * expected, commits.Length);
        foreach (Activity commit in commits)
            Assert.True(commit.Duration >= TimeSpan.FromMilliseconds(10));
        if (expected > 0)
            Assert.Equal("buffered", commits[^1].GetTagItem(StoreTags.Durability));
    }

    private LsmStore OpenNamed() => Open(new StoreOptions { Name = Name });

    private Activity[] Stopped(string name)
    {
        TelemetryThread.WaitUntilIdle();
        return [.. _stopped.Where(a => a.OperationName == name)];
    }
}
