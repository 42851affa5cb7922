// How the trees came to be what they are, as the edits of a MANIFEST tell it: a point after each
// edit that changed the tables of a keyspace. A MANIFEST begins with all that there is when the
// store is opened, or when the one before has grown too long, so the history begins there.
// Only tables are counted: what the logs take comes on top.
// Threads: one.

using System.Diagnostics;

namespace LsmMmap.Engine.Versions;

/// <param name="FlushedBytes">Bytes of the tables that flushes wrote since the beginning.</param>
/// <param name="WrittenBytes">Bytes of all tables written since, those of flushes among them.
/// </param>
/// <param name="TableBytes">Bytes of the tables there are.</param>
/// <param name="DeepestBytes">Bytes of the deepest level that holds any; 0 when that is level 0.
/// </param>
/// <param name="RunCount">Sorted runs, which a get may have to ask.</param>
/// <param name="NewestMs">When the newest entry was flushed, in milliseconds of Unix time; 0 when
/// nobody noted it.</param>
internal readonly record struct TreePoint(
    long FlushedBytes, long WrittenBytes, long TableBytes, long DeepestBytes, int RunCount,
    long NewestMs)
{
    /// <summary>Bytes written to tables for each byte that was flushed; 0 before the first.
    /// </summary>
    public double WriteAmplification =>
        FlushedBytes == 0 ? 0 : (double)WrittenBytes / FlushedBytes;

    /// <summary>Bytes of all tables for each of the deepest level; 0 without one.</summary>
    public double SpaceAmplification =>
        DeepestBytes == 0 ? 0 : (double)TableBytes / DeepestBytes;
}

internal sealed class TreeHistory
{
    private readonly Dictionary<int, Tree> _trees = [];
    private bool _isBegun;

    /// <summary>The history of each keyspace there is, by its name; oldest point first.</summary>
    public Dictionary<string, IReadOnlyList<TreePoint>> ByName() => _trees.Values.ToDictionary(
        static tree => tree.Name, static tree => (IReadOnlyList<TreePoint>)tree.Points,
        StringComparer.Ordinal);

    /// <summary>Adds the next edit. Requires: it fits those before (ManifestReader checks it).
    /// </summary>
    public void Add(VersionEdit edit)
    {
        foreach (KeyspaceRecord record in edit.Keyspaces)
        {
            if (record.Dropped)
                _trees.Remove(record.Id);
            else
                _trees.TryAdd(record.Id, new Tree(record.Name));
        }
        foreach ((int id, Tree tree) in _trees)
            tree.Add(id, edit, isFirst: !_isBegun);
        _isBegun = true;
    }

    private sealed class Tree(string name)
    {
        private readonly Dictionary<long, (int Level, TableInfo Info)> _tables = [];
        private long _flushedBytes;
        private long _writtenBytes;
        private long _newestMs;

        public string Name { get; } = name;

        public List<TreePoint> Points { get; } = [];

        public void Add(int id, VersionEdit edit, bool isFirst)
        {
            HashSet<long> removed = [.. edit.Removed
                .Where(table => table.KeyspaceId == id).Select(static table => table.Number)];
            (int Level, TableInfo Info)[] added = [.. edit.Added
                .Where(table => table.KeyspaceId == id)
                .Select(static table => (table.Level, table.Table))];
            if (removed.Count + added.Length == 0 && Points.Count > 0)
                return;
            foreach (long number in removed)
            {
                bool wasThere = _tables.Remove(number);
                Debug.Assert(wasThere, "only tables that there are can be removed");
            }
            foreach ((int level, TableInfo info) in added)
            {
                _tables.Add(info.Number, (level, info));
                _newestMs = Math.Max(_newestMs, info.WrittenAtMs);
                // The first edit repeats what there was; a move names a table again.
                if (isFirst || removed.Contains(info.Number))
                    continue;
                _writtenBytes += info.FileBytes;
                _flushedBytes += removed.Count == 0 ? info.FileBytes : 0;
            }
            Points.Add(PointNow());
        }

        private TreePoint PointNow()
        {
            long bytes = 0;
            int deepest = 0;
            var levelBytes = new long[TreeVersion.LevelCount];
            int runs = 0;
            foreach ((int level, TableInfo info) in _tables.Values)
            {
                bytes += info.FileBytes;
                runs += level == 0 || levelBytes[level] == 0 ? 1 : 0;
                levelBytes[level] += info.FileBytes;
                deepest = Math.Max(deepest, level);
            }
            Debug.Assert(_writtenBytes >= _flushedBytes, "what is flushed is written");
            return new TreePoint(
                _flushedBytes, _writtenBytes, bytes, deepest == 0 ? 0 : levelBytes[deepest], runs,
                _newestMs);
        }
    }
}
