// The entries of a batch, encoded once, in the form in which they go into the log:
//
//   entry = u8 kind, varint keyspace id, varint key bytes, key,
//           then for a Put: varint value bytes, value
//           then for a PutWithExpiry: varint value bytes + 8, i64 time, value (Expiry)
//           then for a RangeDelete: varint bytes of the first key behind, that key; empty: no end
//
// The log record of a group of commits holds a small header and the entries of its batches one
// after the other:
//
//   body  = varint first sequence, varint commits, varint entries, entries
//
// The n-th entry has the n-th sequence. Limits of keys and values are checked here, before
// anything is written.
// Threads: one at a time.

using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using LsmMmap.Engine.State;
using LsmMmap.Sstable.Keys;
using LsmMmap.Wal;

namespace LsmMmap.Engine.Writing;

internal sealed class BatchBuffer
{
    // A batch of a few large values should not keep their memory for ever.
    private const int KeptBytesMax = 1 << 20;

    // One log record holds a batch in one array, behind a small header.
    private static readonly int s_encodedBytesMax = LogFormat.BodyBytesMax - 64;

    private byte[] _bytes = [];
    private int _length;
    private readonly List<KeyspaceTree> _trees = [];

    public int Count { get; private set; }

    /// <summary>How many of them are deletes of one key.</summary>
    public int Deletes { get; private set; }

    /// <summary>And of ranges; the others are puts.</summary>
    public int RangeDeletes { get; private set; }

    /// <summary>Bytes of keys and values.</summary>
    public long UserBytes { get; private set; }

    public ReadOnlySpan<byte> Entries => _bytes.AsSpan(0, _length);

    /// <summary>The keyspaces that the batch names by handle, each once. The default keyspace
    /// is named by its id alone.</summary>
    public List<KeyspaceTree> Trees => _trees;

    public void Put(
        KeyspaceTree? tree, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        CheckKey(key);
        if (value.Length > InternalKey.ValueBytesMax)
            ThrowTooLarge("value", value.Length, InternalKey.ValueBytesMax);
        Add(ValueKind.Put, tree, key, value);
    }

    /// <summary>A Put that is over at a time, in milliseconds of Unix time.</summary>
    public void PutWithExpiry(
        KeyspaceTree? tree, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, long atMs)
    {
        CheckKey(key);
        if (value.Length > InternalKey.ValueBytesMax - Expiry.Bytes)
            ThrowTooLarge("value", value.Length, InternalKey.ValueBytesMax - Expiry.Bytes);
        int storedBytes = value.Length + Expiry.Bytes;
        int at = Begin(ValueKind.PutWithExpiry, tree, key, storedBytes + 5L);
        at += PutVarint(at, (uint)storedBytes);
        Expiry.Write(_bytes.AsSpan(at), atMs);
        value.CopyTo(_bytes.AsSpan(at + Expiry.Bytes));
        End(at + storedBytes, tree, key.Length + value.Length);
    }

    /// <summary>Adds nothing for a range that holds no key.</summary>
    public void DeleteRange(
        KeyspaceTree? tree, ReadOnlySpan<byte> from, ReadOnlySpan<byte> to)
    {
        CheckKey(from);
        CheckKey(to);
        int order = to.IsEmpty ? -1 : from.SequenceCompareTo(to);
        if (order > 0)
            throw new ArgumentException("a range begins behind its end", nameof(from));
        if (order == 0)
            return;
        Add(ValueKind.RangeDelete, tree, from, to);
        RangeDeletes++;
    }

    public void Delete(KeyspaceTree? tree, ReadOnlySpan<byte> key)
    {
        CheckKey(key);
        int at = Begin(ValueKind.Delete, tree, key, 0);
        End(at, tree, key.Length);
        Deletes++;
    }

    public void Clear()
    {
        _length = 0;
        Count = 0;
        Deletes = 0;
        RangeDeletes = 0;
        UserBytes = 0;
        _trees.Clear();
        if (_bytes.Length > KeptBytesMax)
            _bytes = [];
    }

    private void Add(
        ValueKind kind, KeyspaceTree? tree, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        int at = Begin(kind, tree, key, value.Length + 5L);
        at += PutVarint(at, (uint)value.Length);
        value.CopyTo(_bytes.AsSpan(at));
        End(at + value.Length, tree, key.Length + value.Length);
    }

    private static void CheckKey(ReadOnlySpan<byte> key)
    {
        if (key.Length > InternalKey.UserKeyBytesMax)
            ThrowTooLarge("key", key.Length, InternalKey.UserKeyBytesMax);
    }

    private int Begin(
        ValueKind kind, KeyspaceTree? tree, ReadOnlySpan<byte> key, long moreBytes)
    {
        Reserve(1 + 5 + 5 + key.Length + moreBytes);
        int at = _length;
        _bytes[at++] = (byte)kind;
        at += PutVarint(at, (uint)(tree?.Id ?? 0));
        at += PutVarint(at, (uint)key.Length);
        Debug.Assert(at + key.Length + moreBytes <= _bytes.Length, "the room was reserved");
        key.CopyTo(_bytes.AsSpan(at));
        return at + key.Length;
    }

    private void End(int length, KeyspaceTree? tree, int userBytes)
    {
        Debug.Assert(length <= _bytes.Length, "the room was reserved");
        _length = length;
        Count++;
        UserBytes += userBytes;
        if (tree != null && !_trees.Contains(tree))
            _trees.Add(tree);
    }

    private void Reserve(long moreBytes)
    {
        long needed = _length + moreBytes;
        if (needed <= _bytes.Length)
            return;
        if (needed > s_encodedBytesMax)
            ThrowTooLarge("batch", needed, s_encodedBytesMax);
        long size = Math.Max(256, Math.Max(needed, _bytes.Length * 2L));
        size = Math.Min(s_encodedBytesMax, size);
        Array.Resize(ref _bytes, (int)size);
    }

    private int PutVarint(int at, uint value)
    {
        int start = at;
        for (; value >= 0x80; value >>= 7)
            _bytes[at++] = (byte)(value | 0x80);
        _bytes[at++] = (byte)value;
        return at - start;
    }

    [DoesNotReturn]
    private static void ThrowTooLarge(string what, long bytes, long limit) =>
        throw new ArgumentException(
            $"a {what} of {bytes} bytes is beyond the limit of {limit} bytes", what);
}
