// Values lent without a copy: what Dispose means, and that the bytes stay while the pin does.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class PinnedValueTests : StoreTest
{
    private const int ManyPins = 25;

    [Fact]
    public void Default_FoundFalse_SpanEmpty_DisposeHarmless()
    {
        PinnedValue value = default;
        Assert.False(value.Found);
        Assert.True(value.Span.IsEmpty);
        value.Dispose();
        value.Dispose();
    }

    [Fact]
    public void Miss_FoundFalse_SpanEmpty_DisposeHarmless()
    {
        PinnedValue value = Open().GetPinned([1]);
        Assert.False(value.Found);
        Assert.True(value.Span.IsEmpty);
        value.Dispose();
        value.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Dispose_Twice_ThenSpan_ThrowsObjectDisposed(bool flushed)
    {
        LsmStore store = OpenWithOne(flushed);
        PinnedValue value = store.GetPinned([1]);
        Assert.Equal(Bytes.Value(1, 2_000), value.Span.ToArray());
        value.Dispose();
        value.Dispose();
        Assert.True(SpanIsRefused(value));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Dispose_OfACopy_MakesBothStale(bool flushed)
    {
        LsmStore store = OpenWithOne(flushed);
        PinnedValue value = store.GetPinned([1]);
        PinnedValue copy = value;
        copy.Dispose();
        Assert.True(SpanIsRefused(copy));
        Assert.True(SpanIsRefused(value));
        value.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Dispose_OfAStaleCopy_DoesNotReleaseALaterPin(bool flushed)
    {
        LsmStore store = OpenWithOne(flushed);
        PinnedValue first = store.GetPinned([1]);
        PinnedValue copy = first;
        first.Dispose();
        using PinnedValue second = store.GetPinned([1]);
        copy.Dispose();
        Overwrite(store);
        store.Dispose();
        Assert.Equal(Bytes.Value(1, 2_000), second.Span.ToArray());
    }

    [Theory]
    [InlineData("flush", false)]
    [InlineData("compact", false)]
    [InlineData("dispose", false)]
    [InlineData("flush", true)]
    [InlineData("compact", true)]
    [InlineData("dispose", true)]
    public void Span_WhateverHappensToTheStore_StaysWhole(string what, bool flushed)
    {
        LsmStore store = OpenWithOne(flushed);
        using PinnedValue value = store.GetPinned([1]);
        Overwrite(store);
        if (what == "flush")
            store.Flush();
        else if (what == "compact")
            store.Compact();
        else
            store.Dispose();
        Assert.True(value.Found);
        Assert.Equal(Bytes.Value(1, 2_000), value.Span.ToArray());
    }

    [Fact]
    public void Span_OfSnapshotValue_OutlivesTheSnapshot()
    {
        LsmStore store = OpenWithOne(flushed: true);
        Snapshot snapshot = store.CreateSnapshot();
        using PinnedValue value = snapshot.GetPinned([1]);
        snapshot.Dispose();
        Overwrite(store);
        store.Compact();
        Assert.Equal(Bytes.Value(1, 2_000), value.Span.ToArray());
    }

    [Theory]
    [InlineData(Compression.None)]
    [InlineData(Compression.Lz4)]
    public void Pins_ManyOnOneThread_EachStaysWhole(Compression compression)
    {
        LsmStore store = Open(new StoreOptions
        {
            DefaultKeyspace =
            {
                CompressionPerLevel = [compression],
                MemtableBytes = 64 << 10,
            },
        });
        // Every value in a table of its own, so that every pin has another owner.
        for (int i = 0; i < ManyPins; i++)
        {
            store.Put(Bytes.Number(i), Bytes.Value(i, 3_000));
            store.Flush();
        }
        PinThenGoOn(store, 0);
    }

    [Fact]
    public void ManyPins_InAnyOrderOfRelease_StayWhole()
    {
        LsmStore store = Open();
        Fill(store, 1_000, valueBytes: 600);
        store.Flush();
        for (int i = 0; i < 990; i++)
        {
            PinnedValue one = store.GetPinned(Bytes.Number(i));
            PinnedValue two = store.GetPinned(Bytes.Number(i + 1));
            PinnedValue three = store.GetPinned(Bytes.Number(i + 2));
            two.Dispose();
            Assert.Equal(Bytes.Value(i, 600), one.Span.ToArray());
            one.Dispose();
            Assert.Equal(Bytes.Value(i + 2, 600), three.Span.ToArray());
            three.Dispose();
        }
    }

    [Fact]
    public void Pins_Forgotten_DoNotStopTheStore()
    {
        LsmStore store = OpenWithOne(flushed: true);
        // On a thread of their own: what a thread forgets stays forgotten until it ends.
        Crew.Run(() =>
        {
            for (int i = 0; i < 1_000; i++)
            {
                PinnedValue forgotten = store.GetPinned([1]);
                Assert.True(forgotten.Found);
            }
        });
        Overwrite(store);
        Eventually.Returns(() => store.Compact(), "Compact with forgotten pins");
        Assert.Equal([9], store.Get([1]));
        Eventually.Returns(store.Dispose, "Dispose with forgotten pins");
    }

    private static void PinThenGoOn(LsmStore store, int depth)
    {
        if (depth == ManyPins)
        {
            for (int i = 0; i < ManyPins; i++)
                store.Delete(Bytes.Number(i));
            store.Compact();
            store.Dispose();
            return;
        }
        using PinnedValue value = store.GetPinned(Bytes.Number(depth));
        Assert.True(value.Found);
        PinThenGoOn(store, depth + 1);
        Assert.Equal(Bytes.Value(depth, 3_000), value.Span.ToArray());
    }

    private LsmStore OpenWithOne(bool flushed)
    {
        LsmStore store = Open();
        store.Put([1], Bytes.Value(1, 2_000));
        if (flushed)
            store.Flush();
        return store;
    }

    private static void Overwrite(LsmStore store)
    {
        store.Put([1], [9]);
        Fill(store, 500);
    }

    private static bool SpanIsRefused(PinnedValue value)
    {
        try
        {
            _ = value.Span.Length;
            return false;
        }
        catch (ObjectDisposedException)
        {
            return true;
        }
    }
}
