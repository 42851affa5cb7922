// Reads a whole table by positioned reads and checks all there is to check: every checksum, the
// structure of every block, order inside and across blocks, separators, the filter, values apart,
// counts against footer and properties, and that the bytes between the parts are zero, so that no
// byte of the file can change unseen.
//
// Damage is handed over and the walk goes on behind it. Totals are compared only when every block
// was read, since otherwise they must differ. One thread, one use.

using System.Diagnostics;
using System.IO.Hashing;
using LsmMmap.Sstable.Blocks;
using LsmMmap.Sstable.Caching;
using LsmMmap.Sstable.Filters;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Mapping;

namespace LsmMmap.Sstable.Tables;

internal sealed class TableVerifier
{
    private readonly BlockSource _source;
    private readonly Footer _footer;
    private readonly Action<Exception> _onDamage;
    private readonly CancellationToken _cancellation;
    private readonly List<(long Offset, long Bytes)> _parts = [];
    private readonly byte[] _key = new byte[BlockCursor.KeyBufferBytes];
    private readonly byte[] _lastKey = new byte[BlockCursor.KeyBufferBytes];
    private int _lastKeyBytes = -1;
    private ulong _lastTag;
    private IndexStep? _previousStep;
    private byte[]? _filter;
    private RangeTombstones _ranges = RangeTombstones.None;
    private TableProperties _totals = new();
    private ExpiringEntries _expiring;
    private Sums _sums = new() { Smallest = ulong.MaxValue };
    private bool _isDamaged;
    private long _blockCount;

    public TableVerifier(
        BlockSource source, Action<Exception> onDamage, CancellationToken cancellation)
    {
        _source = source;
        _footer = source.Footer;
        _onDamage = onDamage;
        _cancellation = cancellation;
    }

    /// <summary>How many blocks were checked.</summary>
    public long Run()
    {
        Attempt(CheckFooter);
        Attempt(CheckFilterPages);
        Attempt(CheckRanges);
        CheckTree();
        if (!_isDamaged)
            Attempt(CheckTotals);
        if (!_isDamaged)
            Attempt(CheckGaps);
        return _blockCount;
    }

    /// <summary>XxHash3-64 of the whole file.</summary>
    public static ulong FileChecksum(TableBytes bytes)
    {
        var hash = new XxHash3();
        using var buffer = new NativeBuffer();
        for (long offset = 0; offset < bytes.Length; offset += buffer.Length)
        {
            Span<byte> piece = buffer.Resize(
                (int)Math.Min(ReadWindow.WindowBytes, bytes.Length - offset));
            bytes.Read(offset, piece);
            hash.Append(piece);
        }
        return hash.GetCurrentHashAsUInt64();
    }

    private void CheckFooter()
    {
        byte[] tail = new byte[Footer.Bytes];
        long offset = _footer.FileBytes - Footer.Bytes;
        _source.Bytes.Read(offset, tail);
        Footer? footer = Footer.Read(tail, _footer.FileBytes, out FooterFault fault);
        if (footer != _footer)
            _source.ThrowDamage(offset, fault.What ?? "the footer is not the one it was");
        AddPart(offset, Footer.Bytes);
    }

    private void CheckFilterPages()
    {
        if (_footer.FilterPages == 0)
            return;
        byte[] filter = new byte[checked(_footer.FilterPages * TableLayout.PageBytes)];
        _source.Bytes.Read(_footer.FilterOffset, filter);
        AddPart(_footer.FilterOffset, filter.Length);
        bool isWhole = true;
        for (int i = 0; i < _footer.FilterPages; i++)
        {
            int start = i * TableLayout.PageBytes;
            isWhole &= Attempt(() => _source.CheckRaw(
                filter.AsSpan(start, TableLayout.PageBytes), _footer.FilterOffset + start,
                BlockType.Filter));
            _blockCount++;
        }
        // A page that does not verify says nothing about any key.
        _filter = isWhole ? filter : null;
    }

    private void CheckRanges()
    {
        if (_footer.Ranges is not { } handle)
            return;
        AddPart(handle.Offset, handle.Bytes);
        _blockCount++;
        _ranges = _source.ReadRanges(handle);
        foreach (RangeFragment fragment in _ranges.Fragments)
        {
            _sums.Smallest = Math.Min(_sums.Smallest, fragment.Sequences[^1]);
            _sums.Largest = Math.Max(_sums.Largest, fragment.Sequences[0]);
        }
    }

    private void CheckTree()
    {
        using var window = new ReadWindow();
        window.Reset(_source);
        long dataBlocks = 0;
        foreach (IndexStep step in IndexWalk.Steps(_source))
        {
            _cancellation.ThrowIfCancellationRequested();
            if (step.Height == 0 && ++dataBlocks > _footer.DataBlocks)
            {
                Report(_source.Bytes.Damage(
                    step.Handle.Offset, "the index names more blocks than there are"));
                return;
            }
            _blockCount++;
            AddPart(step.Handle.Offset, step.Handle.Bytes);
            if (step.Damage != null)
                Report(step.Damage);
            else if (step.Height == 0)
                Attempt(() => CheckDataBlock(window, step));
        }
        _totals = _totals with { DataBlocks = dataBlocks };
    }

    private void CheckDataBlock(ReadWindow window, IndexStep step)
    {
        IndexStep? previous = _previousStep;
        _previousStep = step;
        NativeSlice payload = window.Block(step.Handle, out InflatedBlock? owner);
        try
        {
            var view = new BlockView(payload.Span);
            for (int i = 0; i < view.Count; i++)
            {
                if (!view.TryDecode(i, out BlockEntry entry))
                    _source.ThrowDamage(step.Handle.Offset, "an entry cannot be read");
                int keyBytes = view.CopyKey(entry, _key);
                CheckOrder(step, previous, keyBytes, entry.Tag);
                CheckFilter(step, keyBytes);
                CheckMark(step, keyBytes, entry.Tag);
                if (entry.IsApart)
                    CheckValue(window, view.ApartOffset(entry), entry);
                else
                    CountExpiry(entry.Tag, view.Value(entry));
                Count(keyBytes, entry);
            }
        }
        finally
        {
            owner?.Release();
        }
        if (step.Handle.Offset <= (previous?.Handle.Offset ?? -1))
            _source.ThrowDamage(step.Handle.Offset, "data blocks are not in file order");
    }

    private void CheckOrder(IndexStep step, IndexStep? previous, int keyBytes, ulong tag)
    {
        ReadOnlySpan<byte> key = _key.AsSpan(0, keyBytes);
        if (_lastKeyBytes >= 0
            && InternalKey.Compare(_lastKey.AsSpan(0, _lastKeyBytes), _lastTag, key, tag) >= 0)
            _source.ThrowDamage(step.Handle.Offset, "entries are out of order across blocks");
        if (InternalKey.Compare(key, tag, step.SeparatorKey, step.SeparatorTag) > 0)
            _source.ThrowDamage(step.Handle.Offset, "an entry lies above its separator");
        if (previous != null && InternalKey.Compare(
            key, tag, previous.SeparatorKey, previous.SeparatorTag) <= 0)
            _source.ThrowDamage(
                step.Handle.Offset, "an entry lies below the separator before its block");
    }

    private void CheckFilter(IndexStep step, int keyBytes)
    {
        if (_filter == null)
            return;
        ulong hash = InternalKey.Hash(_key.AsSpan(0, keyBytes));
        long offset = FilterLayout.Offset(FilterLayout.Line(hash, _footer.FilterLines));
        ReadOnlySpan<byte> line = _filter.AsSpan((int)offset, FilterLayout.LineBytes);
        if (!BloomFilter.MayContain(line, _footer.FilterProbes, hash))
            _source.ThrowDamage(step.Handle.Offset, "the filter denies a key that is there");
    }

    /// <summary>An entry that its range tombstones leave visible must be told of there.
    /// </summary>
    private void CheckMark(IndexStep step, int keyBytes, ulong tag)
    {
        if (!_ranges.IsEmpty && _ranges.At(_key.AsSpan(0, keyBytes)) is { HasNewer: false } over
            && EntryTag.Sequence(tag) > over.Sequences[0])
            _source.ThrowDamage(
                step.Handle.Offset, "an entry is newer than its range tombstones say");
    }

    private void CheckValue(ReadWindow window, long offset, in BlockEntry entry)
    {
        AddPart(offset, ValueExtent.Bytes(entry.ValueBytes));
        try
        {
            NativeSlice value = window.Value(offset, entry.ValueBytes, out InflatedBlock? owner);
            CountExpiry(entry.Tag, value.Span);
            owner?.Release();
        }
        catch (Exception exception)
        {
            // Only this value: the entries behind it are checked all the same.
            Report(exception);
        }
    }

    private void Count(int keyBytes, in BlockEntry entry)
    {
        ReadOnlySpan<byte> key = _key.AsSpan(0, keyBytes);
        if (_lastKeyBytes < 0)
            _totals = _totals with { SmallestKey = key.ToArray() };
        key.CopyTo(_lastKey);
        _lastKeyBytes = keyBytes;
        _lastTag = entry.Tag;
        ulong sequence = EntryTag.Sequence(entry.Tag);
        bool isDelete = EntryTag.Kind(entry.Tag) == ValueKind.Delete;
        _sums.Entries++;
        _sums.Deletes += isDelete ? 1 : 0;
        _sums.KeyBytes += keyBytes;
        _sums.ValueBytes += entry.ValueBytes;
        _sums.Smallest = Math.Min(_sums.Smallest, sequence);
        _sums.Largest = Math.Max(_sums.Largest, sequence);
    }

    private void CountExpiry(ulong tag, ReadOnlySpan<byte> stored)
    {
        if (EntryTag.Kind(tag) == ValueKind.PutWithExpiry)
            _expiring = _expiring.With(Expiry.AtMs(stored));
    }

    private void CheckTotals()
    {
        AddPart(_footer.Properties.Offset, _footer.Properties.Bytes);
        InflatedBlock block = _source.Copy(_footer.Properties, BlockType.Properties);
        TableProperties? stated = TableProperties.Read(block.Slice.Span);
        block.Release();
        _blockCount++;
        TableProperties found = (_totals with
        {
            Entries = _sums.Entries,
            Deletes = _sums.Deletes,
            Expiring = _expiring,
            RawKeyBytes = _sums.KeyBytes,
            RawValueBytes = _sums.ValueBytes,
            SmallestSequence = _sums.Smallest,
            LargestSequence = _sums.Largest,
            LargestKey = _lastKey[.._lastKeyBytes],
        }).Over(_ranges);
        CompareTotals(found, stated);
    }

    private void CompareTotals(TableProperties found, TableProperties? stated)
    {
        long at = _footer.Properties.Offset;
        if (stated == null)
            _source.ThrowDamage(at, "the properties are malformed");
        if (found.Entries != _footer.Entries || found.DataBlocks != _footer.DataBlocks)
            _source.ThrowDamage(
                _footer.FileBytes - Footer.Bytes, "the footer states other counts than there are");
        if (found.Entries != stated!.Entries || found.Deletes != stated.Deletes
            || found.RangeDeletes != stated.RangeDeletes || found.Expiring != stated.Expiring
            || found.DataBlocks != stated.DataBlocks || found.RawKeyBytes != stated.RawKeyBytes
            || found.RawValueBytes != stated.RawValueBytes)
            _source.ThrowDamage(at, "the properties state other counts than there are");
        if (found.SmallestSequence != stated.SmallestSequence
            || found.LargestSequence != stated.LargestSequence)
            _source.ThrowDamage(at, "the properties state other sequences than there are");
        if (!found.SmallestKey.AsSpan().SequenceEqual(stated.SmallestKey)
            || !found.LargestKey.AsSpan().SequenceEqual(stated.LargestKey)
            || found.IsLargestExcluded != stated.IsLargestExcluded)
            _source.ThrowDamage(at, "the properties state other bounds than there are");
    }

    private void CheckGaps()
    {
        _parts.Sort();
        using var buffer = new NativeBuffer();
        long position = 0;
        foreach ((long offset, long bytes) in _parts)
        {
            if (offset < position)
                _source.ThrowDamage(offset, "two parts of the table overlap");
            if (offset - position >= TableLayout.PageBytes)
                _source.ThrowDamage(position, "bytes of the table belong to nothing");
            Span<byte> gap = buffer.Resize((int)(offset - position));
            if (!gap.IsEmpty)
                _source.Bytes.Read(position, gap);
            if (gap.ContainsAnyExcept((byte)0))
                _source.ThrowDamage(position, "the padding between two parts is not zero");
            position = offset + bytes;
        }
        Debug.Assert(position == _footer.FileBytes, "the footer is the last part");
    }

    private void AddPart(long offset, long bytes) => _parts.Add((offset, bytes));

    private bool Attempt(Action check)
    {
        try
        {
            check();
            return true;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            Report(exception);
            return false;
        }
    }

    private void Report(Exception exception)
    {
        _isDamaged = true;
        _onDamage(exception);
    }

    private struct Sums
    {
        public long Entries;
        public long Deletes;
        public long KeyBytes;
        public long ValueBytes;
        public ulong Smallest;
        public ulong Largest;
    }
}
