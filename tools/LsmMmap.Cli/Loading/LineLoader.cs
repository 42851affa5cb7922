// Puts the lines of a stream into a keyspace, in batches: a batch is written whole or not at all,
// and costs one append to the log. Counts what it did.
//
// A bad line ends the load with its number, after everything before it was written; or, when the
// caller wants to skip, is counted and told (the first few of them).

using System.Diagnostics;
using LsmMmap.Cli.Output;

namespace LsmMmap.Cli.Loading;

internal sealed class LineLoader(
    LsmStore store, Keyspace keyspace, Durability durability, int linesPerBatch, bool skipBad)
    : IDisposable
{
    // Long lines fill memory long before they fill a batch by count.
    private const long BatchBytesMax = 4 << 20;
    private const int BadLinesShown = 10;

    private readonly WriteBatch _batch = new();
    private long _batchBytes;

    public long LinesLoaded { get; private set; }

    public long LinesSkipped { get; private set; }

    public long KeyBytes { get; private set; }

    public long ValueBytes { get; private set; }

    /// <exception cref="FailureException">A bad line, and skipBad is off.</exception>
    public void Load(
        LineReader lines, LineFormat format, string sourceName, CliConsole console,
        Action<long> progress)
    {
        Debug.Assert(linesPerBatch > 0, "a batch holds at least one line");
        while (lines.Read())
        {
            if (!format.TryRead(lines.Line, lines.LineNumber, out string? wrong))
                continue;
            if (wrong is not null)
            {
                Refuse($"{sourceName}:{lines.LineNumber}: {wrong}", console);
                continue;
            }
            Add(format.Key, format.Value);
            if (_batch.Count < linesPerBatch && _batchBytes < BatchBytesMax)
                continue;
            Write();
            progress(lines.BytesConsumed);
            console.Cancellation.ThrowIfCancellationRequested();
        }
        Write();
    }

    public void Dispose() => _batch.Dispose();

    private void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        _batch.Put(keyspace, key, value);
        _batchBytes += key.Length + value.Length;
        KeyBytes += key.Length;
        ValueBytes += value.Length;
    }

    private void Write()
    {
        if (_batch.Count == 0)
            return;
        store.Write(_batch, durability);
        LinesLoaded += _batch.Count;
        _batch.Clear();
        _batchBytes = 0;
    }

    private void Refuse(string message, CliConsole console)
    {
        if (!skipBad)
        {
            Write();
            throw new FailureException(
                $"{message}; {Quantity.Count(LinesLoaded, "line")} before it were loaded"
                + " (--skip-bad goes on past such lines)");
        }
        LinesSkipped++;
        if (LinesSkipped <= BadLinesShown)
            console.Note("skipped " + message);
        if (LinesSkipped == BadLinesShown)
            console.Note("further bad lines are counted only");
    }
}
