// The simulator against a store on a disk that is given the same writes. The store is idle after
// each memtable, as the simulated one is, so nothing depends on time; what is left between the two
// is the size of tables, which the simulator takes as so many bytes an entry. A tiered tree goes
// another way after a small difference, so only sums and means are compared.

using System.Buffers.Binary;
using LsmMmap.Testing;

namespace LsmMmap.Simulator.Tests;

public sealed class RealStoreTests
{
    // What a tiered tree merges depends on which of two runs is a little larger.
    private const double LeveledTolerance = 0.05;
    private const double TieredTolerance = 0.10;

    [Theory]
    [InlineData(CompactionStyle.Leveled, 0)]
    [InlineData(CompactionStyle.Tiered, 0)]
    [InlineData(CompactionStyle.Leveled, 0.2)]
    [InlineData(CompactionStyle.Tiered, 0.2)]
    public void Simulation_SameWrites_AmplifiesAsTheStoreDoes(
        CompactionStyle style, double deleteShare)
    {
        var settings = new SimulationSettings
        {
            Style = style,
            DataBytes = 100_000 * 116,
            WritesPerKey = 2,
            DeleteShare = deleteShare,
            MemtableBytes = 128 << 10,
            TableBytes = 256 << 10,
            EntriesPerMemtable = 0,
        };
        using var folder = new TemporaryFolder();
        (StoreStatistics real, double meanBytes) = Fill(folder["store"], settings);
        SimulationResult simulated = Simulation.Run(settings);
        Assert.Equal(real.BytesWrittenByUser, simulated.UserBytes);
        Assert.Equal(real.FlushCount, simulated.FlushCount);
        (string, double Real, double Simulated)[] figures =
        [
            ("bytes written", real.BytesWrittenToTables, simulated.WrittenBytes),
            ("mean bytes of tables", meanBytes, simulated.TableBytesMean),
        ];
        double tolerance = style == CompactionStyle.Leveled
            ? LeveledTolerance : TieredTolerance;
        Assert.True(
            figures.All(f => Math.Abs(f.Simulated / f.Real - 1) <= tolerance),
            string.Join(", ", figures));
    }

    /// <summary>The same draws as the simulation's, a memtable at a time; and the bytes of tables
    /// after each one of the second half.</summary>
    private static (StoreStatistics, double) Fill(
        string directory, SimulationSettings settings)
    {
        using LsmStore store = LsmStore.Open(directory, new StoreOptions
        {
            DefaultKeyspace = settings.Options(),
            DefaultDurability = Durability.Buffered,
            BackgroundThreads = 1,
        });
        var stream = new KeyStream(settings);
        byte[] key = new byte[settings.KeyBytes];
        byte[] value = new byte[settings.ValueBytes];
        double memtableBytes = 0;
        var tableBytes = new List<double>();
        for (long i = 0; i < settings.WriteCount; i++)
        {
            (int number, bool isDelete) = stream.Next();
            BinaryPrimitives.WriteInt32BigEndian(key.AsSpan(key.Length - sizeof(int)), number);
            if (isDelete)
                store.Delete(key);
            else
                store.Put(key, value);
            memtableBytes += settings.MemtableEntryBytes(isDelete);
            if (memtableBytes < settings.MemtableBytes && i + 1 < settings.WriteCount)
                continue;
            memtableBytes = 0;
            store.Flush();
            store.WaitForIdle();
            if (i >= settings.WriteCount / 2)
                tableBytes.Add(store.GetStatistics().TableBytes);
        }
        return (store.GetStatistics(), tableBytes.Average());
    }
}
