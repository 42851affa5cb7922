// The activities of slow operations, for tracing. Each is made when its operation is over, with the
// times that it had, so that one that turned out quick costs nothing and nothing of the store runs
// inside a listener's activity.
// Threads: any that holds nothing; listeners run here.

using System.Diagnostics;

namespace LsmMmap.Engine.Telemetry;

internal static class StoreActivities
{
    public const string Open = "lsm.open";
    public const string Flush = "lsm.flush";
    public const string Compaction = "lsm.compaction";
    public const string Commit = "lsm.commit";
    public const string Get = "lsm.get";

    private static readonly ActivitySource s_source = new(StoreMeter.Name, StoreMeter.Version);

    /// <summary>Every activity that there may be.</summary>
    public static IReadOnlyList<string> Names { get; } = [Open, Flush, Compaction, Commit, Get];

    /// <summary>Whether anybody traces.</summary>
    public static bool IsOn => s_source.HasListeners();

    /// <summary>Tells of an operation that is over.</summary>
    /// <param name="name">One of the names above.</param>
    /// <param name="end">When it was over.</param>
    /// <param name="took">How long it took.</param>
    /// <param name="parent">default: the calling thread's current activity, if any.</param>
    /// <param name="error">What it threw; null when it succeeded.</param>
    /// <param name="tags">Its attributes.</param>
    public static void Tell(
        string name, DateTimeOffset end, TimeSpan took, ActivityContext parent, Exception? error,
        params KeyValuePair<string, object?>[] tags)
    {
        Debug.Assert(took >= TimeSpan.Zero, "an operation ends after it began");
        using Activity? activity = s_source.StartActivity(
            name, ActivityKind.Internal, parent, tags, links: null, end - took);
        if (activity == null)
            return;
        if (error != null)
        {
            activity.SetTag(StoreTags.Error, error.GetType().FullName);
            activity.SetStatus(ActivityStatusCode.Error, error.Message);
        }
        activity.SetEndTime(end.UtcDateTime);
    }
}
