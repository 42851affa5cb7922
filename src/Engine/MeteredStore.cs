// A store as those see it who collect metrics: reads what every room counts. It lies under the roof
// because it looks into all of them. A question is a call of the store like any other, so that
// closing waits for it and then refuses it; what a collector does with the answer happens later.
// Threads: any.

using System.Diagnostics;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.Reading;
using LsmMmap.Engine.Recovery;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Telemetry;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine;

internal sealed class MeteredStore(LsmStore store, OpenStore parts) : IMeteredStore
{
    // The kernel walks the pages of every table for this one.
    private static readonly TimeSpan s_residentAge = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _clock = parts.Services.Options.TimeProvider;
    private Resident? _resident;

    public StoreReading Read()
    {
        parts.Enter();
        try
        {
            return ReadOpen();
        }
        finally
        {
            parts.Exit();
        }
    }

    public long ResidentTableBytes()
    {
        Resident? known = Volatile.Read(ref _resident);
        if (known != null && _clock.GetElapsedTime(known.CountedAt) < s_residentAge)
            return known.Bytes;
        parts.Enter();
        try
        {
            known = new Resident(store.CountResidentTableBytes(), _clock.GetTimestamp());
            Volatile.Write(ref _resident, known);
            return known.Bytes;
        }
        finally
        {
            parts.Exit();
        }
    }

    public int HeldFiles(out long bytes) => parts.Services.Tables.CountHeld(out bytes);

    public int OpenCursors() => CursorCore.CountOf(parts.State.Published);

    public long MajorFaults() => ProcessFaults.Major();

    private StoreReading ReadOpen()
    {
        StoreServices services = parts.Services;
        StoreStatistics statistics = store.GetStatistics();
        int frozen = 0;
        int runs = 0;
        long deepestBytes = 0;
        long? oldestMadeAt;
        long logBytes = 0;
        using (parts.State.Gate.Hold())
        {
            parts.State.AssertInvariants();
            foreach (KeyspaceTree tree in parts.State.Trees)
            {
                frozen += tree.Frozen.Count;
                runs = Math.Max(runs, Runs(tree));
                deepestBytes += tree.Version.LevelBytes(tree.Version.DeepestLevel());
            }
            oldestMadeAt = parts.State.Snapshots.OldestMadeAt;
            if (parts.Queue is { Log: var log })
                logBytes = log.NeededBytes(parts.State.OldestLog(log.CurrentNumber));
        }
        Debug.Assert(logBytes >= 0, "what is needed lies before the end");
        return new StoreReading
        {
            Statistics = statistics,
            Entries = services.Counters.Entries,
            Work = services.Counters.Work,
            StallCounts = services.Counters.StallCounts(),
            SpaceAmplification = deepestBytes == 0
                ? 0 : (double)statistics.TableBytes / deepestBytes,
            ReadAmplification = runs,
            FrozenMemtables = frozen,
            MemtableBudgetBytes = services.Options.MemtableBudgetBytes,
            LogBytes = logBytes,
            MappedBytes = services.Tables.MappedBytes,
            IndexCache = services.Tables.IndexCache,
            BlockCache = services.Tables.BlockCache,
            OldestSnapshotAge = oldestMadeAt is { } madeAt
                ? _clock.GetElapsedTime(madeAt) : TimeSpan.Zero,
            HasFailed = parts.State.Failure != null,
            IsPaused = parts.State.PauseCause != null || parts.State.CompactionPause != null,
        };
    }

    /// <summary>The memtables, each table of level 0, each deeper level that holds any.</summary>
    private static int Runs(KeyspaceTree tree)
    {
        int runs = 1 + tree.Frozen.Count + tree.Version.Tables(0).Length;
        for (int level = 1; level < TreeVersion.LevelCount; level++)
            runs += tree.Version.Tables(level).Length > 0 ? 1 : 0;
        return runs;
    }

    private sealed record Resident(long Bytes, long CountedAt);
}
