// All index entries of a table in order, read by positioned reads, going on behind damage. For
// verification and tools; allocates freely.

using System.Diagnostics;
using LsmMmap.Sstable.Blocks;
using LsmMmap.Sstable.Caching;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Sstable.Tables;

/// <summary>
/// A block that the index names (Height 0: data), with the separator that leads to it; the root
/// has none. Damage is set when an index block could not be read; its subtree is then left out.
/// </summary>
internal sealed record IndexStep(
    BlockHandle Handle, int Height, byte[] SeparatorKey, ulong SeparatorTag, Exception? Damage);

internal static class IndexWalk
{
    /// <summary>Index blocks before what they name, children in order.</summary>
    public static IEnumerable<IndexStep> Steps(BlockSource source)
    {
        var waiting = new Stack<IndexStep>();
        waiting.Push(new IndexStep(
            source.Footer.IndexRoot, source.Footer.IndexDepth, [], KeySeparator.TagMin, null));
        while (waiting.TryPop(out IndexStep? step))
        {
            if (step.Height > 0)
            {
                List<IndexStep>? children = TryExpand(source, step, out Exception? damage);
                for (int i = (children?.Count ?? 0) - 1; i >= 0; i--)
                    waiting.Push(children![i]);
                if (damage != null)
                    step = step with { Damage = damage };
            }
            yield return step;
        }
    }

    private static List<IndexStep>? TryExpand(
        BlockSource source, IndexStep step, out Exception? damage)
    {
        InflatedBlock? block = null;
        try
        {
            damage = null;
            block = source.Copy(step.Handle, BlockType.Index);
            return Expand(source, step, new BlockView(block.Slice.Span));
        }
        catch (Exception exception)
        {
            // Only the bytes can be wrong here, in a way that their owner named.
            damage = exception;
            return null;
        }
        finally
        {
            block?.Release();
        }
    }

    private static List<IndexStep> Expand(BlockSource source, IndexStep parent, BlockView view)
    {
        var children = new List<IndexStep>(view.Count);
        byte[] key = new byte[BlockCursor.KeyBufferBytes];
        for (int i = 0; i < view.Count; i++)
        {
            if (!view.TryDecode(i, out BlockEntry entry)
                || !view.TryHandle(i, parent.Handle.Offset, out BlockHandle handle))
            {
                source.ThrowDamage(parent.Handle.Offset, "an index entry cannot be read");
                break;
            }
            int keyBytes = view.CopyKey(entry, key);
            children.Add(new IndexStep(
                handle, parent.Height - 1, key[..keyBytes], entry.Tag, null));
        }
        CheckLast(source, parent, children);
        return children;
    }

    /// <summary>The separator that leads to an index block is the last one inside it.</summary>
    private static void CheckLast(
        BlockSource source, IndexStep parent, List<IndexStep> children)
    {
        Debug.Assert(children.Count > 0, "a validated block has entries");
        IndexStep last = children[^1];
        bool isRoot = parent.Height == source.Footer.IndexDepth;
        if (!isRoot && (last.SeparatorTag != parent.SeparatorTag
            || !last.SeparatorKey.AsSpan().SequenceEqual(parent.SeparatorKey)))
            source.ThrowDamage(
                parent.Handle.Offset, "an index block ends elsewhere than its separator says");
    }
}
