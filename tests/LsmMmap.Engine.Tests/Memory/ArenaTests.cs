// The arena alone: alignment, references, growth of chunks, and that memory goes back. The class
// runs alone, because it looks at the bytes of the whole process.

using System.Runtime.CompilerServices;
using LsmMmap.Engine.Memory;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Engine.Tests.Memory;

[CollectionDefinition("process-wide native memory", DisableParallelization = true)]
public sealed class NativeMemoryAlone;

[Collection("process-wide native memory")]
public sealed class ArenaTests
{
    [Fact]
    public unsafe void Allocate_RandomSizes_AlignedDisjointAndResolvable()
    {
        int seed = MemTableModel.Seed();
        Random random = new(seed);
        using Arena arena = new();
        List<(nint Address, int Bytes, uint Reference, byte Mark)> runs = [];
        for (int i = 0; i < 3000; i++)
        {
            int bytes = random.Next(20) == 0 ? random.Next(1, 400_000) : random.Next(1, 3000);
            byte* run = arena.Allocate(bytes, out uint reference);
            byte mark = (byte)random.Next(256);
            new Span<byte>(run, bytes).Fill(mark);
            Assert.True((nint)run % 8 == 0, $"seed {seed}: run {i} is not aligned");
            runs.Add(((nint)run, bytes, reference, mark));
        }

        Assert.DoesNotContain(runs, run => run.Reference == 0);
        foreach ((nint address, int bytes, uint reference, byte mark) in runs)
        {
            Assert.True((nint)arena.Resolve(reference) == address, $"seed {seed}: reference");
            ReadOnlySpan<byte> run = new((byte*)address, bytes);
            Assert.False(run.ContainsAnyExcept(mark), $"seed {seed}: overlapping runs");
        }

        long sum = runs.Sum(run => (long)run.Bytes);
        Assert.InRange(arena.AllocatedBytes, sum, sum + sum / 3 + Arena.ChunkBytesMax);
    }

    [Fact]
    public unsafe void Allocate_ManyMiddlingRuns_ShareChunks()
    {
        // 2 KiB is above a quarter of the first chunk: it must not get a chunk each time for ever.
        using Arena arena = new();
        long before = arena.AllocatedBytes;
        for (int i = 0; i < 100; i++)
            arena.Allocate(2048, out _);
        long atHundred = arena.AllocatedBytes;
        arena.Allocate(2048, out _);

        Assert.True(atHundred - before > 100 * 2048, "a shared chunk is partly unused");
        Assert.Equal(atHundred, arena.AllocatedBytes);
    }

    [Fact]
    public void Dispose_AfterManyChunks_ReturnsEveryByte()
    {
        long before = Arena.ProcessBytes;
        MemTable memTable = new(0);
        byte[] value = new byte[50_000];
        for (ulong sequence = 1; sequence <= 1000; sequence++)
            memTable.Add(
                BitConverter.GetBytes(sequence), EntryTag.Pack(sequence, ValueKind.Put), value);
        Assert.True(Arena.ProcessBytes >= before + memTable.DataBytes, "the arena is counted");

        memTable.Dispose();
        memTable.Dispose();
        Assert.Equal(0, memTable.AllocatedBytes);
        // Arenas that other tests dropped may be finalised meanwhile, so less is possible.
        Assert.True(Arena.ProcessBytes <= before, "everything went back, once");
    }

    [Fact]
    public void Finalizer_MemTableDroppedWithoutDispose_ReturnsItsBytes()
    {
        long before = Arena.ProcessBytes;
        Drop();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.True(Arena.ProcessBytes <= before, "the net caught the memory");
    }

    [Fact]
    public void Dispose_BeforeTheFirstAdd_DoesNothing()
    {
        MemTable memTable = new(0);
        memTable.Dispose();
        memTable.Dispose();
        Assert.Equal(0, memTable.AllocatedBytes);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Drop()
    {
        MemTable dropped = new(0);
        dropped.Add("k"u8, EntryTag.Pack(1, ValueKind.Put), new byte[2_000_000]);
    }
}
