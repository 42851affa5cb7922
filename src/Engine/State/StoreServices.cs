// What every room of an open store works with and nobody changes: where it lies, how it is tuned,
// its identity, its tables' surroundings, its counters.

using LsmMmap.Engine.Files;
using LsmMmap.Engine.Reading;
using LsmMmap.Engine.Telemetry;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.State;

internal sealed class StoreServices
{
    private long _lastFileNumber;
    private DirectorySync? _names;
    private StoreTelemetry? _telemetry;

    public required string Directory { get; init; }

    public required StoreOptions Options { get; init; }

    public required IFileSystem Files { get; init; }

    public required TableSet Tables { get; init; }

    public required ulong StoreId { get; init; }

    public required Guid BootId { get; init; }

    public bool IsReadOnly { get; init; }

    /// <summary>File numbers from this one on may be of work that is under way; set once, while
    /// opening.</summary>
    public long FirstOwnNumber { get; set; }

    /// <summary>The one way that names in the directory become durable.</summary>
    public DirectorySync Names
    {
        get
        {
            if (_names == null)
                Interlocked.CompareExchange(ref _names, new DirectorySync(Files, Directory), null);
            return _names;
        }
    }

    public StoreCounters Counters { get; } = new();

    public StoreTelemetry Telemetry
    {
        get
        {
            if (_telemetry == null)
                Interlocked.CompareExchange(
                    ref _telemetry, new StoreTelemetry(Options, Directory), null);
            return _telemetry;
        }
    }

    public MemoryAccount Memory { get; } = new();

    /// <summary>The time by which entries are over, in milliseconds of Unix time.</summary>
    public long NowMs => Options.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>The number that the next file would get.</summary>
    public long NextFileNumber => Volatile.Read(ref _lastFileNumber) + 1;

    /// <summary>A finalizer has found what nobody disposed.</summary>
    public void FoundUndisposed(string what)
    {
        Counters.Undisposed();
        Telemetry.Undisposed(what);
    }

    /// <summary>A number for a new file, never given before. Threads: any.</summary>
    public long TakeFileNumber() => Interlocked.Increment(ref _lastFileNumber);

    /// <summary>Numbers up to this one are in use. While opening only.</summary>
    public void SkipFileNumbers(long last)
    {
        if (last > _lastFileNumber)
            _lastFileNumber = last;
    }
}
