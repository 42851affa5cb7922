// Readers of every kind against everything that lets memory go: flushes, compactions, dropped
// keyspaces, disposed stores. Whatever the store unmaps or frees stays inaccessible (DeadRanges),
// so a touch after the end is no matter of luck: the process dies, and the test sees it.
//
// A value is a function of its key and a number inside it, so every byte that is read is checked.
// Threads: readers, writers, one that maintains, and the main thread that opens and disposes.

using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace LsmMmap.Real.Child;

internal sealed class Lifetimes(string directory, int seed, int seconds) : IDisposable
{
    private const int Keys = 3_000;
    private const int Readers = 4;
    private const int Spaces = 3;
    private const int CursorsMax = 6;
    private static readonly TimeSpan s_storeLife = TimeSpan.FromMilliseconds(700);

    private readonly CancellationTokenSource _stop = new();
    private volatile LsmStore? _store;
    private long _reads;
    private long _pins;
    private long _cursors;

    public int Run()
    {
        DeadRanges.Install();
        Engine.Reading.LentBytes.TurnOff();
        _stop.CancelAfter(TimeSpan.FromSeconds(seconds));
        var random = new Random(seed);
        _store = Open(random);
        var threads = new List<Thread>();
        for (int i = 0; i < Readers; i++)
        {
            int number = i;
            threads.Add(new Thread(() => Loop(number, Read)));
        }
        threads.Add(new Thread(() => Loop(100, Write)));
        threads.Add(new Thread(() => Loop(101, Maintain)));
        threads.ForEach(static thread => thread.Start());
        int stores = 1;
        while (!_stop.Token.WaitHandle.WaitOne(s_storeLife))
        {
            _store.Dispose();
            _store = Open(random);
            stores++;
        }
        threads.ForEach(static thread => thread.Join());
        _store.Dispose();
        Report.Line($"stores {stores} reads {_reads} pins {_pins} cursors {_cursors} "
            + $"dead {DeadRanges.Count}");
        return 0;
    }

    public void Dispose()
    {
        _store?.Dispose();
        _stop.Dispose();
    }

    /// <summary>Does the one thing that must not be done, to show that it is noticed.</summary>
    public static int TouchDeadRange(string directory)
    {
        DeadRanges.Install();
        Media.Create(directory);
        LsmStore store = LsmStore.Open(directory, new StoreOptions { ReadMode = ReadMode.Direct });
        nint kept;
        using (PinnedValue pinned = store.GetPinned(Media.Key(1)))
            kept = AddressOf(pinned.Span);
        Report.Line($"first byte {Marshal.ReadByte(kept)}");
        store.Dispose();
        Engine.Lifetimes.Reclaimer.WaitUntilIdle();
        Report.Line("unmapped");
        Report.Line($"first byte {Marshal.ReadByte(kept)}");
        return 0;
    }

    // The compiler does not let the span out; this is the mistake that it prevents.
    private static unsafe nint AddressOf(ReadOnlySpan<byte> span)
    {
        fixed (byte* bytes = span)
            return (nint)bytes;
    }

    private LsmStore Open(Random random) => LsmStore.Open(directory, new StoreOptions
    {
        ReadMode = (ReadMode)random.Next(1, 4),
        MemoryBudgetBytes = 2 << 20,
        BlockIndexCacheBytes = 64 << 10 << random.Next(6),
        DefaultKeyspace = new KeyspaceOptions
        {
            MemtableBytes = 64 << 10,
            TableBytes = 64 << 10,
            CompressionPerLevel = random.Next(2) == 0 ? null : [Compression.None, Compression.Lz4],
        },
    });

    private void Loop(int number, Action<LsmStore, Random> once)
    {
        var random = new Random(seed * 1000 + number);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                once(_store!, random);
            }
            catch (ObjectDisposedException)
            {
                // The store, or the keyspace, went under us; there is another one.
            }
            catch (KeyNotFoundException)
            {
                // Two dropped the same keyspace.
            }
        }
    }

    private static byte[] Key(int n)
    {
        byte[] key = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(key, n);
        return key;
    }

    private static byte[] Value(int n, int version)
    {
        var random = new Random(n * 31 + version);
        int more = random.Next(60) == 0 ? random.Next(20_000) : random.Next(200);
        byte[] value = new byte[8 + more];
        BinaryPrimitives.WriteInt32LittleEndian(value, version);
        value.AsSpan(4).Fill((byte)(n * 7 + version));
        return value;
    }

    private static void Check(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        int n = (int)BinaryPrimitives.ReadInt64BigEndian(key);
        int version = BinaryPrimitives.ReadInt32LittleEndian(value);
        if (value[4..].ContainsAnyExcept((byte)(n * 7 + version)))
            throw new InvalidOperationException($"key {n}, version {version}: other bytes");
    }

    private static string Space(Random random) => $"space {random.Next(Spaces)}";

    private void Write(LsmStore store, Random random)
    {
        using var batch = new WriteBatch();
        Keyspace space = store.GetKeyspace(Space(random));
        for (int i = random.Next(1, 40); i > 0; i--)
        {
            int n = random.Next(Keys);
            if (random.Next(5) == 0)
                batch.Delete(space, Key(n)).Delete(Key(n));
            else
                batch.Put(space, Key(n), Value(n, random.Next())).Put(
                    Key(n), Value(n, random.Next()));
        }
        store.Write(batch, Durability.Buffered);
    }

    private static void Maintain(LsmStore store, Random random)
    {
        switch (random.Next(6))
        {
            case 0:
                store.Compact();
                break;
            case 1:
                store.DropKeyspace(Space(random));
                break;
            case 2:
                store.GetKeyspace(Space(random)).Compact(Key(random.Next(Keys)));
                break;
            default:
                store.Flush();
                break;
        }
    }

    private void Read(LsmStore store, Random random)
    {
        using Snapshot? snapshot = random.Next(3) == 0 ? store.CreateSnapshot() : null;
        Keyspace space = store.GetKeyspace(Space(random));
        IReadView view = snapshot != null
            ? random.Next(2) == 0 ? snapshot : snapshot.Of(space)
            : random.Next(2) == 0 ? store : space;
        switch (random.Next(4))
        {
            case 0:
                HoldPins(view, random, random.Next(1, 11));
                break;
            case 1:
                HoldCursors(view, random);
                break;
            case 2:
                foreach (KeyValueView entry in view.Range(Key(random.Next(Keys)), default))
                {
                    Check(entry.Key, entry.Value);
                    if (random.Next(200) == 0)
                        break;
                }
                break;
            default:
                for (int i = 0; i < 50; i++)
                {
                    byte[] key = Key(random.Next(Keys));
                    if (view.Get(key) is { } value)
                        Check(key, value);
                }
                break;
        }
        Interlocked.Increment(ref _reads);
    }

    /// <summary>Up to ten values at once, read again after everything else had time to go.
    /// </summary>
    private void HoldPins(IReadView view, Random random, int depth)
    {
        byte[] key = Key(random.Next(Keys));
        using PinnedValue pinned = view.GetPinned(key);
        if (pinned.Found)
            Check(key, pinned.Span);
        if (depth > 1)
            HoldPins(view, random, depth - 1);
        else if (random.Next(4) == 0)
            _stop.Token.WaitHandle.WaitOne(random.Next(1, 40));
        if (pinned.Found)
            Check(key, pinned.Span);
        Interlocked.Increment(ref _pins);
    }

    private void HoldCursors(IReadView view, Random random)
    {
        var cursors = new List<Cursor>();
        try
        {
            for (int i = random.Next(1, CursorsMax); i > 0; i--)
                cursors.Add(view.CreateCursor());
            for (int i = 0; i < 150; i++)
            {
                Move(cursors[random.Next(cursors.Count)], random);
                if (random.Next(50) == 0)
                    _stop.Token.WaitHandle.WaitOne(random.Next(1, 20));
            }
        }
        finally
        {
            cursors.ForEach(static cursor => cursor.Dispose());
        }
        Interlocked.Increment(ref _cursors);
    }

    private static void Move(Cursor cursor, Random random)
    {
        // What it stands on was lent before the wait, and is read after it.
        if (cursor.IsValid)
            Check(cursor.Key, cursor.Value);
        bool isThere = random.Next(8) switch
        {
            0 => cursor.Seek(Key(random.Next(Keys))),
            1 => cursor.SeekForPrevious(Key(random.Next(Keys))),
            2 => cursor.SeekToFirst(),
            3 or 4 => cursor.MovePrevious(),
            _ => cursor.MoveNext(),
        };
        Debug.Assert(isThere == cursor.IsValid, "a move says where it ended");
        if (isThere)
            Check(cursor.Key, cursor.Value);
    }
}
