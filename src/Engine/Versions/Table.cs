// One live table. It is opened, mapped and its footer checked at the first use, so that opening a
// store costs nothing per table. Versions hold counted references; a pinned value names it in
// its reader slot. When both are gone the reclaimer closes it and, when an edit has made it
// obsolete, unlinks the file.
// Threads: any. The first use is under the table's own lock.

using System.Diagnostics;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.Lifetimes;
using LsmMmap.Engine.Waiting;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Tables;

namespace LsmMmap.Engine.Versions;

internal sealed class Table : Reclaimable
{
    private readonly TableSet _set;
    private readonly Gate _openLock = new(isOfProcess: true);
    private TableReader? _reader;
    private TableFile? _file;
    private bool _isReclaimed;
    private volatile bool _obsolete;

    public Table(TableSet set, TableInfo info)
    {
        _set = set;
        Info = info;
    }

    public TableInfo Info { get; }

    /// <summary>Whether a compaction has taken it as input. Under the store's lock.</summary>
    public bool IsCompacting { get; set; }

    /// <summary>Whether <see cref="Reader"/> opens no file.</summary>
    public bool IsOpen => Volatile.Read(ref _reader) != null;

    /// <summary>The reader, opened when this is the first use.</summary>
    public TableReader Reader => Volatile.Read(ref _reader) ?? Open();

    /// <summary>The range tombstones. The first use reads them, from a table that has any.
    /// </summary>
    public RangeTombstones Ranges =>
        Info.RangeDeleteCount == 0 ? RangeTombstones.None : Reader.Ranges;

    /// <summary>The file, for reads that pass the mapping by.</summary>
    public TableFile File
    {
        get
        {
            _ = Reader;
            return _file!;
        }
    }

    /// <summary>Opens the table for those who hold it beyond the store's end: its file may
    /// then be removed by the next owner of the directory. False when nobody holds it.</summary>
    public bool OpenForHolders()
    {
        using (_openLock.Hold())
        {
            AssertInvariants();
            if (_isReclaimed)
                return false;
            _ = Reader;
            return true;
        }
    }

    /// <summary>Bytes of the file that are in memory; 0 for a table that nobody has used yet, -1
    /// where the system does not tell.</summary>
    public long ResidentBytes()
    {
        using (_openLock.Hold())
        {
            AssertInvariants();
            return _isReclaimed || _file == null ? 0 : _file.ResidentBytes();
        }
    }

    /// <summary>Whether an edit has removed it.</summary>
    public bool IsObsolete => _obsolete;

    /// <summary>A durable edit has removed the table: its file goes when its readers do.</summary>
    public void MarkObsolete() => _obsolete = true;

    protected internal override void Reclaim()
    {
        using (_openLock.Hold())
        {
            Debug.Assert(!_isReclaimed, "a table is reclaimed once");
            AssertInvariants();
            _isReclaimed = true;
            if (_file is { } file)
            {
                _reader!.Dispose();
                _set.Closed(file);
                file.Dispose();
            }
        }
        if (_obsolete)
            _set.Unlink(Info.Number);
        _set.Remove(this);
    }

    private TableReader Open()
    {
        using (_openLock.Hold())
        {
            AssertInvariants();
            if (_reader is { } open)
                return open;
            TableFile file = OpenFile();
            try
            {
                TableReader reader = _set.OpenReader(file, Info);
                _file = file;
                Volatile.Write(ref _reader, reader);
                return reader;
            }
            catch
            {
                _set.Closed(file);
                file.Dispose();
                throw;
            }
        }
    }

    private TableFile OpenFile()
    {
        try
        {
            return _set.OpenFile(Info);
        }
        catch (CorruptionException e)
        {
            _set.Found(e);
            throw;
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(_openLock.IsHeld, "opening is under the table's lock");
        Debug.Assert((_reader == null) == (_file == null), "a reader stands on its file");
    }
}
