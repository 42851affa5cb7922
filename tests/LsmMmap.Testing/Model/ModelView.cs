// One keyspace at one moment: a sorted list that never changes. Put and Delete give a new list
// that shares most of the old one, so a snapshot is a reference and history costs little.
// Simplicity is the point: this is what the store is judged by.

using System.Collections.Immutable;

namespace LsmMmap.Testing.Model;

/// <param name="Key">Orders the entries.</param>
/// <param name="Value">What a read finds.</param>
/// <param name="OverAtMs">From when on it is absent, in milliseconds of Unix time.</param>
public readonly record struct ModelEntry(
    byte[] Key, byte[] Value, long OverAtMs = long.MaxValue)
{
    /// <summary>The commit that wrote it.</summary>
    public long Sequence { get; init; }

    /// <summary>When it was committed, in milliseconds of Unix time.</summary>
    public long WrittenAtMs { get; init; }
}

public sealed class ModelView
{
    public static readonly ModelView Empty = new([]);

    private readonly ImmutableList<ModelEntry> _entries;

    private ModelView(ImmutableList<ModelEntry> entries) => _entries = entries;

    public int Count => _entries.Count;

    public ModelEntry this[int index] => _entries[index];

    public IEnumerable<ModelEntry> Entries => _entries;

    /// <summary>When the next entry is over; long max for never.</summary>
    public long FirstOverAtMs => _entries.IsEmpty
        ? long.MaxValue : _entries.Min(static entry => entry.OverAtMs);

    public byte[]? Get(ReadOnlySpan<byte> key)
    {
        int index = IndexAtOrAfter(key);
        return IsAt(index, key) ? _entries[index].Value : null;
    }

    /// <summary>Without what is over at a time.</summary>
    public ModelView At(long nowMs)
    {
        ImmutableList<ModelEntry> left = _entries.RemoveAll(entry => entry.OverAtMs <= nowMs);
        return left == _entries ? this : new ModelView(left);
    }

    public ModelView Put(byte[] key, byte[] value) => Put(new ModelEntry(key, value));

    public ModelView Put(ModelEntry entry)
    {
        int index = IndexAtOrAfter(entry.Key);
        return new ModelView(
            IsAt(index, entry.Key)
                ? _entries.SetItem(index, entry) : _entries.Insert(index, entry));
    }

    public ModelView Delete(ReadOnlySpan<byte> key)
    {
        int index = IndexAtOrAfter(key);
        return IsAt(index, key) ? new ModelView(_entries.RemoveAt(index)) : this;
    }

    /// <summary>Without [from, to); an empty <c>to</c> means no upper end.</summary>
    public ModelView DeleteRange(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to)
    {
        int start = IndexAtOrAfter(from);
        int end = to.IsEmpty ? Count : IndexAtOrAfter(to);
        return start >= end ? this : new ModelView(_entries.RemoveRange(start, end - start));
    }

    /// <summary>The index of the first entry whose key is not below the given one.</summary>
    public int IndexAtOrAfter(ReadOnlySpan<byte> key)
    {
        int low = 0;
        int high = _entries.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_entries[middle].Key.AsSpan().SequenceCompareTo(key) < 0)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    /// <summary>The entries of [from, to); an empty <c>to</c> means no upper end.</summary>
    public List<ModelEntry> Between(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to)
    {
        int start = IndexAtOrAfter(from);
        int end = to.IsEmpty ? Count : IndexAtOrAfter(to);
        return start >= end ? [] : [.. _entries.GetRange(start, end - start)];
    }

    public List<ModelEntry> StartingWith(ReadOnlySpan<byte> prefix)
    {
        List<ModelEntry> found = [];
        for (int i = IndexAtOrAfter(prefix); i < Count; i++)
        {
            if (!_entries[i].Key.AsSpan().StartsWith(prefix))
                break;
            found.Add(_entries[i]);
        }
        return found;
    }

    private bool IsAt(int index, ReadOnlySpan<byte> key) =>
        index < Count && _entries[index].Key.AsSpan().SequenceEqual(key);
}
