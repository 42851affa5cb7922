// The C functions of LMDB that the adapter calls, by their own names. The library is the one in the
// package LightningDB or, where that does not load (it wants a newer C library than some systems
// have), the one that the system has installed.

using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace LsmMmap.Workloads.Engines;

[SuppressMessage("Style", "IDE1006", Justification = "names of C functions")]
[SuppressMessage("Security", "CA5392", Justification = "a library of the package or the system")]
internal static unsafe class LmdbNative
{
    public const string Library = "lmdb";
    public const int NotFound = -30798;
    public const uint NoSync = 0x10000;
    public const uint ReadOnly = 0x20000;
    public const uint NoReadAhead = 0x800000;
    public const uint NoThreadStorage = 0x200000;
    public const int First = 0;
    public const int Last = 6;
    public const int Next = 8;
    public const int Previous = 12;
    public const int SetRange = 17;

    public static readonly string[] FileNames =
        ["liblmdb.so.0", "liblmdb.so", "liblmdb.dylib", "lmdb"];

    [DllImport(Library)]
    public static extern int mdb_env_create(nint* environment);

    [DllImport(Library)]
    public static extern int mdb_env_set_mapsize(nint environment, nuint bytes);

    [DllImport(Library)]
    public static extern int mdb_env_set_maxreaders(nint environment, uint readers);

    [DllImport(Library)]
    public static extern int mdb_env_open(nint environment, byte* path, uint flags, uint mode);

    [DllImport(Library)]
    public static extern void mdb_env_close(nint environment);

    [DllImport(Library)]
    public static extern int mdb_txn_begin(
        nint environment, nint parent, uint flags, nint* transaction);

    [DllImport(Library)]
    public static extern int mdb_txn_commit(nint transaction);

    [DllImport(Library)]
    public static extern void mdb_txn_abort(nint transaction);

    [DllImport(Library)]
    public static extern void mdb_txn_reset(nint transaction);

    [DllImport(Library)]
    public static extern int mdb_txn_renew(nint transaction);

    [DllImport(Library)]
    public static extern int mdb_dbi_open(nint transaction, byte* name, uint flags, uint* database);

    [DllImport(Library)]
    public static extern int mdb_put(
        nint transaction, uint database, Bytes* key, Bytes* value, uint flags);

    [DllImport(Library)]
    public static extern int mdb_get(nint transaction, uint database, Bytes* key, Bytes* value);

    [DllImport(Library)]
    public static extern int mdb_del(nint transaction, uint database, Bytes* key, Bytes* value);

    [DllImport(Library)]
    public static extern int mdb_cursor_open(nint transaction, uint database, nint* cursor);

    [DllImport(Library)]
    public static extern int mdb_cursor_renew(nint transaction, nint cursor);

    [DllImport(Library)]
    public static extern int mdb_cursor_get(nint cursor, Bytes* key, Bytes* value, int operation);

    [DllImport(Library)]
    public static extern void mdb_cursor_close(nint cursor);

    [DllImport(Library)]
    public static extern byte* mdb_version(int* major, int* minor, int* patch);

    [DllImport(Library)]
    public static extern byte* mdb_strerror(int code);

    /// <summary>Throws what the library says of a code other than success.</summary>
    public static void Check(int code)
    {
        if (code != 0)
            Throw(code);
    }

    private static void Throw(int code) =>
        throw new IOException("LMDB: " + Marshal.PtrToStringUTF8((nint)mdb_strerror(code)));

    /// <summary>MDB_val: a length and where the bytes lie.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Bytes
    {
        public nuint Length;
        public byte* Start;

        public readonly ReadOnlySpan<byte> Span => new(Start, (int)Length);
    }
}
