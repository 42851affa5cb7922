// The tool is a guest in a store: options that its owner chose stay as they are, whatever command
// opens it for writing.

using LsmMmap.Engine.Recovery;

namespace LsmMmap.Cli.Tests;

public sealed class StoredOptionsTests
{
    // Failed for every command while OpenForWriting passed fresh options: 64 MiB and no codecs
    // were found instead.
    [Theory]
    [InlineData("put", "key", "value")]
    [InlineData("delete", "there")]
    [InlineData("compact")]
    [InlineData("load", "FILE")]
    public void OpenForWriting_StoreWithItsOwnOptions_KeepsThem(
        string command, params string[] args)
    {
        using var folder = new CliFolder();
        string file = folder.Write("in.txt", "a line\n");
        MakeStore(folder);
        folder.Must(command, [.. args.Select(arg => arg == "FILE" ? file : arg)]);
        AssertKept(folder, "default", 1 << 20);
        AssertKept(folder, "other", 1 << 20);
    }

    [Theory]
    [InlineData("default")]
    [InlineData("other")]
    public void OpenForWriting_MemtableBytesGiven_ChangeNothingElse(string keyspace)
    {
        using var folder = new CliFolder();
        MakeStore(folder);
        folder.Must("put", "k", "v", "--keyspace", keyspace, "--memtable-bytes", "65536");
        AssertKept(folder, keyspace, 65_536);
    }

    [Fact]
    public void StoredOptions_NoStore_AreNull()
    {
        using var folder = new CliFolder();
        Assert.Null(StoreInspector.StoredOptions(folder.Store, "default"));
        MakeStore(folder);
        Assert.Null(StoreInspector.StoredOptions(folder.Store, "no such keyspace"));
    }

    private static void MakeStore(CliFolder folder)
    {
        var options = new StoreOptions { DefaultKeyspace = Chosen() };
        using LsmStore store = LsmStore.Open(folder.Store, options);
        store.Put("there"u8, "1"u8);
        store.GetKeyspace("other", Chosen()).Put("there"u8, "1"u8);
    }

    private static KeyspaceOptions Chosen() => new()
    {
        MemtableBytes = 1 << 20,
        BlockBytes = 8192,
        BloomBitsPerKey = 12.5,
        CompressionPerLevel = [Compression.None, Compression.Lz4],
        Compaction = CompactionStyle.Tiered,
    };

    private static void AssertKept(CliFolder folder, string keyspace, long memtableBytes)
    {
        KeyspaceOptions? stored = StoreInspector.StoredOptions(folder.Store, keyspace);
        Assert.NotNull(stored);
        Assert.Equal(memtableBytes, stored.MemtableBytes);
        Assert.Equal(8192, stored.BlockBytes);
        Assert.Equal(12.5, stored.BloomBitsPerKey);
        Assert.Equal([Compression.None, Compression.Lz4], stored.CompressionPerLevel!);
        Assert.Equal(CompactionStyle.Tiered, stored.Compaction);
    }
}
