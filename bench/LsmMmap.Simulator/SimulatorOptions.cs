// The options of the command line, and the settings that follow from them.

using System.CommandLine;
using LsmMmap.Engine.Compaction;

namespace LsmMmap.Simulator;

internal sealed class SimulatorOptions
{
    private static readonly SimulationSettings s_settings = new();
    private static readonly CompactionTuning s_tuning = CompactionTuning.Default;

    private readonly Option<double> _writesPerKey = Number(
        "--writes-per-key", "Writes for each different key", s_settings.WritesPerKey);
    private readonly Option<double> _deleteShare = Number(
        "--delete-share", "The part of the writes that are deletes", 0);
    private readonly Option<bool> _deleteAll = new("--delete-all")
    { Description = "Deletes every key afterwards, in random order" };
    private readonly Option<double> _valueBytes = Number("--value-bytes", "Of each value", 100);
    private readonly Option<double> _memtableMib = Number("--memtable-mib", "Of a memtable", 64);
    private readonly Option<double> _tableMib = Number("--table-mib", "Of a table", 64);
    private readonly Option<double> _grain = Number(
        "--entries-per-memtable",
        "Simulated keys of a memtable, each standing for many; 0 simulates every key",
        s_settings.EntriesPerMemtable);
    private readonly Option<double> _seed = Number("--seed", "Of the draws", 1);
    private readonly Option<double> _threads = Number(
        "--threads", "Compactions at once; 0 runs them between the flushes", 0);
    private readonly Option<double> _writeMb = Number(
        "--write-mb", "MB a second that the user writes, with --threads", 50);
    private readonly Option<double> _mergeMb = Number(
        "--merge-mb", "MB a second that one compaction writes, with --threads", 200);
    private readonly Option<double> _level0 = Number(
        "--level0-trigger", "Leveled: tables of level 0 to merge", s_tuning.Level0Trigger);
    private readonly Option<double> _factor = Number(
        "--level-factor", "Leveled: from level to level", s_tuning.LevelFactor);
    private readonly Option<double> _base = Number(
        "--base-memtables", "Leveled: the least level", s_tuning.BaseMemtables);
    private readonly Option<PickRule> _rule = new("--rule")
    { Description = "Leveled: which table of a level goes first" };
    private readonly Option<double> _runs = Number(
        "--run-trigger", "Tiered: runs to merge", s_tuning.RunTrigger);
    private readonly Option<double> _space = Number(
        "--space-factor", "Tiered: newer runs to the oldest", s_tuning.SpaceFactor);
    private readonly Option<double> _ratio = Number(
        "--size-ratio", "Tiered: a run to those gathered", s_tuning.SizeRatio);

    private readonly Option<double> _deletesDue = Number(
        "--deletes-due", "The part of tombstones that is due", s_tuning.DeletesDue);

    public Option<double[]> Gigabytes { get; } = new("--data-gb")
    {
        Description = "Bytes of the different keys with their values, in 10^9 [default: 10]",
        DefaultValueFactory = static _ => [10],
        AllowMultipleArgumentsPerToken = true,
    };

    public Option<CompactionStyle[]> Styles { get; } = new("--style")
    {
        Description = "Leveled, Tiered or both [default: both]",
        DefaultValueFactory = static _ => [CompactionStyle.Leveled, CompactionStyle.Tiered],
        AllowMultipleArgumentsPerToken = true,
    };

    public Option<KeyOrder[]> Keys { get; } = new("--keys")
    {
        Description = "Uniform, Zipfian, Sequential [default: Uniform]",
        DefaultValueFactory = static _ => [KeyOrder.Uniform],
        AllowMultipleArgumentsPerToken = true,
    };

    public IEnumerable<Option> All =>
    [
        Styles, Keys, Gigabytes, _writesPerKey, _deleteShare, _deleteAll, _valueBytes,
        _memtableMib, _tableMib, _grain, _seed, _threads, _writeMb, _mergeMb, _level0, _factor,
        _base, _rule, _runs, _space, _ratio, _deletesDue,
    ];

    public SimulationSettings Settings(
        ParseResult parsed, CompactionStyle style, KeyOrder keys, double gigabytes) => new()
        {
            Style = style,
            Keys = keys,
            DataBytes = gigabytes * 1e9,
            WritesPerKey = parsed.GetValue(_writesPerKey),
            DeleteShare = parsed.GetValue(_deleteShare),
            DeletesAll = parsed.GetValue(_deleteAll),
            ValueBytes = (int)parsed.GetValue(_valueBytes),
            MemtableBytes = (long)(parsed.GetValue(_memtableMib) * (1 << 20)),
            TableBytes = (long)(parsed.GetValue(_tableMib) * (1 << 20)),
            EntriesPerMemtable = (int)parsed.GetValue(_grain),
            Seed = (int)parsed.GetValue(_seed),
            Threads = (int)parsed.GetValue(_threads),
            WriteBytesPerSecond = parsed.GetValue(_writeMb) * 1e6,
            MergeBytesPerSecond = parsed.GetValue(_mergeMb) * 1e6,
            Rule = parsed.GetValue(_rule),
            Tuning = new CompactionTuning
            {
                Level0Trigger = (int)parsed.GetValue(_level0),
                LevelFactor = (int)parsed.GetValue(_factor),
                BaseMemtables = (int)parsed.GetValue(_base),
                RunTrigger = (int)parsed.GetValue(_runs),
                SpaceFactor = parsed.GetValue(_space),
                SizeRatio = parsed.GetValue(_ratio),
                DeletesDue = parsed.GetValue(_deletesDue),
            },
        };

    private static Option<double> Number(string name, string description, double value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };
}
