// A whole store under random schedules: its own background threads too run one at a time and
// switch where the schedule says. Dispose comes at any moment beside writers, readers, a flush, a
// compaction, a new keyspace and a second Dispose. Whatever comes too late throws
// ObjectDisposedException and nothing else, what was acknowledged is there after reopening, and a
// Dispose that has returned has let go of the directory, the second one too.
//
// The process's reclaimer is not part of the schedule: it answers to nobody here.
// Seen to fail: see the table in docs/testing.md, "Schedules and histories".

using LsmMmap.Engine.Files;
using LsmMmap.Engine.Waiting;
using LsmMmap.Testing;
using LsmMmap.Testing.Crash;

namespace LsmMmap.Engine.Tests.Concurrency;

public sealed class DisposeScheduleTests
{
    [Fact]
    public void Dispose_AgainstEverything_HoldsInRandomSchedules() =>
        Explorer.Random(() => new Life(background: 2), 150);

    [Fact]
    public void Dispose_OfOneBackgroundThread_HoldsInRandomSchedules() =>
        Explorer.Random(() => new Life(background: 1), 100, "-one");

    private sealed class Life(int background) : IScenario, IDisposable
    {
        private readonly TemporaryFolder _folder = new();
        private readonly List<StoreThread> _threads = [];
        private readonly List<string> _acknowledged = [];
        private readonly List<(string Name, Task<long> Task)> _tasks = [];
        private LsmStore Store { get; set; } = null!;

        public void Run(Schedule schedule)
        {
            var options = new StoreOptions
            {
                BackgroundThreads = background,
                DefaultKeyspace = { MemtableBytes = 64 << 10 },
            };
            Store = LsmStore.Open(_folder["store"], options, new SteppingFileSystem());
            Store.Put(Bytes.Of("old"), Bytes.Of("old"));
            StartUses();
            Start(Store.Dispose);
            Start(Store.Dispose);
            foreach (StoreThread thread in _threads)
                thread.Join();
        }

        public void Judge()
        {
            foreach ((string name, Task<long> task) in _tasks)
            {
                if (Record.Exception(() => task.GetAwaiter().GetResult()) is { } error)
                    throw error;
                _acknowledged.Add(name);
            }
            using LsmStore again = LsmStore.Open(_folder["store"]);
            Assert.True(again.GetStatistics().Recovery.CleanlyClosed);
            Assert.Equal(Bytes.Of("old"), again.Get(Bytes.Of("old")));
            foreach (string name in _acknowledged)
            {
                IReadView view = name[0] == 'k' ? again.GetKeyspace("other") : again;
                Assert.Equal(Bytes.Of(name), view.Get(Bytes.Of(name)));
            }
        }

        public void Dispose() => _folder.Dispose();

        private void StartUses()
        {
            Start(
                () => Put(null, "a", Durability.Buffered),
                () => Put(null, "b", Durability.Synced));
            Start(() => PutAsync("c"), () => Put(null, "d", Durability.Flushed));
            Start(() => Store.Flush(), () => Store.Compact());
            Start(() => Put(Store.GetKeyspace("other"), "k", Durability.Flushed));
            Start(Read, ReadSnapshot);
        }

        /// <summary>Each use may come too late. Two of Dispose never do, and when one returns
        /// the store is closed.</summary>
        private void Start(params Action[] uses) =>
            _threads.Add(StoreThread.Start("LsmMmap test thread", () =>
            {
                foreach (Action use in uses)
                {
                    try
                    {
                        use();
                    }
                    catch (ObjectDisposedException)
                    {
                    }
                }
                if (uses[0].Method.Name == nameof(LsmStore.Dispose))
                    LocalFileSystem.Instance.Lock(_folder["store"]).Dispose();
            }));

        private void Put(Keyspace? keyspace, string name, Durability durability)
        {
            (keyspace ?? Store.Default).Put(Bytes.Of(name), Bytes.Of(name), durability);
            _acknowledged.Add(name);
        }

        private void PutAsync(string name)
        {
            var batch = new WriteBatch();
            batch.Put(Bytes.Of(name), Bytes.Of(name));
            _tasks.Add((name, Store.WriteAsync(batch, Durability.Synced).AsTask()));
        }

        private void Read()
        {
            using Cursor cursor = Store.CreateCursor();
            SchedulePoint.Reach("hold a cursor");
            Assert.True(cursor.Seek(Bytes.Of("old")));
            Assert.Equal(Bytes.Of("old"), cursor.Value.ToArray());
            using PinnedValue pinned = Store.GetPinned(Bytes.Of("old"));
            SchedulePoint.Reach("hold a value");
            Assert.Equal(Bytes.Of("old"), pinned.Span.ToArray());
        }

        private void ReadSnapshot()
        {
            using Snapshot snapshot = Store.CreateSnapshot();
            Assert.Equal(Bytes.Of("old"), snapshot.Get(Bytes.Of("old")));
        }
    }

    /// <summary>The real one without its syncs, which no test here can miss; each write and sync
    /// is a schedule point instead.</summary>
    private sealed class SteppingFileSystem() : ForwardingFileSystem(LocalFileSystem.Instance)
    {
        public override DurableFile Create(string path, long reservedBytes = 0)
        {
            SchedulePoint.Reach("create file");
            return new SteppingFile(base.Create(path, reservedBytes));
        }

        public override void SyncDirectory(string path) => SchedulePoint.Reach("sync directory");

        private sealed class SteppingFile(DurableFile inner) : ForwardingFile(inner)
        {
            public override void Write(ReadOnlySpan<byte> buffer)
            {
                SchedulePoint.Reach("write file");
                base.Write(buffer);
            }

            public override void Sync() => SchedulePoint.Reach("sync file");
        }
    }
}
