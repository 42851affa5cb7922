// The real file system, with a say of the test before each write and sync, and about the free
// space.
// Threads: hooks run on whichever thread writes or syncs.

using LsmMmap.Engine.Files;
using LsmMmap.Testing.Crash;

namespace LsmMmap.Hosting.Tests;

internal sealed class HookedFileSystem() : ForwardingFileSystem(LocalFileSystem.Instance)
{
    private long _freeBytes = long.MaxValue;

    /// <summary>Told of each write; what it throws is the failure of the write.</summary>
    public Action OnWrite { get; set; } = static () => { };

    /// <summary>Likewise of each sync of a file.</summary>
    public Action OnSync { get; set; } = static () => { };

    public long Free
    {
        get => Volatile.Read(ref _freeBytes);
        set => Volatile.Write(ref _freeBytes, value);
    }

    public static LsmException Broken() => IoFailure.Of(
        "write", "a file", new IOException("the disk is broken", (int)FaultError.Io));

    /// <summary>Makes a store of the host lie on it.</summary>
    public void Under(LsmStoreOptions options) =>
        options.Open = (directory, its) => LsmStore.Open(directory, its, this);

    public override long FreeBytes(string directory) => Free;

    public override DurableFile Create(string path, long reservedBytes = 0) =>
        new HookedFile(this, base.Create(path, reservedBytes));

    private sealed class HookedFile(HookedFileSystem owner, DurableFile inner)
        : ForwardingFile(inner)
    {
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            owner.OnWrite();
            base.Write(buffer);
        }

        public override void Sync()
        {
            owner.OnSync();
            base.Sync();
        }
    }
}
