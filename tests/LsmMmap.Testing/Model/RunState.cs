// Everything a model run holds: the store beside its model, the handles that are open on both,
// and the last operations for the failure message. One thread.

namespace LsmMmap.Testing.Model;

internal sealed record LiveKeyspace(ModelKeyspace Model, Keyspace Handle);

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
        Keyspaces = [new LiveKeyspace(Model.Default, Store.Default)];
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
