// kill -9 of a process with several writers of every durability: after each kill the store is
// opened and compared with what had been acknowledged over the pipe. Some kills hit commits, some
// flushes and compactions, some the opening of the store, which is then a recovery.
//
// The moments are drawn from LSM_SEED, but what exactly is hit differs from run to run. A missing
// sync cannot be seen this way: the page cache outlives the process.
//
// Seen to fail: with LogFile.Write keeping commits of every durability until 2,000 bytes wait, a
// commit "was acknowledged as Flushed and is lost" after some kills. While the manifest recorded
// sequences of commits that were still in memory, "whole commits end at 949, the store at 955".

using LsmMmap.Real.Child;
using LsmMmap.Testing;
using Xunit.Abstractions;

namespace LsmMmap.Real.Tests;

public sealed class KillTests(ITestOutputHelper output)
{
    private const int Lanes = 3;
    private const int RoundsOfAStore = 12;
    private const int Writers = 4;
    private const int CommitsMax = 100_000;

    private static int Kills => (int)Seeds.Number("LSM_KILLS", 200);

    [LinuxFact]
    public void Writers_KilledAtSeededMoments_LeaveAPrefixWithEveryPromise()
    {
        long survived = 0;
        int inOpening = 0;
        long start = TimeProvider.System.GetTimestamp();
        var random = new Random(Seeds.Base);
        for (int left = Kills; left > 0;)
        {
            var lives = new List<Action>();
            for (int lane = 0; lane < Lanes && left > 0; lane++)
            {
                int seed = random.Next();
                int rounds = Math.Min(left, RoundsOfAStore);
                left -= rounds;
                lives.Add(() => Interlocked.Add(
                    ref survived, LifeOfAStore(seed, rounds, ref inOpening)));
            }
            Crew.Run([.. lives]);
        }
        TimeSpan time = TimeProvider.System.GetElapsedTime(start);
        output.WriteLine($"{Kills} kills, {inOpening} of them before the store was open, "
            + $"{survived} commits survived, {time.TotalSeconds:F0} s");
        Assert.True(survived > 0, "no commit survived any kill: nothing was tested");
    }

    /// <summary>One store, killed so often, checked after each. Commits that survived.</summary>
    private static long LifeOfAStore(int seed, int rounds, ref int inOpening)
    {
        using var folder = new TemporaryFolder();
        string store = folder["store"];
        var random = new Random(seed);
        var check = new StoreCheck();
        for (int round = 0; round < rounds; round++)
        {
            var plan = new CommitPlan(seed, round);
            using ChildProcess child = ChildProcess.Start(
                "writers", store, $"{seed}", $"{round}", $"{Writers}", $"{CommitsMax}");
            string moment = RunUntilKilled(child, random);
            string context = $"{Seeds.Describe(Seeds.Base)} (store {seed}, round {round}, killed "
                + $"{moment}); {child.Story}";
            Assert.True(child.IsKilled && child.Errors.Trim().Length == 0, context);
            if (!child.Lines.Contains("open"))
                Interlocked.Increment(ref inOpening);
            List<Acknowledgement> acknowledged = StoreCheck.Acknowledgements(child.Lines);
            if (!StoreCheck.IsStore(store))
            {
                Assert.True(acknowledged.Count == 0, context);
                continue;
            }
            check.AfterRound(
                store, Child.Writers.Options(seed), plan, Writers, acknowledged, context);
        }
        return check.Survived;
    }

    /// <summary>After so many acknowledgements, or so long after the store was open, or so long
    /// after its opening began. Says which.</summary>
    private static string RunUntilKilled(ChildProcess child, Random random)
    {
        int acknowledgements = random.Next(3) == 0 ? (int)Math.Pow(2, random.NextDouble() * 11) : 0;
        bool isInOpening = acknowledgements == 0 && random.Next(3) == 0;
        double wait = Math.Pow(2, random.NextDouble() * (isInOpening ? 6 : 8)) - 1;
        using var timer = new Timer(_ => child.Kill());
        string trigger = isInOpening ? "opening" : "open";
        int seen = 0;
        while (child.ReadLine() is { } line)
        {
            if (line[0] == 'a' && ++seen == acknowledgements)
                child.Kill();
            if (line == trigger && acknowledgements == 0)
                timer.Change(TimeSpan.FromMilliseconds(wait), Timeout.InfiniteTimeSpan);
        }
        child.RunToEnd();
        return acknowledgements > 0
            ? $"after {acknowledgements} acknowledgements" : $"{wait:F1} ms after {trigger}";
    }
}
