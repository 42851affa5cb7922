// A seek to bytes that the cursor itself lent: they must stay whole until the seek has ended.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests.Regression;

public sealed class CursorTargetTests : StoreTest
{
    [Theory]
    [InlineData(ReadMode.Copy, Compression.None)]
    [InlineData(ReadMode.Direct, Compression.Lz4)]
    [InlineData(ReadMode.Direct, Compression.None)]
    public void Seek_ToTheCursorsOwnValue_FindsThatKey(ReadMode mode, Compression compression)
    {
        const int Entries = 20_000;
        LsmStore store = Open(new StoreOptions
        {
            ReadMode = mode,
            BlockIndexCacheBytes = 1 << 20,
            DefaultKeyspace = { CompressionPerLevel = [compression] },
        });
        for (int i = 0; i < Entries; i++)
            store.Put(Bytes.Number(i), Bytes.Number(Next(i, Entries)));
        store.Flush();
        // A second run, so that one run moves before the other has looked at the target.
        for (int i = 0; i < Entries; i += 7)
            store.Put(Bytes.Number(i), Bytes.Number(Next(i, Entries)));
        store.Flush();
        using Cursor cursor = store.CreateCursor();
        int expected = 1;
        Assert.True(cursor.Seek(Bytes.Number(expected)));
        for (int step = 0; step < 5_000; step++)
        {
            expected = Next(expected, Entries);
            bool found = step % 2 == 0
                ? cursor.Seek(cursor.Value) : cursor.SeekForPrevious(cursor.Value);
            Assert.True(found, $"step {step}");
            Assert.True(cursor.Key.SequenceEqual(Bytes.Number(expected)), $"step {step}");
        }
    }

    private static int Next(int i, int count) => (int)((i * 7_919L + 13) % count);
}
