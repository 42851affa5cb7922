// What the command line says about a demo, apart from where it runs.

namespace LsmMmap.Cli.Demo;

internal sealed record DemoSettings
{
    public required Durability Durability { get; init; }

    /// <summary>How many random members are read before the store is closed.</summary>
    public required int Reads { get; init; }

    public required int Seed { get; init; }

    /// <summary>Tells on stderr, after every batch, how many members are in for good.</summary>
    public bool Acknowledge { get; init; }

    /// <summary>Null takes the store's default.</summary>
    public long? MemtableBytes { get; init; }

    public StoreOptions Options()
    {
        var options = new StoreOptions { DefaultDurability = Durability };
        if (MemtableBytes is long bytes)
            options.DefaultKeyspace.MemtableBytes = bytes;
        return options;
    }

    public KeyspaceOptions? KeyspaceOptions() => MemtableBytes is long bytes
        ? new KeyspaceOptions { MemtableBytes = bytes } : null;
}
