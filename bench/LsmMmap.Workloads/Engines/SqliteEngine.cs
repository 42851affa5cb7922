// SQLite in one table WITHOUT ROWID, in WAL mode, with prepared statements that are bound and
// stepped as bytes (the layer below Microsoft.Data.Sqlite's parameters, which would box and copy).
// Each session has its own connection, as the binding asks.
//
// Threads: a session, and so a connection, belongs to one thread.

using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace LsmMmap.Workloads.Engines;

internal sealed class SqliteEngine : IEngine
{
    private const int BusyMs = 60_000;

    private readonly string _connectionText;
    private readonly string _pragmas;
    private readonly SqliteConnection _first;

    public SqliteEngine(EngineOptions options)
    {
        Directory.CreateDirectory(options.Directory);
        _connectionText = new SqliteConnectionStringBuilder
        {
            DataSource = Path.Combine(options.Directory, "bench.db"),
            Pooling = false,
        }.ToString();
        long mapBytes = Math.Min(options.CacheBytes, 2L << 30);
        long cacheKiB = Math.Min(options.CacheBytes, 256L << 20) / 1024;
        string synchronous = options.Durability == Durability.Synced ? "FULL" : "OFF";
        _pragmas = FormattableString.Invariant(
            $"PRAGMA busy_timeout={BusyMs}; PRAGMA journal_mode=WAL; ")
            + FormattableString.Invariant(
            $"PRAGMA synchronous={synchronous}; PRAGMA mmap_size={mapBytes}; ")
            + FormattableString.Invariant($"PRAGMA cache_size=-{cacheKiB};");
        _first = Connect();
        Run(_first, "CREATE TABLE IF NOT EXISTS t(k BLOB PRIMARY KEY, v BLOB) WITHOUT ROWID;");
    }

    public static string Version()
    {
        // Making a connection is what tells the binding which library to use.
        using var connection = new SqliteConnection("Data Source=:memory:");
        return connection.ServerVersion;
    }

    public IEngineSession OpenSession() => new SqliteSession(Connect());

    public void Compact()
    {
        Run(_first, "VACUUM;");
        Run(_first, "PRAGMA wal_checkpoint(TRUNCATE);");
    }

    public void WaitForBackground() => Run(_first, "PRAGMA wal_checkpoint(TRUNCATE);");

    public EngineMarks Marks() => EngineMarks.Unknown;

    public void Dispose() => _first.Dispose();

    private static void Run(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // Every text is a constant of this file.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection(_connectionText);
        connection.Open();
        Run(connection, _pragmas);
        return connection;
    }
}

internal sealed class SqliteSession : IEngineSession
{
    private const int NoLimit = -1;

    private readonly SqliteConnection _connection;
    private readonly sqlite3_stmt _put;
    private readonly sqlite3_stmt _delete;
    private readonly sqlite3_stmt _get;
    private readonly sqlite3_stmt _scan;
    private readonly sqlite3_stmt _forward;
    private readonly sqlite3_stmt _backward;
    private readonly sqlite3_stmt _begin;
    private readonly sqlite3_stmt _commit;
    private bool _isInBatch;

    public SqliteSession(SqliteConnection connection)
    {
        _connection = connection;
        _put = Prepare("INSERT OR REPLACE INTO t(k, v) VALUES(?1, ?2)");
        _delete = Prepare("DELETE FROM t WHERE k = ?1");
        _get = Prepare("SELECT v FROM t WHERE k = ?1");
        _scan = Prepare("SELECT k, v FROM t WHERE k >= ?1 ORDER BY k LIMIT ?2");
        _forward = Prepare("SELECT k, v FROM t ORDER BY k");
        _backward = Prepare("SELECT k, v FROM t ORDER BY k DESC");
        _begin = Prepare("BEGIN IMMEDIATE");
        _commit = Prepare("COMMIT");
    }

    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Bind(_put, 1, key);
        Bind(_put, 2, value);
        Finish(_put);
    }

    public void Delete(ReadOnlySpan<byte> key)
    {
        Bind(_delete, 1, key);
        Finish(_delete);
    }

    public void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (!_isInBatch)
        {
            Finish(_begin);
            _isInBatch = true;
        }
        Put(key, value);
    }

    public void Commit()
    {
        _isInBatch = false;
        Finish(_commit);
    }

    public bool Get(ReadOnlySpan<byte> key, ref ReadTotals totals)
    {
        Bind(_get, 1, key);
        bool found = Step(_get);
        if (found)
            totals.Add(raw.sqlite3_column_blob(_get, 0));
        else
            totals.Misses++;
        raw.sqlite3_reset(_get);
        return found;
    }

    // One transaction around the gets saves their locks.
    public int MultiGet(ReadOnlySpan<byte> keys, int keyBytes, ref ReadTotals totals)
    {
        int found = 0;
        for (int at = 0; at < keys.Length; at += keyBytes)
            found += Get(keys.Slice(at, keyBytes), ref totals) ? 1 : 0;
        return found;
    }

    public int Scan(ReadOnlySpan<byte> from, int count, ref ReadTotals totals)
    {
        Bind(_scan, 1, from);
        Check(raw.sqlite3_bind_int(_scan, 2, count));
        return (int)ReadAll(_scan, ref totals);
    }

    public int ScanPrefix(ReadOnlySpan<byte> prefix, ref ReadTotals totals)
    {
        Bind(_scan, 1, prefix);
        Check(raw.sqlite3_bind_int(_scan, 2, NoLimit));
        int seen = 0;
        while (Step(_scan) && raw.sqlite3_column_blob(_scan, 0).StartsWith(prefix))
        {
            AddEntry(_scan, ref totals);
            seen++;
        }
        raw.sqlite3_reset(_scan);
        return seen;
    }

    public long ScanAll(bool backward, ref ReadTotals totals) =>
        ReadAll(backward ? _backward : _forward, ref totals);

    public void Dispose()
    {
        _put.Dispose();
        _delete.Dispose();
        _get.Dispose();
        _scan.Dispose();
        _forward.Dispose();
        _backward.Dispose();
        _begin.Dispose();
        _commit.Dispose();
        _connection.Dispose();
    }

    private static long ReadAll(sqlite3_stmt statement, ref ReadTotals totals)
    {
        long seen = 0;
        while (Step(statement))
        {
            AddEntry(statement, ref totals);
            seen++;
        }
        raw.sqlite3_reset(statement);
        return seen;
    }

    private static void AddEntry(sqlite3_stmt statement, ref ReadTotals totals)
    {
        totals.Add(raw.sqlite3_column_blob(statement, 1));
        totals.Sum += raw.sqlite3_column_blob(statement, 0)[^1];
    }

    private static void Bind(sqlite3_stmt statement, int index, ReadOnlySpan<byte> bytes) =>
        Check(raw.sqlite3_bind_blob(statement, index, bytes));

    private static void Finish(sqlite3_stmt statement)
    {
        Step(statement);
        Check(raw.sqlite3_reset(statement));
    }

    private static bool Step(sqlite3_stmt statement)
    {
        int code = raw.sqlite3_step(statement);
        if (code == raw.SQLITE_ROW)
            return true;
        if (code != raw.SQLITE_DONE)
            Throw(code);
        return false;
    }

    private static void Check(int code)
    {
        if (code != raw.SQLITE_OK)
            Throw(code);
    }

    private static void Throw(int code) =>
        throw new IOException("SQLite: " + raw.sqlite3_errstr(code).utf8_to_string());

    private sqlite3_stmt Prepare(string sql)
    {
        Check(raw.sqlite3_prepare_v2(_connection.Handle!, sql, out sqlite3_stmt statement));
        return statement;
    }
}
