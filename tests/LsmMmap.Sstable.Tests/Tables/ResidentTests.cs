// TryGetResident beside TryGet: the same answer when it gives one, none when a range that it needs
// is not in memory, and never a call that could wait in between.

using LsmMmap.Sstable.Caching;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Tables;
using LsmMmap.Sstable.Tests.Support;

namespace LsmMmap.Sstable.Tests.Tables;

public sealed class ResidentTests
{
    [Theory]
    [InlineData("None", "Direct")]
    [InlineData("None", "Guarded")]
    [InlineData("None", "Copy")]
    [InlineData("Lz4", "Direct")]
    [InlineData("Lz4", "Copy")]
    public void TryGetResident_RangesThatComeAndGo_AnswersAsTryGetOrNot(
        string codecName, string modeName)
    {
        int seed = Seeds.Next(71);
        var random = new Random(seed);
        var shape = new EntryShape(4000) { ValueBytesMax = 900 };
        using TestTable table = TestTable.Make(
            Seeds.Entries(random, shape),
            new TableOptions { Codec = Enum.Parse<BlockCodec>(codecName) },
            Enum.Parse<BlockReadMode>(modeName), new IndexCache(1_000_000),
            new InflatedBlockCache(200_000));
        Flatten(table);
        int[] answers = new int[3];
        for (int i = 0; i < 5_000; i++)
        {
            TestEntry entry = table.Entries[random.Next(table.Entries.Count)];
            byte[] key = random.Next(3) == 0 ? Seeds.Key(random, shape) : entry.Key;
            ulong tag = EntryTag.SeekAt((ulong)random.Next(1, 1000));
            bool wasRefused = false;
            int chance = random.Next(4);
            table.Bytes.Residency = (_, _) =>
            {
                bool isThere = random.Next(4) >= chance;
                wasRefused |= !isThere;
                return isThere;
            };
            answers[(int)Compare(table, key, tag, () => wasRefused, $"seed {seed}, get {i}")]++;
        }
        Assert.True(answers[(int)TableAnswer.Found] > 0, $"seed {seed}");
        Assert.True(answers[(int)TableAnswer.NotHere] > 0, $"seed {seed}");
        // Every block was touched while the index was made flat, and Direct mode trusts that.
        bool isTrusted = codecName == "None" && modeName == "Direct";
        Assert.True(isTrusted == (answers[(int)TableAnswer.NotResident] == 0), $"seed {seed}");
    }

    [Fact]
    public void TryGetResident_IndexNotFlatYet_DoesNotReadIt()
    {
        using TestTable table = TestTable.Make(
            Seeds.Entries(new Random(1), new EntryShape(4000)), new TableOptions(),
            BlockReadMode.Copy, new IndexCache(1_000_000));
        int reads = table.Bytes.ReadCount;
        var value = default(TableValue);
        TestEntry entry = table.Entries[0];
        Assert.Equal(
            TableAnswer.NotResident,
            table.Reader.TryGetResident(
                entry.Key, InternalKey.Hash(entry.Key), entry.Tag, ref value));
        // The page of the filter, which is in memory, and nothing of the index.
        Assert.Equal(reads + 1, table.Bytes.ReadCount);
    }

    private static TableAnswer Compare(
        TestTable table, byte[] key, ulong tag, Func<bool> wasRefused, string what)
    {
        var value = default(TableValue);
        ulong hash = InternalKey.Hash(key);
        TableAnswer answer = table.Reader.TryGetResident(key, hash, tag, ref value);
        Assert.True(wasRefused() == (answer == TableAnswer.NotResident), what);
        var expected = default(TableValue);
        bool isThere = table.Reader.TryGet(key, hash, tag, ref expected);
        if (answer != TableAnswer.NotResident)
        {
            Assert.True(isThere == (answer == TableAnswer.Found), what);
            Assert.Equal(expected.Tag, value.Tag);
            Assert.True(expected.Value.Span.SequenceEqual(value.Value.Span), what);
        }
        value.Owner?.Release();
        expected.Owner?.Release();
        return answer;
    }

    private static void Flatten(TestTable table)
    {
        foreach (TestEntry entry in table.Entries)
        {
            var value = default(TableValue);
            table.Reader.TryGet(entry.Key, InternalKey.Hash(entry.Key), entry.Tag, ref value);
            value.Owner?.Release();
        }
        Assert.True(table.Reader.HasFlatIndex);
    }
}
