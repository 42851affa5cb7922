// Merges tables of one keyspace, of which nobody knows how they stood to each other, into one run
// for the last level: of each key the version with the largest sequence, tombstones too, since a
// log or a table that turns up may hold what they hide.
//
// Of two entries with the same sequence the one in the younger file counts. Above zero they are
// one entry in two tables; at zero, where a compaction has dropped the sequences, the younger file
// was made from the older one or in its place. A version above zero in an older file against one
// at zero in a younger file is undecidable: the older file may be a flush that the compaction left
// alone, or its input. The sequence decides, and the key is counted as doubtful.
// Threads: one.

using System.Diagnostics;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Tables;
using TableOutput = LsmMmap.Engine.Compaction.TableOutput;

namespace LsmMmap.Engine.Recovery;

internal sealed class TableMerge(
    StoreServices services, KeyspaceRecord keyspace, KeyspaceOptions options)
{
    private const int EntriesBetweenLooks = 4096;
    private const int LastLevel = TreeVersion.LevelCount - 1;

    private readonly List<TableInfo> _made = [];
    private byte[] _key = new byte[256];
    private int _keyBytes = -1;
    private ulong _winner;
    private long _winnerNumber;
    private bool _isDoubted;

    public long DoubtfulKeys { get; private set; }

    /// <summary>The tables made, in key order; their names are durable after the caller's next
    /// sync of the directory. Without writing it only counts.</summary>
    public List<TableInfo> Run(
        IReadOnlyList<FoundTable> tables, bool write, CancellationToken cancellationToken)
    {
        var open = new List<IDisposable>();
        TableOutput? output = null;
        try
        {
            using var merged = new MergedTables(tables.Select(table => Open(table, open)));
            for (long i = 1; merged.MoveNext(); i++)
            {
                if (i % EntriesBetweenLooks == 0)
                    cancellationToken.ThrowIfCancellationRequested();
                if (IsOlderVersion(merged) || !write)
                    continue;
                if (output != null && output.EstimatedBytes >= options.TableBytes)
                    Finish(ref output);
                output ??= new TableOutput(
                    services, keyspace.Id, keyspace.Name, options, LastLevel);
                output.Add(merged.UserKey, merged.Tag, merged.Value);
            }
            if (output != null)
                Finish(ref output);
            return _made;
        }
        finally
        {
            output?.Dispose();
            open.ForEach(static one => one.Dispose());
        }
    }

    private RankedTable Open(FoundTable table, List<IDisposable> open)
    {
        Debug.Assert(table.Info != null, "only sound tables are merged");
        TableFile file = services.Files.OpenTable(
            Path.Combine(services.Directory, table.Name), table.Info.FileBytes, map: false);
        open.Add(file);
        TableReader reader = TableReader.Open(
            file, table.Info.TableId, BlockReadMode.Copy, null, null);
        return new RankedTable(reader, table.Info, -table.Number);
    }

    private bool IsOlderVersion(MergedTables merged)
    {
        ReadOnlySpan<byte> key = merged.UserKey;
        long number = merged.Table.Info.Number;
        if (_keyBytes == key.Length && key.SequenceEqual(_key.AsSpan(0, _keyBytes)))
        {
            bool isDoubtful = EntryTag.Sequence(merged.Tag) == 0 && _winner > 0
                && number > _winnerNumber && !_isDoubted;
            _isDoubted |= isDoubtful;
            DoubtfulKeys += isDoubtful ? 1 : 0;
            return true;
        }
        if (key.Length > _key.Length)
            _key = new byte[Math.Max(key.Length, 2 * _key.Length)];
        key.CopyTo(_key);
        _keyBytes = key.Length;
        (_winner, _winnerNumber) = (EntryTag.Sequence(merged.Tag), number);
        _isDoubted = false;
        return false;
    }

    private void Finish(ref TableOutput? output)
    {
        using TableOutput finished = output!;
        output = null;
        _made.Add(finished.Finish());
        Debug.Assert(
            _made.Count < 2 || _made[^2].LargestKey.AsSpan()
                .SequenceCompareTo(_made[^1].SmallestKey) < 0,
            "the tables of a run share no key");
    }
}
