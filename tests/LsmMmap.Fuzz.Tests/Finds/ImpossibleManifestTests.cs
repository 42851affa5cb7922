// Manifests whose every record is whole and whose sum is no store. Fuzzing found that they were
// taken as they were: opening then failed an assertion, or threw what no caller expects. Each row
// is one line of ContentsCheck; without it the row says that nothing was thrown.

using LsmMmap.Engine.Files;
using LsmMmap.Engine.Versions;
using LsmMmap.Wal;

namespace LsmMmap.Fuzz.Tests.Finds;

public sealed class ImpossibleManifestTests
{
    private const long Number = 7;

    [Theory]
    [InlineData("table number 0")]
    [InlineData("table number too large")]
    [InlineData("one number, two tables")]
    [InlineData("no default keyspace")]
    [InlineData("keyspace id never given out")]
    [InlineData("two keyspaces of one name")]
    [InlineData("control character in a name")]
    [InlineData("overlap on level 1")]
    [InlineData("smallest key above largest")]
    [InlineData("no entries")]
    [InlineData("sequence out of range")]
    [InlineData("next file number out of range")]
    [InlineData("clean close of no log")]
    public void Read_SumThatIsNoStore_ThrowsCorruption(string what)
    {
        Read(Sound());
        VersionEdit edit = Sound();
        Spoil(edit, what);
        CorruptionException thrown = Assert.Throws<CorruptionException>(() => Read(edit));
        Assert.EndsWith(FileNames.ManifestName(Number), thrown.FileName, StringComparison.Ordinal);
    }

    private static void Spoil(VersionEdit edit, string what)
    {
        TableInfo table = edit.Added[0].Table;
        StoreNumbers numbers = edit.Numbers!.Value;
        switch (what)
        {
            case "table number 0":
                edit.Added[0] = (0, 1, table with { Number = 0 });
                break;
            case "table number too large":
                edit.Added[0] = (0, 1, table with { Number = long.MaxValue });
                break;
            case "one number, two tables":
                edit.Added.Add((1, 0, table));
                break;
            case "no default keyspace":
                edit.Keyspaces.RemoveAt(0);
                edit.Added.Clear();
                break;
            case "keyspace id never given out":
                edit.Numbers = numbers with { NextKeyspaceId = 1 };
                break;
            case "two keyspaces of one name":
                edit.Keyspaces[1] = edit.Keyspaces[1] with { Name = "default" };
                break;
            case "control character in a name":
                edit.Keyspaces[1] = edit.Keyspaces[1] with { Name = "a\0b" };
                break;
            case "overlap on level 1":
                edit.Added.Add((0, 1, table with { Number = 9 }));
                break;
            case "smallest key above largest":
                edit.Added[0] = (0, 1, table with { SmallestKey = [255] });
                break;
            case "no entries":
                edit.Added[0] = (0, 1, table with { EntryCount = 0 });
                break;
            case "sequence out of range":
                edit.Numbers = numbers with { LastSequence = ulong.MaxValue };
                break;
            case "next file number out of range":
                edit.Numbers = numbers with { NextFileNumber = long.MaxValue };
                break;
            default:
                edit.Clean = new CleanClose(0, 100, 3);
                break;
        }
    }

    private static VersionEdit Sound()
    {
        var edit = new VersionEdit { Numbers = new StoreNumbers(1, 10, 3, 2) };
        string options = new KeyspaceOptions().ToStored();
        edit.Keyspaces.Add(new KeyspaceRecord(0, "default", options, false, 0));
        edit.Keyspaces.Add(new KeyspaceRecord(1, "other", options, false, 0));
        edit.Added.Add((0, 1, ManifestBase.Table(new Random(1), 5)));
        return edit;
    }

    /// <summary>Every record's checksum is right; only the chain knows of the edit between.
    /// Seen to fail without the comparison of chains in ManifestReader.Decode.</summary>
    [Fact]
    public void Read_AnEditBeforeIsMissing_IsDamage()
    {
        byte[] first = EditCodec.Encode(Sound(), 0);
        var more = new VersionEdit { Numbers = new StoreNumbers(1, 11, 4, 2) };
        byte[] second = EditCodec.Encode(more, Manifest.NextChain(first));
        byte[] third = EditCodec.Encode(more, Manifest.NextChain(second));
        Read(first, second, third);
        CorruptionException e = Assert.Throws<CorruptionException>(() => Read(first, third));
        Assert.Contains("is missing", e.Message, StringComparison.Ordinal);
    }

    private static void Read(VersionEdit edit) => Read(EditCodec.Encode(edit, 0));

    private static void Read(params byte[][] edits)
    {
        using var stream = new MemoryStream();
        var writer = new LogWriter(stream, new LogHeader(77, Number, 9, Guid.Empty));
        writer.WriteHeader();
        foreach (byte[] edit in edits)
            writer.Append(LogRecordKind.Data, default, edit);
        var files = new MemoryFiles();
        files.Put(FileNames.ManifestName(Number), stream.ToArray());
        ManifestReader.Read(files, MemoryFiles.Directory, Number, out _);
    }
}
