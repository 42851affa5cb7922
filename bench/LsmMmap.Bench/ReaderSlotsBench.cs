// What pinning costs a read: an entry of the thread's row, the owner published, the entry freed;
// and the same with the read state and its sequence, as every get begins and ends.

using BenchmarkDotNet.Attributes;
using LsmMmap.Engine.Lifetimes;
using LsmMmap.Engine.Reading;

namespace LsmMmap.Bench;

public class ReaderSlotsBench
{
    private readonly PublishedState _published = new(new ReadState([]), sequence: 1);

    [Benchmark]
    public int TakePublishFree()
    {
        ReaderSlots slots = ReaderSlots.Current;
        int entry = slots.Take();
        slots.Publish(entry, 1);
        slots.Free(entry);
        return entry;
    }

    [Benchmark]
    public ulong PinState()
    {
        ReaderSlots slots = ReaderSlots.Current;
        int entry = slots.Take();
        _published.Pin(slots, entry, out ulong sequence);
        slots.Free(entry);
        return sequence;
    }

    /// <summary>As a cursor holds the state: a counted reference.</summary>
    [Benchmark]
    public ulong AcquireState()
    {
        _published.Acquire(out ulong sequence).Release();
        return sequence;
    }
}
