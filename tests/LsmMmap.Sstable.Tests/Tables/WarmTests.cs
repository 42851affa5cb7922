// Warm beside what readers do later: it touches most of what they will touch, does not pass for one
// of them, and meets damage as they would.

using LsmMmap.Sstable.Caching;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Tables;
using LsmMmap.Sstable.Tests.Support;

namespace LsmMmap.Sstable.Tests.Tables;

public sealed class WarmTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Warm_OfATable_LeavesASixteenthToTouch(bool hasIndexCache)
    {
        using TestTable table = TestTable.Make(
            Seeds.Entries(new Random(1), new EntryShape(4000) { ValueBytesMax = 300 }),
            new TableOptions(), BlockReadMode.Direct,
            hasIndexCache ? new IndexCache(1_000_000) : null);
        table.Reader.Warm();
        Assert.Equal(hasIndexCache, table.Reader.HasFlatIndex);
        Footer footer = table.Reader.Footer;
        int populated = table.Bytes.PopulateCount;
        foreach (TestEntry entry in table.Entries)
            table.CheckGet(entry.Key, entry.Tag, "after Warm");
        int touched = table.Bytes.PopulateCount - populated;
        Assert.InRange(touched, 1, (int)(footer.DataBlocks + footer.FilterPages) / 16 + 1);
    }

    [Fact]
    public void IsMostlyRead_OfAWarmTable_TellsWhetherReadersCame()
    {
        using TestTable table = TestTable.Make(
            Seeds.Entries(new Random(1), new EntryShape(4000) { ValueBytesMax = 300 }),
            new TableOptions());
        Assert.False(table.Reader.IsMostlyRead);
        table.Reader.Warm();
        Assert.False(table.Reader.IsMostlyRead);
        for (int i = 0; i < table.Entries.Count / 4; i++)
            table.Get(table.Entries[i].Key, table.Entries[i].Tag);
        Assert.False(table.Reader.IsMostlyRead);
        foreach (TestEntry entry in table.Entries)
            table.Get(entry.Key, entry.Tag);
        Assert.True(table.Reader.IsMostlyRead);
    }

    [Fact]
    public void Warm_WithTooLittleRoomForTheIndex_MakesNone()
    {
        using TestTable table = TestTable.Make(
            Seeds.Entries(new Random(1), new EntryShape(4000)), new TableOptions(),
            BlockReadMode.Direct, new IndexCache(1));
        table.Reader.Warm();
        Assert.True(table.Bytes.PopulateCount > 0);
        Assert.False(table.Reader.HasFlatIndex);
    }

    [Theory]
    [InlineData("None", "Guarded")]
    [InlineData("None", "Copy")]
    [InlineData("Lz4", "Direct")]
    public void Warm_WhereNoTouchIsRemembered_TouchesNothing(string codecName, string modeName)
    {
        using TestTable table = TestTable.Make(
            Seeds.Entries(new Random(1), new EntryShape(4000)),
            new TableOptions { Codec = Enum.Parse<BlockCodec>(codecName) },
            Enum.Parse<BlockReadMode>(modeName));
        table.Reader.Warm();
        Assert.Equal(0, table.Bytes.PopulateCount);
        foreach (TestEntry entry in table.Entries)
            table.Get(entry.Key, entry.Tag);
        Assert.False(table.Reader.IsMostlyRead);
    }

    [Fact]
    public void Warm_OfADamagedTable_Throws()
    {
        using TestTable table = TestTable.Make(
            Seeds.Entries(new Random(1), new EntryShape(4000)), new TableOptions());
        table.Bytes.Content[TableLayout.PageBytes + 100] ^= 1;
        TestDamageException damage = Assert.Throws<TestDamageException>(table.Reader.Warm);
        Assert.Equal(TableLayout.PageBytes, damage.Offset);
    }
}
