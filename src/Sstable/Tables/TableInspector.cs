// Walks every block of a table for tools that show what is inside, damaged tables too: each block
// comes with its place, how it is stored and its entries, or with the damage that hides them, and
// the walk goes on behind. Reads by positioned reads only; allocates freely. One thread.

using LsmMmap.Sstable.Blocks;
using LsmMmap.Sstable.Caching;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Sstable.Tables;

/// <summary>One block of a table.</summary>
internal sealed record InspectedBlock
{
    public required BlockHandle Handle { get; init; }

    public required BlockType Type { get; init; }

    /// <summary>Height in the index: 0 for data, 1 for leaves.</summary>
    public int Height { get; init; }

    /// <summary>
    /// The separator behind the block; empty for the root, filter and properties.
    /// </summary>
    public byte[] SeparatorKey { get; init; } = [];

    public ulong SeparatorTag { get; init; }

    /// <summary>How the payload is stored, when the trailer could be read.</summary>
    public BlockCodec Codec { get; init; }

    /// <summary>Length of the payload as stored.</summary>
    public int StoredBytes { get; init; }

    /// <summary>Length of the payload as searched.</summary>
    public int PayloadBytes { get; init; }

    /// <summary>Bytes that all keys share and the block stores once.</summary>
    public int PrefixBytes { get; init; }

    /// <summary>Whether the entries carry no tags.</summary>
    public bool IsPlain { get; init; }

    /// <summary>The entries in order; none for filter pages and damaged blocks.</summary>
    public IReadOnlyList<InspectedEntry> Entries { get; init; } = [];

    /// <summary>Why the block cannot be trusted, or null.</summary>
    public Exception? Damage { get; init; }
}

/// <summary>One entry. Value is null while it lies apart; ReadValue gets it.</summary>
internal sealed record InspectedEntry(
    byte[] UserKey, ulong Tag, int ValueBytes, long ApartOffset, byte[]? Value)
{
    /// <summary>Whether the value lies apart, at ApartOffset.</summary>
    public bool IsApart => Value == null;
}

internal sealed class TableInspector
{
    private readonly BlockSource _source;
    private readonly byte[] _key = new byte[BlockCursor.KeyBufferBytes];

    public TableInspector(TableReader reader) => _source = reader.Source;

    /// <summary>Index blocks before their children, then filter pages and properties.</summary>
    public IEnumerable<InspectedBlock> Blocks()
    {
        foreach (IndexStep step in IndexWalk.Steps(_source))
        {
            BlockType type = step.Height == 0 ? BlockType.Data : BlockType.Index;
            var block = new InspectedBlock
            {
                Handle = step.Handle,
                Type = type,
                Height = step.Height,
                SeparatorKey = step.SeparatorKey,
                SeparatorTag = step.SeparatorTag,
                Damage = step.Damage,
            };
            yield return step.Damage != null ? block : Open(block);
        }
        Footer footer = _source.Footer;
        for (int i = 0; i < footer.FilterPages; i++)
        {
            long offset = footer.FilterOffset + (long)i * TableLayout.PageBytes;
            yield return Open(new InspectedBlock
            {
                Handle = new BlockHandle(offset, TableLayout.PageBytes),
                Type = BlockType.Filter,
            });
        }
        if (footer.Ranges is { } ranges)
            yield return OpenRanges(ranges);
        yield return Open(new InspectedBlock
        {
            Handle = footer.Properties,
            Type = BlockType.Properties,
        });
    }

    /// <summary>The value of an entry, wherever it lies.</summary>
    /// <exception cref="Exception">What the table's bytes make of damage.</exception>
    public byte[] ReadValue(InspectedEntry entry)
    {
        if (entry.Value != null)
            return entry.Value;
        byte[] value = _source.Value(
            entry.ApartOffset, entry.ValueBytes, fromFile: true, out InflatedBlock? owner)
            .Span.ToArray();
        owner?.Release();
        return value;
    }

    private InspectedBlock Open(InspectedBlock block)
    {
        InflatedBlock? payload = null;
        try
        {
            byte[] whole = new byte[block.Handle.Bytes];
            _source.Bytes.Read(block.Handle.Offset, whole);
            TrailerCheck check = BlockTrailer.Check(
                whole, _source.Footer.TableId, block.Handle.Offset, block.Type);
            block = block with { Codec = check.Codec, StoredBytes = check.StoredBytes };
            if (block.Type == BlockType.Filter)
            {
                _source.CheckRaw(whole, block.Handle.Offset, BlockType.Filter);
                return block with { PayloadBytes = check.StoredBytes };
            }
            payload = _source.Copy(block.Handle, block.Type);
            return WithEntries(block, new BlockView(payload.Slice.Span)) with
            {
                PayloadBytes = payload.Length,
            };
        }
        catch (Exception exception)
        {
            // Whatever the owner of the bytes makes of damage belongs to this block alone.
            return block with { Damage = exception };
        }
        finally
        {
            payload?.Release();
        }
    }

    /// <summary>Each range tombstone of each fragment as an entry: its first key, and its end as
    /// the value.</summary>
    private InspectedBlock OpenRanges(BlockHandle handle)
    {
        var block = new InspectedBlock { Handle = handle, Type = BlockType.RangeTombstones };
        try
        {
            var entries = new List<InspectedEntry>();
            foreach (RangeFragment fragment in _source.ReadRanges(handle).Fragments)
            {
                byte[] to = RangeTombstones.Stated(fragment.To);
                foreach (ulong sequence in fragment.Sequences)
                    entries.Add(new InspectedEntry(
                        fragment.From, EntryTag.Pack(sequence, ValueKind.RangeDelete), to.Length,
                        -1, to));
            }
            return block with { Entries = entries };
        }
        catch (Exception exception)
        {
            return block with { Damage = exception };
        }
    }

    private InspectedBlock WithEntries(InspectedBlock block, BlockView view)
    {
        var entries = new List<InspectedEntry>(view.Count);
        for (int i = 0; i < view.Count; i++)
        {
            if (!view.TryDecode(i, out BlockEntry entry))
                _source.ThrowDamage(block.Handle.Offset, "an entry cannot be read");
            byte[] key = _key[..view.CopyKey(entry, _key)];
            entries.Add(new InspectedEntry(
                key, entry.Tag, entry.ValueBytes, entry.IsApart ? view.ApartOffset(entry) : -1,
                entry.IsApart ? null : view.Value(entry).ToArray()));
        }
        return block with
        {
            Entries = entries,
            PrefixBytes = view.PrefixBytes,
            IsPlain = view.IsPlain,
        };
    }
}
