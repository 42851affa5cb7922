// In checked builds a span that is kept beyond its time reads nonsense at once, so that the mistake
// shows in a test and not in production: a cursor lends copies and overwrites them when it moves,
// and a block that was inflated or copied is overwritten when its last reader lets go.
//
// A pinned value in a memtable or a mapped table is lent as it lies, in checked builds too: the
// bytes cannot be overwritten, and a copy would put an allocation into a read. There the compiler
// guards (a ref struct), and Span of a stale handle throws.

#if DEBUG
using System.Runtime.InteropServices;
using LsmMmap.Engine.Reading;
using LsmMmap.Testing;

namespace LsmMmap.Real.Tests;

public sealed class BorrowedBytesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // With CursorCore.Moved not ending the loans, the spans still read right.
    [Theory]
    [InlineData(ReadMode.Direct)]
    [InlineData(ReadMode.Copy)]
    public void Cursor_ThatMoved_HasOverwrittenWhatItLent(ReadMode mode)
    {
        using LsmStore store = Filled(mode, Compression.None);
        using Cursor cursor = store.CreateCursor();
        foreach (Func<Cursor, bool> move in new Func<Cursor, bool>[]
        {
            static c => c.MoveNext(), static c => c.MovePrevious(), static c => c.SeekToLast(),
            static c => c.SeekToFirst(), static c => c.Seek("key 5"u8),
            static c => c.SeekForPrevious("key 5"u8),
            static c =>
            {
                c.Refresh();
                return true;
            },
        })
        {
            Assert.True(cursor.Seek("key 3"u8));
            ReadOnlySpan<byte> key = cursor.Key;
            ReadOnlySpan<byte> value = cursor.Value;
            Assert.True(value.SequenceEqual(cursor.Value), "asking twice gives the same");
            move(cursor);
            Assert.Equal(-1, key.IndexOfAnyExcept(LentBytes.Poison));
            Assert.Equal(-1, value.IndexOfAnyExcept(LentBytes.Poison));
        }
    }

    [Fact]
    public void Cursor_Disposed_HasOverwrittenWhatItLent()
    {
        using LsmStore store = Filled(ReadMode.Direct, Compression.None);
        Cursor cursor = store.CreateCursor();
        Assert.True(cursor.SeekToFirst());
        ReadOnlySpan<byte> value = cursor.Value;
        cursor.Dispose();
        Assert.Equal(-1, value.IndexOfAnyExcept(LentBytes.Poison));
    }

    // With InflatedBlock.Spoil left out, the value still read right.
    [Fact]
    public unsafe void PinnedCopy_Disposed_IsOverwritten()
    {
        using LsmStore store = Filled(ReadMode.Copy, Compression.None);
        ref byte first = ref MemoryMarshal.GetReference(default(ReadOnlySpan<byte>));
        int length;
        using (PinnedValue pinned = store.GetPinned("large"u8))
        {
            length = pinned.Span.Length;
            fixed (byte* bytes = pinned.Span)
                first = ref *bytes;
        }
        var stale = MemoryMarshal.CreateReadOnlySpan(ref first, length);
        Assert.Equal(-1, stale.IndexOfAnyExcept(LentBytes.Poison));
    }

    private LsmStore Filled(ReadMode mode, Compression compression)
    {
        LsmStore store = LsmStore.Open(_folder["store"], new StoreOptions
        {
            ReadMode = mode,
            DefaultKeyspace = new KeyspaceOptions { CompressionPerLevel = [compression] },
        });
        for (int i = 0; i < 10; i++)
            store.Put($"key {i}", $"value {i}");
        // Too large for a block that a cache would keep.
        store.Put("large"u8, new byte[100_000]);
        store.Compact();
        return store;
    }
}
#endif
