// One data block of 32 entries, as many as fit a page, in native memory with the slack that
// readers of blocks ask for. Ownership: Dispose frees it.

using LsmMmap.Sstable.Blocks;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Mapping;

namespace LsmMmap.Bench.Support;

internal sealed class BenchBlock : IDisposable
{
    public const int EntryCount = 32;

    private readonly NativeBuffer _memory = new();
    private readonly int _payloadBytes;

    public BenchBlock()
    {
        Keys = BenchData.SortedKeys(EntryCount);
        var builder = new BlockBuilder(entriesAlways: 1);
        byte[] value = new byte[BenchData.ValueBytes];
        foreach (byte[] key in Keys)
            builder.Add(key, EntryTag.PlainPut, value);
        _payloadBytes = builder.PayloadBytes();
        Span<byte> block = _memory.Resize(_payloadBytes + BlockView.SlackBytes);
        block.Clear();
        builder.Write(block[.._payloadBytes]);
    }

    public byte[][] Keys { get; }

    /// <summary>The block's payload; the slack lies behind it.</summary>
    public ReadOnlySpan<byte> Payload => _memory.Span[.._payloadBytes];

    public void Dispose() => _memory.Dispose();
}
