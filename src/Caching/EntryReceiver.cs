// The destination of a read that may complete on another thread. It takes the head off the record,
// judges the entry, and hands the value through to the caller's writer without a copy of its own,
// or to nobody when the entry is over.
// Threads: one read at a time; handed from thread to thread with it.

using System.Buffers;
using System.Diagnostics;

namespace LsmMmap.Extensions.Caching;

internal sealed class EntryReceiver : IBufferWriter<byte>
{
    private const int DiscardedBytes = 4096;

    [ThreadStatic]
    private static EntryReceiver? t_free;

    private readonly byte[] _head = new byte[EntryHead.SlidingBytes];
    private byte[] _scratch = [];
    private bool _writesScratch;
    private int _headCount;
    private Stage _stage;
    private SlidingWindows? _windows;
    private string _key = "";
    private IBufferWriter<byte>? _destination;

    private enum Stage
    {
        Head,
        Value,
        Discard,
    }

    // How much of the head is still to come; of an unknown kind nothing.
    private int HeadWanted =>
        (_headCount == 0 ? 1 : EntryHead.BytesOf(_head[0])) - _headCount;

    /// <summary>A receiver for one read; ended by <see cref="End"/>.</summary>
    public static EntryReceiver Begin(
        SlidingWindows windows, string key, IBufferWriter<byte> destination)
    {
        EntryReceiver receiver = t_free ?? new EntryReceiver();
        t_free = null;
        Debug.Assert(receiver._destination == null, "a free receiver is of no read");
        receiver._windows = windows;
        receiver._key = key;
        receiver._destination = destination;
        receiver._headCount = 0;
        receiver._stage = Stage.Head;
        return receiver;
    }

    /// <summary>Whether a living entry went to the destination. The receiver is used no more.
    /// </summary>
    /// <param name="isThere">Whether the read found a record.</param>
    public bool End(bool isThere)
    {
        bool isAlive = _stage == Stage.Value;
        Debug.Assert(isThere || _stage == Stage.Head, "what is not there writes nothing");
        if (isThere && _stage == Stage.Head)
            _windows!.TellUnknown();
        _windows = null;
        _destination = null;
        t_free = this;
        return isAlive;
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Debug.Assert(_destination != null, "a receiver is used between Begin and End");
        if (_stage == Stage.Value)
            return _destination.GetMemory(sizeHint);
        _writesScratch = _stage == Stage.Discard || sizeHint > HeadWanted;
        if (!_writesScratch)
            return _head.AsMemory(_headCount, HeadWanted);
        if (_scratch.Length < Math.Max(sizeHint, DiscardedBytes))
            _scratch = new byte[Math.Max(sizeHint, DiscardedBytes)];
        return _scratch;
    }

    public void Advance(int count)
    {
        Debug.Assert(_destination != null, "a receiver is used between Begin and End");
        if (_stage == Stage.Value)
            _destination.Advance(count);
        else if (_writesScratch)
            Take(_scratch.AsSpan(0, count));
        else
            HeadGrew(count);
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        Debug.Assert(_writesScratch && _stage != Stage.Value, "values go past the scratch");
        while (_stage == Stage.Head && !bytes.IsEmpty)
        {
            int count = Math.Min(HeadWanted, bytes.Length);
            bytes[..count].CopyTo(_head.AsSpan(_headCount));
            bytes = bytes[count..];
            HeadGrew(count);
        }
        if (_stage == Stage.Value)
            _destination!.Write(bytes);
    }

    private void HeadGrew(int count)
    {
        Debug.Assert(_stage == Stage.Head && count <= HeadWanted, "no value is in the head");
        _headCount += count;
        if (HeadWanted > 0)
            return;
        using var key = new CacheKey(_key, stackalloc byte[CacheKey.ScratchBytes]);
        bool isAlive = _windows!.TryRead(key, _head.AsSpan(0, _headCount), out _);
        _stage = isAlive ? Stage.Value : Stage.Discard;
    }
}
