// Plays a scenario under many schedules. A failure prints the choices that led to it;
// LSM_SCHEDULE=<scenario>:<choices> plays that one schedule alone. LSM_SCHEDULES multiplies the
// number of random schedules. With LSM_SCHEDULE_REPORT set to a file, each exploration appends
// what it played.

using System.Globalization;
using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests.Concurrency;

/// <summary>What one run does and how its outcome is judged. Made anew for each run.</summary>
internal interface IScenario
{
    /// <summary>The root thread: sets up, starts threads, joins them, judges.</summary>
    void Run(Schedule schedule);

    /// <summary>After every thread has ended; off the schedule. Throws when the outcome is
    /// wrong.</summary>
    void Judge();
}

/// <summary>What an exploration has played.</summary>
internal sealed record Explored(int Schedules, long Steps, bool IsComplete);

internal static class Explorer
{
    private const int ChoicesShownMax = 4_000;

    /// <summary>Every schedule with at most so many preemptions, up to a number of runs.
    /// </summary>
    public static Explored Every(
        Func<IScenario> make, int preemptions, int runsMax, string? variant = null)
    {
        string name = make().GetType().Name + variant;
        if (TryReplay(name, make))
            return new Explored(1, 0, false);
        var chooser = new EveryChoice(preemptions);
        long steps = 0;
        for (int runs = 1; ; runs++)
        {
            steps += Play(name, make, chooser, "").StepCount;
            Assert.False(chooser.IsUnstable, $"{name}: the same choices led elsewhere");
            bool isComplete = !chooser.Advance();
            if (isComplete || runs == runsMax)
                return Report(name, new Explored(runs, steps, isComplete));
        }
    }

    /// <summary>Random priorities by seed, with one to four changes of them.</summary>
    public static Explored Random(Func<IScenario> make, int runs, string? variant = null)
    {
        string name = make().GetType().Name + variant;
        if (TryReplay(name, make))
            return new Explored(1, 0, false);
        runs = (int)(runs * Seeds.Number("LSM_SCHEDULES", 1));
        long steps = 0;
        int length = 200;
        for (int run = 0; run < runs; run++)
        {
            var chooser = new RandomPriorities(Seeds.Base + run, 2 + run % 4, length);
            Schedule played = Play(name, make, chooser, Seeds.Describe(Seeds.Base + run));
            steps += played.StepCount;
            length = Math.Max(length, played.Choices.Count);
        }
        return Report(name, new Explored(runs, steps, false));
    }

    private static bool TryReplay(string name, Func<IScenario> make)
    {
        string? asked = Environment.GetEnvironmentVariable("LSM_SCHEDULE");
        if (asked == null || !asked.StartsWith(name + ":", StringComparison.Ordinal))
            return false;
        int[] choices = [.. asked[(name.Length + 1)..]
            .Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Select(static text => int.Parse(text, CultureInfo.InvariantCulture))];
        Play(name, make, new ReplayedChoices(choices), "replayed");
        return true;
    }

    private static Schedule Play(
        string name, Func<IScenario> make, IChooser chooser, string how)
    {
        IScenario scenario = make();
        var schedule = new Schedule(chooser);
        schedule.Run(() => scenario.Run(schedule));
        string? failure = schedule.Failure;
        if (failure == null)
        {
            Exception? wrong = Record.Exception(scenario.Judge);
            failure = wrong?.ToString();
        }
        // After a failure threads may be parked in the middle of what Dispose would take away.
        if (failure != null)
            Assert.Fail(Describe(name, schedule, failure, how));
        (scenario as IDisposable)?.Dispose();
        return schedule;
    }

    private static string Describe(
        string name, Schedule schedule, string failure, string how)
    {
        string choices = string.Join(',', schedule.Choices.Take(ChoicesShownMax));
        string line = Environment.NewLine;
        return $"{name}: {failure}{line}{how}{line}the last steps:{line}{schedule.Tail}{line}"
            + $"repeat with LSM_SCHEDULE={name}:{choices}";
    }

    private static Explored Report(string name, Explored explored)
    {
        if (Environment.GetEnvironmentVariable("LSM_SCHEDULE_REPORT") is { Length: > 0 } path)
            File.AppendAllText(path, $"{name}: {explored}{Environment.NewLine}");
        return explored;
    }
}
