// Writing. A put of one key is a batch of one, the calling thread's own, so that it allocates
// nothing; all batches go through the write queue.
//
// Where a keyspace has a time to live, its puts are given their time here, by the call that commits
// them. A batch is not changed by that, because it may be committed again: its entries are copied.

using System.Diagnostics;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Writing;
using LsmMmap.Sstable.Keys;

namespace LsmMmap;

public sealed partial class LsmStore
{
    [ThreadStatic]
    private static BatchBuffer? t_single;

    [ThreadStatic]
    private static BatchBuffer? t_timed;

    /// <summary>Sets a key's value in the default keyspace. Returns the commit's
    /// sequence.</summary>
    /// <param name="key">Up to 65,535 bytes; empty is a key.</param>
    /// <param name="value">Up to 1 GiB; empty is a value.</param>
    /// <param name="durability">null is the store's default.</param>
    /// <exception cref="ArgumentException">Key or value is beyond its limit.</exception>
    /// <exception cref="StoreFailedException">The store is read-only after a failed write.
    /// </exception>
    public long Put(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, Durability? durability = null) =>
        PutTo(null, key, value, durability);

    /// <summary>Sets a key's value in the default keyspace until a time. Returns the commit's
    /// sequence.</summary>
    /// <remarks><see cref="Keyspace.PutWithExpiry"/> says what that means.</remarks>
    /// <param name="key">Up to 65,535 bytes; empty is a key.</param>
    /// <param name="value">Up to 1 GiB - 8 bytes; empty is a value.</param>
    /// <param name="expiresAt">From when on the key is absent, rounded down to a
    /// millisecond.</param>
    /// <param name="durability">null is the store's default.</param>
    /// <exception cref="ArgumentException">Key or value is beyond its limit.</exception>
    /// <exception cref="StoreFailedException">The store is read-only after a failed write.
    /// </exception>
    public long PutWithExpiry(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, DateTimeOffset expiresAt,
        Durability? durability = null) =>
        PutTo(null, key, value, expiresAt, durability);

    /// <summary>Removes a key from the default keyspace; an absent one is no error. Returns the
    /// commit's sequence.</summary>
    /// <exception cref="ArgumentException">The key is beyond its limit.</exception>
    /// <exception cref="StoreFailedException">The store is read-only after a failed write.
    /// </exception>
    public long Delete(ReadOnlySpan<byte> key, Durability? durability = null) =>
        DeleteFrom(null, key, durability);

    /// <summary>Removes every key in [from, to) from the default keyspace, whatever their number,
    /// at the cost of one entry. Returns the commit's sequence; for a range that holds no key,
    /// because both ends are equal, the last committed one.</summary>
    /// <param name="from">Its first key.</param>
    /// <param name="to">The first key behind it; empty means that it has no end.</param>
    /// <param name="durability">null is the store's default.</param>
    /// <exception cref="ArgumentException">A key is beyond its limit, or the range begins behind
    /// its end.</exception>
    /// <exception cref="StoreFailedException">The store is read-only after a failed write.
    /// </exception>
    public long DeleteRange(
        ReadOnlySpan<byte> from, ReadOnlySpan<byte> to, Durability? durability = null) =>
        DeleteRangeFrom(null, from, to, durability);

    /// <summary>Commits a batch: all of it or nothing, seen at once. Returns the sequence of
    /// its last entry; for an empty batch the last committed one.</summary>
    /// <exception cref="ArgumentException">It names a keyspace of another store.</exception>
    /// <exception cref="ObjectDisposedException">It names a dropped keyspace; nothing was
    /// applied.</exception>
    /// <exception cref="StoreFailedException">The store is read-only after a failed write.
    /// </exception>
    public long Write(WriteBatch batch, Durability? durability = null)
    {
        ArgumentNullException.ThrowIfNull(batch);
        Durability asked = Checked(durability);
        WriteQueue queue = Writable();
        BatchBuffer buffer = batch.Lend();
        try
        {
            CheckTrees(buffer);
            return Commit(queue, Timed(buffer, t_timed ??= new BatchBuffer()), asked);
        }
        finally
        {
            batch.GiveBack();
        }
    }

    /// <summary>As <see cref="Write"/>, without blocking the thread. Un-awaited calls of one
    /// thread commit in call order.</summary>
    /// <param name="batch">Belongs to the store until completion.</param>
    /// <param name="durability">null is the store's default.</param>
    /// <param name="cancellationToken">Counts until the commit joins a group; then it is
    /// ignored.</param>
    /// <returns>Awaited once: the sequence of the last entry.</returns>
    /// <exception cref="OperationCanceledException">Cancelled in time; nothing was
    /// written.</exception>
    public ValueTask<long> WriteAsync(
        WriteBatch batch, Durability? durability = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        Durability asked = Checked(durability);
        WriteQueue queue = Writable();
        cancellationToken.ThrowIfCancellationRequested();
        BatchBuffer buffer = batch.Lend();
        try
        {
            CheckTrees(buffer);
            return queue.CommitAsync(
                Timed(buffer, into: null), asked,
                static state => ((WriteBatch)state).GiveBack(), batch, cancellationToken);
        }
        catch
        {
            batch.GiveBack();
            throw;
        }
    }

    internal long PutTo(
        KeyspaceTree? tree, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value,
        Durability? durability)
    {
        Durability asked = Checked(durability);
        BatchBuffer single = Single(out WriteQueue queue);
        long liveMs = (tree ?? _store.DefaultTree).Options.TimeToLiveMs;
        if (liveMs > 0)
            single.PutWithExpiry(tree, key, value, Services.NowMs + liveMs);
        else
            single.Put(tree, key, value);
        return Commit(queue, single, asked);
    }

    internal long PutTo(
        KeyspaceTree? tree, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value,
        DateTimeOffset expiresAt, Durability? durability)
    {
        Durability asked = Checked(durability);
        BatchBuffer single = Single(out WriteQueue queue);
        single.PutWithExpiry(tree, key, value, expiresAt.ToUnixTimeMilliseconds());
        return Commit(queue, single, asked);
    }

    internal long DeleteFrom(KeyspaceTree? tree, ReadOnlySpan<byte> key, Durability? durability)
    {
        Durability asked = Checked(durability);
        BatchBuffer single = Single(out WriteQueue queue);
        single.Delete(tree, key);
        return Commit(queue, single, asked);
    }

    internal long DeleteRangeFrom(
        KeyspaceTree? tree, ReadOnlySpan<byte> from, ReadOnlySpan<byte> to,
        Durability? durability)
    {
        Durability asked = Checked(durability);
        BatchBuffer single = Single(out WriteQueue queue);
        single.DeleteRange(tree, from, to);
        return Commit(queue, single, asked);
    }

    private long Commit(WriteQueue queue, BatchBuffer buffer, Durability asked) =>
        _telemetry.TimesCommits
            ? TimedCommit(queue, buffer, asked) : queue.Commit(buffer, asked);

    /// <summary>What is recorded runs listeners, which is why it is done here, where the thread
    /// holds nothing any more.</summary>
    private long TimedCommit(WriteQueue queue, BatchBuffer buffer, Durability asked)
    {
        long begun = _telemetry.Now;
        long sequence;
        try
        {
            sequence = queue.Commit(buffer, asked);
        }
        catch (Exception e)
        {
            _telemetry.Committed(begun, _telemetry.Now, asked, e);
            throw;
        }
        _telemetry.Committed(begun, _telemetry.Now, asked, error: null);
        return sequence;
    }

    /// <summary>The calling thread's batch of one, empty, and the queue that it is for.</summary>
    private BatchBuffer Single(out WriteQueue queue)
    {
        queue = Writable();
        BatchBuffer single = t_single ??= new BatchBuffer();
        single.Clear();
        return single;
    }

    private void CheckTrees(BatchBuffer buffer)
    {
        List<KeyspaceTree> trees = buffer.Trees;
        for (int i = 0; i < trees.Count; i++)
            ThrowIfForeign(trees[i]);
    }

    /// <summary>The batch itself where no keyspace of it has a time to live; else a copy whose
    /// puts there expire.</summary>
    private BatchBuffer Timed(BatchBuffer batch, BatchBuffer? into)
    {
        if (!HasTimeToLive(batch))
            return batch;
        long nowMs = Services.NowMs;
        BatchBuffer timed = into ?? new BatchBuffer();
        timed.Clear();
        var entries = new BatchReader(batch.Entries, batch.Count);
        while (entries.MoveNext())
        {
            KeyspaceTree tree = TreeOf(batch, entries.KeyspaceId);
            long liveMs = tree.Options.TimeToLiveMs;
            ReadOnlySpan<byte> value = entries.Value;
            switch (entries.Kind)
            {
                case ValueKind.Put when liveMs > 0:
                    timed.PutWithExpiry(tree, entries.Key, value, nowMs + liveMs);
                    break;
                case ValueKind.Put:
                    timed.Put(tree, entries.Key, value);
                    break;
                case ValueKind.PutWithExpiry:
                    timed.PutWithExpiry(
                        tree, entries.Key, value[Expiry.Bytes..], Expiry.AtMs(value));
                    break;
                case ValueKind.RangeDelete:
                    timed.DeleteRange(tree, entries.Key, value);
                    break;
                default:
                    Debug.Assert(entries.Kind == ValueKind.Delete, "a batch has no other kind");
                    timed.Delete(tree, entries.Key);
                    break;
            }
        }
        Debug.Assert(timed.Count == batch.Count, "every entry has its sequence");
        return timed;
    }

    private bool HasTimeToLive(BatchBuffer batch)
    {
        List<KeyspaceTree> trees = batch.Trees;
        for (int i = 0; i < trees.Count; i++)
        {
            if (trees[i].Options.TimeToLive != null)
                return true;
        }
        return _store.DefaultTree.Options.TimeToLive != null;
    }

    private KeyspaceTree TreeOf(BatchBuffer batch, int keyspaceId)
    {
        List<KeyspaceTree> trees = batch.Trees;
        for (int i = 0; i < trees.Count; i++)
        {
            if (trees[i].Id == keyspaceId)
                return trees[i];
        }
        return _store.DefaultTree;
    }
}
