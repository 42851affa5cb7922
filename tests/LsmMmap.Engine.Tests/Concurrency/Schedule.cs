// One run of a scenario in which a chooser decides at every schedule point who goes on. Threads
// are real ones, but only one of them runs at any time; the others are parked here. Gates and
// waits of the engine are known, so a thread that cannot go on is never chosen, and a run in
// which nobody can is a deadlock.
//
// What is played is every interleaving of a sequentially consistent machine. Reorderings of a
// weaker one are not: docs/concurrency.md says which fences those need.
// Threads: members of ISchedule by the one thread that runs. A failed run leaves its threads
// parked for ever; they hold nothing but themselves.

using System.Globalization;
using LsmMmap.Engine.Waiting;

namespace LsmMmap.Engine.Tests.Concurrency;

internal sealed class Schedule(IChooser chooser) : ISchedule
{
    private const int StepsMax = 200_000;
    private static readonly TimeSpan s_never = TimeSpan.FromSeconds(60);

    [ThreadStatic]
    private static Actor? t_self;

    private readonly List<Actor> _actors = [];
    private readonly TaskCompletionSource _ended = new();
    private readonly List<object> _retired = [];
    private readonly List<string> _steps = [];

    /// <summary>The choices where there was one: what a replay needs.</summary>
    public List<int> Choices { get; } = [];

    public int StepCount { get; private set; }

    /// <summary>What went wrong; null when every thread came to its end.</summary>
    public string? Failure { get; private set; }

    /// <summary>Whether retired objects come here instead of to the process's reclaimer.
    /// </summary>
    public bool TakesRetired { get; set; }

    /// <summary>The last steps, for a failure message.</summary>
    public string Tail => string.Join(
        Environment.NewLine, _steps.Skip(Math.Max(0, _steps.Count - 60)));

    /// <summary>Runs the body, and every thread that it starts, to the end.</summary>
    public void Run(Action body)
    {
        SchedulePoint.Current = this;
        StoreThread root = StoreThread.Start("LsmMmap test root", body);
        SchedulePoint.Current = null;
        _actors[0].Go.Release();
        if (!_ended.Task.Wait(s_never))
            Failure = "a thread waits for something that the schedule does not know";
        GC.KeepAlive(root);
    }

    public List<object> DrainRetired()
    {
        List<object> all = [.. _retired];
        _retired.Clear();
        return all;
    }

    public void Reach(string point) => Decide(t_self!, point);

    public void BeforeEnter(Gate gate)
    {
        if (gate.IsHeld)
            return;
        t_self!.Wants = gate;
        Decide(t_self, "enter");
    }

    public void Wait(Gate gate, bool hasTimeout)
    {
        Actor self = t_self!;
        self.SleepOn(gate);
        self.HasTimeout = hasTimeout;
        Monitor.Exit(gate);
        if (gate.IsHeld)
            Fail("a wait on a gate that is held twice");
        Decide(self, "wait");
        Monitor.Enter(gate);
    }

    public void Pulse(Gate gate, bool all)
    {
        foreach (Actor actor in _actors)
        {
            if (!ReferenceEquals(actor.Sleeps, gate))
                continue;
            actor.WakeFor(gate);
            if (!all)
                return;
        }
    }

    public Action Adopt(StoreThread thread, Action body)
    {
        var actor = new Actor(_actors.Count, thread);
        _actors.Add(actor);
        return () => RunActor(actor, body);
    }

    public bool Join(StoreThread thread)
    {
        if (_actors.Find(actor => ReferenceEquals(actor.Thread, thread)) is not { } other)
            return false;
        t_self!.Joins = other;
        Decide(t_self, "join");
        return true;
    }

    public bool TakeRetired(object item)
    {
        if (TakesRetired)
            _retired.Add(item);
        return TakesRetired;
    }

    private void RunActor(Actor actor, Action body)
    {
        t_self = actor;
        actor.Go.Wait();
        SchedulePoint.Current = this;
        try
        {
            body();
        }
        catch (Exception e)
        {
            Failure ??= $"thread {actor.Id} ended with {e}";
        }
        SchedulePoint.Current = null;
        actor.IsDone = true;
        Decide(actor, "end");
    }

    private void Decide(Actor self, string point)
    {
        if (_steps.Count > 2000)
            _steps.RemoveRange(0, 1000);
        _steps.Add(string.Create(CultureInfo.InvariantCulture, $"{self.Id}: {point}"));
        if (++StepCount > StepsMax)
            Fail("the run does not end");
        List<int> enabled = Enabled(self);
        if (enabled.Count == 0)
        {
            if (_actors.TrueForAll(static actor => actor.IsDone))
                _ended.TrySetResult();
            else
                Fail("deadlock: " + string.Join(", ", _actors.Where(static a => !a.IsDone)));
            return;
        }
        int next = enabled[0];
        if (enabled.Count > 1)
        {
            next = chooser.Choose(enabled.Contains(self.Id) ? self.Id : -1, enabled);
            Choices.Add(next);
        }
        Actor chosen = _actors[next];
        chosen.Wants = null;
        chosen.Joins = null;
        if (ReferenceEquals(chosen, self))
            return;
        bool isDone = self.IsDone;
        chosen.Go.Release();
        if (!isDone)
            self.Go.Wait();
    }

    private List<int> Enabled(Actor self)
    {
        var enabled = new List<int>();
        foreach (Actor actor in _actors)
        {
            if (actor.CanGoOn(self))
                enabled.Add(actor.Id);
        }
        if (enabled.Count > 0)
            return enabled;
        // Time passes only when nothing else can happen.
        foreach (Actor actor in _actors)
        {
            if (actor is { Sleeps: { } gate, HasTimeout: true })
            {
                actor.WakeFor(gate);
                if (actor.CanGoOn(self))
                    return [actor.Id];
            }
        }
        return enabled;
    }

    private void Fail(string what)
    {
        Failure ??= what;
        _ended.TrySetResult();
        using var never = new SemaphoreSlim(0);
        never.Wait();
    }

    private sealed class Actor(int id, StoreThread thread)
    {
        public int Id => id;

        public StoreThread Thread => thread;

        public SemaphoreSlim Go { get; } = new(0);

        /// <summary>The gate that it takes next.</summary>
        public Gate? Wants { get; set; }

        /// <summary>The gate that must be pulsed first.</summary>
        public Gate? Sleeps { get; private set; }

        public bool HasTimeout { get; set; }

        public Actor? Joins { get; set; }

        public bool IsDone { get; set; }

        public void SleepOn(Gate gate) => Sleeps = gate;

        public void WakeFor(Gate gate)
        {
            Sleeps = null;
            Wants = gate;
        }

        public bool CanGoOn(Actor runs) =>
            !IsDone && Sleeps == null && (Joins == null || Joins.IsDone)
            && (Wants == null || IsFree(Wants, ReferenceEquals(this, runs)));

        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture,
            $"{id} {(Sleeps != null ? "sleeps" : Joins != null ? "joins" : "wants a gate")}");

        // Asked by the thread that runs: what it holds itself is not free for others.
        private static bool IsFree(Gate gate, bool isOwn)
        {
            if (gate.IsHeld)
                return isOwn;
            if (!Monitor.TryEnter(gate))
                return false;
            Monitor.Exit(gate);
            return true;
        }
    }
}
