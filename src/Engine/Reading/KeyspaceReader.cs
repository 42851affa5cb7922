// Reads of one keyspace as every view offers them: the store and a keyspace read at the latest
// sequence, a snapshot at its own. A value comes back pinned (the slot entry of the calling
// thread names the owner of the bytes) or copied.
//
// Cost above the lookup: two volatile writes and three volatile reads. No allocation except for
// results that are arrays, and for the copy when a thread already holds eight pinned values.
// Threads: any.

using System.Buffers;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using LsmMmap.Engine.Lifetimes;
using LsmMmap.Engine.Telemetry;
using LsmMmap.Sstable.Tables;

namespace LsmMmap.Engine.Reading;

internal sealed class KeyspaceReader(
    PublishedState published, int slot, int keyspaceId, string name, ulong sequenceMax,
    Action? throwIfEnded = null, StoreTelemetry? timing = null)
{
    /// <summary>Above every sequence: the reader sees the latest.</summary>
    public const ulong Latest = ulong.MaxValue;

    /// <summary>The same keyspace as of a sequence, for as long as something holds that.</summary>
    public KeyspaceReader At(ulong sequence, Action throwIfEnded) =>
        new(published, slot, keyspaceId, name, sequence, throwIfEnded, timing);

    /// <summary>Throws when what held the reader's sequence has ended.</summary>
    public void ThrowIfEnded() => throwIfEnded?.Invoke();

    /// <summary>False for an absent key. Else the value is borrowed until the entry is freed.
    /// </summary>
    public bool TryPin(scoped ReadOnlySpan<byte> key, out PinnedBytes pinned) =>
        timing == null ? Pin(key, out pinned) : TimedPin(key, out pinned);

    /// <summary>Whether it reads the store that publishes this.</summary>
    public bool Reads(PublishedState other) => ReferenceEquals(published, other);

    private bool TimedPin(scoped ReadOnlySpan<byte> key, out PinnedBytes pinned)
    {
        Debug.Assert(timing != null, "only reads that may be timed come here");
        if (!timing.TimesReads)
            return Pin(key, out pinned);
        long begun = timing.Now;
        bool isThere = Pin(key, out pinned);
        try
        {
            timing.Got(begun, isThere);
        }
        catch
        {
            // A listener threw, and the caller gets that instead of the value.
            pinned.Free();
            throw;
        }
        return isThere;
    }

    private bool Pin(scoped ReadOnlySpan<byte> key, out PinnedBytes pinned)
    {
        ReaderSlots slots = ReaderSlots.Current;
        int entry = slots.Take();
        bool keeps = false;
        try
        {
            var found = default(TableValue);
            TreeView view = View(slots, entry, out ulong sequence);
            bool isThere = PointLookup.TryGet(
                view, key, sequence, slots.ExpectsHit, ref found, out long ownerId);
            slots.ExpectsHit = isThere;
            if (!isThere)
            {
                pinned = default;
                return false;
            }
            Debug.Assert(found.Owner != null || ownerId != 0, "found bytes have an owner");
            if (entry == ReaderSlots.CallEntry)
            {
                pinned = Copy(ref found);
                return true;
            }
            keeps = true;
            pinned = Lend(slots, entry, ref found, ownerId);
            return true;
        }
        finally
        {
            if (!keeps)
                slots.Free(entry);
        }
    }

    /// <summary>The value as an array, without the calling thread's waiting for the disk.
    /// </summary>
    public ValueTask<byte[]?> ToArrayAsync(
        ReadOnlySpan<byte> key, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
            return ValueTask.FromCanceled<byte[]?>(cancellation);
        ResidentAnswer answer = TryPinResident(key, out PinnedBytes pinned);
        if (answer == ResidentAnswer.Unknown)
            return ReadRequest.Get(this, key, cancellation);
        try
        {
            return new(answer == ResidentAnswer.Found ? pinned.Bytes.ToArray() : null);
        }
        finally
        {
            pinned.Free();
        }
    }

    /// <summary>As <see cref="TryCopy(ReadOnlySpan{byte}, IBufferWriter{byte})"/>, without the
    /// calling thread's waiting for the disk.</summary>
    public ValueTask<bool> TryCopyAsync(
        ReadOnlySpan<byte> key, IBufferWriter<byte> destination, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(destination);
        if (cancellation.IsCancellationRequested)
            return ValueTask.FromCanceled<bool>(cancellation);
        ResidentAnswer answer = TryPinResident(key, out PinnedBytes pinned);
        if (answer == ResidentAnswer.Unknown)
            return ReadRequest.Get(this, key, destination, cancellation);
        try
        {
            if (answer == ResidentAnswer.Found)
                destination.Write(pinned.Bytes);
            return new(answer == ResidentAnswer.Found);
        }
        finally
        {
            pinned.Free();
        }
    }

    public bool Contains(ReadOnlySpan<byte> key)
    {
        bool found = TryPin(key, out PinnedBytes pinned);
        pinned.Free();
        return found;
    }

    public byte[]? ToArray(ReadOnlySpan<byte> key)
    {
        if (!TryPin(key, out PinnedBytes pinned))
            return null;
        try
        {
            return pinned.Bytes.ToArray();
        }
        finally
        {
            pinned.Free();
        }
    }

    public bool TryCopy(ReadOnlySpan<byte> key, IBufferWriter<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        if (!TryPin(key, out PinnedBytes pinned))
            return false;
        try
        {
            destination.Write(pinned.Bytes);
            return true;
        }
        finally
        {
            pinned.Free();
        }
    }

    public bool TryCopy(ReadOnlySpan<byte> key, Span<byte> destination, out int valueLength)
    {
        if (!TryPin(key, out PinnedBytes pinned))
        {
            valueLength = 0;
            return false;
        }
        try
        {
            valueLength = pinned.Bytes.Length;
            if (!pinned.Bytes.TryCopyTo(destination))
                ThrowTooSmall(valueLength, destination);
            return true;
        }
        finally
        {
            pinned.Free();
        }
    }

    /// <summary>The state as of now with a counted reference, the view in it, and the sequence
    /// to read at.</summary>
    public ReadState Acquire(out TreeView view, out ulong sequence)
    {
        ReadState state = published.Acquire(out sequence);
        Debug.Assert(state.IsReferenced, "what is acquired is referenced");
        sequence = Math.Min(sequence, sequenceMax);
        if (state.View(slot, keyspaceId) is { } shown)
        {
            view = shown;
            return state;
        }
        state.Release();
        ThrowGone();
        view = null!;
        return state;
    }

    /// <summary>Whether an acquired state is current still, and the sequence to read at if it is.
    /// </summary>
    public bool IsCurrent(ReadState acquired, out ulong sequence)
    {
        bool isCurrent = published.IsCurrent(acquired, out sequence);
        sequence = Math.Min(sequence, sequenceMax);
        return isCurrent;
    }

    private TreeView View(ReaderSlots slots, int entry, out ulong sequence)
    {
        ReadState state = published.Pin(slots, entry, out sequence);
        sequence = Math.Min(sequence, sequenceMax);
        TreeView? view = state.View(slot, keyspaceId);
        if (view == null)
            ThrowGone();
        return view;
    }

    /// <summary>As TryPin, but gives up where it would wait for the disk.</summary>
    private ResidentAnswer TryPinResident(scoped ReadOnlySpan<byte> key, out PinnedBytes pinned)
    {
        ReaderSlots slots = ReaderSlots.Current;
        int entry = slots.Take();
        bool keeps = false;
        pinned = default;
        try
        {
            var found = default(TableValue);
            TreeView view = View(slots, entry, out ulong sequence);
            ResidentAnswer answer =
                ResidentLookup.Get(view, key, sequence, ref found, out long ownerId);
            if (answer != ResidentAnswer.Found)
                return answer;
            keeps = entry != ReaderSlots.CallEntry;
            pinned = keeps ? Lend(slots, entry, ref found, ownerId) : Copy(ref found);
            return answer;
        }
        finally
        {
            if (!keeps)
                slots.Free(entry);
        }
    }

    /// <summary>Narrows the entry from the whole state to the owner of the bytes found.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static PinnedBytes Lend(
        ReaderSlots slots, int entry, scoped ref TableValue found, long ownerId)
    {
        if (found.Owner is { } block)
            slots.Hold(entry, block);
        else
            slots.Publish(entry, ownerId);
        return new PinnedBytes(slots, entry, found.Value);
    }

    private static PinnedBytes Copy(scoped ref TableValue found)
    {
        byte[] copy = found.Value.Span.ToArray();
        found.Owner?.Release();
        ReaderSlots own = ReaderSlots.ForCopy(out int entry);
        return new PinnedBytes(own, entry, copy);
    }

    [DoesNotReturn]
    private void ThrowGone() => throw new ObjectDisposedException("keyspace " + name);

    [DoesNotReturn]
    private static void ThrowTooSmall(int needed, Span<byte> destination) =>
        throw new ArgumentException(
            $"the value has {needed} bytes and the destination {destination.Length}",
            nameof(destination));
}
