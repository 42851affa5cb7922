// The demo, step by step: load what is missing, read back, list a prefix, close, open again, read
// everything once more, verify. Each step says what it did and what it cost. A store that an
// earlier demo left unfinished, killed or not, is checked first and then completed.

using LsmMmap.Cli.Commands;
using LsmMmap.Cli.Output;

namespace LsmMmap.Cli.Demo;

internal sealed class DemoRun(
    CliConsole console, DemoSource source, string directory, DemoSettings settings)
{
    private const int BatchMembersMax = 256;
    private const int BatchBytesMax = 256 << 10;

    private readonly DemoReads _reads = new(console, source);
    private readonly StepWriter _steps = new(console);

    /// <summary>All of it; true when nothing differed.</summary>
    public bool Run()
    {
        long start = console.Time.GetTimestamp();
        using (LsmStore store = Open("Open"))
        {
            int loaded = DemoProgress.Begin(store, source);
            CheckEarlier(store, loaded);
            Load(store, loaded);
            ReadRandom(store);
            ListExample(store);
        }
        using (LsmStore store = Open("Reopen"))
        {
            ReadAll(store);
            Verify(store);
        }
        _steps.Step("Total", Quantity.Time(console.Time.GetElapsedTime(start))
            + $"; the store has {Quantity.Size(SizeOnDisk())} on disk for "
            + $"{Quantity.Size(source.KeyBytes + source.ValueBytes)} of keys and values");
        return _reads.Mismatches == 0;
    }

    /// <summary>The last line of the demo.</summary>
    public void TellResult() => console.Out.WriteLine(_reads.Mismatches == 0
        ? $"OK: all {Quantity.Count(_reads.Count)} reads were equal to the source, byte for byte."
        : $"FAILED: {Quantity.Count(_reads.Mismatches)} of {Quantity.Count(_reads.Count)} reads"
            + " differed from the source.");

    private LsmStore Open(string step)
    {
        long start = console.Time.GetTimestamp();
        LsmStore store = LsmStore.Open(directory, settings.Options());
        RecoveryReport recovery = store.GetStatistics().Recovery;
        string how = recovery is { CommitsReplayed: 0, LogBytesDropped: 0 }
            ? "" : $"; {Quantity.Count(recovery.CommitsReplayed)} commits replayed from the log"
                + $", {Quantity.Count(recovery.LogBytesDropped)} bytes of a torn tail dropped";
        _steps.Step(step, Quantity.Time(console.Time.GetElapsedTime(start)) + how);
        return store;
    }

    private void CheckEarlier(LsmStore store, int loaded)
    {
        // The keyspaces must exist before a batch can name them; a killed demo may have made some.
        foreach (string name in source.Keyspaces)
            store.GetKeyspace(name, settings.KeyspaceOptions());
        if (loaded > 0)
        {
            TimeSpan time = _reads.Read(store, loaded, "checking", i => i);
            _steps.Step("Resume", $"{Quantity.Count(loaded, "member")} of an earlier run are"
                + $" there and equal, {Quantity.Time(time)}");
        }
        _reads.ExpectAbsent(store, loaded);
    }

    private void Load(LsmStore store, int loaded)
    {
        if (loaded == source.Count)
            return;
        long start = console.Time.GetTimestamp();
        long bytes = 0, batches = 0;
        Keyspace[] keyspaces = [.. source.Keyspaces.Select(name => store.GetKeyspace(name))];
        using (var batch = new WriteBatch())
        using (var progress = new ProgressLine(console, "loading", source.Count, "puts"))
        {
            for (int at = loaded; at < source.Count; batches++)
            {
                console.Cancellation.ThrowIfCancellationRequested();
                bytes += Fill(keyspaces, batch, ref at);
                store.Write(batch, settings.Durability);
                batch.Clear();
                progress.Report(at - loaded);
                if (settings.Acknowledge)
                    console.Error.WriteLine(Quantity.Invariant($"acknowledged {at}"));
            }
        }
        TimeSpan time = console.Time.GetElapsedTime(start);
        long puts = source.Count - loaded;
        _steps.Step("Load", $"{Quantity.Count(puts, "put")} in {Quantity.Count(batches)} atomic"
            + $" batches, {Quantity.Time(time)}: {Quantity.Rate(puts, time, "puts")},"
            + $" {Quantity.SizeRate(bytes, time)}, {Survives(settings.Durability)}");
        Settle(store);
    }

    private long Fill(Keyspace[] keyspaces, WriteBatch batch, ref int at)
    {
        int first = at;
        long bytes = 0;
        for (; at < source.Count && at - first < BatchMembersMax && bytes < BatchBytesMax; at++)
        {
            ReadOnlySpan<byte> key = source.Key(at), value = source.Value(at);
            batch.Put(keyspaces[source.KeyspaceOf(at)], key, value);
            bytes += key.Length + value.Length;
        }
        DemoProgress.Record(batch, at);
        return bytes;
    }

    // Brings everything into tables, so that what is read next comes through the mapping, and so
    // that the write amplification is that of the whole load.
    private void Settle(LsmStore store)
    {
        long start = console.Time.GetTimestamp();
        using (new ProgressLine(console, "flushing and compacting"))
        {
            store.Flush(console.Cancellation);
            store.WaitForIdle(console.Cancellation);
        }
        TimeSpan time = console.Time.GetElapsedTime(start);
        StoreStatistics cost = store.GetStatistics();
        _steps.Step("Flush", $"{Quantity.Time(time)}; now"
            + $" {Quantity.Count(cost.TableCount, "table")} with {Quantity.Size(cost.TableBytes)}");
        _steps.Step("Cost", $"{Quantity.Size(cost.BytesWrittenByUser)} given,"
            + $" {Quantity.Size(cost.BytesWrittenToLog)} written to the log,"
            + $" {Quantity.Size(cost.BytesWrittenToTables)} to tables:"
            + Quantity.Invariant($" write amplification {cost.WriteAmplification:0.00}"));
    }

    private void ReadRandom(LsmStore store)
    {
        var random = new Random(settings.Seed);
        int count = source.Count == 0 ? 0 : settings.Reads;
        TimeSpan time = _reads.Read(store, count, "reading", _ => random.Next(source.Count));
        TellReads(count, "random members", time);
    }

    private void ReadAll(LsmStore store)
    {
        int[] order = [.. Enumerable.Range(0, source.Count)];
        new Random(settings.Seed).Shuffle(order);
        TimeSpan time = _reads.Read(store, order.Length, "reading again", i => order[i]);
        TellReads(order.Length, "members, each once, in random order", time);
    }

    private void TellReads(int count, string what, TimeSpan time) =>
        _steps.Step("Read", $"{Quantity.Count(count)} {what}, compared byte for byte,"
            + $" {Quantity.Time(time)}: {Quantity.Rate(count, time, "reads")}");

    private void ListExample(LsmStore store)
    {
        List<string> keys = _reads.ReadExample(store);
        _steps.Step("Prefix", $"{source.ExamplePrefix}*: {Quantity.Count(keys.Count, "key")} in"
            + $" {source.Keyspaces[source.ExampleKeyspace]}, as in the source");
        foreach (string key in keys)
            _steps.Detail(key);
    }

    private void Verify(LsmStore store)
    {
        long start = console.Time.GetTimestamp();
        VerifyReport report;
        using (new ProgressLine(console, "verifying"))
            report = store.Verify(console.Cancellation);
        if (report.DamageCount > 0)
            throw new FailureException($"verify found {report.DamageCount} damages, first: "
                + report.Damages[0].Message);
        _steps.Step("Verify", $"{Quantity.Count(report.BlocksChecked, "block")}, no damage,"
            + $" {Quantity.Time(console.Time.GetElapsedTime(start))}");
    }

    private static string Survives(Durability durability) => durability switch
    {
        Durability.Synced => "each on disk before the next (synced)",
        Durability.Flushed => "each safe from kill -9 (flushed)",
        _ => "kept in memory first (buffered)",
    };

    private long SizeOnDisk() => StoreFiles.Of(directory).Bytes;
}
