// What a House test found wrong: one line a finding, with the place and what to do instead. A test
// gathers all of them and fails once, so that a tidy-up takes one run.

using Microsoft.CodeAnalysis;

namespace LsmMmap.House.Tests;

internal sealed class Findings
{
    private const int LinesShownMax = 100;

    private readonly List<string> _lines = [];

    public void Add(string path, int line, string what) => _lines.Add($"{path}:{line}: {what}");

    public void Add(SourceFile file, SyntaxNode node, string what) =>
        Add(file.Path, SourceFile.LineOf(node), what);

    public void Add(SourceFile file, SyntaxTrivia trivia, string what) =>
        Add(file.Path, SourceFile.LineOf(trivia), what);

    public void Add(string what) => _lines.Add(what);

    public void AssertNone(string rule)
    {
        if (_lines.Count == 0)
            return;
        string[] sorted = [.. _lines.Distinct().OrderBy(l => l, StringComparer.Ordinal)];
        string shown = string.Join(Environment.NewLine, sorted.Take(LinesShownMax));
        int more = Math.Max(0, sorted.Length - LinesShownMax);
        string rest = more == 0 ? "" : $"{Environment.NewLine}and {more} more";
        Assert.Fail($"{rule}{Environment.NewLine}{shown}{rest}");
    }
}
