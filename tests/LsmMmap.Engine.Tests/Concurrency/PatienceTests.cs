// Waiting awake: what it sees, and when it gives up. No test depends on how long anything takes:
// limits are either nothing or longer than any run.

using System.Diagnostics;
using LsmMmap.Engine.Waiting;

namespace LsmMmap.Engine.Tests.Concurrency;

public sealed class PatienceTests
{
    private static readonly long s_hourTicks = Stopwatch.Frequency * 3600;

    private readonly Patience _patience = new();

    [Fact]
    public void Await_WithTheWordThere_IsTrueAtOnce()
    {
        int word = 2;
        Assert.True(_patience.Await(ref word, 2, s_hourTicks));
        Assert.True(_patience.Await(ref word, 1, s_hourTicks));
    }

    [Fact]
    public void Await_WithoutTime_SaysWhatIsThere()
    {
        int word = 1;
        Assert.True(_patience.Await(ref word, 1, 0));
        Assert.False(_patience.Await(ref word, 2, 0));
    }

    [Fact]
    public void Await_OfNothing_Ends()
    {
        int word = 0;
        Assert.False(_patience.Await(ref word, 1, Stopwatch.Frequency / 1000));
    }

    [Fact]
    public void Await_BesideAThreadThatWrites_SeesIt()
    {
        // A long turn of the scheduler ends one try; the caller of the engine sleeps then.
        int word = 0;
        using var begun = new ManualResetEventSlim();
        var writer = new Thread(() =>
        {
            begun.Wait();
            Volatile.Write(ref word, 1);
        });
        writer.Start();
        begun.Set();
        while (!new Patience().Await(ref word, 1, s_hourTicks))
        {
        }
        writer.Join();
        Assert.Equal(1, Volatile.Read(ref word));
    }

    [Fact]
    public void Await_AfterALongTurn_DoesNotLook()
    {
        int word = 0;
        _patience.RestFrom(Stopwatch.GetTimestamp() + s_hourTicks);
        Assert.False(_patience.Await(ref word, 1, s_hourTicks));
    }

    [Fact]
    public void Rest_AfterLongTurnsInARow_GrowsToALimit()
    {
        int word = 0;
        long start = Stopwatch.GetTimestamp() - s_hourTicks;
        long now = start;
        for (int i = 0; i < 100; i++)
            _patience.RestFrom(now += Stopwatch.Frequency / 1000);
        // Hundred turns within a tenth of a second; no rest outlasts another second.
        Assert.True(now - start < Stopwatch.Frequency);
        word = 1;
        Assert.True(_patience.Await(ref word, 1, s_hourTicks));
    }

    [Fact]
    public void Await_AfterTheRest_LooksAgain()
    {
        int word = 1;
        _patience.RestFrom(Stopwatch.GetTimestamp() - s_hourTicks);
        Assert.True(_patience.Await(ref word, 1, s_hourTicks));
    }
}
