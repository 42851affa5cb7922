// Room for the next group: freezes memtables that are full, and holds writers back when flushes
// or compactions fall behind. The delay grows smoothly from nothing at half of the allowed debt
// to a full stop at all of it, so that writers slow down long before they would stop.
//
// What counts is WritePressure's matter. Memory and files that readers hold are never waited for;
// a thread may write under its own cursor. Nobody is held back in a store that is being closed.
//
// Threads: the write leader, which is the only one that freezes memtables.

using System.Diagnostics;
using LsmMmap.Engine.Compaction;
using LsmMmap.Engine.Reading;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Versions;
using LsmMmap.Engine.Waiting;

namespace LsmMmap.Engine.Writing;

internal sealed class WriteStall(StoreState state, LogSegments log)
{
    // A writer at the edge of the allowed debt still moves at this rate, and at full rate
    // where the delay begins.
    private const double SlowestBytesPerSecond = 1 << 20;
    private const double FullBytesPerSecond = 256 << 20;

    // Shorter times of being held back are counted, and are no event.
    private static readonly TimeSpan s_eventMin = TimeSpan.FromMilliseconds(50);

    // Looking at every tree costs more than a small write, so it is done once per so many bytes.
    private const long LookEveryBytes = 16 << 10;

    // Logs of more bytes than so many memory budgets are not kept for one small memtable.
    private const int LogBudgetsMax = 2;

    private readonly TimeProvider _clock = state.Services.Options.TimeProvider;
    private readonly Dictionary<KeyspaceTree, TreeDebt> _owed = [];
    private Func<KeyspaceTree, CompactionPressure>? _owedOf;
    private double _owedSeconds;
    private long _bytesUntilLook;
    private StallReason _reason;
    private TimeSpan _stalledTime;
    private bool _isStallTold;

    /// <summary>Returns when a group of this many bytes may be written.</summary>
    public void MakeRoom(long groupBytes)
    {
        Debug.Assert(groupBytes > 0, "only what is written needs room");
        _bytesUntilLook -= groupBytes;
        if (_bytesUntilLook > 0)
            return;
        log.PrepareNext();
        FreezeFull();
        WritePressure pressure = Pressure(groupBytes);
        if (pressure.Reason != _reason)
            Become(pressure.Reason);
        if (pressure.Reason == StallReason.None)
        {
            _owedSeconds = 0;
            _bytesUntilLook = LookEveryBytes;
            return;
        }
        if (pressure.Load < 1)
            Delay(groupBytes, pressure.Load);
        else
            Stop(groupBytes);
    }

    /// <summary>Freezes a keyspace's memtable so that it is flushed. By the leader.</summary>
    public void Freeze(KeyspaceTree tree)
    {
        if (tree.Active.Table.IsEmpty)
            return;
        log.Rotate(state.Published.Sequence);
        using (state.Gate.Hold())
        {
            state.AssertInvariants();
            FreezeUnderLock(tree);
            state.InstallReadState();
        }
    }

    /// <summary>Freezes every memtable that holds something.</summary>
    public void FreezeAll()
    {
        List<KeyspaceTree> filled;
        using (state.Gate.Hold())
            filled = [.. state.Trees.Where(static tree => !tree.Active.Table.IsEmpty)];
        if (filled.Count == 0)
            return;
        log.Rotate(state.Published.Sequence);
        using (state.Gate.Hold())
        {
            foreach (KeyspaceTree tree in filled)
                FreezeUnderLock(tree);
            state.InstallReadState();
        }
    }

    private void FreezeUnderLock(KeyspaceTree tree) =>
        tree.Freeze(new LiveMemTable(
            tree.Id, state.Services.Memory, tree.Active.Table.KeyCount));

    private void FreezeFull()
    {
        List<KeyspaceTree>? full = null;
        using (state.Gate.Hold())
        {
            state.AssertInvariants();
            long unflushedBytes = 0;
            KeyspaceTree? largest = null;
            bool anyFrozen = false;
            foreach (KeyspaceTree tree in state.Trees)
            {
                anyFrozen |= tree.Frozen.Count > 0;
                unflushedBytes += tree.UnflushedBytes();
                if (tree.Active.Table.DataBytes >= tree.Options.MemtableBytes)
                    (full ??= []).Add(tree);
                if (largest == null || tree.Active.Table.AllocatedBytes
                    > largest.Active.Table.AllocatedBytes)
                    largest = tree;
            }
            if (full == null && !anyFrozen && largest is { Active.Table.IsEmpty: false }
                && unflushedBytes > state.Services.Options.MemtableBudgetBytes / 2)
                full = [largest];
            if (full == null && OldestPin() is { } pin)
                full = [pin];
        }
        if (full == null)
            return;
        foreach (KeyspaceTree tree in full)
            Freeze(tree);
    }

    /// <summary>A keyspace whose small memtable keeps old logs from being deleted.</summary>
    private KeyspaceTree? OldestPin()
    {
        KeyspaceTree? pin = null;
        foreach (KeyspaceTree tree in state.Trees)
        {
            if (tree.Active.FirstLog > 0
                && (pin == null || tree.Active.FirstLog < pin.Active.FirstLog))
                pin = tree;
        }
        bool isTooOld = pin != null && log.BytesSince(pin.Active.FirstLog)
            > LogBudgetsMax * state.Services.Options.MemtableBudgetBytes;
        return isTooOld ? pin : null;
    }

    private WritePressure Pressure(long groupBytes)
    {
        if (!state.HoldsWriters)
            return default;
        using (state.Gate.Hold())
            return WritePressure.Of(state, groupBytes, _owedOf ??= Owed);
    }

    /// <summary>What compaction owes in a tree; computed once for each version and its options.
    /// </summary>
    private CompactionPressure Owed(KeyspaceTree tree)
    {
        if (_owed.TryGetValue(tree, out TreeDebt known) && known.IsOf(tree))
            return known.Pressure;
        foreach (KeyspaceTree dropped in _owed.Keys.Where(static t => t.IsDropped).ToArray())
            _owed.Remove(dropped);
        CompactionPressure pressure = CompactionPicker.Pressure(tree.Version, tree.Options);
        _owed[tree] = new TreeDebt(tree.Version, tree.Options, pressure);
        return pressure;
    }

    private void Delay(long groupBytes, double pressure)
    {
        Debug.Assert(pressure is >= WritePressure.DelayFrom and < 1, "between no delay and a stop");
        double part = (1 - pressure) / (1 - WritePressure.DelayFrom);
        double rate = SlowestBytesPerSecond
            + (FullBytesPerSecond - SlowestBytesPerSecond) * part * part * part;
        _owedSeconds += groupBytes / rate;
        // Sleeping is coarse; small delays add up until one is worth it.
        const double SleepSecondsMin = 0.001;
        if (_owedSeconds < SleepSecondsMin)
            return;
        long start = _clock.GetTimestamp();
        try
        {
            Thread.Sleep(TimeSpan.FromSeconds(Math.Min(_owedSeconds, 0.05)));
        }
        catch (ThreadInterruptedException)
        {
            // The leader's group waits behind it; the interrupt comes when the commit is done.
            Gate.KeepInterrupt();
        }
        TimeSpan slept = _clock.GetElapsedTime(start);
        _owedSeconds = Math.Max(0, _owedSeconds - Math.Max(slept.TotalSeconds, SleepSecondsMin));
        Stalled(slept);
        if (_stalledTime >= s_eventMin)
            TellStall();
    }

    private void Stop(long groupBytes)
    {
        TellStall();
        long start = _clock.GetTimestamp();
        try
        {
            using (state.Gate.Hold())
            {
                Debug.Assert(state.Published.Sequence > 0, "an empty store owes nothing");
                state.WaitFor(() => !IsStopped(groupBytes), CancellationToken.None);
            }
        }
        finally
        {
            Stalled(_clock.GetElapsedTime(start));
        }
    }

    /// <summary>Throws when the compaction that would help waits for space.</summary>
    private bool IsStopped(long groupBytes)
    {
        WritePressure pressure = Pressure(groupBytes);
        if (pressure is { Load: >= 1, Cause: StallReason.DiskSpace })
            state.ThrowIfCompactionPaused();
        return pressure.Load >= 1;
    }

    private void Stalled(TimeSpan time)
    {
        Debug.Assert(_reason != StallReason.None, "writers are held back for a reason");
        _stalledTime += time;
        state.Services.Counters.Stalled(time, _reason);
    }

    /// <summary>Once for each stall: a stop before it, delays when they have come to something.
    /// </summary>
    private void TellStall()
    {
        if (!_isStallTold)
            state.Services.Telemetry.StallBegun(_reason);
        _isStallTold = true;
    }

    /// <summary>Writers are held back for another reason from now on, or not at all.</summary>
    private void Become(StallReason reason)
    {
        if (_isStallTold)
            state.Services.Telemetry.StallEnded(_reason, _stalledTime);
        _isStallTold = false;
        if (_stalledTime >= s_eventMin)
            state.Events.Add(new StoreEvent
            {
                Kind = StoreEventKind.Stall,
                Reason = $"writes were held back: {_reason}",
                StallReason = _reason,
                Duration = _stalledTime,
            });
        _reason = reason;
        _stalledTime = TimeSpan.Zero;
    }

    private readonly record struct TreeDebt(
        TreeVersion Version, KeyspaceOptions Options, CompactionPressure Pressure)
    {
        // Both are replaced, never changed.
        public bool IsOf(KeyspaceTree tree) =>
            ReferenceEquals(Version, tree.Version) && ReferenceEquals(Options, tree.Options);
    }
}
