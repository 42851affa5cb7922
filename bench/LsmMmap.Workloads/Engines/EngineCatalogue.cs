// Every engine that can take part: how it is opened, what its settings are in words, which version
// it is, and why it cannot take part here when it cannot.

using System.Reflection;

namespace LsmMmap.Workloads.Engines;

/// <summary>One engine with one set of settings.</summary>
internal sealed record EngineDefinition(
    string Id, string Name, bool IsPeer, string Settings, Func<EngineOptions, IEngine> Open,
    Func<string> Version, Func<string?> WhyNot)
{
    public bool CanSync { get; init; } = true;

    /// <summary>Whether it compresses and another engine of the list is the same without.
    /// </summary>
    public bool IsCompressedTwin { get; init; }

    /// <summary>Whether the size of its tables can be set, for the store of many tables.</summary>
    public bool HasTables { get; init; }

    /// <summary>Whether it is made of tables that <see cref="IEngine.Compact"/> merges.</summary>
    public bool MergesTables { get; init; }

    /// <summary>Takes part only where it is named: a variant for few questions.</summary>
    public bool ByNameOnly { get; init; }

    /// <summary>The longest key it takes.</summary>
    public int KeyBytesMax { get; init; } = 65_535;
}

internal static class EngineCatalogue
{
    public const string Own = "lsm";

    private static readonly Func<string?> s_always = static () => null;

    /// <summary>All engines. <paramref name="ownCompression"/> is for the first one only; the
    /// others have theirs in their names.</summary>
    public static IReadOnlyList<EngineDefinition> All(Compression ownCompression) =>
    [
        new(Own, "LsmMmap", false,
            $"defaults: 64 MiB memtable, Bloom 10, 4 KiB blocks, compression {ownCompression}",
            o => new LsmMmapEngine(o, ownCompression), OwnVersion, s_always)
            { HasTables = true, MergesTables = true },
        new("lsm-lz4", "LsmMmap LZ4", false,
            "as LsmMmap, LZ4 on every level, cache for inflated blocks as large as RocksDB's",
            o => new LsmMmapEngine(o, Compression.Lz4), OwnVersion, s_always)
            { HasTables = true, IsCompressedTwin = true, MergesTables = true },
        new("lsm-tiered", "LsmMmap tiered", false, "as LsmMmap, tiered compaction, uncompressed",
            o => new LsmMmapEngine(o, Compression.None, CompactionStyle.Tiered), OwnVersion,
            s_always)
            { HasTables = true, MergesTables = true, ByNameOnly = true },
        new("rocksdb", "RocksDB LZ4", true,
            "LZ4, LRU block cache larger than the data, Bloom 10, 64 MiB write buffer, C functions",
            o => new RocksDbEngine(o, true), RocksDbVersion, () => NativeFiles.WhyNot("rocksdb"))
            { HasTables = true, IsCompressedTwin = true, MergesTables = true },
        new("rocksdb-raw", "RocksDB raw", true, "as RocksDB LZ4, without compression",
            o => new RocksDbEngine(o, false), RocksDbVersion, () => NativeFiles.WhyNot("rocksdb"))
            { HasTables = true, MergesTables = true },
        new("zonetree", "ZoneTree", true,
            "log mode Sync, LZ4, 64 MiB mutable segment, its maintainer merges in the background",
            o => new ZoneTreeEngine(o), () => PackageVersion("ZoneTree"), s_always)
            { CanSync = false },
        new("lmdb", "LMDB", true,
            "a transaction per put, NOSYNC unless synced, read transaction renewed per get",
            o => new LmdbEngine(o), LmdbEngine.Version,
            () => NativeFiles.WhyNot(LmdbNative.Library)) { KeyBytesMax = 511 },
        new("sqlite", "SQLite", true,
            "WITHOUT ROWID, WAL, synchronous OFF (FULL when synced), mmap, prepared statements",
            o => new SqliteEngine(o), SqliteEngine.Version, s_always),
        new("leveldb", "LevelDB snappy", true,
            "snappy, LRU block cache larger than the data, Bloom 10, 64 MiB write buffer",
            o => new LevelDbEngine(o, true), LevelDbEngine.Version,
            () => NativeFiles.WhyNot(LevelDbNative.Library))
            { IsCompressedTwin = true, MergesTables = true },
        new("leveldb-raw", "LevelDB raw", true, "as LevelDB snappy, without compression",
            o => new LevelDbEngine(o, false), LevelDbEngine.Version,
            () => NativeFiles.WhyNot(LevelDbNative.Library)) { MergesTables = true },
    ];

    private static string OwnVersion() => Informational(typeof(LsmStore).Assembly);

    private static string RocksDbVersion() => PackageVersion("RocksDbSharp");

    private static string PackageVersion(string assembly)
    {
        try
        {
            return Informational(Assembly.Load(assembly)).Split('+')[0];
        }
        catch (FileNotFoundException)
        {
            return "unknown";
        }
    }

    private static string Informational(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
        ?? assembly.GetName().Version?.ToString() ?? "unknown";
}
