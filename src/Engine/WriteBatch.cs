// The public batch: entries encoded as they go into the log, and the rule of who may touch them
// when.

using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Waiting;
using LsmMmap.Engine.Writing;

namespace LsmMmap;

/// <summary>Changes that are committed together: all or none, over all keyspaces they
/// name.</summary>
/// <remarks>
/// Later entries win over earlier ones. It may move between threads, one at a time. From Write or
/// WriteAsync until completion it belongs to the store: meanwhile its members throw
/// <see cref="InvalidOperationException"/> and Dispose is deferred; afterwards it keeps its
/// content until <see cref="Clear"/>. At most 2 GiB - 1 encoded.
/// </remarks>
public sealed class WriteBatch : IDisposable
{
    private const int Idle = 0;
    private const int InUse = 1;
    private const int Disposed = 2;
    private const int InUseAndDisposed = 3;

    private readonly BatchBuffer _buffer = new();
    private int _state;

    /// <summary>Number of entries.</summary>
    /// <exception cref="InvalidOperationException">The batch is being written.</exception>
    /// <exception cref="ObjectDisposedException">The batch was disposed.</exception>
    public int Count
    {
        get
        {
            ThrowUnlessIdle();
            return _buffer.Count;
        }
    }

    /// <summary>Adds a Put to the default keyspace.</summary>
    /// <exception cref="ArgumentException">Key or value is beyond its limit.</exception>
    public WriteBatch Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) =>
        Add(null, key, value);

    /// <summary>Adds a Put to a keyspace.</summary>
    /// <exception cref="ArgumentException">Key or value is beyond its limit.</exception>
    public WriteBatch Put(Keyspace keyspace, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        ArgumentNullException.ThrowIfNull(keyspace);
        return Add(keyspace.Tree, key, value);
    }

    /// <summary>Adds a Put to the default keyspace that counts until a time, as
    /// <see cref="Keyspace.PutWithExpiry"/> says.</summary>
    /// <exception cref="ArgumentException">Key or value is beyond its limit.</exception>
    public WriteBatch PutWithExpiry(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, DateTimeOffset expiresAt) =>
        Add(null, key, value, expiresAt);

    /// <summary>Adds a Put to a keyspace that counts until a time, as
    /// <see cref="Keyspace.PutWithExpiry"/> says.</summary>
    /// <exception cref="ArgumentException">Key or value is beyond its limit.</exception>
    public WriteBatch PutWithExpiry(
        Keyspace keyspace, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value,
        DateTimeOffset expiresAt)
    {
        ArgumentNullException.ThrowIfNull(keyspace);
        return Add(keyspace.Tree, key, value, expiresAt);
    }

    /// <summary>Adds a Delete to the default keyspace.</summary>
    /// <exception cref="ArgumentException">The key is beyond its limit.</exception>
    public WriteBatch Delete(ReadOnlySpan<byte> key) => Remove(null, key);

    /// <summary>Adds a Delete to a keyspace.</summary>
    /// <exception cref="ArgumentException">The key is beyond its limit.</exception>
    public WriteBatch Delete(Keyspace keyspace, ReadOnlySpan<byte> key)
    {
        ArgumentNullException.ThrowIfNull(keyspace);
        return Remove(keyspace.Tree, key);
    }

    /// <summary>Adds a DeleteRange of [from, to) to the default keyspace; nothing when both
    /// ends are equal. An empty <paramref name="to"/> means that the range has no end.</summary>
    /// <exception cref="ArgumentException">A key is beyond its limit, or the range begins behind
    /// its end.</exception>
    public WriteBatch DeleteRange(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to) =>
        RemoveRange(null, from, to);

    /// <summary>Adds a DeleteRange of [from, to) to a keyspace; nothing when both ends are
    /// equal. An empty <paramref name="to"/> means that the range has no end.</summary>
    /// <exception cref="ArgumentException">A key is beyond its limit, or the range begins behind
    /// its end.</exception>
    public WriteBatch DeleteRange(
        Keyspace keyspace, ReadOnlySpan<byte> from, ReadOnlySpan<byte> to)
    {
        ArgumentNullException.ThrowIfNull(keyspace);
        return RemoveRange(keyspace.Tree, from, to);
    }

    /// <summary>Removes every entry.</summary>
    public void Clear()
    {
        ThrowUnlessIdle();
        _buffer.Clear();
    }

    /// <summary>Ends the batch; while it is being written, as soon as that is done.</summary>
    public void Dispose()
    {
        while (true)
        {
            if (Interlocked.CompareExchange(ref _state, Disposed, Idle) == Idle)
            {
                _buffer.Clear();
                return;
            }
            // Anything but Idle here means that the batch came back between the two looks.
            if (Interlocked.CompareExchange(ref _state, InUseAndDisposed, InUse) != Idle)
                return;
        }
    }

    /// <summary>The store takes the batch.</summary>
    internal BatchBuffer Lend()
    {
        SchedulePoint.Reach("lend batch");
        int before = Interlocked.CompareExchange(ref _state, InUse, Idle);
        if (before != Idle)
            Throw(before);
        return _buffer;
    }

    /// <summary>The store gives it back.</summary>
    internal void GiveBack()
    {
        Debug.Assert(
            Volatile.Read(ref _state) is InUse or InUseAndDisposed, "only a lent batch comes back");
        SchedulePoint.Reach("give batch back");
        if (Interlocked.CompareExchange(ref _state, Idle, InUse) == InUse)
            return;
        _buffer.Clear();
        Volatile.Write(ref _state, Disposed);
    }

    private WriteBatch Add(KeyspaceTree? tree, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        ThrowUnlessIdle();
        _buffer.Put(tree, key, value);
        return this;
    }

    private WriteBatch Add(
        KeyspaceTree? tree, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value,
        DateTimeOffset expiresAt)
    {
        ThrowUnlessIdle();
        _buffer.PutWithExpiry(tree, key, value, expiresAt.ToUnixTimeMilliseconds());
        return this;
    }

    private WriteBatch Remove(KeyspaceTree? tree, ReadOnlySpan<byte> key)
    {
        ThrowUnlessIdle();
        _buffer.Delete(tree, key);
        return this;
    }

    private WriteBatch RemoveRange(
        KeyspaceTree? tree, ReadOnlySpan<byte> from, ReadOnlySpan<byte> to)
    {
        ThrowUnlessIdle();
        _buffer.DeleteRange(tree, from, to);
        return this;
    }

    private void ThrowUnlessIdle()
    {
        int state = Volatile.Read(ref _state);
        if (state != Idle)
            Throw(state);
    }

    [DoesNotReturn]
    private static void Throw(int state)
    {
        ObjectDisposedException.ThrowIf(state == Disposed, typeof(WriteBatch));
        throw new InvalidOperationException("the batch is being written");
    }
}
