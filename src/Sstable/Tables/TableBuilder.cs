// Writes a table from entries in order: data blocks and values apart, then filter, index,
// properties and footer (see TableLayout and the files it names). A block is cut when the next
// entry would not fit, and the separator is made from the keys on both sides of the cut.
//
// A table always has an entry. Where there are only range tombstones, the newest of the first
// fragment is written as a Delete of the fragment's first key too, which says nothing new.
//
// The stream is neither owned nor synced. Steady use allocates nothing managed. One thread.

using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using LsmMmap.Sstable.Blocks;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Sstable.Tables;

internal sealed class TableBuilder : IDisposable
{
    private readonly TableOptions _options;
    private readonly ulong _tableId;
    private readonly TableOutput _output;
    private readonly IndexBuilder _index;
    private readonly FilterWriter _filter;
    private readonly DataBlockWriter _data;
    private readonly SealedWriter _sealed = new();
    private readonly BlockBuilder _block = new(entriesAlways: 1);
    private byte[] _smallestKey = [];
    private long _deleteCount;
    private long _rawKeyBytes;
    private long _rawValueBytes;
    private ulong _smallestSequence = ulong.MaxValue;
    private ulong _largestSequence;
    private RangeTombstones _ranges = RangeTombstones.None;
    private ExpiringEntries _expiring;
    private bool _isFinished;

    /// <param name="output">Where the table goes; from its current position on, which is 0.</param>
    /// <param name="tableId">Random id that seeds every checksum.</param>
    /// <param name="options">What to make.</param>
    public TableBuilder(Stream output, ulong tableId, TableOptions options)
    {
        options.Validate();
        _options = options;
        _tableId = tableId;
        _output = new TableOutput(output);
        _index = new IndexBuilder(tableId);
        _filter = new FilterWriter(options.BloomBitsPerKey);
        _data = new DataBlockWriter(_output, _index, tableId, options);
    }

    public long EntryCount { get; private set; }

    /// <summary>About how long the file would be if it were finished now.</summary>
    public long EstimatedBytes => _output.Position + _data.WaitingBytes + _block.PayloadBytesMax
        + _index.EstimatedBytes + _filter.EstimatedBytes + TableLayout.PageBytes + Footer.Bytes;

    /// <summary>Adds an entry above all before it.</summary>
    /// <exception cref="InvalidOperationException">
    /// Out of order, too long, of an unknown kind, or the table is finished.
    /// </exception>
    public void Add(ReadOnlySpan<byte> userKey, ulong tag, ReadOnlySpan<byte> value)
    {
        bool isNewKey = CheckOrder(userKey, tag);
        if (userKey.Length > InternalKey.UserKeyBytesMax
            || value.Length > InternalKey.ValueBytesMax || !EntryTag.IsServed(tag) || _isFinished
            || (EntryTag.Kind(tag) == ValueKind.PutWithExpiry && value.Length < Expiry.Bytes))
            ThrowRefused(userKey.Length, value.Length, tag);
        bool isApart = _data.IsApart(value.Length);
        int inlineBytes = isApart ? _data.OffsetBytesMax : value.Length;
        if (!_block.Fits(userKey, tag, value.Length, inlineBytes, _data.PayloadBytesMax))
            CutBefore(userKey, isNewKey);
        if (isApart)
            _block.AddApart(userKey, tag, value.Length, _data.WriteExtent(value));
        else
            _block.Add(userKey, tag, value);
        if (isNewKey)
            _filter.Add(InternalKey.Hash(userKey));
        Count(userKey, tag, value);
    }

    /// <summary>Writes the rest of the table and hands all of it to the stream.</summary>
    /// <exception cref="InvalidOperationException">Nothing was added, or already done.</exception>
    public TableSummary Finish(RangeTombstones ranges)
    {
        _ranges = ranges;
        if (EntryCount == 0 && !ranges.IsEmpty)
        {
            RangeFragment first = ranges.Fragments[0];
            Add(first.From, EntryTag.Pack(first.Sequences[0], ValueKind.Delete), default);
        }
        return Finish();
    }

    /// <summary>The same for a table without range tombstones.</summary>
    /// <exception cref="InvalidOperationException">Nothing was added, or already done.</exception>
    public TableSummary Finish()
    {
        if (EntryCount == 0 || _isFinished)
            ThrowNothingToFinish();
        _isFinished = true;
        Debug.Assert(_block.Count > 0, "the last entry is always in the block in work");
        byte[] largestKey = _block.LastKey.ToArray();
        _data.Finish(_block, largestKey, KeySeparator.TagMin);
        _data.Flush();
        FilterPlace filter = _filter.Finish(_output, _tableId);
        (BlockHandle root, int depth) = _index.Finish(_output, _sealed);
        foreach (RangeFragment fragment in _ranges.Fragments)
        {
            _smallestSequence = Math.Min(_smallestSequence, fragment.Sequences[^1]);
            _largestSequence = Math.Max(_largestSequence, fragment.Sequences[0]);
        }
        TableProperties properties = MakeProperties(largestKey);
        BlockHandle? ranges = _ranges.IsEmpty ? null : _sealed.WritePages(
            _output, RangeBlock.Encode(_ranges), BlockType.RangeTombstones, _tableId);
        properties.Write(_block);
        BlockHandle place = _sealed.WritePages(_output, _block, BlockType.Properties, _tableId);
        WriteFooter(filter, root, depth, place, ranges);
        _output.Flush();
        return MakeSummary(properties);
    }

    public void Dispose()
    {
        _data.Dispose();
        _filter.Dispose();
        _index.Dispose();
        _sealed.Dispose();
        _output.Dispose();
    }

    /// <summary>Throws when out of order; whether the user key is a new one.</summary>
    private bool CheckOrder(ReadOnlySpan<byte> userKey, ulong tag)
    {
        if (_block.Count == 0)
            return true;
        int order = _block.LastKey.SequenceCompareTo(userKey);
        if (order > 0 || (order == 0 && _block.LastTag <= tag))
            ThrowOutOfOrder();
        return order != 0;
    }

    private void CutBefore(ReadOnlySpan<byte> userKey, bool isNewKey)
    {
        Debug.Assert(_block.Count > 0, "only a block with entries is cut");
        if (isNewKey)
        {
            int bytes = KeySeparator.PrefixBytes(_block.LastKey, userKey);
            _data.Finish(_block, userKey[..bytes], KeySeparator.TagMax);
        }
        else
        {
            // Between versions of one key: the last entry itself; its key equals the next one.
            _data.Finish(_block, userKey, _block.LastTag);
        }
    }

    private void Count(ReadOnlySpan<byte> userKey, ulong tag, ReadOnlySpan<byte> value)
    {
        if (EntryCount == 0)
            _smallestKey = userKey.ToArray();
        EntryCount++;
        ValueKind kind = EntryTag.Kind(tag);
        if (kind == ValueKind.Delete)
            _deleteCount++;
        else if (kind == ValueKind.PutWithExpiry)
            _expiring = _expiring.With(Expiry.AtMs(value));
        _rawKeyBytes += userKey.Length;
        _rawValueBytes += value.Length;
        ulong sequence = EntryTag.Sequence(tag);
        _smallestSequence = Math.Min(_smallestSequence, sequence);
        _largestSequence = Math.Max(_largestSequence, sequence);
    }

    private void WriteFooter(
        FilterPlace filter, BlockHandle root, int depth, BlockHandle place, BlockHandle? ranges)
    {
        var footer = new Footer
        {
            TableId = _tableId,
            IndexRoot = root,
            Properties = place,
            FilterOffset = filter.Offset,
            FilterPages = filter.Pages,
            FilterLines = filter.Lines,
            FilterProbes = filter.Probes,
            IndexDepth = depth,
            Ranges = ranges,
            DataBlocks = _index.Count,
            Entries = EntryCount,
            FileBytes = _output.Position + Footer.Bytes,
            HasValuesApart = _data.HasValuesApart,
            IsCompressed = _options.Codec != BlockCodec.None,
            HasExpiring = !_expiring.IsEmpty,
        };
        Span<byte> bytes = stackalloc byte[Footer.Bytes];
        footer.Write(bytes);
        _output.Write(bytes);
    }

    private TableProperties MakeProperties(byte[] largestKey) => new TableProperties()
    {
        Entries = EntryCount,
        Deletes = _deleteCount,
        DataBlocks = _index.Count,
        RawKeyBytes = _rawKeyBytes,
        RawValueBytes = _rawValueBytes,
        SmallestSequence = _smallestSequence,
        LargestSequence = _largestSequence,
        SmallestKey = _smallestKey,
        LargestKey = largestKey,
        Expiring = _expiring,
        Level = _options.Level,
        BlockBytes = _options.BlockBytes,
        Codec = _options.Codec,
        KeyspaceId = _options.Owner?.KeyspaceId,
        KeyspaceName = _options.Owner?.KeyspaceName,
        StoreId = _options.Owner?.StoreId,
    }.Over(_ranges);

    private TableSummary MakeSummary(TableProperties properties) => new()
    {
        TableId = _tableId,
        FileBytes = _output.Position,
        FileChecksum = _output.FileChecksum,
        EntryCount = EntryCount,
        DeleteCount = _deleteCount,
        SmallestKey = properties.SmallestKey,
        LargestKey = properties.LargestKey,
        IsLargestExcluded = properties.IsLargestExcluded,
        RangeDeleteCount = properties.RangeDeletes,
        Expiring = properties.Expiring,
        SmallestSequence = _smallestSequence,
        LargestSequence = _largestSequence,
        RawKeyBytes = _rawKeyBytes,
        RawValueBytes = _rawValueBytes,
    };

    [DoesNotReturn]
    private static void ThrowOutOfOrder() =>
        throw new InvalidOperationException("an entry is not above the one before it");

    [DoesNotReturn]
    private void ThrowRefused(int keyBytes, int valueBytes, ulong tag) =>
        throw new InvalidOperationException(
            _isFinished ? "the table is finished"
            : $"an entry of kind {(byte)tag}, {keyBytes} key bytes and {valueBytes} value bytes "
            + "cannot be written");

    [DoesNotReturn]
    private void ThrowNothingToFinish() =>
        throw new InvalidOperationException(
            _isFinished ? "the table is finished already" : "a table holds at least one entry");
}
