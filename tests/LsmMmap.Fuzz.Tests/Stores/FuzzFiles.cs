// The machine's file system without waiting for the disk, and with a boot id of the test's choice:
// damage is judged by what the files hold, and whether a sync happened is another test's matter.
// Threads: any.

using LsmMmap.Engine.Files;
using LsmMmap.Testing.Crash;

namespace LsmMmap.Fuzz.Tests;

internal sealed class FuzzFiles(Guid bootId) : ForwardingFileSystem(LocalFileSystem.Instance)
{
    public override Guid BootId => bootId;

    public override DurableFile Create(string path, long reservedBytes = 0) =>
        new UnsyncedFile(base.Create(path, reservedBytes));

    public override void SyncDirectory(string path)
    {
    }

    private sealed class UnsyncedFile(DurableFile inner) : ForwardingFile(inner)
    {
        public override void Sync()
        {
        }
    }
}
