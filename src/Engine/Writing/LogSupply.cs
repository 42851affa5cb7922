// Makes new log files: created under a number never used before, header written, file synced,
// directory synced; only then may anything name them or be acknowledged from them.
//
// A log takes milliseconds to make, which no commit should wait for. So when the log being written
// has a quarter of a memtable the next one is made on a thread of its own, and lies ready, empty,
// when it is wanted. What fails there is not reported: the leader then makes one itself and meets
// the same failure, or the disk has recovered. Only a failed sync of the directory stays final.
//
// Disk for a whole memtable is set aside when a log is made, so that a full disk stops flushes and
// new logs first, which both wait for space, and the log that is being written last.
//
// Invariant: at most one log is made ahead, and either this or the leader has it.
// Threads: the write leader; the gate guards what it shares with the thread that makes ahead.

using System.Diagnostics;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Versions;
using LsmMmap.Engine.Waiting;
using LsmMmap.Wal;

namespace LsmMmap.Engine.Writing;

/// <summary>A log file that is durable with its header and its name, and holds no record.
/// </summary>
internal sealed record NewLog(LogFile File, LogWriter Writer, long Number);

internal sealed class LogSupply(StoreServices services) : IDisposable
{
    private readonly Gate _gate = new();
    private StoreThread? _thread;
    private long _reservedBytes;
    private NewLog? _ready;
    private bool _isAsked;
    private bool _isWanted;
    private bool _isMaking;
    private bool _stop;

    /// <summary>Why the directory could not be synced, which is final like a failed sync of
    /// a log.</summary>
    public LsmException? Failure => services.Names.Failure;

    /// <summary>The first log of an opening. A small disk that has no room for a whole memtable
    /// is no reason not to open; then nothing is set aside.</summary>
    public NewLog First()
    {
        Debug.Assert(_reservedBytes == 0, "the first log comes first");
        long memtableBytes = services.Options.DefaultKeyspace.MemtableBytes;
        _reservedBytes = memtableBytes + memtableBytes / 8;
        try
        {
            return Make();
        }
        catch (LsmException e) when (Failure == null && IoFailure.IsExhausted(e))
        {
            _reservedBytes = 0;
            return Make();
        }
    }

    /// <summary>Has the next log made in the background once the current one has so many bytes
    /// that it will be wanted.</summary>
    public void PrepareFrom(long logBytes)
    {
        if (_isAsked || logBytes < services.Options.DefaultKeyspace.MemtableBytes / 4)
            return;
        _isAsked = true;
        using (_gate.Hold())
        {
            AssertInvariants();
            _isWanted = true;
            try
            {
                _thread ??= StoreThread.Start("LsmMmap next log", Run);
            }
            catch (OutOfMemoryException)
            {
                // No thread to be had: the leader makes the log itself.
            }
            _gate.PulseAll();
        }
    }

    /// <summary>The next log: the one made ahead, or one made now.</summary>
    public NewLog Next()
    {
        _isAsked = false;
        using (_gate.Hold())
        {
            AssertInvariants();
            // What has begun is done before another one would be.
            while (_isMaking)
                _gate.Wait();
            _isWanted = false;
            if (_ready is { } ready)
            {
                _ready = null;
                return ready;
            }
        }
        return Make();
    }

    /// <summary>Ends the thread and removes a log that nobody wanted. Recovery passes over one
    /// that stays, so after a failed sync of the directory it may.</summary>
    public void Dispose()
    {
        using (_gate.Hold())
        {
            AssertInvariants();
            _stop = true;
            _gate.PulseAll();
        }
        _thread?.Join();
        if (_ready is not { } unused)
            return;
        _ready = null;
        unused.File.Dispose();
        Abandon(FileNames.Log(services.Directory, unused.Number));
    }

    private void Run()
    {
        while (true)
        {
            using (_gate.Hold())
            {
                AssertInvariants();
                while (!_isWanted && !_stop)
                    _gate.Wait();
                if (_stop)
                    return;
                _isWanted = false;
                _isMaking = true;
            }
            NewLog? made = TryMake();
            using (_gate.Hold())
            {
                _ready = made;
                _isMaking = false;
                AssertInvariants();
                _gate.PulseAll();
            }
        }
    }

    private NewLog? TryMake()
    {
        try
        {
            return Make();
        }
        catch (Exception e) when (e is LsmException or OutOfMemoryException)
        {
            // The leader makes it then, and is told what there is to tell.
            return null;
        }
    }

    private NewLog Make()
    {
        Debug.Assert(!_gate.IsHeld, "no I/O under the gate");
        long number = services.TakeFileNumber();
        string path = FileNames.Log(services.Directory, number);
        DurableFile file = services.Files.Create(path, _reservedBytes);
        try
        {
            var header = new LogHeader(
                services.StoreId, number, Manifest.NewNonce(), services.BootId);
            var log = new LogFile(file, _reservedBytes);
            var writer = new LogWriter(log, header);
            writer.WriteHeader();
            file.Sync();
            services.Names.Run();
            return new NewLog(log, writer, number);
        }
        catch
        {
            file.Dispose();
            Abandon(path);
            throw;
        }
    }

    /// <summary>Removes a log that holds nothing. Recovery passes over one that stays.</summary>
    private void Abandon(string path)
    {
        if (Failure != null)
            return;
        try
        {
            services.Files.Delete(path);
        }
        catch (LsmException)
        {
            // Nothing was acknowledged from it and nothing names it.
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(_gate.IsHeld, "what is made ahead is under the gate");
        Debug.Assert(_ready == null || !_isMaking, "at most one log is made ahead");
    }
}
