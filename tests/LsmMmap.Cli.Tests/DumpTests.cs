// The dumps of tables, logs and MANIFESTs: everything that was written is in them, in every form,
// and damage is named with its offset while the dump goes on behind it.

using System.Globalization;
using System.Text.Json;

namespace LsmMmap.Cli.Tests;

public sealed class DumpTests
{
    private const int Lines = 2000;

    [Fact]
    public void SstDump_HealthyTables_ShowEveryEntryWithSequenceAndKind()
    {
        using var folder = new CliFolder();
        Fill(folder);
        folder.Must("delete", "0000000007");
        folder.Must("compact");
        var keys = new HashSet<string>();
        foreach (string table in folder.FilesOf("*.sst"))
        {
            List<JsonElement> lines = Json(0, "sst", "dump", table, "--json");
            Assert.Equal(["footer", "about"], lines.Take(2).Select(TypeOf));
            Assert.Contains(
                OfType(lines, "block"), block => Text(block, "kind") == "index");
            List<JsonElement> entries = OfType(lines, "entry");
            Assert.Equal(Number(lines[0], "entries"), entries.Count);
            Assert.Equal(Number(lines[^1], "entries"), entries.Count);
            foreach (JsonElement entry in entries.Where(one => Text(one, "kind") == "put"))
            {
                keys.Add(Text(entry, "key"));
                int line = int.Parse(Text(entry, "key"), CultureInfo.InvariantCulture);
                Assert.Equal(ValueOf(line), Text(entry, "value"));
            }
        }
        Assert.Equal(Lines - 1, keys.Count);
        Assert.DoesNotContain("0000000007", keys);
    }

    [Fact]
    public void SstDump_PlainAndForPerson_SayTheSame()
    {
        using var folder = new CliFolder();
        Fill(folder);
        string table = folder.FilesOf("*.sst")[0];
        CliResult plain = CliFolder.Run("sst", "dump", table);
        Assert.Equal(0, plain.Code);
        Assert.DoesNotContain('\e', plain.Out);
        string[] entry = plain.Lines.First(line => TypeIs(line, "entry")).Split('\t');
        Assert.Equal(8, entry.Length);
        CliResult seen = CliFolder.Run([], asTerminal: true, "sst", "dump", table);
        Assert.Equal(plain.Lines.Length, seen.Lines.Length);
        Assert.Contains($"key {entry[3]}", seen.Out, StringComparison.Ordinal);
        string[] blocks = CliFolder.Run("sst", "dump", table, "--blocks-only").Lines;
        Assert.DoesNotContain(blocks, line => TypeIs(line, "entry"));
        Assert.Equal(plain.Lines[^1], blocks[^1]);
    }

    [Fact]
    public void SstDump_DamagedBlock_SaysWhereAndShowsTheOthers()
    {
        using var folder = new CliFolder();
        Fill(folder);
        string table = folder.FilesOf("*.sst")[0];
        int whole = OfType(Json(0, "sst", "dump", table, "--json"), "entry").Count;
        CliFolder.Flip(table, 1000);
        List<JsonElement> lines = Json(1, "sst", "dump", table, "--json");
        JsonElement damage = Assert.Single(OfType(lines, "damage"));
        Assert.Equal(0, Number(damage, "offset"));
        Assert.Contains(Path.GetFileName(table), Text(damage, "damage"), StringComparison.Ordinal);
        Assert.InRange(OfType(lines, "entry").Count, 1, whole - 1);
        Assert.Equal(1, Number(lines[^1], "damages"));
    }

    [Fact]
    public void SstDump_DamagedValueApart_ShowsTheEntryAndTheDamage()
    {
        using var folder = new CliFolder();
        string file = folder.Write("big.txt", new string('v', 5000) + "\nsmall\n");
        folder.Must("load", file);
        folder.Must("compact");
        string table = folder.FilesOf("*.sst")[0];
        byte[] bytes = File.ReadAllBytes(table);
        CliFolder.Flip(table, bytes.AsSpan().IndexOf("vvvvvvvvvvvvvvvv"u8) + 2000);
        List<JsonElement> lines = Json(1, "sst", "dump", table, "--json");
        Assert.Equal(2, OfType(lines, "entry").Count);
        Assert.Single(OfType(lines, "damage"));
        Assert.Empty(OfType(Json(0, "sst", "dump", table, "--json", "--keys-only"), "damage"));
    }

    [Fact]
    public void SstDump_NoTable_EndsWithOneAndSaysWhy()
    {
        using var folder = new CliFolder();
        foreach (string text in (string[])["", "short", new string('x', 9000)])
        {
            string file = folder.Write("000001.sst", text);
            CliResult result = CliFolder.Run("sst", "dump", file);
            Assert.Equal(1, result.Code);
            Assert.StartsWith("damage\t", result.Out, StringComparison.Ordinal);
        }
        Fill(folder);
        string table = folder.FilesOf("*.sst")[0];
        CliFolder.Flip(table, ^60);
        Assert.Contains(
            "footer", CliFolder.Run("sst", "dump", table).Out, StringComparison.Ordinal);
        Assert.Equal(1, CliFolder.Run("sst", "dump", table + "x").Code);
        Assert.Equal(2, CliFolder.Run("sst", "dump").Code);
    }

    [Fact]
    public void WalDump_HealthyLog_ShowsEveryCommit()
    {
        using var folder = new CliFolder();
        using (LsmStore store = LsmStore.Open(folder.Store))
        {
            store.Put("a"u8, "1"u8);
            store.GetKeyspace("other").Put("b"u8, "2"u8);
            store.Delete("a"u8);
            using var batch = new WriteBatch();
            batch.Put("c"u8, "3"u8);
            batch.Put("d"u8, "\0\xff"u8);
            store.Write(batch);
            // Beside the writer, which has handed every commit to the system.
            List<JsonElement> lines = Json(0, "wal", "dump", folder.FilesOf("*.log")[^1], "--json");
            Assert.Equal("header", TypeOf(lines[0]));
            List<JsonElement> entries = OfType(lines, "entry");
            Assert.Equal(["put a", "put b", "delete a", "put c", "put d"],
                entries.Select(entry => Text(entry, "kind") + " " + Text(entry, "key")));
            Assert.Equal(Enumerable.Range(0, 5).Select(i => Number(entries[0], "sequence") + i),
                entries.Select(entry => Number(entry, "sequence")));
            Assert.NotEqual(
                Number(entries[0], "keyspaceId"), Number(entries[1], "keyspaceId"));
            Assert.Equal(4, OfType(lines, "commits").Count);
        }
    }

    [Fact]
    public void Dumps_OfAnEntryThatExpires_SayWhenAndShowTheValueAlone()
    {
        using var folder = new CliFolder();
        var until = new DateTimeOffset(2200, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);
        using (LsmStore store = LsmStore.Open(folder.Store))
        {
            store.PutWithExpiry("a"u8, "red"u8, until);
            store.Put("b"u8, "blue"u8);
            AssertExpiry(Json(0, "wal", "dump", folder.FilesOf("*.log")[^1], "--json"));
            store.Flush();
        }
        List<JsonElement> lines = Json(0, "sst", "dump", folder.FilesOf("*.sst")[0], "--json");
        AssertExpiry(lines);
        JsonElement about = OfType(lines, "about")[0];
        Assert.Equal(1, Number(about, "expiring"));
        Assert.Equal("2200-01-02T03:04:05.678Z", Text(about, "firstExpiry"));
        Assert.Equal(3, Number(lines[0], "formatVersion"));
        List<JsonElement> added = OfType(
            Json(0, "manifest", "dump", folder.Store, "--json"), "add");
        Assert.Equal("2200-01-02T03:04:05.678Z", Text(added[^1], "lastExpiry"));
    }

    private static void AssertExpiry(List<JsonElement> lines)
    {
        List<JsonElement> entries = OfType(lines, "entry");
        Assert.Equal(["putWithExpiry", "put"], entries.Select(entry => Text(entry, "kind")));
        Assert.Equal(["red", "blue"], entries.Select(entry => Text(entry, "value")));
        Assert.Equal([3, 4], entries.Select(entry => (int)Number(entry, "valueBytes")));
        Assert.Equal("2200-01-02T03:04:05.678Z", Text(entries[0], "expiry"));
        Assert.Equal(JsonValueKind.Null, entries[1].GetProperty("expiry").ValueKind);
    }

    [Fact]
    public void Dumps_OfARangeDelete_ShowItsEndsAndVerifyFindsItsDamage()
    {
        using var folder = new CliFolder();
        // No room to compact in: the background would take a table that is half tombstones at once.
        using (LsmStore store = LsmStore.Open(
            folder.Store, new StoreOptions { FreeSpaceReserveBytes = 1L << 50 }))
        {
            store.Put("b"u8, "red"u8);
            store.DeleteRange("a"u8, "c"u8);
            AssertRange(Json(0, "wal", "dump", folder.FilesOf("*.log")[^1], "--json"));
            store.Put("x"u8, "blue"u8);
            store.Flush();
        }
        string table = folder.FilesOf("*.sst")[0];
        List<JsonElement> lines = Json(0, "sst", "dump", table, "--json");
        AssertRange(lines);
        Assert.Equal(1, Number(OfType(lines, "about")[0], "rangeDeletes"));
        Assert.Equal(1, Number(OfType(
            Json(0, "manifest", "dump", folder.Store, "--json"), "add")[^1], "rangeDeletes"));
        folder.Must("verify");
        CliFolder.Flip(table, (int)Number(lines[0], "rangesOffset") + 2);
        CliResult damaged = CliFolder.Run("verify", "--db", folder.Store);
        Assert.Equal(1, damaged.Code);
        Assert.Contains(Path.GetFileName(table), damaged.Out, StringComparison.Ordinal);
    }

    private static void AssertRange(List<JsonElement> lines)
    {
        JsonElement range = OfType(lines, "entry").Single(e => Text(e, "kind") == "rangeDelete");
        Assert.Equal("a", Text(range, "key"));
        Assert.Equal("c", Text(range, "value"));
    }

    [Fact]
    public void WalDump_DamageInTheMiddle_IsReportedAndTheRestShown()
    {
        using var folder = new CliFolder();
        string log = CopyOfALog(folder);
        List<JsonElement> whole = Json(0, "wal", "dump", log, "--json");
        JsonElement third = OfType(whole, "record")
            .Where(line => Text(line, "kind") == "data").ElementAt(2);
        int offset = (int)Number(third, "offset");
        CliFolder.Flip(log, offset + 15);
        List<JsonElement> lines = Json(1, "wal", "dump", log, "--json");
        JsonElement damage = Assert.Single(OfType(lines, "damage"));
        Assert.Equal(offset, Number(damage, "offset"));
        Assert.Equal(OfType(whole, "entry").Count - 1, OfType(lines, "entry").Count);
    }

    [Fact]
    public void WalDump_CutEnd_IsTornAndNoDamage()
    {
        using var folder = new CliFolder();
        string log = CopyOfALog(folder);
        JsonElement last = OfType(Json(0, "wal", "dump", log, "--json"), "record")[^1];
        byte[] bytes = File.ReadAllBytes(log);
        int end = (int)(Number(last, "offset") + Number(last, "bytes"));
        File.WriteAllBytes(log, bytes[..(end - 1)]);
        List<JsonElement> lines = Json(0, "wal", "dump", log, "--json");
        JsonElement torn = Assert.Single(OfType(lines, "torn"));
        Assert.Equal(Number(last, "offset"), Number(torn, "offset"));
    }

    [Fact]
    public void WalDump_DamagedHeader_EndsWithOne()
    {
        using var folder = new CliFolder();
        string log = CopyOfALog(folder);
        CliFolder.Flip(log, 20);
        Assert.Equal("damage", TypeOf(Assert.Single(
            Json(1, "wal", "dump", log, "--json"), line => TypeOf(line) != "end")));
    }

    [Fact]
    public void ManifestDump_HealthyStore_AddsUpToItsTables()
    {
        using var folder = new CliFolder();
        Fill(folder);
        List<JsonElement> lines = Json(0, "manifest", "dump", folder.Store, "--json");
        var tables = OfType(lines, "add").Select(line => Number(line, "table")).ToHashSet();
        tables.ExceptWith(OfType(lines, "remove").Select(line => Number(line, "table")));
        Assert.Equal(folder.FilesOf("*.sst").Length, tables.Count);
        Assert.Equal("default", Text(OfType(lines, "keyspace")[0], "name"));
        Assert.Single(OfType(lines, "clean"));
        string file = folder.FilesOf("MANIFEST-*")[0];
        Assert.Equal(
            CliFolder.Run("manifest", "dump", file).Out, folder.Must("manifest", "dump").Out);
        Assert.Contains("options ",
            CliFolder.Run([], true, "manifest", "dump", folder.Store, "--full").Out,
            StringComparison.Ordinal);
    }

    [Fact]
    public void ManifestDump_DamagedEdit_IsReportedAndTheRestShown()
    {
        using var folder = new CliFolder();
        Fill(folder);
        List<JsonElement> whole = Json(0, "manifest", "dump", folder.Store, "--json");
        JsonElement first = OfType(whole, "record")[0];
        CliFolder.Flip(folder.FilesOf("MANIFEST-*")[0], (int)Number(first, "offset") + 20);
        List<JsonElement> lines = Json(1, "manifest", "dump", folder.Store, "--json");
        JsonElement damage = Assert.Single(OfType(lines, "damage"));
        Assert.Equal(Number(first, "offset"), Number(damage, "offset"));
        Assert.Equal(OfType(whole, "record").Count - 1, OfType(lines, "record").Count);
    }

    [Fact]
    public void ManifestDump_DamagedCurrentOrNoStore_EndsWithOne()
    {
        using var folder = new CliFolder();
        Fill(folder);
        CliFolder.Flip(Path.Combine(folder.Store, "CURRENT"), 3);
        Assert.Equal("damage",
            TypeOf(Assert.Single(Json(1, "manifest", "dump", folder.Store, "--json"))));
        Assert.Equal(1, CliFolder.Run("manifest", "dump", folder.Root).Code);
        Assert.Equal(2, CliFolder.Run("manifest", "dump", "a", "b").Code);
    }

    private static void Fill(CliFolder folder)
    {
        string file = folder.Write("in.txt", string.Concat(
            Enumerable.Range(1, Lines).Select(i => ValueOf(i) + "\n")));
        folder.Must("load", file, "--memtable-bytes", "65536");
        folder.Must("compact");
    }

    private static string ValueOf(int line) => $"{line} {new string('x', line % 200)}";

    // A copy, because the store gives its logs up when it is opened again.
    private static string CopyOfALog(CliFolder folder)
    {
        string copy = Path.Combine(folder.Root, "000009.log");
        using LsmStore store = LsmStore.Open(folder.Store);
        for (int i = 0; i < 10; i++)
            store.Put([(byte)('a' + i)], new byte[50]);
        File.Copy(folder.FilesOf("*.log")[^1], copy);
        return copy;
    }

    private static List<JsonElement> Json(int code, params string[] args)
    {
        CliResult result = CliFolder.Run(args);
        Assert.True(result.Code == code, $"ended with {result.Code}: {result.Error}{result.Out}");
        return [.. result.Lines.Select(line => JsonDocument.Parse(line).RootElement)];
    }

    private static List<JsonElement> OfType(List<JsonElement> lines, string type) =>
        [.. lines.Where(line => TypeOf(line) == type)];

    private static bool TypeIs(string line, string type) =>
        line.StartsWith(type + "\t", StringComparison.Ordinal);

    private static string TypeOf(JsonElement line) => Text(line, "type");

    private static string Text(JsonElement line, string name) =>
        line.GetProperty(name).GetString()!;

    private static long Number(JsonElement line, string name) => line.GetProperty(name).GetInt64();
}
