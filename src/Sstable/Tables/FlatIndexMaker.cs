// Walks the index of a table once and makes the flat index of it. The bytes come through the same
// checked blocks as any lookup. What is needed on the way only is rented: a reader of thousands of
// tables would otherwise leave as many large arrays behind.

using System.Buffers;
using System.Diagnostics;
using LsmMmap.Sstable.Blocks;
using LsmMmap.Sstable.Caching;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Sstable.Tables;

internal static class FlatIndexMaker
{
    /// <summary>Null when a handle does not fit the packed form.</summary>
    public static FlatIndex? Make(BlockSource source)
    {
        long count = source.Footer.DataBlocks;
        if (count > Array.MaxLength)
            return null;
        var index = new IndexCursor();
        byte[] key = ArrayPool<byte>.Shared.Rent(BlockCursor.KeyBufferBytes);
        ulong[] heads = ArrayPool<ulong>.Shared.Rent((int)count);
        try
        {
            index.Reset(source, flat: null, fromFile: false);
            return Make(source, index, key, heads.AsSpan(0, (int)count));
        }
        finally
        {
            index.Release();
            ArrayPool<ulong>.Shared.Return(heads);
            ArrayPool<byte>.Shared.Return(key);
        }
    }

    private static FlatIndex? Make(
        BlockSource source, IndexCursor index, byte[] key, Span<ulong> heads)
    {
        byte[] prefix = SharedPrefix(index, key);
        var handles = new ulong[heads.Length];
        int i = 0;
        for (bool isThere = index.SeekToFirst(); isThere; isThere = index.MoveNext())
        {
            if (i == heads.Length)
                source.ThrowDamage(index.Handle.Offset, "the index names too many blocks");
            int keyBytes = index.CopySeparator(key, out _);
            if (!key.AsSpan(0, keyBytes).StartsWith(prefix))
                source.ThrowDamage(index.Handle.Offset, "the separators are out of order");
            heads[i] = HeadTree.HeadBehind(prefix, key.AsSpan(0, keyBytes));
            if (i > 0 && heads[i] < heads[i - 1])
                source.ThrowDamage(index.Handle.Offset, "the separators are out of order");
            if (!FlatIndex.TryPack(index.Handle, out handles[i]))
                return null;
            i++;
        }
        if (i != heads.Length)
            source.ThrowDamage(source.Footer.IndexRoot.Offset, "the index names too few blocks");
        Debug.Assert(i > 0, "a footer states at least one block");
        return new FlatIndex(prefix, heads, handles);
    }

    private static byte[] SharedPrefix(IndexCursor index, byte[] key)
    {
        index.SeekToFirst();
        byte[] first = key[..index.CopySeparator(key, out _)];
        index.SeekToLast();
        int lastBytes = index.CopySeparator(key, out _);
        return HeadTree.SharedPrefix(first, key.AsSpan(0, lastBytes));
    }
}
