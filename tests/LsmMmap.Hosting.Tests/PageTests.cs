// docs/hosting.md says which options there are and what is logged. What the code has and what the
// page has are the same.

using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace LsmMmap.Hosting.Tests;

public sealed partial class PageTests
{
    [Fact]
    public void Options_OfThePage_AreThoseThatAreRead()
    {
        string[] keys = [.. Rows("key").Select(r => r[0])];
        foreach (string key in keys)
        {
            // A value of the wrong form is a problem of a key that is known.
            string full = key == "DefaultKeyspace:CompressionPerLevel" ? key + ":0" : key;
            string? problem = Problems((full, "?")).SingleOrDefault();
            Assert.DoesNotContain("is not an option", problem ?? "", StringComparison.Ordinal);
        }
        string all = string.Join(' ',
            Problems(("?", "1"), ("DefaultKeyspace:?", "1"), ("DefaultKeyspace:Retention:?", "1")));
        string[] read =
            [.. ListOfOptions().Matches(all).SelectMany(m => m.Groups[1].Value.Split(", "))
                .Select(k => k.Split(' ')[0])];
        Assert.Equal(
            read.Except(["DefaultKeyspace", "Retention"]).Order(StringComparer.Ordinal),
            keys.Select(k => k.Split(':')[^1]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Lines_OfThePage_AreThoseThatAreLogged()
    {
        string[] logged =
        [
            .. LogLine.All.Select(l => Row(l.Id, l.Category, l.Level)),
            Row(LogLine.NotSettled, LogLine.Lifetime, LogLevel.Warning),
        ];
        Assert.Equal(logged, Rows("id").Select(r => string.Join(' ', r)));

        static string Row(EventId id, string category, LogLevel level) =>
            $"{id.Id} {id.Name} {category} {level}";
    }

    [GeneratedRegex(@"there are ((?:\w+(?:, )?)+)")]
    private static partial Regex ListOfOptions();

    private static List<string> Problems(params (string Key, string Value)[] settings)
    {
        IConfiguration configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(
                s => KeyValuePair.Create("LsmMmap:x:" + s.Key, (string?)s.Value)))
            .Build();
        var options = new LsmStoreOptions();
        ConfigurationKeys.Read(configuration.GetSection("LsmMmap:x"), options);
        return options.Problems;
    }

    /// <summary>The rows of the table whose first column has this title, without marks.</summary>
    private static IEnumerable<string[]> Rows(string title)
    {
        bool inside = false;
        foreach (string line in File.ReadAllLines(Page()))
        {
            if (line.StartsWith($"| {title} |", StringComparison.Ordinal))
                inside = true;
            else if (!line.StartsWith('|'))
                inside = false;
            else if (inside && !line.StartsWith("|--", StringComparison.Ordinal))
                yield return [.. line.Trim('|').Split('|').Select(c => c.Trim().Trim('`'))];
        }
    }

    private static string Page()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at != null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "LsmMmap.sln")))
                return Path.Combine(at.FullName, "docs", "hosting.md");
        }
        throw new InvalidOperationException("no LsmMmap.sln above the tests");
    }
}
