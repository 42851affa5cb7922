// A write queue over a log in memory, and what must hold of every commit whatever the schedule:
//
// - when a commit returns, its entries are visible, and have the durability asked for;
// - a reader sees a batch whole or not at all;
// - sequences are distinct, and those of one thread grow;
// - after a failed write nothing is written, and every commit that was not done throws;
// - once one has thrown so, nothing is synced either;
// - Close returns when nobody leads, every accepted commit is done, and none comes after it;
// - nobody waits for ever (the schedule itself sees that).
//
// Threads: all members run under the schedule but Judge.

using LsmMmap.Engine.Reading;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Versions;
using LsmMmap.Engine.Waiting;
using LsmMmap.Engine.Writing;

namespace LsmMmap.Engine.Tests.Concurrency;

internal abstract class QueueScenario : IScenario, IDisposable
{
    private static readonly KeyspaceOptions s_options = new StoreOptions().DefaultKeyspace;

    private readonly List<StoreThread> _threads = [];
    private readonly List<Task<long>> _tasks = [];
    private readonly HashSet<long> _sequences = [];
    private readonly Gate _asyncDone = new();
    private KeyspaceTree _tree = null!;
    private int _asyncLeft;

    public MemoryLogFiles Files { get; init; } = new();

    public StoreState State { get; private set; } = null!;

    public WriteQueue Queue { get; private set; } = null!;

    /// <summary>Commits that threw.</summary>
    protected int FailedCount { get; private set; }

    protected int DoneCount => _sequences.Count;

    private KeyspaceReader Reader { get; set; } = null!;

    public void Run(Schedule schedule)
    {
        SetUp();
        Files.Arm();
        Start();
        foreach (StoreThread thread in _threads)
            thread.Join();
        using (_asyncDone.Hold())
        {
            while (_asyncLeft > 0)
                _asyncDone.Wait();
        }
        Queue.Close();
        Files.IsClosed = true;
    }

    public virtual void Judge()
    {
        Assert.Empty(Files.Offences);
        foreach (Task<long> task in _tasks)
        {
            // What is left between the last callback and the result is a few instructions.
            Exception? error = Record.Exception(() => task.GetAwaiter().GetResult());
            if (error == null)
                Note(task.Result);
            else
                Expect(error);
        }
    }

    public void Dispose()
    {
        State.Published.Close();
        using (State.Gate.Hold())
            _tree.ReleaseAll();
    }

    /// <summary>Starts the threads of the scenario.</summary>
    protected abstract void Start();

    protected void StartThread(Action body) =>
        _threads.Add(StoreThread.Start("LsmMmap test writer", body));

    /// <summary>Whether a commit may throw this.</summary>
    protected virtual bool MayThrow(Exception error) => false;

    /// <summary>One commit of two keys with one value, and what must hold when it returns.
    /// </summary>
    protected void Commit(string name, Durability durability)
    {
        byte[] value = Testing.Bytes.Of("value-" + name);
        BatchBuffer batch = BatchOf(name, value);
        long sequence;
        try
        {
            sequence = Queue.Commit(batch, durability);
        }
        catch (Exception e) when (e is LsmException or ObjectDisposedException)
        {
            Expect(e);
            return;
        }
        Note(sequence);
        CheckDone(name, value, durability);
    }

    /// <summary>What FlushLog and a flush do.</summary>
    protected void SyncLog()
    {
        try
        {
            Queue.Sync(Queue.Log.HandedOver);
        }
        catch (LsmException e)
        {
            Expect(e);
        }
    }

    /// <summary>The same by WriteAsync; its result is judged at the end.</summary>
    protected void CommitAsync(
        string name, Durability durability, CancellationToken token = default)
    {
        byte[] value = Testing.Bytes.Of("value-" + name);
        using (_asyncDone.Hold())
            _asyncLeft++;
        try
        {
            _tasks.Add(Queue.CommitAsync(
                BatchOf(name, value), durability, AsyncDone, this, token).AsTask());
        }
        catch (ObjectDisposedException e)
        {
            AsyncDone(this);
            Expect(e);
        }
    }

    /// <summary>Both keys of a batch or none of them.</summary>
    protected void CheckWhole(string name)
    {
        // The later key first: whoever sees it must see the other.
        bool last = Reader.Contains(Testing.Bytes.Of(name + "-2"));
        bool first = Reader.Contains(Testing.Bytes.Of(name + "-1"));
        Assert.True(first || !last, $"half of {name} was seen");
    }

    protected bool IsVisible(string name) => Reader.Contains(Testing.Bytes.Of(name + "-1"));

    private static void AsyncDone(object scenario)
    {
        var self = (QueueScenario)scenario;
        using (self._asyncDone.Hold())
        {
            self._asyncLeft--;
            self._asyncDone.PulseAll();
        }
    }

    private static BatchBuffer BatchOf(string name, byte[] value)
    {
        var batch = new BatchBuffer();
        batch.Put(null, Testing.Bytes.Of(name + "-1"), value);
        batch.Put(null, Testing.Bytes.Of(name + "-2"), value);
        return batch;
    }

    private void CheckDone(string name, byte[] value, Durability durability)
    {
        Assert.Equal(value, Reader.ToArray(Testing.Bytes.Of(name + "-1")));
        Assert.Equal(value, Reader.ToArray(Testing.Bytes.Of(name + "-2")));
        byte[] key = Testing.Bytes.Of(name + "-2");
        if (durability >= Durability.Flushed)
            Assert.True(Files.HasWritten(key), $"{name} is not with the system");
        if (durability == Durability.Synced)
            Assert.True(Files.HasSynced(key), $"{name} is not on disk");
    }

    private void Note(long sequence)
    {
        Assert.True(sequence > 0, "a commit has a sequence");
        lock (_sequences)
            Assert.True(_sequences.Add(sequence), $"two commits have sequence {sequence}");
        Assert.True((ulong)sequence <= State.Published.Sequence, "done before it was published");
    }

    private void Expect(Exception error)
    {
        FailedCount++;
        Files.IsTold |= error is StoreFailedException;
        Assert.True(MayThrow(error), $"unexpected: {error}");
    }

    private void SetUp()
    {
        StoreServices services = Files.Services();
        State = new StoreState(services, 0);
        using (State.Gate.Hold())
        {
            var record = new KeyspaceRecord(0, "default", s_options.ToStored(), false, 0);
            _tree = new KeyspaceTree(
                State, record, s_options, State.NextSlot(),
                new LiveMemTable(0, services.Memory), TreeVersion.Empty());
            State.Add(_tree);
            State.InstallReadState();
        }
        Queue = new WriteQueue(State, new LogSegments(services, default, 0), _tree);
        Reader = new KeyspaceReader(
            State.Published, _tree.Slot, 0, "default", KeyspaceReader.Latest);
    }
}
