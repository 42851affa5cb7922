// What a public cursor is a shell over: the visible cursor with its buffers, and the read state
// that keeps everything under it alive. Pooled, because its buffers are what a cursor costs.
//
// A core that is in use is held by the pool as well, so that a forgotten cursor's buffers are not
// finalized under a span that somebody still reads.
// Threads: one at a time; the pool from any.

using System.Diagnostics;
using LsmMmap.Engine.Waiting;

namespace LsmMmap.Engine.Reading;

internal sealed class CursorCore
{
    private const int IdleMax = 64;

    private static readonly Gate s_lock = new(isOfProcess: true);
    private static readonly Stack<CursorCore> s_idle = [];
    private static readonly HashSet<CursorCore> s_inUse = [];

    private KeyspaceReader? _reader;
    private ReadState? _state;
    private LentBytes _lentKey;
    private LentBytes _lentValue;

    private CursorCore() { }

    public VisibleCursor Visible { get; } = new();

    /// <summary>The key to hand out. Requires: on an entry.</summary>
    public ReadOnlySpan<byte> Key => _lentKey.Lend(Visible.Key);

    /// <summary>The value to hand out. Requires: on an entry.</summary>
    public ReadOnlySpan<byte> Value => _lentValue.Lend(Visible.Value);

    /// <summary>A core over a keyspace as of now.</summary>
    public static CursorCore Rent(
        KeyspaceReader reader, ReadOnlySpan<byte> lower, ReadOnlySpan<byte> upper)
    {
        CursorCore? core;
        using (s_lock.Hold())
        {
            AssertInvariants();
            if (!s_idle.TryPop(out core))
                core = new CursorCore();
            s_inUse.Add(core);
        }
        Debug.Assert(core._state == null, "an idle core holds nothing");
        core.Visible.SetBounds(lower, upper);
        core._reader = reader;
        try
        {
            core.Show();
            return core;
        }
        catch
        {
            core.Return();
            throw;
        }
    }

    /// <summary>Cursors over a store that are in use.</summary>
    public static int CountOf(PublishedState store)
    {
        using (s_lock.Hold())
        {
            AssertInvariants();
            return s_inUse.Count(core => core._reader?.Reads(store) == true);
        }
    }

    /// <summary>Says that the cursor has moved, and hands the move's result on. What was lent
    /// ends here and not before, because a seek may be to what the cursor lent.</summary>
    public bool Moved(bool result)
    {
        EndLoans();
        return result;
    }

    /// <summary>Sees the view as it is now and stands nowhere.</summary>
    public void Show()
    {
        if (_state is { } held && _reader!.IsCurrent(held, out ulong latest)
            && Visible.TryAdvance(latest))
        {
            EndLoans();
            return;
        }
        ReadState state = _reader!.Acquire(out TreeView view, out ulong sequence);
        ReadState? old = _state;
        _state = state;
        Visible.Reset(view, sequence);
        old?.Release();
        EndLoans();
    }

    /// <summary>Lets go of the state and goes back to the pool.</summary>
    public void Return()
    {
        Debug.Assert(_reader != null, "a core is given back once");
        EndLoans();
        Visible.Clear();
        _state?.Release();
        _state = null;
        _reader = null;
        using (s_lock.Hold())
        {
            AssertInvariants();
            s_inUse.Remove(this);
            if (s_idle.Count < IdleMax)
            {
                s_idle.Push(this);
                return;
            }
        }
        Visible.Dispose();
    }

    [Conditional("DEBUG")]
    private void EndLoans()
    {
        _lentKey.End();
        _lentValue.End();
    }

    [Conditional("DEBUG")]
    private static void AssertInvariants() =>
        Debug.Assert(s_lock.IsHeld, "the pool is under its lock");
}
