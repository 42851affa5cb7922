// RocksDB through its native functions: pinned reads, one iterator per session that is refreshed
// for each scan. The cache holds all data, LZ4 (or nothing), a Bloom filter of 10 bits; the rest is
// RocksDB's default.
//
// Threads: the native handles are thread-safe except batches and iterators, which are a session's.

using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using static LsmMmap.Workloads.Engines.RocksDbNative;

namespace LsmMmap.Workloads.Engines;

internal sealed unsafe class RocksDbEngine : IEngine
{
    private const int CompressionNone = 0;
    private const int CompressionLz4 = 4;
    private const double BloomBitsPerKey = 10;

    // What LsmMmap has by default. RocksDB's defaults are the same; they are set so that they stay
    // so with another version of it.
    private const int BackgroundJobs = 2;
    private const long TableBytes = 64L << 20;

    private readonly nint _options;
    private readonly nint _writeOptions = rocksdb_writeoptions_create();
    private readonly nint _readOptions = rocksdb_readoptions_create();
    private readonly nint _db;

    public RocksDbEngine(EngineOptions options, bool isCompressed)
    {
        _options = rocksdb_options_create();
        rocksdb_options_set_create_if_missing(_options, 1);
        rocksdb_options_set_compression(
            _options, isCompressed ? CompressionLz4 : CompressionNone);
        rocksdb_options_set_write_buffer_size(_options, (nuint)options.WriteBufferBytes);
        rocksdb_options_set_max_background_jobs(_options, BackgroundJobs);
        rocksdb_options_set_target_file_size_base(
            _options, (ulong)(options.TableBytes > 0 ? options.TableBytes : TableBytes));
        if (options.TableBytes > 0)
            rocksdb_options_set_max_open_files(_options, -1);
        nint tables = rocksdb_block_based_options_create();
        rocksdb_block_based_options_set_filter_policy(
            tables, rocksdb_filterpolicy_create_bloom_full(BloomBitsPerKey));
        rocksdb_block_based_options_set_block_cache(
            tables, rocksdb_cache_create_lru((nuint)options.CacheBytes));
        rocksdb_options_set_block_based_table_factory(_options, tables);
        rocksdb_writeoptions_set_sync(
            _writeOptions, (byte)(options.Durability == Durability.Synced ? 1 : 0));
        nint error = 0;
        fixed (byte* path = NativeText.Utf8(options.Directory))
            _db = rocksdb_open(_options, path, &error);
        Check(error);
    }

    public IEngineSession OpenSession() => new RocksDbSession(_db, _writeOptions, _readOptions);

    public void Compact()
    {
        rocksdb_compact_range(_db, null, 0, null, 0);
        WaitForBackground();
    }

    public void Flush()
    {
        nint flush = rocksdb_flushoptions_create();
        nint error = 0;
        rocksdb_flush(_db, flush, &error);
        rocksdb_flushoptions_destroy(flush);
        Check(error);
    }

    public void WaitForBackground()
    {
        nint wait = rocksdb_wait_for_compact_options_create();
        nint error = 0;
        rocksdb_wait_for_compact(_db, wait, &error);
        rocksdb_wait_for_compact_options_destroy(wait);
        Check(error);
    }

    // RocksDB counts flushes and compactions only with its statistics on, which cost writes a few
    // percent; what runs at this moment it tells for nothing.
    public EngineMarks Marks() => EngineMarks.Unknown with
    {
        Stalls = Property("rocksdb.is-write-stopped"u8) > 0
            || Property("rocksdb.actual-delayed-write-rate"u8) > 0 ? 1 : 0,
    };

    // Kept without the statistics too, but told only in a page of text:
    // "Cumulative stall: 00:01:02.345 H:M:S, 3.2 percent".
    public double StallMs()
    {
        nint text;
        fixed (byte* name = "rocksdb.dbstats"u8)
            text = rocksdb_property_value(_db, name);
        if (text == 0)
            return -1;
        string page = Marshal.PtrToStringUTF8(text) ?? "";
        rocksdb_free(text);
        Match told = Regex.Match(page, @"Cumulative stall: (\d+):(\d+):([\d.]+)");
        return told.Success
            ? (Part(1) * 3600 + Part(2) * 60 + Part(3)) * 1000 : -1;

        double Part(int group) =>
            double.Parse(told.Groups[group].Value, CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        rocksdb_close(_db);
        rocksdb_readoptions_destroy(_readOptions);
        rocksdb_writeoptions_destroy(_writeOptions);
        rocksdb_options_destroy(_options);
    }

    private ulong Property(ReadOnlySpan<byte> name)
    {
        ulong value = 0;
        fixed (byte* text = name)
            return rocksdb_property_int(_db, text, &value) == 0 ? value : 0;
    }
}

internal sealed unsafe class RocksDbSession(nint db, nint writeOptions, nint readOptions)
    : IEngineSession
{
    private const int KeysMax = 1024;

    private readonly nint _batch = rocksdb_writebatch_create();
    private readonly nint _family = rocksdb_get_default_column_family_handle(db);
    private readonly nint[] _keyPointers = new nint[KeysMax];
    private readonly nuint[] _keyLengths = new nuint[KeysMax];
    private readonly nint[] _values = new nint[KeysMax];
    private readonly nint[] _errors = new nint[KeysMax];
    private nint _iterator;

    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        nint error = 0;
        fixed (byte* k = key, v = value)
            rocksdb_put(
                db, writeOptions, k, (nuint)key.Length, v, (nuint)value.Length, &error);
        Check(error);
    }

    public void Delete(ReadOnlySpan<byte> key)
    {
        nint error = 0;
        fixed (byte* k = key)
            rocksdb_delete(db, writeOptions, k, (nuint)key.Length, &error);
        Check(error);
    }

    public void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        fixed (byte* k = key, v = value)
            rocksdb_writebatch_put(_batch, k, (nuint)key.Length, v, (nuint)value.Length);
    }

    public void Commit()
    {
        nint error = 0;
        rocksdb_write(db, writeOptions, _batch, &error);
        Check(error);
        rocksdb_writebatch_clear(_batch);
    }

    public bool Get(ReadOnlySpan<byte> key, ref ReadTotals totals)
    {
        nint error = 0;
        nint slice;
        fixed (byte* k = key)
            slice = rocksdb_get_pinned(db, readOptions, k, (nuint)key.Length, &error);
        Check(error);
        if (slice == 0)
        {
            totals.Misses++;
            return false;
        }
        AddSlice(slice, ref totals);
        return true;
    }

    public int MultiGet(ReadOnlySpan<byte> keys, int keyBytes, ref ReadTotals totals)
    {
        int count = keys.Length / keyBytes;
        int found = 0;
        fixed (byte* all = keys)
        fixed (nint* pointers = _keyPointers, values = _values, errors = _errors)
        fixed (nuint* lengths = _keyLengths)
        {
            for (int i = 0; i < count; i++)
            {
                pointers[i] = (nint)(all + i * keyBytes);
                lengths[i] = (nuint)keyBytes;
            }
            rocksdb_batched_multi_get_cf(
                db, readOptions, _family, (nuint)count, pointers, lengths, values, errors, 0);
            for (int i = 0; i < count; i++)
            {
                Check(errors[i]);
                if (values[i] == 0)
                {
                    totals.Misses++;
                    continue;
                }
                AddSlice(values[i], ref totals);
                found++;
            }
        }
        return found;
    }

    public int Scan(ReadOnlySpan<byte> from, int count, ref ReadTotals totals)
    {
        nint iterator = Fresh();
        fixed (byte* k = from)
            rocksdb_iter_seek(iterator, k, (nuint)from.Length);
        int seen = 0;
        while (seen < count && rocksdb_iter_valid(iterator) != 0)
        {
            AddEntry(iterator, ref totals);
            seen++;
            rocksdb_iter_next(iterator);
        }
        return seen;
    }

    public int ScanPrefix(ReadOnlySpan<byte> prefix, ref ReadTotals totals)
    {
        nint iterator = Fresh();
        fixed (byte* k = prefix)
            rocksdb_iter_seek(iterator, k, (nuint)prefix.Length);
        int seen = 0;
        while (rocksdb_iter_valid(iterator) != 0 && KeyOf(iterator).StartsWith(prefix))
        {
            AddEntry(iterator, ref totals);
            seen++;
            rocksdb_iter_next(iterator);
        }
        return seen;
    }

    public long ScanAll(bool backward, ref ReadTotals totals)
    {
        nint iterator = Fresh();
        if (backward)
            rocksdb_iter_seek_to_last(iterator);
        else
            rocksdb_iter_seek_to_first(iterator);
        long seen = 0;
        while (rocksdb_iter_valid(iterator) != 0)
        {
            AddEntry(iterator, ref totals);
            seen++;
            if (backward)
                rocksdb_iter_prev(iterator);
            else
                rocksdb_iter_next(iterator);
        }
        return seen;
    }

    public void Dispose()
    {
        if (_iterator != 0)
            rocksdb_iter_destroy(_iterator);
        rocksdb_writebatch_destroy(_batch);
    }

    private static void AddSlice(nint slice, ref ReadTotals totals)
    {
        nuint length;
        byte* value = rocksdb_pinnableslice_value(slice, &length);
        totals.Add(new ReadOnlySpan<byte>(value, (int)length));
        rocksdb_pinnableslice_destroy(slice);
    }

    private static void AddEntry(nint iterator, ref ReadTotals totals)
    {
        nuint length;
        byte* value = rocksdb_iter_value(iterator, &length);
        totals.Add(new ReadOnlySpan<byte>(value, (int)length));
        totals.Sum += KeyOf(iterator)[^1];
    }

    private static ReadOnlySpan<byte> KeyOf(nint iterator)
    {
        nuint length;
        byte* key = rocksdb_iter_key(iterator, &length);
        return new ReadOnlySpan<byte>(key, (int)length);
    }

    private nint Fresh()
    {
        if (_iterator == 0)
            return _iterator = rocksdb_create_iterator(db, readOptions);
        nint error = 0;
        rocksdb_iter_refresh(_iterator, &error);
        Check(error);
        return _iterator;
    }
}
