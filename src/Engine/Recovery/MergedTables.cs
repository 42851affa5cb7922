// The entries of any number of tables in one order: user key, then newest version first, then by
// the rank that the caller gave each table. For verification and repair, where nothing may be
// assumed of how the tables relate: they may overlap in any way and hold the same entry twice.
//
// Reads by large positioned reads. A table is only opened to be read when the walk has come to
// its smallest key and let go of behind its largest, so tables that do not overlap cost one
// window together.
// Threads: one. Key and value are lent until the next move.

using System.Diagnostics;
using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Tables;

namespace LsmMmap.Engine.Recovery;

/// <summary>A table to be merged. A lower rank comes first among equal entries.</summary>
internal sealed record RankedTable(TableReader Reader, TableInfo Info, long Rank);

internal sealed class MergedTables : IDisposable
{
    private readonly PriorityQueue<Source, Source> _waiting;
    private Source? _current;

    public MergedTables(IEnumerable<RankedTable> tables)
    {
        _waiting = new PriorityQueue<Source, Source>(Comparer<Source>.Create(Source.Compare));
        foreach (RankedTable table in tables)
        {
            var source = new Source(table);
            _waiting.Enqueue(source, source);
        }
    }

    /// <summary>The table of the entry.</summary>
    public RankedTable Table => _current!.Table;

    public ReadOnlySpan<byte> UserKey => _current!.Cursor!.UserKey;

    public ulong Tag => _current!.Cursor!.Tag;

    public ReadOnlySpan<byte> Value => _current!.Cursor!.Value;

    /// <summary>Where in its table the entry's block lies.</summary>
    public long BlockOffset => _current!.Cursor!.BlockOffset;

    public bool MoveNext()
    {
        if (_current is { } last)
        {
            _current = null;
            Enqueue(last, last.Cursor!.Next());
        }
        while (_waiting.TryDequeue(out Source? next, out _))
        {
            if (next.Cursor != null)
            {
                Debug.Assert(next.Cursor.IsValid, "what waits stands at an entry");
                _current = next;
                return true;
            }
            next.Cursor = new TableCursor();
            next.Cursor.Reset(next.Table.Reader, sequentialRead: true);
            Enqueue(next, next.Cursor.SeekToFirst());
        }
        return false;
    }

    public void Dispose()
    {
        _current?.Cursor?.Dispose();
        while (_waiting.TryDequeue(out Source? source, out _))
            source.Cursor?.Dispose();
    }

    private void Enqueue(Source source, bool isThere)
    {
        if (isThere)
            _waiting.Enqueue(source, source);
        else
            source.Cursor!.Dispose();
    }

    private sealed class Source(RankedTable table)
    {
        public RankedTable Table { get; } = table;

        /// <summary>Null until the walk has come to the table.</summary>
        public TableCursor? Cursor { get; set; }

        public static int Compare(Source left, Source right)
        {
            int order = left.Key.SequenceCompareTo(right.Key);
            if (order == 0)
                order = right.Tag.CompareTo(left.Tag);
            return order != 0 ? order : left.Table.Rank.CompareTo(right.Table.Rank);
        }

        private ReadOnlySpan<byte> Key => Cursor != null
            ? Cursor.UserKey : Table.Info.SmallestKey;

        /// <summary>Before it is opened a table stands before every version of its smallest key.
        /// </summary>
        private ulong Tag => Cursor?.Tag ?? ulong.MaxValue;
    }
}
