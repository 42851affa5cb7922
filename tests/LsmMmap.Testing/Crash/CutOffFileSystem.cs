// A file system that a process loses at once: after CutOff every call fails and reaches nothing
// below, as though the process had been killed between two system calls. What the store had not
// handed over is gone; the directory can be opened anew while the dead store is still in memory.
// Threads: any. A call under way when the cut comes may still reach the disk.

using LsmMmap.Engine.Files;

namespace LsmMmap.Testing.Crash;

internal sealed class CutOffFileSystem(IFileSystem inner) : ForwardingFileSystem(inner)
{
    private volatile bool _isCut;

    public void CutOff() => _isCut = true;

    public override void CreateDirectory(string path)
    {
        Check(path);
        base.CreateDirectory(path);
    }

    public override IReadOnlyList<FileEntry> List(string directory)
    {
        Check(directory);
        return base.List(directory);
    }

    public override DurableFile Create(string path, long reservedBytes = 0)
    {
        Check(path);
        return new CutOffFile(this, base.Create(path, reservedBytes));
    }

    public override Stream OpenRead(string path)
    {
        Check(path);
        return base.OpenRead(path);
    }

    public override TableFile OpenTable(string path, long expectedLength, bool map)
    {
        Check(path);
        return base.OpenTable(path, expectedLength, map);
    }

    public override void Seal(string path)
    {
        Check(path);
        base.Seal(path);
    }

    public override void Rename(string from, string to)
    {
        Check(from);
        base.Rename(from, to);
    }

    public override void Delete(string path)
    {
        Check(path);
        base.Delete(path);
    }

    public override void SyncDirectory(string path)
    {
        Check(path);
        base.SyncDirectory(path);
    }

    private void Check(string path)
    {
        if (_isCut)
            throw IoFailure.Of("reach", path, new IOException("the process is dead"));
    }

    private sealed class CutOffFile(CutOffFileSystem owner, DurableFile inner)
        : ForwardingFile(inner)
    {
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            owner.Check(FileName);
            base.Write(buffer);
        }

        public override void WriteZerosTo(long end)
        {
            owner.Check(FileName);
            base.WriteZerosTo(end);
        }

        public override void CutZeros()
        {
            owner.Check(FileName);
            base.CutZeros();
        }

        public override void Sync()
        {
            owner.Check(FileName);
            base.Sync();
        }
    }
}
