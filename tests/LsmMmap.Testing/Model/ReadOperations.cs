// Point reads and enumerations of the model run, through every view there is: the store, a
// keyspace, a snapshot, one keyspace of a snapshot.

using System.Buffers;

namespace LsmMmap.Testing.Model;

internal sealed class ReadOperations(RunState run)
{
    private const int SnapshotsMax = 4;

    public void Get()
    {
        using Seen seen = AnyView();
        (IReadView view, ModelView model, string name) = seen;
        byte[] key = run.Keys.Next();
        run.Note($"get {name} {Bytes.Show(key)}");
        CheckKey(view, key, model.Get(key));
    }

    /// <summary>As <see cref="Get"/>, through the members that wait for nobody.</summary>
    public void GetAsync()
    {
        using Seen seen = AnyView();
        (IReadView view, ModelView model, string name) = seen;
        byte[] key = run.Keys.Next();
        run.Note($"get-async {name} {Bytes.Show(key)}");
        byte[]? expected = model.Get(key);
        byte[]? value = view.GetAsync(key).AsTask().GetAwaiter().GetResult();
        Expect.Equal(expected is not null, value is not null, "GetAsync finds the key");
        Expect.SameBytes(expected, value, "GetAsync");
        var written = new ArrayBufferWriter<byte>();
        bool found = view.TryGetAsync(key, written).AsTask().GetAwaiter().GetResult();
        Expect.Equal(expected is not null, found, "TryGetAsync finds the key");
        Expect.SameBytes(expected, written.WrittenSpan, "TryGetAsync");
    }

    /// <summary>Up to a hundred keys at once, some of them twice.</summary>
    public void MultiGet()
    {
        using Seen seen = AnyView();
        (IReadView view, ModelView model, string name) = seen;
        int count = run.Random.Next(100);
        run.Note($"multi-get {count} keys of {name}");
        using var batch = new ReadBatch();
        var keys = new List<byte[]>();
        for (int i = 0; i < count; i++)
        {
            keys.Add(i > 0 && run.Random.Next(20) == 0 ? keys[^1] : run.Keys.Next());
            Expect.Equal(i, batch.Add(keys[i]), "index of an added key");
        }
        using ReadResults results = view.MultiGet(batch);
        for (int i = 0; i < count; i++)
        {
            byte[]? expected = model.Get(keys[i]);
            Expect.Equal(expected is not null, results.Found(i), $"MultiGet finds key {i}");
            Expect.SameBytes(expected, results[i], $"MultiGet of {Bytes.Show(keys[i])}");
        }
    }

    public void CreateSnapshot()
    {
        if (run.Snapshots.Count == SnapshotsMax)
        {
            DropSnapshot();
            return;
        }
        run.Note("create snapshot");
        Snapshot snapshot = run.Store.CreateSnapshot();
        long last = run.Model.State.Sequence;
        Expect.True(
            snapshot.Sequence >= last, $"snapshot at {snapshot.Sequence}, last commit {last}");
        foreach (LiveKeyspace keyspace in run.Keyspaces)
        {
            // What it sees is held from now on, but some may have gone before.
            if (keyspace.Retention.HadLimits)
                run.Learn(keyspace, snapshot.Of(keyspace.Handle));
        }
        run.Snapshots.Add(new LiveSnapshot(snapshot) { State = run.Model.State });
    }

    public void DropSnapshot()
    {
        if (run.Snapshots.Count == 0)
            return;
        int index = run.Random.Next(run.Snapshots.Count);
        LiveSnapshot snapshot = run.Snapshots[index];
        run.Note($"drop snapshot {snapshot.State.Sequence}");
        run.Snapshots.RemoveAt(index);
        snapshot.IsGone = true;
        snapshot.Handle.Dispose();
    }

    public void Range()
    {
        using Seen seen = AnyView();
        (IReadView view, ModelView model, string name) = seen;
        byte[] from = run.Keys.NextBound();
        byte[] to = run.Random.Next(4) == 0 ? [] : run.Keys.NextBound();
        bool reversed = run.Random.Next(2) == 0;
        run.Note($"range {name} {Bytes.Show(from)} to {Bytes.Show(to)}, reversed {reversed}");
        RangeEnumerable range = view.Range(from, to);
        ModelCheck.SameEntries(
            reversed ? range.Reversed() : range, model.Between(from, to), reversed);
    }

    public void Prefix()
    {
        using Seen seen = AnyView();
        (IReadView view, ModelView model, string name) = seen;
        byte[] prefix = run.Keys.NextPrefix();
        bool reversed = run.Random.Next(2) == 0;
        run.Note($"prefix {name} {Bytes.Show(prefix)}, reversed {reversed}");
        RangeEnumerable range = view.Prefix(prefix);
        ModelCheck.SameEntries(
            reversed ? range.Reversed() : range, model.StartingWith(prefix), reversed);
    }

    /// <summary>Every keyspace and every snapshot, in full.</summary>
    public void CompareAll()
    {
        run.Note("compare all");
        foreach (LiveKeyspace keyspace in run.Keyspaces)
        {
            using IDisposable? hold = run.Hold(keyspace);
            ModelCheck.Same(keyspace.Handle, run.Model.Of(keyspace.Model));
        }
        foreach (LiveSnapshot snapshot in run.Snapshots)
            ModelCheck.Same(snapshot.Handle, snapshot.State.Of(run.Model.Default));
    }

    private static void CheckKey(IReadView view, byte[] key, byte[]? expected)
    {
        bool exists = expected is not null;
        Expect.Equal(exists, view.ContainsKey(key), "ContainsKey");
        byte[]? copy = view.Get(key);
        Expect.Equal(exists, copy is not null, "Get finds");
        Expect.SameBytes(expected, copy, "Get");

        var writer = new ArrayBufferWriter<byte>();
        Expect.Equal(exists, view.TryGet(key, writer), "TryGet(IBufferWriter) finds");
        Expect.SameBytes(expected, writer.WrittenSpan, "TryGet(IBufferWriter)");

        byte[] target = new byte[expected?.Length ?? 0];
        Expect.Equal(exists, view.TryGet(key, target, out int length), "TryGet(Span) finds");
        if (exists)
            Expect.Equal(target.Length, length, "TryGet(Span) length");
        Expect.SameBytes(expected, target, "TryGet(Span)");

        Expect.Equal(exists, view.TryGetPinned(key, out PinnedValue tried), "TryGetPinned finds");
        using (tried)
            Expect.SameBytes(expected, tried.Span, "TryGetPinned");
        using PinnedValue pinned = view.GetPinned(key);
        Expect.Equal(exists, pinned.Found, "GetPinned finds");
        Expect.SameBytes(expected, pinned.Span, "GetPinned");
    }

    private Seen AnyView()
    {
        LiveKeyspace keyspace = run.AnyKeyspace();
        if (run.Snapshots.Count == 0 || run.Random.Next(3) != 0)
        {
            bool throughStore = keyspace.Model == run.Model.Default && run.Random.Next(2) == 0;
            IReadView view = throughStore ? run.Store : keyspace.Handle;
            IDisposable? hold = run.Hold(keyspace);
            return new Seen(view, run.Model.Of(keyspace.Model), keyspace.Model.Name, hold);
        }
        LiveSnapshot snapshot = run.Snapshots[run.Random.Next(run.Snapshots.Count)];
        string name = $"{keyspace.Model.Name} at {snapshot.State.Sequence}";
        bool whole = keyspace.Model == run.Model.Default && run.Random.Next(2) == 0;
        IReadView past = whole ? snapshot.Handle : snapshot.Handle.Of(keyspace.Handle);
        return new Seen(past, snapshot.State.Of(keyspace.Model), name, Hold: null);
    }

    /// <summary>A view beside what it should show, for as long as that is held.</summary>
    private readonly record struct Seen(
        IReadView View, ModelView Model, string Name, IDisposable? Hold) : IDisposable
    {
        public void Deconstruct(out IReadView view, out ModelView model, out string name) =>
            (view, model, name) = (View, Model, Name);

        public void Dispose() => Hold?.Dispose();
    }
}
