// Warm beside what readers do later: it touches all that they will touch, says so, and meets damage
// as they would.

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
    public void Warm_OfATable_LeavesNothingToTouch(bool hasIndexCache)
    {
        using TestTable table = TestTable.Make(
            Seeds.Entries(new Random(1), new EntryShape(4000) { ValueBytesMax = 300 }),
            new TableOptions(), BlockReadMode.Direct,
            hasIndexCache ? new IndexCache(1_000_000) : null);
        Assert.False(table.Reader.IsMostlyTouched);
        table.Reader.Warm();
        Assert.True(table.Reader.IsMostlyTouched);
        Assert.Equal(hasIndexCache, table.Reader.HasFlatIndex);
        int populated = table.Bytes.PopulateCount;
        foreach (TestEntry entry in table.Entries)
            table.CheckGet(entry.Key, entry.Tag, "after Warm");
        Assert.Equal(populated, table.Bytes.PopulateCount);
    }

    [Fact]
    public void Warm_WithTooLittleRoomForTheIndex_MakesNone()
    {
        using TestTable table = TestTable.Make(
            Seeds.Entries(new Random(1), new EntryShape(4000)), new TableOptions(),
            BlockReadMode.Direct, new IndexCache(1));
        table.Reader.Warm();
        Assert.True(table.Reader.IsMostlyTouched);
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
        Assert.False(table.Reader.IsMostlyTouched);
    }

    [Fact]
    public void Warm_OfADamagedTable_Throws()
    {
        using TestTable table = TestTable.Make(
            Seeds.Entries(new Random(1), new EntryShape(4000)), new TableOptions());
        table.Bytes.Content[100] ^= 1;
        TestDamageException damage = Assert.Throws<TestDamageException>(table.Reader.Warm);
        Assert.Equal(0, damage.Offset);
        Assert.False(table.Reader.IsMostlyTouched);
    }
}
