// Keeps compactions from taking the last space of the disk: one begins only when what it may
// write, all of its inputs, fits above the reserve beside what others may still write. So a disk
// that fills up stops compactions first, and logs and flushes, which commits need, have the
// reserve. What is too much by itself is tried again every half second by whoever waits for work.
// What is too much only beside those that run waits for them, and nobody is told of want of space:
// they have written some of what is counted for them, and give back their inputs when they end.
//
// Asking the disk is I/O, so it is done before the lock is taken, and the answer is used under it.
// Threads: any; the decision under the store's lock.

using System.Diagnostics;
using System.Globalization;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.State;

namespace LsmMmap.Engine.Compaction;

internal sealed class SpaceReserve(StoreState state)
{
    private readonly long _reserveBytes = state.Services.Options.FreeSpaceReserveBytes;
    private long _freeBytes = long.MaxValue;

    public bool IsSet => _reserveBytes > 0;

    /// <summary>Asks the disk. Not under the lock.</summary>
    public void Measure()
    {
        if (!IsSet)
            return;
        Debug.Assert(!state.Gate.IsHeld, "no I/O under the store's lock");
        StoreServices services = state.Services;
        Volatile.Write(ref _freeBytes, services.Files.FreeBytes(services.Directory));
    }

    /// <summary>Whether a compaction may begin. If not, for want of space, it is said so in the
    /// state. null means that none is due.</summary>
    public bool Allows(CompactionPlan? plan, IEnumerable<CompactionPlan> running)
    {
        Debug.Assert(state.Gate.IsHeld, "what runs is under the store's lock");
        if (!IsSet)
            return true;
        long freeBytes = Volatile.Read(ref _freeBytes);
        long neededBytes = plan == null ? 0 : BytesOf(plan);
        bool fits = Fits(neededBytes, freeBytes);
        state.PauseCompaction(fits ? null : IoFailure.WantOfSpace(string.Create(
            CultureInfo.InvariantCulture,
            $"compaction waits for space: it may need {neededBytes} bytes, {freeBytes} are " +
            $"free, and {_reserveBytes} are to stay so")));
        return fits
            && (neededBytes == 0 || Fits(neededBytes + running.Sum(BytesOf), freeBytes));
    }

    private bool Fits(long neededBytes, long freeBytes) =>
        neededBytes == 0 || freeBytes - _reserveBytes >= neededBytes;

    private static long BytesOf(CompactionPlan plan) => plan.IsTrivialMove ? 0 : plan.InputBytes;
}
