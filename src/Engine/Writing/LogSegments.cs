// The write-ahead logs of a store: the one being written and those rotated away whose last sync
// is still owed. Appending and rotating are the write leader's; syncing is anybody's, and one
// sync serves all who wait for it.
//
// Order: a new log is durable, with its header and its name, before the old one names it and
// before anything is acknowledged from it. Logs are synced oldest first, so "synced up to (log,
// offset)" always means everything before as well. That point goes into every record, which lets
// recovery tell a torn tail from damage to bytes that were once on disk.
//
// Any failure of a write or a sync is final: it is noted here at once, the caller marks the store
// as failed, and no call that begins after the note touches the files.
// Threads: see above; the small lock guards what both sides look at, never I/O.

using System.Buffers.Binary;
using System.Diagnostics;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Waiting;
using LsmMmap.Wal;

namespace LsmMmap.Engine.Writing;

internal sealed class LogSegments : IDisposable
{
    private readonly LogFailure _failure = new();
    private readonly LogSupply _supply;
    private readonly Gate _syncGate = new();
    private readonly Gate _lock = new();
    private readonly List<(LogFile File, LogPosition End)> _unsynced = [];
    private readonly LogStarts _starts;
    private LogFile _file;
    private LogWriter _writer;
    private LogPosition _handedOver;
    private LogPosition _synced;
    private ulong _appendedSequence;
    private ulong _handedOverSequence;
    private bool _hasWaitingCommits;
    private bool _isSyncing;
    private bool _disposed;

    /// <summary>Creates the first log of this opening. The predecessor is what recovery read
    /// last, or nothing.</summary>
    public LogSegments(StoreServices services, LogPosition predecessor, ulong lastSequence)
    {
        _supply = new LogSupply(services);
        _appendedSequence = lastSequence;
        NewLog first = _supply.First();
        (_file, _writer) = (first.File, first.Writer);
        CurrentNumber = first.Number;
        _starts = new LogStarts(first.Number);
        var start = new LogPosition(first.Number, _writer.Offset);
        // Its link claims nothing: what was replayed counts as synced only once CURRENT names a
        // manifest that no longer needs the older logs.
        WriteLink(predecessor, lastSequence);
        HandOver();
        _synced = start;
    }

    /// <summary>The number of the log being written.</summary>
    public long CurrentNumber
    {
        get => Volatile.Read(ref field);
        private set => Volatile.Write(ref field, value);
    }

    /// <summary>Told of each new log file. Set once while the store is put together.</summary>
    public Action<long> OnCreated { get; set; } = static _ => { };

    /// <summary>Whether a write or a sync failed, so that nothing more may be appended.</summary>
    public bool IsBroken => _failure.IsSet || _supply.Failure != null;

    /// <summary>Everything before it is with the operating system.</summary>
    public LogPosition HandedOver
    {
        get
        {
            using (_lock.Hold())
                return _handedOver;
        }
    }

    /// <summary>Bytes of the logs from this one on. By the leader, who never asks for an older
    /// one again.</summary>
    public long BytesSince(long logNumber) => _starts.BytesSince(logNumber, _writer.Offset);

    /// <summary>Bytes of the logs from the oldest one that is still needed on. By anybody; an
    /// older one is never asked for again.</summary>
    public long NeededBytes(long oldestLog)
    {
        using (_lock.Hold())
        {
            AssertInvariants();
            return _starts.NeededBytes(oldestLog, _handedOver.Offset);
        }
    }

    /// <summary>Whether Buffered commits are in this process alone. By the leader.</summary>
    public bool HasWaitingCommits => _hasWaitingCommits && _file.WaitingBytes > 0;

    /// <summary>As <see cref="HandedOver"/>, with the last sequence before it: a Buffered commit
    /// has one long before anybody but this process knows of it.</summary>
    public LogPosition HandedOverThrough(out ulong sequence)
    {
        using (_lock.Hold())
        {
            sequence = _handedOverSequence;
            return _handedOver;
        }
    }

    /// <summary>Begins a record; the leader adds its parts with <see cref="Add"/>.</summary>
    public void Begin(LogRecordKind kind)
    {
        _failure.ThrowIfSet();
        _writer.Begin(kind, Synced());
    }

    /// <summary>Adds to the record. A long one is written in parts.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        _failure.ThrowIfSet();
        try
        {
            _writer.Add(bytes);
        }
        catch (Exception e)
        {
            NoteFailedWrite(e);
            throw;
        }
    }

    /// <summary>Ends the record of commits up to a sequence: one write call, or none when it may
    /// wait in memory (Buffered). For Synced, space for the syncs to come may follow. Returns the
    /// bytes appended.</summary>
    public long End(Durability durability, ulong lastSequence)
    {
        _appendedSequence = lastSequence;
        long bytes = End(mayWait: durability == Durability.Buffered);
        if (durability == Durability.Synced)
            Attempt(static log => log._file.ExpectSync());
        return bytes;
    }

    private long End(bool mayWait)
    {
        long before = _writer.Offset;
        _file.MayWait = mayWait;
        _hasWaitingCommits |= mayWait;
        Attempt(static log => log._writer.End());
        NoteHandedOver();
        return _writer.Offset - before;
    }

    /// <summary>Gives waiting bytes to the operating system. By the leader.</summary>
    public void HandOver()
    {
        Attempt(static log => log._file.HandOver());
        NoteHandedOver();
    }

    /// <summary>Returns when everything before <paramref name="target"/> is on disk. Requires:
    /// it was handed over. After one failure every call fails, without another sync.</summary>
    public void SyncThrough(LogPosition target)
    {
        if (!MustSync(target))
            return;
        try
        {
            LogFile current;
            LogPosition handedOver;
            (LogFile File, LogPosition End)[] owed;
            using (_lock.Hold())
            {
                AssertInvariants();
                owed = [.. _unsynced];
                current = _file;
                handedOver = _handedOver;
            }
            Sync(owed, current);
            using (_lock.Hold())
            {
                AssertInvariants();
                _synced = handedOver;
                _unsynced.RemoveRange(0, owed.Length);
            }
            foreach ((LogFile file, _) in owed)
                file.Dispose();
        }
        finally
        {
            using (_syncGate.Hold())
            {
                AssertSyncInvariants();
                _isSyncing = false;
                _syncGate.PulseAll();
            }
        }
    }

    /// <summary>Whether the caller is the one to sync now. Whoever finds a sync running waits for
    /// its end and is then mostly done: the next sync serves all who came meanwhile. They wait
    /// for that end and not for a lock, which the thread that has just synced would take again
    /// before any of them.</summary>
    private bool MustSync(LogPosition target)
    {
        using (_syncGate.Hold())
        {
            while (true)
            {
                if (Synced().CompareTo(target) >= 0)
                    return false;
                if (_isSyncing)
                {
                    _syncGate.Wait();
                    continue;
                }
                // Only now: nobody may hear of a failure while a sync is running. Closed with
                // this sync still owed happens to a failed store alone.
                if (IsBroken || _disposed)
                    _failure.Throw(_supply.Failure);
                _isSyncing = true;
                AssertSyncInvariants();
                return true;
            }
        }
    }

    /// <summary>Oldest first. One failure is the last sync: a second could not be believed.
    /// </summary>
    private void Sync((LogFile File, LogPosition End)[] owed, LogFile current)
    {
        try
        {
            foreach ((LogFile file, _) in owed)
                file.File.Sync();
            current.File.Sync();
        }
        catch (Exception e)
        {
            _failure.Note(e);
            throw;
        }
    }

    /// <summary>Appends a record that carries the synced point and nothing else. By the leader.
    /// </summary>
    public void NoteSync()
    {
        Begin(LogRecordKind.Point);
        End(mayWait: false);
    }

    /// <summary>Has the next log made ahead when this one is far enough. By the leader.
    /// </summary>
    public void PrepareNext() => _supply.PrepareFrom(_writer.Offset);

    /// <summary>Starts the next log. By the leader. Everything so far is handed over.</summary>
    public void Rotate(ulong lastSequence)
    {
        NewLog next = _supply.Next();
        OnCreated(next.Number);
        try
        {
            Begin(LogRecordKind.Successor);
            Span<byte> body = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(body, next.Number);
            Add(body);
            End(mayWait: false);
        }
        catch
        {
            next.File.Dispose();
            throw;
        }
        var predecessor = new LogPosition(CurrentNumber, _writer.Offset);
        using (_lock.Hold())
        {
            AssertInvariants();
            _unsynced.Add((_file, predecessor));
            _file = next.File;
            _writer = next.Writer;
            CurrentNumber = next.Number;
            _starts.Next(next.Number, predecessor.Offset);
            _handedOver = new LogPosition(next.Number, next.Writer.Offset);
        }
        WriteLink(predecessor, lastSequence);
        HandOver();
    }

    /// <summary>Ends the current log for a clean close: everything synced, and a last record
    /// that says so. No log is made from here on. Returns its final position.</summary>
    public LogPosition Finish()
    {
        _supply.Dispose();
        HandOver();
        SyncThrough(HandedOver);
        Begin(LogRecordKind.Point);
        End(mayWait: false);
        // The mark of the clean close states the exact length, so it must be durable first.
        Attempt(static log => log._file.CutZeros());
        SyncThrough(HandedOver);
        return HandedOver;
    }

    public void Dispose()
    {
        using (_syncGate.Hold())
        {
            while (_isSyncing)
                _syncGate.Wait();
            if (_disposed)
                return;
            _disposed = true;
            foreach ((LogFile file, _) in _unsynced)
                file.Dispose();
            _file.Dispose();
        }
        _supply.Dispose();
    }

    /// <summary>A step on the file being written, whose failure is final.</summary>
    private void Attempt(Action<LogSegments> step)
    {
        _failure.ThrowIfSet();
        try
        {
            step(this);
        }
        catch (Exception e)
        {
            NoteFailedWrite(e);
            throw;
        }
    }

    /// <summary>Returns when the sync that may be running has ended. No other begins, so that
    /// no log in use is synced once a caller is told.</summary>
    private void NoteFailedWrite(Exception e)
    {
        _failure.Note(e);
        using (_syncGate.Hold())
        {
            while (_isSyncing)
                _syncGate.Wait();
        }
    }

    private LogPosition Synced()
    {
        using (_lock.Hold())
            return _synced;
    }

    private void NoteHandedOver()
    {
        long offset = _writer.Offset - _file.WaitingBytes;
        _hasWaitingCommits &= _file.WaitingBytes > 0;
        using (_lock.Hold())
        {
            _handedOver = new LogPosition(CurrentNumber, offset);
            if (_file.WaitingBytes == 0)
                _handedOverSequence = _appendedSequence;
            AssertInvariants();
        }
    }

    private void WriteLink(LogPosition predecessor, ulong lastSequence)
    {
        Span<byte> body = stackalloc byte[24];
        BinaryPrimitives.WriteInt64LittleEndian(body, predecessor.LogNumber);
        BinaryPrimitives.WriteInt64LittleEndian(body[8..], predecessor.Offset);
        BinaryPrimitives.WriteUInt64LittleEndian(body[16..], lastSequence);
        Begin(LogRecordKind.Link);
        Add(body);
        End(mayWait: true);
        // So far the new log holds nothing but its link.
        _hasWaitingCommits = false;
    }

    [Conditional("DEBUG")]
    private void AssertSyncInvariants()
    {
        Debug.Assert(_syncGate.IsHeld, "who syncs is decided under the gate");
        Debug.Assert(_isSyncing, "one thread at a time syncs");
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(_lock.IsHeld, "positions are under the lock");
        Debug.Assert(_synced.CompareTo(_handedOver) <= 0 || _handedOver == default,
            "nothing is synced that was not handed over");
    }
}
