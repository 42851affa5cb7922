// Asks the disk for the blocks that a scan comes to next, in windows that double from 32 KiB to
// 1 MiB: a short scan after a seek costs one read for its first block and one for all the others,
// a long one keeps the disk busy with large reads. The kernel's own read-ahead is turned off for
// tables, because it takes two neighbouring blocks for the beginning of a long scan.
//
// Only blocks that may have to come from the disk are asked for: a scan over mapped blocks that
// were touched before makes no call at all. Measured alternatives: docs/adr/0021.
// Threads: one, that of the cursor.

using System.Diagnostics;
using LsmMmap.Sstable.Format;

namespace LsmMmap.Sstable.Tables;

internal struct ReadAhead
{
    public const long BytesFirst = 32 * 1024;
    public const long BytesMax = 1024 * 1024;

    /// <summary>From this size on the next window is asked for in the middle of the last one:
    /// whoever has read so much will read on, and need not wait at the end.</summary>
    private const long BytesOverlapped = 256 * 1024;

    // What was asked for, as offsets in the file, and where in it the next window is asked for.
    private long _start;
    private long _end;
    private long _mark;
    private long _bytes;

    /// <summary>The scan begins anew, or elsewhere.</summary>
    public void Reset() => this = default;

    /// <summary>The scan goes on to a block that lies behind the one it stood in.</summary>
    /// <param name="source">The table.</param>
    /// <param name="from">The end of the block it stood in: values apart lie between.</param>
    /// <param name="next">The block it goes to.</param>
    public void Forward(BlockSource source, long from, BlockHandle next)
    {
        Debug.Assert(from <= next.Offset, "the next block lies behind");
        bool isInside = IsAskedFor(next);
        if ((isInside && next.Offset < _mark) || !source.MayWait(next))
            return;
        Grow();
        // What lies between is asked for only where it leaves room for the block.
        long start = isInside ? _end : next.End - from <= _bytes ? from : next.Offset;
        if (!isInside)
            _start = start;
        _end = Math.Min(Math.Max(start + _bytes, next.End), source.Footer.FileBytes);
        _mark = _bytes < BytesOverlapped ? _end : _end - _bytes / 2;
        if (start < _end)
            source.Bytes.Advise(start, _end - start);
    }

    /// <summary>The same towards the front of the file.</summary>
    public void Backward(BlockSource source, BlockHandle next)
    {
        bool isInside = IsAskedFor(next);
        if ((isInside && next.Offset >= _mark) || !source.MayWait(next))
            return;
        long end = isInside ? _start : next.End;
        if (!isInside)
            _end = end;
        Grow();
        _start = Math.Max(0, Math.Min(end - _bytes, next.Offset));
        _mark = _bytes < BytesOverlapped ? _start : _start + _bytes / 2;
        if (_start < end)
            source.Bytes.Advise(_start, end - _start);
    }

    private readonly bool IsAskedFor(BlockHandle block) =>
        block.Offset >= _start && block.End <= _end;

    private void Grow()
    {
        _bytes = _bytes == 0 ? BytesFirst : Math.Min(2 * _bytes, BytesMax);
        Debug.Assert(_bytes is >= BytesFirst and <= BytesMax, "windows double up to a bound");
    }
}
