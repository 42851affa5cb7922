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
    private RangeTombstones _ranges = RangeTombstones.None;
    private byte[] _from = [];
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
            RankedTable[] ranked = [.. tables.Select(table => Open(table, open))];
            _ranges = RangeTombstones.NewestOf(ranked.SelectMany(
                static table => table.Reader.Ranges.Fragments.ToArray()));
            using var merged = new MergedTables(ranked);
            for (long i = 1; merged.MoveNext(); i++)
            {
                if (i % EntriesBetweenLooks == 0)
                    cancellationToken.ThrowIfCancellationRequested();
                if (IsOlderVersion(merged) || IsHidden(merged, ranked) || !write)
                    continue;
                if (output != null && output.EstimatedBytes >= options.TableBytes)
                    Finish(ref output, merged.UserKey.ToArray());
                output ??= NewOutput();
                output.Add(merged.UserKey, merged.Tag, merged.Value);
                _ranges.Note(merged.UserKey, EntryTag.Sequence(merged.Tag));
            }
            if (write && !_ranges.Clip(_from, RangeTombstones.End).IsEmpty)
                output ??= NewOutput();
            if (output != null)
                Finish(ref output, RangeTombstones.End);
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

    private TableOutput NewOutput() =>
        new(services, keyspace.Id, keyspace.Name, options, LastLevel);

    /// <summary>Whether a range tombstone hides the entry. Of an entry at zero in a younger file
    /// than the tombstone's nobody knows which is newer: the key is doubtful too.</summary>
    private bool IsHidden(MergedTables merged, RankedTable[] tables)
    {
        ulong sequence = EntryTag.Sequence(merged.Tag);
        if (_ranges.IsEmpty || _ranges.Covering(merged.UserKey, ulong.MaxValue) <= sequence)
            return false;
        bool isDoubtful = sequence == 0;
        foreach (RankedTable table in tables)
        {
            if (isDoubtful && table.Info.Number > merged.Table.Info.Number
                && table.Reader.Ranges.Covering(merged.UserKey, ulong.MaxValue) > 0)
                isDoubtful = false;
        }
        DoubtfulKeys += isDoubtful ? 1 : 0;
        return true;
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

    private void Finish(ref TableOutput? output, byte[] to)
    {
        using TableOutput finished = output!;
        output = null;
        _made.Add(finished.Finish(_ranges.Clip(_from, to)));
        _from = to;
        Debug.Assert(
            _made.Count < 2 || _made[^2].Keys.EndsBefore(_made[^1].SmallestKey),
            "the tables of a run share no key");
    }
}
