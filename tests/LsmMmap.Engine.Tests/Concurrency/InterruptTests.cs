// Thread.Interrupt does not break a call of the store: a writer that waits is not torn out of the
// queue, a leader does not lose the lead. The interrupt is kept and hits the thread's next wait
// of its own.
//
// What keeps it: the catch in Gate.Wait for the first test, that in Gate.EnterSlowly and the one
// around the sleep of WriteStall for the storm.

using LsmMmap.Engine.Tests.Regression;
using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests.Concurrency;

public sealed class InterruptTests : StoreTest
{
    [Fact]
    public void Interrupt_OfAWaitingWriter_ComesAfterItsCommit()
    {
        using var writing = new ManualResetEventSlim();
        using var mayWrite = new ManualResetEventSlim();
        bool isHeld = false;
        var files = new FaultyFiles
        {
            Before = (at, _) =>
            {
                if (at != "write" || !Volatile.Read(ref isHeld))
                    return;
                writing.Set();
                mayWrite.Wait();
            },
        };
        using LsmStore store = LsmStore.Open(Home, null, files);
        Volatile.Write(ref isHeld, true);
        bool cameLater = false;
        var waiting = new Thread(() =>
        {
            store.Put([2], [2]);
            using var never = new SemaphoreSlim(0);
            cameLater = Record.Exception(never.Wait) is ThreadInterruptedException;
        });
        Crew.Run(
            () => store.Put([1], [1]),
            () =>
            {
                writing.Wait();
                waiting.Start();
                Eventually.True(
                    () => waiting.ThreadState.HasFlag(ThreadState.WaitSleepJoin), "it waits");
                waiting.Interrupt();
                mayWrite.Set();
                waiting.Join();
            },
            () =>
            {
                writing.Wait();
                store.Put([3], [3]);
            });
        Assert.True(cameLater, "the interrupt was lost");
        Assert.Equal(3, Count(store));
    }

    [Fact]
    public void Interrupts_InAStorm_BreakNoCall()
    {
        const int Writers = 4;
        const int EachWrites = 1_500;
        var options = new StoreOptions { DefaultKeyspace = { MemtableBytes = 64 << 10 } };
        LsmStore store = Open(options);
        var writers = new Thread[Writers];
        Exception? broken = null;
        for (int w = 0; w < Writers; w++)
        {
            int writer = w;
            writers[w] = new Thread(() => broken ??= Record.Exception(() =>
            {
                for (int i = 0; i < EachWrites; i++)
                {
                    Durability durability = (Durability)(1 + i % 3);
                    int key = writer * EachWrites + i;
                    store.Put(Bytes.Number(key), Bytes.Value(key, 200), durability);
                    if (i % 500 == 499)
                        store.Flush();
                }
            }));
        }
        foreach (Thread writer in writers)
            writer.Start();
        Eventually.Returns(
            () =>
            {
                for (int i = 0; writers.Any(static w => w.IsAlive); i++)
                {
                    writers[i % Writers].Interrupt();
                    Thread.Yield();
                }
            },
            "writers under interrupts");
        Assert.True(broken is null, $"{broken}");
        Assert.Equal(Writers * EachWrites, Count(store));
    }
}
