// Steps and seeks of the user's view over several runs: the deepest level with 300,000 entries,
// two tables of level 0 and the memtable, each of which overwrites a tenth of them.

using BenchmarkDotNet.Attributes;
using LsmMmap.Bench.Support;

namespace LsmMmap.Bench;

public class VisibleCursorBench : CursorSteps
{
    private const ulong OverwriteStep = 10;

    [GlobalSetup]
    public void Setup()
    {
        FillStore();
        for (ulong run = 0; run < 2; run++)
        {
            _store.Fill(run, EntryCount, OverwriteStep);
            _store.Flush();
        }
        _store.Fill(2, EntryCount, OverwriteStep);
        _cursor.Reset(_store.HoldView(out ulong sequence), sequence);
    }
}
