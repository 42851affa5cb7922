// The one way that the set of tables, keyspaces or logs changes: an edit is made durable in the
// MANIFEST, then shown to readers, then what it made obsolete is unlinked, in this order. Edits
// are serialised by the manifest lock, which is held during their I/O.
//
// An edit may not overtake the log: before it is appended, everything logged so far is synced,
// else a power cut could keep a table that holds one half of a batch and lose the log record with
// the other half.
// Threads: any.

using System.Diagnostics;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.Reading;
using LsmMmap.Engine.Versions;
using LsmMmap.Engine.Waiting;

namespace LsmMmap.Engine.State;

internal sealed class VersionCommitter(
    StoreState state, ManifestLog manifest, int nextKeyspaceId) : IDisposable
{
    private readonly Gate _manifestLock = new();
    private readonly SortedSet<long> _logs = [];
    private int _nextKeyspaceId = nextKeyspaceId;
    private ulong _syncedSequence = manifest.Contents.Numbers.LastSequence;

    /// <summary>Syncs everything logged so far and returns the last sequence in it. Set once while
    /// the store is put together: the log is kept by a room above.</summary>
    public Func<ulong> SyncLog { get; set; } = static () => 0;

    /// <summary>The number of the log being written, likewise.</summary>
    public Func<long> CurrentLog { get; set; } = static () => long.MaxValue;

    /// <summary>A log file exists from now on.</summary>
    public void AddLog(long number)
    {
        using (_manifestLock.Hold())
        {
            AssertInvariants();
            _logs.Add(number);
        }
    }

    /// <summary>An id for a new keyspace. Ids are never used again.</summary>
    public int TakeKeyspaceId() => Interlocked.Increment(ref _nextKeyspaceId) - 1;

    /// <summary>
    /// Makes an edit durable and then visible. <paramref name="install"/> runs under the store's
    /// lock and changes the trees; the new read state is installed after it. The memtable
    /// <paramref name="flushed"/> no longer pins its log. False, and nothing done, when the
    /// keyspace <paramref name="tree"/> was dropped meanwhile. Throws the store's failure when
    /// the edit could not be made durable.
    /// </summary>
    public bool Commit(
        KeyspaceTree? tree, VersionEdit edit, Action install, LiveMemTable? flushed = null)
    {
        Debug.Assert(edit.Clean == null, "a clean close has its own way");
        ulong synced = SyncLog();
        using (_manifestLock.Hold())
        {
            AssertInvariants();
            // Not what was published: a Buffered commit has a sequence too, and if it is lost, no
            // later opening may say that it sees everything up to there.
            _syncedSequence = Math.Max(_syncedSequence, synced);
            state.ThrowIfNotWritable();
            if (tree is { IsDropped: true })
                return false;
            long oldestLog;
            using (state.Gate.Hold())
                oldestLog = state.OldestLog(CurrentLog(), flushed);
            edit.Numbers = Numbers(oldestLog);
            Append(edit);
            Install(install);
            UnlinkLogsBefore(oldestLog);
            RotateWhenLarge();
            return true;
        }
    }

    /// <summary>Runs an action with the number of the current manifest while no edit is
    /// appended.</summary>
    public void WhileQuiet(Action<long> action)
    {
        using (_manifestLock.Hold())
        {
            AssertInvariants();
            action(manifest.Number);
        }
    }

    /// <summary>The mark that everything was written and closed. Nothing is visible anew.
    /// </summary>
    public void CommitCleanClose(CleanClose clean)
    {
        Debug.Assert(state.IsClosing, "the mark of a clean close is the last edit");
        using (_manifestLock.Hold())
        {
            AssertInvariants();
            Debug.Assert(clean.LastSequence >= _syncedSequence, "sequences only grow");
            _syncedSequence = clean.LastSequence;
            Append(new VersionEdit { Numbers = Numbers(clean.LogNumber), Clean = clean });
            UnlinkLogsBefore(clean.LogNumber);
        }
    }

    public void Dispose() => manifest.Dispose();

    private StoreNumbers Numbers(long oldestLog) => new(
        oldestLog, state.Services.NextFileNumber, _syncedSequence,
        Volatile.Read(ref _nextKeyspaceId));

    private void Append(VersionEdit edit)
    {
        try
        {
            manifest.Append(edit);
        }
        catch (Exception e)
        {
            throw state.Fail(e);
        }
    }

    /// <summary>The edit is durable. If it cannot be shown, nothing may be unlinked any more,
    /// the new tables least of all.</summary>
    private void Install(Action install)
    {
        try
        {
            using (state.Gate.Hold())
            {
                install();
                state.InstallReadState();
                state.TablesChanged();
            }
        }
        catch (Exception e)
        {
            throw state.Fail(e);
        }
    }

    private void UnlinkLogsBefore(long oldestLog)
    {
        while (_logs.Count > 0 && _logs.Min < oldestLog && state.Failure == null)
        {
            long number = _logs.Min;
            _logs.Remove(number);
            try
            {
                state.Services.Files.Delete(FileNames.Log(state.Services.Directory, number));
            }
            catch (LsmException)
            {
                // The file stays until the next open sweeps it; no rule depends on its absence.
            }
        }
    }

    private void RotateWhenLarge()
    {
        if (!manifest.WantsRotation)
            return;
        try
        {
            manifest.Rotate(state.Services.TakeFileNumber());
        }
        catch (LsmException e)
        {
            throw state.Fail(e);
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(_manifestLock.IsHeld, "edits are under the manifest lock");
        Debug.Assert(!state.Gate.IsHeld, "no I/O under the store's lock");
    }
}
