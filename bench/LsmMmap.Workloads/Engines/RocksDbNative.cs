// The C functions of RocksDB that the adapter calls, by their own names. The library is the one in
// the package RocksDB; its managed binding is not used, because what it allocates per call would be
// measured instead of the engine.

using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace LsmMmap.Workloads.Engines;

[SuppressMessage("Style", "IDE1006", Justification = "names of C functions")]
[SuppressMessage("Security", "CA5392", Justification = "found by the package's own rules")]
internal static unsafe class RocksDbNative
{
    private const string Library = "rocksdb";

    [DllImport(Library)]
    public static extern nint rocksdb_options_create();

    [DllImport(Library)]
    public static extern void rocksdb_options_destroy(nint options);

    [DllImport(Library)]
    public static extern void rocksdb_options_set_create_if_missing(nint options, byte value);

    [DllImport(Library)]
    public static extern void rocksdb_options_set_compression(nint options, int kind);

    [DllImport(Library)]
    public static extern void rocksdb_options_set_write_buffer_size(nint options, nuint bytes);

    [DllImport(Library)]
    public static extern void rocksdb_options_set_max_background_jobs(nint options, int count);

    [DllImport(Library)]
    public static extern void rocksdb_options_set_target_file_size_base(nint options, ulong bytes);

    [DllImport(Library)]
    public static extern void rocksdb_options_set_max_open_files(nint options, int count);

    [DllImport(Library)]
    public static extern void rocksdb_options_set_block_based_table_factory(
        nint options, nint tables);

    [DllImport(Library)]
    public static extern nint rocksdb_block_based_options_create();

    [DllImport(Library)]
    public static extern void rocksdb_block_based_options_set_filter_policy(
        nint tables, nint policy);

    [DllImport(Library)]
    public static extern void rocksdb_block_based_options_set_block_cache(nint tables, nint cache);

    [DllImport(Library)]
    public static extern nint rocksdb_filterpolicy_create_bloom_full(double bitsPerKey);

    [DllImport(Library)]
    public static extern nint rocksdb_cache_create_lru(nuint bytes);

    [DllImport(Library)]
    public static extern nint rocksdb_writeoptions_create();

    [DllImport(Library)]
    public static extern void rocksdb_writeoptions_destroy(nint options);

    [DllImport(Library)]
    public static extern void rocksdb_writeoptions_set_sync(nint options, byte value);

    [DllImport(Library)]
    public static extern nint rocksdb_readoptions_create();

    [DllImport(Library)]
    public static extern void rocksdb_readoptions_destroy(nint options);

    [DllImport(Library)]
    public static extern nint rocksdb_open(nint options, byte* path, nint* error);

    [DllImport(Library)]
    public static extern void rocksdb_close(nint db);

    [DllImport(Library)]
    public static extern void rocksdb_put(
        nint db, nint options, byte* key, nuint keyLength, byte* value, nuint valueLength,
        nint* error);

    [DllImport(Library)]
    public static extern void rocksdb_delete(
        nint db, nint options, byte* key, nuint keyLength, nint* error);

    [DllImport(Library)]
    public static extern nint rocksdb_get_pinned(
        nint db, nint options, byte* key, nuint keyLength, nint* error);

    [DllImport(Library)]
    public static extern byte* rocksdb_pinnableslice_value(nint slice, nuint* length);

    [DllImport(Library)]
    public static extern void rocksdb_pinnableslice_destroy(nint slice);

    [DllImport(Library)]
    public static extern void rocksdb_batched_multi_get_cf(
        nint db, nint options, nint family, nuint count, nint* keys, nuint* keyLengths,
        nint* values, nint* errors, byte isSorted);

    [DllImport(Library)]
    public static extern nint rocksdb_get_default_column_family_handle(nint db);

    [DllImport(Library)]
    public static extern nint rocksdb_writebatch_create();

    [DllImport(Library)]
    public static extern void rocksdb_writebatch_destroy(nint batch);

    [DllImport(Library)]
    public static extern void rocksdb_writebatch_clear(nint batch);

    [DllImport(Library)]
    public static extern void rocksdb_writebatch_put(
        nint batch, byte* key, nuint keyLength, byte* value, nuint valueLength);

    [DllImport(Library)]
    public static extern void rocksdb_write(nint db, nint options, nint batch, nint* error);

    [DllImport(Library)]
    public static extern nint rocksdb_create_iterator(nint db, nint options);

    [DllImport(Library)]
    public static extern void rocksdb_iter_destroy(nint iterator);

    [DllImport(Library)]
    public static extern void rocksdb_iter_refresh(nint iterator, nint* error);

    [DllImport(Library)]
    public static extern void rocksdb_iter_seek(nint iterator, byte* key, nuint keyLength);

    [DllImport(Library)]
    public static extern void rocksdb_iter_seek_to_first(nint iterator);

    [DllImport(Library)]
    public static extern void rocksdb_iter_seek_to_last(nint iterator);

    [DllImport(Library)]
    public static extern void rocksdb_iter_next(nint iterator);

    [DllImport(Library)]
    public static extern void rocksdb_iter_prev(nint iterator);

    [DllImport(Library)]
    public static extern byte rocksdb_iter_valid(nint iterator);

    [DllImport(Library)]
    public static extern byte* rocksdb_iter_key(nint iterator, nuint* length);

    [DllImport(Library)]
    public static extern byte* rocksdb_iter_value(nint iterator, nuint* length);

    [DllImport(Library)]
    public static extern void rocksdb_compact_range(
        nint db, byte* start, nuint startLength, byte* limit, nuint limitLength);

    [DllImport(Library)]
    public static extern nint rocksdb_flushoptions_create();

    [DllImport(Library)]
    public static extern void rocksdb_flushoptions_destroy(nint options);

    [DllImport(Library)]
    public static extern void rocksdb_flush(nint db, nint options, nint* error);

    [DllImport(Library)]
    public static extern nint rocksdb_property_value(nint db, byte* name);

    [DllImport(Library)]
    public static extern nint rocksdb_wait_for_compact_options_create();

    [DllImport(Library)]
    public static extern void rocksdb_wait_for_compact_options_destroy(nint options);

    [DllImport(Library)]
    public static extern void rocksdb_wait_for_compact(nint db, nint options, nint* error);

    [DllImport(Library)]
    public static extern int rocksdb_property_int(nint db, byte* name, ulong* value);

    [DllImport(Library)]
    public static extern void rocksdb_free(nint memory);

    /// <summary>Throws what the library says went wrong, and frees its text.</summary>
    public static void Check(nint error)
    {
        if (error != 0)
            Throw(error);
    }

    private static void Throw(nint error)
    {
        string text = Marshal.PtrToStringUTF8(error) ?? "";
        rocksdb_free(error);
        throw new IOException("RocksDB: " + text);
    }
}
