// Steps inside one data block, in both directions, each with the key and tag looked at.

using BenchmarkDotNet.Attributes;
using LsmMmap.Bench.Support;
using LsmMmap.Sstable.Blocks;
using LsmMmap.Sstable.Mapping;

namespace LsmMmap.Bench;

public class BlockCursorBench
{
    private readonly NativeBuffer _key = new();
    private BenchBlock _block = null!;
    private BlockCursor _cursor;

    [GlobalSetup]
    public void Setup()
    {
        _block = new BenchBlock();
        _key.Resize(BlockCursor.KeyBufferBytes);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _block.Dispose();
        _key.Dispose();
    }

    /// <summary>A whole block: turning to it, then every entry.</summary>
    [Benchmark(OperationsPerInvoke = BenchBlock.EntryCount)]
    public ulong Next()
    {
        ulong sum = 0;
        _cursor.Attach(_block.Payload, _key.Span);
        while (_cursor.MoveNext())
            sum += _cursor.Tag + _cursor.UserKey[^1];
        return sum;
    }

    [Benchmark(OperationsPerInvoke = BenchBlock.EntryCount)]
    public ulong Previous()
    {
        ulong sum = 0;
        _cursor.Attach(_block.Payload, _key.Span);
        for (bool isThere = _cursor.MoveTo(BenchBlock.EntryCount - 1); isThere;
            isThere = _cursor.MovePrevious())
            sum += _cursor.Tag + _cursor.UserKey[^1];
        return sum;
    }
}
