// LMDB through its C functions: one transaction for each put, as an application without batches
// would do it; reads renew one read transaction per session, scans renew one cursor. Without
// Synced the environment is opened with NOSYNC: the pages of a commit are handed to the system
// before it returns, as with every other engine here.
//
// Threads: an environment is shared; transactions and cursors are a session's.

using static LsmMmap.Workloads.Engines.LmdbNative;

namespace LsmMmap.Workloads.Engines;

internal sealed unsafe class LmdbEngine : IEngine
{
    private const uint ReadersMax = 126;
    private const uint FileMode = 0x1A4;

    private readonly nint _environment;
    private readonly uint _database;

    public LmdbEngine(EngineOptions options)
    {
        Directory.CreateDirectory(options.Directory);
        nint environment;
        Check(mdb_env_create(&environment));
        _environment = environment;
        Check(mdb_env_set_mapsize(environment, (nuint)options.MapBytes));
        Check(mdb_env_set_maxreaders(environment, ReadersMax));
        // Read-ahead is off as its manual advises for random reads of data larger than memory.
        uint flags = NoThreadStorage | (options.Durability == Durability.Synced ? 0 : NoSync)
            | (options.CacheBytes < (1L << 30) ? NoReadAhead : 0);
        fixed (byte* path = NativeText.Utf8(options.Directory))
            Check(mdb_env_open(environment, path, flags, FileMode));
        nint transaction;
        Check(mdb_txn_begin(environment, 0, 0, &transaction));
        uint database;
        Check(mdb_dbi_open(transaction, null, 0, &database));
        Check(mdb_txn_commit(transaction));
        _database = database;
    }

    public static string Version()
    {
        int major, minor, patch;
        mdb_version(&major, &minor, &patch);
        return $"{major}.{minor}.{patch}";
    }

    public IEngineSession OpenSession() => new LmdbSession(_environment, _database);

    // A B-tree has nothing to compact in place.
    public void Compact() { }

    public void WaitForBackground() { }

    public EngineMarks Marks() => EngineMarks.Unknown;

    public void Dispose() => mdb_env_close(_environment);
}

internal sealed unsafe class LmdbSession(nint environment, uint database) : IEngineSession
{
    private nint _read;
    private nint _cursor;
    private nint _write;

    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Add(key, value);
        Commit();
    }

    public void Delete(ReadOnlySpan<byte> key)
    {
        BeginWrite();
        fixed (byte* k = key)
        {
            Bytes at = new() { Length = (nuint)key.Length, Start = k };
            int code = mdb_del(_write, database, &at, null);
            if (code != NotFound)
                Check(code);
        }
        Commit();
    }

    public void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        BeginWrite();
        fixed (byte* k = key, v = value)
        {
            Bytes at = new() { Length = (nuint)key.Length, Start = k };
            Bytes what = new() { Length = (nuint)value.Length, Start = v };
            Check(mdb_put(_write, database, &at, &what, 0));
        }
    }

    public void Commit()
    {
        nint transaction = _write;
        _write = 0;
        if (transaction != 0)
            Check(mdb_txn_commit(transaction));
    }

    public bool Get(ReadOnlySpan<byte> key, ref ReadTotals totals)
    {
        BeginRead();
        bool found = Find(key, ref totals);
        mdb_txn_reset(_read);
        return found;
    }

    public int MultiGet(ReadOnlySpan<byte> keys, int keyBytes, ref ReadTotals totals)
    {
        BeginRead();
        int found = 0;
        for (int at = 0; at < keys.Length; at += keyBytes)
            found += Find(keys.Slice(at, keyBytes), ref totals) ? 1 : 0;
        mdb_txn_reset(_read);
        return found;
    }

    public int Scan(ReadOnlySpan<byte> from, int count, ref ReadTotals totals)
    {
        BeginScan();
        Bytes key, value;
        int seen = 0;
        int code = Seek(from, &key, &value);
        while (code == 0)
        {
            AddEntry(key, value, ref totals);
            // No step past the last entry that is wanted.
            if (++seen == count)
                break;
            code = mdb_cursor_get(_cursor, &key, &value, Next);
        }
        EndScan(code);
        return seen;
    }

    public int ScanPrefix(ReadOnlySpan<byte> prefix, ref ReadTotals totals)
    {
        BeginScan();
        Bytes key, value;
        int seen = 0;
        int code = Seek(prefix, &key, &value);
        while (code == 0 && key.Span.StartsWith(prefix))
        {
            AddEntry(key, value, ref totals);
            seen++;
            code = mdb_cursor_get(_cursor, &key, &value, Next);
        }
        EndScan(code);
        return seen;
    }

    public long ScanAll(bool backward, ref ReadTotals totals)
    {
        BeginScan();
        Bytes key, value;
        long seen = 0;
        int code = mdb_cursor_get(_cursor, &key, &value, backward ? Last : First);
        while (code == 0)
        {
            AddEntry(key, value, ref totals);
            seen++;
            code = mdb_cursor_get(_cursor, &key, &value, backward ? Previous : Next);
        }
        EndScan(code);
        return seen;
    }

    public void Dispose()
    {
        if (_cursor != 0)
            mdb_cursor_close(_cursor);
        if (_read != 0)
            mdb_txn_abort(_read);
        if (_write != 0)
            mdb_txn_abort(_write);
    }

    private static void AddEntry(Bytes key, Bytes value, ref ReadTotals totals)
    {
        totals.Add(value.Span);
        totals.Sum += key.Start[key.Length - 1];
    }

    private bool Find(ReadOnlySpan<byte> key, ref ReadTotals totals)
    {
        Bytes value;
        int code;
        fixed (byte* k = key)
        {
            Bytes at = new() { Length = (nuint)key.Length, Start = k };
            code = mdb_get(_read, database, &at, &value);
        }
        if (code == NotFound)
        {
            totals.Misses++;
            return false;
        }
        Check(code);
        totals.Add(value.Span);
        return true;
    }

    private int Seek(ReadOnlySpan<byte> from, Bytes* key, Bytes* value)
    {
        fixed (byte* k = from)
        {
            *key = new Bytes { Length = (nuint)from.Length, Start = k };
            return mdb_cursor_get(_cursor, key, value, SetRange);
        }
    }

    private void BeginRead()
    {
        if (_read != 0)
        {
            Check(mdb_txn_renew(_read));
            return;
        }
        nint transaction;
        Check(mdb_txn_begin(environment, 0, ReadOnly, &transaction));
        _read = transaction;
    }

    private void BeginScan()
    {
        BeginRead();
        if (_cursor != 0)
        {
            Check(mdb_cursor_renew(_read, _cursor));
            return;
        }
        nint cursor;
        Check(mdb_cursor_open(_read, database, &cursor));
        _cursor = cursor;
    }

    private void EndScan(int code)
    {
        if (code != NotFound)
            Check(code);
        mdb_txn_reset(_read);
    }

    private void BeginWrite()
    {
        if (_write != 0)
            return;
        nint transaction;
        Check(mdb_txn_begin(environment, 0, 0, &transaction));
        _write = transaction;
    }
}
