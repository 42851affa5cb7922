// A sealed table, open for reading. Open looks at the footer only; blocks are checked when they are
// first touched (see BlockSource).
//
// A point lookup is TableProbe's four steps; here it finds its block.
//
// Threads: any. The reader does not own the bytes; whoever calls it keeps them mapped.

using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using LsmMmap.Sstable.Blocks;
using LsmMmap.Sstable.Caching;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Mapping;

namespace LsmMmap.Sstable.Tables;

internal sealed class TableReader : IDisposable
{
    private static long s_lastCacheId;

    private readonly BlockSource _source;
    private readonly IndexCache? _indexCache;
    private readonly InflatedBlockCache? _blockCache;
    private readonly IndexSlot _indexSlot = new();
    private readonly long _cacheId = Interlocked.Increment(ref s_lastCacheId);
    private TableProperties? _properties;
    private RangeTombstones? _ranges;

    private TableReader(
        BlockSource source, IndexCache? indexCache, InflatedBlockCache? blockCache)
    {
        _source = source;
        _indexCache = indexCache;
        _blockCache = blockCache;
    }

    public Footer Footer => _source.Footer;

    /// <summary>What the table says about itself; read at first use.</summary>
    public TableProperties Properties => _properties ??= ReadProperties();

    /// <summary>The range tombstones, read and checked at first use.</summary>
    public RangeTombstones Ranges => Volatile.Read(ref _ranges) ?? ReadRanges();

    internal BlockSource Source => _source;

    /// <summary>Reads and checks the footer.</summary>
    /// <param name="bytes">The whole file; stays the caller's.</param>
    /// <param name="expectedTableId">The id that the manifest gave, or null.</param>
    /// <param name="mode">How mapped bytes are treated; unmapped ones are always copied.</param>
    /// <param name="indexCache">Shared by all tables, or null.</param>
    /// <param name="blockCache">Shared by all tables, or null.</param>
    public static TableReader Open(
        TableBytes bytes, ulong? expectedTableId, BlockReadMode mode, IndexCache? indexCache,
        InflatedBlockCache? blockCache)
    {
        Footer footer = ReadFooter(bytes);
        if (expectedTableId is { } expected && expected != footer.TableId)
            throw bytes.Damage(
                bytes.Length - Footer.Bytes, "the file is another table", $"{expected:x16}",
                $"{footer.TableId:x16}");
        var source = new BlockSource(bytes, footer, mode);
        return new TableReader(source, indexCache, blockCache);
    }

    /// <summary>XxHash3-64 of the whole file, by positioned reads.</summary>
    public static ulong FileChecksum(TableBytes bytes) => TableVerifier.FileChecksum(bytes);

    /// <summary>Whether the filter lets a key with this hash through.</summary>
    public bool MayContain(ulong hash) => _source.MayContain(hash);

    /// <summary>
    /// Finds the newest entry of a key that is not newer than <paramref name="seekTag"/>.
    /// </summary>
    /// <param name="userKey">Any bytes.</param>
    /// <param name="hash"><see cref="InternalKey.Hash"/> of the key.</param>
    /// <param name="seekTag"><see cref="EntryTag.SeekAt"/> of the reader's sequence.</param>
    /// <param name="result">Set when found, a tombstone included.</param>
    /// <param name="isLikely">See <see cref="TableProbe.Find"/>.</param>
    // A call of its own: inlined twice into a lookup, its locals make a frame of a kilobyte that
    // every lookup would clear first.
    [MethodImpl(MethodImplOptions.NoInlining)]
    public bool TryGet(
        ReadOnlySpan<byte> userKey, ulong hash, ulong seekTag, ref TableValue result,
        bool isLikely = false)
    {
        var probe = default(TableProbe);
        try
        {
            probe.Aim(this, hash);
            return probe.Find(userKey, hash, seekTag, isLikely)
                && probe.Search(userKey, seekTag)
                && probe.Take(userKey, seekTag, ref result);
        }
        finally
        {
            probe.End();
        }
    }

    /// <summary>As <see cref="TryGet"/>, without waiting for the disk: gives up where it would
    /// have to.</summary>
    public TableAnswer TryGetResident(
        ReadOnlySpan<byte> userKey, ulong hash, ulong seekTag, ref TableValue result)
    {
        if (!_source.IsFilterResident(hash))
            return TableAnswer.NotResident;
        if (!IsIndexSettled)
            return MayContain(hash) ? TableAnswer.NotResident : TableAnswer.NotHere;
        var probe = default(TableProbe);
        try
        {
            probe.Aim(this, hash);
            if (!probe.Find(userKey, hash, seekTag, isLikely: false))
                return TableAnswer.NotHere;
            if (!probe.IsBlockResident())
                return TableAnswer.NotResident;
            if (!probe.Search(userKey, seekTag))
                return TableAnswer.NotHere;
            if (!probe.IsValueResident())
                return TableAnswer.NotResident;
            return probe.Take(userKey, seekTag, ref result)
                ? TableAnswer.Found : TableAnswer.NotHere;
        }
        finally
        {
            probe.End();
        }
    }

    /// <summary>Whether readers, and not <see cref="Warm"/>, have been at most of the table.
    /// </summary>
    public bool IsMostlyRead => _source.IsMostlyRead;

    /// <summary>Does ahead what the first lookups in each part of the table would do: page faults,
    /// checksums and the flat index. Nothing where no touch is remembered.</summary>
    public void Warm()
    {
        if (!_source.KeepsTouched)
            return;
        WarmPass.Run(_source);
        if (_indexCache != null && _indexSlot.Current == null)
            Flatten();
    }

    /// <summary>Every separator with its block, in order.</summary>
    public IEnumerable<(byte[] UserKey, ulong Tag, BlockHandle Handle)> EnumerateIndex()
    {
        var index = new IndexCursor();
        byte[] key = new byte[InternalKey.UserKeyBytesMax];
        try
        {
            index.Reset(_source, flat: null, fromFile: true);
            for (bool isThere = index.SeekToFirst(); isThere; isThere = index.MoveNext())
            {
                int keyBytes = index.CopySeparator(key, out ulong tag);
                yield return (key[..keyBytes], tag, index.Handle);
            }
        }
        finally
        {
            index.Release();
        }
    }

    /// <summary>
    /// Reads and checks everything in the file, without touching the mapping. Each damage found
    /// is handed over and checking goes on behind it.
    /// </summary>
    /// <returns>How many blocks were checked.</returns>
    public long Verify(Action<Exception> onDamage, CancellationToken cancellation) =>
        new TableVerifier(_source, onDamage, cancellation).Run();

    /// <summary>Drops what the caches hold of this table; the bytes stay the caller's.</summary>
    public void Dispose()
    {
        _indexCache?.Forget(_indexSlot);
        if (Footer.IsCompressed)
            _blockCache?.Forget(_cacheId);
    }

    /// <summary>Whether the index is in memory as an array.</summary>
    internal bool HasFlatIndex => _indexSlot.Current != null;

    /// <summary>Whether the next lookup will not read the whole index to flatten it.</summary>
    private bool IsIndexSettled => _indexCache == null || _indexSlot.Current != null
        || _indexSlot.IsRefused
        || (_indexSlot.Lookups >= IndexCache.LookupsToAdmit && !_indexCache.IsWorth(
            Footer.DataBlocks, _indexSlot.Lookups + IndexCache.LookupsToAdmit));

    /// <summary>The index as an array for a cursor, counted as one lookup; null while there is
    /// none.</summary>
    internal FlatIndex? FlatIndexForCursor()
    {
        if (_indexSlot.Current == null && _indexCache != null && _indexSlot.CountLookup())
            Flatten();
        _indexSlot.IsUsedLately = true;
        return _indexSlot.Current;
    }

    /// <summary>A block from the cache or made now; one reference, the caller's.</summary>
    internal InflatedBlock AcquireOwned(BlockHandle handle, bool mayInsert)
    {
        Debug.Assert(!_source.IsDataMapped, "mapped blocks have no owner");
        InflatedBlock? block = TryAcquireCached(handle);
        if (block != null)
            return block;
        _source.Fetch(handle, BlockType.Data, fromFile: false, out block);
        if (mayInsert && Footer.IsCompressed)
            _blockCache?.Insert(block!, _cacheId, handle.Offset);
        return block!;
    }

    /// <summary>A block from the cache, with a reference of the caller's; else null.</summary>
    internal InflatedBlock? TryAcquireCached(BlockHandle handle) =>
        Footer.IsCompressed ? _blockCache?.TryAcquire(_cacheId, handle.Offset) : null;

    /// <summary>The block that holds the target if the table does.</summary>
    internal bool TryFindBlock(ReadOnlySpan<byte> userKey, ulong tag, out BlockHandle handle)
    {
        FlatIndex? flat = _indexSlot.Current;
        if (flat != null)
        {
            if (!_indexSlot.IsUsedLately)
                _indexSlot.IsUsedLately = true;
            FlatIndexAnswer answer = flat.Find(userKey, out int at);
            if (answer != FlatIndexAnswer.Undecided)
            {
                bool isThere = answer == FlatIndexAnswer.Found;
                handle = isThere ? flat.Handle(at) : default;
                return isThere;
            }
        }
        else if (_indexCache != null && _indexSlot.CountLookup())
        {
            Flatten();
        }
        return TryFindInTree(userKey, tag, out handle);
    }

    private bool TryFindInTree(ReadOnlySpan<byte> userKey, ulong tag, out BlockHandle handle)
    {
        handle = Footer.IndexRoot;
        for (int depth = Footer.IndexDepth; depth > 0; depth--)
        {
            NativeSlice payload = _source.Fetch(
                handle, BlockType.Index, fromFile: false, out InflatedBlock? owner);
            var view = new BlockView(payload.Span);
            int index = view.LowerBound(userKey, tag);
            bool isBeyond = index == view.Count && index > 0;
            BlockHandle child = default;
            bool isWhole = isBeyond
                || (view.Count > 0 && view.TryHandle(index, handle.Offset, out child));
            owner?.Release();
            if (!isWhole)
                ThrowBroken(handle.Offset);
            if (isBeyond)
                return IsTrulyBeyond(depth, handle);
            handle = child;
        }
        return true;
    }

    /// <summary>Only the root may end before a target; below it the separators disagree.</summary>
    private bool IsTrulyBeyond(int depth, BlockHandle handle)
    {
        if (depth < Footer.IndexDepth)
            _source.ThrowDamage(
                handle.Offset, "an index block ends before the separator that leads to it");
        return false;
    }

    private void Flatten()
    {
        if (!_indexCache!.IsWorth(Footer.DataBlocks, _indexSlot.Lookups))
            return;
        // Refused until it is made: damage elsewhere in the index is told once, here, and then
        // does not stand in the way of lookups that do not need the damaged part.
        _indexSlot.IsRefused = true;
        FlatIndex? flat = _indexCache.CouldHold(Footer.DataBlocks)
            ? FlatIndexMaker.Make(_source) : null;
        if (flat != null)
            _indexCache.Admit(_indexSlot, flat);
    }

    private TableProperties ReadProperties()
    {
        InflatedBlock block = _source.Copy(Footer.Properties, BlockType.Properties);
        try
        {
            TableProperties? properties = TableProperties.Read(block.Slice.Span);
            if (properties == null)
                _source.ThrowDamage(Footer.Properties.Offset, "the properties are malformed");
            return properties;
        }
        finally
        {
            block.Release();
        }
    }

    private RangeTombstones ReadRanges()
    {
        RangeTombstones ranges = Footer.Ranges is { } handle
            ? _source.ReadRanges(handle) : RangeTombstones.None;
        Volatile.Write(ref _ranges, ranges);
        return ranges;
    }

    private static Footer ReadFooter(TableBytes bytes)
    {
        if (bytes.Length < Footer.Bytes)
            throw bytes.Damage(
                0, "the file is too short for a table", $">= {Footer.Bytes}", $"{bytes.Length}");
        Span<byte> tail = stackalloc byte[Footer.Bytes];
        bytes.Read(bytes.Length - Footer.Bytes, tail);
        Footer? footer = Footer.Read(tail, bytes.Length, out FooterFault fault);
        if (footer == null)
            ThrowFault(bytes, fault);
        return footer;
    }

    private void ThrowBroken(long offset) =>
        _source.ThrowDamage(offset, "a block is broken that was whole before");

    [DoesNotReturn]
    private static void ThrowFault(TableBytes bytes, FooterFault fault)
    {
        if (fault.NewerVersion != 0)
            throw bytes.NewerFormat(fault.NewerVersion, FormatVersion.Current);
        throw bytes.Damage(
            bytes.Length - Footer.Bytes, fault.What, fault.Expected, fault.Found);
    }
}
