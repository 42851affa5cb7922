// Names and values of attributes. Values are kept as objects, so that a measurement allocates
// nothing.
// Threads: immutable.

using System.Diagnostics;

namespace LsmMmap.Engine.Telemetry;

internal static class StoreTags
{
    public const string Store = "lsm.store";
    public const string Keyspace = "lsm.keyspace";
    public const string Operation = "lsm.operation";
    public const string Durability = "lsm.durability";
    public const string Found = "lsm.found";
    public const string Reason = "lsm.stall.reason";
    public const string Work = "lsm.work";
    public const string Target = "lsm.target";
    public const string Level = "lsm.level";
    public const string Cache = "lsm.cache";
    public const string Error = "error.type";

    private static readonly string[] s_durabilities =
        ["", "buffered", "flushed", "synced"];
    private static readonly string[] s_reasons =
        ["none", "memtables", "level0", "compaction_debt", "disk_space"];
    private static readonly object s_yes = true;
    private static readonly object s_no = false;

    public static string Of(Durability durability)
    {
        Debug.Assert((int)durability < s_durabilities.Length, "every durability has a word");
        return s_durabilities[(int)durability];
    }

    public static string Of(StallReason reason)
    {
        Debug.Assert((int)reason < s_reasons.Length, "every reason has a word");
        return s_reasons[(int)reason];
    }

    public static KeyValuePair<string, object?> Is(string name, string value) => new(name, value);

    public static KeyValuePair<string, object?> Is(string name, bool value) =>
        new(name, value ? s_yes : s_no);
}
