// The tables of one keyspace without their files: a TreeVersion of the engine whose tables have
// a list of keys beside them. Plans are carried out as CompactionRun does it, with the engine's
// own OutputSplitter and OlderTables; there are no snapshots, so a tombstone goes as soon as no
// older table may hold its key.

using System.Buffers.Binary;
using LsmMmap.Engine.Compaction;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Simulator;

internal sealed class SimulatedStore
{
    private readonly Dictionary<Table, ulong[]> _entries = [];
    private readonly KeyspaceOptions _options;
    private readonly SimulationSettings _settings;
    private readonly TableRule _rule;
    private readonly CompactionTuning _tuning;
    private long _lastNumber;
    private ulong _lastSequence;

    public SimulatedStore(SimulationSettings settings)
    {
        _options = settings.Options();
        _settings = settings;
        _rule = new TableRule(settings.Rule);
        _tuning = settings.Tuning with { TableCost = _rule.Cost };
    }

    public TreeVersion Version { get; private set; } = TreeVersion.Empty();

    public long FlushCount { get; private set; }

    /// <summary>Moves included, as the store counts.</summary>
    public long CompactionCount { get; private set; }

    public long MoveCount { get; private set; }

    public long WrittenBytes { get; private set; }

    /// <summary>Read by the largest compaction.</summary>
    public long LargestCompactionBytes { get; private set; }

    /// <summary>Bytes of tables while the inputs and outputs of the last merge were both there.
    /// </summary>
    public long LastPeakBytes { get; private set; }

    public void Flush(ulong[] run)
    {
        _lastSequence++;
        Table table = NewTable(0, run, _lastSequence);
        FlushCount++;
        WrittenBytes += table.Info.FileBytes;
        Version = Version.With(new HashSet<Table>(), [(0, table)]);
        LastPeakBytes = Version.TableBytes;
    }

    /// <summary>The plan counts as begun.</summary>
    public CompactionPlan? Pick(IReadOnlyList<CompactionPlan> running)
    {
        CompactionPlan? plan = CompactionPicker.Pick(Version, _options, running, _tuning);
        if (plan != null)
            _rule.Took(plan);
        return plan;
    }

    public CompactionPressure Pressure() =>
        CompactionPicker.Pressure(Version, _options, _tuning);

    /// <summary>What a plan writes; nothing is installed yet.</summary>
    public Table[] Merge(CompactionPlan plan)
    {
        if (plan.IsTrivialMove)
            return [.. plan.Inputs.Select(static input => input.Table)];
        ulong sequence = plan.Inputs.Max(static input => input.Table.Info.LargestSequence);
        ulong[] merged = KeyMerge.Merge(RunsOf(plan));
        OlderTables older = plan.WalkOlder();
        var splitter = new OutputSplitter(plan, _options.TableBytes);
        var outputs = new List<Table>();
        var kept = new List<ulong>();
        (double putBytes, double deleteBytes) = EntryBytes(plan.OutputLevel);
        double bytes = _settings.TableOverheadBytes;
        Span<byte> key = stackalloc byte[sizeof(ulong)];
        foreach (ulong entry in merged)
        {
            BinaryPrimitives.WriteUInt64BigEndian(key, entry >> 1);
            bool isDelete = KeyMerge.IsDelete(entry);
            if (isDelete && (plan.IsBottom || !older.MayHold(key)))
                continue;
            if (splitter.ShouldCutBefore(key, (long)bytes) && kept.Count > 0)
            {
                outputs.Add(NewTable(plan.OutputLevel, [.. kept], sequence));
                kept.Clear();
                bytes = _settings.TableOverheadBytes;
            }
            kept.Add(entry);
            bytes += isDelete ? deleteBytes : putBytes;
        }
        if (kept.Count > 0)
            outputs.Add(NewTable(plan.OutputLevel, [.. kept], sequence));
        return [.. outputs];
    }

    /// <summary>Swaps the inputs for the outputs.</summary>
    public void Install(CompactionPlan plan, Table[] outputs)
    {
        CompactionCount++;
        long outputBytes = outputs.Sum(static table => table.Info.FileBytes);
        LastPeakBytes = Version.TableBytes + (plan.IsTrivialMove ? 0 : outputBytes);
        if (plan.IsTrivialMove)
        {
            MoveCount++;
        }
        else
        {
            WrittenBytes += outputBytes;
            LargestCompactionBytes = Math.Max(LargestCompactionBytes, plan.InputBytes);
        }
        HashSet<Table> inputs = [.. plan.Inputs.Select(static input => input.Table)];
        Version = Version.With(
            inputs, [.. outputs.Select(table => (plan.OutputLevel, table))]);
        foreach (Table input in inputs.Except(outputs))
            _entries.Remove(input);
    }

    /// <summary>Tables that a get of the key may have to ask.</summary>
    public int RunsOver(int number)
    {
        byte[] key = KeyBytes(number);
        int runs = 0;
        foreach (Table table in Version.Tables(0))
            runs += table.Info.Keys.Contains(key) ? 1 : 0;
        foreach (int level in Version.SortedLevels)
        {
            int at = Version.FindTable(level, key);
            ReadOnlySpan<Table> tables = Version.Tables(level);
            runs += at < tables.Length && tables[at].Info.Keys.Contains(key) ? 1 : 0;
        }
        return runs;
    }

    // Newest first: level 0 as it is, then each level as one run.
    private ulong[][] RunsOf(CompactionPlan plan)
    {
        var runs = new List<ulong[]>();
        foreach (IGrouping<int, (int Level, Table Table)> level in plan.Inputs
            .GroupBy(static input => input.Level).OrderBy(static group => group.Key))
        {
            IEnumerable<ulong[]> sorted = TreeVersion
                .Sorted(level.Key, level.Select(static input => input.Table))
                .Select(table => _entries[table]);
            if (level.Key == 0)
                runs.AddRange(sorted);
            else
                runs.Add([.. sorted.SelectMany(static entries => entries)]);
        }
        return [.. runs];
    }

    private Table NewTable(int level, ulong[] entries, ulong sequence)
    {
        long deletes = entries.LongCount(KeyMerge.IsDelete);
        long puts = entries.Length - deletes;
        (double putBytes, double deleteBytes) = EntryBytes(level);
        var info = new TableInfo
        {
            Number = ++_lastNumber,
            TableId = (ulong)_lastNumber,
            FileBytes = (long)(
                _settings.TableOverheadBytes + puts * putBytes + deletes * deleteBytes),
            FileChecksum = 0,
            SmallestKey = KeyBytes(KeyMerge.Key(entries[0])),
            LargestKey = KeyBytes(KeyMerge.Key(entries[^1])),
            SmallestSequence = sequence,
            LargestSequence = sequence,
            EntryCount = entries.Length,
            DeleteCount = deletes,
        };
        var table = new Table(null!, info);
        _entries.Add(table, entries);
        return table;
    }

    private (double Put, double Delete) EntryBytes(int level)
    {
        bool isLast = level == LevelTargets.LastLevel;
        return (
            _settings.TableEntryBytes(isDelete: false, isLast),
            _settings.TableEntryBytes(isDelete: true, isLast));
    }

    private static byte[] KeyBytes(int key)
    {
        byte[] bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, (ulong)key);
        return bytes;
    }
}
