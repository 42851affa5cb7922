// What a thread did to a store and what it saw: the words of a history. Stamps come from one
// counter, so that "ended before the other began" can be read off them.
//
// A value is the number of the write that wrote it; 0 is an absent key.

namespace LsmMmap.Engine.Tests.Concurrency;

/// <summary>A key by its number, and the value that was written or read there.</summary>
internal readonly record struct Cell(int Key, long Value);

internal sealed class HistoryOperation
{
    public required long Start { get; init; }

    public long End { get; set; }

    /// <summary>The commit's own sequence, or that of a snapshot; 0 for other reads.</summary>
    public long Sequence { get; set; }

    public bool IsWrite { get; init; }

    public required Cell[] Cells { get; init; }

    public override string ToString() =>
        $"{(IsWrite ? "write" : "read")} [{Start}..{End}] sequence {Sequence}: "
        + string.Join(", ", Cells.Take(8).Select(static c => $"{c.Key}={c.Value}"));
}
