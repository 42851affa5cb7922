// One keyspace as of a snapshot: the keyspace's reader, bound to the snapshot's sequence.

using System.Buffers;
using LsmMmap.Engine.Reading;

namespace LsmMmap;

/// <summary>One keyspace as of a snapshot; valid while the snapshot is.</summary>
/// <remarks>Thread-safe. After the snapshot's or the store's Dispose every member throws
/// <see cref="ObjectDisposedException"/>.</remarks>
public sealed class KeyspaceSnapshot : IReadView
{
    private readonly Snapshot _snapshot;
    private readonly Keyspace _keyspace;
    private readonly KeyspaceReader _reader;

    internal KeyspaceSnapshot(Snapshot snapshot, Keyspace keyspace)
    {
        _snapshot = snapshot;
        _keyspace = keyspace;
        _reader = keyspace.Reader.At((ulong)snapshot.Sequence, snapshot.ThrowIfGone);
    }

    private KeyspaceReader Reader
    {
        get
        {
            _snapshot.ThrowIfGone();
            return _reader;
        }
    }

    /// <inheritdoc/>
    public byte[]? Get(ReadOnlySpan<byte> key) => Reader.ToArray(key);

    /// <inheritdoc/>
    public bool TryGet(ReadOnlySpan<byte> key, IBufferWriter<byte> destination) =>
        Reader.TryCopy(key, destination);

    /// <inheritdoc/>
    public bool TryGet(ReadOnlySpan<byte> key, Span<byte> destination, out int valueLength) =>
        Reader.TryCopy(key, destination, out valueLength);

    /// <inheritdoc/>
    public bool TryGetPinned(scoped ReadOnlySpan<byte> key, out PinnedValue value)
    {
        bool found = Reader.TryPin(key, out PinnedBytes bytes);
        value = new PinnedValue(bytes);
        return found;
    }

    /// <inheritdoc/>
    public PinnedValue GetPinned(scoped ReadOnlySpan<byte> key)
    {
        Reader.TryPin(key, out PinnedBytes bytes);
        return new PinnedValue(bytes);
    }

    /// <inheritdoc/>
    public ReadResults MultiGet(ReadBatch keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        return keys.Run(Reader, _keyspace.Store.Services);
    }

    /// <inheritdoc/>
    public ValueTask<byte[]?> GetAsync(
        ReadOnlySpan<byte> key, CancellationToken cancellationToken = default) =>
        Reader.ToArrayAsync(key, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> TryGetAsync(
        ReadOnlySpan<byte> key, IBufferWriter<byte> destination,
        CancellationToken cancellationToken = default) =>
        Reader.TryCopyAsync(key, destination, cancellationToken);

    /// <inheritdoc/>
    public bool ContainsKey(ReadOnlySpan<byte> key) => Reader.Contains(key);

    /// <inheritdoc/>
    public Cursor CreateCursor(CursorOptions? options = null) => new(
        Reader, _keyspace.Store.Services, () => _keyspace.IsGone || _snapshot.IsGone,
        options == null ? default : options.LowerBound.Span,
        options == null ? default : options.UpperBound.Span);

    /// <inheritdoc/>
    public RangeEnumerable Range(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to) =>
        new(this, from, to, isPrefix: false);

    /// <inheritdoc/>
    public RangeEnumerable Prefix(ReadOnlySpan<byte> prefix) =>
        new(this, prefix, default, isPrefix: true);

    void IReadView.OnlyThisLibraryImplements() { }
}
