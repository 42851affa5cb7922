// Makes the names of new files in one directory durable. A failure is final: the kernel may have
// dropped entries that a later sync then reports as written, to whoever asks for it.
// Threads: any. One at a time syncs, so that nobody asks again before a failure is known to all.

using System.Diagnostics;
using LsmMmap.Engine.Waiting;

namespace LsmMmap.Engine.Files;

internal sealed class DirectorySync(IFileSystem files, string directory)
{
    private readonly Gate _gate = new();
    private volatile LsmException? _failure;

    /// <summary>What the one sync that failed said; null when none did.</summary>
    public LsmException? Failure => _failure;

    /// <summary>Returns when every name that was there before the call is on disk.</summary>
    public void Run()
    {
        using (_gate.Hold())
        {
            AssertInvariants();
            if (_failure != null)
                throw new LsmException("an earlier sync of the directory failed", _failure);
            try
            {
                files.SyncDirectory(directory);
            }
            catch (LsmException e)
            {
                _failure = e;
                throw;
            }
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(_gate.IsHeld, "a directory is synced by one at a time");
        Debug.Assert(directory.Length > 0, "a directory has a name");
    }
}
