// Writing faster than flush and compaction follow: writes wait, none is lost, none waits for ever.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class WriteStallTests : StoreTest
{
    [Theory]
    [InlineData(CompactionStyle.Leveled)]
    [InlineData(CompactionStyle.Tiered)]
    public void Writers_AboveTheBudget_AreSlowedAndLoseNothing(CompactionStyle style)
    {
        const int Writers = 3;
        const int EachWrites = 4_000;
        const int ValueBytes = 2_000;
        LsmStore store = Open(new StoreOptions
        {
            MemoryBudgetBytes = 1 << 20,
            BackgroundThreads = 1,
            DefaultKeyspace = { MemtableBytes = 64 << 10, Compaction = style },
        });
        Action WriterOf(int writer) => () =>
        {
            for (int i = 0; i < EachWrites; i++)
            {
                int number = i * Writers + writer;
                store.Put(Bytes.Number(number), Bytes.Value(number, ValueBytes));
            }
        };
        Crew.Run([.. Enumerable.Range(0, Writers).Select(WriterOf)]);
        StoreStatistics statistics = store.GetStatistics();
        Assert.True(statistics.StallCount > 0 || statistics.StallTime == TimeSpan.Zero);
        int next = 0;
        foreach (KeyValueView entry in store.Range([], []))
        {
            Assert.Equal(Bytes.Number(next), entry.Key.ToArray());
            Assert.Equal(Bytes.Value(next, ValueBytes), entry.Value.ToArray());
            next++;
        }
        Assert.Equal(Writers * EachWrites, next);
        store.WaitForIdle();
        Assert.Equal(0, store.Verify().DamageCount);
    }

    [Fact]
    public void ManyKeyspaces_InOneBudget_AllWrite()
    {
        const int Spaces = 30;
        LsmStore store = Open(new StoreOptions
        {
            MemoryBudgetBytes = 1 << 20,
            DefaultKeyspace = { MemtableBytes = 256 << 10 },
        });
        Keyspace[] spaces =
            [.. Enumerable.Range(0, Spaces).Select(i => store.GetKeyspace($"space {i}"))];
        for (int i = 0; i < 6_000; i++)
            spaces[i % Spaces].Put(Bytes.Number(i), Bytes.Value(i, 1_000));
        for (int i = 0; i < 6_000; i++)
            Assert.Equal(Bytes.Value(i, 1_000), spaces[i % Spaces].Get(Bytes.Number(i)));
        store.Dispose();
        LsmStore again = Open();
        for (int i = 0; i < Spaces; i++)
            Assert.Equal(6_000 / Spaces, Count(again.GetKeyspace($"space {i}")));
    }
}
