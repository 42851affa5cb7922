// Recovers a disk image and judges what comes back: the state after one step within the bounds,
// read alike by cursors in both directions and by gets, with nothing damaged and no file that
// nothing names. Then, when asked, the store is written to and closed, and must come back once
// more.
// Threads: one.

using LsmMmap.Engine.Files;
using LsmMmap.Engine.Versions;
using LsmMmap.Testing;
using LsmMmap.Testing.Crash;

namespace LsmMmap.Crash.Tests;

/// <summary>A violation of what the store promises, found in a recovered image.</summary>
internal sealed class CrashFinding(string message, Exception? inner = null)
    : Exception(message, inner);

/// <summary>The step that was found, and the record of the recovery with the write and the close
/// behind it. The history goes on from that step by one for the write.</summary>
internal sealed record CrashRecovery(
    int Step, DiskModel Start, DiskOperation[] Operations, StateHistory History);

internal sealed class CrashCheck(StateHistory history, string root, StoreOptions options)
{
    private static int s_lastNumber;

    private static ReadOnlySpan<byte> OnceMore => "once more"u8;

    /// <summary>Recovers the image in a directory of its own.</summary>
    public CrashRecovery Recover(
        DiskImage image, DiskModel start, Guid bootId, int from, int to, bool twice = true)
    {
        string directory = Path.Combine(
            root, "state" + Interlocked.Increment(ref s_lastNumber));
        image.WriteTo(directory);
        using var recorder = new RecordingFileSystem(bootId, start);
        try
        {
            int step;
            StateHistory branch = history;
            using (LsmStore store = Open(directory, recorder))
            {
                step = Judge(store, directory, history, from, to);
                if (twice)
                    PutOnceMore(store, recorder, branch = history.Branch(step));
            }
            DiskOperation[] operations = recorder.Operations();
            if (twice)
                Reopen(directory, recorder, branch);
            return new CrashRecovery(step, start, operations, branch);
        }
        finally
        {
            if (Directory.Exists(directory))
                Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>What an open store holds, against the steps that may be there.</summary>
    public static int Judge(
        LsmStore store, string directory, StateHistory history, int from, int to)
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
        CheckFiles(directory);
        return step;
    }

    /// <summary>Gets agree with the cursor that read the content.</summary>
    public static void CheckPointReads(LsmStore store, StoreContent content)
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

    private LsmStore Open(string directory, RecordingFileSystem recorder)
    {
        try
        {
            return LsmStore.Open(directory, options, recorder);
        }
        catch (LsmException e)
        {
            throw new CrashFinding("open: " + e.Message, e);
        }
    }

    private static void PutOnceMore(
        LsmStore store, RecordingFileSystem recorder, StateHistory branch)
    {
        int step = branch.Add(static content =>
            content.Keyspaces["default"][OnceMore.ToArray()] = [1]);
        recorder.Started(step);
        store.Put(OnceMore, [1], Durability.Synced);
        recorder.Acknowledged(step, Durability.Synced);
    }

    private void Reopen(string directory, RecordingFileSystem recorder, StateHistory branch)
    {
        using LsmStore store = Open(directory, recorder);
        if (!store.GetStatistics().Recovery.CleanlyClosed)
            throw new CrashFinding("the close after the recovery was not clean");
        Judge(store, directory, branch, branch.LastStep, branch.LastStep);
    }

    private static void CheckBackward(LsmStore store, StoreContent content)
    {
        foreach ((string name, var entries) in content.Keyspaces)
        {
            var left = new Stack<KeyValuePair<byte[], byte[]>>(entries);
            foreach (KeyValueView entry in store.GetKeyspace(name).Range([], []).Reversed())
            {
                if (!left.TryPop(out var expected) || !entry.Key.SequenceEqual(expected.Key)
                    || !entry.Value.SequenceEqual(expected.Value))
                    throw new CrashFinding($"{name}: backward and forward differ");
            }
            if (left.Count > 0)
                throw new CrashFinding($"{name}: backward is shorter than forward");
        }
    }

    /// <summary>Nothing is in the directory but what the manifest names, and all of that.
    /// </summary>
    private static void CheckFiles(string directory)
    {
        var named = new HashSet<string> { "CURRENT", "LOCK", "LOCK.owner" };
        long number = ManifestReader.ReadCurrent(LocalFileSystem.Instance, directory);
        named.Add(FileNames.ManifestName(number));
        ManifestContents contents = ManifestReader.Read(
            LocalFileSystem.Instance, directory, number, out _);
        named.Add(Path.GetFileName(FileNames.Log(directory, contents.Numbers.OldestLog)));
        foreach (KeyspaceContents keyspace in contents.Keyspaces.Values)
        {
            foreach (long table in keyspace.Tables.Keys)
                named.Add(Path.GetFileName(FileNames.Table(directory, table)));
        }
        // A finished compaction lets go of its inputs a moment after it counts as done.
        string[] found = [];
        try
        {
            Eventually.True(
                () => named.SetEquals(found = [.. StoreFiles.All(directory).Select(
                    static path => Path.GetFileName(path))]),
                "the directory holds what the manifest names and nothing else");
        }
        catch (TimeoutException e)
        {
            throw new CrashFinding(
                $"the directory holds {string.Join(", ", found)}; the manifest names " +
                string.Join(", ", named.Order()), e);
        }
    }
}
