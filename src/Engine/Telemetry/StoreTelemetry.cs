// What a store tells of itself, and to whom. Off, that is with nobody listening, a commit asks two
// flags, a get compares one reference with null, and background work asks a flag a few times for
// each memtable.
//
// Durations are recorded by the thread that waited, after it holds nothing; all that comes from
// elsewhere is posted to the telemetry thread.
// Threads: any.

using System.Diagnostics;
using System.Diagnostics.Tracing;
using static LsmMmap.Engine.Telemetry.StoreEventSource;

namespace LsmMmap.Engine.Telemetry;

internal sealed class StoreTelemetry
{
    private readonly TimeProvider _clock;
    private readonly TimeSpan _slow;
    private readonly bool _measuresReads;
    private KeyValuePair<string, object?> _store;
    private IMeteredStore? _metered;

    public StoreTelemetry(StoreOptions options, string directory)
    {
        _clock = options.TimeProvider;
        _slow = TimeSpan.FromMilliseconds(options.SlowOperationMs);
        _measuresReads = options.MeasureReads;
        Directory = directory;
        Name = string.IsNullOrEmpty(options.Name)
            ? Path.GetFileName(Path.TrimEndingDirectorySeparator(directory)) : options.Name;
        _store = StoreTags.Is(StoreTags.Store, Name);
    }

    public string Directory { get; }

    /// <summary>Among the open stores of the process, once it is one of them.</summary>
    public string Name { get; private set; }

    /// <summary>Who says how the store is; null while it is put together.</summary>
    public IMeteredStore? Metered
    {
        get => Volatile.Read(ref _metered);
        set => Volatile.Write(ref _metered, value);
    }

    /// <summary>This, when reads may have to be timed; null when the options say that they never
    /// are, which is all that a get has to ask then.</summary>
    public StoreTelemetry? Reads => _measuresReads || TellsSlow ? this : null;

    /// <summary>Whether a commit that begins now is to be timed.</summary>
    public bool TimesCommits =>
        StoreMeter.Commits.Enabled || (TellsSlow && StoreActivities.IsOn);

    /// <summary>Whether a read that begins now is to be timed.</summary>
    public bool TimesReads =>
        (_measuresReads && StoreMeter.Gets.Enabled) || (TellsSlow && StoreActivities.IsOn);

    public long Now => _clock.GetTimestamp();

    private bool TellsSlow => _slow > TimeSpan.Zero;

    /// <summary>Before anything is told of the store.</summary>
    public void Register()
    {
        Name = MeteredStores.Add(this);
        _store = StoreTags.Is(StoreTags.Store, Name);
    }

    /// <summary>Its name is free again.</summary>
    public void Unregister() => MeteredStores.Remove(this);

    /// <summary>By the thread that committed, or awaited it.</summary>
    public void Committed(long begun, long ended, Durability durability, Exception? error)
    {
        TimeSpan took = _clock.GetElapsedTime(begun, ended);
        KeyValuePair<string, object?> asked =
            StoreTags.Is(StoreTags.Durability, StoreTags.Of(durability));
        if (StoreMeter.Commits.Enabled && error == null)
            StoreMeter.Commits.Record(took.TotalSeconds, _store, asked);
        else if (StoreMeter.Commits.Enabled)
            StoreMeter.Commits.Record(
                took.TotalSeconds, _store, asked,
                StoreTags.Is(StoreTags.Error, error!.GetType().FullName!));
        if (IsSlow(took))
            StoreActivities.Tell(
                StoreActivities.Commit, EndOf(ended), took, default, error, _store, asked);
    }

    /// <summary>By the thread that read one key.</summary>
    public void Got(long begun, bool isFound)
    {
        long ended = Now;
        TimeSpan took = _clock.GetElapsedTime(begun, ended);
        KeyValuePair<string, object?> operation = StoreTags.Is(StoreTags.Operation, "get");
        KeyValuePair<string, object?> found = StoreTags.Is(StoreTags.Found, isFound);
        if (_measuresReads && StoreMeter.Gets.Enabled)
            StoreMeter.Gets.Record(took.TotalSeconds, _store, operation, found);
        if (IsSlow(took))
            StoreActivities.Tell(
                StoreActivities.Get, EndOf(ended), took, default, null, _store, operation, found);
    }

    /// <summary>By the thread that read many.</summary>
    public void GotMany(long begun)
    {
        long ended = Now;
        TimeSpan took = _clock.GetElapsedTime(begun, ended);
        KeyValuePair<string, object?> operation = StoreTags.Is(StoreTags.Operation, "multi_get");
        if (_measuresReads && StoreMeter.Gets.Enabled)
            StoreMeter.Gets.Record(took.TotalSeconds, _store, operation);
        if (IsSlow(took))
            StoreActivities.Tell(
                StoreActivities.Get, EndOf(ended), took, default, null, _store, operation);
    }

    /// <summary>By the thread that opened it. No error: it is open.</summary>
    public void Opened(long begun, bool isReadOnly, RecoveryReport? recovery, Exception? error)
    {
        Debug.Assert((recovery == null) == (error != null), "an open store says what it recovered");
        TimeSpan took = _clock.GetElapsedTime(begun, Now);
        if (error is CorruptionException damage)
            Damages.Found(damage);
        if (recovery != null && IsHeard(EventLevel.Informational, Keywords.Lifetime))
            TelemetryThread.Post(() => StoreEventSource.Log.StoreOpened(
                Name, Directory, isReadOnly, recovery.CleanlyClosed, recovery.CommitsReplayed,
                recovery.LogBytesDropped, took.TotalMilliseconds));
        if (StoreActivities.IsOn)
            StoreActivities.Tell(
                StoreActivities.Open, _clock.GetUtcNow(), took, default, error, _store,
                StoreTags.Is("lsm.read_only", isReadOnly),
                new("lsm.commits_replayed", recovery?.CommitsReplayed));
    }

    public void Closed(long begun)
    {
        double tookMs = _clock.GetElapsedTime(begun, Now).TotalMilliseconds;
        if (IsHeard(EventLevel.Informational, Keywords.Lifetime))
            TelemetryThread.Post(() => StoreEventSource.Log.StoreClosed(Name, tookMs));
    }

    public void FlushBegun(string keyspace, long memtableBytes)
    {
        if (IsHeard(EventLevel.Informational, Keywords.Flush))
            TelemetryThread.Post(
                () => StoreEventSource.Log.FlushBegun(Name, keyspace, memtableBytes));
    }

    public void CompactionBegun(
        string keyspace, string reason, int inputTables, long inputBytes, int outputLevel)
    {
        if (IsHeard(EventLevel.Informational, Keywords.Compaction))
            TelemetryThread.Post(() => StoreEventSource.Log.CompactionBegun(
                Name, keyspace, reason, inputTables, inputBytes, outputLevel));
    }

    public void StallBegun(StallReason reason)
    {
        Debug.Assert(reason != StallReason.None, "writers are held back for a reason");
        if (IsHeard(EventLevel.Warning, Keywords.Stall))
            TelemetryThread.Post(
                () => StoreEventSource.Log.StallBegun(Name, StoreTags.Of(reason)));
    }

    public void StallEnded(StallReason reason, TimeSpan held)
    {
        Debug.Assert(reason != StallReason.None, "writers are held back for a reason");
        if (IsHeard(EventLevel.Warning, Keywords.Stall))
            TelemetryThread.Post(() => StoreEventSource.Log.StallEnded(
                Name, StoreTags.Of(reason), held.TotalMilliseconds));
    }

    public void Undisposed(string what)
    {
        if (IsHeard(EventLevel.Warning, Keywords.Lifetime))
            TelemetryThread.Post(() => StoreEventSource.Log.Undisposed(Name, what));
    }

    /// <summary>Background work is done, or did not get done.</summary>
    public void Happened(StoreEvent happened)
    {
        if (happened.Error is CorruptionException damage)
            Damages.Found(damage);
        if (IsHeard(happened))
            TelemetryThread.Post(() => Tell(happened));
        if (!StoreActivities.IsOn)
            return;
        string? name = happened.Kind switch
        {
            StoreEventKind.Flush => StoreActivities.Flush,
            StoreEventKind.Compaction => StoreActivities.Compaction,
            _ => null,
        };
        // Of a Compact that a caller waits for, the caller's activity.
        ActivityContext parent = Activity.Current?.Context ?? default;
        if (name != null)
            TelemetryThread.Post(() => StoreActivities.Tell(
                name, happened.Time, happened.Duration, parent, null, _store,
                new(StoreTags.Keyspace, happened.Keyspace),
                new("lsm.reason", happened.Reason),
                new("lsm.bytes_read", happened.BytesRead),
                new("lsm.bytes_written", happened.BytesWritten),
                new("lsm.bytes_moved", happened.BytesMoved)));
    }

    /// <summary>Whether somebody listens to what has this level and keyword.</summary>
    private static bool IsHeard(EventLevel level, EventKeywords keyword) =>
        StoreEventSource.Log.IsEnabled(level, keyword);

    // A stall is told when it begins and when it ends, by StallBegun and StallEnded.
    private static bool IsHeard(StoreEvent happened) => happened.Kind switch
    {
        StoreEventKind.Flush => IsHeard(EventLevel.Informational, Keywords.Flush),
        StoreEventKind.Compaction or StoreEventKind.Drop =>
            IsHeard(EventLevel.Informational, Keywords.Compaction),
        StoreEventKind.Stall => false,
        StoreEventKind.Resume => IsHeard(EventLevel.Informational, Keywords.Failure),
        StoreEventKind.Pause => IsHeard(EventLevel.Warning, Keywords.Failure),
        _ => IsHeard(
            happened.Error is StoreFailedException ? EventLevel.Critical : EventLevel.Error,
            Keywords.Failure),
    };

    private void Tell(StoreEvent happened)
    {
        StoreEventSource log = StoreEventSource.Log;
        string keyspace = happened.Keyspace ?? "";
        double tookMs = happened.Duration.TotalMilliseconds;
        switch (happened.Kind)
        {
            case StoreEventKind.Flush:
                log.FlushEnded(Name, keyspace, happened.Reason, happened.BytesWritten, tookMs);
                break;
            case StoreEventKind.Compaction:
                log.CompactionEnded(
                    Name, keyspace, happened.Reason, happened.BytesRead, happened.BytesWritten,
                    happened.BytesMoved, happened.EntriesDropped, tookMs);
                break;
            case StoreEventKind.Drop:
                log.TablesDropped(
                    Name, keyspace, happened.Reason, happened.Inputs.Count, happened.BytesDropped);
                break;
            case StoreEventKind.Pause:
                log.WorkPaused(Name, happened.Reason);
                break;
            case StoreEventKind.Resume:
                log.WorkResumed(Name);
                break;
            case StoreEventKind.Failure when happened.Error is StoreFailedException:
                log.StoreFailed(Name, happened.Reason);
                break;
            case StoreEventKind.Failure:
                log.WorkFailed(Name, happened.Reason);
                break;
            default:
                Debug.Assert(false, $"{happened.Kind} has an event");
                break;
        }
    }

    private bool IsSlow(TimeSpan took) => TellsSlow && took >= _slow && StoreActivities.IsOn;

    /// <summary>The time of a moment that was noted some time ago.</summary>
    private DateTimeOffset EndOf(long ended) =>
        _clock.GetUtcNow() - _clock.GetElapsedTime(ended, Now);
}
