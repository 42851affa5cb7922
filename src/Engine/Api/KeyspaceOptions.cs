// The knobs of one keyspace (one LSM tree). Validated and copied when a keyspace is opened, so
// that changing an object later changes nothing. They are stored in the MANIFEST with the
// keyspace, as the text that ToStored writes.

using System.Globalization;

namespace LsmMmap;

/// <summary>Options of one keyspace. Validated and copied when the keyspace is opened.</summary>
/// <remarks>Not thread-safe while being set.</remarks>
public sealed class KeyspaceOptions
{
    internal const long MemtableBytesMin = 64L << 10;
    internal const long TableBytesMin = 64L << 10;
    internal const long TableBytesDefault = 64L << 20;
    internal const int LevelCount = 7;

    /// <summary>Bytes of keys and values after which a memtable is frozen and flushed.</summary>
    /// <value>64 MiB; from 64 KiB to 64 GiB; 0 means the default. Larger means fewer, larger
    /// tables and a longer recovery.</value>
    public long MemtableBytes { get; set; } = 64L << 20;

    /// <summary>Size at which compaction begins a new table, in bytes.</summary>
    /// <value>0, the default, means 64 MiB; from 64 KiB to 64 GiB.</value>
    public long TableBytes { get; set; }

    /// <summary>Size of a table block in bytes; rounded up to a power of two.</summary>
    /// <value>4,096, one page; from 1 KiB to 64 KiB; 0 means the default. LZ4 blocks hold at
    /// least 16 KiB before compression.</value>
    public int BlockBytes { get; set; } = 4096;

    /// <summary>Bits of Bloom filter for each key.</summary>
    /// <value>10, about 1 % of misses read a block; from 0 (no filter) to 30.</value>
    public double BloomBitsPerKey { get; set; } = 10;

    /// <summary>The codec of each level, youngest first; the last entry serves all deeper
    /// levels.</summary>
    /// <value>null, the default, compresses nothing.</value>
    public IReadOnlyList<Compression>? CompressionPerLevel { get; set; }

    /// <summary>How tables are merged.</summary>
    /// <value><see cref="CompactionStyle.Leveled"/>.</value>
    public CompactionStyle Compaction { get; set; } = CompactionStyle.Leveled;

    /// <summary>How much of the keyspace is kept; with it nothing is compacted, and
    /// <see cref="Compaction"/> has no meaning. May be set and taken away at any time.</summary>
    /// <value>null, the default, keeps everything. Otherwise acknowledged data is dropped beyond
    /// the limit: see <see cref="LsmMmap.Retention"/>.</value>
    public Retention? Retention { get; set; }

    /// <summary>How long a value that <c>Put</c> writes is there, counted from the call that
    /// commits it; then its key is absent, as <see cref="Keyspace.PutWithExpiry"/> says. It
    /// counts for writes from now on, and changes nothing that was written. By
    /// <see cref="StoreOptions.TimeProvider"/>.</summary>
    /// <value>null, the default, means for ever; above zero, rounded up to a
    /// millisecond.</value>
    public TimeSpan? TimeToLive { get; set; }

    /// <summary>The same in milliseconds; 0 for ever.</summary>
    internal long TimeToLiveMs => TimeToLive is not { } time ? 0
        : time.Ticks / TimeSpan.TicksPerMillisecond
            + (time.Ticks % TimeSpan.TicksPerMillisecond > 0 ? 1 : 0);

    internal Compression CompressionOf(int level) =>
        CompressionPerLevel is not { Count: > 0 } list
            ? Compression.None
            : list[Math.Min(level, list.Count - 1)];

    /// <summary>A checked copy with every default filled in.</summary>
    internal KeyspaceOptions Validated()
    {
        long memtableBytes = MemtableBytes == 0 ? 64L << 20 : MemtableBytes;
        long tableBytes = TableBytes == 0 ? TableBytesDefault : TableBytes;
        int blockBytes = BlockBytes == 0 ? 4096 : BlockBytes;
        OptionRange.Check(nameof(MemtableBytes), memtableBytes, MemtableBytesMin, 64L << 30);
        OptionRange.Check(nameof(TableBytes), tableBytes, TableBytesMin, 64L << 30);
        OptionRange.Check(nameof(BlockBytes), blockBytes, 1024, 65_536);
        if (double.IsNaN(BloomBitsPerKey) || BloomBitsPerKey < 0 || BloomBitsPerKey > 30)
            OptionRange.Throw(nameof(BloomBitsPerKey), BloomBitsPerKey, "0 to 30");
        OptionRange.CheckEnum(nameof(Compaction), Compaction);
        if (TimeToLive <= TimeSpan.Zero)
            OptionRange.Throw(nameof(TimeToLive), TimeToLive, "above zero");
        Compression[]? perLevel = CompressionPerLevel?.ToArray();
        foreach (Compression codec in perLevel ?? [])
            OptionRange.CheckEnum(nameof(CompressionPerLevel), codec);
        return new KeyspaceOptions
        {
            MemtableBytes = memtableBytes,
            TableBytes = tableBytes,
            BlockBytes = blockBytes,
            BloomBitsPerKey = BloomBitsPerKey,
            CompressionPerLevel = perLevel,
            Compaction = Compaction,
            Retention = Retention?.Validated(),
            TimeToLive = TimeToLive,
        };
    }

    /// <summary>For a keyspace whose own options are lost: tuning may be guessed, what is dropped
    /// may not.</summary>
    internal KeyspaceOptions WithoutDrops()
    {
        var copy = (KeyspaceOptions)MemberwiseClone();
        copy.Retention = null;
        copy.TimeToLive = null;
        return copy;
    }

    /// <summary>The form in the MANIFEST: "name=value" parts joined by ';'.</summary>
    internal string ToStored()
    {
        string codecs = CompressionPerLevel == null
            ? "" : string.Join(',', CompressionPerLevel.Select(codec => (int)codec));
        string text = string.Create(CultureInfo.InvariantCulture,
            $"memtable={MemtableBytes};table={TableBytes};block={BlockBytes};" +
            $"bloom={BloomBitsPerKey:R};codecs={codecs};style={(int)Compaction}");
        if (Retention is { } kept)
            text += string.Create(CultureInfo.InvariantCulture,
                $";keepBytes={kept.Bytes};keepTicks={kept.Age.Ticks}");
        if (TimeToLive is { } time)
            text += string.Create(CultureInfo.InvariantCulture, $";liveTicks={time.Ticks}");
        return text;
    }

    /// <summary>Reads the stored form; names it does not know are passed over, so that an older
    /// version opens what a newer one tuned. False when a value does not parse.</summary>
    internal static bool TryFromStored(string stored, out KeyspaceOptions options)
    {
        options = new KeyspaceOptions();
        try
        {
            foreach (string part in stored.Split(';', StringSplitOptions.RemoveEmptyEntries))
            {
                int equals = part.IndexOf('=', StringComparison.Ordinal);
                if (equals < 0)
                    return false;
                options.Set(part[..equals], part[(equals + 1)..]);
            }
            options = options.Validated();
            return true;
        }
        catch (Exception e) when (e is FormatException or OverflowException or ArgumentException)
        {
            return false;
        }
    }

    private void Set(string name, string value)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        switch (name)
        {
            case "memtable": MemtableBytes = long.Parse(value, culture); break;
            case "table": TableBytes = long.Parse(value, culture); break;
            case "block": BlockBytes = int.Parse(value, culture); break;
            case "bloom": BloomBitsPerKey = double.Parse(value, culture); break;
            case "style": Compaction = (CompactionStyle)int.Parse(value, culture); break;
            case "keepBytes":
                (Retention ??= new Retention()).Bytes = long.Parse(value, culture);
                break;
            case "keepTicks":
                (Retention ??= new Retention()).Age = new TimeSpan(long.Parse(value, culture));
                break;
            case "liveTicks": TimeToLive = new TimeSpan(long.Parse(value, culture)); break;
            case "codecs":
                CompressionPerLevel = value.Length == 0 ? null : Array.ConvertAll(
                    value.Split(','), text => (Compression)int.Parse(text, culture));
                break;
        }
    }
}
