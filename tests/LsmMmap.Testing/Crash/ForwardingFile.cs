// A file being written that passes every call on to another one. What stands between the store
// and the disk in a test overrides what it wants to see.
// Threads: as the file below.

using System.Diagnostics.CodeAnalysis;
using LsmMmap.Engine.Files;

namespace LsmMmap.Testing.Crash;

internal class ForwardingFile(DurableFile inner) : DurableFile(inner.FileName, null!)
{
    public override long Length => inner.Length;

    public override long Position
    {
        get => inner.Position;
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer) => inner.Write(buffer);

    public override void WriteZerosTo(long end) => inner.WriteZerosTo(end);

    public override void CutZeros() => inner.CutZeros();

    public override void Sync() => inner.Sync();

    [SuppressMessage("Usage", "CA2215", Justification = "the base has no stream of its own")]
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
    }
}
