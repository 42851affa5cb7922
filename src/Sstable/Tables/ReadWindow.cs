// Reads a table front to back by large positioned reads, for compaction, verification and whoever
// must not fill memory through the mapping. The window is 256 KiB; blocks and values apart that
// lie in it are checked and used there.
//
// Values apart lie before the block that names them and behind the block before, so a window that
// is loaded for a block starts where the block before it ended. Everything lent ends with the next
// Block. One thread.

using System.Diagnostics;
using LsmMmap.Sstable.Caching;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Mapping;

namespace LsmMmap.Sstable.Tables;

internal sealed class ReadWindow : IDisposable
{
    public const int WindowBytes = 256 * 1024;

    private readonly NativeBuffer _buffer = new();
    private BlockSource? _source;
    private long _start;
    private long _lastBlockEnd;

    private long End => _start + _buffer.Length;

    /// <summary>Turns to a table, keeps the memory.</summary>
    public void Reset(BlockSource source)
    {
        _source = source;
        _start = 0;
        _lastBlockEnd = 0;
        _buffer.Clear();
    }

    /// <summary>A checked data block; the owner, if any, is released by the caller.</summary>
    public NativeSlice Block(BlockHandle handle, out InflatedBlock? owner)
    {
        Debug.Assert(_source != null, "a window is reset before it is used");
        if (handle.Offset < _start || handle.End > End)
            Load(handle);
        _lastBlockEnd = handle.End;
        NativeSlice block = _buffer.Slice((int)(handle.Offset - _start), handle.Bytes);
        owner = null;
        if (_source.Footer.IsCompressed)
        {
            owner = _source.Unpack(block.Span, handle.Offset);
            return owner.Slice;
        }
        return block.Slice(0, _source.CheckRaw(block.Span, handle.Offset, BlockType.Data));
    }

    /// <summary>A checked value apart; the owner, if any, is released by the caller.</summary>
    public NativeSlice Value(long offset, int valueBytes, out InflatedBlock? owner)
    {
        Debug.Assert(_source != null, "a window is reset before it is used");
        int extentBytes = _source.CheckExtentPlace(offset, valueBytes);
        if (offset < _start || offset + extentBytes > End)
            return _source.Value(offset, valueBytes, fromFile: true, out owner);
        owner = null;
        NativeSlice extent = _buffer.Slice((int)(offset - _start), extentBytes);
        _source.CheckExtent(extent.Span, offset, valueBytes);
        return extent.Slice(0, valueBytes);
    }

    public void Dispose() => _buffer.Dispose();

    private void Load(BlockHandle handle)
    {
        long tableBytes = _source!.Footer.FileBytes;
        long start = handle.Offset;
        if (handle.Offset < _start)
            start = Math.Max(0, handle.End - WindowBytes);
        else if (_lastBlockEnd <= start && start - _lastBlockEnd <= WindowBytes / 2)
            start = _lastBlockEnd;
        start = Math.Min(start, handle.Offset);
        long end = Math.Min(tableBytes, Math.Max(start + WindowBytes, handle.End));
        Debug.Assert(start <= handle.Offset && handle.End <= end, "the window holds the block");
        // Nothing stands in the buffer when the read fails.
        _buffer.Clear();
        _start = start;
        Span<byte> bytes = _buffer.Resize(checked((int)(end - start)));
        try
        {
            // While this window is used the disk reads the next one.
            if (end < tableBytes)
                _source.Bytes.Advise(end, Math.Min(WindowBytes, tableBytes - end));
            _source.Bytes.Read(start, bytes);
        }
        catch
        {
            _buffer.Clear();
            throw;
        }
    }
}
