// Making, retuning and dropping keyspaces: one MANIFEST edit each, with the write lead held, so
// that the change has an exact place in the order of commits. Before the edit everything logged
// so far is synced: a keyspace may not appear or vanish ahead of an earlier commit.
// Threads: the holder of the write lead.

using LsmMmap.Engine.Reading;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Recovery;

internal static class KeyspaceChanges
{
    /// <summary>The tree of a name, made when missing; options given apply from now on.
    /// </summary>
    public static KeyspaceTree Open(OpenStore store, string name, KeyspaceOptions? options)
    {
        StoreState state = store.State;
        state.ThrowIfNotWritable();
        KeyspaceTree? tree;
        int slot;
        using (state.Gate.Hold())
        {
            tree = state.Find(name);
            slot = state.NextSlot();
        }
        if (tree != null && options == null)
            return tree;
        store.Queue!.HandOverAlone();
        if (tree != null)
        {
            Commit(store, Record(tree, options!), () => tree.Options = options!);
            return tree;
        }
        KeyspaceOptions chosen = options ?? state.Services.Options.DefaultKeyspace;
        var record = new KeyspaceRecord(
            store.Committer!.TakeKeyspaceId(), name, chosen.ToStored(), false, 0);
        var made = new KeyspaceTree(
            state, record, chosen, slot, new LiveMemTable(record.Id, state.Services.Memory),
            TreeVersion.Empty());
        Commit(store, record, () => state.Add(made));
        return made;
    }

    public static void Drop(OpenStore store, string name)
    {
        StoreState state = store.State;
        state.ThrowIfNotWritable();
        KeyspaceTree tree;
        using (state.Gate.Hold())
            tree = state.Find(name)
                ?? throw new KeyNotFoundException($"there is no keyspace \"{name}\"");
        store.Queue!.HandOverAlone();
        Commit(store, Record(tree, tree.Options) with { Dropped = true }, () =>
        {
            foreach (Table table in tree.Version.AllTables())
                table.MarkObsolete();
            state.Remove(tree);
        });
    }

    private static KeyspaceRecord Record(KeyspaceTree tree, KeyspaceOptions options) =>
        new(tree.Id, tree.Name, options.ToStored(), false, tree.FlushedSequence);

    private static void Commit(OpenStore store, KeyspaceRecord record, Action install)
    {
        var edit = new VersionEdit();
        edit.Keyspaces.Add(record);
        store.Committer!.Commit(null, edit, install);
    }
}
