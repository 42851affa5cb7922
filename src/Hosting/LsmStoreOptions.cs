// What an application says of one store: where it lies, how it is opened, when its health check
// worries. Filled from configuration first and by code after it, and checked when the host starts.

namespace LsmMmap;

/// <summary>A store of an application.</summary>
/// <remarks>Configuration section "LsmMmap:" and the store's name: <see cref="Directory"/>,
/// <see cref="DegradedFreeBytes"/>, and the options of the store by their names. Not thread-safe
/// while being set.</remarks>
public sealed class LsmStoreOptions
{
    /// <summary>Where the store lies; a relative path begins at the content root of the host.
    /// </summary>
    /// <value>null, and then the host does not start.</value>
    public string? Directory { get; set; }

    /// <summary>How it is opened.</summary>
    /// <value>All defaults, and the name under which it is registered as its
    /// <see cref="StoreOptions.Name"/>.</value>
    public StoreOptions Store { get; } = new();

    /// <summary>Free space of its disk, in bytes, below which the health check is Degraded.
    /// </summary>
    /// <value>1 GiB; 0 means that the check does not look at the disk.</value>
    public long DegradedFreeBytes { get; set; } = 1L << 30;

    /// <summary>What configuration says and nobody understands; told when options are checked.
    /// </summary>
    internal List<string> Problems { get; } = [];

    /// <summary>Opens the store; tests plug in another file system.</summary>
    internal Func<string, StoreOptions, LsmStore> Open { get; set; } = LsmStore.Open;
}
