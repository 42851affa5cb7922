// The report says what results.json says. Each test was seen to fail: with the cell of p99 taking
// p50's value the figures differ from the JSON; with the bars fed from LowestPerSecond their texts
// differ; with the bars of invalid rows left in there is one too many.

using System.Text.Json;
using System.Text.RegularExpressions;
using LsmMmap.Testing;
using LsmMmap.Workloads.Reporting;
using LsmMmap.Workloads.Results;

namespace LsmMmap.Workloads.Tests;

public sealed class ReportPageTests
{
    private static readonly ResultFile s_result = SampleResult.Create();
    private static readonly string s_page = ReportPage.Write(s_result);

    [Fact]
    public void Figure_InThePage_IsThatOfTheJson()
    {
        Check(s_page, s_result);
    }

    [Fact]
    public void Bars_OfEveryWorkload_CarryTheValuesOfTheJson()
    {
        foreach (WorkloadInfo workload in s_result.Workloads)
        {
            string chart = Regex.Match(
                s_page, $"<figure data-chart=\"bars/{workload.Name}\">.*?</figure>",
                RegexOptions.Singleline).Value;
            string[] texts = [.. Regex.Matches(chart, "<text[^>]*>([^<]*)</text>")
                .Select(match => match.Groups[1].Value.Trim())];
            Row[] rows = [.. s_result.Rows.Where(
                row => row.Workload == workload.Name && row.Valid)];
            foreach (Row row in rows)
                Assert.Contains(Figures.Rate(row.Median.OperationsPerSecond), texts);
            Assert.Equal(
                rows.Length, texts.Count(text => s_result.Engines.Any(e => e.Name == text)));
        }
    }

    [Fact]
    public void Row_ThatIsInvalid_IsMarkedAndNotCompared()
    {
        Assert.Contains("12 hits instead of 13", s_page);
        Assert.Contains("<td class=\"lose\">invalid</td>", s_page);
        Assert.DoesNotContain("rows/readrandom/sqlite/", s_page);
    }

    [Fact]
    public void Engine_ThatTookNoPart_IsNamedWithTheReason()
    {
        Assert.Contains("LMDB took no part: its native library does not load here", s_page);
        Assert.Contains("no control group", s_page);
    }

    [Fact]
    public void Page_AsAWhole_NeedsNothingBesideItself()
    {
        Assert.DoesNotMatch("(src|href)=\"(?!#)", s_page);
        Assert.DoesNotContain("@import", s_page);
        Assert.DoesNotContain("<script", s_page);
        Assert.Contains("A &lt;CPU&gt;", s_page);
        Assert.Contains("prefers-color-scheme: dark", s_page);
        Assert.Contains("width=device-width", s_page);
    }

    [Fact]
    public void Picture_OfAReadme_IsWholeXmlWithBothColours()
    {
        using var folder = new TemporaryFolder();
        ReadmePictures.Write(s_result, folder.Path);
        string[] files = Directory.GetFiles(folder.Path, "*.svg");
        Assert.True(files.Length >= 3, $"{files.Length} pictures");
        foreach (string file in files)
        {
            string text = File.ReadAllText(file);
            System.Xml.Linq.XDocument.Parse(text);
            Assert.Contains("prefers-color-scheme:dark", text);
        }
        string ratios = File.ReadAllText(Path.Combine(folder.Path, "ratios.svg"));
        foreach (Comparison comparison in s_result.Comparisons)
            Assert.Contains(Figures.Ratio(comparison.Ratio), ratios);
    }

    /// <summary>Every figure of a page, against the JSON as it is written to disk.</summary>
    internal static void Check(string page, ResultFile result)
    {
        using JsonDocument json = JsonDocument.Parse(
            JsonSerializer.Serialize(result, ResultFile.Json));
        IReadOnlyList<PageFigure> figures = PageFigure.In(page);
        Assert.True(figures.Count > 50, $"{figures.Count} figures in the page");
        foreach (PageFigure figure in figures)
        {
            double expected = figure.In(json.RootElement);
            Assert.True(expected == figure.Value,
                $"{figure.Source} is {expected} in the JSON and {figure.Value} in the page");
            // Three digits are shown.
            Assert.True(
                Math.Abs(figure.ShownValue() - expected) <= Math.Abs(expected) * 0.006,
                $"{figure.Source} is {expected} and is shown as {figure.Shown}");
        }
    }
}
