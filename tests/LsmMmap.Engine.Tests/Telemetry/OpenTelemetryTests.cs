// What the OpenTelemetry SDK makes of meter and source, through its exporter into memory: the names
// are allowed, the histogram has our boundaries, points and spans arrive.

using System.Diagnostics;
using LsmMmap.Engine.Telemetry;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace LsmMmap.Engine.Tests.Telemetry;

[Collection("Telemetry")]
public sealed class OpenTelemetryTests : StoreTest
{
    private const string Name = "sdk";

    [Fact]
    public void Metrics_ThroughTheSdk_Arrive()
    {
        List<MetricSnapshot> exported = [];
        using MeterProvider provider = Sdk.CreateMeterProviderBuilder()
            .AddMeter(StoreMeter.Name)
            .AddInMemoryExporter(exported)
            .Build();
        LsmStore store = Open(new StoreOptions { Name = Name });
        Fill(store, 10);
        store.Flush();
        Assert.True(provider.ForceFlush());
        Assert.Equal(10, Sum(exported, "lsm.commits"));
        Assert.Equal(1, Sum(exported, "lsm.work.runs", "flush"));
        MetricSnapshot commits = Assert.Single(exported, m => m.Name == "lsm.commit.duration");
        Assert.Equal(MetricType.Histogram, commits.MetricType);
        Assert.Equal("s", commits.Unit);
        MetricPoint point = Assert.Single(commits.MetricPoints, static p => HasTag(p, Name));
        Assert.Equal(10, point.GetHistogramCount());
        int boundaries = 0;
        foreach (HistogramBucket bucket in point.GetHistogramBuckets())
            boundaries += bucket.ExplicitBound <= 0.000_01 ? 1 : 0;
        Assert.Equal(4, boundaries);
        Assert.Equal(store.GetStatistics().TableBytes, Sum(exported, "lsm.level.size"));
    }

    [Fact]
    public void Spans_ThroughTheSdk_Arrive()
    {
        List<Activity> exported = [];
        using TracerProvider provider = Sdk.CreateTracerProviderBuilder()
            .AddSource(StoreMeter.Name)
            .AddInMemoryExporter(exported)
            .Build();
        LsmStore store = Open();
        Fill(store, 10);
        store.Flush();
        store.WaitForIdle();
        TelemetryThread.WaitUntilIdle();
        Assert.True(provider.ForceFlush());
        Assert.Contains(exported, a => a.OperationName == StoreActivities.Open);
        Assert.Contains(exported, a => a.OperationName == StoreActivities.Flush);
    }

    private static long Sum(
        List<MetricSnapshot> exported, string instrument, string? tagValue = null) =>
        exported.Single(m => m.Name == instrument).MetricPoints
            .Where(p => HasTag(p, Name)).Where(p => tagValue == null || HasTag(p, tagValue))
            .Sum(static p => p.GetSumLong());

    private static bool HasTag(MetricPoint point, string tagValue)
    {
        foreach (KeyValuePair<string, object?> tag in point.Tags)
        {
            if (tagValue.Equals(tag.Value))
                return true;
        }
        return false;
    }
}
