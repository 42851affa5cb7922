// LevelDB through its C functions: a Bloom filter of 10 bits, a cache that holds all data, snappy
// or nothing. A get copies the value into memory of the C library; LevelDB has no other. It cannot
// refresh an iterator, so each scan makes one.
//
// Threads: the native handles are thread-safe except batches and iterators, which are a session's.

using static LsmMmap.Workloads.Engines.LevelDbNative;

namespace LsmMmap.Workloads.Engines;

internal sealed unsafe class LevelDbEngine : IEngine
{
    private const int BloomBitsPerKey = 10;

    private readonly nint _options = leveldb_options_create();
    private readonly nint _writeOptions = leveldb_writeoptions_create();
    private readonly nint _readOptions = leveldb_readoptions_create();
    private readonly nint _cache;
    private readonly nint _filter = leveldb_filterpolicy_create_bloom(BloomBitsPerKey);
    private readonly nint _db;

    public LevelDbEngine(EngineOptions options, bool isCompressed)
    {
        Directory.CreateDirectory(options.Directory);
        _cache = leveldb_cache_create_lru((nuint)options.CacheBytes);
        leveldb_options_set_create_if_missing(_options, 1);
        leveldb_options_set_compression(_options, isCompressed ? 1 : 0);
        leveldb_options_set_write_buffer_size(_options, (nuint)options.WriteBufferBytes);
        leveldb_options_set_cache(_options, _cache);
        leveldb_options_set_filter_policy(_options, _filter);
        leveldb_writeoptions_set_sync(
            _writeOptions, (byte)(options.Durability == Durability.Synced ? 1 : 0));
        nint error = 0;
        fixed (byte* path = NativeText.Utf8(options.Directory))
            _db = leveldb_open(_options, path, &error);
        Check(error);
    }

    public static string Version() => $"{leveldb_major_version()}.{leveldb_minor_version()}";

    public IEngineSession OpenSession() => new LevelDbSession(_db, _writeOptions, _readOptions);

    public void Compact() => leveldb_compact_range(_db, null, 0, null, 0);

    // There is no call for it, and a range that holds nothing still waits its turn in the queue of
    // the one background thread. It writes the memtable to a table on the way.
    public void WaitForBackground()
    {
        fixed (byte* nothing = "\xFF\xFF"u8)
            leveldb_compact_range(_db, nothing, 2, nothing, 2);
    }

    public void Flush() => WaitForBackground();

    public EngineMarks Marks() => EngineMarks.Unknown;

    public void Dispose()
    {
        leveldb_close(_db);
        leveldb_readoptions_destroy(_readOptions);
        leveldb_writeoptions_destroy(_writeOptions);
        leveldb_options_destroy(_options);
        leveldb_cache_destroy(_cache);
        leveldb_filterpolicy_destroy(_filter);
    }
}

internal sealed unsafe class LevelDbSession(nint db, nint writeOptions, nint readOptions)
    : IEngineSession
{
    private readonly nint _batch = leveldb_writebatch_create();

    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        nint error = 0;
        fixed (byte* k = key, v = value)
            leveldb_put(
                db, writeOptions, k, (nuint)key.Length, v, (nuint)value.Length, &error);
        Check(error);
    }

    public void Delete(ReadOnlySpan<byte> key)
    {
        nint error = 0;
        fixed (byte* k = key)
            leveldb_delete(db, writeOptions, k, (nuint)key.Length, &error);
        Check(error);
    }

    public void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        fixed (byte* k = key, v = value)
            leveldb_writebatch_put(_batch, k, (nuint)key.Length, v, (nuint)value.Length);
    }

    public void Commit()
    {
        nint error = 0;
        leveldb_write(db, writeOptions, _batch, &error);
        Check(error);
        leveldb_writebatch_clear(_batch);
    }

    public bool Get(ReadOnlySpan<byte> key, ref ReadTotals totals)
    {
        nint error = 0;
        nuint length;
        byte* value;
        fixed (byte* k = key)
            value = leveldb_get(db, readOptions, k, (nuint)key.Length, &length, &error);
        Check(error);
        if (value == null)
        {
            totals.Misses++;
            return false;
        }
        totals.Add(new ReadOnlySpan<byte>(value, (int)length));
        leveldb_free(value);
        return true;
    }

    // LevelDB has no call for many keys.
    public int MultiGet(ReadOnlySpan<byte> keys, int keyBytes, ref ReadTotals totals)
    {
        int found = 0;
        for (int at = 0; at < keys.Length; at += keyBytes)
            found += Get(keys.Slice(at, keyBytes), ref totals) ? 1 : 0;
        return found;
    }

    public int Scan(ReadOnlySpan<byte> from, int count, ref ReadTotals totals)
    {
        nint iterator = leveldb_create_iterator(db, readOptions);
        fixed (byte* k = from)
            leveldb_iter_seek(iterator, k, (nuint)from.Length);
        int seen = 0;
        while (seen < count && leveldb_iter_valid(iterator) != 0)
        {
            AddEntry(iterator, ref totals);
            seen++;
            leveldb_iter_next(iterator);
        }
        leveldb_iter_destroy(iterator);
        return seen;
    }

    public int ScanPrefix(ReadOnlySpan<byte> prefix, ref ReadTotals totals)
    {
        nint iterator = leveldb_create_iterator(db, readOptions);
        fixed (byte* k = prefix)
            leveldb_iter_seek(iterator, k, (nuint)prefix.Length);
        int seen = 0;
        while (leveldb_iter_valid(iterator) != 0 && KeyOf(iterator).StartsWith(prefix))
        {
            AddEntry(iterator, ref totals);
            seen++;
            leveldb_iter_next(iterator);
        }
        leveldb_iter_destroy(iterator);
        return seen;
    }

    public long ScanAll(bool backward, ref ReadTotals totals)
    {
        nint iterator = leveldb_create_iterator(db, readOptions);
        if (backward)
            leveldb_iter_seek_to_last(iterator);
        else
            leveldb_iter_seek_to_first(iterator);
        long seen = 0;
        while (leveldb_iter_valid(iterator) != 0)
        {
            AddEntry(iterator, ref totals);
            seen++;
            if (backward)
                leveldb_iter_prev(iterator);
            else
                leveldb_iter_next(iterator);
        }
        leveldb_iter_destroy(iterator);
        return seen;
    }

    public void Dispose() => leveldb_writebatch_destroy(_batch);

    private static void AddEntry(nint iterator, ref ReadTotals totals)
    {
        nuint length;
        byte* value = leveldb_iter_value(iterator, &length);
        totals.Add(new ReadOnlySpan<byte>(value, (int)length));
        totals.Sum += KeyOf(iterator)[^1];
    }

    private static ReadOnlySpan<byte> KeyOf(nint iterator)
    {
        nuint length;
        byte* key = leveldb_iter_key(iterator, &length);
        return new ReadOnlySpan<byte>(key, (int)length);
    }
}
