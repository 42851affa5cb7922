// Writes of the model run: single entries, batches over several keyspaces, and several WriteAsync
// in flight at once. Each commit's sequence must be above that of the one before it.

namespace LsmMmap.Testing.Model;

internal sealed class WriteOperations(RunState run)
{
    private const int BatchEntriesMax = 30;
    private const int InFlightMax = 8;

    public void Put()
    {
        LiveKeyspace keyspace = run.AnyKeyspace();
        byte[] key = run.Keys.Next();
        byte[] value = run.Values.Next();
        Durability? durability = run.AnyDurability();
        run.Note($"put {keyspace.Model.Name} {Bytes.Show(key)} = {Bytes.Show(value)} {durability}");
        bool throughStore = keyspace.Model == run.Model.Default && run.Random.Next(2) == 0;
        long sequence = throughStore
            ? run.Store.Put(key, value, durability)
            : keyspace.Handle.Put(key, value, durability);
        Committed(sequence, [Lasting(keyspace, key, value)]);
    }

    public void PutWithExpiry()
    {
        LiveKeyspace keyspace = run.AnyKeyspace();
        byte[] key = run.Keys.Next();
        byte[] value = run.Values.Next();
        DateTimeOffset until = NextExpiry();
        Durability? durability = run.AnyDurability();
        run.Note(
            $"put {keyspace.Model.Name} {Bytes.Show(key)} = {Bytes.Show(value)} until {until:s}");
        bool throughStore = keyspace.Model == run.Model.Default && run.Random.Next(2) == 0;
        long sequence = throughStore
            ? run.Store.PutWithExpiry(key, value, until, durability)
            : keyspace.Handle.PutWithExpiry(key, value, until, durability);
        Committed(sequence, [Until(keyspace, key, value, until)]);
    }

    public void Delete()
    {
        LiveKeyspace keyspace = run.AnyKeyspace();
        byte[] key = run.Keys.Next();
        Durability? durability = run.AnyDurability();
        run.Note($"delete {keyspace.Model.Name} {Bytes.Show(key)} {durability}");
        bool throughStore = keyspace.Model == run.Model.Default && run.Random.Next(2) == 0;
        long sequence = throughStore
            ? run.Store.Delete(key, durability)
            : keyspace.Handle.Delete(key, durability);
        Committed(sequence, [new ModelWrite(keyspace.Model, key, null)]);
    }

    public void DeleteRange()
    {
        LiveKeyspace keyspace = run.AnyKeyspace();
        (byte[] from, byte[] to) = NextRange();
        Durability? durability = run.AnyDurability();
        run.Note($"delete range {keyspace.Model.Name} {Bytes.Show(from)} to {Bytes.Show(to)}");
        bool throughStore = keyspace.Model == run.Model.Default && run.Random.Next(2) == 0;
        long sequence = throughStore
            ? run.Store.DeleteRange(from, to, durability)
            : keyspace.Handle.DeleteRange(from, to, durability);
        bool isEmpty = to.Length > 0 && from.AsSpan().SequenceEqual(to);
        Committed(
            sequence, isEmpty ? [] : [new ModelWrite(keyspace.Model, from, null, to)]);
    }

    public void Batch()
    {
        using var batch = new WriteBatch();
        ModelWrite[] writes = Fill(batch);
        Durability? durability = run.AnyDurability();
        run.Note($"batch of {writes.Length} {durability}");
        long sequence = run.Store.Write(batch, durability);
        Expect.Equal(writes.Length, batch.Count, "a written batch keeps its content");
        Committed(sequence, writes);
    }

    public void AsyncBatches()
    {
        int count = 1 + run.Random.Next(InFlightMax);
        var batches = new WriteBatch[count];
        var writes = new ModelWrite[count][];
        var commits = new Task<long>[count];
        run.Note($"{count} batches at once by WriteAsync");
        for (int i = 0; i < count; i++)
        {
            batches[i] = new WriteBatch();
            writes[i] = Fill(batches[i]);
            commits[i] = run.Store.WriteAsync(batches[i], run.AnyDurability()).AsTask();
        }
        for (int i = 0; i < count; i++)
        {
            Committed(commits[i].GetAwaiter().GetResult(), writes[i]);
            batches[i].Dispose();
        }
    }

    public void FlushLog()
    {
        bool toDisk = run.Random.Next(3) == 0;
        run.Note($"flush log, to disk {toDisk}");
        run.Store.FlushLog(toDisk);
    }

    private ModelWrite[] Fill(WriteBatch batch)
    {
        var writes = new ModelWrite[run.Random.Next(BatchEntriesMax)];
        for (int i = 0; i < writes.Length; i++)
        {
            LiveKeyspace keyspace = run.AnyKeyspace();
            byte[] key = run.Keys.Next();
            if (run.Random.Next(40) == 0)
            {
                (byte[] from, byte[] to) = NextRange();
                // An empty one is left out of a batch, and would not count.
                if (from.AsSpan().SequenceEqual(to))
                    to = to.Length < 65_535 ? [.. to, 0] : [];
                batch.DeleteRange(keyspace.Handle, from, to);
                writes[i] = new ModelWrite(keyspace.Model, from, null, to);
                continue;
            }
            if (run.Random.Next(6) == 0)
            {
                byte[] expiring = run.Values.Next();
                DateTimeOffset until = NextExpiry();
                batch.PutWithExpiry(keyspace.Handle, key, expiring, until);
                writes[i] = Until(keyspace, key, expiring, until);
                continue;
            }
            byte[]? value = run.Random.Next(4) == 0 ? null : run.Values.Next();
            Add(batch, keyspace, key, value);
            writes[i] = value is null
                ? new ModelWrite(keyspace.Model, key, null) : Lasting(keyspace, key, value);
        }
        return writes;
    }

    /// <summary>Mostly within the hour; sometimes over already, sometimes late.</summary>
    private DateTimeOffset NextExpiry() => run.Clock.GetUtcNow() + run.Random.Next(8) switch
    {
        0 => TimeSpan.FromMinutes(-run.Random.Next(2)),
        1 => TimeSpan.FromDays(1),
        _ => TimeSpan.FromSeconds(run.Random.Next(3600)),
    };

    // A put without a time of its own: that of its keyspace, from the commit on.
    private ModelWrite Lasting(LiveKeyspace keyspace, byte[] key, byte[] value) =>
        new(keyspace.Model, key, value)
        {
            OverAtMs = keyspace.TimeToLive is { } time
                ? run.NowMs + (long)Math.Ceiling(time.TotalMilliseconds) : long.MaxValue,
        };

    // What is over already is a delete, to the model too.
    private ModelWrite Until(
        LiveKeyspace keyspace, byte[] key, byte[] value, DateTimeOffset until)
    {
        long atMs = until.ToUnixTimeMilliseconds();
        return new ModelWrite(keyspace.Model, key, atMs <= run.NowMs ? null : value)
        {
            OverAtMs = atMs,
        };
    }

    /// <summary>Mostly a narrow range; sometimes one without end, or an empty one.</summary>
    private (byte[] From, byte[] To) NextRange()
    {
        byte[] from = run.Keys.Next();
        byte[] to = run.Random.Next(8) switch
        {
            0 => run.Keys.Next(),
            1 => run.Random.Next(10) == 0 ? [] : from,
            _ => [.. from[..^Math.Min(from.Length, 1 + run.Random.Next(3))], 0xFF],
        };
        return to.Length > 0 && from.AsSpan().SequenceCompareTo(to) > 0 ? (to, from) : (from, to);
    }

    private void Add(WriteBatch batch, LiveKeyspace keyspace, byte[] key, byte[]? value)
    {
        bool byDefault = keyspace.Model == run.Model.Default && run.Random.Next(2) == 0;
        if (value is null && byDefault)
            batch.Delete(key);
        else if (value is null)
            batch.Delete(keyspace.Handle, key);
        else if (byDefault)
            batch.Put(key, value);
        else
            batch.Put(keyspace.Handle, key, value);
    }

    private void Committed(long sequence, ModelWrite[] writes)
    {
        long last = run.Model.State.Sequence;
        if (writes.Length == 0)
        {
            // Nothing is logged, so the answer is the commit before; after an open, before the
            // first commit, the model does not know which number that is.
            Expect.True(sequence >= last, $"an empty batch returned {sequence} after {last}");
            return;
        }
        Expect.True(sequence > last, $"commit {sequence} does not follow {last}");
        run.Model.Commit(sequence, writes);
        foreach (LiveKeyspace keyspace in run.Keyspaces)
        {
            if (Array.Exists(writes, write => write.Keyspace == keyspace.Model))
                keyspace.Retention.Committed(sequence);
        }
    }
}
