// Everything a model run holds: the store beside its model, the handles that are open on both,
// and the last operations for the failure message. One thread.

namespace LsmMmap.Testing.Model;

internal sealed record LiveKeyspace(ModelKeyspace Model, Keyspace Handle)
{
    public required ModelRetention Retention { get; init; }

    /// <summary>How long a put without a time of its own is there; null for ever.</summary>
    public TimeSpan? TimeToLive { get; init; }
}

internal sealed record LiveSnapshot(Snapshot Handle)
{
    /// <summary>What it sees now: time goes on in it.</summary>
    public required ModelState State { get; set; }

    public bool IsGone { get; set; }
}

/// <summary>A cursor of the store beside one of the model.</summary>
internal sealed record LiveCursor(
    Cursor Handle, ModelCursor Model, LiveKeyspace Keyspace, string Name)
{
    public LiveSnapshot? Snapshot { get; init; }

    /// <summary>Of a cursor over a snapshot: what it sees of it after a refresh.</summary>
    public ModelView? SnapshotView { get; set; }

    public bool StoreIsGone { get; set; }
}

internal sealed class RunState : IDisposable
{
    private const int RecentMax = 20;

    private readonly Queue<string> _recent = new();

    public RunState(int seed, string directory)
    {
        Random = new Random(seed);
        Directory = directory;
        Keys = new KeyShapes(Random);
        Values = new ValueShapes(Random);
        Options = new OptionShapes(Random);
        StoreOptions = NextOptions();
        Store = LsmStore.Open(directory, StoreOptions);
        Model.AdvanceTo(NowMs);
        Keyspaces = [Made(Model.Default, Store.Default, StoreOptions.DefaultKeyspace)];
    }

    public Random Random { get; }

    public ManualTimeProvider Clock { get; } = new();

    public long NowMs => Clock.GetUtcNow().ToUnixTimeMilliseconds();

    public string Directory { get; }

    public KeyShapes Keys { get; }

    public ValueShapes Values { get; }

    public OptionShapes Options { get; }

    public StoreOptions StoreOptions { get; set; }

    public LsmStore Store { get; set; }

    public ModelStore Model { get; } = new();

    public List<LiveKeyspace> Keyspaces { get; }

    public List<LiveSnapshot> Snapshots { get; } = [];

    public List<LiveCursor> Cursors { get; } = [];

    public IEnumerable<string> Recent => _recent;

    /// <summary>Says what is about to be done, before it is done.</summary>
    public void Note(string operation)
    {
        if (_recent.Count == RecentMax)
            _recent.Dequeue();
        _recent.Enqueue(operation);
    }

    public StoreOptions NextOptions()
    {
        StoreOptions options = Options.NextStore();
        options.TimeProvider = Clock;
        return options;
    }

    public LiveKeyspace Made(ModelKeyspace model, Keyspace handle, KeyspaceOptions options) =>
        Tuned(
            new LiveKeyspace(model, handle) { Retention = new ModelRetention() },
            handle, options);

    /// <summary>The keyspace from when these options count.</summary>
    public LiveKeyspace Tuned(
        LiveKeyspace keyspace, Keyspace handle, KeyspaceOptions options)
    {
        keyspace.Retention.SetLimits(options.Retention, NowMs);
        return keyspace with { Handle = handle, TimeToLive = options.TimeToLive };
    }

    /// <summary>Before what a keyspace shows now is compared: where it may drop tables, the model
    /// learns what is left, and a snapshot holds that until the answer is disposed.</summary>
    public IDisposable? Hold(LiveKeyspace keyspace)
    {
        if (!keyspace.Retention.HadLimits)
            return null;
        // First without the snapshot: a drop may begin at any time.
        if (Random.Next(2) == 0)
            Learn(keyspace, keyspace.Handle);
        Snapshot hold = Store.CreateSnapshot();
        Learn(keyspace, hold.Of(keyspace.Handle));
        return hold;
    }

    /// <summary>The model learns what is left in a view of now.</summary>
    public void Learn(LiveKeyspace keyspace, IReadView view) => Model.Keep(
        keyspace.Model,
        keyspace.Retention.Left(view, Model.Of(keyspace.Model), NowMs));

    public LiveKeyspace AnyKeyspace() => Keyspaces[Random.Next(Keyspaces.Count)];

    /// <summary>A level, or null for the store's default.</summary>
    public Durability? AnyDurability() =>
        Random.Next(3) == 0 ? null : Options.NextDurability();

    public void Dispose()
    {
        foreach (LiveCursor cursor in Cursors)
            cursor.Handle.Dispose();
        foreach (LiveSnapshot snapshot in Snapshots)
            snapshot.Handle.Dispose();
        Store.Dispose();
    }
}
