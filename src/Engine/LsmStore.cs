// The roof: the public store. It checks arguments, finds the keyspace, and hands the work to the
// rooms below. Reads go through the keyspace's reader and take no lock; writes go through the
// write queue; the rest is counted, so that Dispose waits for it.

using System.Buffers;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using LsmMmap.Engine;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.Lifetimes;
using LsmMmap.Engine.Reading;
using LsmMmap.Engine.Recovery;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Telemetry;
using LsmMmap.Engine.Waiting;
using LsmMmap.Engine.Writing;

namespace LsmMmap;

/// <summary>An embedded, ordered, durable key-value store in one directory.</summary>
/// <remarks>
/// Thread-safe. One owner at a time may have a directory open for writing; any number may have it
/// open read-only. Reads of the store itself are reads of its default keyspace.
/// </remarks>
public sealed partial class LsmStore : IReadView, IDisposable, IAsyncDisposable
{
    private readonly OpenStore _store;
    private readonly StoreTelemetry _telemetry;
    private readonly Durability _defaultDurability;
    private readonly Gate _keyspacesGate = new();
    private readonly Dictionary<KeyspaceTree, Keyspace> _keyspaces = [];
    private volatile bool _isDisposed;

    private LsmStore(OpenStore store)
    {
        Debug.Assert(
            (store.Queue == null) == store.Services.IsReadOnly, "a store to write has a queue");
        _store = store;
        _telemetry = store.Services.Telemetry;
        _defaultDurability = store.Services.Options.DefaultDurability;
        Default = new Keyspace(this, store.DefaultTree);
        _keyspaces.Add(store.DefaultTree, Default);
        _telemetry.Metered = new MeteredStore(this, store);
    }

    /// <summary>Whether it was opened by
    /// <see cref="OpenReadOnly(string, StoreOptions?)"/>.</summary>
    public bool IsReadOnly => Services.IsReadOnly;

    /// <summary>The keyspace named "default", which every store has.</summary>
    public Keyspace Default { get; }

    internal bool IsDisposed => _isDisposed;

    internal StoreServices Services => _store.Services;

    internal StoreState State => _store.State;

    internal PublishedState Published => State.Published;

    /// <summary>Opens a store for writing; makes one where none is, if the options
    /// allow.</summary>
    /// <param name="directory">Its directory; missing parents are made.</param>
    /// <param name="options">null means all defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="FileNotFoundException">No store is there and none may be made.
    /// </exception>
    /// <exception cref="StoreLockedException">It is open elsewhere, or in this process.
    /// </exception>
    /// <exception cref="CorruptionException">A file does not verify; names it and the
    /// offset.</exception>
    /// <exception cref="FormatVersionException">A file is of a newer format.</exception>
    /// <exception cref="LsmException">The system refused a file or the directory.</exception>
    public static LsmStore Open(string directory, StoreOptions? options = null) =>
        Open(directory, options, LocalFileSystem.Instance);

    /// <summary>Opens a store as it is now, without writing a byte or taking its lock; also
    /// beside a process that writes to it.</summary>
    /// <exception cref="FileNotFoundException">No store is there.</exception>
    /// <exception cref="CorruptionException">A file does not verify.</exception>
    /// <exception cref="FormatVersionException">A file is of a newer format.</exception>
    public static LsmStore OpenReadOnly(string directory, StoreOptions? options = null) =>
        OpenReadOnly(directory, options, LocalFileSystem.Instance);

    /// <inheritdoc/>
    public byte[]? Get(ReadOnlySpan<byte> key) => Default.Get(key);

    /// <inheritdoc/>
    public bool TryGet(ReadOnlySpan<byte> key, IBufferWriter<byte> destination) =>
        Default.TryGet(key, destination);

    /// <inheritdoc/>
    public bool TryGet(ReadOnlySpan<byte> key, Span<byte> destination, out int valueLength) =>
        Default.TryGet(key, destination, out valueLength);

    /// <inheritdoc/>
    public bool TryGetPinned(scoped ReadOnlySpan<byte> key, out PinnedValue value) =>
        Default.TryGetPinned(key, out value);

    /// <inheritdoc/>
    public PinnedValue GetPinned(scoped ReadOnlySpan<byte> key) => Default.GetPinned(key);

    /// <inheritdoc/>
    public ReadResults MultiGet(ReadBatch keys) => Default.MultiGet(keys);

    /// <inheritdoc/>
    public ValueTask<byte[]?> GetAsync(
        ReadOnlySpan<byte> key, CancellationToken cancellationToken = default) =>
        Default.GetAsync(key, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> TryGetAsync(
        ReadOnlySpan<byte> key, IBufferWriter<byte> destination,
        CancellationToken cancellationToken = default) =>
        Default.TryGetAsync(key, destination, cancellationToken);

    /// <inheritdoc/>
    public bool ContainsKey(ReadOnlySpan<byte> key) => Default.ContainsKey(key);

    /// <inheritdoc/>
    public Cursor CreateCursor(CursorOptions? options = null) => Default.CreateCursor(options);

    /// <inheritdoc/>
    public RangeEnumerable Range(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to) =>
        Default.Range(from, to);

    /// <inheritdoc/>
    public RangeEnumerable Prefix(ReadOnlySpan<byte> prefix) => Default.Prefix(prefix);

    void IReadView.OnlyThisLibraryImplements() { }

    /// <summary>Refuses new calls, finishes accepted commits, flushes, and releases everything;
    /// what readers still hold is released when they let go. Twice is fine; the second call waits
    /// for the first.</summary>
    /// <exception cref="LsmException">The last flush failed; everything was released all the
    /// same, and the logs still hold what the flush should have written.</exception>
    /// <exception cref="StoreFailedException">The store had failed and no call has said so yet,
    /// or Buffered commits are lost with it.</exception>
    public void Dispose()
    {
        SchedulePoint.Reach("dispose");
        _isDisposed = true;
        _store.Close();
    }

    /// <summary>As <see cref="Dispose"/>; the waiting happens on a thread of its own.</summary>
    public ValueTask DisposeAsync()
    {
        _isDisposed = true;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Close()
        {
            try
            {
                _store.Close();
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        }
        StoreThread.Start("LsmMmap dispose", Close, isBackground: false);
        return new ValueTask(done.Task);
    }

    /// <summary>Over another file system: where tests plug in.</summary>
    internal static LsmStore Open(string directory, StoreOptions? options, IFileSystem files)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        StoreOptions validated = (options ?? new StoreOptions()).Validated();
        Reclaimer.Start();
        string full = Path.GetFullPath(directory);
        return Opened(
            full, validated, isReadOnly: false,
            () => new StoreOpening(files, full, validated).Open());
    }

    internal static LsmStore OpenReadOnly(
        string directory, StoreOptions? options, IFileSystem files)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        StoreOptions validated = (options ?? new StoreOptions()).Validated();
        Reclaimer.Start();
        string full = Path.GetFullPath(directory);
        return Opened(
            full, validated, isReadOnly: true,
            () => new ReadOnlyOpening(files, full, validated).Open());
    }

    private static LsmStore Opened(
        string directory, StoreOptions options, bool isReadOnly, Func<OpenStore> open)
    {
        long begun = options.TimeProvider.GetTimestamp();
        try
        {
            OpenStore store = open();
            var opened = new LsmStore(store);
            opened._telemetry.Opened(begun, isReadOnly, store.Report, error: null);
            return opened;
        }
        catch (LsmException e)
        {
            new StoreTelemetry(options, directory).Opened(begun, isReadOnly, recovery: null, e);
            throw;
        }
    }

    internal void ThrowIfForeign(KeyspaceTree tree)
    {
        if (!ReferenceEquals(tree.Store, _store.State))
            throw new ArgumentException($"keyspace {tree.Name} belongs to another store");
    }

    private Durability Checked(Durability? durability)
    {
        Durability asked = durability ?? _defaultDurability;
        if (asked is < Durability.Buffered or > Durability.Synced)
            ThrowDurability(asked);
        return asked;
    }

    private WriteQueue Writable()
    {
        if (_isDisposed)
            ThrowDisposed();
        return _store.Queue ?? throw ReadOnlyStore();
    }

    private static NotSupportedException ReadOnlyStore() => new("the store is open read-only");

    [DoesNotReturn]
    private static void ThrowDisposed() => throw new ObjectDisposedException(nameof(LsmStore));

    [DoesNotReturn]
    private static void ThrowDurability(Durability durability) =>
        throw new ArgumentOutOfRangeException(
            nameof(durability), durability, "a durability is Buffered, Flushed or Synced");
}
