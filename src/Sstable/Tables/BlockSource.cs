// The blocks of one table, checked. Every other part of the reader gets its bytes here and may
// search them without further checks.
//
// Mapped blocks are populated (so that a page that cannot be read throws rather than kills), their
// checksum is verified and their structure validated, once since the table was opened; one bit
// remembers all three. Guarded mode populates before every use. Copies, by positioned read, and
// inflated blocks are checked each time they are made.
//
// Threads: any; see TouchedUnits for the only state.

using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using LsmMmap.Sstable.Blocks;
using LsmMmap.Sstable.Caching;
using LsmMmap.Sstable.Filters;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Mapping;

namespace LsmMmap.Sstable.Tables;

internal sealed class BlockSource
{
    // Blocks start at least 1 KiB apart, values apart more than a sector of 512 bytes.
    private const int BlockUnitShift = 10;
    private const int ValueUnitShift = 9;

    // Blocks start on pages, of which 64 units hold so many.
    private const int SampleParts = (64 << BlockUnitShift) / TableLayout.PageBytes;

    private readonly TableBytes _bytes;
    private readonly Footer _footer;
    private readonly TouchedUnits _blocks;
    private readonly TouchedUnits? _values;
    private readonly bool _isGuarded;
    private readonly bool _isCopied;

    public BlockSource(TableBytes bytes, Footer footer, BlockReadMode mode)
    {
        Debug.Assert(bytes.Length == footer.FileBytes, "the footer was checked");
        _bytes = bytes;
        _footer = footer;
        _isCopied = mode == BlockReadMode.Copy || !bytes.IsMapped;
        _isGuarded = mode == BlockReadMode.Guarded;
        _blocks = new TouchedUnits(bytes.Length, BlockUnitShift);
        if (footer.HasValuesApart)
            _values = new TouchedUnits(bytes.Length, ValueUnitShift);
    }

    public TableBytes Bytes => _bytes;

    public Footer Footer => _footer;

    /// <summary>Whether the mapping is never touched.</summary>
    public bool IsCopied => _isCopied;

    /// <summary>Whether data blocks are used where they are mapped.</summary>
    public bool IsDataMapped => !_isCopied && !_footer.IsCompressed;

    /// <summary>Whether the use of a data block may wait for the disk: nothing is known of it, or
    /// it may have been pushed out of memory since.</summary>
    public bool MayWait(BlockHandle handle) =>
        !IsDataMapped || _isGuarded || !_blocks.Contains(handle.Offset);

    /// <summary>Whether a touch of a data block is remembered.</summary>
    public bool KeepsTouched => IsDataMapped && !_isGuarded;

    /// <summary>Whether readers have touched most blocks, judged by a sixteenth of the pages, which
    /// <see cref="WarmPass"/> leaves to them.</summary>
    public bool IsMostlyRead =>
        KeepsTouched && _blocks.CountFirsts() > _footer.DataBlocks / SampleParts / 2;

    /// <summary>Whether a block's touch is to tell that a reader came.</summary>
    public bool IsSample(BlockHandle handle) => _blocks.IsFirst(handle.Offset);

    /// <summary>
    /// A mapped block less its trailer. Requires: mapped, page-packed.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public NativeSlice Mapped(BlockHandle handle, BlockType type)
    {
        Debug.Assert(!_isCopied, "a table that is copied is not touched through its mapping");
        if (!_blocks.Contains(handle.Offset) || _isGuarded)
            Touch(handle, type);
        return _bytes.Slice(handle.Offset, handle.Bytes - BlockTrailer.Bytes);
    }

    /// <summary>Verifies a block unless it is known. Requires: it was populated.</summary>
    public void CheckMapped(BlockHandle handle, BlockType type)
    {
        if (_blocks.Contains(handle.Offset))
            return;
        CheckRaw(_bytes.Slice(handle.Offset, handle.Bytes).Span, handle.Offset, type);
        _blocks.Add(handle.Offset);
    }

    /// <summary>
    /// The payload of a block however it is stored. The owner, if any, is released by the caller.
    /// </summary>
    public NativeSlice Fetch(
        BlockHandle handle, BlockType type, bool fromFile, out InflatedBlock? owner)
    {
        owner = null;
        if (fromFile || _isCopied)
            owner = Copy(handle, type);
        else if (type == BlockType.Data && _footer.IsCompressed)
            owner = Inflate(handle);
        return owner != null ? owner.Slice : Mapped(handle, type);
    }

    /// <summary>Reads a block by a positioned read; one reference, the caller's.</summary>
    public InflatedBlock Copy(BlockHandle handle, BlockType type)
    {
        InflatedBlock block = InflatedBlock.Rent(handle.Bytes);
        try
        {
            _bytes.Read(handle.Offset, block.Span);
            TrailerCheck check = CheckTrailer(block.Span, handle.Offset, type);
            if (check.Codec == BlockCodec.None)
            {
                block.Truncate(check.StoredBytes);
                Validate(block.Slice.Span, handle.Offset, type);
                return block;
            }
            InflatedBlock inflated = Inflate(block.Span[..check.StoredBytes], handle.Offset, type);
            block.Release();
            return inflated;
        }
        catch
        {
            block.Release();
            throw;
        }
    }

    /// <summary>Inflates, or copies, a mapped block of a compressed table.</summary>
    public InflatedBlock Inflate(BlockHandle handle)
    {
        Debug.Assert(_footer.IsCompressed, "page-packed blocks are used in place");
        // Compressed blocks share pages and units, so no bit can stand for one of them.
        _bytes.Populate(handle.Offset, handle.Bytes);
        return Unpack(_bytes.Slice(handle.Offset, handle.Bytes).Span, handle.Offset);
    }

    /// <summary>Checks a sealed data block, and inflates or copies its payload.</summary>
    public InflatedBlock Unpack(ReadOnlySpan<byte> block, long offset)
    {
        TrailerCheck check = CheckTrailer(block, offset, BlockType.Data);
        ReadOnlySpan<byte> stored = block[..check.StoredBytes];
        if (check.Codec == BlockCodec.Lz4)
            return Inflate(stored, offset, BlockType.Data);
        InflatedBlock copy = InflatedBlock.Rent(stored.Length);
        stored.CopyTo(copy.Span);
        ValidateOrRelease(copy, offset, BlockType.Data);
        return copy;
    }

    /// <summary>The range tombstones of a block, read by a positioned read.</summary>
    public RangeTombstones ReadRanges(BlockHandle handle)
    {
        byte[] block = new byte[handle.Bytes];
        _bytes.Read(handle.Offset, block);
        TrailerCheck check = CheckTrailer(block, handle.Offset, BlockType.RangeTombstones);
        if (check.Codec != BlockCodec.None)
            ThrowDamage(handle.Offset, "the range tombstones are compressed");
        RangeTombstones? ranges =
            RangeBlock.TryDecode(block.AsSpan(0, check.StoredBytes), out string problem);
        if (ranges == null)
            ThrowDamage(handle.Offset, problem);
        return ranges;
    }

    /// <summary>Checks a sealed block where it lies; the length of its raw payload.</summary>
    public int CheckRaw(ReadOnlySpan<byte> block, long offset, BlockType type)
    {
        TrailerCheck check = CheckTrailer(block, offset, type);
        if (check.Codec != BlockCodec.None)
            ThrowDamage(offset, "a block is compressed in a table without compression");
        if (type != BlockType.Filter)
            Validate(block[..check.StoredBytes], offset, type);
        return check.StoredBytes;
    }

    /// <summary>A value apart, verified. The owner, if any, is released by the caller.</summary>
    public NativeSlice Value(long offset, int valueBytes, bool fromFile, out InflatedBlock? owner)
    {
        int extentBytes = CheckExtentPlace(offset, valueBytes);
        owner = null;
        if (fromFile || _isCopied)
        {
            owner = CopyValue(offset, valueBytes, extentBytes);
            return owner.Slice;
        }
        if (!_values!.Contains(offset))
        {
            _bytes.Populate(offset, extentBytes);
            CheckExtent(_bytes.Slice(offset, extentBytes).Span, offset, valueBytes);
            _values.Add(offset);
        }
        else if (_isGuarded)
        {
            _bytes.Populate(offset, extentBytes);
        }
        return _bytes.Slice(offset, valueBytes);
    }

    /// <summary>Throws when the pieces of a value do not verify.</summary>
    public void CheckExtent(ReadOnlySpan<byte> extent, long offset, int valueBytes)
    {
        int piece = ValueExtent.FirstBadPiece(extent, valueBytes, _footer.TableId, offset);
        if (piece >= 0)
            ThrowDamage(
                offset + (long)piece * ValueExtent.PieceBytes,
                "the checksum of a piece of a value does not match");
    }

    /// <summary>Throws when a value apart cannot lie there; its length with checksums.</summary>
    public int CheckExtentPlace(long offset, int valueBytes)
    {
        int extentBytes = ValueExtent.Bytes(valueBytes);
        if (_values == null || offset < 0 || offset > _footer.FileBytes - extentBytes)
            ThrowDamage(Math.Max(offset, 0), "a value apart lies outside the table");
        return extentBytes;
    }

    /// <summary>
    /// Probes the filter; true when there is none. One cache line when it is hot.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MayContain(ulong hash)
    {
        if (_footer.FilterLines == 0)
            return true;
        uint line = FilterLayout.Line(hash, _footer.FilterLines);
        long offset = _footer.FilterOffset + FilterLayout.Offset(line);
        long page = offset & -TableLayout.PageBytes;
        if (_isCopied || _isGuarded || !_blocks.Contains(page))
            return MayContainSlow(hash, page, offset);
        return BloomFilter.MayContain(
            _bytes.Slice(offset, FilterLayout.LineBytes).Span, _footer.FilterProbes, hash);
    }

    /// <summary>Whether MayContain needs no disk.</summary>
    public bool IsFilterResident(ulong hash)
    {
        if (_footer.FilterLines == 0)
            return true;
        uint line = FilterLayout.Line(hash, _footer.FilterLines);
        long offset = _footer.FilterOffset + FilterLayout.Offset(line);
        long page = offset & -TableLayout.PageBytes;
        bool isTouched = !_isCopied && !_isGuarded && _blocks.Contains(page);
        return isTouched || _bytes.IsResident(page, TableLayout.PageBytes);
    }

    /// <summary>Whether Value needs no disk. True for a place that Value will refuse.</summary>
    public bool IsValueResident(long offset, int valueBytes)
    {
        int extentBytes = ValueExtent.Bytes(valueBytes);
        if (_values == null || offset < 0 || offset > _footer.FileBytes - extentBytes)
            return true;
        bool isTouched = !_isCopied && !_isGuarded && _values.Contains(offset);
        return isTouched || _bytes.IsResident(offset, extentBytes);
    }

    /// <summary>Asks for the line that MayContain will look at.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PrefetchFilter(ulong hash)
    {
        Debug.Assert(!_isCopied, "only a mapping has lines");
        if (_footer.FilterLines == 0)
            return;
        uint line = FilterLayout.Line(hash, _footer.FilterLines);
        _bytes.Prefetch(_footer.FilterOffset + FilterLayout.Offset(line), 1);
    }

    /// <summary>Asks for the lines that a search of the block begins with: header, heads and
    /// offsets of some forty entries.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PrefetchBlock(BlockHandle handle)
    {
        const int SearchBytes = 256;
        Debug.Assert(IsDataMapped, "only a mapping has lines");
        _bytes.Prefetch(handle.Offset, SearchBytes);
    }

    private bool MayContainSlow(ulong hash, long page, long offset)
    {
        Debug.Assert(
            page <= offset && offset < page + TableLayout.PageBytes, "the line lies in its page");
        if (_isCopied)
        {
            InflatedBlock copy = InflatedBlock.Rent(TableLayout.PageBytes);
            try
            {
                _bytes.Read(page, copy.Span);
                CheckRaw(copy.Span, page, BlockType.Filter);
                return BloomFilter.MayContain(
                    copy.Span.Slice((int)(offset - page), FilterLayout.LineBytes),
                    _footer.FilterProbes, hash);
            }
            finally
            {
                copy.Release();
            }
        }
        Touch(new BlockHandle(page, TableLayout.PageBytes), BlockType.Filter);
        return BloomFilter.MayContain(
            _bytes.Slice(offset, FilterLayout.LineBytes).Span, _footer.FilterProbes, hash);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Touch(BlockHandle handle, BlockType type)
    {
        Debug.Assert(!_isCopied, "a table that is copied is not touched through its mapping");
        _bytes.Populate(handle.Offset, handle.Bytes);
        CheckMapped(handle, type);
    }

    private InflatedBlock CopyValue(long offset, int valueBytes, int extentBytes)
    {
        InflatedBlock block = InflatedBlock.Rent(extentBytes);
        try
        {
            _bytes.Read(offset, block.Span);
            CheckExtent(block.Span, offset, valueBytes);
            block.Truncate(valueBytes);
            return block;
        }
        catch
        {
            block.Release();
            throw;
        }
    }

    private InflatedBlock Inflate(ReadOnlySpan<byte> stored, long offset, BlockType type)
    {
        int bytes = BlockCompression.InflatedBytes(stored);
        if (bytes < 0 || type != BlockType.Data)
            ThrowDamage(offset, "a compressed block states an impossible length");
        InflatedBlock block = InflatedBlock.Rent(bytes);
        if (!BlockCompression.TryInflate(stored, block.Span))
        {
            block.Release();
            ThrowDamage(offset, "a compressed block does not inflate");
        }
        ValidateOrRelease(block, offset, type);
        return block;
    }

    private void ValidateOrRelease(InflatedBlock block, long offset, BlockType type)
    {
        try
        {
            Validate(block.Slice.Span, offset, type);
        }
        catch
        {
            block.Release();
            throw;
        }
    }

    private void Validate(ReadOnlySpan<byte> payload, long offset, BlockType type)
    {
        string? wrong = BlockFormat.Validate(payload, type, offset, _footer.HasExpiring);
        if (wrong != null)
            ThrowDamage(offset, wrong);
    }

    private TrailerCheck CheckTrailer(ReadOnlySpan<byte> block, long offset, BlockType type)
    {
        TrailerCheck check = BlockTrailer.Check(block, _footer.TableId, offset, type);
        if (check.Fault != null)
            throw _bytes.Damage(
                offset, check.Fault, $"{check.Expected:x}", $"{check.Found:x}");
        return check;
    }

    [DoesNotReturn]
    public void ThrowDamage(long offset, string what) => throw _bytes.Damage(offset, what);
}
