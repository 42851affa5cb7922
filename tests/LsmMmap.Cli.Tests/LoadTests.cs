// load: the three formats, line ends, bad lines, batches, stdin, reports.

using System.Text;
using System.Text.Json;
using LsmMmap.Cli.Loading;

namespace LsmMmap.Cli.Tests;

public sealed class LoadTests
{
    [Fact]
    public void Load_Text_NumbersTheLines()
    {
        using var folder = new CliFolder();
        string file = folder.Write("in.txt", "one\n\ntwo\r\nlast");
        folder.Must("load", file);
        Assert.Equal(
            ["0000000001\tone", "0000000002\t", "0000000003\ttwo", "0000000004\tlast"],
            folder.Must("scan").Lines);
    }

    [Fact]
    public void Load_Tsv_SplitsAtTheFirstTabAndKeepsBackslashes()
    {
        using var folder = new CliFolder();
        string file = folder.Write("in.tsv", "k\\n\tv\tw\n\tempty key\n");
        folder.Must("load", file, "--format", "tsv");
        Assert.Equal(["\tempty key", "k\\\\n\tv\\tw"], folder.Must("scan").Lines);
    }

    [Fact]
    public void Load_Jsonl_TakesKeyAndWholeLine()
    {
        using var folder = new CliFolder();
        const string First = """{"id":"x\u00e9","n":1,"deep":{"id":"no"}}""";
        const string Second = """ {"n":2,"id":42} """;
        string file = folder.Write("in.jsonl", First + "\n" + Second + "\n\n");
        folder.Must("load", file, "--format", "jsonl", "--key-field", "id");
        Assert.Equal(First + "\n", folder.Must("get", "xé").Out);
        Assert.Equal(Second + "\n", folder.Must("get", "42").Out);
    }

    [Fact]
    public void Load_JsonlValueField_TakesTextOrJson()
    {
        using var folder = new CliFolder();
        string file = folder.Write("in.jsonl",
            "{\"key\":\"a\",\"v\":\"text\"}\n{\"v\":{\"x\":[1, 2]},\"key\":\"b\"}\n");
        folder.Must("load", file, "--format", "jsonl", "--value-field", "v");
        Assert.Equal("text\n", folder.Must("get", "a").Out);
        Assert.Equal("{\"x\":[1, 2]}\n", folder.Must("get", "b").Out);
    }

    [Theory]
    [InlineData("tsv", "a\t1\nbad\nc\t3\n", 2)]
    [InlineData("jsonl", "{\"key\":\"a\"}\n{\"key\":\n{\"key\":\"c\"}\n", 2)]
    [InlineData("jsonl", "{\"key\":\"a\"}\n{\"key\":\"b\"} x\n{\"key\":\"c\"}\n", 2)]
    [InlineData("jsonl", "{\"key\":\"a\"}\n[1]\n{\"key\":\"c\"}\n", 2)]
    [InlineData("jsonl", "{\"key\":\"a\"}\n{\"other\":1}\n{\"key\":\"c\"}\n", 2)]
    [InlineData("jsonl", "{\"key\":\"a\"}\n{\"key\":null}\n{\"key\":\"c\"}\n", 2)]
    [InlineData("jsonl", "{\"key\":\"a\"}\n{\"key\":[1]}\n{\"key\":\"c\"}\n", 2)]
    [InlineData("jsonl", "{\"key\":\"a\"}\n{\"key\":\"\\ud800\"}\n{\"key\":\"c\"}\n", 2)]
    public void Load_BadLine_StopsWithItsNumberOrIsSkipped(string format, string text, int line)
    {
        using var folder = new CliFolder();
        string file = folder.Write("in", text);
        CliResult stopped = folder.OnStore("load", file, "--format", format);
        Assert.Equal(1, stopped.Code);
        Assert.Contains($"in:{line}: ", stopped.Error, StringComparison.Ordinal);
        Assert.Equal(["a"], folder.Must("scan", "--keys-only").Lines);

        CliResult skipped = folder.Must("load", file, "--format", format, "--skip-bad", "--json");
        Assert.Contains($"in:{line}: ", skipped.Error, StringComparison.Ordinal);
        JsonElement report = JsonDocument.Parse(skipped.Out).RootElement;
        Assert.Equal(2, report.GetProperty("lines").GetInt64());
        Assert.Equal(1, report.GetProperty("skipped").GetInt64());
        Assert.Equal(["a", "c"], folder.Must("scan", "--keys-only").Lines);
    }

    [Fact]
    public void Load_KeyOverTheLimit_IsABadLine()
    {
        using var folder = new CliFolder();
        string file = folder.Write("in", new string('k', 65_536) + "\tv\nok\tv\n");
        CliResult result = folder.OnStore("load", file, "--format", "tsv", "--skip-bad");
        Assert.Equal(0, result.Code);
        Assert.Contains("in:1: ", result.Error, StringComparison.Ordinal);
        Assert.Equal(["ok"], folder.Must("scan", "--keys-only").Lines);
    }

    [Fact]
    public void Load_BadEscape_IsABadLine()
    {
        using var folder = new CliFolder();
        string file = folder.Write("in", "a\\x4\t1\nb\t\\q\nc\\x41\t\\\\\n");
        CliResult result = folder.OnStore(
            "load", file, "--format", "tsv", "--escaped", "--skip-bad");
        Assert.Equal(0, result.Code);
        Assert.Equal(["cA\t\\\\"], folder.Must("scan").Lines);
    }

    [Fact]
    public void Load_Stdin_WorksWithEveryDurabilityAndBatchSize()
    {
        using var folder = new CliFolder();
        byte[] text = Encoding.UTF8.GetBytes("1\n2\n3\n");
        foreach (string durability in (string[])["buffered", "flushed", "synced"])
            foreach (string batch in (string[])["1", "2", "1000"])
            {
                CliResult result = folder.OnStore(text, "load", "-", "--durability", durability,
                    "--batch", batch, "-k", durability + batch);
                Assert.True(result.Code == 0, result.Error);
                Assert.Contains("lines\t3", result.Lines);
                Assert.Equal(3, folder.Must("scan", "-k", durability + batch).Lines.Length);
            }
    }

    [Fact]
    public void Load_MissingFile_EndsWithOneAndMakesNoStore()
    {
        using var folder = new CliFolder();
        Assert.Equal(1, folder.OnStore("load", Path.Combine(folder.Root, "none")).Code);
        Assert.Equal(1, folder.OnStore("load", folder.Root).Code);
        Assert.False(Directory.Exists(folder.Store));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1 << 20)]
    public void LineReader_AnyChunkSize_FindsTheSameLines(int chunkBytes)
    {
        string[] expected =
            ["", "a", new string('x', 200_000), "", "tail with \r inside", "end"];
        byte[] text = Encoding.UTF8.GetBytes(string.Join('\n', expected));
        var reader = new LineReader(new TricklingStream(text, chunkBytes));
        var lines = new List<string>();
        while (reader.Read())
            lines.Add(Encoding.UTF8.GetString(reader.Line));
        Assert.Equal(expected, lines);
        Assert.Equal(text.Length, reader.BytesConsumed);
        Assert.Equal(expected.Length, reader.LineNumber);
    }

    [Fact]
    public void LineReader_LineOverTheLimit_Throws()
    {
        var reader = new LineReader(new MemoryStream(new byte[300_000]), lineBytesMax: 100_000);
        Assert.Throws<InvalidDataException>(() => reader.Read());
    }

    private sealed class TricklingStream(byte[] bytes, int chunkBytes) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) =>
            base.Read(buffer, offset, Math.Min(count, chunkBytes));
    }
}
