// The write queue under every schedule with up to two preemptions, and under random ones with
// more threads than that can cover.
//
// Seen to fail, each with the line of the source changed and the test that noticed:
// see the table in docs/testing.md, "Schedules and histories".

using LsmMmap.Engine.Waiting;

namespace LsmMmap.Engine.Tests.Concurrency;

public sealed class WriteQueueScheduleTests
{
    private const int RunsMax = 30_000;

    [Fact]
    public void Commits_OfTwoThreads_HoldInEverySchedule() =>
        Assert.True(Explorer.Every(() => new TwoWriters(), 2, RunsMax).IsComplete);

    [Fact]
    public void Commits_OfThreeThreads_HoldInEverySchedule() =>
        Assert.True(Explorer.Every(() => new ThreeWriters(), 1, RunsMax).IsComplete);

    [Fact]
    public void Commits_SyncedByTwoThreads_HoldInEverySchedule() =>
        Assert.True(Explorer.Every(() => new TwoSyncers(), 1, RunsMax).IsComplete);

    /// <summary>A thread whose commit is done comes again with the same node, for another
    /// durability, while the rest of its group is still being told.</summary>
    [Fact]
    public void Commits_SyncedAndNotInOneGroup_HoldInEverySchedule() =>
        Assert.True(Explorer.Every(() => new MixedWriters(), 1, RunsMax).IsComplete);

    [Fact]
    public void FailingSync_OfThreeThreads_IsToldToAllItWouldHaveServed() =>
        Explorer.Random(() => new FailingSyncers(), 1_500);

    [Fact]
    public void Commits_WithAReaderBeside_AreSeenWhole() =>
        Assert.True(Explorer.Every(() => new WriterAndReader(), 2, RunsMax).IsComplete);

    [Fact]
    public void AsyncCommit_BesideASynchronousOne_HoldsInEverySchedule() =>
        Assert.True(Explorer.Every(() => new WriterAndAsync(), 1, RunsMax).IsComplete);

    [Fact]
    public void AsyncCommit_CancelledMeanwhile_IsWholeOrLeavesNoTrace() =>
        Assert.True(Explorer.Every(() => new CancelledAsync(), 1, RunsMax).IsComplete);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void FailingWrite_OfTwoThreads_FailsEveryLaterCommit(int write) =>
        Assert.True(Explorer.Every(
            () => new FailingWriters(write, 0), 2, RunsMax, $"-{write}").IsComplete);

    /// <summary>A sync that is running when a write fails has to end before anybody hears of it:
    /// from then on no log is synced. Found by the sweep of faults with pauses before the syncs
    /// of flushes.</summary>
    [Fact]
    public void FailingWrite_BesideASync_IsToldWhenTheSyncHasEnded() =>
        Assert.True(Explorer.Every(() => new WriterBesideASync(), 2, RunsMax).IsComplete);

    /// <summary>The same for a third thread, which comes to sync and finds the failure before the
    /// leader has told it. Found by a reader of the code.</summary>
    [Fact]
    public void FailingWrite_BesideTwoSyncs_IsToldWhenTheSyncHasEnded() =>
        Assert.True(Explorer.Every(() => new WriterBesideTwoSyncs(), 1, RunsMax).IsComplete);

    [Fact]
    public void FailingSync_OfTwoThreads_IsNeverTriedAgain() =>
        Assert.True(Explorer.Every(() => new FailingWriters(0, 1), 1, RunsMax).IsComplete);

    [Fact]
    public void Close_BesideWriters_WaitsForTheAccepted() =>
        Assert.True(Explorer.Every(() => new ClosedMeanwhile(), 1, RunsMax).IsComplete);

    [Fact]
    public void RunAlone_BesideWriters_IsAlone() =>
        Assert.True(Explorer.Every(() => new AloneMeanwhile(), 1, RunsMax).IsComplete);

    [Fact]
    public void Everything_AtOnce_HoldsInRandomSchedules() =>
        Explorer.Random(() => new Crowd(0), 1_500);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Everything_WithAFailingWrite_HoldsInRandomSchedules(int write) =>
        Explorer.Random(() => new Crowd(write), 750, $"-{write}");

    private sealed class TwoWriters : QueueScenario
    {
        public override void Judge()
        {
            base.Judge();
            Assert.Equal(3, DoneCount);
        }

        protected override void Start()
        {
            StartThread(() => Commit("a", Durability.Flushed));
            StartThread(() =>
            {
                Commit("b", Durability.Buffered);
                Commit("c", Durability.Flushed);
            });
        }
    }

    private sealed class ThreeWriters : QueueScenario
    {
        protected override void Start()
        {
            StartThread(() => Commit("a", Durability.Flushed));
            StartThread(() => Commit("b", Durability.Flushed));
            StartThread(() => Commit("c", Durability.Buffered));
        }
    }

    private sealed class TwoSyncers : QueueScenario
    {
        protected override void Start()
        {
            StartThread(() => Commit("a", Durability.Synced));
            StartThread(() => Commit("b", Durability.Synced));
        }
    }

    private sealed class MixedWriters : QueueScenario
    {
        protected override void Start()
        {
            StartThread(() => Commit("a", Durability.Synced));
            StartThread(() =>
            {
                Commit("b", Durability.Flushed);
                Commit("c", Durability.Synced);
            });
            StartThread(() => Commit("d", Durability.Synced));
        }
    }

    private sealed class FailingSyncers : QueueScenario
    {
        public FailingSyncers() => Files = new MemoryLogFiles { FailingSync = 1 };

        public override void Judge()
        {
            base.Judge();
            Assert.Equal(0, DoneCount);
            Assert.True(State.IsFailureTold, "nobody was noted as told");
        }

        protected override void Start()
        {
            StartThread(() => Commit("a", Durability.Synced));
            StartThread(() => Commit("b", Durability.Synced));
            StartThread(() => Commit("c", Durability.Synced));
        }

        protected override bool MayThrow(Exception error) => error is StoreFailedException;
    }

    private sealed class WriterAndReader : QueueScenario
    {
        protected override void Start()
        {
            StartThread(() => Commit("a", Durability.Flushed));
            StartThread(() =>
            {
                CheckWhole("a");
                CheckWhole("a");
            });
        }
    }

    private sealed class WriterAndAsync : QueueScenario
    {
        protected override void Start()
        {
            StartThread(() => CommitAsync("a", Durability.Synced));
            StartThread(() => Commit("b", Durability.Flushed));
        }
    }

    private sealed class CancelledAsync : QueueScenario
    {
        private readonly CancellationTokenSource _source = new();

        public override void Judge()
        {
            base.Judge();
            Assert.Equal(FailedCount == 0, IsVisible("a"));
            Assert.Equal(FailedCount == 0 ? 2 : 1, DoneCount);
            _source.Dispose();
        }

        protected override void Start()
        {
            StartThread(() => CommitAsync("a", Durability.Flushed, _source.Token));
            StartThread(() => Commit("b", Durability.Flushed));
            StartThread(_source.Cancel);
        }

        protected override bool MayThrow(Exception error) => error is OperationCanceledException;
    }

    private sealed class FailingWriters : QueueScenario
    {
        private readonly Durability _durability;

        public FailingWriters(int write, int sync)
        {
            Files = new MemoryLogFiles { FailingWrite = write, FailingSync = sync };
            _durability = sync > 0 ? Durability.Synced : Durability.Flushed;
        }

        public override void Judge()
        {
            base.Judge();
            Assert.True(FailedCount > 0 && State.Failure != null, "nobody was told");
            Assert.True(State.IsFailureTold, "nobody was noted as told");
        }

        protected override void Start()
        {
            StartThread(() => Commit("a", _durability));
            StartThread(() =>
            {
                Commit("b", _durability);
                Commit("c", _durability);
            });
        }

        protected override bool MayThrow(Exception error) => error is StoreFailedException;
    }

    private class WriterBesideASync : QueueScenario
    {
        public WriterBesideASync() => Files = new MemoryLogFiles { FailingWrite = 2 };

        protected override void Start()
        {
            StartThread(() => Commit("a", Durability.Synced));
            StartThread(() => Commit("b", Durability.Flushed));
        }

        protected override bool MayThrow(Exception error) => error is StoreFailedException;
    }

    private sealed class WriterBesideTwoSyncs : WriterBesideASync
    {
        protected override void Start()
        {
            base.Start();
            StartThread(SyncLog);
        }
    }

    private sealed class ClosedMeanwhile : QueueScenario
    {
        protected override void Start()
        {
            StartThread(() => Commit("a", Durability.Flushed));
            StartThread(() => CommitAsync("b", Durability.Synced));
            StartThread(() =>
            {
                Queue.Close();
                Files.IsClosed = true;
            });
        }

        protected override bool MayThrow(Exception error) => error is ObjectDisposedException;
    }

    private sealed class AloneMeanwhile : QueueScenario
    {
        private bool _isAlone;

        protected override void Start()
        {
            StartThread(() => Commit("a", Durability.Flushed));
            StartThread(() => Commit("b", Durability.Flushed));
            StartThread(() => Queue.RunAlone(BeAlone));
        }

        private void BeAlone()
        {
            Assert.False(_isAlone, "two are alone");
            _isAlone = true;
            ulong sequence = State.Published.Sequence;
            SchedulePoint.Reach("alone");
            Assert.Equal(sequence, State.Published.Sequence);
            _isAlone = false;
        }
    }

    private sealed class Crowd : QueueScenario
    {
        private readonly CancellationTokenSource _source = new();
        private readonly bool _fails;

        public Crowd(int failingWrite)
        {
            Files = new MemoryLogFiles { FailingWrite = failingWrite };
            _fails = failingWrite > 0;
        }

        protected override void Start()
        {
            StartThread(() =>
            {
                Commit("a", Durability.Buffered);
                Commit("b", Durability.Synced);
            });
            StartThread(() => Commit("c", Durability.Flushed));
            StartThread(() =>
            {
                CommitAsync("d", Durability.Synced);
                CommitAsync("e", Durability.Buffered, _source.Token);
                Commit("f", Durability.Synced);
            });
            StartThread(() =>
            {
                CheckWhole("d");
                _source.Cancel();
                CheckWhole("a");
            });
            StartThread(() => Queue.RunAlone(static () => SchedulePoint.Reach("alone")));
            StartThread(() =>
            {
                SchedulePoint.Reach("before close");
                Queue.Close();
                Files.IsClosed = true;
            });
        }

        protected override bool MayThrow(Exception error) =>
            error is ObjectDisposedException or OperationCanceledException
            || (_fails && error is StoreFailedException);
    }
}
