// Pinning the read state against installing a new one and reclaiming the old, in every schedule
// with up to two preemptions: a reader finds every entry up to the sequence that it read, and
// never touches a memtable that was reclaimed. The classes are the engine's own: PublishedState,
// ReaderSlots, Reclaimable and one look of the Reclaimer.
//
// Seen to fail: see the table in docs/testing.md, "Schedules and
// histories".

using LsmMmap.Engine.Lifetimes;
using LsmMmap.Engine.Reading;
using LsmMmap.Engine.Versions;
using LsmMmap.Engine.Waiting;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Tables;

namespace LsmMmap.Engine.Tests.Concurrency;

public sealed class ReadStateScheduleTests
{
    private const int RunsMax = 30_000;

    [Fact]
    public void Pin_AgainstInstallAndReclaim_HoldsInEverySchedule() =>
        Assert.True(
            Explorer.Every(() => new Scene(Reader.Pins, 1, 1), 2, RunsMax, "-pin").IsComplete);

    [Fact]
    public void Acquire_AgainstInstallAndReclaim_HoldsInEverySchedule() =>
        Assert.True(
            Explorer.Every(() => new Scene(Reader.Acquires, 1, 1), 2, RunsMax, "-acquire")
                .IsComplete);

    [Fact]
    public void Readers_AgainstManyInstalls_HoldInRandomSchedules() =>
        Explorer.Random(() => new Scene(Reader.Both, 3, 3), 2_000, "-many");

    private enum Reader
    {
        Pins,
        Acquires,
        Both,
    }

    private sealed class Scene(Reader reader, int entries, int rounds) : IScenario
    {
        private readonly MemoryAccount _account = new();
        private readonly Dictionary<long, LiveMemTable> _memTables = [];
        private readonly List<Reclaimable> _waiting = [];
        private readonly HashSet<long> _pinned = [];
        private PublishedState _published = null!;

        public void Run(Schedule schedule)
        {
            schedule.TakesRetired = true;
            LiveMemTable active = NewMemTable();
            _published = new PublishedState(StateOf(active), 0);
            List<StoreThread> threads = [Start(() => Write(active))];
            if (reader is Reader.Pins or Reader.Both)
                threads.Add(Start(() => Repeat(ReadPinned)));
            if (reader is Reader.Acquires or Reader.Both)
                threads.Add(Start(() => Repeat(ReadAcquired)));
            threads.Add(Start(() =>
            {
                // A state, then its memtables: two looks at least free what a reader may touch.
                for (int i = 0; i <= rounds; i++)
                    Look(schedule);
            }));
            foreach (StoreThread thread in threads)
                thread.Join();
            _published.Close();
            // A state lets go of memtables, so one look brings the next its work.
            for (int i = 0; i < 4; i++)
                Look(schedule);
        }

        public void Judge()
        {
            Assert.Equal(0, _account.Bytes);
            Assert.All(_memTables.Values, static m => Assert.Equal(0, m.Table.AllocatedBytes));
        }

        private static StoreThread Start(Action body) =>
            StoreThread.Start("LsmMmap test thread", body);

        private static byte[] Key(ulong number) => Testing.Bytes.Number((long)number);

        private static ReadState StateOf(LiveMemTable active, params LiveMemTable[] frozen)
        {
            TreeVersion version = TreeVersion.Empty();
            var view = new TreeView(0, active, frozen, version, TimeProvider.System);
            version.Release();
            return new ReadState([view]);
        }

        private LiveMemTable NewMemTable()
        {
            var memTable = new LiveMemTable(0, _account);
            _memTables.Add(memTable.Id, memTable);
            return memTable;
        }

        private void Repeat(Action body)
        {
            for (int i = 0; i < rounds; i++)
                body();
        }

        private static void Add(LiveMemTable memTable, ulong sequence)
        {
            memTable.Table.Add(
                Key(sequence), EntryTag.Pack(sequence, ValueKind.Put), Key(sequence));
            memTable.CountGrowth();
        }

        // Each entry is written, frozen, and replaced by a copy, which stands for its table.
        private void Write(LiveMemTable active)
        {
            LiveMemTable? older = null;
            for (ulong sequence = 1; sequence <= (ulong)entries; sequence++)
            {
                SchedulePoint.Reach("apply");
                Add(active, sequence);
                _published.Publish(sequence);
                LiveMemTable frozen = active;
                active = NewMemTable();
                _published.Install(
                    older == null ? StateOf(active, frozen) : StateOf(active, frozen, older));
                LiveMemTable copy = NewMemTable();
                for (ulong i = 1; i <= sequence; i++)
                    Add(copy, i);
                _published.Install(StateOf(active, copy));
                frozen.Release();
                older?.Release();
                older = copy;
            }
            active.Release();
            older?.Release();
        }

        private void ReadPinned()
        {
            ReaderSlots slots = ReaderSlots.Current;
            int entry = slots.Take();
            ReadState state = _published.Pin(slots, entry, out ulong sequence);
            TreeView view = state.View(0, 0)!;
            CheckAll(view, sequence);
            var found = default(TableValue);
            if (sequence > 0 && PointLookup.TryGet(
                view, Key(sequence), sequence, isLikely: true, ref found, out long ownerId))
            {
                slots.Publish(entry, ownerId);
                SchedulePoint.Reach("read pinned value");
                Assert.True(
                    _memTables[ownerId].Table.AllocatedBytes > 0, "a pinned memtable was freed");
                Assert.Equal(Key(sequence), found.Value.Span.ToArray());
            }
            slots.Free(entry);
        }

        private void ReadAcquired()
        {
            ReadState state = _published.Acquire(out ulong sequence);
            CheckAll(state.View(0, 0)!, sequence);
            // As a cursor that is refreshed: the same state, if it is current, at a later sequence.
            if (_published.IsCurrent(state, out ulong latest))
                CheckAll(state.View(0, 0)!, latest);
            state.Release();
        }

        private static void CheckAll(TreeView view, ulong sequence)
        {
            for (ulong i = 1; i <= sequence; i++)
            {
                SchedulePoint.Reach("look up");
                var found = default(TableValue);
                Assert.True(
                    PointLookup.TryGet(
                        view, Key(i), sequence, isLikely: i % 2 == 0, ref found, out _),
                    $"entry {i} is missing at sequence {sequence}");
            }
        }

        private void Look(Schedule schedule)
        {
            SchedulePoint.Reach("reclaim: take");
            _waiting.AddRange(schedule.DrainRetired().Cast<Reclaimable>());
            Reclaimer.ReclaimUnpinned(_waiting, _pinned);
        }
    }
}
