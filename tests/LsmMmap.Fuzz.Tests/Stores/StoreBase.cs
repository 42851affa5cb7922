// A store kept in memory as file name -> bytes, beside everything it should hold after each of its
// commits, and older images of itself. Immutable once made.

using LsmMmap.Engine.Files;

namespace LsmMmap.Fuzz.Tests;

/// <summary>All keyspaces after a commit: name -> key -> value.</summary>
internal sealed record StoreState(
    IReadOnlyDictionary<string, SortedList<byte[], byte[]>> Keyspaces);

internal sealed record StoreBase
{
    public required string Name { get; init; }

    public required SortedDictionary<string, byte[]> Files { get; init; }

    /// <summary>The same store at earlier moments, closed or not.</summary>
    public required IReadOnlyList<SortedDictionary<string, byte[]>> Older { get; init; }

    /// <summary>After 0, 1, 2 ... commits. The last one is what the files hold.</summary>
    public required IReadOnlyList<StoreState> History { get; init; }

    /// <summary>The logs by name, with every record.</summary>
    public required IReadOnlyDictionary<string, LogBase> Logs { get; init; }

    /// <summary>Whether the store was closed; else its process was killed.</summary>
    public required bool IsClosed { get; init; }

    /// <summary>The boot that the store is opened in.</summary>
    public required Guid BootId { get; init; }

    /// <summary>Whether that is the boot that wrote it.</summary>
    public required bool IsSameBoot { get; init; }

    /// <summary>The commits that a record of a log brings the store to.</summary>
    public required IReadOnlyDictionary<(string Log, long Offset), int> CommitsAt { get; init; }

    public IEnumerable<string> NamesOf(StoreFileKind kind) =>
        Files.Keys.Where(name => FileNames.Parse(name, out _) == kind);
}
