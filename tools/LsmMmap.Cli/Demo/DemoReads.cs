// Reads members back without copying (GetPinned) and compares every byte with the source. A
// mismatch is counted and the first few are told; the demo then ends with exit code 1.

using LsmMmap.Cli.Output;

namespace LsmMmap.Cli.Demo;

internal sealed class DemoReads(CliConsole console, DemoSource source)
{
    private const int MismatchesShown = 10;

    public long Count { get; private set; }

    public long Mismatches { get; private set; }

    /// <summary>Reads the members that <paramref name="choose"/> names, one by one.</summary>
    public TimeSpan Read(LsmStore store, int count, string what, Func<int, int> choose)
    {
        Keyspace[] keyspaces = [.. source.Keyspaces.Select(name => store.GetKeyspace(name))];
        long start = console.Time.GetTimestamp();
        using var progress = new ProgressLine(console, what, count, "reads");
        for (int i = 0; i < count; i++)
        {
            int index = choose(i);
            using PinnedValue value =
                keyspaces[source.KeyspaceOf(index)].GetPinned(source.Key(index));
            if (!value.Found || !value.Span.SequenceEqual(source.Value(index)))
                Mismatch(index, value.Found ? value.Span.Length : -1);
            if (i % 1024 != 0)
                continue;
            progress.Report(i);
            console.Cancellation.ThrowIfCancellationRequested();
        }
        Count += count;
        return console.Time.GetElapsedTime(start);
    }

    /// <summary>The members from <paramref name="first"/> on must be absent.</summary>
    public void ExpectAbsent(LsmStore store, int first)
    {
        Keyspace[] keyspaces = [.. source.Keyspaces.Select(name => store.GetKeyspace(name))];
        for (int i = first; i < source.Count; i++)
            if (keyspaces[source.KeyspaceOf(i)].ContainsKey(source.Key(i)))
                Tell($"{ByteText.Escape(source.Key(i))} is there, though its batch is not");
    }

    /// <summary>The keys of the example prefix, as the store lists them.</summary>
    public List<string> ReadExample(LsmStore store)
    {
        List<byte[]> expected = source.ExampleKeys();
        var listed = new List<string>();
        byte[] prefix = System.Text.Encoding.UTF8.GetBytes(source.ExamplePrefix);
        Keyspace keyspace = store.GetKeyspace(source.Keyspaces[source.ExampleKeyspace]);
        foreach (KeyValueView entry in keyspace.Prefix(prefix))
        {
            if (listed.Count >= expected.Count
                || !entry.Key.SequenceEqual(expected[listed.Count]))
                Tell($"the prefix scan lists {ByteText.Escape(entry.Key)} where it must not");
            listed.Add(ByteText.Escape(entry.Key));
        }
        if (listed.Count < expected.Count)
            Tell($"the prefix scan lists {listed.Count} keys instead of {expected.Count}");
        return listed;
    }

    private void Mismatch(int index, int foundLength) => Tell(
        $"{ByteText.Escape(source.Key(index))}: expected {source.Value(index).Length} bytes, "
        + (foundLength < 0 ? "the key is absent" : $"found {foundLength} that differ"));

    private void Tell(string what)
    {
        Mismatches++;
        if (Mismatches <= MismatchesShown)
            console.Note("MISMATCH " + what);
    }
}
