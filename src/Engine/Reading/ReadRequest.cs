// A GetAsync that has to wait for the disk: the key, copied, and where the value goes. Pooled, so
// that a read allocates nothing but the array it returns; the continuation runs on the pool and
// never on the thread that reads.
//
// Threads: filled by the caller, run by one of ColdReads' threads, then the awaiter's, who uses it
// once; GetResult gives it back.

using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.Tasks.Sources;
using LsmMmap.Engine.Waiting;

namespace LsmMmap.Engine.Reading;

internal sealed class ReadRequest : IValueTaskSource<byte[]?>, IValueTaskSource<bool>
{
    private const int PooledMax = 1024;

    /// <summary>A pooled request keeps the memory of a key up to this size.</summary>
    private const int KeyBytesKept = 1024;

    private static readonly ConcurrentQueue<ReadRequest> s_pool = [];

    /// <summary>The result of a value that was written elsewhere.</summary>
    private static readonly byte[] s_written = [];

    private ManualResetValueTaskSourceCore<byte[]?> _source;
    private byte[] _key = [];
    private int _keyBytes;
    private KeyspaceReader? _reader;
    private IBufferWriter<byte>? _destination;
    private CancellationToken _cancellation;

    private ReadRequest() => _source.RunContinuationsAsynchronously = true;

    /// <summary>The next in the queue. By ColdReads.</summary>
    public ReadRequest? Next { get; set; }

    /// <summary>Queues a read whose value comes as an array.</summary>
    public static ValueTask<byte[]?> Get(
        KeyspaceReader reader, ReadOnlySpan<byte> key, CancellationToken cancellation)
    {
        ReadRequest request = Rent(reader, key, null, cancellation);
        ColdReads.Queue(request);
        return new ValueTask<byte[]?>(request, request._source.Version);
    }

    /// <summary>Queues a read whose value is appended to a destination.</summary>
    public static ValueTask<bool> Get(
        KeyspaceReader reader, ReadOnlySpan<byte> key, IBufferWriter<byte> destination,
        CancellationToken cancellation)
    {
        ReadRequest request = Rent(reader, key, destination, cancellation);
        ColdReads.Queue(request);
        return new ValueTask<bool>(request, request._source.Version);
    }

    /// <summary>Reads, waiting for the disk, and completes. By one thread of ColdReads.</summary>
    public void Run()
    {
        Debug.Assert(_reader != null, "a request is filled before it is queued");
        byte[]? result = null;
        try
        {
            _cancellation.ThrowIfCancellationRequested();
            result = Read(_reader);
        }
        // Whatever the read, or the destination, throws belongs to the awaiter.
#pragma warning disable CA1031
        catch (Exception e)
        {
            _source.SetException(e);
            return;
        }
#pragma warning restore CA1031
        _source.SetResult(result);
    }

    /// <summary>Null when the key is absent. A snapshot that ended while the request waited has
    /// let compaction drop what it saw, so its end counts up to here.</summary>
    private byte[]? Read(KeyspaceReader reader)
    {
        bool isThere = reader.TryPin(_key.AsSpan(0, _keyBytes), out PinnedBytes pinned);
        try
        {
            reader.ThrowIfEnded();
            if (!isThere)
                return null;
            if (_destination == null)
                return pinned.Bytes.ToArray();
            _destination.Write(pinned.Bytes);
            return s_written;
        }
        finally
        {
            pinned.Free();
        }
    }

    public ValueTaskSourceStatus GetStatus(short token) => _source.GetStatus(token);

    public void OnCompleted(
        Action<object?> continuation, object? state, short token,
        ValueTaskSourceOnCompletedFlags flags) =>
        AwaiterContext.OnCompleted(ref _source, continuation, state, token, flags);

    byte[]? IValueTaskSource<byte[]?>.GetResult(short token) => Finish(token);

    bool IValueTaskSource<bool>.GetResult(short token) => Finish(token) != null;

    private static ReadRequest Rent(
        KeyspaceReader reader, ReadOnlySpan<byte> key, IBufferWriter<byte>? destination,
        CancellationToken cancellation)
    {
        ReadRequest request = s_pool.TryDequeue(out ReadRequest? pooled) ? pooled : new();
        Debug.Assert(request._reader == null, "a pooled request belongs to nobody");
        if (request._key.Length < key.Length)
            request._key = new byte[key.Length];
        key.CopyTo(request._key);
        request._keyBytes = key.Length;
        request._reader = reader;
        request._destination = destination;
        request._cancellation = cancellation;
        return request;
    }

    private byte[]? Finish(short token)
    {
        // A token of an earlier use throws here too. In neither case is the request the caller's
        // to give back.
        if (_source.GetStatus(token) == ValueTaskSourceStatus.Pending)
            throw new InvalidOperationException("the read has not completed; await it");
        try
        {
            return _source.GetResult(token);
        }
        finally
        {
            _source.Reset();
            _reader = null;
            _destination = null;
            _cancellation = default;
            if (_key.Length > KeyBytesKept)
                _key = [];
            if (s_pool.Count < PooledMax)
                s_pool.Enqueue(this);
        }
    }
}
