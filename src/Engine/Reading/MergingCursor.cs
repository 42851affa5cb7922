// One ordered cursor over several runs: a binary heap of runs, ordered by the entry each stands
// on. An entry may stand in two runs, while a compaction commits part by part: the younger run's
// comes first. With one run there is no heap work.
//
// Turning back costs a seek in every run but the one that stands on the current entry: while
// the cursor moves forward, the others wait just beyond the current entry. Forward again is a seek
// of the caller's.
//
// Cost of a step: one step of the run on top and, with k runs, at most 2 log2 k comparisons of
// 8-byte heads; whole keys only when heads are equal. No allocation, no interface call.
// Threads: one at a time.

using System.Diagnostics;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Tables;

namespace LsmMmap.Engine.Reading;

internal sealed class MergingCursor : IDisposable
{
    private RunCursor[] _runs = [];
    private RunCursor[] _heap = [];
    private int _runCount;
    private int _heapCount;
    private bool _forward = true;

    public bool IsValid => _heapCount > 0;

    public ReadOnlySpan<byte> UserKey => _heap[0].UserKey;

    public ulong Tag => _heap[0].Tag;

    public ReadOnlySpan<byte> Value => _heap[0].Value;

    /// <summary>Whether there is nothing to merge.</summary>
    public bool IsAlone => _runCount == 1;

    /// <summary>How many runs were added; the next one's age.</summary>
    public int RunCount => _runCount;

    /// <summary>The cursor of the run on top, if it stands in a block without versions: then no
    /// other entry of the current key can come after this one, and inside the block the cursor
    /// may be moved on, as long as it stays before <paramref name="second"/>, or without limit
    /// when that is null. Requires: valid; moving forward, or alone.</summary>
    public TableCursor? PlainTable(out RunCursor? second)
    {
        Debug.Assert(IsValid, "only a cursor that stands has a run on top");
        Debug.Assert(_forward || IsAlone, "backward the others wait on the other side");
        second = null;
        if (_heap[0].PlainTable is not { } table)
            return null;
        if (_heapCount > 1)
            second = _heapCount == 2 || IsBefore(_heap[1], _heap[2]) ? _heap[1] : _heap[2];
        return table;
    }

    /// <summary>Restores the order after the run on top was moved on from outside.</summary>
    public void Settle() => SiftDown(0);

    /// <summary>Whether no other entry of the current key can come before this one, either.
    /// </summary>
    public bool IsOnlyVersionBackward => IsAlone && _heap[0].IsPlainBackward;

    /// <summary>A run to fill in: the next of the kept ones, or a new one.</summary>
    public RunCursor AddRun()
    {
        if (_runCount == _runs.Length)
        {
            int count = Math.Max(4, _runs.Length * 2);
            Array.Resize(ref _runs, count);
            for (int i = _runCount; i < count; i++)
                _runs[i] = new RunCursor();
            _heap = new RunCursor[count];
        }
        _heapCount = 0;
        _runs[_runCount].Age = _runCount;
        return _runs[_runCount++];
    }

    /// <summary>Forgets all runs but keeps their buffers.</summary>
    public void Clear()
    {
        for (int i = 0; i < _runCount; i++)
            _runs[i].Clear();
        _runCount = 0;
        _heapCount = 0;
    }

    public void SeekToFirst()
    {
        for (int i = 0; i < _runCount; i++)
            _runs[i].SeekToFirst();
        Build(forward: true);
    }

    public void SeekToLast()
    {
        for (int i = 0; i < _runCount; i++)
            _runs[i].SeekToLast();
        Build(forward: false);
    }

    /// <summary>To the first entry at or after (key, tag).</summary>
    public void Seek(ReadOnlySpan<byte> key, ulong tag)
    {
        for (int i = 0; i < _runCount; i++)
            _runs[i].Seek(key, tag);
        Build(forward: true);
    }

    /// <summary>To the last entry at or before (key, tag).</summary>
    public void SeekForPrevious(ReadOnlySpan<byte> key, ulong tag)
    {
        for (int i = 0; i < _runCount; i++)
            _runs[i].SeekForPrevious(key, tag);
        Build(forward: false);
    }

    /// <summary>Moving forward, takes the runs from an age on to the first entry at or after a
    /// key; RangeTombstones.End is behind every key. False, and nothing done, when the run on top
    /// is younger.</summary>
    public bool TrySkipTo(byte[] key, int age)
    {
        if (_heap[0].Age < age)
            return false;
        for (int i = age; i < _runCount; i++)
        {
            RunCursor run = _runs[i];
            if (!run.IsValid || run.UserKey.SequenceCompareTo(key) >= 0)
                continue;
            if (key.Length > InternalKey.UserKeyBytesMax)
                run.Leave();
            else
                run.Seek(key, KeySeparator.TagMax - 1);
        }
        Build(forward: true);
        return true;
    }

    /// <summary>Moving backward, takes the runs from an age on before a key, likewise.</summary>
    public bool TrySkipBefore(byte[] key, int age)
    {
        if (_heap[0].Age < age)
            return false;
        for (int i = age; i < _runCount; i++)
        {
            RunCursor run = _runs[i];
            if (run.IsValid && run.UserKey.SequenceCompareTo(key) >= 0)
                run.SeekForPrevious(key, ulong.MaxValue);
        }
        Build(forward: false);
        return true;
    }

    public void Next()
    {
        Debug.Assert(IsValid, "only a cursor that stands can move");
        Debug.Assert(_forward || IsAlone, "forward again begins with a seek, or there is one run");
        _forward = true;
        RunCursor top = _heap[0];
        if (!top.Next())
            RemoveTop();
        if (_heapCount > 1)
            SiftDown(0);
    }

    public void Previous()
    {
        Debug.Assert(IsValid, "only a cursor that stands can move");
        if (_forward)
            TurnBack();
        RunCursor top = _heap[0];
        if (!top.Previous())
            RemoveTop();
        if (_heapCount > 1)
            SiftDown(0);
    }

    public void Dispose()
    {
        foreach (RunCursor run in _runs)
            run.Dispose();
    }

    /// <summary>Puts every other run just before the current entry.</summary>
    private void TurnBack()
    {
        RunCursor current = _heap[0];
        // The current run does not move here, so its key may be borrowed through the loop.
        ReadOnlySpan<byte> key = current.UserKey;
        ulong tag = current.Tag;
        for (int i = 0; i < _runCount; i++)
        {
            RunCursor run = _runs[i];
            if (ReferenceEquals(run, current))
                continue;
            run.SeekForPrevious(key, tag);
            bool isSame = run.IsValid && run.Tag == tag && run.UserKey.SequenceEqual(key);
            if (isSame && run.Age > current.Age)
                run.Previous();
        }
        Build(forward: false);
        Debug.Assert(ReferenceEquals(_heap[0], current), "the current entry stays on top");
    }

    private void Build(bool forward)
    {
        Debug.Assert(_runCount <= _heap.Length, "the heap has room for every run");
        _forward = forward;
        _heapCount = 0;
        for (int i = 0; i < _runCount; i++)
        {
            if (_runs[i].IsValid)
                _heap[_heapCount++] = _runs[i];
        }
        for (int i = _heapCount / 2 - 1; i >= 0; i--)
            SiftDown(i);
    }

    private void RemoveTop()
    {
        Debug.Assert(_heapCount > 0, "only a run that is there is removed");
        _heap[0] = _heap[--_heapCount];
        _heap[_heapCount] = null!;
    }

    private void SiftDown(int at)
    {
        Debug.Assert(at < _heapCount, "only what is in the heap moves");
        RunCursor[] heap = _heap;
        int count = _heapCount;
        RunCursor moving = heap[at];
        while (true)
        {
            int child = 2 * at + 1;
            if (child >= count)
                break;
            if (child + 1 < count && IsBefore(heap[child + 1], heap[child]))
                child++;
            if (!IsBefore(heap[child], moving))
                break;
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = moving;
    }

    private bool IsBefore(RunCursor left, RunCursor right)
    {
        ulong leftHead = left.Head;
        ulong rightHead = right.Head;
        if (leftHead != rightHead)
            return leftHead < rightHead == _forward;
        int order = InternalKey.Compare(left.UserKey, left.Tag, right.UserKey, right.Tag);
        if (order == 0)
            order = left.Age - right.Age;
        return order < 0 == _forward;
    }
}
