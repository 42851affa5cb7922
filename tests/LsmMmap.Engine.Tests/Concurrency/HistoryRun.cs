// Many threads on one store, everything they do and see written down. Puts, deletes, batches
// over two keyspaces, WriteAsync; gets, snapshots, cursors; a thread that flushes and compacts.
// The store is closed and opened again between epochs. What each thread asks for follows from the
// seed; what happens at the same time does not.
// Threads: each has its own list of operations; the counter of stamps is shared.

using System.Buffers.Binary;
using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests.Concurrency;

internal sealed class HistoryRun(string directory, int seed)
{
    private const int KeyCount = 96;
    private const int Threads = 5;
    private const int ValueBytes = 100;

    private readonly List<HistoryOperation>[] _histories =
        [.. Enumerable.Range(0, Threads).Select(static _ => new List<HistoryOperation>())];

    private LsmStore _store = null!;
    private Keyspace _other = null!;
    private long _stamp;
    private long _lastValue;

    public IEnumerable<HistoryOperation> Operations => _histories.SelectMany(static h => h);

    public void Run(int operations, int epochs)
    {
        for (int epoch = 0; epoch < epochs; epoch++)
        {
            _store = LsmStore.Open(directory, new StoreOptions
            {
                DefaultKeyspace = { MemtableBytes = 64 << 10 },
                DefaultDurability = epoch % 2 == 0 ? Durability.Flushed : Durability.Buffered,
            });
            _other = _store.GetKeyspace("other");
            int each = operations / epochs / Threads;
            int left = Threads;
            int number = epoch;
            var actions = new List<Action>();
            for (int thread = 0; thread < Threads; thread++)
            {
                int self = thread;
                actions.Add(() =>
                {
                    try
                    {
                        Use(self, each, new Random(HashCode.Combine(seed, number, self)));
                    }
                    finally
                    {
                        Interlocked.Decrement(ref left);
                    }
                });
            }
            actions.Add(() => Maintain(() => Volatile.Read(ref left) > 0));
            try
            {
                Crew.Run([.. actions]);
            }
            finally
            {
                _store.Dispose();
            }
        }
    }

    private long Stamp() => Interlocked.Increment(ref _stamp);

    private void Maintain(Func<bool> goesOn)
    {
        for (int i = 0; goesOn(); i++)
        {
            if (i % 8 == 7)
                _store.Compact();
            else
                _other.Flush();
            _store.WaitForIdle();
        }
    }

    private void Use(int self, int count, Random random)
    {
        List<HistoryOperation> history = _histories[self];
        var inFlight = new Queue<(HistoryOperation Operation, Task<long> Task, WriteBatch Batch)>();
        void AwaitOldest()
        {
            (HistoryOperation operation, Task<long> task, WriteBatch batch) = inFlight.Dequeue();
            operation.Sequence = task.GetAwaiter().GetResult();
            operation.End = Stamp();
            batch.Dispose();
        }
        for (int i = 0; i < count; i++)
        {
            HistoryOperation operation;
            switch (random.Next(100))
            {
                case < 30: operation = Put(random); break;
                case < 36: operation = Delete(random); break;
                case < 46: operation = Write(random); break;
                case < 52:
                    operation = WriteAsync(random, inFlight);
                    while (inFlight.Count > 3)
                        AwaitOldest();
                    break;
                case < 88: operation = Get(random); break;
                case < 95: operation = ReadSnapshot(random); break;
                default: operation = ReadCursor(random); break;
            }
            history.Add(operation);
        }
        while (inFlight.Count > 0)
            AwaitOldest();
    }

    private static byte[] KeyOf(int key) => Bytes.Number(key / 2);

    private Keyspace KeyspaceOf(int key) => key % 2 == 0 ? _store.Default : _other;

    private byte[] NewValue(out long number)
    {
        number = Interlocked.Increment(ref _lastValue);
        byte[] value = new byte[ValueBytes];
        BinaryPrimitives.WriteInt64LittleEndian(value, number);
        return value;
    }

    private static long NumberOf(ReadOnlySpan<byte> value) =>
        BinaryPrimitives.ReadInt64LittleEndian(value);

    private HistoryOperation Put(Random random)
    {
        int key = random.Next(KeyCount);
        byte[] value = NewValue(out long number);
        var operation = new HistoryOperation
        { Start = Stamp(), IsWrite = true, Cells = [new Cell(key, number)] };
        Durability? durability = random.Next(200) == 0 ? Durability.Synced : null;
        operation.Sequence = KeyspaceOf(key).Put(KeyOf(key), value, durability);
        operation.End = Stamp();
        return operation;
    }

    private HistoryOperation Delete(Random random)
    {
        int key = random.Next(KeyCount);
        var operation = new HistoryOperation
        { Start = Stamp(), IsWrite = true, Cells = [new Cell(key, 0)] };
        operation.Sequence = KeyspaceOf(key).Delete(KeyOf(key));
        operation.End = Stamp();
        return operation;
    }

    private Cell[] Fill(WriteBatch batch, Random random)
    {
        var cells = new Dictionary<int, long>();
        int count = 1 + random.Next(6);
        while (cells.Count < count)
        {
            int key = random.Next(KeyCount);
            if (cells.ContainsKey(key))
                continue;
            long number = 0;
            if (random.Next(8) == 0)
                batch.Delete(KeyspaceOf(key), KeyOf(key));
            else
                batch.Put(KeyspaceOf(key), KeyOf(key), NewValue(out number));
            cells.Add(key, number);
        }
        return [.. cells.Select(static c => new Cell(c.Key, c.Value))];
    }

    private HistoryOperation Write(Random random)
    {
        using var batch = new WriteBatch();
        Cell[] cells = Fill(batch, random);
        var operation = new HistoryOperation { Start = Stamp(), IsWrite = true, Cells = cells };
        operation.Sequence = _store.Write(batch);
        operation.End = Stamp();
        return operation;
    }

    private HistoryOperation WriteAsync(
        Random random, Queue<(HistoryOperation, Task<long>, WriteBatch)> inFlight)
    {
        var batch = new WriteBatch();
        Cell[] cells = Fill(batch, random);
        var operation = new HistoryOperation { Start = Stamp(), IsWrite = true, Cells = cells };
        inFlight.Enqueue((operation, _store.WriteAsync(batch).AsTask(), batch));
        return operation;
    }

    private HistoryOperation Get(Random random)
    {
        int key = random.Next(KeyCount);
        var cells = new Cell[1];
        var operation = new HistoryOperation { Start = Stamp(), Cells = cells };
        using (PinnedValue value = KeyspaceOf(key).GetPinned(KeyOf(key)))
            cells[0] = new Cell(key, value.Found ? NumberOf(value.Span) : 0);
        operation.End = Stamp();
        return operation;
    }

    private HistoryOperation ReadSnapshot(Random random)
    {
        var cells = new Cell[6];
        var operation = new HistoryOperation { Start = Stamp(), Cells = cells };
        using Snapshot snapshot = _store.CreateSnapshot();
        operation.End = Stamp();
        operation.Sequence = snapshot.Sequence;
        for (int i = 0; i < cells.Length; i++)
        {
            int key = random.Next(KeyCount);
            using PinnedValue value = snapshot.Of(KeyspaceOf(key)).GetPinned(KeyOf(key));
            cells[i] = new Cell(key, value.Found ? NumberOf(value.Span) : 0);
        }
        return operation;
    }

    private HistoryOperation ReadCursor(Random random)
    {
        var cells = new Cell[KeyCount / 2];
        int parity = random.Next(2);
        for (int i = 0; i < cells.Length; i++)
            cells[i] = new Cell(2 * i + parity, 0);
        var operation = new HistoryOperation { Start = Stamp(), Cells = cells };
        using Cursor cursor = KeyspaceOf(parity).CreateCursor();
        operation.End = Stamp();
        bool isBackward = random.Next(2) == 0;
        while (isBackward ? cursor.MovePrevious() : cursor.MoveNext())
        {
            int at = (int)BinaryPrimitives.ReadInt64BigEndian(cursor.Key);
            cells[at] = new Cell(2 * at + parity, NumberOf(cursor.Value));
        }
        return operation;
    }
}
