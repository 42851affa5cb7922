// Logs whose records verify and do not make sense: each case is found when its line in LogVerifier
// is there, and nothing is found when it is left out.

using System.Buffers.Binary;
using LsmMmap.Engine.Recovery;
using LsmMmap.Wal;

namespace LsmMmap.Engine.Tests;

public sealed class LogVerifierTests
{
    private const ulong StoreId = 5;
    private const long Number = 12;

    private readonly List<string> _found = [];

    [Fact]
    public void Run_SoundLog_FindsNothing()
    {
        Assert.Equal(4, Check(w =>
        {
            Link(w, 11, 500, 6);
            w.Append(LogRecordKind.Data, new LogPosition(Number, 64), Commit(7, 0));
            w.Append(LogRecordKind.Point, new LogPosition(Number, 80), default);
            w.Append(LogRecordKind.Successor, new LogPosition(Number, 80), new byte[8]);
        }));
        Assert.Empty(_found);
    }

    [Theory]
    [InlineData("back", "the synced point goes back")]
    [InlineData("no link", "a log begins with its link")]
    [InlineData("two links", "a log begins with its link")]
    [InlineData("short link", "another length")]
    [InlineData("late link", "names a later log")]
    [InlineData("gap", "a commit is missing")]
    [InlineData("keyspace", "an unknown keyspace")]
    [InlineData("nonsense", "do not parse")]
    [InlineData("successor", "follows the one that names the next log")]
    public void Run_RecordThatDoesNotFit_IsFound(string what, string message)
    {
        Check(w => Write(w, what));
        Assert.Contains(_found, found => found.Contains(message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(6, Number, "another store")]
    [InlineData(StoreId, 13, "another number")]
    public void Run_ForeignHeader_IsFound(ulong storeId, long number, string message)
    {
        Check(w => Link(w, 0, 0, 0), storeId, number);
        Assert.Contains(message, Assert.Single(_found), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_OtherBootThanTheCurrentLogMustHave_IsFound()
    {
        Check(w => Link(w, 0, 0, 0), bootId: Guid.NewGuid());
        Assert.Contains("another run", Assert.Single(_found), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_LogBeforeEndsElsewhere_IsFound()
    {
        var verifier = new LogVerifier(StoreId, 1, mayBeTorn: false, e => _found.Add(e.Message));
        Run(verifier, 11, w => Link(w, 0, 0, 0));
        Run(verifier, 12, w => Link(w, 11, 64, 0));
        Assert.Contains("ends elsewhere", Assert.Single(_found), StringComparison.Ordinal);
    }

    private static void Write(LogWriter w, string what)
    {
        var start = new LogPosition(Number, 0);
        if (what == "short link")
            w.Append(LogRecordKind.Link, start, new byte[23]);
        else if (what != "no link")
            Link(w, what == "late link" ? Number : 11, 500, 6);
        switch (what)
        {
            case "back":
                w.Append(LogRecordKind.Point, new LogPosition(Number, 64), default);
                w.Append(LogRecordKind.Point, start, default);
                break;
            case "no link": w.Append(LogRecordKind.Data, start, Commit(7, 0)); break;
            case "two links": Link(w, 11, 500, 6); break;
            case "gap": w.Append(LogRecordKind.Data, start, Commit(8, 0)); break;
            case "keyspace": w.Append(LogRecordKind.Data, start, Commit(7, 1)); break;
            case "nonsense": w.Append(LogRecordKind.Data, start, [7, 1, 1, 9]); break;
            case "successor":
                w.Append(LogRecordKind.Successor, start, new byte[8]);
                w.Append(LogRecordKind.Point, start, default);
                break;
        }
    }

    private long Check(
        Action<LogWriter> write, ulong storeId = StoreId, long number = Number,
        Guid? bootId = null)
    {
        var verifier = new LogVerifier(
            storeId, nextKeyspaceId: 1, mayBeTorn: false, e => _found.Add(e.Message));
        Run(verifier, number, write, bootId);
        return verifier.RecordsChecked;
    }

    private static void Run(
        LogVerifier verifier, long number, Action<LogWriter> write, Guid? bootId = null)
    {
        using var stream = new MemoryStream();
        long own = number == 11 ? 11 : Number;
        var writer = new LogWriter(stream, new LogHeader(StoreId, own, 3, Guid.Empty));
        writer.WriteHeader();
        write(writer);
        verifier.Run("log", number, stream, stream.Length, bootId);
    }

    private static void Link(LogWriter w, long number, long offset, ulong last)
    {
        var body = new byte[24];
        BinaryPrimitives.WriteInt64LittleEndian(body, number);
        BinaryPrimitives.WriteInt64LittleEndian(body.AsSpan(8), offset);
        BinaryPrimitives.WriteUInt64LittleEndian(body.AsSpan(16), last);
        w.Append(LogRecordKind.Link, new LogPosition(number == 11 ? 11 : 0, 0), body);
    }

    /// <summary>One put of "k" with an empty value.</summary>
    private static byte[] Commit(byte sequence, byte keyspace) =>
        [sequence, 1, 1, 1, keyspace, 1, (byte)'k', 0];
}
