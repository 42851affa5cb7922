// What the workloads ask of every engine: bytes in, bytes out, as spans. An adapter allocates
// nothing of its own inside a loop; what an engine's own API cannot do without (ZoneTree keeps the
// arrays it is given) is that engine's cost and stays.
//
// Threads: an engine is shared; a session belongs to one thread.

using System.Runtime.CompilerServices;

namespace LsmMmap.Workloads.Engines;

/// <summary>An open store of some engine.</summary>
internal interface IEngine : IDisposable
{
    IEngineSession OpenSession();

    /// <summary>Brings everything into its final place, as the engine itself does it.</summary>
    void Compact();

    /// <summary>Waits for the background work that the writes so far have caused.</summary>
    void WaitForBackground();

    /// <summary>Brings what is in memory only into files of data; nothing to do where a write is
    /// in its place at once.</summary>
    void Flush() { }

    /// <summary>Counters for the timeline; cheap enough to be asked ten times a second.</summary>
    EngineMarks Marks();

    /// <summary>How long the engine says it held writers back so far; negative where it does not
    /// say. May be too dear for the timeline.</summary>
    double StallMs() => Marks().StallMs;
}

/// <summary>One thread's way into the store.</summary>
internal interface IEngineSession : IDisposable
{
    void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);

    void Delete(ReadOnlySpan<byte> key);

    /// <summary>Adds to the batch that <see cref="Commit"/> writes.</summary>
    void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);

    void Commit();

    bool Get(ReadOnlySpan<byte> key, ref ReadTotals totals);

    /// <summary>Reads keys that lie one after the other; returns how many were found.</summary>
    int MultiGet(ReadOnlySpan<byte> keys, int keyBytes, ref ReadTotals totals);

    /// <summary>Reads up to <paramref name="count"/> entries from the first one not below
    /// <paramref name="from"/>, in a view taken now; returns how many there were.</summary>
    int Scan(ReadOnlySpan<byte> from, int count, ref ReadTotals totals);

    /// <summary>Reads every entry that begins with the prefix, in a view taken now.</summary>
    int ScanPrefix(ReadOnlySpan<byte> prefix, ref ReadTotals totals);

    /// <summary>Reads every entry, forwards or backwards.</summary>
    long ScanAll(bool backward, ref ReadTotals totals);
}

/// <summary>What was read, so that no read can be left out by a compiler and every workload can
/// check what it got.</summary>
internal struct ReadTotals
{
    public long Hits;
    public long Misses;
    public long Bytes;
    public long Sum;

    /// <summary>Answers that were not what the workload knows they must be.</summary>
    public long Wrong;

    /// <summary>When set, the last value is copied here; only checks outside the timed loops
    /// do that.</summary>
    public byte[]? Copy;
    public int CopyLength;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(ReadOnlySpan<byte> value)
    {
        Hits++;
        Bytes += value.Length;
        if (!value.IsEmpty)
            Sum += value[^1];
        if (Copy != null)
            Keep(value);
    }

    private void Keep(ReadOnlySpan<byte> value)
    {
        value[..Math.Min(value.Length, Copy!.Length)].CopyTo(Copy);
        CopyLength = value.Length;
    }
}

/// <summary>What an engine says of its background work. Negative: it does not say.</summary>
internal readonly record struct EngineMarks(
    long Flushes, long Compactions, long Stalls, double StallMs)
{
    public static EngineMarks Unknown => new(-1, -1, -1, -1);
}

/// <summary>How an adapter opens its store.</summary>
internal sealed record EngineOptions
{
    public required string Directory { get; init; }

    /// <summary>Buffered, Flushed or Synced; engines without the first take the second.</summary>
    public Durability Durability { get; init; } = Durability.Flushed;

    public ReadMode ReadMode { get; init; } = ReadMode.Auto;

    /// <summary>Bytes for the engine's own cache of blocks or pages.</summary>
    public long CacheBytes { get; init; } = 2L << 30;

    public long WriteBufferBytes { get; init; } = 64L << 20;

    /// <summary>Size of a table, 0 for the engine's default.</summary>
    public long TableBytes { get; init; }

    /// <summary>Bytes of a typical entry, for limits that are counted in entries.</summary>
    public int EntryBytes { get; init; } = 116;

    /// <summary>Size of the address range that an engine must be told in advance.</summary>
    public long MapBytes { get; init; } = 64L << 30;
}
