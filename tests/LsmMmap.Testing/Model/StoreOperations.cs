// Operations of the model run on the store as a whole: keyspaces made and dropped, flush,
// compaction, verification, a clean reopen under other options, a read-only reader beside the
// writer, and the image that a killed process would leave.

namespace LsmMmap.Testing.Model;

internal sealed class StoreOperations(RunState run)
{
    private const int KeyspacesMax = 4;

    private int _images;

    public void Flush()
    {
        run.Note("flush");
        run.Store.Flush();
    }

    public void FlushKeyspace()
    {
        LiveKeyspace keyspace = run.AnyKeyspace();
        run.Note($"flush {keyspace.Model.Name}");
        keyspace.Handle.Flush();
    }

    public void Compact()
    {
        run.Note("compact");
        run.Store.Compact();
    }

    public void CompactKeyspace()
    {
        LiveKeyspace keyspace = run.AnyKeyspace();
        byte[] from = run.Random.Next(3) == 0 ? [] : run.Keys.NextBound();
        byte[] to = run.Random.Next(3) == 0 ? [] : run.Keys.NextBound();
        run.Note($"compact {keyspace.Model.Name} {Bytes.Show(from)} to {Bytes.Show(to)}");
        keyspace.Handle.Compact(from, to);
    }

    public void WaitForIdle()
    {
        run.Note("wait for idle");
        run.Store.WaitForIdle();
    }

    public void GetKeyspace()
    {
        string name = $"space {run.Random.Next(KeyspacesMax)}";
        KeyspaceOptions? options = run.Random.Next(2) == 0 ? null : run.Options.NextKeyspace();
        run.Note($"get keyspace {name}, {OptionShapes.Describe(options)}");
        Keyspace handle = run.Store.GetKeyspace(name, options);
        Expect.Equal(name, handle.Name, "Name");
        ModelKeyspace model = run.Model.GetKeyspace(name);
        LiveKeyspace? known = run.Keyspaces.Find(known => known.Model == model);
        if (known == null)
        {
            run.Keyspaces.Add(
                run.Made(model, handle, options ?? run.StoreOptions.DefaultKeyspace));
        }
        else
        {
            run.Keyspaces.Remove(known);
            run.Keyspaces.Add(options == null
                ? known with { Handle = handle } : run.Tuned(known, handle, options));
        }
        CheckNames(run.Store);
    }

    public void DropKeyspace()
    {
        LiveKeyspace keyspace = run.AnyKeyspace();
        if (keyspace.Model == run.Model.Default)
            return;
        run.Note($"drop keyspace {keyspace.Model.Name}");
        run.Store.DropKeyspace(keyspace.Model.Name);
        run.Model.DropKeyspace(keyspace.Model.Name);
        run.Keyspaces.Remove(keyspace);
        Expect.Throws<ObjectDisposedException>(
            () => keyspace.Handle.ContainsKey([]), "a dropped keyspace's handle");
        CheckNames(run.Store);
    }

    /// <summary>Snapshots go with the time, cursors stay where they were.</summary>
    public void TimePasses()
    {
        TimeSpan by = NextStep();
        run.Note($"{by} pass");
        run.Clock.Advance(by);
        run.Model.AdvanceTo(run.NowMs);
        foreach (LiveSnapshot snapshot in run.Snapshots)
            snapshot.State = snapshot.State.At(run.NowMs);
        foreach (LiveCursor cursor in run.Cursors)
            cursor.SnapshotView = cursor.SnapshotView?.At(run.NowMs);
    }

    /// <summary>Minutes, or to where an entry is over, or just not to there.</summary>
    private TimeSpan NextStep()
    {
        if (run.Random.Next(2) == 0)
            return TimeSpan.FromMinutes(run.Random.Next(4) == 0 ? 40 : run.Random.Next(5));
        long overAtMs = run.Model.Of(run.AnyKeyspace().Model).FirstOverAtMs;
        if (overAtMs - run.NowMs > TimeSpan.MillisecondsPerDay)
            return TimeSpan.Zero;
        return TimeSpan.FromMilliseconds(overAtMs - run.NowMs - run.Random.Next(2));
    }

    public void Verify()
    {
        run.Note("verify");
        VerifyReport report = run.Store.Verify();
        string first = report.Damages.Count == 0 ? "" : report.Damages[0].ToString();
        Expect.Equal(0, report.DamageCount, $"damages {first}");
    }

    public void Statistics()
    {
        run.Note("statistics");
        StoreStatistics now = run.Store.GetStatistics();
        long smallest = new[]
        {
            now.BytesWrittenByUser, now.BytesWrittenToLog, now.BytesWrittenToTables,
            now.TableBytes, now.TableCount, now.StallCount, now.StallTime.Ticks,
            now.Recovery.CommitsReplayed, now.Recovery.LogBytesDropped,
        }.Min();
        Expect.True(smallest >= 0, $"a statistic is {smallest}");
        Expect.Equal(now.TableCount == 0, now.TableBytes == 0, "no tables means no bytes");
    }

    /// <summary>A clean end and a new beginning, half the time under other options.</summary>
    public void Reopen()
    {
        if (run.Random.Next(2) == 0)
            run.StoreOptions = run.NextOptions();
        run.Note($"reopen with {OptionShapes.Describe(run.StoreOptions)}");
        run.Store.Dispose();
        foreach (LiveCursor cursor in run.Cursors)
            cursor.StoreIsGone = true;
        foreach (LiveSnapshot snapshot in run.Snapshots)
        {
            snapshot.IsGone = true;
            Expect.Throws<ObjectDisposedException>(
                () => snapshot.Handle.ContainsKey([]), "a snapshot after the store's end");
            snapshot.Handle.Dispose();
        }
        run.Snapshots.Clear();
        run.Store = LsmStore.Open(run.Directory, run.StoreOptions);
        RecoveryReport recovery = run.Store.GetStatistics().Recovery;
        Expect.True(recovery.CleanlyClosed, "CleanlyClosed after Dispose");
        Expect.Equal(0, recovery.LogBytesDropped, "LogBytesDropped after Dispose");
        CheckNames(run.Store);
        RenewKeyspaces();
    }

    /// <summary>A reader beside the writer sees what was handed to the system.</summary>
    public void OpenReadOnly()
    {
        run.Note("open read-only beside the store");
        run.Store.FlushLog(toDisk: false);
        // A drop is shown before the MANIFEST says it.
        if (run.Keyspaces.Exists(static keyspace => keyspace.Retention.HadLimits))
            run.Store.WaitForIdle();
        using LsmStore reader = LsmStore.OpenReadOnly(run.Directory, run.StoreOptions);
        CheckContent(reader);
    }

    /// <summary>What the kill of the process would leave, opened elsewhere.</summary>
    public void OpenImage()
    {
        run.Note("open the image of a killed process");
        run.Store.WaitForIdle();
        run.Store.FlushLog(toDisk: false);
        string image = $"{run.Directory}-image-{++_images}";
        StoreFiles.Copy(run.Directory, image);
        using (LsmStore copy = LsmStore.Open(image, run.StoreOptions))
        {
            Expect.True(
                !copy.GetStatistics().Recovery.CleanlyClosed, "CleanlyClosed after a kill");
            // It drops tables of its own, and may not between two looks.
            copy.WaitForIdle();
            CheckContent(copy);
        }
        Directory.Delete(image, recursive: true);
    }

    private void RenewKeyspaces()
    {
        for (int i = 0; i < run.Keyspaces.Count; i++)
        {
            LiveKeyspace keyspace = run.Keyspaces[i];
            run.Keyspaces[i] = keyspace.Model == run.Model.Default
                ? run.Tuned(keyspace, run.Store.Default, run.StoreOptions.DefaultKeyspace)
                : keyspace with { Handle = run.Store.GetKeyspace(keyspace.Model.Name) };
        }
    }

    private void CheckContent(LsmStore other)
    {
        CheckNames(other);
        foreach (LiveKeyspace keyspace in run.Keyspaces)
        {
            Keyspace twin = other.GetKeyspace(keyspace.Model.Name);
            ModelView expected = run.Model.Of(keyspace.Model);
            if (keyspace.Retention.HadLimits)
                expected = keyspace.Retention.Left(twin, expected, run.NowMs, isCopy: true);
            ModelCheck.Same(twin, expected);
        }
    }

    private void CheckNames(LsmStore store)
    {
        string expected = string.Join(", ", run.Model.Names.Order(StringComparer.Ordinal));
        string actual = string.Join(", ", store.KeyspaceNames.Order(StringComparer.Ordinal));
        Expect.Equal(expected, actual, "KeyspaceNames");
    }
}
