// docs/observability.md says what there is to hear: every instrument with its kind, unit and
// attributes, every event with id, level, keyword and payload, every activity. What the code has
// and what the page has are the same.
// Threads: opens a store and listens to the process's meter, so this class runs alone.

using System.Diagnostics.Metrics;
using System.Diagnostics.Tracing;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using LsmMmap.Engine.Telemetry;

namespace LsmMmap.House.Tests;

[Collection("Alone")]
public sealed class ObservabilityTests
{
    private const string Page = "docs/observability.md";

    [Fact]
    public void Instruments_OfTheMeter_AreThoseOfThePage()
    {
        List<string> made = [];
        using MeterListener listener = Listen(made);
        RuntimeHelpers.RunClassConstructor(typeof(StoreMeter).TypeHandle);
        AssertSame(Rows("instrument").Select(r => $"{r[0]} {r[1]} {r[2]}"), made);
    }

    [Fact]
    public void Attributes_OfPoints_AreThoseOfThePage()
    {
        Dictionary<string, HashSet<string>> seen = [];
        using MeterListener listener = Listen([]);
        void Hear(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (!seen.TryGetValue(instrument.Name, out HashSet<string>? names))
                seen.Add(instrument.Name, names = []);
            foreach (KeyValuePair<string, object?> tag in tags)
                names.Add(tag.Key);
        }
        listener.SetMeasurementEventCallback<long>((i, _, tags, _) => Hear(i, tags));
        listener.SetMeasurementEventCallback<double>((i, _, tags, _) => Hear(i, tags));
        string folder = Directory.CreateTempSubdirectory("lsm-observed-").FullName;
        try
        {
            using LsmStore store = LsmStore.Open(folder, new StoreOptions { MeasureReads = true });
            store.Put([1], [1]);
            Assert.NotNull(store.Get([1]));
            listener.RecordObservableInstruments();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        Findings findings = new();
        foreach (string[] row in Rows("instrument"))
        {
            // What the system does not tell has no point.
            if (!seen.TryGetValue(row[0], out HashSet<string>? names))
                continue;
            names.Remove(StoreTags.Store);
            foreach (string name in names.Where(n => !row[4].Contains($"`{n}`")))
                findings.Add($"{Page}: {row[0]} has the attribute {name}");
            foreach (Match match in Regex.Matches(row[4], "`([a-z_.]+)`"))
            {
                if (!names.Contains(match.Groups[1].Value) && !row[4].Contains("error.type"))
                    findings.Add($"{Page}: {row[0]} has no attribute {match.Groups[1].Value}");
            }
        }
        findings.AssertNone("the page names the attributes of every instrument");
    }

    [Fact]
    public void Events_OfTheSource_AreThoseOfThePage()
    {
        List<string> made = [];
        foreach (MethodInfo method in typeof(StoreEventSource).GetMethods())
        {
            if (method.GetCustomAttribute<EventAttribute>() is not { } its)
                continue;
            string keyword = typeof(StoreEventSource.Keywords).GetFields()
                .Single(f => its.Keywords.Equals(f.GetRawConstantValue() is long bits
                    ? (EventKeywords)bits : EventKeywords.None)).Name;
            string payload = string.Join(", ", method.GetParameters().Select(p => $"`{p.Name}`"));
            made.Add($"{its.EventId} `{method.Name}` {its.Level} `{keyword}` {payload}");
        }
        AssertSame(Rows("id").Select(r => string.Join(' ', r[..5])), made);
    }

    [Fact]
    public void Activities_OfTheSource_AreThoseOfThePage() =>
        AssertSame(Rows("activity").Select(r => r[0]), StoreActivities.Names);

    private static MeterListener Listen(List<string> made)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name != StoreMeter.Name)
                    return;
                made.Add($"{instrument.Name} {Kind(instrument)} `{instrument.Unit}`");
                listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.Start();
        return listener;
    }

    private static string Kind(Instrument instrument)
    {
        string type = instrument.GetType().Name;
        return type[..type.IndexOf('`')].Replace("Observable", "", StringComparison.Ordinal)
            .ToLowerInvariant();
    }

    /// <summary>The rows of the table whose first column has this title. Cells of names lose their
    /// marks in the first column of metrics and activities.</summary>
    private static IEnumerable<string[]> Rows(string title)
    {
        bool inside = false;
        foreach (string line in SourceTree.Read(Page).Split('\n'))
        {
            if (line.StartsWith($"| {title} |", StringComparison.Ordinal))
                inside = true;
            else if (!line.StartsWith('|'))
                inside = false;
            else if (inside && !line.StartsWith("|--", StringComparison.Ordinal))
                yield return [.. line.Trim('|').Split('|').Select((cell, i) =>
                    i == 0 ? cell.Trim().Trim('`') : cell.Trim())];
        }
    }

    private static void AssertSame(IEnumerable<string> page, IEnumerable<string> code)
    {
        string[] ofPage = [.. page];
        string[] ofCode = [.. code];
        Findings findings = new();
        foreach (string missing in ofCode.Except(ofPage))
            findings.Add($"{Page} does not have: {missing}");
        foreach (string stale in ofPage.Except(ofCode))
            findings.Add($"the code does not have: {stale}");
        findings.AssertNone($"{Page} lists what there is to hear, as it is");
    }
}
