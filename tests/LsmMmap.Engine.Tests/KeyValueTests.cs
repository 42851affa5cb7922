// Single keys and values: the five forms of a read, what is legal, and where the limits are.

using System.Buffers;
using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class KeyValueTests : StoreTest
{
    private const int KeyBytesMax = 65_535;
    private const int ValueBytesMax = 1 << 30;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(512)]
    [InlineData(513)]
    [InlineData(70_000)]
    public void Reads_PresentKey_AllFormsAgree(int valueBytes)
    {
        LsmStore store = Open();
        byte[] value = Bytes.Value(1, valueBytes);
        store.Put([5], value);
        AssertAllForms(store, [5], value);
        store.Flush();
        AssertAllForms(store, [5], value);
    }

    [Fact]
    public void Reads_AbsentKey_AllFormsMiss()
    {
        LsmStore store = Open();
        store.Put([5], [1]);
        store.Put([7], [1]);
        AssertMiss(store, [6]);
        store.Flush();
        AssertMiss(store, [6]);
        AssertMiss(store, []);
    }

    [Fact]
    public void Reads_OversizedKey_AreMisses()
    {
        LsmStore store = Open();
        store.Put(new byte[KeyBytesMax], [1]);
        AssertMiss(store, new byte[KeyBytesMax + 1]);
        store.Flush();
        AssertMiss(store, new byte[KeyBytesMax + 1]);
    }

    [Fact]
    public void Put_EmptyKeyAndNullArray_AreTheSameKey()
    {
        LsmStore store = Open();
        store.Put((byte[])null!, Bytes.Of("empty"));
        Assert.Equal(Bytes.Of("empty"), store.Get([]));
        store.Flush();
        Assert.Equal(Bytes.Of("empty"), store.Get((byte[])null!));
        store.Delete([]);
        Assert.Null(store.Get([]));
    }

    [Fact]
    public void Put_EmptyValue_IsPresent()
    {
        LsmStore store = Open();
        store.Put([1], []);
        Assert.True(store.ContainsKey([1]));
        Assert.Equal(0, store.Get([1])?.Length);
        using PinnedValue value = store.GetPinned([1]);
        Assert.True(value.Found);
        Assert.True(value.Span.IsEmpty);
    }

    [Fact]
    public void Put_LongestKey_IsKept()
    {
        LsmStore store = Open();
        byte[] longest = Bytes.Value(3, KeyBytesMax);
        store.Put(longest, [1]);
        store.Put(longest.AsSpan(1), [2]);
        store.Compact();
        Assert.Equal([1], store.Get(longest));
        Assert.Equal([2], store.Get(longest.AsSpan(1)));
    }

    [Fact]
    public void Put_KeyTooLong_ThrowsNamingTheLimitAndWritesNothing()
    {
        LsmStore store = Open();
        long before = store.Put([1], [1]);
        byte[] key = new byte[KeyBytesMax + 1];
        AssertNames(
            KeyBytesMax, Assert.ThrowsAny<ArgumentException>(() => store.Put(key, [])).Message);
        AssertNames(
            KeyBytesMax, Assert.ThrowsAny<ArgumentException>(() => store.Delete(key)).Message);
        using var empty = new WriteBatch();
        Assert.Equal(before, store.Write(empty));
    }

    [Fact]
    public void Put_ValueTooLong_ThrowsNamingTheLimitAndWritesNothing()
    {
        LsmStore store = Open();
        // Never touched, so it costs address space and no memory.
        byte[] value = GC.AllocateUninitializedArray<byte>(ValueBytesMax + 1);
        ArgumentException thrown =
            Assert.ThrowsAny<ArgumentException>(() => store.Put([1], value));
        Assert.True(
            thrown.Message.Contains("1 GiB", StringComparison.Ordinal)
            || thrown.Message.Replace(",", "", StringComparison.Ordinal)
                .Contains($"{ValueBytesMax}", StringComparison.Ordinal),
            thrown.Message);
        Assert.Equal(0, Count(store));
    }

    [Fact]
    public void TryGet_ValueDoesNotFit_ThrowsNamingTheLength()
    {
        LsmStore store = Open();
        store.Put([1], new byte[777]);
        byte[] small = new byte[776];
        ArgumentException thrown =
            Assert.ThrowsAny<ArgumentException>(() => store.TryGet([1], small, out _));
        AssertNames(777, thrown.Message);
    }

    [Fact]
    public void TryGet_LargerSpan_CopiesAndTellsTheLength()
    {
        LsmStore store = Open();
        store.Put([1], [9, 8, 7]);
        byte[] target = [1, 1, 1, 1, 1];
        Assert.True(store.TryGet([1], target, out int length));
        Assert.Equal(3, length);
        Assert.Equal([9, 8, 7, 1, 1], target);
    }

    [Fact]
    public void TryGet_Writer_Appends()
    {
        LsmStore store = Open();
        store.Put([1], [9, 8]);
        store.Put([2], [7]);
        var writer = new ArrayBufferWriter<byte>();
        Assert.True(store.TryGet([1], writer));
        Assert.True(store.TryGet([2], writer));
        Assert.False(store.TryGet([3], writer));
        Assert.Equal([9, 8, 7], writer.WrittenSpan.ToArray());
    }

    [Fact]
    public void Delete_ThenPut_TheLastOneWins()
    {
        LsmStore store = Open();
        long put = store.Put([1], [1]);
        long delete = store.Delete([1]);
        Assert.True(delete > put);
        AssertMiss(store, [1]);
        store.Flush();
        AssertMiss(store, [1]);
        store.Put([1], [2]);
        Assert.Equal([2], store.Get([1]));
    }

    [Fact]
    public void Keys_OfEveryByte_AreOrderedBytewise()
    {
        LsmStore store = Open();
        for (int i = 255; i >= 0; i--)
            store.Put([(byte)i], [(byte)i]);
        store.Put([0x7F, 0x00], []);
        store.Put([0x80, 0xFF], []);
        byte[] before = [];
        int count = 0;
        foreach (KeyValueView entry in store.Range([], []))
        {
            Assert.True(count++ == 0 || before.AsSpan().SequenceCompareTo(entry.Key) < 0);
            before = entry.Key.ToArray();
        }
        Assert.Equal(258, count);
    }

    private static void AssertAllForms(LsmStore store, byte[] key, byte[] value)
    {
        Assert.Equal(value, store.Get(key));
        var writer = new ArrayBufferWriter<byte>();
        Assert.True(store.TryGet(key, writer));
        Assert.Equal(value, writer.WrittenSpan.ToArray());
        byte[] target = new byte[value.Length];
        Assert.True(store.TryGet(key, target, out int length));
        Assert.Equal(value.Length, length);
        Assert.Equal(value, target);
        Assert.True(store.TryGetPinned(key, out PinnedValue tried));
        Assert.True(tried.Found);
        Assert.Equal(value, tried.Span.ToArray());
        tried.Dispose();
        using PinnedValue pinned = store.GetPinned(key);
        Assert.True(pinned.Found);
        Assert.Equal(value, pinned.Span.ToArray());
        Assert.True(store.ContainsKey(key));
    }

    private static void AssertMiss(LsmStore store, byte[] key)
    {
        Assert.Null(store.Get(key));
        var writer = new ArrayBufferWriter<byte>();
        Assert.False(store.TryGet(key, writer));
        Assert.Equal(0, writer.WrittenCount);
        Assert.False(store.TryGet(key, new byte[100], out _));
        Assert.False(store.TryGetPinned(key, out PinnedValue tried));
        Assert.False(tried.Found);
        Assert.True(tried.Span.IsEmpty);
        tried.Dispose();
        using PinnedValue pinned = store.GetPinned(key);
        Assert.False(pinned.Found);
        Assert.True(pinned.Span.IsEmpty);
        Assert.False(store.ContainsKey(key));
    }
}
