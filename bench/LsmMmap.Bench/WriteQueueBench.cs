// Commits of one entry (16 + 100 bytes) by one thread and by eight at once. The keys are few, so
// that flushes write little and what is measured is the queue, the log and the memtable. With
// eight threads the figure is the time of the whole divided by all commits.

using BenchmarkDotNet.Attributes;
using LsmMmap.Bench.Support;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.Recovery;
using LsmMmap.Engine.Writing;

namespace LsmMmap.Bench;

public class WriteQueueBench
{
    private const int KeyCount = 1024;
    private const int ThreadCount = 8;
    private const int CommitsEach = 250;

    private readonly BatchBuffer _own = new();
    private BenchFolder _folder = null!;
    private OpenStore _store = null!;
    private WriteQueue _queue = null!;
    private Barrier _start = null!;
    private Barrier _end = null!;
    private Thread[] _threads = [];
    private volatile bool _isStopping;
    private ulong _number;

    [Params(Durability.Buffered, Durability.Flushed, Durability.Synced)]
    public Durability Level { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _folder = new BenchFolder();
        _store = new StoreOpening(
            LocalFileSystem.Instance, _folder.Path, new StoreOptions().Validated()).Open();
        _queue = _store.Queue!;
        _isStopping = false;
        _start = new Barrier(ThreadCount + 1);
        _end = new Barrier(ThreadCount + 1);
        _threads = new Thread[ThreadCount];
        for (int i = 0; i < ThreadCount; i++)
        {
            ulong first = (ulong)i << 32;
            _threads[i] = new Thread(() => Work(first)) { IsBackground = true };
            _threads[i].Start();
        }
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _isStopping = true;
        _start.SignalAndWait();
        foreach (Thread thread in _threads)
            thread.Join();
        _start.Dispose();
        _end.Dispose();
        _store.Close();
        _folder.Dispose();
    }

    [Benchmark]
    public long Commit1Thread() => Commit(_own, _number++);

    [Benchmark(OperationsPerInvoke = ThreadCount * CommitsEach)]
    public void Commit8Threads()
    {
        _start.SignalAndWait();
        _end.SignalAndWait();
    }

    private void Work(ulong number)
    {
        var batch = new BatchBuffer();
        while (true)
        {
            _start.SignalAndWait();
            if (_isStopping)
                return;
            for (int i = 0; i < CommitsEach; i++)
                Commit(batch, number++);
            _end.SignalAndWait();
        }
    }

    private long Commit(BatchBuffer batch, ulong number)
    {
        Span<byte> key = stackalloc byte[BenchData.KeyBytes];
        Span<byte> value = stackalloc byte[BenchData.ValueBytes];
        BenchData.WriteKey(key, number % KeyCount);
        BenchData.WriteValue(value, number);
        batch.Clear();
        batch.Put(null, key, value);
        return _queue.Commit(batch, Level);
    }
}
