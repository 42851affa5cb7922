// A held sequence: compaction keeps what a reader at it can see. The default keyspace's view of
// it carries the reads.

using System.Buffers;
using System.Diagnostics;
using LsmMmap.Engine.Lifetimes;

namespace LsmMmap;

/// <summary>The store, all its keyspaces, as of one sequence number.</summary>
/// <remarks>Thread-safe. Dispose it: until then no version that it sees is dropped. After its or
/// the store's Dispose every member but <see cref="Sequence"/> and Dispose throws
/// <see cref="ObjectDisposedException"/>.</remarks>
public sealed class Snapshot : IReadView, IDisposable
{
    private static readonly TimeSpan s_leakDelay = TimeSpan.FromSeconds(60);

    private readonly LsmStore _store;
    private readonly KeyspaceSnapshot _default;
    private readonly long _madeAt;
    private int _disposed;

    internal Snapshot(LsmStore store, ulong sequence, long madeAt)
    {
        Debug.Assert(sequence <= long.MaxValue, "a sequence has 56 bits");
        _store = store;
        _madeAt = madeAt;
        Sequence = (long)sequence;
        _default = new KeyspaceSnapshot(this, store.Default);
    }

    /// <summary>Reports a snapshot that nobody disposed; what it holds is released a minute
    /// later.</summary>
    ~Snapshot()
    {
        if (_disposed != 0 || _store == null || _store.IsDisposed)
            return;
        LsmStore store = _store;
        ulong sequence = (ulong)Sequence;
        long madeAt = _madeAt;
        store.Services.FoundUndisposed("snapshot");
        Reclaimer.RunLater(
            store.Services.Options.TimeProvider, s_leakDelay,
            () => store.ReleaseSnapshot(sequence, madeAt));
    }

    /// <summary>Every commit up to it is seen, none after it.</summary>
    public long Sequence { get; }

    internal bool IsGone => Volatile.Read(ref _disposed) != 0 || _store.IsDisposed;

    /// <summary>A keyspace as of this snapshot; empty when it was made later.</summary>
    /// <exception cref="ArgumentException">The keyspace is another store's.</exception>
    /// <exception cref="ObjectDisposedException">The keyspace was dropped.</exception>
    public KeyspaceSnapshot Of(Keyspace keyspace)
    {
        ArgumentNullException.ThrowIfNull(keyspace);
        ThrowIfGone();
        _store.ThrowIfForeign(keyspace.Tree);
        ObjectDisposedException.ThrowIf(keyspace.Tree.IsDropped, keyspace);
        return new KeyspaceSnapshot(this, keyspace);
    }

    /// <inheritdoc/>
    public byte[]? Get(ReadOnlySpan<byte> key) => _default.Get(key);

    /// <inheritdoc/>
    public bool TryGet(ReadOnlySpan<byte> key, IBufferWriter<byte> destination) =>
        _default.TryGet(key, destination);

    /// <inheritdoc/>
    public bool TryGet(ReadOnlySpan<byte> key, Span<byte> destination, out int valueLength) =>
        _default.TryGet(key, destination, out valueLength);

    /// <inheritdoc/>
    public bool TryGetPinned(scoped ReadOnlySpan<byte> key, out PinnedValue value) =>
        _default.TryGetPinned(key, out value);

    /// <inheritdoc/>
    public PinnedValue GetPinned(scoped ReadOnlySpan<byte> key) => _default.GetPinned(key);

    /// <inheritdoc/>
    public ReadResults MultiGet(ReadBatch keys) => _default.MultiGet(keys);

    /// <inheritdoc/>
    public ValueTask<byte[]?> GetAsync(
        ReadOnlySpan<byte> key, CancellationToken cancellationToken = default) =>
        _default.GetAsync(key, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> TryGetAsync(
        ReadOnlySpan<byte> key, IBufferWriter<byte> destination,
        CancellationToken cancellationToken = default) =>
        _default.TryGetAsync(key, destination, cancellationToken);

    /// <inheritdoc/>
    public bool ContainsKey(ReadOnlySpan<byte> key) => _default.ContainsKey(key);

    /// <inheritdoc/>
    public Cursor CreateCursor(CursorOptions? options = null) => _default.CreateCursor(options);

    /// <inheritdoc/>
    public RangeEnumerable Range(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to) =>
        new(this, from, to, isPrefix: false);

    /// <inheritdoc/>
    public RangeEnumerable Prefix(ReadOnlySpan<byte> prefix) =>
        new(this, prefix, default, isPrefix: true);

    void IReadView.OnlyThisLibraryImplements() { }

    /// <summary>Lets compaction drop what only this snapshot saw. Twice is fine.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            _store.ReleaseSnapshot((ulong)Sequence, _madeAt);
        GC.SuppressFinalize(this);
    }

    internal void ThrowIfGone() => ObjectDisposedException.ThrowIf(IsGone, this);
}
