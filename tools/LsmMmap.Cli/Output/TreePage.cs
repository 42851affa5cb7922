// A store's trees as one HTML page without scripts or other files. Every keyspace is a drawing:
// down the levels, across the keys in their order (places, not distances: each bound of a table
// is one step), a bar for each table. Tables of level 0 that overlap stand below each other. The
// paler a bar, the older its table; the redder, the more of its entries are tombstones; the line
// under it is the part of it that the page cache holds. Those that would be compacted or dropped
// next have a frame. Below it, what the tree cost over time (HistoryDrawing).
//
// Keys and names are strangers' bytes: escaped as everywhere in this tool, then for HTML.

using System.Globalization;
using System.Net;
using System.Text;
using LsmMmap.Engine.Compaction;
using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Cli.Output;

internal sealed class TreePage
{
    private const int TablesMax = 2_000;
    private const int Width = 1_000;
    private const int Left = 70;
    private const int LaneHeight = 16;

    private const string Style = """
        :root { --ink: #1f2328; --soft: #57606a; --line: #d8dee4; --ground: #fff; --bar: #6e9fd4; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9da7b3;
          --line: #3d444d; --ground: #0d1117; --bar: #31598a; } }
        body { margin: 0; background: var(--ground); color: var(--ink);
          font: 16px/1.45 system-ui, sans-serif; }
        main { max-width: 1100px; margin: 0 auto; padding: 1rem; }
        h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
        h3 { font-size: 1rem; } p, h1, h2 { overflow-wrap: anywhere; }
        svg { display: block; width: 100%; height: auto; }
        svg text { fill: var(--soft); font-size: 12px; }
        .bar { fill: var(--bar); } .dead { fill: #cf222e; } .warm { fill: #1a7f37; }
        .next { fill: none; stroke: var(--ink); stroke-width: 1.5; }
        .history polyline { fill: none; stroke: var(--bar); stroke-width: 2; }
        .history .axis { fill: none; stroke: var(--line); }
        .wide { overflow-x: auto; }
        table { border-collapse: collapse; font-size: 0.85rem;
          font-variant-numeric: tabular-nums; }
        th, td { padding: 0.2rem 0.6rem; text-align: right; white-space: nowrap;
          border-bottom: 1px solid var(--line); }
        """;

    private static readonly Comparer<byte[]> s_byKey = Comparer<byte[]>.Create(
        static (a, b) => a.AsSpan().SequenceCompareTo(b));

    private readonly StringBuilder _page = new();
    private readonly DateTimeOffset _now;

    private TreePage(DateTimeOffset now) => _now = now;

    public static string Write(
        string store, IReadOnlyList<TreeExplanation> trees,
        IReadOnlyDictionary<string, IReadOnlyList<TreePoint>> history, DateTimeOffset now)
    {
        var page = new TreePage(now);
        page.Line("<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">");
        page.Line("<meta http-equiv=\"Content-Security-Policy\" "
            + "content=\"default-src 'none'; style-src 'unsafe-inline'\">");
        page.Line("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
        page.Line($"<title>{Html(store)}: tables</title><style>{Style}</style></head>");
        page.Line($"<body><main><h1>{Html(store)}</h1>");
        page.Line($"<p>As of {now.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC. Bars are tables, placed "
            + "by their keys; pale ones are old, red is the part of tombstones, the green line "
            + "below what is in the page cache, a frame what comes next.</p>");
        foreach (TreeExplanation tree in trees)
            page.Tree(tree, history.GetValueOrDefault(tree.Keyspace, []));
        page.Line("</main></body></html>");
        return page._page.ToString();
    }

    private static string Html(string text) =>
        WebUtility.HtmlEncode(ByteText.Escape(Encoding.UTF8.GetBytes(text)));

    private static string Html(byte[] key) => WebUtility.HtmlEncode(ByteText.Shorten(key, 40));

    private void Line(FormattableString text) =>
        _page.Append(text.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private void Line(string text) => _page.Append(text).Append('\n');

    private void Tree(TreeExplanation tree, IReadOnlyList<TreePoint> history)
    {
        Line($"<section><h2>{Html(tree.Keyspace)}</h2>");
        long bytes = tree.Tables.Sum(static table => table.Info.FileBytes);
        long resident = tree.Tables.Sum(static table => Math.Max(0, table.ResidentBytes));
        Line($"<p>{tree.Style}; {Html(TreeExplanation.KeptOf(tree.Options))}. Next: "
            + $"{Html(tree.Next)}.</p>");
        Line($"<p>{Quantity.Count(tree.Tables.Count, "table")}, {Quantity.Size(bytes)}, "
            + $"{Quantity.Size(resident)} in the page cache; a get asks at most "
            + $"{Quantity.Count(tree.RunCount, "table")}; space amplification at worst "
            + $"{tree.SpaceAmplification:0.00}.</p>");
        if (tree.Tables.Count > 0)
        {
            Levels(tree);
            ExplainedTable[] shown = [.. tree.Tables.TakeLast(TablesMax)];
            if (shown.Length < tree.Tables.Count)
                Line($"<p>Only the newest {Quantity.Count(shown.Length)} are drawn.</p>");
            Drawing(shown, [.. tree.NextTables]);
            Listing(shown);
        }
        Line("<h3>Over time</h3>");
        Line(HistoryDrawing.Write(history));
        Line("</section>");
    }

    private void Levels(TreeExplanation tree)
    {
        Line("<div class=\"wide\"><table class=\"levels\"><thead><tr><th>level</th>"
            + "<th>tables</th><th>size</th><th>target</th><th>score</th><th>entries</th>"
            + "<th>tombstones</th></tr></thead><tbody>");
        foreach (ExplainedLevel level in tree.Levels)
            Line($"<tr><td>{level.Level}</td><td>{Quantity.Count(level.TableCount)}</td>"
                + $"<td>{Quantity.Size(level.Bytes)}</td><td>{Quantity.Size(level.TargetBytes)}"
                + $"</td><td>{level.Score:0.00}</td><td>{Quantity.Count(level.EntryCount)}</td>"
                + $"<td>{Quantity.Count(level.TombstoneCount)}</td></tr>");
        Line("</tbody></table></div>");
    }

    private void Drawing(ExplainedTable[] tables, HashSet<long> next)
    {
        var keys = new SortedSet<byte[]>(s_byKey);
        foreach (ExplainedTable table in tables)
        {
            keys.Add(table.Info.SmallestKey);
            keys.Add(table.Info.LargestKey);
        }
        byte[][] bounds = [.. keys];
        long[] times = [.. tables.Select(static t => t.Info.WrittenAtMs).Where(static t => t > 0)];
        var ages = new AgeScale(times.DefaultIfEmpty().Min(), times.DefaultIfEmpty().Max());
        int lanes = tables.Count(static table => table.Level == 0)
            + tables.Where(static t => t.Level > 0).Select(static t => t.Level).Distinct().Count();
        Line($"<svg viewBox=\"0 0 {Width} {lanes * LaneHeight + 20}\" role=\"img\" "
            + $"aria-label=\"tables by level and key\">");
        int lane = 0;
        int lastLevel = 0;
        // Newest first from the top, as a get asks them.
        foreach (ExplainedTable table in tables.OrderBy(static t => t.Level)
            .ThenByDescending(static t => t.Info.LargestSequence))
        {
            bool isNew = table.Level == 0 || table.Level != lastLevel;
            lane += isNew ? 1 : 0;
            if (isNew && (lane == 1 || table.Level != lastLevel))
                Line($"<text x=\"0\" y=\"{lane * LaneHeight}\">level {table.Level}</text>");
            lastLevel = table.Level;
            Bar(table, bounds, ages, lane, next.Contains(table.Info.Number));
        }
        Line("</svg>");
    }

    private void Bar(
        ExplainedTable table, byte[][] bounds, AgeScale ages, int lane, bool isNext)
    {
        double step = (double)(Width - Left) / bounds.Length;
        double x = Left + step * Place(bounds, table.Info.SmallestKey);
        double end = Left + step * (Place(bounds, table.Info.LargestKey) + 1);
        double width = Math.Max(0.5, end - x - 0.5);
        int y = lane * LaneHeight - 10;
        TableInfo info = table.Info;
        double warm = Math.Clamp((double)table.ResidentBytes / info.FileBytes, 0, 1);
        Line($"<g class=\"table\"><title>table {info.Number}: {Html(info.SmallestKey)} to "
            + $"{Html(RangeTombstones.Stated(info.LargestKey))}, {Quantity.Size(info.FileBytes)}, "
            + $"{info.DeleteShare:P0} tombstones, {warm:P0} in memory, {Age(info)}</title>");
        Line($"<rect class=\"bar\" x=\"{x:0.0}\" y=\"{y}\" width=\"{width:0.0}\" height=\"9\" "
            + $"opacity=\"{ages.Strength(info):0.00}\"/>");
        Line($"<rect class=\"dead\" x=\"{x:0.0}\" y=\"{y}\" width=\"{width:0.0}\" height=\"9\" "
            + $"opacity=\"{info.DeleteShare:0.00}\"/>");
        Line($"<rect class=\"warm\" x=\"{x:0.0}\" y=\"{y + 10}\" width=\"{width * warm:0.0}\" "
            + $"height=\"2\"/>");
        if (isNext)
            Line($"<rect class=\"next\" x=\"{x:0.0}\" y=\"{y}\" width=\"{width:0.0}\" "
                + $"height=\"9\"/>");
        Line("</g>");
    }

    private void Listing(ExplainedTable[] tables)
    {
        Line("<details><summary>every table, oldest first</summary><div class=\"wide\">"
            + "<table><thead><tr><th>table</th><th>level</th><th>smallest key</th>"
            + "<th>largest key</th><th>size</th><th>entries</th><th>tombstones</th>"
            + "<th>in memory</th><th>age</th></tr></thead><tbody>");
        foreach ((int level, TableInfo info, long resident) in tables)
            Line($"<tr><td>{info.Number}</td><td>{level}</td><td>{Html(info.SmallestKey)}</td>"
                + $"<td>{Html(RangeTombstones.Stated(info.LargestKey))}</td>"
                + $"<td>{Quantity.Size(info.FileBytes)}</td>"
                + $"<td>{Quantity.Count(info.EntryCount)}</td>"
                + $"<td>{Quantity.Count(info.TombstoneCount)}</td>"
                + $"<td>{(resident < 0 ? "unknown" : Quantity.Size(resident))}</td>"
                + $"<td>{Age(info)}</td></tr>");
        Line("</tbody></table></div></details>");
    }

    private string Age(TableInfo info) => info.WrittenAtMs == 0 ? "age unknown"
        : Quantity.Time(_now - DateTimeOffset.FromUnixTimeMilliseconds(
            Math.Min(info.WrittenAtMs, _now.ToUnixTimeMilliseconds()))) + " old";

    private static int Place(byte[][] bounds, byte[] key) =>
        Array.BinarySearch(bounds, key, s_byKey);

    /// <summary>When the oldest and the newest table of a drawing were written, in milliseconds
    /// of Unix time.</summary>
    private readonly record struct AgeScale(long OldestMs, long NewestMs)
    {
        private const double Palest = 0.35;

        /// <summary>How opaque a table of this age is drawn; palest when nobody noted it.
        /// </summary>
        public double Strength(TableInfo info) => info.WrittenAtMs == 0 ? Palest
            : NewestMs == OldestMs ? 1
            : Palest + (1 - Palest) * (info.WrittenAtMs - OldestMs) / (NewestMs - OldestMs);
    }
}
