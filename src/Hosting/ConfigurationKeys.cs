// Reads the options of a store from its section of the configuration, by hand: no reflection, so
// trimming takes nothing away, and a key that is misspelled or has the wrong form is a problem that
// names the key, not an option that silently stays as it was.
//
// Invariant: there is a key for each option that has a textual form; a test compares.
// Threads: none of its own; the options under construction belong to one.

using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace LsmMmap.Hosting;

internal static class ConfigurationKeys
{
    public const string Root = "LsmMmap";

    private static readonly Dictionary<string, Action<LsmStoreOptions, string>> s_store =
        new(StringComparer.OrdinalIgnoreCase)
        {
            ["Directory"] = static (o, text) => o.Directory = text,
            ["DegradedFreeBytes"] = static (o, text) => o.DegradedFreeBytes = Long(text),
            ["CreateIfMissing"] = static (o, text) => o.Store.CreateIfMissing = Flag(text),
            ["DefaultDurability"] =
                static (o, text) => o.Store.DefaultDurability = Word<Durability>(text),
            ["WalRecovery"] = static (o, text) => o.Store.WalRecovery = Word<WalRecovery>(text),
            ["ReadMode"] = static (o, text) => o.Store.ReadMode = Word<ReadMode>(text),
            ["MemoryBudgetBytes"] = static (o, text) => o.Store.MemoryBudgetBytes = Long(text),
            ["BlockIndexCacheBytes"] =
                static (o, text) => o.Store.BlockIndexCacheBytes = Long(text),
            ["BackgroundThreads"] = static (o, text) => o.Store.BackgroundThreads = Int(text),
            ["BackgroundBytesPerSecond"] =
                static (o, text) => o.Store.BackgroundBytesPerSecond = Long(text),
            ["FreeSpaceReserveBytes"] =
                static (o, text) => o.Store.FreeSpaceReserveBytes = Long(text),
            ["ScrubBytesPerSecond"] = static (o, text) => o.Store.ScrubBytesPerSecond = Long(text),
            ["Name"] = static (o, text) => o.Store.Name = text,
            ["SlowOperationMs"] = static (o, text) => o.Store.SlowOperationMs = Int(text),
            ["MeasureReads"] = static (o, text) => o.Store.MeasureReads = Flag(text),
        };

    private static readonly Dictionary<string, Action<KeyspaceOptions, string>> s_keyspace =
        new(StringComparer.OrdinalIgnoreCase)
        {
            ["MemtableBytes"] = static (o, text) => o.MemtableBytes = Long(text),
            ["TableBytes"] = static (o, text) => o.TableBytes = Long(text),
            ["BlockBytes"] = static (o, text) => o.BlockBytes = Int(text),
            ["BloomBitsPerKey"] = static (o, text) => o.BloomBitsPerKey =
                double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture),
            ["Compaction"] = static (o, text) => o.Compaction = Word<CompactionStyle>(text),
            ["TimeToLive"] = static (o, text) =>
                o.TimeToLive = TimeSpan.Parse(text, CultureInfo.InvariantCulture),
        };

    private static readonly Dictionary<string, Action<Retention, string>> s_retention =
        new(StringComparer.OrdinalIgnoreCase)
        {
            ["Bytes"] = static (o, text) => o.Bytes = Long(text),
            ["Age"] = static (o, text) =>
                o.Age = TimeSpan.Parse(text, CultureInfo.InvariantCulture),
        };

    /// <summary>Where the options of a store stand.</summary>
    public static string SectionOf(string store) => $"{Root}:{store}";

    /// <summary>Sets what the section says, and adds to the problems of the options what it says
    /// wrongly.</summary>
    public static void Read(IConfigurationSection section, LsmStoreOptions options)
    {
        foreach (IConfigurationSection entry in section.GetChildren())
        {
            if (!Is(entry, "DefaultKeyspace"))
                Set(s_store, options, entry, options.Problems, "DefaultKeyspace");
            else
                ReadKeyspace(entry, options.Store.DefaultKeyspace, options.Problems);
        }
    }

    private static void ReadKeyspace(
        IConfigurationSection section, KeyspaceOptions options, List<string> problems)
    {
        foreach (IConfigurationSection entry in section.GetChildren())
        {
            if (Is(entry, "CompressionPerLevel"))
                options.CompressionPerLevel = Codecs(entry, problems);
            else if (!Is(entry, "Retention"))
                Set(s_keyspace, options, entry, problems, "CompressionPerLevel", "Retention");
            else
            {
                options.Retention ??= new Retention();
                foreach (IConfigurationSection part in entry.GetChildren())
                    Set(s_retention, options.Retention, part, problems);
            }
        }
    }

    private static List<Compression> Codecs(IConfigurationSection section, List<string> problems)
    {
        List<Compression> codecs = [];
        // The children of an array are named by their indexes, and come in their order.
        foreach (IConfigurationSection level in section.GetChildren())
            Try(level, problems, text => codecs.Add(Word<Compression>(text)));
        return codecs;
    }

    private static void Set<TOptions>(
        Dictionary<string, Action<TOptions, string>> keys, TOptions options,
        IConfigurationSection entry, List<string> problems, params string[] sections)
    {
        Debug.Assert(!sections.Contains(entry.Key), "a section is read as one");
        if (keys.TryGetValue(entry.Key, out Action<TOptions, string>? set))
            Try(entry, problems, text => set(options, text));
        else
            problems.Add($"{entry.Path} is not an option; there are "
                + string.Join(", ", keys.Keys.Concat(sections).Order(StringComparer.Ordinal)));
    }

    private static void Try(
        IConfigurationSection entry, List<string> problems, Action<string> set)
    {
        if (entry.Value == null)
        {
            problems.Add($"{entry.Path} has no value");
            return;
        }
        try
        {
            set(entry.Value);
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            problems.Add($"{entry.Path} is '{entry.Value}': {e.Message}");
        }
    }

    private static bool Is(IConfigurationSection entry, string key) =>
        entry.Key.Equals(key, StringComparison.OrdinalIgnoreCase);

    private static long Long(string text) =>
        long.Parse(text, NumberStyles.Integer, CultureInfo.InvariantCulture);

    private static int Int(string text) =>
        int.Parse(text, NumberStyles.Integer, CultureInfo.InvariantCulture);

    private static bool Flag(string text) => bool.Parse(text);

    // A number would be taken for a word by Enum.TryParse, whether it has one or not.
    private static TEnum Word<TEnum>(string text) where TEnum : struct, Enum =>
        !char.IsAsciiLetter(text.FirstOrDefault()) || !Enum.TryParse(text, true, out TEnum value)
            ? throw new FormatException(
                "it must be one of " + string.Join(", ", Enum.GetNames<TEnum>()))
            : value;
}
