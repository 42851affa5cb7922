// Who may use whom, as facts in one table. A room uses only rooms below it; rooms of one rank do
// not know each other. Wal and Sstable are leaves: they know bytes and nothing of the project.
// The picture and the reasons stand in docs/ARCHITECTURE.md.

namespace LsmMmap.House.Tests;

internal enum Building
{
    Wal,
    Sstable,
    Engine,

    /// <summary>A package of its own over the engine, which knows its public API alone.</summary>
    Library,
}

/// <summary>One room: a folder of source, its namespace, its rank in its building.</summary>
internal sealed record Room(string Folder, string Namespace, Building Building, int Rank);

/// <summary>One permitted upward reference, with its reason.</summary>
internal sealed record RankExemption(string Path, string UsedType, string Reason);

internal static class RankTable
{
    /// <summary>Every folder of source, lowest first inside its building.</summary>
    public static IReadOnlyList<Room> Rooms { get; } =
    [
        new("src/Wal", "LsmMmap.Wal", Building.Wal, 0),

        new("src/Sstable/Keys", "LsmMmap.Sstable.Keys", Building.Sstable, 0),
        new("src/Sstable/Format", "LsmMmap.Sstable.Format", Building.Sstable, 1),
        new("src/Sstable/Mapping", "LsmMmap.Sstable.Mapping", Building.Sstable, 2),
        new("src/Sstable/Blocks", "LsmMmap.Sstable.Blocks", Building.Sstable, 3),
        new("src/Sstable/Filters", "LsmMmap.Sstable.Filters", Building.Sstable, 3),
        new("src/Sstable/Caching", "LsmMmap.Sstable.Caching", Building.Sstable, 4),
        new("src/Sstable/Tables", "LsmMmap.Sstable.Tables", Building.Sstable, 5),

        new("src/Engine/Api", "LsmMmap", Building.Engine, 0),
        new("src/Engine/Waiting", "LsmMmap.Engine.Waiting", Building.Engine, 0),
        new("src/Engine/Telemetry", "LsmMmap.Engine.Telemetry", Building.Engine, 1),
        new("src/Engine/Files", "LsmMmap.Engine.Files", Building.Engine, 2),
        new("src/Engine/Lifetimes", "LsmMmap.Engine.Lifetimes", Building.Engine, 2),
        new("src/Engine/Memory", "LsmMmap.Engine.Memory", Building.Engine, 2),
        new("src/Engine/Snapshots", "LsmMmap.Engine.Snapshots", Building.Engine, 2),
        new("src/Engine/Versions", "LsmMmap.Engine.Versions", Building.Engine, 3),
        new("src/Engine/Reading", "LsmMmap.Engine.Reading", Building.Engine, 4),
        new("src/Engine/State", "LsmMmap.Engine.State", Building.Engine, 5),
        new("src/Engine/Compaction", "LsmMmap.Engine.Compaction", Building.Engine, 6),
        new("src/Engine/Writing", "LsmMmap.Engine.Writing", Building.Engine, 7),
        new("src/Engine/Recovery", "LsmMmap.Engine.Recovery", Building.Engine, 8),
        // The roof: the files that lie in src/Engine itself.
        new("src/Engine", "LsmMmap", Building.Engine, 9),

        // Packages over the engine's: they see its public types, and not each other.
        new("src/Hosting", "LsmMmap", Building.Library, 0),
        new("src/Caching", "LsmMmap.Extensions.Caching", Building.Library, 0),
    ];

    /// <summary>The API's data types see the words of the table format, not its readers.</summary>
    public static IReadOnlyList<string> SstableForApi { get; } =
        ["src/Sstable/Keys", "src/Sstable/Format"];

    public static IReadOnlyList<RankExemption> Exemptions { get; } =
    [
        new("src/Engine/Api/IReadView.cs", "Cursor", "the contract of reading names what it gives"),
        new("src/Engine/Api/IReadView.cs", "PinnedValue", "likewise"),
        new("src/Engine/Api/IReadView.cs", "RangeEnumerable", "likewise"),
        new("src/Engine/Api/IReadView.cs", "ReadBatch", "and what it takes"),
        new("src/Engine/Api/IReadView.cs", "ReadResults", "likewise"),
    ];

    /// <summary>Where registrations with a container lie, in every package of the world.</summary>
    public const string RegistrationNamespace = "Microsoft.Extensions.DependencyInjection";

    /// <summary>The room of a source file: the folder it lies in.</summary>
    public static Room? RoomOf(string path)
    {
        string folder = path[..path.LastIndexOf('/')];
        return Rooms.FirstOrDefault(r => r.Folder == folder);
    }

    /// <summary>Where a room with public types keeps the others.</summary>
    public static string InternalNamespace(Room room) =>
        room.Folder.Replace("src/", "LsmMmap.", StringComparison.Ordinal).Replace('/', '.');

    public static Room? RoomOfNamespace(string name) =>
        name == "LsmMmap" ? null : Rooms.FirstOrDefault(r => r.Namespace == name);

    public static bool MayUse(Room user, Room used)
    {
        if (user == used)
            return true;
        if (user.Building == used.Building)
            return used.Rank < user.Rank;
        if (user.Building == Building.Library)
            return used.Namespace == "LsmMmap";
        if (user.Building != Building.Engine || used.Building == Building.Library)
            return false;
        bool isApi = user.Folder == "src/Engine/Api";
        return isApi ? SstableForApi.Contains(used.Folder) : true;
    }
}
