// A compaction that the user asked for: brings everything in a range of keys into the last
// level, without tombstones and versions that no snapshot needs. It hands out one plan after the
// other and remembers how far it is; between two plans other compactions and flushes may run.
//
// It goes down the tree once. Level 0 first: every table that was there at the start. Then each
// sorted level from top to bottom, in key order, in pieces. Then the tables of the last level
// that were there at the start and may hold tombstones, shadowed versions or sequences.
// Data only ever moves down, so when the walk leaves a level, nothing old is left there or above.
//
// It ends whatever is written meanwhile: tables flushed after the start are left alone, the walk
// through a level only goes forward, up to the largest key that the level had when the walk came
// to it, and of the last level nothing is rewritten that was written since the start.
// The walk goes on when it is told that a plan was committed. A plan that failed, or was never
// run, is handed out again, or what has become of its tables.
// Threads: under the store's lock.

using System.Diagnostics;
using System.Globalization;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Compaction;

internal sealed class ManualCompaction
{
    private readonly byte[] _from;
    private readonly byte[] _to;
    private readonly long _nowMs;

    private bool _hasStarted;
    private ulong _sequenceMark;
    private long _numberMark;

    private int _level;
    private KeyRange? _after; // the walk of this level is past the end of this
    private KeyRange? _last; // and ends with this; null when the level has nothing in the range

    /// <summary>From is inclusive, to is exclusive; an empty one is open. What is over at a time
    /// goes, in milliseconds of Unix time; 0 is long ago.</summary>
    public ManualCompaction(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to, long nowMs = 0)
    {
        _nowMs = nowMs;
        _from = from.ToArray();
        _to = to.ToArray();
        IsDone = _to.Length > 0 && from.SequenceCompareTo(to) >= 0;
    }

    /// <summary>Whether the range is compacted as far as it goes.</summary>
    public bool IsDone { get; private set; }

    /// <summary>The next plan. null with <see cref="IsDone"/> false means that it must wait
    /// until a running compaction has ended.</summary>
    public CompactionPlan? Next(
        TreeVersion version, KeyspaceOptions options,
        IReadOnlyList<CompactionPlan>? running = null)
    {
        Start(version);
        var claims = CompactionClaims.Of(version, running);
        while (!IsDone)
        {
            List<(int Level, Table Table)> inputs = _level == 0
                ? Level0Inputs(version)
                : _level < LevelTargets.LastLevel
                    ? SortedInputs(version, options)
                    : LastInputs(version, options);
            if (inputs.Count == 0)
            {
                GoDown(version);
                continue;
            }
            int output = _level == LevelTargets.LastLevel
                ? _level : OutputBelow(version, KeyRange.Of(inputs));
            if (output > _level)
                LeveledPicker.AddOverlapping(version, inputs, output);
            return claims.Allow(inputs, output)
                ? CompactionPlan.Of(
                    version, options, CompactionReason.Manual, Why(), output, inputs)
                : null;
        }
        return null;
    }

    /// <summary>The plan's edit is durable and its version is installed.</summary>
    public void Committed(CompactionPlan plan)
    {
        Debug.Assert(plan.Reason == CompactionReason.Manual, "only its own plans are reported");
        Debug.Assert(plan.TopLevel == _level, "a plan is reported before the next is asked for");
        foreach ((int level, Table table) in plan.Inputs)
        {
            if (level == _level && level > 0)
                _after = table.Info.Keys;
        }
    }

    private void Start(TreeVersion version)
    {
        if (_hasStarted)
            return;
        _hasStarted = true;
        foreach (Table table in version.AllTables())
            _numberMark = Math.Max(_numberMark, table.Info.Number);
        foreach (Table table in version.Tables(0))
            _sequenceMark = Math.Max(_sequenceMark, table.Info.LargestSequence);
    }

    private void GoDown(TreeVersion version)
    {
        Debug.Assert(!IsDone, "the walk goes down once");
        if (_level == LevelTargets.LastLevel)
        {
            IsDone = true;
            return;
        }
        _level++;
        _after = null;
        _last = null;
        foreach (Table table in version.Tables(_level))
        {
            if (IsInRange(table))
                _last = table.Info.Keys;
        }
    }

    // What was on level 0 at the start (or came of it: tables of level 0 keep their sequences),
    // and every older table that overlaps what is taken.
    private List<(int Level, Table Table)> Level0Inputs(TreeVersion version)
    {
        var inputs = new List<(int Level, Table Table)>();
        foreach (Table table in version.Tables(0))
        {
            bool isOld = table.Info.SmallestSequence <= _sequenceMark;
            KeyRange keys = KeyRange.Of(table);
            if ((isOld && IsInRange(table)) || inputs.Exists(i => keys.Overlaps(i.Table)))
                inputs.Add((0, table));
        }
        return inputs;
    }

    private List<(int Level, Table Table)> SortedInputs(
        TreeVersion version, KeyspaceOptions options)
    {
        var inputs = new List<(int Level, Table Table)>();
        long bytesMax = CompactionPicker.InputTablesMax * options.TableBytes;
        int output = 0;
        KeyRange keys = default;
        foreach (Table table in version.Tables(_level))
        {
            if (!IsAhead(table))
                continue;
            KeyRange grown = inputs.Count == 0 ? KeyRange.Of(table) : keys.With(table);
            int below = OutputBelow(version, grown);
            if (inputs.Count > 0
                && (below != output || BytesIn(version, _level, below, grown) > bytesMax))
            {
                break;
            }
            (keys, output) = (grown, below);
            inputs.Add((_level, table));
        }
        return inputs;
    }

    private List<(int Level, Table Table)> LastInputs(TreeVersion version, KeyspaceOptions options)
    {
        var inputs = new List<(int Level, Table Table)>();
        long bytesMax = CompactionPicker.InputTablesMax * options.TableBytes;
        long bytes = 0;
        foreach (Table table in version.Tables(_level))
        {
            bytes += table.Info.FileBytes;
            bool isTaken = IsAhead(table) && MayShrink(table)
                && (inputs.Count == 0 || bytes <= bytesMax);
            // Only neighbours: an output must not reach over a table that stays.
            if (!isTaken && inputs.Count > 0)
                break;
            if (isTaken)
                inputs.Add((_level, table));
            else
                bytes = 0;
        }
        return inputs;
    }

    // Entries that all have sequence zero are single Puts: nothing can be dropped but what is over.
    private bool MayShrink(Table table) =>
        table.Info.Number <= _numberMark
        && (table.Info.DeleteCount > 0 || table.Info.LargestSequence > 0
            || (!table.Info.Expiring.IsEmpty && table.Info.Expiring.FirstMs <= _nowMs));

    // The first level below that has tables under the keys; what is passed by has none.
    private int OutputBelow(TreeVersion version, KeyRange keys)
    {
        int below = _level + 1;
        while (below < LevelTargets.LastLevel && !keys.OverlapsLevel(version, below))
            below++;
        return below;
    }

    private static long BytesIn(TreeVersion version, int level, int below, KeyRange keys)
    {
        long bytes = 0;
        foreach (int at in (ReadOnlySpan<int>)[level, below])
        {
            foreach (Table table in version.Overlapping(at, keys))
                bytes += table.Info.FileBytes;
        }
        return bytes;
    }

    private bool IsAhead(Table table) =>
        IsInRange(table)
        && _last is { } last && !last.EndsBefore(table.Info.SmallestKey)
        && (_after is not { } after || table.Info.Keys.CompareEnd(after) > 0);

    private bool IsInRange(Table table) =>
        !table.Info.Keys.EndsBefore(_from)
        && (_to.Length == 0 || table.Info.SmallestKey.AsSpan().SequenceCompareTo(_to) < 0);

    private string Why() => string.Create(
        CultureInfo.InvariantCulture, $"asked for by the user, working on level {_level}");
}
