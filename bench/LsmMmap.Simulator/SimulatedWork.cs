// The background threads. Without a number of threads compactions take no time and run between
// the flushes until nothing is due. With one, each takes as long as its outputs at the given rate;
// the writer goes on meanwhile and stops, as the engine's does, at ten times the trigger of level
// 0. Delays before that are left out.

using LsmMmap.Engine.Compaction;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Simulator;

internal sealed class SimulatedWork(SimulationSettings settings, SimulatedStore store)
{
    private const double StopLoad = 10;

    private readonly List<(CompactionPlan Plan, Table[] Outputs, double End)> _running = [];
    private double _now;

    /// <summary>How long the writer was stopped.</summary>
    public double StoppedSeconds { get; private set; }

    /// <summary>Called after each compaction.</summary>
    public Action Ended { get; init; } = static () => { };

    /// <summary>The writer fills a memtable of so many bytes.</summary>
    public void Fill(double userBytes)
    {
        if (settings.Threads == 0)
            return;
        double full = _now + userBytes / settings.WriteBytesPerSecond;
        while (_running.Count > 0 && EarliestEnd() <= full)
            EndEarliest();
        _now = full;
        while (_running.Count > 0 && store.Pressure().Level0Load >= StopLoad)
        {
            double before = _now;
            EndEarliest();
            StoppedSeconds += _now - before;
        }
    }

    /// <summary>Something was flushed.</summary>
    public void Flushed()
    {
        if (settings.Threads == 0)
            Settle();
        else
            Begin();
    }

    /// <summary>Nothing is written until nothing is due.</summary>
    public void Settle()
    {
        Begin();
        while (_running.Count > 0)
            EndEarliest();
    }

    private void Begin()
    {
        while (_running.Count < Math.Max(1, settings.Threads)
            && store.Pick([.. _running.Select(static work => work.Plan)]) is { } plan)
        {
            plan.MarkInputs(true);
            Table[] outputs = store.Merge(plan);
            double bytes = plan.IsTrivialMove
                ? 0 : outputs.Sum(static table => (double)table.Info.FileBytes);
            _running.Add((plan, outputs, _now + bytes / settings.MergeBytesPerSecond));
        }
    }

    private double EarliestEnd() => _running.Min(static work => work.End);

    private void EndEarliest()
    {
        int at = _running.IndexOf(_running.MinBy(static work => work.End));
        (CompactionPlan plan, Table[] outputs, double end) = _running[at];
        _running.RemoveAt(at);
        _now = Math.Max(_now, end);
        plan.MarkInputs(false);
        store.Install(plan, outputs);
        Ended();
        Begin();
    }
}
