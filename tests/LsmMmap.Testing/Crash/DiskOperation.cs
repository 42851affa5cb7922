// One step of a recorded run: what was asked of the disk, or what the workload said about its own
// progress at that moment. Immutable; the order in the record is the order in which they happened.

namespace LsmMmap.Testing.Crash;

internal enum DiskStep
{
    /// <summary>The store's own directory was made; its name is not durable yet.</summary>
    MakeDirectory,

    /// <summary>The directory that holds the store's was synced.</summary>
    SyncParent,
    Create,

    /// <summary>Bytes go to the file's position, which moves behind them.</summary>
    Write,

    /// <summary>Zeros up to an offset; the position stays.</summary>
    LayZeros,

    /// <summary>The file ends at an offset from now on.</summary>
    Cut,
    SyncFile,
    Seal,
    Rename,
    Delete,
    SyncDirectory,

    /// <summary>The workload is about to take a step.</summary>
    Started,

    /// <summary>A step of the workload returned.</summary>
    Acknowledged,
}

/// <summary>Name is a file's name in the store's directory; To the target of a rename.</summary>
internal sealed record DiskOperation(DiskStep Step, string Name)
{
    public int FileId { get; init; }

    public byte[] Bytes { get; init; } = [];

    /// <summary>Where zeros or the file end.</summary>
    public int Offset { get; init; }

    public string To { get; init; } = "";

    /// <summary>Of a marker: the number of the workload's step.</summary>
    public int WorkStep { get; init; }

    /// <summary>Of an acknowledgement: what the steps up to this one survive.</summary>
    public Durability Durability { get; init; }

    public bool IsMarker => Step is DiskStep.Started or DiskStep.Acknowledged;

    public override string ToString() => Step switch
    {
        DiskStep.Write => $"write {Bytes.Length} bytes to {Name}",
        DiskStep.LayZeros => $"lay zeros in {Name} up to {Offset}",
        DiskStep.Cut => $"cut {Name} at {Offset}",
        DiskStep.SyncFile => $"sync {Name}",
        DiskStep.SyncDirectory => "sync the directory",
        DiskStep.MakeDirectory => "make the directory",
        DiskStep.SyncParent => "sync the parent of the directory",
        DiskStep.Rename => $"rename {Name} to {To}",
        DiskStep.Started => $"step {WorkStep} starts",
        DiskStep.Acknowledged => $"step {WorkStep} is acknowledged as {Durability}",
        _ => $"{Step} {Name}",
    };
}
