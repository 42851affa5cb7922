// The C functions of LevelDB that the adapter calls, by their own names, from the library that the
// system has installed. Where it has none, LevelDB is left out of the comparison.

using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace LsmMmap.Workloads.Engines;

[SuppressMessage("Style", "IDE1006", Justification = "names of C functions")]
[SuppressMessage("Security", "CA5392", Justification = "a library of the system")]
internal static unsafe class LevelDbNative
{
    public const string Library = "leveldb";

    /// <summary>Names under which systems install it; Debian's has a letter more.</summary>
    public static readonly string[] FileNames =
        ["libleveldb.so.1", "libleveldb.so.1d", "libleveldb.so", "libleveldb.dylib", "leveldb"];

    [DllImport(Library)]
    public static extern nint leveldb_options_create();

    [DllImport(Library)]
    public static extern void leveldb_options_destroy(nint options);

    [DllImport(Library)]
    public static extern void leveldb_options_set_create_if_missing(nint options, byte value);

    [DllImport(Library)]
    public static extern void leveldb_options_set_compression(nint options, int kind);

    [DllImport(Library)]
    public static extern void leveldb_options_set_write_buffer_size(nint options, nuint bytes);

    [DllImport(Library)]
    public static extern void leveldb_options_set_cache(nint options, nint cache);

    [DllImport(Library)]
    public static extern void leveldb_options_set_filter_policy(nint options, nint policy);

    [DllImport(Library)]
    public static extern nint leveldb_cache_create_lru(nuint bytes);

    [DllImport(Library)]
    public static extern void leveldb_cache_destroy(nint cache);

    [DllImport(Library)]
    public static extern nint leveldb_filterpolicy_create_bloom(int bitsPerKey);

    [DllImport(Library)]
    public static extern void leveldb_filterpolicy_destroy(nint policy);

    [DllImport(Library)]
    public static extern nint leveldb_writeoptions_create();

    [DllImport(Library)]
    public static extern void leveldb_writeoptions_destroy(nint options);

    [DllImport(Library)]
    public static extern void leveldb_writeoptions_set_sync(nint options, byte value);

    [DllImport(Library)]
    public static extern nint leveldb_readoptions_create();

    [DllImport(Library)]
    public static extern void leveldb_readoptions_destroy(nint options);

    [DllImport(Library)]
    public static extern nint leveldb_open(nint options, byte* path, nint* error);

    [DllImport(Library)]
    public static extern void leveldb_close(nint db);

    [DllImport(Library)]
    public static extern void leveldb_put(
        nint db, nint options, byte* key, nuint keyLength, byte* value, nuint valueLength,
        nint* error);

    [DllImport(Library)]
    public static extern void leveldb_delete(
        nint db, nint options, byte* key, nuint keyLength, nint* error);

    [DllImport(Library)]
    public static extern byte* leveldb_get(
        nint db, nint options, byte* key, nuint keyLength, nuint* valueLength, nint* error);

    [DllImport(Library)]
    public static extern nint leveldb_writebatch_create();

    [DllImport(Library)]
    public static extern void leveldb_writebatch_destroy(nint batch);

    [DllImport(Library)]
    public static extern void leveldb_writebatch_clear(nint batch);

    [DllImport(Library)]
    public static extern void leveldb_writebatch_put(
        nint batch, byte* key, nuint keyLength, byte* value, nuint valueLength);

    [DllImport(Library)]
    public static extern void leveldb_write(nint db, nint options, nint batch, nint* error);

    [DllImport(Library)]
    public static extern nint leveldb_create_iterator(nint db, nint options);

    [DllImport(Library)]
    public static extern void leveldb_iter_destroy(nint iterator);

    [DllImport(Library)]
    public static extern void leveldb_iter_seek(nint iterator, byte* key, nuint keyLength);

    [DllImport(Library)]
    public static extern void leveldb_iter_seek_to_first(nint iterator);

    [DllImport(Library)]
    public static extern void leveldb_iter_seek_to_last(nint iterator);

    [DllImport(Library)]
    public static extern void leveldb_iter_next(nint iterator);

    [DllImport(Library)]
    public static extern void leveldb_iter_prev(nint iterator);

    [DllImport(Library)]
    public static extern byte leveldb_iter_valid(nint iterator);

    [DllImport(Library)]
    public static extern byte* leveldb_iter_key(nint iterator, nuint* length);

    [DllImport(Library)]
    public static extern byte* leveldb_iter_value(nint iterator, nuint* length);

    [DllImport(Library)]
    public static extern void leveldb_compact_range(
        nint db, byte* start, nuint startLength, byte* limit, nuint limitLength);

    [DllImport(Library)]
    public static extern int leveldb_major_version();

    [DllImport(Library)]
    public static extern int leveldb_minor_version();

    [DllImport(Library)]
    public static extern void leveldb_free(void* memory);

    /// <summary>Throws what the library says went wrong, and frees its text.</summary>
    public static void Check(nint error)
    {
        if (error != 0)
            Throw(error);
    }

    private static void Throw(nint error)
    {
        string text = Marshal.PtrToStringUTF8(error) ?? "";
        leveldb_free((void*)error);
        throw new IOException("LevelDB: " + text);
    }
}
