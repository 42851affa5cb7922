// The report in a real browser: its figures are still those of the JSON, nothing is wider than a
// phone, and the night turns it dark. Seen to fail: without `overflow-x` on tables the page is
// wider than the screen; with a white ground by night, and without the rule for the drawings' ink.

using System.Globalization;
using LsmMmap.Testing;
using LsmMmap.Workloads.Reporting;
using LsmMmap.Workloads.Results;

namespace LsmMmap.Workloads.Tests;

public sealed class BrowserTests
{
    private const int PhonePixels = 390;
    private const int TextPixelsMin = 10;

    [BrowserFact]
    public async Task Page_OnAPhone_ShowsTheFiguresOfTheJson()
    {
        using var folder = new TemporaryFolder();
        (ResultFile result, string path) = Write(folder);
        await using Browser browser = await Browser.Start(
            Browser.Find()!, folder["profile"]);
        await browser.Open(path, PhonePixels, isDark: false);
        await browser.Keep("phone-by-day");
        ReportPageTests.Check(await browser.Ask("document.body.outerHTML"), result);
        Assert.Equal(
            PhonePixels.ToString(CultureInfo.InvariantCulture),
            await browser.Ask("document.documentElement.scrollWidth"));
        // As it appears on the screen, not as it was drawn.
        string height = await browser.Ask(
            "Math.min(...[...document.querySelectorAll('svg text')]"
            + ".map(text => text.getBoundingClientRect().height))");
        Assert.True(
            double.Parse(height, CultureInfo.InvariantCulture) >= TextPixelsMin,
            $"the smallest text of a picture is {height} pixels high");
    }

    [BrowserFact]
    public async Task Page_AtNight_IsDarkWithLightText()
    {
        using var folder = new TemporaryFolder();
        (_, string path) = Write(folder);
        await using Browser browser = await Browser.Start(
            Browser.Find()!, folder["profile"]);
        await browser.Open(path, PhonePixels, isDark: true);
        await browser.Keep("phone-by-night");
        Assert.Equal(
            "rgb(13, 17, 23)",
            await browser.Ask("getComputedStyle(document.body).backgroundColor"));
        string inks = await browser.Ask(
            "[...new Set([...document.querySelectorAll('svg text')]"
            + ".map(text => getComputedStyle(text).fill))].join(';')");
        Assert.Equal("rgb(230, 237, 243)", inks);
    }

    private static (ResultFile Result, string Path) Write(TemporaryFolder folder)
    {
        ResultFile result = SampleResult.Create();
        string path = folder["report.html"];
        File.WriteAllText(path, ReportPage.Write(result));
        Directory.CreateDirectory(folder["profile"]);
        return (result, path);
    }
}
