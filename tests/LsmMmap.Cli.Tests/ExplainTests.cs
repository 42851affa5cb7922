// `lsm explain` and `lsm report`: what they say of a store that is known, and that the page is one,
// whatever the keys are.

using System.Text.Json.Nodes;
using LsmMmap.Testing;
using LsmMmap.Workloads.Tests;

namespace LsmMmap.Cli.Tests;

public sealed class ExplainTests : IDisposable
{
    private const string Evil = "<script>document.title='evil'</script><img src=x onerror=1>";

    private readonly CliFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Explain_OfAStoreWithLevels_SaysShapeAndNextStep()
    {
        MakeStore();
        string[] lines = _folder.Must("explain", "--json").Lines;
        JsonNode sheet = JsonNode.Parse(lines[0])!;
        Assert.Equal("default", sheet["keyspace"]!.GetValue<string>());
        Assert.Equal("leveled", sheet["style"]!.GetValue<string>());
        Assert.Equal("nothing is due", sheet["next"]!.GetValue<string>());
        Assert.Equal(3, sheet["tables"]!.GetValue<int>());
        Assert.Equal(3, sheet["sortedRuns"]!.GetValue<int>());
        JsonNode log = JsonNode.Parse(lines[1])!;
        Assert.Equal("log", log["keyspace"]!.GetValue<string>());
        Assert.Equal("retention", log["style"]!.GetValue<string>());
        Assert.Contains("7.00:00:00", log["retention"]!.GetValue<string>(),
            StringComparison.Ordinal);
        JsonNode[] levels = [.. lines.Skip(2).Select(line => JsonNode.Parse(line)!)];
        Assert.Equal([0, 6, 0], levels.Select(level => level["level"]!.GetValue<int>()));
        Assert.Equal(0.5, levels[0]["score"]!.GetValue<double>());
        Assert.Equal(1, levels[0]["tombstones"]!.GetValue<int>());
    }

    [Fact]
    public void Explain_OfADirectoryGivenAlone_IsTheSame()
    {
        MakeStore();
        CliResult result = CliFolder.Run("explain", _folder.Store);
        Assert.Equal(0, result.Code);
        Assert.Equal(_folder.Must("explain").Out, result.Out);
    }

    [Fact]
    public void Explain_WhenLevel0IsFull_NamesTheMergeAndWhy()
    {
        // A reserve that no disk has keeps the merge from being done.
        using (LsmStore store = LsmStore.Open(
            _folder.Store, new StoreOptions { FreeSpaceReserveBytes = 1L << 50 }))
        {
            for (int i = 0; i < 5; i++)
            {
                store.Put("a"u8, "1"u8);
                store.Flush();
            }
        }
        string said = _folder.Must("explain").Out;
        Assert.Contains("merge 5 tables", said, StringComparison.Ordinal);
        Assert.Contains("level 0 holds 5 tables", said, StringComparison.Ordinal);
    }

    [Fact]
    public void Report_OfStrangeKeys_IsEscapedAndComplete()
    {
        MakeStore();
        string page = Report();
        Assert.StartsWith("<!DOCTYPE html>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<img", page, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("&lt;script&gt;", page, StringComparison.Ordinal);
        Assert.Equal(4, page.Split("<g class=\"table\">").Length - 1);
        Assert.DoesNotContain("http://", page, StringComparison.Ordinal);
    }

    [BrowserFact]
    public async Task Report_InABrowser_DrawsEveryTableAndRunsNothing()
    {
        MakeStore();
        Report();
        await using Browser browser = await Browser.Start(
            Browser.Find()!, Path.Combine(_folder.Root, "profile"));
        await browser.Open(Path.Combine(_folder.Root, "page.html"), 390, isDark: false);
        Assert.Equal("4", await browser.Ask("document.querySelectorAll('svg g.table').length"));
        Assert.Equal("0", await browser.Ask("document.querySelectorAll('script, img').length"));
        Assert.Equal("store: tables", await browser.Ask("document.title"));
        Assert.Equal("true", await browser.Ask(
            "[...document.querySelectorAll('rect.bar')].every("
            + "bar => bar.getBoundingClientRect().width > 0)"));
        Assert.Equal("true", await browser.Ask(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"));
    }

    [Fact]
    public void Report_OfTombstonesAndAWaitingMerge_DrawsAgeTombstonesAndWhatIsNext()
    {
        var clock = new ManualTimeProvider();
        using (LsmStore store = LsmStore.Open(_folder.Store, new StoreOptions
        {
            FreeSpaceReserveBytes = 1L << 50,
            TimeProvider = clock,
        }))
        {
            for (int i = 0; i < 5; i++)
            {
                store.Put("a"u8, "1"u8);
                if (i == 4)
                    store.DeleteRange("b"u8, "c"u8);
                store.Flush();
                clock.Advance(TimeSpan.FromHours(1));
            }
        }
        string page = Report();
        Assert.Equal(5, Count(page, "class=\"next\""));
        Assert.Contains("50 % tombstones", page, StringComparison.Ordinal);
        Assert.Equal(1, Count(page, "height=\"9\" opacity=\"0.50\"/>"));
        // From the oldest to the newest in even steps.
        foreach (string strength in (string[])["0.35", "0.51", "0.68", "0.84", "1.00"])
            Assert.Equal(1, Bars(page, strength));
        Assert.Equal(5, Count(page, "class=\"warm\""));
        JsonNode level = JsonNode.Parse(_folder.Must("explain", "--json").Lines[1])!;
        Assert.Equal(1, level["tombstones"]!.GetValue<int>());
    }

    [Fact]
    public void Report_OfAStoreThatWorked_DrawsWhatItCostOverTime()
    {
        MakeStore();
        string page = Report();
        // Two keyspaces; three lines each, where something changed more than once.
        Assert.Equal(2, Count(page, "<h3>Over time</h3>"));
        Assert.Equal(6, Count(page, "<svg class=\"history\""));
        Assert.Contains("4 changes since this MANIFEST began", page);
        Assert.Contains("sorted runs: 3.00 at the end, 3.00 at most", page);
    }

    [Fact]
    public void Report_OfAStoreJustOpened_SaysThatNothingChanged()
    {
        MakeStore();
        LsmStore.Open(_folder.Store).Dispose();
        string page = Report();
        Assert.DoesNotContain("<svg class=\"history\"", page);
        Assert.Equal(2, Count(page, "No change since this MANIFEST began."));
    }

    private static int Bars(string page, string opacity) => page.Split('\n').Count(line =>
        line.Contains("class=\"bar\"", StringComparison.Ordinal)
        && line.Contains($"opacity=\"{opacity}\"", StringComparison.Ordinal));

    private static int Count(string text, string part) =>
        text.Split(part).Length - 1;

    private string Report()
    {
        string file = Path.Combine(_folder.Root, "page.html");
        CliResult result = _folder.Must("report", "--html", file);
        Assert.Equal("", result.Out);
        return File.ReadAllText(file);
    }

    private void MakeStore()
    {
        using LsmStore store = LsmStore.Open(_folder.Store);
        store.Put("a"u8, "1"u8);
        store.Put("m"u8, "1"u8);
        store.Compact();
        store.Put(System.Text.Encoding.UTF8.GetBytes(Evil), "1"u8);
        store.Flush();
        store.Delete("m"u8);
        store.Flush();
        Keyspace log = store.GetKeyspace("log", new KeyspaceOptions
        {
            Retention = new Retention { Bytes = 1 << 20, Age = TimeSpan.FromDays(7) },
        });
        log.Put([0, 255, 10], "1"u8);
        log.Flush();
    }
}
