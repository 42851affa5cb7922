// What one comparison is asked to do. Written into every result file, and handed to every child.

namespace LsmMmap.Workloads.Running;

internal sealed record BenchSettings
{
    public long Entries { get; init; } = 400_000;

    public int KeyBytes { get; init; } = 16;

    public int ValueBytes { get; init; } = 100;

    /// <summary>Threads of the rows that say so; others have the number in their name.</summary>
    public int Threads { get; init; } = 2;

    public Durability Durability { get; init; } = Durability.Flushed;

    /// <summary>The part of a value that remains after compression, about.</summary>
    public double Compressibility { get; init; } = 0.5;

    public ulong Seed { get; init; } = 1;

    /// <summary>How LsmMmap reads its tables.</summary>
    public ReadMode ReadMode { get; init; } = ReadMode.Auto;

    /// <summary>The compression of the engine named LsmMmap.</summary>
    public Compression Compression { get; init; } = Compression.None;

    /// <summary>How long a read is measured; a write may take four times as long.</summary>
    public double Seconds { get; init; } = 1;

    public int Repeats { get; init; } = 3;

    public bool Quick { get; init; }

    /// <summary>Memory that the larger-than-memory rows may use.</summary>
    public long MemoryLimitBytes { get; init; } = 192L << 20;

    public IReadOnlyList<string> Engines { get; init; } = [];

    public IReadOnlyList<string> Workloads { get; init; } = [];
}

/// <summary>One child process's task.</summary>
internal sealed record RunTask
{
    public required string Workload { get; init; }

    public required string Engine { get; init; }

    public int Repeat { get; init; }

    /// <summary>The store; loaded already when the workload asks for data.</summary>
    public required string Directory { get; init; }

    public required BenchSettings Settings { get; init; }
}
