// An awaiter of WriteAsync may live under a synchronization context or a task scheduler of its
// own, whose Post or queue runs what it gets at once, or blocks. None of that may run on a thread
// that leads or completes commits.
//
// What keeps it: AsyncNode.OnCompleted takes the scheduling flag away. With the flag passed on, the
// context would write to the store from inside the leader.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests.Concurrency;

public sealed class AwaiterContextTests : StoreTest
{
    private const int Commits = 200;

    [Theory]
    [InlineData(Durability.Flushed)]
    [InlineData(Durability.Synced)]
    public void WriteAsync_UnderAContextThatPostsInline_NeverRunsOnTheLeader(
        Durability durability)
    {
        LsmStore store = Open();
        var context = new InlineContext(() => store.Put([0], [0]));
        bool done = false;
        Eventually.Returns(
            () => Crew.Run(
                () =>
                {
                    SynchronizationContext.SetSynchronizationContext(context);
                    AwaitCommits(store, durability).GetAwaiter().GetResult();
                    Volatile.Write(ref done, true);
                },
                () =>
                {
                    while (!Volatile.Read(ref done))
                        store.Put([1], [1]);
                }),
            "commits under a context that posts inline");
        Assert.True(context.PostCount > 0, "nothing was posted");
        Assert.Null(context.Offender);
    }

    [Fact]
    public void WriteAsync_UnderASchedulerThatRunsInline_NeverRunsOnTheLeader()
    {
        LsmStore store = Open();
        var scheduler = new InlineScheduler(() => store.Put([0], [0]));
        Eventually.Returns(
            () => Task.Factory.StartNew(
                () => AwaitCommits(store, Durability.Flushed), CancellationToken.None,
                TaskCreationOptions.None, scheduler).Unwrap().GetAwaiter().GetResult(),
            "commits under a scheduler that runs inline");
        Assert.Null(scheduler.Offender);
    }

    private static async Task AwaitCommits(LsmStore store, Durability durability)
    {
        using var batch = new WriteBatch();
        for (int i = 0; i < Commits; i++)
        {
            batch.Clear();
            batch.Put(Bytes.Number(i), []);
            await store.WriteAsync(batch, durability);
        }
    }

    private static string? OffenderHere() =>
        Thread.CurrentThread.Name is { } name
        && name.StartsWith("LsmMmap", StringComparison.Ordinal) ? name : null;

    private sealed class InlineContext(Action before) : SynchronizationContext
    {
        public int PostCount { get; private set; }

        public string? Offender { get; private set; }

        public override void Post(SendOrPostCallback d, object? state)
        {
            PostCount++;
            Offender ??= OffenderHere();
            SynchronizationContext? outer = Current;
            SetSynchronizationContext(this);
            before();
            d(state);
            SetSynchronizationContext(outer);
        }
    }

    private sealed class InlineScheduler(Action before) : TaskScheduler
    {
        public string? Offender { get; private set; }

        protected override void QueueTask(Task task)
        {
            Offender ??= OffenderHere();
            before();
            TryExecuteTask(task);
        }

        protected override bool TryExecuteTaskInline(Task task, bool wasQueued) =>
            TryExecuteTask(task);

        protected override IEnumerable<Task> GetScheduledTasks() => [];
    }
}
