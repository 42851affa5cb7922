// The roof's door for stores that cannot be opened: repair.

using LsmMmap.Engine.Files;
using LsmMmap.Engine.Recovery;

namespace LsmMmap;

public sealed partial class LsmStore
{
    /// <summary>Rebuilds a store whose CURRENT, MANIFEST, tables or logs are lost or damaged, from
    /// all that verifies. Takes the store's lock; a healthy store is left as it is. What cannot be
    /// used is moved to the directory <c>lost</c> in the store's own; nothing is deleted that is
    /// not also in the repaired store.</summary>
    /// <param name="directory">The store's directory. Copy it first.</param>
    /// <param name="options">null means all defaults. The default keyspace's are for keyspaces
    /// whose own are lost; the memory budget bounds the replay of logs.</param>
    /// <param name="dryRun">Only say what would be done; changes nothing and takes no
    /// lock.</param>
    /// <param name="cancellationToken">Leaves the store as it was, or to be repaired again.
    /// </param>
    /// <returns>What was saved, what was not, and why. Read it: without its MANIFEST a store may
    /// come back with values that had been deleted or replaced.</returns>
    /// <remarks>Reads every byte. A crash on the way leaves a store that can be repaired again.
    /// What this returns is on disk.</remarks>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="FileNotFoundException">No file of a store is there.</exception>
    /// <exception cref="StoreLockedException">The store is open.</exception>
    /// <exception cref="FormatVersionException">A file is of a newer format.</exception>
    /// <exception cref="LsmException">The system refused a file or the directory.</exception>
    public static RepairReport Repair(
        string directory, StoreOptions? options = null, bool dryRun = false,
        CancellationToken cancellationToken = default) =>
        Repair(directory, options, dryRun, LocalFileSystem.Instance, cancellationToken);

    internal static RepairReport Repair(
        string directory, StoreOptions? options, bool dryRun, IFileSystem files,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        StoreOptions validated = (options ?? new StoreOptions()).Validated();
        return new StoreRepair(
            files, Path.GetFullPath(directory), validated, dryRun, cancellationToken).Run();
    }
}
