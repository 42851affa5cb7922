// scan: every bound and combination against a plain filter of the same keys, the three formats,
// the round trip through load, and what a terminal shows.

using System.Text.Json;
using LsmMmap.Cli.Commands;

namespace LsmMmap.Cli.Tests;

public sealed class ScanTests
{
    private static readonly string[] s_keys = ["a", "ab", "abc", "b", "ba", "c", "ü"];

    [Theory]
    [InlineData("", "a ab abc b ba c ü")]
    [InlineData("--reverse", "ü c ba b abc ab a")]
    [InlineData("--from ab", "ab abc b ba c ü")]
    [InlineData("--to b", "a ab abc")]
    [InlineData("--from ab --to b", "ab abc")]
    [InlineData("--prefix ab", "ab abc")]
    [InlineData("--prefix ab --reverse", "abc ab")]
    [InlineData("--prefix a --from ab", "ab abc")]
    [InlineData("--prefix a --to abc", "a ab")]
    [InlineData("--prefix b --from a --to zzz", "b ba")]
    [InlineData("--prefix b --to a", "")]
    [InlineData("--from c --to a", "")]
    [InlineData("--limit 2", "a ab")]
    [InlineData("--limit 2 --reverse", "ü c")]
    [InlineData("--limit 0", "")]
    [InlineData("--hex --prefix c3", "ü")]
    [InlineData("--hex --from 0x6161", "ab abc b ba c ü")]
    public void Scan_Bounds_ListsExactlyThoseKeys(string options, string expected)
    {
        using var folder = new CliFolder();
        foreach (string key in s_keys)
            folder.Must("put", key, "v" + key);
        string[] args = options.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string[] keys = expected.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(keys, folder.Must("scan", [.. args, "--keys-only"]).Lines);
        Assert.Equal(keys.Select(key => key + "\tv" + key), folder.Must("scan", args).Lines);
    }

    [Fact]
    public void Scan_AwkwardBytes_StayOneLineAndComeBackThroughLoad()
    {
        using var folder = new CliFolder();
        folder.Must("put", "6b09ff0a", "00015c740d0ac285e280a8", "--hex", "--value-hex");
        CliResult scan = folder.Must("scan");
        Assert.Equal(
            ["k\\t\\xff\\n\t\\x00\\x01\\\\t\\r\\n\\xc2\\x85\\xe2\\x80\\xa8"], scan.Lines);
        string[] load = ["-", "--format", "tsv", "--escaped", "--keyspace", "copy"];
        Assert.Equal(0, folder.OnStore(scan.OutBytes, "load", load).Code);
        Assert.Equal(scan.Out, folder.Must("scan", "--keyspace", "copy").Out);
    }

    [Fact]
    public void Scan_Jsonl_ComesBackThroughLoad()
    {
        using var folder = new CliFolder();
        folder.Must("put", "a\"\\\t<", "{\"x\":1}\n");
        folder.Must("put", "b", "");
        CliResult scan = folder.Must("scan", "--format", "jsonl");
        JsonElement first = JsonDocument.Parse(scan.Lines[0]).RootElement;
        Assert.Equal("a\"\\\t<", first.GetProperty("key").GetString());
        Assert.Equal("{\"x\":1}\n", first.GetProperty("value").GetString());
        Assert.Equal(scan.Out, folder.Must("scan", "--json").Out);
        string[] load = ["-", "--format", "jsonl", "--value-field", "value", "-k", "copy"];
        Assert.Equal(0, folder.OnStore(scan.OutBytes, "load", load).Code);
        Assert.Equal(scan.Out, folder.Must("scan", "--json", "-k", "copy").Out);
    }

    [Fact]
    public void Scan_Hex_PrintsBothAsHexadecimal()
    {
        using var folder = new CliFolder();
        folder.Must("put", "a", "xy");
        Assert.Equal("61\t7879\n", folder.Must("scan", "--format", "hex").Out);
        Assert.Equal("61\n", folder.Must("scan", "--format", "hex", "--keys-only").Out);
    }

    [Fact]
    public void Scan_OnTerminal_CutsLongValuesUnlessFull()
    {
        using var folder = new CliFolder();
        folder.Must("put", "key", new string('x', 500));
        string[] scan = ["scan", "--db", folder.Store];
        string cut = CliFolder.Run([], asTerminal: true, scan).Out;
        Assert.Contains("…", cut, StringComparison.Ordinal);
        Assert.True(cut.Length < 130, cut);
        string full = CliFolder.Run([], asTerminal: true, [.. scan, "--full"]).Out;
        Assert.Contains(new string('x', 500), full, StringComparison.Ordinal);
    }

    [Fact]
    public void Scan_ManyEntries_KeepsOrderAndCount()
    {
        using var folder = new CliFolder();
        string file = folder.Write("lines.txt", string.Concat(
            Enumerable.Range(1, 20_000).Select(i => $"line {i}\n")));
        folder.Must("load", file, "--memtable-bytes", "65536");
        string[] lines = folder.Must("scan").Lines;
        Assert.Equal(Enumerable.Range(1, 20_000).Select(i => $"{i:D10}\tline {i}"), lines);
        Assert.Equal(lines.Reverse(), folder.Must("scan", "-r").Lines);
    }

    [Theory]
    [InlineData("61", "62")]
    [InlineData("61ff", "62")]
    [InlineData("61ffff", "62")]
    [InlineData("ff", "")]
    [InlineData("ffff", "")]
    [InlineData("", "")]
    [InlineData("00", "01")]
    public void Successor_OfPrefix_IsTheFirstKeyBeyond(string prefix, string expected) =>
        Assert.Equal(expected, Convert.ToHexStringLower(
            ScanBounds.Successor(Convert.FromHexString(prefix))));

    [Fact]
    public void Successor_RandomPrefixes_BoundsExactlyTheirKeys()
    {
        int seed = Seed.Value;
        var random = new Random(seed);
        for (int round = 0; round < 2000; round++)
        {
            byte[] prefix = new byte[random.Next(1, 4)];
            byte[] key = new byte[random.Next(0, 6)];
            foreach (byte[] bytes in (byte[][])[prefix, key])
                for (int i = 0; i < bytes.Length; i++)
                    bytes[i] = (byte)(random.Next(3) * 127 + random.Next(2));
            CursorOptions bounds = ScanBounds.Of([], [], prefix);
            bool inside = key.AsSpan().SequenceCompareTo(bounds.LowerBound.Span) >= 0
                && (bounds.UpperBound.IsEmpty
                    || key.AsSpan().SequenceCompareTo(bounds.UpperBound.Span) < 0);
            Assert.True(inside == key.AsSpan().StartsWith(prefix),
                $"seed {seed}: prefix {Convert.ToHexString(prefix)}, key "
                + Convert.ToHexString(key));
        }
    }
}
