// The search in one data block: every key of the block in turn, found and decoded.

using BenchmarkDotNet.Attributes;
using LsmMmap.Bench.Support;
using LsmMmap.Sstable.Blocks;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Bench;

public class BlockSearchBench
{
    private BenchBlock _block = null!;

    [GlobalSetup]
    public void Setup() => _block = new BenchBlock();

    [GlobalCleanup]
    public void Cleanup() => _block.Dispose();

    [Benchmark(OperationsPerInvoke = BenchBlock.EntryCount)]
    public int Search()
    {
        int sum = 0;
        foreach (byte[] key in _block.Keys)
        {
            var view = new BlockView(_block.Payload);
            int index = view.LowerBound(key, EntryTag.PlainPut);
            if (view.TryDecode(index, out BlockEntry entry) && view.KeyEquals(entry, key))
                sum += entry.ValueStart;
        }
        return sum;
    }
}
