// Recovers a disk image and judges what comes back: the state after one step within the bounds,
// read alike by cursors and by gets, with nothing damaged and no file left over. Then the store
// must still work, and come back once more.
// Threads: one.

using LsmMmap.Testing;
using LsmMmap.Testing.Crash;

namespace LsmMmap.Crash.Tests;

/// <summary>A violation of what the store promises, found in a recovered image.</summary>
internal sealed class CrashFinding(string message, Exception? inner = null)
    : Exception(message, inner);

internal sealed class CrashCheck(StateHistory history, string root)
{
    private static int s_lastNumber;

    /// <summary>Recovers the image in a directory of its own. Returns the step that was found.
    /// Whoever wants to cut the recovery too gives the model of the disk and takes the
    /// recorder.</summary>
    public int Recover(
        DiskImage image, DiskModel start, Guid bootId, int from, int to, bool twice,
        Action<RecordingFileSystem>? onRecorded = null)
    {
        string directory = Path.Combine(
            root, "state" + Interlocked.Increment(ref s_lastNumber));
        image.WriteTo(directory);
        using var recorder = new RecordingFileSystem(bootId, start);
        try
        {
            int step;
            using (LsmStore store = Open(directory, recorder))
            {
                step = Judge(store, directory, from, to);
                onRecorded?.Invoke(recorder);
                if (twice)
                    store.Put("once more"u8, "value"u8, Durability.Synced);
            }
            if (twice)
                Reopen(directory, recorder, step);
            return step;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>What an open store holds, against the steps that may be there.</summary>
    public int Judge(LsmStore store, string directory, int from, int to)
    {
        store.WaitForIdle();
        StoreContent content = StoreContent.Of(store);
        int step = history.Find(content, from, to);
        if (step < 0)
            throw new CrashFinding(history.Explain(content, from, to));
        CheckPointReads(store, content);
        CheckBackward(store, content);
        VerifyReport report = store.Verify();
        if (report.DamageCount > 0)
            throw new CrashFinding("Verify: " + report.Damages[0].Message);
        CheckFiles(store, directory);
        return step;
    }

    private static LsmStore Open(string directory, RecordingFileSystem recorder)
    {
        try
        {
            return LsmStore.Open(directory, WorkloadRun.Options, recorder);
        }
        catch (LsmException e)
        {
            throw new CrashFinding("open: " + e.Message, e);
        }
    }

    private void Reopen(string directory, RecordingFileSystem recorder, int step)
    {
        using LsmStore store = Open(directory, recorder);
        if (store.Get("once more"u8) == null)
            throw new CrashFinding("what was written after the recovery is lost");
        store.Delete("once more"u8, Durability.Synced);
        if (!store.GetStatistics().Recovery.CleanlyClosed)
            throw new CrashFinding("the close after the recovery was not clean");
        Judge(store, directory, step, step);
    }

    private static void CheckPointReads(LsmStore store, StoreContent content)
    {
        foreach ((string name, var entries) in content.Keyspaces)
        {
            Keyspace keyspace = store.GetKeyspace(name);
            foreach ((byte[] key, byte[] value) in entries)
            {
                if (keyspace.Get(key) is not { } found || !found.AsSpan().SequenceEqual(value))
                    throw new CrashFinding($"{name}: get and cursor differ at {Bytes.Show(key)}");
            }
            if (keyspace.ContainsKey("no such key"u8))
                throw new CrashFinding($"{name} has a key that nobody wrote");
        }
    }

    private static void CheckBackward(LsmStore store, StoreContent content)
    {
        foreach ((string name, var entries) in content.Keyspaces)
        {
            var keys = new Stack<byte[]>(entries.Keys);
            foreach (KeyValueView entry in store.GetKeyspace(name).Range([], []).Reversed())
            {
                if (!keys.TryPop(out byte[]? key) || !entry.Key.SequenceEqual(key))
                    throw new CrashFinding($"{name}: backward and forward differ");
            }
            if (keys.Count > 0)
                throw new CrashFinding($"{name}: backward is shorter than forward");
        }
    }

    private static void CheckFiles(LsmStore store, string directory)
    {
        // A finished compaction lets go of its inputs a moment after it counts as done.
        int expected = store.GetStatistics().TableCount;
        Eventually.True(
            () => StoreFiles.Tables(directory).Length == expected,
            $"{expected} tables and no other table file");
        if (StoreFiles.Logs(directory).Length != 1 || StoreFiles.Manifests(directory).Length != 1)
            throw new CrashFinding("logs or manifests are left over: " + string.Join(
                ", ", StoreFiles.All(directory).Select(Path.GetFileName)));
        if (StoreFiles.All(directory).Any(static f => f.EndsWith(".tmp", StringComparison.Ordinal)))
            throw new CrashFinding("a temporary file is left over");
    }
}
