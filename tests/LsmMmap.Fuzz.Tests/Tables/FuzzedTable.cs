// The bytes of a mutated table as the reader sees a mapped file, but between guards. Damage is the
// engine's own exception, so that one judgement serves tables and stores. One thread.

using LsmMmap.Sstable.Mapping;

namespace LsmMmap.Fuzz.Tests;

internal sealed unsafe class FuzzedTable : TableBytes
{
    private const string Name = "fuzzed.sst";

    private readonly byte* _start;

    public FuzzedTable(GuardedMemory memory, ReadOnlySpan<byte> content, bool atEnd)
        : base(content.Length)
    {
        // Safety: the memory outlives the case that this object serves.
        _start = memory.Place(content, atEnd);
        SetMapping(_start);
    }

    public override void Populate(long offset, long length)
    {
        bool isInside = offset >= 0 && length >= 0 && length <= Length - offset;
        FuzzCase.Check(isInside, $"populates {offset}+{length} of {Length}");
    }

    public override void Advise(long offset, long length)
    {
        bool isInside = offset >= 0 && length > 0 && length <= Length - offset;
        FuzzCase.Check(isInside, $"advises {offset}+{length} of {Length}");
    }

    public override bool IsResident(long offset, int length)
    {
        bool isInside = offset >= 0 && length > 0 && length <= Length - offset;
        FuzzCase.Check(isInside, $"asks for {offset}+{length} of {Length}");
        return true;
    }

    public override void Read(long offset, Span<byte> destination)
    {
        if (offset < 0 || destination.Length > Length - offset)
            throw Damage(offset, "the file ends early");
        new ReadOnlySpan<byte>(_start + offset, destination.Length).CopyTo(destination);
    }

    public override Exception Damage(
        long offset, string what, string? expected = null, string? found = null,
        Exception? innerException = null) =>
        new CorruptionException(Name, offset, what, expected, found, innerException);

    public override Exception NewerFormat(int foundVersion, int knownVersion) =>
        new FormatVersionException($"{foundVersion}, not {knownVersion}", Name);
}
