// Runs the picker's plans against the model store in random order: writes, flushes, snapshots,
// several compactions at once that end in any order or fail, changes of style. After each step
// the tree must be in order and every reader must see what it should.
// Threads: one; what runs at once is begun and ended at different steps.

using LsmMmap.Engine.Compaction;

namespace LsmMmap.Engine.Tests.Compaction;

internal sealed class CompactionSimulator
{
    private readonly List<(CompactionPlan Plan, ulong[] Snapshots)> _running = [];
    private readonly int _seed;
    private readonly bool _namesRunning;

    public CompactionSimulator(int seed, CompactionStyle style, int keyCount)
    {
        _seed = seed;
        Random = new Random(seed);
        _namesRunning = Random.Next(4) > 0;
        Model = new TreeModel(keyCount);
        Options = new KeyspaceOptions
        {
            MemtableBytes = 20 * TreeModel.EntryBytes,
            TableBytes = 10 * TreeModel.EntryBytes,
            Compaction = style,
        };
    }

    public Random Random { get; }

    public TreeModel Model { get; }

    public KeyspaceOptions Options { get; }

    public int StepCount { get; private set; }

    /// <summary>How many compactions began while another ran.</summary>
    public int BesideOthers { get; private set; }

    public long WrittenBytes { get; private set; }

    public HashSet<CompactionReason> Reasons { get; } = [];

    public string Context => $"LSM_SEED={_seed} step {StepCount}";

    private IReadOnlyList<CompactionPlan>? Running =>
        _namesRunning ? [.. _running.Select(r => r.Plan)] : null;

    /// <summary>A tree of some levels: compactions of several may run at once.</summary>
    public static CompactionSimulator Deep(int seed, CompactionStyle style)
    {
        var simulator = new CompactionSimulator(seed, style, 2_000);
        simulator.Options.MemtableBytes = 2 * TreeModel.EntryBytes;
        simulator.Options.TableBytes = 8 * TreeModel.EntryBytes;
        for (int i = 0; i < 10; i++)
        {
            simulator.WriteAndFlush(400);
            simulator.Settle();
        }
        return simulator;
    }

    public void WriteAndFlush(int entries, bool isSequential = false)
    {
        var memtable = new List<Entry>();
        int keys = Model.Keys.Length;
        int from = Random.Next(keys);
        // A table covers all keys, or a part of them, or so few that many lie side by side.
        int width = Random.Next(4) switch
        {
            0 => keys,
            1 => Random.Next(1, keys + 1),
            _ => Random.Next(1, keys / 20 + 2),
        };
        for (int i = 0; i < entries; i++)
        {
            int key = isSequential ? (from + i) % keys : (from + Random.Next(width)) % keys;
            memtable.Add(Model.Write(key, Random.Next(4) > 0));
            if (Random.Next(100) == 0)
                Model.Snapshots.Add(Model.LastSequence);
        }
        Model.Flush(memtable);
    }

    /// <summary>One random step.</summary>
    public void Step()
    {
        StepCount++;
        switch (Random.Next(12))
        {
            case 0 or 1 or 2 or 3:
                WriteAndFlush(Random.Next(1, 60), Random.Next(5) == 0);
                break;
            case 4 or 5 or 6 or 7:
                Begin(CompactionPicker.Pick(Model.Version, Options, Running));
                break;
            case 8 or 9 or 10:
                if (_running.Count > 0)
                    End(Random.Next(_running.Count), Random.Next(10) == 0);
                break;
            default:
                while (Model.Snapshots.Count > Random.Next(5))
                    Model.Snapshots.RemoveAt(Random.Next(Model.Snapshots.Count));
                break;
        }
    }

    public bool Begin(CompactionPlan? plan)
    {
        if (plan == null)
            return false;
        Reasons.Add(plan.Reason);
        plan.MarkInputs(true);
        _running.Add((plan, Model.SnapshotArray()));
        BesideOthers += _running.Count > 1 ? 1 : 0;
        Assert.Equal(plan.Inputs.Sum(i => i.Table.Info.FileBytes), plan.InputBytes);
        Assert.NotEmpty(plan.Why);
        return true;
    }

    public void End(int index, bool fails)
    {
        (CompactionPlan plan, ulong[] snapshots) = _running[index];
        _running.RemoveAt(index);
        plan.MarkInputs(false);
        if (!fails)
        {
            Model.Apply(plan, snapshots, Options.TableBytes);
            WrittenBytes += plan.IsTrivialMove ? 0 : plan.InputBytes;
        }
        Model.Check($"{Context} ({plan.Reason} into {plan.OutputLevel})");
    }

    /// <summary>Ends what runs and compacts until nothing is due.</summary>
    public void Settle()
    {
        while (_running.Count > 0)
            End(0, false);
        for (int rounds = 0; ; rounds++)
        {
            Assert.True(rounds < 5_000, $"{Context}: compaction does not end");
            if (!Begin(CompactionPicker.Pick(Model.Version, Options, Running)))
                return;
            End(0, false);
        }
    }

    /// <summary>Runs a manual compaction; other steps come in between when asked.</summary>
    public void Compact(byte[] from, byte[] to, bool amongOthers)
    {
        var manual = new ManualCompaction(from, to);
        for (int rounds = 0; !manual.IsDone; rounds++)
        {
            Assert.True(rounds < 5_000, $"{Context}: the manual compaction does not end");
            for (int i = Random.Next(6); amongOthers && i > 0; i--)
                Step();
            CompactionPlan? plan = manual.Next(Model.Version, Options, Running);
            if (!Begin(plan))
            {
                Assert.True(
                    manual.IsDone || _running.Count > 0, $"{Context}: waits for nothing");
                if (_running.Count > 0)
                    End(Random.Next(_running.Count), false);
                continue;
            }
            if (amongOthers && Random.Next(4) == 0)
                End(_running.FindIndex(r => r.Plan == plan), true);
            else
                EndManual(manual, plan!, amongOthers);
        }
    }

    // Others may begin and end while the plan runs.
    private void EndManual(ManualCompaction manual, CompactionPlan plan, bool amongOthers)
    {
        for (int i = 0; amongOthers && i < 3; i++)
        {
            WriteAndFlush(Random.Next(1, 60));
            Begin(CompactionPicker.Pick(Model.Version, Options, Running));
            int other = Random.Next(_running.Count);
            if (_running[other].Plan != plan)
                End(other, false);
        }
        End(_running.FindIndex(r => r.Plan == plan), false);
        manual.Committed(plan);
    }
}
