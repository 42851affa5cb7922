// The public face of one keyspace. Reads go to the reader, writes to the queue.

using System.Buffers;
using System.Diagnostics;
using LsmMmap.Engine.Reading;
using LsmMmap.Engine.State;

namespace LsmMmap;

/// <summary>One ordered map of a store: its own memtables, tables and options, the store's log
/// and sequence.</summary>
/// <remarks>Thread-safe. After it is dropped, or its store disposed, every member but
/// <see cref="Name"/> throws <see cref="ObjectDisposedException"/>.</remarks>
public sealed class Keyspace : IReadView
{
    internal Keyspace(LsmStore store, KeyspaceTree tree)
    {
        Debug.Assert(
            ReferenceEquals(tree.Store.Published, store.Published), "a handle reads its own store");
        Store = store;
        Tree = tree;
        Reader = new KeyspaceReader(
            store.Published, tree.Slot, tree.Id, tree.Name, KeyspaceReader.Latest,
            timing: store.Services.Telemetry.Reads);
    }

    /// <summary>The name it was opened by.</summary>
    public string Name => Tree.Name;

    internal LsmStore Store { get; }

    internal KeyspaceTree Tree { get; }

    internal KeyspaceReader Reader { get; }

    internal bool IsGone => Tree.IsDropped || Store.IsDisposed;

    /// <summary>Sets a key's value. Returns the commit's sequence.</summary>
    /// <param name="key">Up to 65,535 bytes; empty is a key.</param>
    /// <param name="value">Up to 1 GiB; empty is a value.</param>
    /// <param name="durability">null is the store's default.</param>
    /// <exception cref="ArgumentException">Key or value is beyond its limit.</exception>
    /// <exception cref="StoreFailedException">The store is read-only after a failed write.
    /// </exception>
    public long Put(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, Durability? durability = null) =>
        Store.PutTo(Tree, key, value, durability);

    /// <summary>Sets a key's value until a time. Returns the commit's sequence.</summary>
    /// <remarks>From its time on, by <see cref="StoreOptions.TimeProvider"/>, the key is absent
    /// for every read, older values of it included, as if it had been deleted; a time that has
    /// passed deletes the key. Time goes on inside a snapshot. A cursor and a MultiGet see the
    /// store as of one moment: that of the cursor's creation, or last
    /// <see cref="Cursor.Refresh"/>, and of the call.
    /// <para>A clock that is set back may show an entry again that was over, until a flush or a
    /// compaction has met it; then it is gone for good.</para></remarks>
    /// <param name="key">Up to 65,535 bytes; empty is a key.</param>
    /// <param name="value">Up to 1 GiB - 8 bytes; empty is a value.</param>
    /// <param name="expiresAt">From when on the key is absent, rounded down to a
    /// millisecond.</param>
    /// <param name="durability">null is the store's default.</param>
    /// <exception cref="ArgumentException">Key or value is beyond its limit.</exception>
    /// <exception cref="StoreFailedException">The store is read-only after a failed write.
    /// </exception>
    public long PutWithExpiry(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, DateTimeOffset expiresAt,
        Durability? durability = null) =>
        Store.PutTo(Tree, key, value, expiresAt, durability);

    /// <summary>Removes a key; an absent one is no error. Returns the commit's
    /// sequence.</summary>
    /// <exception cref="ArgumentException">The key is beyond its limit.</exception>
    /// <exception cref="StoreFailedException">The store is read-only after a failed write.
    /// </exception>
    public long Delete(ReadOnlySpan<byte> key, Durability? durability = null) =>
        Store.DeleteFrom(Tree, key, durability);

    /// <summary>Removes every key in [from, to), whatever their number, at the
    /// cost of one entry. Returns the commit's sequence; for a range that holds no key, because
    /// both ends are equal, the last committed one.</summary>
    /// <param name="from">Its first key.</param>
    /// <param name="to">The first key behind it; empty means that it has no end.</param>
    /// <param name="durability">null is the store's default.</param>
    /// <exception cref="ArgumentException">A key is beyond its limit, or the range begins behind
    /// its end.</exception>
    /// <exception cref="StoreFailedException">The store is read-only after a failed write.
    /// </exception>
    public long DeleteRange(
        ReadOnlySpan<byte> from, ReadOnlySpan<byte> to, Durability? durability = null) =>
        Store.DeleteRangeFrom(Tree, from, to, durability);

    /// <summary>Writes the memtables to tables and waits for it. All of it then survives a power
    /// cut.</summary>
    public void Flush(CancellationToken cancellationToken = default) =>
        Store.FlushTree(Tree, cancellationToken);

    /// <summary>Brings everything in [from, to) into the last level, without tombstones and
    /// versions that no snapshot or cursor needs. Empty ends are open.</summary>
    public void Compact(
        ReadOnlySpan<byte> from = default, ReadOnlySpan<byte> to = default,
        CancellationToken cancellationToken = default) =>
        Store.CompactTree(Tree, from, to, cancellationToken);

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
        return keys.Run(Reader, Store.Services);
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
        Reader, Store.Services, () => IsGone,
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
