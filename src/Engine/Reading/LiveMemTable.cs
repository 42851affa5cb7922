// A memtable with a lifetime: the keyspace's tree and every read state that shows it hold a
// counted reference, a pinned value names it in its slot, and its arena is freed when all are
// gone.

using System.Diagnostics;
using LsmMmap.Engine.Lifetimes;
using LsmMmap.Engine.Memory;

namespace LsmMmap.Engine.Reading;

internal sealed class LiveMemTable(
    int keyspaceId, MemoryAccount account, long expectedKeys = 0) : Reclaimable
{
    public MemTable Table { get; } = new(keyspaceId, expectedKeys);

    /// <summary>The log that was current when the first entry was added; no older log is needed
    /// for this memtable. 0 while it is empty.</summary>
    public long FirstLog { get; set; }

    /// <summary>Bytes of the arena that the account knows of. By the one writer.</summary>
    public long CountedBytes { get; private set; }

    /// <summary>Tells the account what the arena has grown by. By the one writer.</summary>
    public void CountGrowth()
    {
        long bytes = Table.AllocatedBytes;
        if (bytes == CountedBytes)
            return;
        Debug.Assert(bytes > CountedBytes, "an arena only grows");
        account.Add(bytes - CountedBytes);
        CountedBytes = bytes;
    }

    /// <summary>Makes the range tombstones that were added readable. By the one writer.</summary>
    public void PublishRanges()
    {
        Table.PublishRanges();
        CountGrowth();
    }

    protected internal override void Reclaim()
    {
        Debug.Assert(account.Bytes >= CountedBytes, "the account knows of these bytes");
        account.Add(-CountedBytes);
        Table.Dispose();
    }
}

/// <summary>Native bytes of all memtables of a store, those that readers still hold included.
/// Threads: any.</summary>
internal sealed class MemoryAccount
{
    private long _bytes;

    public long Bytes => Volatile.Read(ref _bytes);

    public void Add(long bytes) => Interlocked.Add(ref _bytes, bytes);
}
