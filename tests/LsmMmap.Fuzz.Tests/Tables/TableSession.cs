// A mutated table, opened in one of the modes with caches or without, and every way of reading it.
// One thread, one case.

using LsmMmap.Sstable.Caching;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Tables;

namespace LsmMmap.Fuzz.Tests;

internal sealed class TableSession : IDisposable
{
    private readonly TableReader _reader;

    /// <summary>Opens; throws what the reader throws.</summary>
    public TableSession(FuzzCase the, FuzzedTable bytes, ulong? tableId)
    {
        var mode = (BlockReadMode)the.Random.Next(3);
        IndexCache? indexes = the.OneIn(2) ? new IndexCache(1 << 20) : null;
        InflatedBlockCache? blocks = the.OneIn(2) ? new InflatedBlockCache(1 << 20) : null;
        _reader = TableReader.Open(bytes, tableId, mode, indexes, blocks);
    }

    public TableReader Reader => _reader;

    /// <summary>Looks a key up; null when it is not there.</summary>
    public TableEntry? Get(byte[] key, ulong seekTag)
    {
        var value = new TableValue();
        if (!_reader.TryGet(key, InternalKey.Hash(key), seekTag, ref value))
            return null;
        var entry = new TableEntry(key, value.Tag, value.Value.Span.ToArray());
        value.Owner?.Release();
        return entry;
    }

    /// <summary>Walks from one end to the other; the entries may be lent.</summary>
    public void Scan(bool isForward, bool isSequential, Action<TableCursor> onEntry)
    {
        using var cursor = new TableCursor();
        cursor.Reset(_reader, isSequential);
        bool isThere = isForward ? cursor.SeekToFirst() : cursor.SeekToLast();
        for (; isThere; isThere = isForward ? cursor.Next() : cursor.Previous())
            onEntry(cursor);
    }

    /// <summary>Everything that Verify finds; each must be a typed damage.</summary>
    public int Verify()
    {
        int count = 0;
        _reader.Verify(
            damage =>
            {
                count++;
                FuzzCase.Check(damage is CorruptionException, $"Verify hands over: {damage}");
            },
            CancellationToken.None);
        return count;
    }

    public void Dispose() => _reader.Dispose();
}
