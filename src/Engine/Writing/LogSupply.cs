// Makes new log files: created under a number never used before, header written, file synced,
// directory synced; only then may anything name them or be acknowledged from them.
//
// Disk for a whole memtable is set aside when a log is made, so that a full disk stops flushes and
// new logs first, which both wait for space, and the log that is being written last.
// Threads: the write leader.

using System.Diagnostics;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Versions;
using LsmMmap.Wal;

namespace LsmMmap.Engine.Writing;

internal sealed class LogSupply(StoreServices services)
{
    private long _reservedBytes;
    private volatile bool _hasFailed;

    /// <summary>Whether the directory could not be synced, which is final like a failed sync of
    /// a log.</summary>
    public bool HasFailed => _hasFailed;

    /// <summary>The first log of an opening. A small disk that has no room for a whole memtable
    /// is no reason not to open; then nothing is set aside.</summary>
    public (LogFile File, LogWriter Writer, long Number) First()
    {
        Debug.Assert(_reservedBytes == 0, "the first log comes first");
        long memtableBytes = services.Options.DefaultKeyspace.MemtableBytes;
        _reservedBytes = memtableBytes + memtableBytes / 8;
        try
        {
            return Next();
        }
        catch (LsmException e) when (!_hasFailed && IoFailure.IsExhausted(e))
        {
            _reservedBytes = 0;
            return Next();
        }
    }

    /// <summary>A log file, durable with its header and its name.</summary>
    public (LogFile File, LogWriter Writer, long Number) Next()
    {
        Debug.Assert(!_hasFailed, "after a failed sync no log is made");
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
            SyncDirectory();
            return (log, writer, number);
        }
        catch
        {
            file.Dispose();
            Abandon(path);
            throw;
        }
    }

    private void SyncDirectory()
    {
        try
        {
            services.Files.SyncDirectory(services.Directory);
        }
        catch
        {
            _hasFailed = true;
            throw;
        }
    }

    /// <summary>Removes a log that could not be made. Recovery passes over one that stays.
    /// </summary>
    private void Abandon(string path)
    {
        if (_hasFailed)
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
}
