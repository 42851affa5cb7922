// How much a store takes on the disk while it is written: a look at the lengths of its files, and
// a side thread that looks twice a second. Logs are counted apart, by their names: engines lay
// zeros into them ahead of the records, and no length tells those from data.
//
// Threads: the side thread writes the peaks, which are read after End.

using System.IO.Enumeration;

namespace LsmMmap.Workloads.Measuring;

/// <summary>Lengths of a store's files, added up.</summary>
internal readonly record struct SpaceSample(long Bytes, long LogBytes)
{
    public long WithoutLogs => Bytes - LogBytes;

    /// <summary>A file that goes while it is looked at counts as nothing.</summary>
    public static SpaceSample Of(string folder)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 };
        var files = new FileSystemEnumerable<(long Length, bool IsLog)>(
            folder, static (ref FileSystemEntry file) => (file.Length, IsLog(ref file)), options)
        {
            ShouldIncludePredicate = static (ref FileSystemEntry file) => !file.IsDirectory,
        };
        SpaceSample sum = default;
        foreach ((long length, bool isLog) in files)
            sum = new SpaceSample(sum.Bytes + length, sum.LogBytes + (isLog ? length : 0));
        return sum;
    }

    // LsmMmap, RocksDB and LevelDB: 000012.log; SQLite: name-wal; ZoneTree: a folder named log.
    private static bool IsLog(ref FileSystemEntry file) =>
        file.FileName.EndsWith(".log") || file.FileName.EndsWith("-wal")
            || Path.GetFileName(file.Directory) is "log";
}

/// <summary>The side thread.</summary>
internal sealed class SpaceWatch : IDisposable
{
    private const int LookEveryMs = 500;

    private readonly string _folder;
    private readonly Func<long> _liveBytes;
    private readonly long _fromBytes;
    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _thread;

    /// <summary>Begins to look. <paramref name="liveBytes"/> says how many bytes of keys and values
    /// the store holds now; before <paramref name="fromBytes"/> of them nothing is judged, because
    /// an almost empty store is all log.</summary>
    public SpaceWatch(string folder, Func<long> liveBytes, long fromBytes)
    {
        (_folder, _liveBytes, _fromBytes) = (folder, liveBytes, fromBytes);
        _thread = new Thread(Run) { Name = "space", IsBackground = true };
        _thread.Start();
    }

    /// <summary>The highest ratio of bytes on the disk to live bytes.</summary>
    public double Peak { get; private set; }

    public double PeakWithoutLogs { get; private set; }

    /// <summary>The most bytes of logs at any look.</summary>
    public long PeakLogBytes { get; private set; }

    /// <summary>The last look.</summary>
    public SpaceSample AtRest { get; private set; }

    /// <summary>What the side thread allocated, so that it is not taken for the engine's.</summary>
    public long OwnBytes { get; private set; }

    /// <summary>Looks once more and ends.</summary>
    public void End()
    {
        _stop.Set();
        _thread.Join();
        AtRest = Look();
    }

    public void Dispose()
    {
        _stop.Set();
        _thread.Join();
        _stop.Dispose();
    }

    private void Run()
    {
        while (!_stop.Wait(LookEveryMs))
            Look();
        OwnBytes = GC.GetAllocatedBytesForCurrentThread();
    }

    private SpaceSample Look()
    {
        SpaceSample now = SpaceSample.Of(_folder);
        long live = _liveBytes();
        if (live < _fromBytes || live == 0)
            return now;
        Peak = Math.Max(Peak, (double)now.Bytes / live);
        PeakWithoutLogs = Math.Max(PeakWithoutLogs, (double)now.WithoutLogs / live);
        PeakLogBytes = Math.Max(PeakLogBytes, now.LogBytes);
        return now;
    }
}
