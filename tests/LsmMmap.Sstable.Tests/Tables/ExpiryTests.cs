// Tables with entries that expire: what they state, how they come back, and what is refused.

using System.Buffers.Binary;
using System.IO.Hashing;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Tables;
using LsmMmap.Sstable.Tests.Support;

namespace LsmMmap.Sstable.Tests.Tables;

public sealed class ExpiryTests
{
    [Theory]
    [InlineData(0, 10)]
    [InlineData(0, 900)]
    [InlineData(1, 900)]
    public void Build_SomeExpire_StatesHowManyAndWhen(int codec, int valueBytes)
    {
        List<TestEntry> entries = [];
        for (int i = 0; i < 300; i++)
            entries.Add(i % 3 == 0 ? TestEntry.Put([(byte)(i / 256), (byte)i], 5, [1, 2])
                : Expiring([(byte)(i / 256), (byte)i], 0, 1_000 - i, valueBytes));
        using TestTable table = TestTable.Make(
            entries, new TableOptions { Codec = (BlockCodec)codec });
        Assert.Equal(3, table.Reader.Footer.Version);
        Assert.True(table.Reader.Footer.HasExpiring);
        Assert.Equal(new ExpiringEntries(200, 701, 999), table.Summary.Expiring);
        Assert.Equal(table.Summary.Expiring, table.Reader.Properties.Expiring);
        Assert.Empty(TestTable.Verify(table.Reader));
        foreach (TestEntry entry in entries)
            table.CheckGet(entry.Key, EntryTag.SeekAt(9), "get");
    }

    [Fact]
    public void Build_NoneExpire_IsWrittenAsTheFirstVersion()
    {
        using TestTable table = TestTable.Make(
            [TestEntry.Put([1], 5, [1])], new TableOptions());
        Assert.Equal(1, table.Reader.Footer.Version);
        Assert.True(table.Summary.Expiring.IsEmpty);
    }

    [Fact]
    public void Add_WithoutATime_IsRefused()
    {
        using var builder = new TableBuilder(new MemoryStream(), 1, new TableOptions());
        Assert.Throws<InvalidOperationException>(() => builder.Add(
            [1], EntryTag.Pack(1, ValueKind.PutWithExpiry), new byte[7]));
    }

    // A kind that was changed, under right checksums.
    [Theory]
    [InlineData(true, "has no room for its time")]
    [InlineData(false, "in a table that says that none does")]
    public void Read_EntryOfACraftedKind_IsDamageOfItsBlock(bool othersExpire, string problem)
    {
        List<TestEntry> entries = [TestEntry.Put("a"u8.ToArray(), 0x4243, "red"u8.ToArray())];
        if (othersExpire)
            entries.Add(Expiring("b"u8.ToArray(), 6, 100, 3));
        byte[] file = TestTable.Build(entries, new TableOptions(), out _);
        int at = file.AsSpan().IndexOf(
            (ReadOnlySpan<byte>)[(byte)ValueKind.Put, 0x43, 0x42, 0, 0, 0, 0, 0]);
        file[at] = (byte)ValueKind.PutWithExpiry;
        Span<byte> block = file.AsSpan(0, 4096);
        BinaryPrimitives.WriteUInt64LittleEndian(block[^8..], XxHash3.HashToUInt64(
            block[..^8], BlockTrailer.Seed(TestTable.TableId, 0)));
        using var bytes = new TestTableBytes(file);
        TableReader reader = DamageTests.Open(bytes, BlockReadMode.Direct);
        TestDamageException damage = Assert.Throws<TestDamageException>(
            () => TestTable.Get(reader, "a"u8.ToArray(), EntryTag.SeekAt(0x4243)));
        Assert.Contains(problem, damage.Message, StringComparison.Ordinal);
        Assert.Contains(
            TestTable.Verify(reader), found => found.Message.Contains(
                problem, StringComparison.Ordinal));
    }

    [Fact]
    public void Verify_PropertiesThatSayAnotherTime_AreDamage()
    {
        byte[] file = TestTable.Build(
            [Expiring([1], 6, 0x5152, 3)], new TableOptions(), out TableSummary summary);
        Assert.Equal(0x5152, summary.Expiring.LastMs);
        // The time in front of the value; the properties keep saying the old one.
        int at = file.AsSpan().IndexOf(
            (ReadOnlySpan<byte>)[0x52, 0x51, 0, 0, 0, 0, 0, 0]);
        file[at]++;
        Span<byte> block = file.AsSpan(0, 4096);
        BinaryPrimitives.WriteUInt64LittleEndian(block[^8..], XxHash3.HashToUInt64(
            block[..^8], BlockTrailer.Seed(TestTable.TableId, 0)));
        using var bytes = new TestTableBytes(file);
        TableReader reader = DamageTests.Open(bytes, BlockReadMode.Direct);
        Exception damage = Assert.Single(TestTable.Verify(reader));
        Assert.Contains("other counts", damage.Message, StringComparison.Ordinal);
    }

    private static TestEntry Expiring(byte[] key, ulong sequence, long atMs, int valueBytes)
    {
        byte[] stored = new byte[Expiry.Bytes + valueBytes];
        Expiry.Write(stored, atMs);
        return new TestEntry(key, EntryTag.Pack(sequence, ValueKind.PutWithExpiry), stored);
    }
}
