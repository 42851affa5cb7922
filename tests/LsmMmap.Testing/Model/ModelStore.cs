// What a store should hold: keyspaces of sorted entries, one sequence over all of them, and, when
// asked for, the state after every commit. A keyspace is known by its number, because a name may
// be dropped and made again and is then another keyspace.
// Thread rule: one thread.

using System.Collections.Immutable;

namespace LsmMmap.Testing.Model;

public sealed record ModelKeyspace(string Name, int Id);

/// <summary>A write of a batch; a null value is a delete, of a whole range where that has an end,
/// which is empty when there is none.</summary>
public readonly record struct ModelWrite(
    ModelKeyspace Keyspace, byte[] Key, byte[]? Value, byte[]? RangeEnd = null)
{
    /// <summary>From when on the value is absent, in milliseconds of Unix time.</summary>
    public long OverAtMs { get; init; } = long.MaxValue;
}

/// <summary>All keyspaces as of one commit.</summary>
public sealed record ModelState(long Sequence, ImmutableDictionary<int, ModelView> Views)
{
    /// <summary>Empty for a keyspace that this state does not know.</summary>
    public ModelView Of(ModelKeyspace keyspace) =>
        Views.GetValueOrDefault(keyspace.Id, ModelView.Empty);

    /// <summary>Without what is over at a time.</summary>
    public ModelState At(long nowMs) => this with
    {
        Views = Views.ToImmutableDictionary(
            static view => view.Key, view => view.Value.At(nowMs)),
    };
}

public sealed class ModelStore
{
    private readonly Dictionary<string, ModelKeyspace> _names = [];
    private readonly List<ModelState> _history = [];
    private readonly bool _keepsHistory;
    private int _nextId;
    private long _nowMs;

    public ModelStore(bool keepsHistory = false)
    {
        _keepsHistory = keepsHistory;
        State = new ModelState(0, ImmutableDictionary<int, ModelView>.Empty);
        Default = GetKeyspace("default");
        Remember();
    }

    public ModelKeyspace Default { get; }

    public ModelState State { get; private set; }

    /// <summary>The state after every commit, the empty one first; only when it is kept.</summary>
    public IReadOnlyList<ModelState> History => _history;

    public IReadOnlyCollection<string> Names => _names.Keys;

    public ModelKeyspace GetKeyspace(string name)
    {
        if (_names.TryGetValue(name, out ModelKeyspace? known))
            return known;
        var made = new ModelKeyspace(name, _nextId++);
        _names.Add(name, made);
        return made;
    }

    public bool IsLive(ModelKeyspace keyspace) =>
        _names.TryGetValue(keyspace.Name, out ModelKeyspace? live) && live.Id == keyspace.Id;

    public void DropKeyspace(string name)
    {
        ModelKeyspace keyspace = _names[name];
        _names.Remove(name);
        State = State with { Views = State.Views.Remove(keyspace.Id) };
    }

    /// <summary>Time has passed.</summary>
    public void AdvanceTo(long nowMs)
    {
        _nowMs = nowMs;
        State = State.At(nowMs);
    }

    /// <summary>A keyspace is found to hold less, because of its retention.</summary>
    public void Keep(ModelKeyspace keyspace, ModelView left) =>
        State = State with { Views = State.Views.SetItem(keyspace.Id, left) };

    public ModelView Of(ModelKeyspace keyspace) => State.Of(keyspace);

    public void Commit(long sequence, ModelWrite write) => Commit(sequence, [write]);

    public void Commit(long sequence, ReadOnlySpan<ModelWrite> writes)
    {
        ImmutableDictionary<int, ModelView> views = State.Views;
        foreach (ModelWrite write in writes)
        {
            int id = write.Keyspace.Id;
            ModelView before = views.GetValueOrDefault(id, ModelView.Empty);
            ModelView after = write.RangeEnd is { } end
                ? before.DeleteRange(write.Key, end)
                : write.Value is null
                ? before.Delete(write.Key)
                : before.Put(new ModelEntry(write.Key, write.Value, write.OverAtMs)
                {
                    Sequence = sequence,
                    WrittenAtMs = _nowMs,
                });
            views = views.SetItem(id, after);
        }
        State = new ModelState(sequence, views);
        Remember();
    }

    private void Remember()
    {
        if (_keepsHistory)
            _history.Add(State);
    }
}
