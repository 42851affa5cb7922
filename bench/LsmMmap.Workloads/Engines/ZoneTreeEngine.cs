// ZoneTree with bytes as keys and values: log mode Sync (every write is handed to the system), LZ4,
// its own maintainer merging in the background. It keeps the arrays that it is given, so a write
// makes two; a read may reuse its key.
//
// Threads: the tree is shared; iterators are a session's.

using ZoneTree;
using ZoneTree.Comparers;
using ZoneTree.Logger;
using ZoneTree.Options;
using ZoneTree.Serializers;
using Tree = ZoneTree.IZoneTree<System.Memory<byte>, System.Memory<byte>>;
using TreeIterator = ZoneTree.IZoneTreeIterator<System.Memory<byte>, System.Memory<byte>>;

namespace LsmMmap.Workloads.Engines;

internal sealed class ZoneTreeEngine : IEngine
{
    private readonly Tree _tree;
    private readonly IMaintainer _maintainer;

    public ZoneTreeEngine(EngineOptions options)
    {
        if (options.Durability == Durability.Synced)
            throw new NotSupportedException("ZoneTree has no mode that syncs each write");
        int entries = (int)Math.Clamp(
            options.WriteBufferBytes / options.EntryBytes, 1_000, 10_000_000);
        _tree = new ZoneTreeFactory<Memory<byte>, Memory<byte>>()
            .SetDataDirectory(options.Directory)
            .SetWriteAheadLogDirectory(Path.Combine(options.Directory, "log"))
            .SetLogLevel(LogLevel.Error)
            .SetComparer(new ByteArrayLexicographicComparerAscending())
            .SetKeySerializer(new ByteArraySerializer())
            .SetValueSerializer(new ByteArraySerializer())
            .SetIsDeletedDelegate(
                static (in Memory<byte> _, in Memory<byte> value) => value.IsEmpty)
            .SetMarkValueDeletedDelegate(static (ref Memory<byte> value) => value = default)
            .SetMutableSegmentMaxItemCount(entries)
            .ConfigureWriteAheadLogOptions(
                static log => log.WriteAheadLogMode = WriteAheadLogMode.Sync)
            .ConfigureDiskSegmentOptions(
                static disk => disk.CompressionMethod = CompressionMethod.LZ4)
            .OpenOrCreate();
        _maintainer = _tree.CreateMaintainer();
    }

    public IEngineSession OpenSession() => new ZoneTreeSession(_tree);

    public void Compact()
    {
        _maintainer.EvictToDisk();
        _maintainer.WaitForBackgroundThreads();
    }

    public void WaitForBackground() => _maintainer.WaitForBackgroundThreads();

    public EngineMarks Marks() => EngineMarks.Unknown;

    public void Dispose()
    {
        _maintainer.WaitForBackgroundThreads();
        _maintainer.Dispose();
        _tree.Dispose();
    }
}

internal sealed class ZoneTreeSession(Tree tree) : IEngineSession
{
    private readonly byte[] _key = new byte[65_536];
    private TreeIterator? _forward;
    private TreeIterator? _backward;

    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Memory<byte> ownKey = key.ToArray();
        Memory<byte> ownValue = value.ToArray();
        tree.Upsert(in ownKey, in ownValue);
    }

    public void Delete(ReadOnlySpan<byte> key)
    {
        Memory<byte> own = key.ToArray();
        tree.ForceDelete(in own);
    }

    // ZoneTree has no batches: the entries go in one by one.
    public void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => Put(key, value);

    public void Commit() { }

    public bool Get(ReadOnlySpan<byte> key, ref ReadTotals totals)
    {
        Memory<byte> at = Borrow(key);
        if (!tree.TryGet(in at, out Memory<byte> value))
        {
            totals.Misses++;
            return false;
        }
        totals.Add(value.Span);
        return true;
    }

    public int MultiGet(ReadOnlySpan<byte> keys, int keyBytes, ref ReadTotals totals)
    {
        int found = 0;
        for (int at = 0; at < keys.Length; at += keyBytes)
            found += Get(keys.Slice(at, keyBytes), ref totals) ? 1 : 0;
        return found;
    }

    public int Scan(ReadOnlySpan<byte> from, int count, ref ReadTotals totals)
    {
        TreeIterator iterator = Fresh(backward: false);
        Memory<byte> at = Borrow(from);
        iterator.Seek(in at);
        int seen = 0;
        while (seen < count && iterator.Next())
        {
            AddEntry(iterator, ref totals);
            seen++;
        }
        return seen;
    }

    public int ScanPrefix(ReadOnlySpan<byte> prefix, ref ReadTotals totals)
    {
        TreeIterator iterator = Fresh(backward: false);
        Memory<byte> at = Borrow(prefix);
        iterator.Seek(in at);
        int seen = 0;
        while (iterator.Next() && iterator.CurrentKey.Span.StartsWith(prefix))
        {
            AddEntry(iterator, ref totals);
            seen++;
        }
        return seen;
    }

    public long ScanAll(bool backward, ref ReadTotals totals)
    {
        TreeIterator iterator = Fresh(backward);
        iterator.SeekFirst();
        long seen = 0;
        while (iterator.Next())
        {
            AddEntry(iterator, ref totals);
            seen++;
        }
        return seen;
    }

    public void Dispose()
    {
        _forward?.Dispose();
        _backward?.Dispose();
    }

    private static void AddEntry(TreeIterator iterator, ref ReadTotals totals)
    {
        totals.Add(iterator.CurrentValue.Span);
        totals.Sum += iterator.CurrentKey.Span[^1];
    }

    private Memory<byte> Borrow(ReadOnlySpan<byte> key)
    {
        key.CopyTo(_key);
        return _key.AsMemory(0, key.Length);
    }

    // An iterator of this kind follows what is written by itself; a new one, or a refresh for each
    // scan, costs more than the scan.
    private TreeIterator Fresh(bool backward) => backward
        ? _backward ??= tree.CreateReverseIterator(IteratorType.AutoRefresh, false, true)
        : _forward ??= tree.CreateIterator(IteratorType.AutoRefresh, false, true);
}
