// Damage that somebody found, counted and told once each, whoever comes across the exception
// later.
// Threads: any.

using System.Diagnostics;
using System.Diagnostics.Tracing;

namespace LsmMmap.Engine.Telemetry;

internal static class Damages
{
    private static long s_count;

    /// <summary>Found in the process so far.</summary>
    public static long Count => Volatile.Read(ref s_count);

    /// <summary>Returns the damage, so that it can be thrown.</summary>
    public static CorruptionException Found(CorruptionException damage)
    {
        if (!damage.TryMarkTold())
            return damage;
        long count = Interlocked.Increment(ref s_count);
        Debug.Assert(count > 0, "damages are counted up");
        if (StoreEventSource.Log.IsEnabled(EventLevel.Error, StoreEventSource.Keywords.Damage))
            TelemetryThread.Post(() => StoreEventSource.Log.DamageFound(
                damage.FileName, damage.Offset, damage.Message));
        return damage;
    }
}
