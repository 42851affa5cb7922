// Scans over a compacted store with newer entries above it. Below lie blocks without versions, in
// which a cursor moves without the merge; the newer entries, in tables and in the memtable, are
// where it must stop doing so. Compared with a dictionary, from everywhere, both ways.

using LsmMmap.Testing;
using Xunit.Abstractions;

namespace LsmMmap.Engine.Tests;

public sealed class CompactedScanTests(ITestOutputHelper output) : StoreTest
{
    private readonly SortedDictionary<int, byte[]> _expected = [];

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(0, 1)]
    [InlineData(40, 0)]
    [InlineData(0, 40)]
    [InlineData(300, 300)]
    public void Scan_NewerEntriesAboveCompactedOnes_AgreesWithADictionary(
        int inTables, int inMemtable)
    {
        output.WriteLine(Seeds.Describe(Seeds.Base));
        var random = new Random(Seeds.Base);
        LsmStore store = Open();
        for (int i = 0; i < 2000; i++)
            Put(store, 2 * i, random);
        store.Flush();
        store.Compact();
        using Snapshot before = store.CreateSnapshot();
        int[] keysBefore = [.. _expected.Keys];
        Change(store, inTables, random);
        store.Flush();
        Change(store, inTables / 2, random);
        store.Flush();
        Change(store, inMemtable, random);
        using Cursor cursor = store.CreateCursor();
        int[] keys = [.. _expected.Keys];
        Assert.Equal(keys, Walk(cursor, keys.Length + 1, forward: true));
        Assert.Equal(keys.Reverse(), Walk(cursor, keys.Length + 1, forward: false));
        AssertAgreesFromEverywhere(cursor, keys, random);
        using Cursor old = before.CreateCursor();
        Assert.Equal(keysBefore, Walk(old, keysBefore.Length + 1, forward: true, checks: false));
        AssertBounds(store, keys, random);
    }

    [Fact]
    public void Refresh_AfterWrites_ShowsThemWhetherOrNotTheStateIsAnother()
    {
        LsmStore store = Open();
        Fill(store, 500);
        store.Flush();
        store.Compact();
        using Cursor cursor = store.CreateCursor();
        Assert.Equal(500, Count(cursor));
        store.Put(Bytes.Number(1000), []);
        Assert.Equal(500, Count(cursor));
        cursor.Refresh();
        Assert.False(cursor.IsValid);
        Assert.Equal(501, Count(cursor));
        store.Put(Bytes.Number(1001), []);
        store.Delete(Bytes.Number(0));
        cursor.Refresh();
        Assert.Equal(501, Count(cursor));
        Assert.True(cursor.SeekToFirst());
        Assert.Equal(Bytes.Number(1), cursor.Key);
        store.Flush();
        cursor.Refresh();
        Assert.Equal(501, Count(cursor));
    }

    private void AssertAgreesFromEverywhere(Cursor cursor, int[] keys, Random random)
    {
        for (int round = 0; round < 300; round++)
        {
            int target = random.Next(-1, 4003);
            int at = Array.FindIndex(keys, key => key >= target);
            Assert.Equal(at >= 0, cursor.Seek(Bytes.Number(Math.Max(target, 0))));
            at = at < 0 ? keys.Length : at;
            for (int step = 0; step < 60; step++)
            {
                if (at < keys.Length && at >= 0)
                    AssertStandsOn(cursor, keys[at]);
                bool forward = random.Next(8) != 0;
                bool isThere = forward ? cursor.MoveNext() : cursor.MovePrevious();
                at = Math.Clamp(forward ? at + 1 : at - 1, -1, keys.Length);
                Assert.Equal(at >= 0 && at < keys.Length, isThere);
            }
        }
    }

    private void AssertBounds(LsmStore store, int[] keys, Random random)
    {
        for (int round = 0; round < 50; round++)
        {
            int from = random.Next(4000);
            int to = random.Next(from, 4001);
            int[] inside = [.. keys.Where(key => key >= from && key < to)];
            using Cursor cursor = store.CreateCursor(new CursorOptions
            {
                LowerBound = Bytes.Number(from),
                UpperBound = Bytes.Number(to),
            });
            Assert.Equal(inside, Walk(cursor, inside.Length + 1, forward: true));
            Assert.Equal(inside.Reverse(), Walk(cursor, inside.Length + 1, forward: false));
        }
    }

    private int[] Walk(Cursor cursor, int steps, bool forward, bool checks = true)
    {
        var keys = new List<int>();
        for (int i = 0; i < steps; i++)
        {
            if (!(forward ? cursor.MoveNext() : cursor.MovePrevious()))
                break;
            int key = NumberOf(cursor.Key);
            keys.Add(key);
            if (checks)
                AssertStandsOn(cursor, key);
        }
        return [.. keys];
    }

    private void AssertStandsOn(Cursor cursor, int key)
    {
        Assert.Equal(key, NumberOf(cursor.Key));
        Assert.Equal(_expected[key], cursor.Value);
    }

    private static int Count(Cursor cursor)
    {
        int count = 0;
        for (bool isThere = cursor.SeekToFirst(); isThere; isThere = cursor.MoveNext())
            count++;
        return count;
    }

    private void Change(LsmStore store, int count, Random random)
    {
        for (int i = 0; i < count; i++)
        {
            int key = random.Next(4002);
            if (random.Next(3) > 0)
            {
                Put(store, key, random);
                continue;
            }
            store.Delete(Bytes.Number(key));
            _expected.Remove(key);
        }
    }

    private void Put(LsmStore store, int key, Random random)
    {
        byte[] value = new byte[random.Next(200)];
        random.NextBytes(value);
        store.Put(Bytes.Number(key), value);
        _expected[key] = value;
    }

    private static int NumberOf(ReadOnlySpan<byte> key) =>
        (int)System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(key);
}
