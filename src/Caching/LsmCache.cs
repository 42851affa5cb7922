// The public cache: arguments, cancellation, damage. What an entry looks like, when it is over and
// how it is written lie in the files beside this one.
//
// Reads by the plain calls hand the value from the pinned record to the caller; those that may wait
// for the disk go through an EntryReceiver, which does the same on the thread that read.
// Threads: every member may be called from any thread.

using System.Buffers;
using System.Diagnostics;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace LsmMmap.Extensions.Caching;

/// <summary>A distributed cache on the local disk, in a keyspace of an <see cref="LsmStore"/>. It
/// outlives the process, and serves HybridCache as its second level.</summary>
/// <remarks>
/// Thread-safe. One process at a time has it open. Keys are case-sensitive, up to 65,534 bytes of
/// UTF-8; values are up to 1 GiB less 64 bytes. An entry that does not verify is absent, and
/// logged. A Set is seen by every Get that begins after it has returned.
/// <para>A read moves the deadline of a sliding entry to at least 15/16 of its window from then,
/// never beyond the window, nor beyond an absolute expiration.</para>
/// </remarks>
public sealed class LsmCache : IBufferDistributedCache, IDisposable, IAsyncDisposable
{
    // HybridCache keeps the moment at which a tag was removed under such a key, and takes a miss
    // for "never". What it cannot read it takes for "just now".
    private const string TagKeyPrefix = "__MSFT_HCT__";

    private const int TablesOfLimit = 16;
    private const long MemtableBytesMin = 64L << 10;
    private const long MemtableBytesMax = 256L << 20;
    private const long BudgetBytesMin = 16L << 20;
    private const long BudgetBytesMax = 512L << 20;

    private readonly LsmStore? _owned;
    private readonly Keyspace _keyspace;
    private readonly EntryWriter _writer;
    private readonly SlidingWindows _windows;
    private readonly ILogger _log;

    /// <summary>Opens the cache, and its store where it is given a directory.</summary>
    /// <param name="options">Read now; later changes have no effect.</param>
    /// <param name="logger">null logs nothing.</param>
    /// <exception cref="OptionsValidationException">The options do not fit together.</exception>
    /// <exception cref="StoreLockedException">The directory is open elsewhere.</exception>
    /// <exception cref="CorruptionException">The store does not verify as far as opening must read
    /// it. It holds a cache: its directory may be deleted.</exception>
    /// <exception cref="LsmException">The system refused a file or the directory.</exception>
    public LsmCache(IOptions<LsmCacheOptions> options, ILogger<LsmCache>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        LsmCacheOptions values = options.Value;
        LsmCacheOptionsCheck.ThrowIfWrong(values);
        _log = logger ?? (ILogger)NullLogger.Instance;
        if (values.Store == null)
            _owned = LsmStore.Open(values.Directory!, StoreOptionsFor(values));
        try
        {
            _keyspace = (values.Store ?? _owned!).GetKeyspace(
                values.Keyspace, KeyspaceOptionsFor(values.SizeLimitBytes));
        }
        catch
        {
            _owned?.Dispose();
            throw;
        }
        _writer = new EntryWriter(_keyspace, values, _log);
        _windows = new SlidingWindows(_writer, values.TimeProvider, _log);
    }

    internal EntryWriter Writer => _writer;

    /// <summary>The value of a key; null when it has none.</summary>
    public byte[]? Get(string key)
    {
        Read(key, destination: null, wantsArray: true, out byte[]? value);
        return value;
    }

    /// <summary>Appends the value of a key to <paramref name="destination"/>; false when it has
    /// none, and then nothing was appended.</summary>
    public bool TryGet(string key, IBufferWriter<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        return Read(key, destination, wantsArray: false, out _);
    }

    /// <summary>As <see cref="Get"/>, without blocking the thread: complete when it returns where
    /// the bytes are in memory, else a thread of the store waits for the disk.</summary>
    /// <exception cref="OperationCanceledException">Cancelled before the read began.</exception>
    public async Task<byte[]?> GetAsync(string key, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        try
        {
            byte[]? stored = await RecordAsync(key, token).ConfigureAwait(false);
            return stored == null ? null : ValueOf(key, stored);
        }
        catch (CorruptionException damage) when (IsMiss(key, damage))
        {
            return null;
        }
    }

    /// <summary>As <see cref="TryGet"/>, without blocking the thread: complete when it returns
    /// where the bytes are in memory, else a thread of the store waits for the disk, and writes to
    /// <paramref name="destination"/>.</summary>
    /// <exception cref="OperationCanceledException">Cancelled before the read began.</exception>
    public ValueTask<bool> TryGetAsync(
        string key, IBufferWriter<byte> destination, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(destination);
        if (token.IsCancellationRequested)
            return ValueTask.FromCanceled<bool>(token);
        EntryReceiver receiver = EntryReceiver.Begin(_windows, key, destination);
        try
        {
            using var encoded = new CacheKey(key, stackalloc byte[CacheKey.ScratchBytes]);
            ValueTask<bool> read = _keyspace.TryGetAsync(encoded.ForValue(), receiver, token);
            return read.IsCompletedSuccessfully
                ? new(receiver.End(read.Result)) : Received(read, key, receiver);
        }
        catch (CorruptionException damage) when (IsMiss(key, damage))
        {
            return new(false);
        }
    }

    /// <summary>Sets the value of a key.</summary>
    /// <exception cref="ArgumentException">The key is longer than 65,534 bytes of UTF-8 or not
    /// well-formed, or the value is beyond 1 GiB less 64 bytes.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The absolute expiration is not in the future.
    /// </exception>
    /// <exception cref="LsmException">The store could not write; a full disk for example.
    /// </exception>
    public void Set(string key, byte[] value, DistributedCacheEntryOptions options)
    {
        ArgumentNullException.ThrowIfNull(value);
        Set(key, new ReadOnlySequence<byte>(value), options);
    }

    /// <inheritdoc cref="Set(string, byte[], DistributedCacheEntryOptions)"/>
    public void Set(
        string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(options);
        _writer.Set(key, value, options);
    }

    /// <summary>As <see cref="Set(string, byte[], DistributedCacheEntryOptions)"/>; complete when
    /// it returns.</summary>
    /// <exception cref="OperationCanceledException">Cancelled before it began.</exception>
    public Task SetAsync(
        string key, byte[] value, DistributedCacheEntryOptions options,
        CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(value);
        return SetAsync(key, new ReadOnlySequence<byte>(value), options, token).AsTask();
    }

    /// <inheritdoc cref="SetAsync(string, byte[], DistributedCacheEntryOptions,
    /// CancellationToken)"/>
    public ValueTask SetAsync(
        string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options,
        CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(options);
        if (token.IsCancellationRequested)
            return ValueTask.FromCanceled(token);
        try
        {
            _writer.Set(key, value, options);
            return ValueTask.CompletedTask;
        }
        catch (Exception e)
        {
            return ValueTask.FromException(e);
        }
    }

    /// <summary>Moves the deadline of a sliding entry as a read does; nothing for others.</summary>
    public void Refresh(string key) => Read(key, destination: null, wantsArray: false, out _);

    /// <summary>As <see cref="Refresh"/>; complete when it returns.</summary>
    /// <exception cref="OperationCanceledException">Cancelled before it began.</exception>
    public Task RefreshAsync(string key, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (token.IsCancellationRequested)
            return Task.FromCanceled(token);
        try
        {
            Refresh(key);
            return Task.CompletedTask;
        }
        catch (Exception e)
        {
            return Task.FromException(e);
        }
    }

    /// <summary>Removes a key; an absent one is no error.</summary>
    /// <exception cref="ArgumentException">The key is longer than 65,534 bytes of UTF-8 or not
    /// well-formed.</exception>
    /// <exception cref="LsmException">The store could not write.</exception>
    public void Remove(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        using var encoded = new CacheKey(key, stackalloc byte[CacheKey.ScratchBytes]);
        _writer.Remove(encoded);
    }

    /// <summary>As <see cref="Remove"/>; complete when it returns.</summary>
    /// <exception cref="OperationCanceledException">Cancelled before it began.</exception>
    public Task RemoveAsync(string key, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (token.IsCancellationRequested)
            return Task.FromCanceled(token);
        try
        {
            Remove(key);
            return Task.CompletedTask;
        }
        catch (Exception e)
        {
            return Task.FromException(e);
        }
    }

    /// <summary>Closes the store that the cache opened; does nothing to one that it was given.
    /// Twice is fine.</summary>
    /// <exception cref="LsmException">The last flush failed: see <see cref="LsmStore.Dispose"/>.
    /// </exception>
    public void Dispose() => _owned?.Dispose();

    /// <summary>As <see cref="Dispose"/>; the waiting happens on another thread.</summary>
    public ValueTask DisposeAsync() => _owned?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>With a limit the memtables that wait for their flush are few, so that their logs
    /// are few too.</summary>
    private static StoreOptions StoreOptionsFor(LsmCacheOptions options) => new()
    {
        TimeProvider = options.TimeProvider,
        MemoryBudgetBytes = options.SizeLimitBytes == 0
            ? 0 : Math.Clamp(options.SizeLimitBytes / 4, BudgetBytesMin, BudgetBytesMax),
    };

    /// <summary>With a limit whole tables leave, the oldest first. The memtable that fills and the
    /// one that is flushed, with their logs, are about two more tables on disk.</summary>
    private static KeyspaceOptions KeyspaceOptionsFor(long sizeLimitBytes)
    {
        if (sizeLimitBytes == 0)
            return new KeyspaceOptions();
        long memtableBytes = Math.Clamp(
            sizeLimitBytes / TablesOfLimit, MemtableBytesMin, MemtableBytesMax);
        Debug.Assert(sizeLimitBytes > 2 * memtableBytes, "a limit has room for many tables");
        return new KeyspaceOptions
        {
            MemtableBytes = memtableBytes,
            TableBytes = memtableBytes,
            Retention = new Retention { Bytes = sizeLimitBytes - (2 * memtableBytes) },
        };
    }

    private bool Read(
        string key, IBufferWriter<byte>? destination, bool wantsArray, out byte[]? value)
    {
        ArgumentNullException.ThrowIfNull(key);
        value = null;
        using var encoded = new CacheKey(key, stackalloc byte[CacheKey.ScratchBytes]);
        try
        {
            if (!_keyspace.TryGetPinned(encoded.ForValue(), out PinnedValue stored))
                return false;
            using (stored)
            {
                if (!_windows.TryRead(encoded, stored.Span, out int headBytes))
                    return false;
                if (wantsArray)
                    value = stored.Span[headBytes..].ToArray();
                else
                    destination?.Write(stored.Span[headBytes..]);
                return true;
            }
        }
        catch (CorruptionException damage) when (IsMiss(key, damage))
        {
            return false;
        }
    }

    private ValueTask<byte[]?> RecordAsync(string key, CancellationToken token)
    {
        using var encoded = new CacheKey(key, stackalloc byte[CacheKey.ScratchBytes]);
        return _keyspace.GetAsync(encoded.ForValue(), token);
    }

    private byte[]? ValueOf(string key, byte[] stored)
    {
        using var encoded = new CacheKey(key, stackalloc byte[CacheKey.ScratchBytes]);
        return _windows.TryRead(encoded, stored, out int headBytes)
            ? stored[headBytes..] : null;
    }

    private async ValueTask<bool> Received(
        ValueTask<bool> read, string key, EntryReceiver receiver)
    {
        try
        {
            return receiver.End(await read.ConfigureAwait(false));
        }
        catch (CorruptionException damage) when (IsMiss(key, damage))
        {
            return false;
        }
    }

    /// <summary>Logs damage. It is a miss, but for what HybridCache takes a miss of for valid.
    /// </summary>
    private bool IsMiss(string key, CorruptionException damage)
    {
        CacheLog.Damaged(_log, damage);
        return !key.StartsWith(TagKeyPrefix, StringComparison.Ordinal);
    }
}
