// Damage to the set of files, and records that name impossible ones, as fuzzing found them: a lost
// CURRENT that looked like no store at all, a log under another spelling of its number, numbers in
// records that are no file's.

using System.Buffers.Binary;
using LsmMmap.Wal;

namespace LsmMmap.Fuzz.Tests.Finds;

public sealed class StoreFileTests : IDisposable
{
    private readonly Testing.TemporaryFolder _folder = new();

    private string Home => _folder["home"];

    public void Dispose() => _folder.Dispose();

    /// <summary>Without LeftoverCheck in ReadOnlyOpening and StoreOpening: a
    /// FileNotFoundException, as for a directory that never held a store.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Open_CurrentLostAndMayNotCreate_ThrowsCorruption(bool readOnly)
    {
        StoreBase whole = Killed();
        whole.Files.Remove("CURRENT");
        StoreDisk.Write(Home, whole.Files);
        CorruptionException thrown = Assert.Throws<CorruptionException>(() => Open(readOnly));
        Assert.EndsWith("CURRENT", thrown.FileName, StringComparison.Ordinal);
    }

    /// <summary>Without the comparison with Digits in FileNames: a failed assertion, because one
    /// number stands for two files, or a LsmException without an offset.</summary>
    [Theory]
    [InlineData("0{0}", true)]
    [InlineData("0{0}", false)]
    [InlineData("000000", true)]
    [InlineData("9223372036854775807", true)]
    public void Open_LogUnderAnotherSpelling_IsIgnoredOrMissed(string name, bool isCopy)
    {
        StoreBase whole = Killed();
        string log = whole.Logs.Keys.Last();
        string other = string.Format(null, name, Path.GetFileNameWithoutExtension(log)) + ".log";
        whole.Files[other] = whole.Files[log];
        if (!isCopy)
            whole.Files.Remove(log);
        StoreDisk.Write(Home, whole.Files);
        if (isCopy)
        {
            using LsmStore store = Open(readOnly: false);
            Assert.NotNull(store.Get(StoreMaker.CommitsKey));
        }
        else
        {
            Assert.Throws<CorruptionException>(() => Open(readOnly: false));
        }
    }

    /// <summary>Without LogReplay.NamesPossibleLog: a failed assertion about file numbers, or an
    /// exception of string formatting.</summary>
    [Theory]
    [InlineData(LogRecordKind.Successor, -5)]
    [InlineData(LogRecordKind.Successor, 0)]
    [InlineData(LogRecordKind.Successor, long.MaxValue)]
    [InlineData(LogRecordKind.Link, -1)]
    [InlineData(LogRecordKind.Link, long.MaxValue)]
    public void Open_RecordNamesAnImpossibleLog_ThrowsCorruption(object kind, long number)
    {
        StoreBase whole = Killed();
        (string name, LogBase log) = whole.Logs.Last();
        whole.Files[name] = With(log, (LogRecordKind)kind, number);
        StoreDisk.Write(Home, whole.Files);
        CorruptionException thrown = Assert.Throws<CorruptionException>(
            () => Open(readOnly: false));
        Assert.EndsWith(name, thrown.FileName, StringComparison.Ordinal);
    }

    private static byte[] With(LogBase log, LogRecordKind kind, long number)
    {
        using var stream = new MemoryStream();
        var writer = new LogWriter(stream, log.Header);
        writer.WriteHeader();
        byte[] body = new byte[kind == LogRecordKind.Link ? 24 : 8];
        BinaryPrimitives.WriteInt64LittleEndian(body, number);
        if (kind == LogRecordKind.Link)
            writer.Append(kind, default, body);
        foreach (LoggedRecord record in log.Records.Where(one => one.Kind == LogRecordKind.Data))
            writer.Append(record.Kind, default, record.Body);
        if (kind == LogRecordKind.Successor)
            writer.Append(kind, default, body);
        return stream.ToArray();
    }

    private LsmStore Open(bool readOnly)
    {
        var options = new StoreOptions { CreateIfMissing = false };
        return readOnly ? LsmStore.OpenReadOnly(Home, options) : LsmStore.Open(Home, options);
    }

    private static StoreBase Killed()
    {
        using var maker = new StoreMaker(5, new StoreOptions());
        maker.Commit(6, 100);
        return maker.Finish("killed", isClosed: false, isSameBoot: true);
    }
}
