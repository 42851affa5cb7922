// The roof's other half: keyspaces, snapshots, flush, compaction, verification, statistics.

using System.Diagnostics;
using System.Text;
using LsmMmap.Engine.Compaction;
using LsmMmap.Engine.Lifetimes;
using LsmMmap.Engine.Recovery;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Versions;
using LsmMmap.Engine.Writing;

namespace LsmMmap;

public sealed partial class LsmStore
{
    /// <summary>What metrics, events and traces call it: the <see cref="StoreOptions.Name"/> of its
    /// options, or else the name of its directory; behind it "#2", "#3" where an open store of the
    /// process had that name already.</summary>
    public string Name => _telemetry.Name;

    /// <summary>The names of all keyspaces, in ordinal order.</summary>
    public IReadOnlyList<string> KeyspaceNames
    {
        get
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            using (_store.State.Gate.Hold())
                return [.. _store.State.Trees.Select(static tree => tree.Name)
                    .Order(StringComparer.Ordinal)];
        }
    }

    /// <summary>Opens a keyspace; makes it when it is missing. It is durable when this
    /// returns.</summary>
    /// <param name="name">1 to 255 UTF-8 bytes without control characters.</param>
    /// <param name="options">For an existing one: apply from now on, null keeps the stored
    /// ones. A new one without takes <see cref="StoreOptions.DefaultKeyspace"/>.</param>
    /// <exception cref="ArgumentException">The name or an option is not allowed.</exception>
    /// <exception cref="KeyNotFoundException">It is missing and the store is read-only.
    /// </exception>
    public Keyspace GetKeyspace(string name, KeyspaceOptions? options = null)
    {
        CheckName(name);
        KeyspaceOptions? validated = options?.Validated();
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        using (_store.State.Gate.Hold())
        {
            if (_store.State.Find(name) is { } tree && (validated == null || IsReadOnly))
                return HandleOf(tree);
        }
        if (IsReadOnly)
            throw new KeyNotFoundException($"there is no keyspace \"{name}\"");
        Keyspace? opened = null;
        Call(() => _store.Queue!.RunAlone(
            () => opened = HandleOf(KeyspaceChanges.Open(_store, name, validated))));
        Debug.Assert(opened != null, "a keyspace is opened or an exception says why");
        return opened!;
    }

    /// <summary>Removes a keyspace and everything in it. Durable when this returns.</summary>
    /// <exception cref="KeyNotFoundException">There is none of this name.</exception>
    /// <exception cref="InvalidOperationException">It is the default keyspace.</exception>
    public void DropKeyspace(string name)
    {
        CheckName(name);
        ThrowIfNotWritable();
        if (name == Default.Name)
            throw new InvalidOperationException("the default keyspace cannot be dropped");
        Call(() => _store.Queue!.RunAlone(() => KeyspaceChanges.Drop(_store, name)));
    }

    /// <summary>Holds the store as it is now.</summary>
    public Snapshot CreateSnapshot()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        using (_store.State.Gate.Hold())
        {
            // Sequence and entry in one hold of the lock under which a compaction copies the
            // list: it either sees the snapshot or began before the sequence was published.
            ulong sequence = Published.Sequence;
            long madeAt = _telemetry.Now;
            _store.State.Snapshots.Add(sequence, madeAt);
            return new Snapshot(this, sequence, madeAt);
        }
    }

    /// <summary>Makes every earlier commit Flushed, or Synced when
    /// <paramref name="toDisk"/>.</summary>
    /// <exception cref="StoreFailedException">A write or sync failed, now or earlier.
    /// </exception>
    public void FlushLog(bool toDisk = true)
    {
        ThrowIfNotWritable();
        Call(() =>
        {
            _store.State.ThrowIfNotWritable();
            _store.Queue!.HandOver();
            if (toDisk)
                _store.Queue.Sync(_store.Queue.Log.HandedOver);
        });
    }

    /// <summary>Writes the memtables of all keyspaces to tables and waits for it.</summary>
    /// <exception cref="LsmException">The disk is full (see the inner exception), or the store
    /// has failed.</exception>
    public void Flush(CancellationToken cancellationToken = default)
    {
        ThrowIfNotWritable();
        Call(() => _store.Flush(null, cancellationToken));
    }

    /// <summary>Brings everything into the last level, without tombstones and versions that no
    /// snapshot or cursor needs.</summary>
    public void Compact(CancellationToken cancellationToken = default)
    {
        ThrowIfNotWritable();
        Call(() =>
        {
            _store.Flush(null, cancellationToken);
            KeyspaceTree[] trees;
            using (_store.State.Gate.Hold())
                trees = [.. _store.State.Trees];
            foreach (KeyspaceTree tree in trees)
                _store.Background!.CompactRange(tree, default, default, cancellationToken);
        });
    }

    /// <summary>Waits until no flush, compaction or drop runs or is due.</summary>
    /// <exception cref="LsmException">What is due waits for space on the disk.</exception>
    public void WaitForIdle(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (IsReadOnly)
            return;
        Call(() =>
        {
            using (_store.State.Gate.Hold())
                _store.State.WaitFor(IsIdleOrClosing, cancellationToken);
        });
        Reclaimer.WaitUntilIdle();
    }

    private bool IsIdleOrClosing()
    {
        if (_store.State.IsClosing || _store.Background!.IsIdle)
            return true;
        _store.State.ThrowIfCompactionPaused();
        return false;
    }

    /// <summary>The last 256 events of background work, oldest first: flushes, compactions and
    /// why, drops, stalls, pauses, failures.</summary>
    /// <param name="after">Only events with a larger <see cref="StoreEvent.Number"/>.</param>
    public IReadOnlyList<StoreEvent> GetEvents(long after = 0)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _store.State.Events.After(after);
    }

    /// <summary>Counters and sizes as of now.</summary>
    public StoreStatistics GetStatistics()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        StoreCounters counters = Services.Counters;
        var tables = new int[TreeVersion.LevelCount];
        var bytes = new long[TreeVersion.LevelCount];
        int snapshots;
        long ranges;
        StallReason stall;
        using (_store.State.Gate.Hold())
        {
            stall = WritePressure.Of(
                _store.State, 0,
                static tree => CompactionPicker.Pressure(tree.Version, tree.Options)).Reason;
            snapshots = _store.State.Snapshots.Count;
            ranges = _store.State.Trees.Sum(static tree => tree.Version.RangeDeleteCount);
            foreach (KeyspaceTree tree in _store.State.Trees)
            {
                for (int level = 0; level < TreeVersion.LevelCount; level++)
                {
                    tables[level] += tree.Version.Tables(level).Length;
                    bytes[level] += tree.Version.LevelBytes(level);
                }
            }
        }
        return new StoreStatistics
        {
            BytesWrittenByUser = counters.UserBytes,
            BytesWrittenToLog = counters.LogBytes,
            BytesWrittenToTables = counters.TableBytes,
            TableBytes = bytes.Sum(),
            TableCount = tables.Sum(),
            TablesPerLevel = tables,
            BytesPerLevel = bytes,
            RangeTombstoneCount = ranges,
            StallCount = counters.StallCount,
            StallTime = counters.StallTime,
            StallReason = stall,
            StallTimes = counters.StallTimes(),
            Failure = _store.State.Failure,
            PauseReason = (_store.State.PauseCause ?? _store.State.CompactionPause)?.Message,
            BytesDroppedByRetention = counters.DroppedBytes,
            EntriesExpired = counters.ExpiredCount,
            EventCallbackFailures = counters.EventCallbackFailures,
            MemtableBytes = Services.Memory.Bytes,
            FlushCount = counters.FlushCount,
            CompactionCount = counters.CompactionCount,
            TrivialMoveCount = counters.TrivialMoveCount,
            LastSequence = (long)Published.Sequence,
            LiveSnapshots = snapshots,
            UndisposedCount = counters.UndisposedCount,
            PinnedCopyCount = ReaderSlots.CopyCount,
            ScrubbedBytes = counters.ScrubbedBytes,
            ScrubPasses = counters.ScrubPasses,
            ScrubDamages = counters.ScrubDamages,
            LastScrubDamage = counters.LastScrubDamage,
            ReadMode = Services.Tables.Mode,
            Recovery = _store.Report,
        };
    }

    /// <summary>Bytes of the tables that the operating system's page cache holds now, in whole
    /// pages, of tables that were read since the store was opened; -1 where the system does not
    /// tell (Linux does since 6.5). Not part of <see cref="GetStatistics"/>, because the kernel
    /// walks the pages: some 10 ms for each GiB that is resident.</summary>
    public long CountResidentTableBytes()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        var tables = new List<Table>();
        using (_store.State.Gate.Hold())
        {
            foreach (KeyspaceTree tree in _store.State.Trees)
            {
                for (int level = 0; level < TreeVersion.LevelCount; level++)
                    tables.AddRange(tree.Version.Tables(level));
            }
        }
        long sum = 0;
        foreach (Table table in tables)
        {
            // A table that was reclaimed since counts nothing.
            long bytes = table.ResidentBytes();
            if (bytes < 0)
                return -1;
            sum += bytes;
        }
        return sum;
    }

    /// <summary>Reads every byte of every live file again and reports each damage. Blocks that
    /// verify are not read through the mapping, so nothing is evicted.</summary>
    public VerifyReport Verify(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        VerifyReport? report = null;
        Call(() => report = new StoreVerifier(_store).Run(cancellationToken));
        return report!;
    }

    /// <summary>What compaction sees in each keyspace, in ordinal order of the names; for
    /// tools.</summary>
    internal IReadOnlyList<TreeExplanation> Explain()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        var trees = new List<(string Name, KeyspaceOptions Options, TreeVersion Version)>();
        long nowMs = Services.NowMs;
        using (_store.State.Gate.Hold())
        {
            foreach (KeyspaceTree tree in _store.State.Trees)
            {
                tree.Version.AddReference();
                trees.Add((tree.Name, tree.Options, tree.Version));
            }
        }
        try
        {
            return [.. trees.OrderBy(static tree => tree.Name, StringComparer.Ordinal).Select(
                tree => TreeExplanation.Of(tree.Name, tree.Version, tree.Options, nowMs))];
        }
        finally
        {
            trees.ForEach(static tree => tree.Version.Release());
        }
    }

    internal void FlushTree(KeyspaceTree tree, CancellationToken cancellationToken)
    {
        ThrowIfNotWritable();
        ObjectDisposedException.ThrowIf(tree.IsDropped, typeof(Keyspace));
        Call(() => _store.Flush(tree, cancellationToken));
    }

    internal void CompactTree(
        KeyspaceTree tree, ReadOnlySpan<byte> from, ReadOnlySpan<byte> to,
        CancellationToken cancellationToken)
    {
        ThrowIfNotWritable();
        ObjectDisposedException.ThrowIf(tree.IsDropped, typeof(Keyspace));
        _store.Enter();
        try
        {
            _store.Flush(tree, cancellationToken);
            _store.Background!.CompactRange(tree, from, to, cancellationToken);
            ObjectDisposedException.ThrowIf(tree.IsDropped, typeof(Keyspace));
        }
        catch (StoreFailedException)
        {
            _store.State.FailureTold();
            throw;
        }
        finally
        {
            _store.Exit();
        }
    }

    internal void ReleaseSnapshot(ulong sequence, long madeAt)
    {
        using (_store.State.Gate.Hold())
        {
            _store.State.Snapshots.Remove(sequence, madeAt);
            _store.State.Gate.PulseAll();
        }
    }

    private void Call(Action action)
    {
        _store.Enter();
        try
        {
            action();
        }
        catch (StoreFailedException)
        {
            _store.State.FailureTold();
            throw;
        }
        finally
        {
            _store.Exit();
        }
    }

    private void ThrowIfNotWritable()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (IsReadOnly)
            throw ReadOnlyStore();
    }

    private Keyspace HandleOf(KeyspaceTree tree)
    {
        using (_keyspacesGate.Hold())
        {
            AssertInvariants();
            if (!_keyspaces.TryGetValue(tree, out Keyspace? handle))
            {
                foreach (KeyspaceTree dropped in
                    _keyspaces.Keys.Where(static t => t.IsDropped).ToArray())
                    _keyspaces.Remove(dropped);
                _keyspaces.Add(tree, handle = new Keyspace(this, tree));
            }
            return handle;
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(_keyspacesGate.IsHeld, "handles are under their lock");
        Debug.Assert(_keyspaces.ContainsKey(Default.Tree), "the default keyspace has its handle");
    }

    private static void CheckName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!KeyspaceName.IsValid(name))
            throw new ArgumentException(
                $"a keyspace name has 1 to {KeyspaceName.BytesMax} UTF-8 bytes and no control " +
                $"characters; this one has {Encoding.UTF8.GetByteCount(name)} bytes",
                nameof(name));
    }
}
