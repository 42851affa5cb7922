// The two words that every read begins with: the current read state and the last published
// sequence. The order of the steps in Pin is what keeps a reader from seeing half a batch:
//
//   1. publish the pin          - from here on the state cannot be reclaimed
//   2. read the sequence
//   3. read the pointer again   - when it moved, begin anew
//
// Without 3, the state might be older than the sequence (and miss the first entries of a batch
// that the sequence covers) or be reclaimed before the pin was seen. Because the state was
// current when the sequence was read, every compaction in it kept what a reader at that sequence
// may see.
//
// Threads: any reader; Install by the holder of the store's lock, Publish by the write leader.

using System.Diagnostics;
using LsmMmap.Engine.Lifetimes;
using LsmMmap.Engine.Waiting;

namespace LsmMmap.Engine.Reading;

internal sealed class PublishedState
{
    private ReadState _current;
    private ulong _sequence;

    public PublishedState(ReadState first, ulong sequence)
    {
        _current = first;
        _sequence = sequence;
    }

    /// <summary>Every entry up to it is visible.</summary>
    public ulong Sequence => Volatile.Read(ref _sequence);

    public ReadState Current => Volatile.Read(ref _current);

    /// <summary>Publishes the current state in a slot entry and reads the sequence under it.
    /// </summary>
    public ReadState Pin(ReaderSlots slots, int entry, out ulong sequence)
    {
        while (true)
        {
            SchedulePoint.Reach("pin: read state");
            ReadState state = Volatile.Read(ref _current);
            SchedulePoint.Reach("pin: publish slot");
            slots.Publish(entry, state.Id);
            SchedulePoint.Reach("pin: read sequence");
            sequence = Volatile.Read(ref _sequence);
            SchedulePoint.Reach("pin: read state again");
            if (ReferenceEquals(state, Volatile.Read(ref _current)))
                return state;
        }
    }

    /// <summary>The current state with a counted reference, for what outlives a call.</summary>
    public ReadState Acquire(out ulong sequence)
    {
        ReaderSlots slots = ReaderSlots.Current;
        while (true)
        {
            ReadState state = Pin(slots, ReaderSlots.CallEntry, out sequence);
            bool acquired = state.TryAddReference();
            slots.Free(ReaderSlots.CallEntry);
            if (acquired)
                return state;
        }
    }

    /// <summary>Whether a state that the caller references is current still, and the sequence
    /// published under it: for whoever wants to see the latest and may not need another
    /// state.</summary>
    public bool IsCurrent(ReadState held, out ulong sequence)
    {
        Debug.Assert(held.IsReferenced, "what is held is referenced");
        SchedulePoint.Reach("is current: read sequence");
        sequence = Volatile.Read(ref _sequence);
        SchedulePoint.Reach("is current: read state");
        // A state is installed once: current now and when it was acquired, it was so between.
        return ReferenceEquals(held, Volatile.Read(ref _current));
    }

    /// <summary>Makes a state current and lets go of the one before.</summary>
    public void Install(ReadState state)
    {
        ReadState old = _current;
        Debug.Assert(!ReferenceEquals(old, state), "a state is installed once");
        SchedulePoint.Reach("install");
        Volatile.Write(ref _current, state);
        old.Release();
    }

    public void Publish(ulong sequence)
    {
        Debug.Assert(sequence >= _sequence, "sequences only grow");
        SchedulePoint.Reach("publish sequence");
        Volatile.Write(ref _sequence, sequence);
    }

    /// <summary>Shows readers an empty store from here on. Calls that are under way still have
    /// the last state pinned.</summary>
    public void Close() => Install(new ReadState([]));
}
