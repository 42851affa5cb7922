// A store opened for reading: what it refuses, that it writes nothing, and that it works beside
// the writer.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class ReadOnlyTests : StoreTest
{
    [Fact]
    public void ReadOnlyStore_EveryWrite_ThrowsNotSupported()
    {
        FillAndClose();
        LsmStore reader = OpenReadOnly();
        Assert.True(reader.IsReadOnly);
        using var batch = new WriteBatch();
        Assert.Throws<NotSupportedException>(() => reader.Write(batch));
        batch.Put([1], [1]);
        Assert.Throws<NotSupportedException>(() => reader.Write(batch));
        Assert.Throws<NotSupportedException>(() => reader.Put([1], [1]));
        Assert.Throws<NotSupportedException>(() => reader.Delete([1]));
        Assert.Throws<NotSupportedException>(() => reader.Default.Put([1], [1]));
        Assert.Throws<NotSupportedException>(() => reader.Default.Delete([1]));
        Assert.Throws<NotSupportedException>(() => reader.Flush());
        Assert.Throws<NotSupportedException>(() => reader.Default.Flush());
        Assert.Throws<NotSupportedException>(() => reader.FlushLog());
        Assert.Throws<NotSupportedException>(() => reader.Compact());
        Assert.Throws<NotSupportedException>(() => reader.Default.Compact());
        Assert.Throws<NotSupportedException>(() => reader.DropKeyspace("other"));
        Assert.Throws<KeyNotFoundException>(() => reader.GetKeyspace("missing"));
        Assert.Equal(["default", "other"], reader.KeyspaceNames.Order());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void OpenReadOnly_OfAnyStore_WritesNothing(bool killed)
    {
        if (killed)
        {
            using OtherProcess other = OtherProcess.Start("write", Home, "Flushed", "500");
            other.Kill();
        }
        else
        {
            FillAndClose();
        }
        string[] before = StoreFiles.Fingerprint(Home);
        using (LsmStore reader = LsmStore.OpenReadOnly(Home))
        {
            Assert.Equal(500, Count(reader));
            Assert.Equal(Bytes.Value(7, 100), reader.Get(Bytes.Number(7)));
            using Cursor cursor = reader.CreateCursor();
            Assert.True(cursor.SeekToLast());
            using Snapshot snapshot = reader.CreateSnapshot();
            Assert.True(snapshot.ContainsKey(Bytes.Number(499)));
            Assert.Equal(0, reader.Verify().DamageCount);
        }
        Assert.Equal(before, StoreFiles.Fingerprint(Home));
    }

    [Fact]
    public void OpenReadOnly_BesideTheWriter_SeesTheStateAsOfOpening()
    {
        LsmStore store = Open();
        Fill(store, 100);
        store.Flush();
        Fill(store, 100, from: 100);
        LsmStore reader = OpenReadOnly();
        Fill(store, 100, from: 200);
        store.Delete(Bytes.Number(0));
        store.Compact();
        Assert.Equal(200, Count(reader));
        Assert.Equal(Bytes.Value(0, 100), reader.Get(Bytes.Number(0)));
        Assert.Equal(299, Count(store));
        Assert.Equal(299, Count(OpenReadOnly()));
    }

    [Fact]
    public void OpenReadOnly_BesideAnotherProcess_Works()
    {
        using OtherProcess other = OtherProcess.Start("write", Home, "Flushed", "300");
        Assert.Equal(300, Count(OpenReadOnly()));
        other.End();
        Assert.Equal(300, Count(Open()));
    }

    [Fact]
    public void OpenReadOnly_Twice_Works()
    {
        FillAndClose();
        LsmStore first = OpenReadOnly();
        LsmStore second = OpenReadOnly();
        Assert.Equal(500, Count(first));
        first.Dispose();
        Assert.Equal(500, Count(second));
        LsmStore writer = Open();
        writer.Put([1], [1]);
        Assert.Equal(500, Count(second));
    }

    [Fact]
    public void OpenReadOnly_WhileTheWriterWrites_SeesAPrefixEveryTime()
    {
        LsmStore store = Open(new StoreOptions
        {
            DefaultKeyspace = { MemtableBytes = 64 << 10 },
        });
        int written = 0;
        void Write()
        {
            for (int i = 0; i < 6_000; i++)
            {
                store.Put(Bytes.Number(i), Bytes.Value(i, 200));
                Volatile.Write(ref written, i + 1);
            }
        }
        void Read()
        {
            for (int round = 0; round < 20; round++)
            {
                int before = Volatile.Read(ref written);
                using LsmStore reader = LsmStore.OpenReadOnly(Home);
                int count = Count(reader);
                Assert.True(count >= before, $"{count} of at least {before} acknowledged puts");
                if (count == 0)
                    continue;
                byte[] last = Bytes.Value(count - 1, 200);
                Assert.Equal(last, reader.Get(Bytes.Number(count - 1)));
            }
        }
        Crew.Run(Write, Read);
    }

    private void FillAndClose()
    {
        LsmStore store = Open();
        Fill(store, 250);
        store.Flush();
        Fill(store, 250, from: 250);
        store.GetKeyspace("other");
        store.Dispose();
    }
}
