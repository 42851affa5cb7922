// A table in native memory, with every call counted and every byte open to damage. One thread
// changes it; the reader under test may be called from any.

using System.Runtime.InteropServices;
using LsmMmap.Sstable.Mapping;

namespace LsmMmap.Sstable.Tests.Support;

internal sealed class TestDamageException(long offset, string message, Exception? inner = null)
    : Exception($"{message} at {offset}", inner)
{
    public long Offset { get; } = offset;
}

internal sealed class TestNewerFormatException(int found, int known)
    : Exception($"version {found}, known {known}")
{
    public int Found { get; } = found;
}

internal sealed unsafe class TestTableBytes : TableBytes, IDisposable
{
    private readonly byte* _memory;
    private bool _isDisposed;

    public TestTableBytes(ReadOnlySpan<byte> content, bool isMapped = true)
        : base(content.Length)
    {
        // Safety: the memory holds the content and is freed by Dispose.
        _memory = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(content.Length, 1), 4096);
        content.CopyTo(Content);
        if (isMapped)
            SetMapping(_memory);
    }

    /// <summary>The file, open for damage.</summary>
    public Span<byte> Content => new(_memory, (int)Length);

    public int PopulateCount { get; private set; }

    public int ReadCount { get; private set; }

    public override void Populate(long offset, long length)
    {
        if (offset < 0 || length < 0 || offset + length > Length)
            throw new TestDamageException(offset, "populate reaches beyond the table");
        PopulateCount++;
    }

    /// <summary>Every range that was advised, in order, once there is a list for it.</summary>
    public List<(long Offset, long Length)>? Advised { get; set; }

    /// <summary>What <see cref="IsResident"/> says of a range.</summary>
    public Func<long, int, bool> Residency { get; set; } = static (_, _) => true;

    public override void Advise(long offset, long length)
    {
        if (offset < 0 || length <= 0 || offset + length > Length)
            throw new TestDamageException(offset, "advice reaches beyond the table");
        Advised?.Add((offset, length));
    }

    public override bool IsResident(long offset, int length)
    {
        if (offset < 0 || length <= 0 || offset + length > Length)
            throw new TestDamageException(offset, "a question reaches beyond the table");
        return Residency(offset, length);
    }

    public override void Read(long offset, Span<byte> destination)
    {
        if (offset < 0 || offset + destination.Length > Length)
            throw new TestDamageException(offset, "a read reaches beyond the table");
        ReadCount++;
        Content.Slice((int)offset, destination.Length).CopyTo(destination);
    }

    public override Exception Damage(
        long offset, string what, string? expected, string? found, Exception? innerException) =>
        new TestDamageException(offset, $"{what} ({expected}, {found})", innerException);

    public override Exception NewerFormat(int foundVersion, int knownVersion) =>
        new TestNewerFormatException(foundVersion, knownVersion);

    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        NativeMemory.AlignedFree(_memory);
    }
}
