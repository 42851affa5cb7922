// How much of a keyspace is kept. For logs and caches, whose oldest data is worth least.

namespace LsmMmap;

/// <summary>A limit on what a keyspace keeps. Beyond it the oldest tables are dropped whole:
/// acknowledged data is lost, by design.</summary>
/// <remarks>
/// A keyspace with retention is never compacted: flushes write, drops unlink, and nothing is
/// written twice. Every table that a flush makes is one more that a get may have to ask.
/// <para>Tables are dropped oldest first, so no older value of a key can come back. In a keyspace
/// that was compacted before it got retention the deepest levels go first, whatever their age. What
/// is in memtables is never dropped, nor what a live snapshot sees; a cursor keeps what it sees.
/// </para>
/// Not thread-safe while being set.
/// </remarks>
public sealed class Retention
{
    internal const long BytesMin = 64L << 10;
    internal const long BytesMax = 1L << 60;

    /// <summary>Bytes that the tables of the keyspace may take together. The newest table is
    /// kept whatever its size.</summary>
    /// <value>0, the default, means no limit; from 64 KiB to 1 EiB. Choose it many times the
    /// keyspace's <see cref="KeyspaceOptions.MemtableBytes"/>: one table is the least that is
    /// dropped.</value>
    public long Bytes { get; set; }

    /// <summary>Time since an entry was flushed after which its table may be dropped; a table
    /// goes when its newest entry has this age. By
    /// <see cref="StoreOptions.TimeProvider"/>.</summary>
    /// <value>Zero, the default, means no limit; from 1 second to 36,500 days.</value>
    public TimeSpan Age { get; set; }

    /// <summary>A checked copy.</summary>
    internal Retention Validated()
    {
        if (Bytes != 0)
            OptionRange.Check("Retention.Bytes", Bytes, BytesMin, BytesMax);
        if (Age != TimeSpan.Zero && (Age < TimeSpan.FromSeconds(1) || Age.TotalDays > 36_500))
            OptionRange.Throw("Retention.Age", Age, "1 second to 36,500 days");
        if (Bytes == 0 && Age == TimeSpan.Zero)
            OptionRange.Throw(nameof(Retention), "without a limit", "bytes, an age or both");
        return new Retention { Bytes = Bytes, Age = Age };
    }
}
