// The public cursor: a shell over a pooled core. The shell carries the finalizer that reports a
// forgotten Dispose; the core carries everything else.

using System.Diagnostics.CodeAnalysis;
using LsmMmap.Engine.Lifetimes;
using LsmMmap.Engine.Reading;
using LsmMmap.Engine.State;

namespace LsmMmap;

/// <summary>An ordered cursor over the store as of its creation, or of the last
/// <see cref="Refresh"/>.</summary>
/// <remarks>
/// It stands nowhere until it is moved: <see cref="MoveNext"/> then goes to the first entry,
/// <see cref="MovePrevious"/> to the last. Past either end <see cref="IsValid"/> is false and the
/// opposite move returns to that end's entry. It may move between threads, one at a time, and
/// outlives its snapshot, flushes, compactions, a drop and the store. Dispose it: until then it
/// keeps old tables and memory. After Dispose every member but IsValid and Dispose throws
/// <see cref="ObjectDisposedException"/>.
/// </remarks>
public sealed class Cursor : IDisposable
{
    private static readonly TimeSpan s_leakDelay = TimeSpan.FromSeconds(60);

    private readonly StoreServices _services;
    private readonly Func<bool> _isGone;
    private CursorCore? _core;

    internal Cursor(
        KeyspaceReader reader, StoreServices services, Func<bool> isGone,
        ReadOnlySpan<byte> lower, ReadOnlySpan<byte> upper)
    {
        _services = services;
        _isGone = isGone;
        _core = CursorCore.Rent(reader, lower, upper);
    }

    /// <summary>Reports a cursor that nobody disposed. What it holds is released a minute
    /// later: a span taken from it may still be in use.</summary>
    ~Cursor()
    {
        if (_core is not { } core)
            return;
        _services.FoundUndisposed("cursor");
        Reclaimer.RunLater(_services.Options.TimeProvider, s_leakDelay, core.Return);
    }

    /// <summary>Whether the cursor stands on an entry.</summary>
    public bool IsValid => _core?.Visible.IsValid ?? false;

    /// <summary>The entry's key, borrowed until the cursor moves or is disposed.</summary>
    /// <exception cref="InvalidOperationException">The cursor stands on no entry.</exception>
    public ReadOnlySpan<byte> Key => Standing().Key;

    /// <summary>The entry's value, borrowed until the cursor moves or is disposed.</summary>
    /// <exception cref="InvalidOperationException">The cursor stands on no entry.</exception>
    /// <exception cref="CorruptionException">The value's bytes do not verify.</exception>
    public ReadOnlySpan<byte> Value => Standing().Value;

    /// <summary>To the first entry; false when there is none.</summary>
    public bool SeekToFirst()
    {
        CursorCore core = Core();
        return core.Moved(core.Visible.SeekToFirst());
    }

    /// <summary>To the last entry; false when there is none.</summary>
    public bool SeekToLast()
    {
        CursorCore core = Core();
        return core.Moved(core.Visible.SeekToLast());
    }

    /// <summary>To the first entry at or after <paramref name="key"/>; false when there is
    /// none.</summary>
    public bool Seek(ReadOnlySpan<byte> key)
    {
        CursorCore core = Core();
        return core.Moved(core.Visible.Seek(key));
    }

    /// <summary>To the last entry at or before <paramref name="key"/>; false when there is
    /// none.</summary>
    public bool SeekForPrevious(ReadOnlySpan<byte> key)
    {
        CursorCore core = Core();
        return core.Moved(core.Visible.SeekForPrevious(key));
    }

    /// <summary>To the next entry; false past the last.</summary>
    public bool MoveNext()
    {
        CursorCore core = Core();
        return core.Moved(core.Visible.MoveNext());
    }

    /// <summary>To the entry before; false before the first.</summary>
    public bool MovePrevious()
    {
        CursorCore core = Core();
        return core.Moved(core.Visible.MovePrevious());
    }

    /// <summary>Sees the view as it is now, standing nowhere again. On a cursor of a snapshot the
    /// view does not change.</summary>
    /// <exception cref="ObjectDisposedException">The store, the keyspace or the snapshot is
    /// gone.</exception>
    public void Refresh()
    {
        CursorCore core = Core();
        ObjectDisposedException.ThrowIf(_isGone(), this);
        core.Show();
    }

    /// <summary>Lets go of everything. Twice is fine.</summary>
    public void Dispose()
    {
        CursorCore? core = Interlocked.Exchange(ref _core, null);
        core?.Return();
        GC.SuppressFinalize(this);
    }

    private CursorCore Core()
    {
        CursorCore? core = _core;
        if (core == null)
            ThrowDisposed();
        return core;
    }

    private CursorCore Standing()
    {
        CursorCore core = Core();
        if (!core.Visible.IsValid)
            ThrowNowhere();
        return core;
    }

    [DoesNotReturn]
    private static void ThrowDisposed() => throw new ObjectDisposedException(nameof(Cursor));

    [DoesNotReturn]
    private static void ThrowNowhere() =>
        throw new InvalidOperationException("the cursor stands on no entry");
}
