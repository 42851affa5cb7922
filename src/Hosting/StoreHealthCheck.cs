// Whether a store is well: what its statistics say, and how much of the disk is free. Reads only: a
// check that wrote would fill the disk it warns of, and would wait with the writers it reports.
// Threads: any.

using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LsmMmap.Hosting;

internal sealed class StoreHealthCheck(LsmStore store, StorePlace place) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            return Task.FromResult(Judge(context.Registration.FailureStatus));
        }
        catch (ObjectDisposedException)
        {
            return Task.FromResult(new HealthCheckResult(
                context.Registration.FailureStatus, $"{place.Name} is closed"));
        }
    }

    private HealthCheckResult Judge(HealthStatus failed)
    {
        StoreStatistics statistics = store.GetStatistics();
        long? freeBytes = FreeBytes();
        Dictionary<string, object> data = Figures(statistics, freeBytes);
        if (statistics.Failure is { } failure)
            return new HealthCheckResult(failed, failure.Message, failure, data);
        List<string> reasons = [];
        if (statistics.StallReason != StallReason.None)
            reasons.Add($"writes are held back: {statistics.StallReason}");
        if (statistics.PauseReason is { } pause)
            reasons.Add(pause);
        if (freeBytes < place.Options.DegradedFreeBytes)
            reasons.Add(string.Create(CultureInfo.InvariantCulture,
                $"the disk is nearly full: {freeBytes} bytes are free, fewer than "
                + $"{place.Options.DegradedFreeBytes}"));
        if (statistics.ScrubDamages > 0)
            reasons.Add($"the scrub found damage: {statistics.LastScrubDamage?.Message}");
        return reasons.Count == 0
            ? HealthCheckResult.Healthy($"{place.Name} takes reads and writes", data)
            : HealthCheckResult.Degraded(string.Join("; ", reasons), data: data);
    }

    private static Dictionary<string, object> Figures(StoreStatistics statistics, long? freeBytes)
    {
        Debug.Assert(statistics.TablesPerLevel.Count > 0, "every store has its levels");
        var data = new Dictionary<string, object>
        {
            ["stallReason"] = statistics.StallReason.ToString(),
            ["stallCount"] = statistics.StallCount,
            ["stallTime"] = statistics.StallTime,
            ["lastSequence"] = statistics.LastSequence,
            ["memtableBytes"] = statistics.MemtableBytes,
            ["tableBytes"] = statistics.TableBytes,
            ["tableCount"] = statistics.TableCount,
            ["level0Tables"] = statistics.TablesPerLevel[0],
            ["flushCount"] = statistics.FlushCount,
            ["compactionCount"] = statistics.CompactionCount,
            ["scrubDamages"] = statistics.ScrubDamages,
            ["undisposedCount"] = statistics.UndisposedCount,
        };
        if (freeBytes is { } free)
            data.Add("freeBytes", free);
        if (statistics.PauseReason is { } pause)
            data.Add("pauseReason", pause);
        if (statistics.Failure is { } failure)
            data.Add("failure", failure.Message);
        return data;
    }

    /// <summary>null where nobody wants to know, or the system does not tell.</summary>
    private long? FreeBytes()
    {
        if (place.Options.DegradedFreeBytes == 0)
            return null;
        try
        {
            return new DriveInfo(place.Directory).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException
            or ArgumentException)
        {
            return null;
        }
    }
}
