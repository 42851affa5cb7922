// Everything that a reader of any keyspace needs, in one immutable object: pinning it pins all of
// it, and a batch over several keyspaces is seen whole because there is no second pointer to
// read. Replaced whenever a memtable is frozen, a table set changes, or a keyspace comes or goes.
//
// A call pins it in a reader slot; cursors hold a counted reference.

using LsmMmap.Engine.Lifetimes;

namespace LsmMmap.Engine.Reading;

internal sealed class ReadState : Reclaimable
{
    private readonly TreeView?[] _views;

    /// <summary>Adopts the array and the reference that the caller holds on each view.</summary>
    public ReadState(TreeView?[] views) => _views = views;

    /// <summary>The view of a keyspace; null when it is not (or no longer) in the store.
    /// </summary>
    public TreeView? View(int slot, int keyspaceId) =>
        (uint)slot < (uint)_views.Length && _views[slot] is { } view
            && view.KeyspaceId == keyspaceId ? view : null;

    /// <summary>All views; null where a keyspace was dropped.</summary>
    public ReadOnlySpan<TreeView?> Views => _views;

    protected internal override void Reclaim()
    {
        foreach (TreeView? view in _views)
            view?.Release();
    }
}
