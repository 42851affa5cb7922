// A table under test beside the sorted list it was made from. The list answers every question by
// plain search, so the table is compared with something too simple to be wrong.

using LsmMmap.Sstable.Caching;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Tables;

namespace LsmMmap.Sstable.Tests.Support;

internal sealed record TestEntry(byte[] Key, ulong Tag, byte[] Value)
{
    public static TestEntry Put(byte[] key, ulong sequence, byte[] value) =>
        new(key, EntryTag.Pack(sequence, ValueKind.Put), value);

    public static TestEntry Delete(byte[] key, ulong sequence) =>
        new(key, EntryTag.Pack(sequence, ValueKind.Delete), []);

    public static int Compare(TestEntry left, TestEntry right) =>
        InternalKey.Compare(left.Key, left.Tag, right.Key, right.Tag);
}

internal sealed class TestTable : IDisposable
{
    public const ulong TableId = 0x1122_3344_5566_7788;

    private TestTable(
        List<TestEntry> entries, TestTableBytes bytes, TableSummary summary, BlockReadMode mode,
        IndexCache? indexCache, InflatedBlockCache? blockCache)
    {
        Entries = entries;
        Bytes = bytes;
        Summary = summary;
        Reader = TableReader.Open(bytes, TableId, mode, indexCache, blockCache);
    }

    public List<TestEntry> Entries { get; }

    public TestTableBytes Bytes { get; }

    public TableSummary Summary { get; }

    public TableReader Reader { get; }

    /// <summary>Builds the file of some entries, which need not be in order.</summary>
    public static byte[] Build(
        List<TestEntry> entries, TableOptions options, out TableSummary summary,
        ulong tableId = TableId)
    {
        entries.Sort(TestEntry.Compare);
        using var stream = new MemoryStream();
        using var builder = new TableBuilder(stream, tableId, options);
        foreach (TestEntry entry in entries)
            builder.Add(entry.Key, entry.Tag, entry.Value);
        summary = builder.Finish();
        return stream.ToArray();
    }

    public static TestTable Make(
        List<TestEntry> entries, TableOptions options, BlockReadMode mode = BlockReadMode.Direct,
        IndexCache? indexCache = null, InflatedBlockCache? blockCache = null)
    {
        byte[] file = Build(entries, options, out TableSummary summary);
        return new TestTable(
            entries, new TestTableBytes(file), summary, mode, indexCache, blockCache);
    }

    /// <summary>Index of the first entry at or after, as the list says it.</summary>
    public int LowerBound(ReadOnlySpan<byte> key, ulong tag)
    {
        int low = 0;
        int high = Entries.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            TestEntry entry = Entries[middle];
            if (InternalKey.Compare(entry.Key, entry.Tag, key, tag) < 0)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    /// <summary>Gets from the table; null when it has nothing.</summary>
    public TestEntry? Get(byte[] key, ulong seekTag) => Get(Reader, key, seekTag);

    public static TestEntry? Get(TableReader reader, byte[] key, ulong seekTag)
    {
        var value = new TableValue();
        if (!reader.TryGet(key, InternalKey.Hash(key), seekTag, ref value))
            return null;
        var entry = new TestEntry(key, value.Tag, value.Value.Span.ToArray());
        value.Owner?.Release();
        return entry;
    }

    /// <summary>Compares a get with the list.</summary>
    public void CheckGet(byte[] key, ulong seekTag, string context)
    {
        int at = LowerBound(key, seekTag);
        TestEntry? expected = at < Entries.Count && Entries[at].Key.AsSpan().SequenceEqual(key)
            ? Entries[at] : null;
        TestEntry? found = Get(key, seekTag);
        Assert.True(
            Same(expected, found), $"{context}: get {Convert.ToHexString(key)} at {seekTag:x}");
    }

    /// <summary>Compares where a cursor stands with an index of the list.</summary>
    public void CheckAt(TableCursor cursor, int index, string context)
    {
        bool isInside = index >= 0 && index < Entries.Count;
        Assert.True(isInside == cursor.IsValid, $"{context}: valid at {index} of {Entries.Count}");
        if (!isInside)
            return;
        TestEntry expected = Entries[index];
        var found = new TestEntry(
            cursor.UserKey.ToArray(), cursor.Tag, cursor.Value.ToArray());
        Assert.True(Same(expected, found), $"{context}: entry {index} differs");
        Assert.True(InternalKey.Head8(expected.Key) == cursor.Head, $"{context}: head {index}");
        Assert.Equal(expected.Value.Length, cursor.ValueBytes);
        Assert.True(cursor.ValueSlice.Span.SequenceEqual(expected.Value), context);
    }

    /// <summary>Everything that Verify finds.</summary>
    public static List<Exception> Verify(TableReader reader)
    {
        var damages = new List<Exception>();
        reader.Verify(damages.Add, CancellationToken.None);
        return damages;
    }

    public void Dispose()
    {
        Reader.Dispose();
        Bytes.Dispose();
    }

    private static bool Same(TestEntry? left, TestEntry? right)
    {
        if (left == null || right == null)
            return left == right;
        return left.Tag == right.Tag && left.Key.AsSpan().SequenceEqual(right.Key)
            && left.Value.AsSpan().SequenceEqual(right.Value);
    }
}
