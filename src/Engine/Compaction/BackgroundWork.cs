// The threads that flush and compact. With two or more, the first only flushes, so that a long
// compaction never keeps memtables waiting; the others compact, and flush when that is all there
// is. Several compactions run at once where their plans do not touch.
//
// Drops of whole tables come before compactions: they cost one edit. A compaction begins only when
// it leaves the reserve of free space alone (SpaceReserve), and writes no faster than WritePace
// lets it. Want of space pauses everything here, and it goes on by itself when space is back.
// Another failure abandons the table and is tried again under a new number; the third in a row of
// the same work makes the store read-only (WorkFailures).
// Threads: its own; the members from any. What runs is under the store's lock.

using System.Diagnostics;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.Reading;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Versions;
using LsmMmap.Engine.Waiting;

namespace LsmMmap.Engine.Compaction;

internal sealed class BackgroundWork(StoreState state, VersionCommitter committer) : IDisposable
{
    private const int FailuresMax = 3;
    private const int RetryDelayMs = 500;

    private readonly Dictionary<KeyspaceTree, List<CompactionPlan>> _running = [];
    private readonly List<StoreThread> _threads = [];
    private readonly RetentionWork _retention = new(state, committer);
    private readonly CoveredWork _covered = new(state, committer);
    private readonly ExpiredWork _expired = new(state, committer);
    private readonly SpaceReserve _space = new(state);
    private readonly WritePace? _pace = WritePace.Of(state);
    private readonly TimeProvider _clock = state.Services.Options.TimeProvider;
    private readonly WorkFailures _failures = new();
    private bool _stop;

    /// <summary>Whether nothing runs and nothing is due. Under the store's lock.</summary>
    public bool IsIdle
    {
        get
        {
            AssertInvariants();
            long nowMs = state.Services.NowMs;
            return _running.Count == 0 && _retention.IsIdle && _covered.IsIdle && _expired.IsIdle
                && state.Trees.All(tree => tree.Frozen.Count == 0 && !tree.IsFlushing
                    && CompactionPicker.Pick(
                        tree.Version, tree.Options, nowMs: nowMs) == null);
        }
    }

    public void Start()
    {
        Debug.Assert(_threads.Count == 0, "the threads are started once");
        foreach (KeyspaceTree tree in state.Trees)
            tree.Covered.IsDue = true;
        int count = state.Services.Options.BackgroundThreads;
        for (int i = 0; i < count; i++)
        {
            bool mayFlushOnly = i == 0 && count > 1;
            _threads.Add(StoreThread.Start(
                mayFlushOnly ? "LsmMmap flush" : "LsmMmap compaction",
                () => Loop(mayFlushOnly)));
        }
    }

    /// <summary>Ends the threads; a compaction under way is abandoned. Requires: the store is
    /// closing.</summary>
    public void Dispose()
    {
        Debug.Assert(state.IsClosing, "the threads end with the store");
        using (state.Gate.Hold())
        {
            _stop = true;
            state.Gate.PulseAll();
        }
        foreach (StoreThread thread in _threads)
            thread.Join();
        _retention.Dispose();
        _expired.Dispose();
        _pace?.Dispose();
    }

    /// <summary>Compacts [from, to) into the last level, on the calling thread. Empty ends are
    /// open. Ends early when the keyspace is dropped or has retention, with which nothing is
    /// merged; throws when the store is closed first, or when too little space is free.</summary>
    public void CompactRange(
        KeyspaceTree tree, ReadOnlySpan<byte> from, ReadOnlySpan<byte> to,
        CancellationToken cancellationToken)
    {
        var manual = new ManualCompaction(from, to, state.Services.NowMs);
        while (true)
        {
            CompactionJob? job = null;
            _space.Measure();
            using (state.Gate.Hold())
            {
                state.WaitFor(
                    () => tree.IsDropped || state.IsClosing || tree.Options.Retention != null
                        || (job = NextManual(tree, manual)) != null || manual.IsDone,
                    cancellationToken);
            }
            if (job == null)
            {
                ThrowIfLeftUndone(tree, manual);
                return;
            }
            try
            {
                if (!Run(job, cancellationToken))
                    return;
                using (state.Gate.Hold())
                    manual.Committed(job.Plan);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // Nobody asked for it: the keyspace or the store went away.
                ThrowIfLeftUndone(tree, manual);
                return;
            }
            finally
            {
                End(job);
            }
        }
    }

    private static void ThrowIfLeftUndone(KeyspaceTree tree, ManualCompaction manual) =>
        ObjectDisposedException.ThrowIf(
            !manual.IsDone && !tree.IsDropped && tree.Options.Retention == null, tree.Store);

    private CompactionJob? NextManual(KeyspaceTree tree, ManualCompaction manual)
    {
        CompactionPlan? plan = _retention.IsRunning ? null : manual.Next(
            tree.Version, tree.Options, _running.GetValueOrDefault(tree));
        if (plan == null)
            return null;
        if (!_space.Allows(plan, _running.Values.SelectMany(static plans => plans)))
        {
            state.ThrowIfCompactionPaused();
            return null;
        }
        return Begin(tree, plan, Math.Max(1, IdleCompactors()), state.Services.NowMs);
    }

    private void Loop(bool mayFlushOnly)
    {
        // Writers wait for flushes, and for one thread that does both.
        if (!mayFlushOnly && state.Services.Options.BackgroundThreads > 1)
            CpuShare.GiveWay();
        while (true)
        {
            DueWork? work = null;
            if (!mayFlushOnly)
                _space.Measure();
            using (state.Gate.Hold())
            {
                AssertInvariants();
                bool mustMeasure = false;
                while (!_stop && !mustMeasure && (work = NextWork(mayFlushOnly)) == null)
                {
                    state.Gate.Wait(
                        state.CompactionPause != null ? RetryDelayMs : Timeout.Infinite);
                    mustMeasure = _space.IsSet && !mayFlushOnly;
                }
                if (_stop)
                    return;
            }
            if (work == null)
                continue;
            try
            {
                if (work.Run())
                    Succeeded(work);
            }
            catch (OperationCanceledException)
            {
                // The store closes or the keyspace is gone; the outputs were removed.
            }
            catch (Exception e)
            {
                OnFailure(work, e);
            }
        }
    }

    /// <summary>What this thread should do now; it is marked as running.</summary>
    private DueWork? NextWork(bool mayFlushOnly)
    {
        if (state.Failure != null || state.PauseCause != null)
            return null;
        bool flushFirst = state.Services.Options.BackgroundThreads == 1;
        if (mayFlushOnly)
            return NextFlush() ?? NextDrop();
        return flushFirst
            ? NextFlush() ?? NextDrop() ?? NextCompaction()
            : NextDrop() ?? NextCompaction() ?? NextFlush();
    }

    private DueWork? NextDrop()
    {
        Func<bool>? drop = state.IsClosing ? null
            : _retention.Next() ?? _covered.Next()
                ?? (_retention.IsRunning ? null : _expired.Next());
        return drop == null ? null : new DueWork(null, DueWork.NoLevel, drop);
    }

    private DueWork? NextFlush()
    {
        KeyspaceTree? chosen = null;
        foreach (KeyspaceTree tree in state.Trees)
        {
            bool isOlder = tree.Frozen.Count > 0 && !tree.IsFlushing && (chosen == null
                || tree.Frozen[0].FirstLog < chosen.Frozen[0].FirstLog);
            if (isOlder)
                chosen = tree;
        }
        if (chosen == null)
            return null;
        LiveMemTable memTable = chosen.Frozen[0];
        memTable.AddReference();
        chosen.IsFlushing = true;
        ulong[] snapshots = state.Snapshots.ToArray();
        return new DueWork(chosen, DueWork.NoLevel, () => Flush(chosen, memTable, snapshots));
    }

    private bool Flush(KeyspaceTree tree, LiveMemTable memTable, ulong[] snapshots)
    {
        try
        {
            long start = _clock.GetTimestamp();
            state.Services.Telemetry.FlushBegun(tree.Name, memTable.Table.DataBytes);
            TableInfo table = new FlushRun(state, committer).Run(tree, memTable, snapshots);
            _pace?.Charge(table.FileBytes);
            state.Events.Add(WorkEvents.OfFlush(tree, table, _clock.GetElapsedTime(start)));
            return true;
        }
        finally
        {
            memTable.Release();
            using (state.Gate.Hold())
            {
                Debug.Assert(tree.IsFlushing, "a flush that ends was running");
                tree.IsFlushing = false;
                state.Gate.PulseAll();
            }
        }
    }

    // Not while a drop is hidden that no edit says yet: a tombstone could be dropped whose older
    // version the next opening would show again. Only a keyspace that is merged again, because its
    // retention was just taken away, can come to that.
    private DueWork? NextCompaction()
    {
        if (state.IsClosing || _retention.IsRunning)
            return null;
        long nowMs = state.Services.NowMs;
        CompactionPlan? chosen = null;
        KeyspaceTree? of = null;
        double most = -1;
        foreach (KeyspaceTree tree in state.Trees)
        {
            CompactionPressure pressure = CompactionPicker.Pressure(tree.Version, tree.Options);
            double load = Math.Max(pressure.Level0Load, pressure.DebtLoad);
            if (load > most && CompactionPicker.Pick(
                tree.Version, tree.Options, _running.GetValueOrDefault(tree), nowMs: nowMs)
                is { } plan)
                (chosen, of, most) = (plan, tree, load);
        }
        bool mayBegin = _space.Allows(chosen, _running.Values.SelectMany(static plans => plans));
        if (chosen == null || !mayBegin)
            return null;
        CompactionJob job = Begin(of!, chosen, Math.Max(1, IdleCompactors()), nowMs);
        return new DueWork(of, chosen.TopLevel, () =>
        {
            try
            {
                return Run(job, CancellationToken.None);
            }
            finally
            {
                End(job);
            }
        });
    }

    /// <summary>Threads that may compact, less the compactions that run.</summary>
    private int IdleCompactors()
    {
        AssertInvariants();
        int threads = Math.Max(1, state.Services.Options.BackgroundThreads - 1);
        return Math.Max(0, threads - _running.Values.Sum(static plans => plans.Count));
    }

    /// <summary>Marks a plan as running and takes what it needs. Under the store's lock, in the
    /// same hold that picked it.</summary>
    private CompactionJob Begin(
        KeyspaceTree tree, CompactionPlan plan, int threads, long nowMs)
    {
        AssertInvariants();
        Debug.Assert(threads > 0, "somebody runs it");
        plan.MarkInputs(compacting: true);
        if (!_running.TryGetValue(tree, out List<CompactionPlan>? plans))
            _running.Add(tree, plans = []);
        plans.Add(plan);
        return new CompactionJob(
            tree, plan,
            new CompactionRun(
                state, committer, tree, plan, state.Snapshots.ToArray(), nowMs, _pace, threads));
    }

    private bool Run(CompactionJob job, CancellationToken cancellationToken)
    {
        long start = _clock.GetTimestamp();
        state.Services.Telemetry.CompactionBegun(
            job.Tree.Name, job.Plan.Why, job.Plan.Inputs.Count, job.Plan.InputBytes,
            job.Plan.OutputLevel);
        bool done = job.Work.Run(cancellationToken);
        if (done)
            state.Events.Add(WorkEvents.OfCompaction(
                job.Tree, job.Plan, job.Work, _clock.GetElapsedTime(start)));
        return done;
    }

    private void End(CompactionJob job)
    {
        using (state.Gate.Hold())
        {
            AssertInvariants();
            job.Plan.MarkInputs(compacting: false);
            List<CompactionPlan> plans = _running[job.Tree];
            plans.Remove(job.Plan);
            job.Tree.Covered.IsDue |= job.Tree.Covered.IsHeldByWork;
            job.Tree.Covered.IsHeldByWork = false;
            if (plans.Count == 0)
                _running.Remove(job.Tree);
            state.Gate.PulseAll();
        }
        job.Work.Dispose();
    }

    private void Succeeded(DueWork work)
    {
        using (state.Gate.Hold())
            _failures.Succeeded(work);
        state.PauseIsOver();
    }

    private void OnFailure(DueWork work, Exception e)
    {
        if (e is StoreFailedException)
            return;
        if (IoFailure.IsExhausted(e))
        {
            state.Pause(e);
            using (state.Gate.Hold())
            {
                if (!_stop)
                    state.Gate.Wait(RetryDelayMs);
            }
            state.Pause(null);
            return;
        }
        state.Events.Add(new StoreEvent
        {
            Kind = StoreEventKind.Failure,
            Reason = "a flush or compaction failed: " + e.Message,
            Error = e,
        });
        int failures;
        using (state.Gate.Hold())
            failures = _failures.Failed(work);
        if (failures >= FailuresMax)
            state.Fail(e);
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(state.Gate.IsHeld, "what runs is under the store's lock");
        Debug.Assert(_running.Values.All(static plans => plans.Count > 0), "no empty lists");
    }

    private sealed record CompactionJob(
        KeyspaceTree Tree, CompactionPlan Plan, CompactionRun Work);
}
