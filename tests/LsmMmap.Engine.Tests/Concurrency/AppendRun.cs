// Lists that only grow, for a check that trusts nothing the store says about order. Each key has
// one writer, which appends to several of its keys in one batch; the other threads read lists of
// several writers in one snapshot, by one cursor, or one list by a get. An element is its number
// in the list, so a list is known by its length, and its content is checked where it is read.
// Threads: each has its own list of transactions.

using System.Buffers.Binary;
using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests.Concurrency;

/// <summary>What one transaction appended (key and element, from 1) and what it read (key,
/// length of the list, and its last element; 0 for an empty one).</summary>
internal sealed record Transaction(
    long Start, long End, (int Key, int Element)[] Appends,
    (int Key, int Length, int Last)[] Reads);

internal sealed class AppendRun(string directory, int seed)
{
    private const int Writers = 3;
    private const int Readers = 3;
    private const int KeysOfWriter = 4;

    // A list that has grown this long is left alone, and its writer goes on under a new key.
    private const int ListMax = 60;

    private readonly List<Transaction>[] _histories =
        [.. Enumerable.Range(0, Writers + Readers).Select(static _ => new List<Transaction>())];

    private readonly int[] _keys =
        [.. Enumerable.Range(0, Writers * KeysOfWriter)];

    private LsmStore _store = null!;
    private long _stamp;
    private int _lastKey = Writers * KeysOfWriter;

    public IEnumerable<Transaction> Transactions => _histories.SelectMany(static h => h);

    public void Run(int transactions, int epochs)
    {
        int each = transactions / epochs / (Writers + Readers);
        for (int epoch = 0; epoch < epochs; epoch++)
        {
            _store = LsmStore.Open(directory, new StoreOptions
            {
                DefaultKeyspace = { MemtableBytes = 64 << 10 },
            });
            int left = Writers + Readers;
            var actions = new List<Action>();
            for (int i = 0; i < Writers + Readers; i++)
            {
                int self = i;
                var random = new Random(HashCode.Combine(seed, epoch, self));
                actions.Add(() =>
                {
                    try
                    {
                        for (int n = 0; n < each; n++)
                            _histories[self].Add(self < Writers ? Append(self, random)
                                : Read(random));
                    }
                    finally
                    {
                        Interlocked.Decrement(ref left);
                    }
                });
            }
            actions.Add(() =>
            {
                while (Volatile.Read(ref left) > 0)
                    _store.Flush();
            });
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

    private Transaction Append(int self, Random random)
    {
        var appends = new List<(int, int)>();
        using var batch = new WriteBatch();
        for (int i = 0; i < KeysOfWriter; i++)
        {
            int place = self * KeysOfWriter + i;
            if (random.Next(2) == 0 && appends.Count > 0)
                continue;
            int key = Volatile.Read(ref _keys[place]);
            byte[] list = _store.Get(Bytes.Number(key)) ?? [];
            int element = list.Length / 4 + 1;
            Array.Resize(ref list, list.Length + 4);
            BinaryPrimitives.WriteInt32LittleEndian(list.AsSpan(list.Length - 4), element);
            batch.Put(Bytes.Number(key), list);
            appends.Add((key, element));
            if (element == ListMax)
                Volatile.Write(ref _keys[place], Interlocked.Increment(ref _lastKey));
        }
        long start = Stamp();
        _store.Write(batch);
        return new Transaction(start, Stamp(), [.. appends], []);
    }

    private Transaction Read(Random random)
    {
        int[] keys = [.. Enumerable.Range(0, 5).Select(
            _ => Volatile.Read(ref _keys[random.Next(_keys.Length)])).Distinct()];
        return random.Next(3) switch
        {
            0 => ReadOne(keys[0]),
            1 => ReadSnapshot(keys),
            _ => ReadCursor(keys),
        };
    }

    private Transaction ReadOne(int key)
    {
        long start = Stamp();
        (int, int, int) read = ReadList(_store, key);
        return new Transaction(start, Stamp(), [], [read]);
    }

    private Transaction ReadSnapshot(int[] keys)
    {
        long start = Stamp();
        using Snapshot snapshot = _store.CreateSnapshot();
        long end = Stamp();
        return new Transaction(start, end, [], [.. keys.Select(key => ReadList(snapshot, key))]);
    }

    private Transaction ReadCursor(int[] keys)
    {
        long start = Stamp();
        using Cursor cursor = _store.CreateCursor();
        long end = Stamp();
        return new Transaction(start, end, [], [.. keys.Select(key => ReadAt(cursor, key))]);
    }

    private static (int, int, int) ReadList(IReadView view, int key)
    {
        using PinnedValue value = view.GetPinned(Bytes.Number(key));
        return ListOf(key, value.Span);
    }

    private static (int, int, int) ReadAt(Cursor cursor, int key) =>
        cursor.Seek(Bytes.Number(key)) && cursor.Key.SequenceEqual(Bytes.Number(key))
            ? ListOf(key, cursor.Value) : (key, 0, 0);

    private static (int, int, int) ListOf(int key, ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i += 4)
        {
            int element = BinaryPrimitives.ReadInt32LittleEndian(bytes[i..]);
            Assert.Equal(i / 4 + 1, element);
        }
        return (key, bytes.Length / 4, bytes.Length / 4);
    }
}
