// Many threads on one store: batches appear whole, reads never go back, nothing waits for what a
// caller holds.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class ConcurrencyTests : StoreTest
{
    private const int Batches = 4_000;

    private static readonly byte[] s_first = Bytes.Of("a");
    private static readonly byte[] s_last = Bytes.Of("z");

    [Theory]
    [InlineData(Compression.None)]
    [InlineData(Compression.Lz4)]
    public void BatchOfTwoKeys_UnderReaders_IsSeenWhole(Compression compression)
    {
        LsmStore store = OpenSmall(compression);
        Keyspace other = store.GetKeyspace("other");
        WriteBoth(store, other, 0);
        int writersLeft = 2;
        void Write()
        {
            for (int i = 0; i < Batches; i++)
                WriteBoth(store, other, i);
            Interlocked.Decrement(ref writersLeft);
        }
        void Read(Action check)
        {
            do
                check();
            while (Volatile.Read(ref writersLeft) > 0);
        }
        Crew.Run(
            Write,
            Write,
            () => Read(() => CheckSnapshot(store, other)),
            () => Read(() => CheckCursor(store)),
            () => Read(() => store.Flush()));
        Assert.Equal(0, store.Verify().DamageCount);
    }

    [Fact]
    public void Counter_ReadInTheOrderAgainstTheWrite_NeverGoesBack()
    {
        LsmStore store = OpenSmall(Compression.None);
        bool done = false;
        void Write()
        {
            using var batch = new WriteBatch();
            for (int i = 1; i <= Batches; i++)
            {
                batch.Clear();
                batch.Put(s_first, Bytes.Number(i)).Put(s_last, Bytes.Number(i));
                store.Write(batch);
            }
            Volatile.Write(ref done, true);
        }
        void Read()
        {
            long before = 0;
            while (!Volatile.Read(ref done))
            {
                // Single reads, no snapshot: what is read later is never older.
                long last = NumberAt(store, s_last);
                long first = NumberAt(store, s_first);
                Assert.True(last >= before, $"{last} after {before}");
                Assert.True(first >= last, $"{first} after {last}");
                before = first;
            }
        }
        Crew.Run(Write, Read, Read);
    }

    [Fact]
    public void Put_AcknowledgedOnOneThread_IsSeenByAll()
    {
        LsmStore store = OpenSmall(Compression.None);
        int acknowledged = -1;
        void Write()
        {
            for (int i = 0; i < 20_000; i++)
            {
                store.Put(Bytes.Number(i), Bytes.Number(i));
                Volatile.Write(ref acknowledged, i);
            }
        }
        void Read()
        {
            int seen;
            do
            {
                seen = Volatile.Read(ref acknowledged);
                if (seen < 0)
                    continue;
                Assert.True(store.ContainsKey(Bytes.Number(seen)), $"put {seen} is missing");
                Assert.True(store.ContainsKey(Bytes.Number(seen / 2)), $"{seen / 2} is missing");
            }
            while (seen < 19_999);
        }
        Crew.Run(Write, Read, Read);
    }

    [Fact]
    public void ManyWriters_DistinctKeys_LoseNothing()
    {
        const int Writers = 6;
        const int EachWrites = 3_000;
        LsmStore store = OpenSmall(Compression.None);
        long[] sequences = new long[Writers * EachWrites];
        Action WriterOf(int writer) => () =>
        {
            for (int i = 0; i < EachWrites; i++)
            {
                int number = writer * EachWrites + i;
                Durability durability = (Durability)(1 + i % 2);
                sequences[number] =
                    store.Put(Bytes.Number(number), Bytes.Value(number, 100), durability);
            }
        };
        Crew.Run([.. Enumerable.Range(0, Writers).Select(WriterOf)]);
        Assert.Equal(sequences.Length, sequences.Distinct().Count());
        for (int i = 0; i < sequences.Length; i++)
            Assert.Equal(Bytes.Value(i, 100), store.Get(Bytes.Number(i)));
        store.Dispose();
        Assert.Equal(sequences.Length, Count(Open()));
    }

    [Fact]
    public void SyncedWriters_AtOnce_LoseNothing()
    {
        LsmStore store = Open();
        Action WriterOf(int writer) => () =>
        {
            for (int i = 0; i < 200; i++)
                store.Put(Bytes.Number(writer * 200 + i), [1], Durability.Synced);
        };
        Crew.Run([.. Enumerable.Range(0, 8).Select(WriterOf)]);
        Assert.Equal(1_600, Count(Open(ImageOfHome())));
    }

    [Fact]
    public void Writes_UnderTheirOwnCursorSnapshotAndPin_DoNotWaitForThemselves()
    {
        LsmStore store = OpenSmall(Compression.None);
        Fill(store, 1_000);
        Eventually.Returns(
            () =>
            {
                using Cursor cursor = store.CreateCursor();
                using Snapshot snapshot = store.CreateSnapshot();
                using PinnedValue value = store.GetPinned(Bytes.Number(5));
                Assert.True(cursor.MoveNext());
                foreach (KeyValueView entry in store.Range([], []))
                {
                    for (int i = 0; i < 5_000; i++)
                        store.Put(Bytes.Number(i), Bytes.Value(i, 1_000));
                    store.Flush();
                    store.Compact();
                    store.WaitForIdle();
                    Assert.Equal(Bytes.Value(0, 100), entry.Value.ToArray());
                    break;
                }
                store.Dispose();
                Assert.Equal(Bytes.Value(5, 100), value.Span.ToArray());
                Assert.Equal(Bytes.Value(0, 100), cursor.Value.ToArray());
            },
            "writes under their own cursor");
    }

    private LsmStore OpenSmall(Compression compression) => Open(new StoreOptions
    {
        DefaultKeyspace =
        {
            MemtableBytes = 64 << 10,
            CompressionPerLevel = [compression],
        },
    });

    private static void WriteBoth(LsmStore store, Keyspace other, int number)
    {
        using var batch = new WriteBatch();
        byte[] value = Bytes.Value(number, 64);
        batch.Put(s_first, value).Put(other, s_first, value).Put(s_last, value);
        // Filling between the two, so that they part into different tables.
        batch.Put(Bytes.Of($"m{number % 97}"), value).Put(other, s_last, value);
        store.Write(batch);
    }

    private static void CheckSnapshot(LsmStore store, Keyspace other)
    {
        using Snapshot snapshot = store.CreateSnapshot();
        byte[] one = snapshot.Get(s_first)!;
        Assert.Equal(one, snapshot.Get(s_last));
        KeyspaceSnapshot part = snapshot.Of(other);
        Assert.Equal(one, part.Get(s_last));
        Assert.Equal(one, part.Get(s_first));
    }

    private static void CheckCursor(LsmStore store)
    {
        using Cursor cursor = store.CreateCursor();
        Assert.True(cursor.SeekToFirst());
        byte[] one = cursor.Value.ToArray();
        Assert.True(cursor.SeekToLast());
        Assert.Equal(s_last, cursor.Key.ToArray());
        Assert.Equal(one, cursor.Value.ToArray());
        Assert.True(cursor.Seek(s_first));
        Assert.Equal(one, cursor.Value.ToArray());
    }

    private static long NumberAt(LsmStore store, byte[] key)
    {
        byte[]? value = store.Get(key);
        return value is null
            ? 0
            : System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(value);
    }
}
