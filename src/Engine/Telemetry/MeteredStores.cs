// The open stores of the process, for those who collect metrics: one meter serves all of them, and
// tells them apart by name. A store is here from opening to closing and is not kept after that.
//
// Names: that of the options, or of the directory. A second store of the same name while the
// first is open gets "#2" behind it, for two series of one name would add up to nonsense.
// Threads: any. Stores are asked outside the lock.

using System.Diagnostics;
using System.Globalization;
using LsmMmap.Engine.Waiting;

namespace LsmMmap.Engine.Telemetry;

internal static class MeteredStores
{
    private static readonly Gate s_gate = new(isOfProcess: true);
    private static readonly Dictionary<string, StoreTelemetry> s_open =
        new(StringComparer.Ordinal);

    /// <summary>Takes a store in; returns its name among the open ones.</summary>
    public static string Add(StoreTelemetry store)
    {
        using (s_gate.Hold())
        {
            AssertInvariants();
            string name = store.Name;
            for (int i = 2; !s_open.TryAdd(name, store); i++)
                name = string.Create(CultureInfo.InvariantCulture, $"{store.Name}#{i}");
            return name;
        }
    }

    public static void Remove(StoreTelemetry store)
    {
        using (s_gate.Hold())
        {
            AssertInvariants();
            if (s_open.TryGetValue(store.Name, out StoreTelemetry? named)
                && ReferenceEquals(named, store))
                s_open.Remove(store.Name);
        }
    }

    public static StoreTelemetry[] ToArray()
    {
        using (s_gate.Hold())
        {
            AssertInvariants();
            return [.. s_open.Values];
        }
    }

    [Conditional("DEBUG")]
    private static void AssertInvariants() =>
        Debug.Assert(s_gate.IsHeld, "the open stores are under their lock");
}
