// The public list of keys for MultiGet: a shell over MultiLookup, with the finalizer that reports
// results nobody gave back.

using LsmMmap.Engine.Lifetimes;
using LsmMmap.Engine.Reading;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Telemetry;

namespace LsmMmap;

/// <summary>Keys to be looked up together by <c>MultiGet</c>; reusable.</summary>
/// <remarks>One thread at a time. Between <c>MultiGet</c> and the Dispose of its results the keys
/// cannot be changed.</remarks>
public sealed class ReadBatch : IDisposable
{
    private static readonly TimeSpan s_leakDelay = TimeSpan.FromSeconds(60);

    private readonly MultiLookup _lookup = new();
    private StoreServices? _services;
    private bool _isDisposed;

    /// <summary>Reports results that nobody disposed. What they hold is released a minute
    /// later: a span taken from them may still be in use.</summary>
    ~ReadBatch()
    {
        if (!_lookup.HoldsResults || _services == null)
            return;
        _services.FoundUndisposed("read result");
        Reclaimer.RunLater(_services.Options.TimeProvider, s_leakDelay, _lookup.Release);
    }

    /// <summary>How many keys were added.</summary>
    public int Count => _lookup.Count;

    /// <summary>Adds a key, copied, and returns its index. A key may be added twice.</summary>
    /// <exception cref="InvalidOperationException">Results of these keys are still
    /// held.</exception>
    public int Add(ReadOnlySpan<byte> key)
    {
        ThrowIfInUse();
        return _lookup.Add(key);
    }

    /// <summary>Removes all keys and keeps the memory for the next ones.</summary>
    /// <exception cref="InvalidOperationException">Results of these keys are still
    /// held.</exception>
    public void Clear()
    {
        ThrowIfInUse();
        _lookup.Clear();
    }

    /// <summary>Lets go of everything, results too. Twice is fine.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        _lookup.Clear();
        GC.SuppressFinalize(this);
    }

    internal ReadResults Run(KeyspaceReader reader, StoreServices services)
    {
        ThrowIfInUse();
        _services = services;
        if (services.Telemetry.Reads is { TimesReads: true } timing)
            RunTimed(reader, timing);
        else
            _lookup.Run(reader);
        return new ReadResults(_lookup);
    }

    private void RunTimed(KeyspaceReader reader, StoreTelemetry timing)
    {
        long begun = timing.Now;
        _lookup.Run(reader);
        timing.GotMany(begun);
    }

    private void ThrowIfInUse()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_lookup.HoldsResults)
            throw new InvalidOperationException("results of these keys are still held");
    }
}
