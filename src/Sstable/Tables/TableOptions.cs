// What the writer of a table chooses, and how a reader treats mapped bytes.

using LsmMmap.Sstable.Filters;
using LsmMmap.Sstable.Format;

namespace LsmMmap.Sstable.Tables;

internal sealed record TableOptions
{
    /// <summary>
    /// Sealed size of a data block in bytes, 1 KiB to 64 KiB, rounded up to a power of two. For
    /// compressed tables the size before compression, at least 16 KiB.
    /// </summary>
    /// <value>The default is 4096.</value>
    public int BlockBytes { get; init; } = TableLayout.PageBytes;

    /// <summary>Bits of filter for each user key, 0 to 64; 0 makes no filter.</summary>
    /// <value>The default is 10, about one false positive in a hundred.</value>
    public double BloomBitsPerKey { get; init; } = 10;

    /// <summary>How data blocks are stored.</summary>
    public BlockCodec Codec { get; init; }

    /// <summary>The level the table is made for; only recorded.</summary>
    public int Level { get; init; }

    /// <summary>Whose table it is; only recorded, for whoever finds the file without a
    /// MANIFEST. Null writes nothing of it.</summary>
    public TableOwner? Owner { get; init; }

    /// <exception cref="ArgumentException">An option is outside its range.</exception>
    public void Validate()
    {
        if (BlockBytes is < TableLayout.BlockBytesMin or > TableLayout.BlockBytesMax)
            throw new ArgumentException($"BlockBytes is {BlockBytes}, not 1024 to 65536");
        if (BloomBitsPerKey is not (>= 0 and <= BloomFilterBuilder.BitsPerKeyMax))
            throw new ArgumentException($"BloomBitsPerKey is {BloomBitsPerKey}, not 0 to 64");
        if (Codec is not (BlockCodec.None or BlockCodec.Lz4))
            throw new ArgumentException($"Codec is {Codec}, not None or Lz4");
        if (Level < 0)
            throw new ArgumentException($"Level is {Level}, not 0 or more");
    }
}

/// <summary>The store and the keyspace that a table was made for.</summary>
internal sealed record TableOwner(ulong StoreId, int KeyspaceId, string KeyspaceName);

internal enum BlockReadMode
{
    /// <summary>Mapped; populated and verified at first touch.</summary>
    Direct,

    /// <summary>Mapped; populated before every use, verified at first touch.</summary>
    Guarded,

    /// <summary>Read into buffers and verified every time; the mapping is never touched.</summary>
    Copy,
}
