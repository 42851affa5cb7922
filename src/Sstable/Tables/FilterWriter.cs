// Collects the hash of every distinct user key and writes the filter when the data is done: then
// the number of keys is known and the filter has the size it should. Eight bytes a key wait in
// native memory. One thread.

using System.Buffers.Binary;
using System.Diagnostics;
using LsmMmap.Sstable.Filters;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Mapping;

namespace LsmMmap.Sstable.Tables;

/// <summary>Where a filter lies and how it is probed; all zero when there is none.</summary>
internal readonly record struct FilterPlace(long Offset, int Pages, uint Lines, int Probes);

internal sealed class FilterWriter : IDisposable
{
    private readonly NativeBuffer _hashes = new();
    private readonly double _bitsPerKey;

    public FilterWriter(double bitsPerKey) => _bitsPerKey = bitsPerKey;

    public long EstimatedBytes => (long)(_hashes.Length / sizeof(ulong) * _bitsPerKey / 8);

    public void Add(ulong hash)
    {
        if (_bitsPerKey > 0)
            BinaryPrimitives.WriteUInt64LittleEndian(_hashes.Append(sizeof(ulong)), hash);
    }

    /// <summary>Writes all pages at the next page boundary.</summary>
    public FilterPlace Finish(TableOutput output, ulong tableId)
    {
        if (_bitsPerKey <= 0)
            return default;
        uint lines = BloomFilterBuilder.Lines(_hashes.Length / sizeof(ulong), _bitsPerKey);
        int probes = BloomFilterBuilder.Probes(_bitsPerKey);
        int pages = checked((int)FilterLayout.Pages(lines));
        using var filter = new NativeBuffer();
        Span<byte> bytes = filter.Resize(checked(pages * TableLayout.PageBytes));
        bytes.Clear();
        for (ReadOnlySpan<byte> rest = _hashes.Span; !rest.IsEmpty; rest = rest[sizeof(ulong)..])
            BloomFilterBuilder.Add(
                bytes, lines, probes, BinaryPrimitives.ReadUInt64LittleEndian(rest));
        output.Align(TableLayout.PageBytes);
        long offset = output.Position;
        for (int i = 0; i < pages; i++)
        {
            Span<byte> page = bytes.Slice(i * TableLayout.PageBytes, TableLayout.PageBytes);
            BlockTrailer.Seal(
                page, FilterLayout.PagePayloadBytes, BlockCodec.None, BlockType.Filter, tableId,
                offset + (long)i * TableLayout.PageBytes);
        }
        output.Write(bytes);
        Debug.Assert(output.Position % TableLayout.PageBytes == 0, "the filter fills its pages");
        return new FilterPlace(offset, pages, lines, probes);
    }

    public void Dispose() => _hashes.Dispose();
}
