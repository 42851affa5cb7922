// What all tables of one store share: where they lie, how they are read, the caches above them,
// and whether a dead one may be unlinked.
//
// Read mode: Auto means Direct while the bytes of all live tables fit in the memory that the
// process may use (limits of containers counted), else Copy. It is decided anew whenever a
// version is installed and applies to the tables that are opened from then on. A server can take a
// file away from under a mapping, so on a network file system every table is read by copying.
// A process may only have so many mappings; beyond a quarter of the system's limit tables are
// opened unmapped and read by copying.
// Threads: any.

using System.Diagnostics;
using System.Globalization;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.Telemetry;
using LsmMmap.Engine.Waiting;
using LsmMmap.Sstable.Caching;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Tables;

namespace LsmMmap.Engine.Versions;

internal sealed class TableSet
{
    // A flat index takes some 17 bytes a block, so the default holds those of 12 GB of tables.
    private const int InflatedPart = 4;
    private const int MappingsDefault = 65_530;

    private static int s_mappingsMax = MappingsOfSystem() / 4;
    private static int s_mappings;

    private readonly IFileSystem _files;
    private readonly string _directory;
    private readonly ReadMode _asked;
    private readonly bool _isOwner;
    private readonly IndexCache _indexCache;
    private readonly InflatedBlockCache _blockCache;
    private readonly Gate _liveGate = new(isOfProcess: true);
    private readonly HashSet<Table> _live = [];
    private long _mappedBytes;
    private int _mode;
    private volatile bool _mayUnlink;

    public TableSet(
        IFileSystem files, string directory, ReadMode mode, long cacheBytes, bool mayUnlink)
    {
        _files = files;
        _directory = directory;
        _asked = files.IsNetwork(directory) ? ReadMode.Copy : mode;
        _mayUnlink = mayUnlink;
        _isOwner = mayUnlink;
        _indexCache = new IndexCache(cacheBytes - cacheBytes / InflatedPart);
        _blockCache = new InflatedBlockCache(cacheBytes / InflatedPart);
        Decide(0);
    }

    /// <summary>For a test: how many tables the process may map. Before the first is
    /// opened.</summary>
    internal static void SetMappingsMax(int count) => s_mappingsMax = count;

    /// <summary>Direct, Guarded or Copy: never Auto.</summary>
    public ReadMode Mode => (ReadMode)Volatile.Read(ref _mode);

    /// <summary>Bytes of the tables that are mapped.</summary>
    public long MappedBytes => Volatile.Read(ref _mappedBytes);

    public CacheReading IndexCache => new(
        _indexCache.UsedBytes, _indexCache.CapacityBytes, _indexCache.FillCount);

    public CacheReading BlockCache => new(
        _blockCache.UsedBytes, _blockCache.CapacityBytes, _blockCache.FillCount);

    /// <summary>Called with the bytes of all live tables when they change.</summary>
    public void Decide(long tableBytes)
    {
        ReadMode mode = _asked != ReadMode.Auto ? _asked
            : tableBytes <= GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 10 * 8
                ? ReadMode.Direct : ReadMode.Copy;
        Volatile.Write(ref _mode, (int)mode);
    }

    /// <summary>After a failed write no table is unlinked any more.</summary>
    public void StopUnlinking() => _mayUnlink = false;

    /// <summary>A live table of this store. The caller holds its first reference.</summary>
    public Table NewTable(TableInfo info)
    {
        var table = new Table(this, info);
        using (_liveGate.Hold())
        {
            AssertInvariants();
            _live.Add(table);
        }
        return table;
    }

    /// <summary>Numbers of the tables that are not closed yet: live ones, and obsolete ones whose
    /// files readers still hold.</summary>
    public HashSet<long> LiveNumbers()
    {
        using (_liveGate.Hold())
        {
            AssertInvariants();
            return [.. _live.Select(static table => table.Info.Number)];
        }
    }

    /// <summary>Tables that no version names any more and readers keep.</summary>
    public int CountHeld(out long bytes)
    {
        int count = 0;
        bytes = 0;
        using (_liveGate.Hold())
        {
            AssertInvariants();
            foreach (Table table in _live)
            {
                if (!table.IsObsolete)
                    continue;
                count++;
                bytes += table.Info.FileBytes;
            }
        }
        return count;
    }

    /// <summary>Damage that was found in opening a table. A reader beside a writer looks again
    /// first: what it missed may have been unlinked.</summary>
    public void Found(CorruptionException damage)
    {
        if (_isOwner)
            Damages.Found(damage);
    }

    /// <summary>A table was closed.</summary>
    public void Remove(Table table)
    {
        using (_liveGate.Hold())
        {
            AssertInvariants();
            _live.Remove(table);
        }
    }

    /// <summary>The store is closing: opens every table that a reader still holds, so that it
    /// stays readable whatever the next owner of the directory does. One that cannot be opened
    /// now would have failed its reader later.</summary>
    public void OpenForHolders()
    {
        Table[] tables;
        using (_liveGate.Hold())
        {
            AssertInvariants();
            tables = [.. _live.Where(static table => table.IsReferenced)];
        }
        foreach (Table table in tables)
        {
            try
            {
                table.OpenForHolders();
            }
            catch (LsmException)
            {
                // Its reader gets the same exception when it comes to the table.
            }
        }
    }

    public TableFile OpenFile(TableInfo info)
    {
        bool map = Mode != ReadMode.Copy;
        if (map && Interlocked.Increment(ref s_mappings) > s_mappingsMax)
        {
            Interlocked.Decrement(ref s_mappings);
            map = false;
        }
        try
        {
            TableFile file = _files.OpenTable(
                FileNames.Table(_directory, info.Number), info.FileBytes, map);
            if (map && !file.IsMapped)
                Interlocked.Decrement(ref s_mappings);
            if (file.IsMapped)
                Interlocked.Add(ref _mappedBytes, file.Length);
            return file;
        }
        catch
        {
            if (map)
                Interlocked.Decrement(ref s_mappings);
            throw;
        }
    }

    /// <summary>The table's file is about to be closed.</summary>
    public void Closed(TableFile file)
    {
        if (!file.IsMapped)
            return;
        Interlocked.Decrement(ref s_mappings);
        Interlocked.Add(ref _mappedBytes, -file.Length);
    }

    public TableReader OpenReader(TableFile file, TableInfo info)
    {
        BlockReadMode mode = !file.IsMapped ? BlockReadMode.Copy : Mode switch
        {
            ReadMode.Guarded => BlockReadMode.Guarded,
            ReadMode.Copy => BlockReadMode.Copy,
            _ => BlockReadMode.Direct,
        };
        TableReader reader = TableReader.Open(
            file, info.TableId, mode, _indexCache, _blockCache);
        if (reader.Footer.HasExpiring == !info.Expiring.IsEmpty)
            return reader;
        reader.Dispose();
        // Readers ask what the manifest says whether they need to know the time.
        throw file.Damage(
            info.FileBytes - Footer.Bytes, "the manifest differs in whether entries expire",
            $"{!info.Expiring.IsEmpty}", $"{reader.Footer.HasExpiring}");
    }

    /// <summary>Removes the file of a table that no version names. A failure only leaves a file
    /// for the next sweep.</summary>
    public void Unlink(long number)
    {
        if (!_mayUnlink)
            return;
        try
        {
            _files.Delete(FileNames.Table(_directory, number));
        }
        catch (LsmException)
        {
            // The name stays until the store is opened again; nothing depends on its absence.
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(_liveGate.IsHeld, "the live tables are under their lock");
        Debug.Assert(Volatile.Read(ref s_mappings) >= 0, "a mapping is counted once each way");
    }

    private static int MappingsOfSystem()
    {
        const string Path = "/proc/sys/vm/max_map_count";
        return OperatingSystem.IsLinux() && LocalFileSystem.TryReadText(Path) is { } text
            && int.TryParse(text, CultureInfo.InvariantCulture, out int limit)
                ? limit : MappingsDefault;
    }
}
