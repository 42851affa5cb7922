// Which operation comes next: a weighted draw. Reads and writes make nine tenths; what makes
// files (flush, compact, reopen) is rare, because the small memtables cause it anyway.

namespace LsmMmap.Testing.Model;

internal sealed class OperationGenerator
{
    private readonly List<(int Limit, Action Run)> _table = [];
    private readonly Random _random;
    private int _total;

    public OperationGenerator(RunState run)
    {
        _random = run.Random;
        AddWrites(new WriteOperations(run));
        AddReads(new ReadOperations(run));
        AddCursors(new CursorOperations(run));
        AddStore(new StoreOperations(run));
    }

    public void RunNext()
    {
        int draw = _random.Next(_total);
        foreach ((int limit, Action run) in _table)
        {
            if (draw < limit)
            {
                run();
                return;
            }
        }
    }

    private void AddWrites(WriteOperations writes)
    {
        Add(2_800, writes.Put);
        // Some runs live in what expires.
        Add(_random.Next(3) == 0 ? 2_000 : 200, writes.PutWithExpiry);
        Add(1_000, writes.Delete);
        // Some runs live in ranges: what skips over them has to turn round between them too.
        Add(_random.Next(4) == 0 ? 900 : 60, writes.DeleteRange);
        Add(400, writes.Batch);
        Add(60, writes.AsyncBatches);
        Add(60, writes.FlushLog);
    }

    private void AddReads(ReadOperations reads)
    {
        Add(2_400, reads.Get);
        Add(150, reads.MultiGet);
        Add(300, reads.GetAsync);
        Add(120, reads.CreateSnapshot);
        Add(80, reads.DropSnapshot);
        Add(250, reads.Range);
        Add(250, reads.Prefix);
        Add(10, reads.CompareAll);
    }

    private void AddCursors(CursorOperations cursors)
    {
        Add(250, cursors.Create);
        Add(1_500, cursors.Move);
        Add(200, cursors.Refresh);
        Add(100, cursors.Drop);
    }

    private void AddStore(StoreOperations store)
    {
        Add(40, store.Flush);
        Add(40, store.FlushKeyspace);
        Add(15, store.Compact);
        Add(40, store.CompactKeyspace);
        Add(15, store.WaitForIdle);
        Add(60, store.TimePasses);
        Add(50, store.GetKeyspace);
        Add(20, store.DropKeyspace);
        Add(8, store.Verify);
        Add(40, store.Statistics);
        Add(20, store.Reopen);
        Add(8, store.OpenReadOnly);
        Add(8, store.OpenImage);
    }

    private void Add(int weight, Action run)
    {
        _total += weight;
        _table.Add((_total, run));
    }
}
