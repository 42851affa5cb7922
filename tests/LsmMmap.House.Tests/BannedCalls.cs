// Calls that the store does not make, each with what to use instead and the places where it may
// stand after all. The reasons: time is injected, files are named in one room, a sync must see its
// errors, and nothing waits where a caller cannot tell why.

namespace LsmMmap.House.Tests;

/// <summary>A banned member: how the call begins, what to use, and where it is allowed.</summary>
internal sealed record BannedCall(string Start, string Instead, params string[] AllowedUnder);

internal static class BannedCalls
{
    private const string Files = "src/Engine/Files/";

    public static IReadOnlyList<BannedCall> All { get; } =
    [
        new("DateTime.Now", "TimeProvider.GetUtcNow"),
        new("DateTime.UtcNow", "TimeProvider.GetUtcNow"),
        new("DateTime.Today", "TimeProvider.GetUtcNow"),
        new("DateTimeOffset.Now", "TimeProvider.GetUtcNow"),
        new("DateTimeOffset.UtcNow", "TimeProvider.GetUtcNow"),
        new("Environment.TickCount", "TimeProvider.GetTimestamp"),
        new("File.", "the file system of Engine/Files", Files),
        new("Directory.", "the file system of Engine/Files", Files),
        new("FileInfo", "the file system of Engine/Files", Files),
        new("DirectoryInfo", "the file system of Engine/Files", Files),
        new("FileStream", "the file system of Engine/Files", Files),
        new("MemoryMappedFile.", "the file system of Engine/Files", Files),
        new("RandomAccess.", "the file system of Engine/Files", Files),
        new("RandomAccess.FlushToDisk", "DiskSync: this call hides failed syncs"),
        new("DllImport", "the system calls of Engine/Files", Files),
        new("LibraryImport", "the system calls of Engine/Files", Files),
        new("Console.", "an exception, an event or a statistic"),
        new("Thread.Sleep", "a wait that can be woken", "src/Engine/Writing/WriteStall"),
        new("Task.Run", "the store's own background threads", "src/Hosting/StoreLifetime.cs"),
        new("Task.Factory", "the store's own background threads"),
        new("ThreadPool.QueueUserWorkItem", "the store's own background threads"),
        new("ThreadPool.UnsafeQueueUserWorkItem", "the store's own background threads"),
        new("GC.Collect", "ownership: nothing waits for a collection"),
        new("GC.WaitForPendingFinalizers", "ownership: nothing waits for a collection"),
        new("NotImplementedException", "working code"),
        new("Environment.Exit", "an exception"),
        new("Environment.FailFast", "an exception"),
    ];
}
