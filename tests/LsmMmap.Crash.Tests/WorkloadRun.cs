// A run of a workload over a recording file system: the store, the model beside it, and the marks
// that put the model's steps into the record. In a run with faults a step may throw; then it is
// found out whether the step is visible, and from the first failure of the store on every step
// must fail and change nothing.
// Threads: one, but for Together, which has its own.

using System.Globalization;
using System.Text;
using LsmMmap.Engine.Files;
using LsmMmap.Testing;
using LsmMmap.Testing.Crash;

namespace LsmMmap.Crash.Tests;

internal sealed partial class WorkloadRun(
    string directory, RecordingFileSystem recorder, IFileSystem files, bool mayFail = false)
{
    private const int ExpiryHoursMax = 9;

    private LsmStore? _store;
    private CutOffFileSystem? _process;
    private bool _wasKilled;

    public StateHistory History { get; init; } = new();

    public StoreOptions StoreOptions { get; init; } = Options;

    public RecordingFileSystem Recorder => recorder;

    /// <summary>The clock of the store. Half of the deletes are puts that expire within
    /// <see cref="ExpiryHoursMax"/> by it; the time is over wherever the content is looked at, so
    /// the model takes them for deletes.</summary>
    public ManualTimeProvider Clock => (ManualTimeProvider)StoreOptions.TimeProvider;

    public LsmStore Store => _store!;

    public bool IsOpen => _store != null;

    /// <summary>What a step threw first.</summary>
    public LsmException? FirstError { get; private set; }

    /// <summary>The last step whose call returned. Those after it in the history threw when the
    /// store failed, and may be there or not.</summary>
    public int VisibleStep { get; private set; }

    /// <summary>Whether the first fault hit an opening, a closing or the moment of a kill, after
    /// which there is no store that could have failed.</summary>
    public bool FailedAtTheEnds { get; private set; }

    /// <summary>The last step that was acknowledged as surviving a power cut.</summary>
    public int SyncedStep { get; private set; }

    /// <summary>The last step that was acknowledged as surviving a kill.</summary>
    public int FlushedStep { get; private set; }

    /// <summary>How often background work is asked again while the disk is full.</summary>
    public int RetriesMax { get; init; } = 20_000;

    /// <summary>Whether a fault has hit what a store cannot go on after.</summary>
    public Func<bool> MustFail { get; init; } = static () => false;

    /// <summary>Called with the store still open.</summary>
    public Action<WorkloadRun> BeforeClose { get; init; } = static _ => { };

    public static StoreOptions Options => new()
    {
        TimeProvider = new ManualTimeProvider(),
        BackgroundThreads = 1,
        DefaultKeyspace = SmallKeyspace,
        DefaultDurability = Durability.Buffered,
    };

    public static KeyspaceOptions SmallKeyspace => new()
    {
        MemtableBytes = 64 << 10,
        TableBytes = 64 << 10,
        BlockBytes = 1024,
    };

    /// <summary>A store that has failed is not opened again: what it left is judged as it is.
    /// </summary>
    public void Open()
    {
        if (FirstError is StoreFailedException)
            return;
        _process = new CutOffFileSystem(files);
        bool isFirst = FirstError == null;
        if (!Attempt(() => _store = LsmStore.Open(directory, StoreOptions, _process)))
            FailedAtTheEnds |= isFirst;
        else if (_wasKilled)
            FindWhatTheKillLeft();
    }

    public void Close()
    {
        LsmStore? store = _store;
        TimePasses();
        if (store != null)
        {
            FindFailure();
            BeforeClose(this);
        }
        _store = null;
        bool isFirst = FirstError == null;
        if (store != null && !Attempt(store.Dispose))
            FailedAtTheEnds |= isFirst;
        else if (store != null && isFirst)
            Acknowledge(History.LastStep, Durability.Synced);
    }

    /// <summary>One key of the default keyspace.</summary>
    public void Put(string key, int valueBytes, Durability durability) =>
        Commit(durability, (null, key, valueBytes));

    /// <summary>A batch; a value of no bytes deletes the key, or expires soon, of less than none
    /// deletes all keys that begin with it; a null name is the default keyspace. Every commit also
    /// says its number under one key.</summary>
    public void Commit(
        Durability durability, params (string? Keyspace, string Key, int ValueBytes)[] entries)
    {
        int number = History.LastStep + 1;
        // Where a fault kept a keyspace from being made, the rest goes on without it.
        entries = [.. entries.Where(entry => History[number - 1].Keyspaces.ContainsKey(
            entry.Keyspace ?? "default"))];
        Step(
            () =>
            {
                using var batch = new BatchOf(
                    Store, number % 2 == 0 ? null : Clock.GetUtcNow().AddHours(
                        number % (ExpiryHoursMax + 1)));
                batch.Put(null, "last commit"u8, Bytes.Value(number, 8));
                foreach ((string? keyspace, string key, int valueBytes) in entries)
                {
                    byte[] bytes = Encoding.UTF8.GetBytes(key);
                    if (valueBytes < 0)
                        batch.DeletePrefix(keyspace, bytes);
                    else
                        batch.Put(keyspace, bytes, ValueOf(number, valueBytes));
                }
                Store.Write(batch.Batch, durability);
            },
            content =>
            {
                content.Keyspaces["default"]["last commit"u8.ToArray()] = Bytes.Value(number, 8);
                foreach ((string? keyspace, string key, int valueBytes) in entries)
                {
                    var at = content.Keyspaces[keyspace ?? "default"];
                    byte[] bytes = Encoding.UTF8.GetBytes(key);
                    foreach (byte[] gone in at.Keys.Where(k => k.AsSpan().StartsWith(bytes)
                        && (valueBytes < 0 || k.Length == bytes.Length)).ToArray())
                        at.Remove(gone);
                    if (valueBytes > 0)
                        at.Add(bytes, ValueOf(number, valueBytes));
                }
            },
            durability);
    }

    /// <summary>Nothing when a drop failed before: the keyspace may still be there, and getting
    /// it is then no write.</summary>
    public void MakeKeyspace(string name, KeyspaceOptions? options = null)
    {
        if (FirstError is not StoreFailedException
            && !History[History.LastStep].Keyspaces.ContainsKey(name))
            Step(
                () => Store.GetKeyspace(name, options),
                content => content.Keyspaces.Add(name, StoreContent.Empty()),
                Durability.Synced);
    }

    /// <summary>The keyspace with retention.</summary>
    public void MakeFeed()
    {
        KeyspaceOptions options = SmallKeyspace;
        options.Retention = new Retention { Bytes = StoreContent.FeedBytes };
        MakeKeyspace(StoreContent.Feed, options);
    }

    /// <summary>The key that comes next in the feed; null when there is none to write to.
    /// </summary>
    public string? NextFeedKey()
    {
        if (!History[History.LastStep].Keyspaces.TryGetValue(StoreContent.Feed, out var feed))
            return null;
        int last = feed.Count == 0 ? 0 : int.Parse(
            Encoding.UTF8.GetString(feed.Last().Key), CultureInfo.InvariantCulture);
        return (last + 1).ToString("000000", CultureInfo.InvariantCulture);
    }

    public void DropKeyspace(string name)
    {
        if (History[History.LastStep].Keyspaces.ContainsKey(name))
            Step(
                () => Store.DropKeyspace(name), content => content.Keyspaces.Remove(name),
                Durability.Synced);
    }

    /// <summary>Until everything is over that expires.</summary>
    public void TimePasses() => Clock.Advance(TimeSpan.FromHours(ExpiryHoursMax));

    public void SyncLog()
    {
        if (IsOpen && Attempt(() => Store.FlushLog()))
            Acknowledge(History.LastStep, Durability.Synced);
    }

    /// <summary>Flush, Compact or WaitForIdle; while the disk is full they say so, and are asked
    /// again.</summary>
    public void Background(Action<LsmStore> work, bool isFlush = true)
    {
        if (!IsOpen)
            return;
        bool done = Attempt(() =>
        {
            for (int tries = 0; ; tries++)
            {
                try
                {
                    work(Store);
                    return;
                }
                catch (LsmException e) when (
                    mayFail && IoFailure.IsExhausted(e) && tries < RetriesMax)
                {
                    FirstError ??= e;
                    if (e is StoreFailedException)
                        throw;
                    // Wakes the background threads, which otherwise wait half a second.
                    Store.CreateSnapshot().Dispose();
                    Thread.Yield();
                }
            }
        });
        if (done && isFlush)
            Acknowledge(History.LastStep, Durability.Synced);
    }

    /// <summary>Writes until the store says that it has failed. Nobody may have asked it for
    /// anything since, and the thread that the fault hit may not have told it yet. The writes
    /// change nothing.</summary>
    private void FindFailure()
    {
        if (!MustFail() || FailedAtTheEnds || FirstError is StoreFailedException)
            return;
        Eventually.True(
            () => !Attempt(() => Store.Delete("probe"u8)) && FirstError is StoreFailedException,
            "the store fails");
    }

    /// <summary>The process ends without closing the store, and Open is the next one.</summary>
    public void Kill()
    {
        LsmStore? store = _store;
        if (store == null)
            return;
        TimePasses();
        FindFailure();
        _store = null;
        _wasKilled = true;
        _process!.CutOff();
        // A fault of the last moment, which nobody could be told of.
        FailedAtTheEnds |= MustFail() && FirstError is not StoreFailedException;
        try
        {
            // Ends its threads and gives the lock back; none of it reaches a file.
            store.Dispose();
        }
        catch (LsmException)
        {
            // A dead process closes nothing.
        }
    }

    /// <summary>A new step that is the state after an old one: recovery has made it durable.
    /// </summary>
    private void FindWhatTheKillLeft()
    {
        StoreContent? content = null;
        if (!Attempt(() => content = StoreContent.Of(Store)))
        {
            // The fault keeps tables from being read: no step can be judged from here on.
            LsmStore store = Store;
            _store = null;
            Attempt(store.Dispose);
            return;
        }
        _wasKilled = false;
        int found = History.Find(content!, FlushedStep, History.LastStep);
        if (found < 0)
            throw new CrashFinding(
                "after a kill: " + History.Explain(content!, FlushedStep, History.LastStep));
        int step = History.AddCopyOf(found);
        recorder.Started(step);
        Acknowledge(step, Durability.Synced);
    }

    private void Step(Action step, Action<StoreContent> change, Durability durability)
    {
        if (!IsOpen)
            return;
        bool hadFailed = FirstError is StoreFailedException;
        int number = History.Add(change);
        recorder.Started(number);
        if (Attempt(step))
        {
            Assert.False(hadFailed, "a failed store accepted a write");
            Acknowledge(number, durability);
            return;
        }
        if (hadFailed || FirstError is not StoreFailedException)
            History.TakeBack();
    }

    private void Acknowledge(int step, Durability durability)
    {
        recorder.Acknowledged(step, durability);
        VisibleStep = step;
        if (durability == Durability.Synced)
            SyncedStep = step;
        if (durability >= Durability.Flushed)
            FlushedStep = step;
    }

    /// <summary>False when it threw what a fault may make it throw. After the store has failed
    /// nothing else may come.</summary>
    private bool Attempt(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (LsmException e) when (mayFail && e is not CorruptionException)
        {
            bool failed = FirstError is StoreFailedException;
            if (failed && e is not StoreFailedException && IsOpen)
                throw;
            if (!failed && (FirstError == null || e is StoreFailedException))
                FirstError = e;
            return false;
        }
    }

    private static byte[] ValueOf(int number, int valueBytes) =>
        valueBytes == 0 ? [] : Bytes.Value(number, valueBytes);

    private readonly struct BatchOf(LsmStore store, DateTimeOffset? deletedAt) : IDisposable
    {
        public WriteBatch Batch { get; } = new();

        public void Put(string? keyspace, ReadOnlySpan<byte> key, byte[] value)
        {
            Keyspace target = keyspace == null ? store.Default : store.GetKeyspace(keyspace);
            if (value.Length == 0 && deletedAt is { } at)
                Batch.PutWithExpiry(target, key, Bytes.Value(at.Hour, 100 * at.Hour), at);
            else if (value.Length == 0)
                Batch.Delete(target, key);
            else
                Batch.Put(target, key, value);
        }

        public void DeletePrefix(string? keyspace, byte[] prefix)
        {
            Keyspace target = keyspace == null ? store.Default : store.GetKeyspace(keyspace);
            byte[] to = [.. prefix];
            if (to.Length > 0)
                to[^1]++;
            Batch.DeleteRange(target, prefix, to);
        }

        public void Dispose() => Batch.Dispose();
    }
}
