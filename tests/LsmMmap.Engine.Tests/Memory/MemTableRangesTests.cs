// Range tombstones in a memtable: when they are readable, and what they cost.

using LsmMmap.Engine.Memory;
using LsmMmap.Sstable.Keys;
using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests.Memory;

public sealed class MemTableRangesTests
{
    [Fact]
    public void AddRange_OverTheOthersAgainAndAgain_CountsWhatIsCopied()
    {
        // As who trims a queue does it: each lies over all before it.
        const int Ranges = 500;
        using MemTable memTable = new(0);
        for (int i = 1; i <= Ranges; i++)
        {
            memTable.AddRange([], Bytes.Number(i), (ulong)i);
            memTable.PublishRanges();
        }
        const long Copied = sizeof(ulong) * (long)Ranges * Ranges * Ranges / 6;
        Assert.InRange(memTable.DataBytes, Copied, 2 * Copied);
        Assert.InRange(memTable.AllocatedBytes, Copied, 2 * Copied);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AddRange_ManyPublishedTogether_CostNoSquare(bool overlapping)
    {
        const int Ranges = 20_000;
        using MemTable memTable = new(0);
        for (int i = 0; i < Ranges; i++)
            memTable.AddRange(
                overlapping ? [] : Bytes.Number(2 * i), Bytes.Number(2 * i + 1), (ulong)i + 1);
        memTable.PublishRanges();
        Assert.InRange(memTable.DataBytes, Ranges, 200L * Ranges);
        for (int i = 0; i < Ranges; i += 100)
            Assert.Equal(
                overlapping ? Ranges : (ulong)i + 1,
                memTable.Ranges.Covering(Bytes.Number(2 * i), EntryTag.SequenceMax));
    }

    [Fact]
    public void Add_AfterAddRange_FindsItsFragmentMarked()
    {
        using MemTable memTable = new(0);
        memTable.AddRange("a"u8, "m"u8, 1);
        Assert.True(memTable.IsEmpty, "nothing is readable before it is published");
        memTable.Add("b"u8, EntryTag.Pack(2, ValueKind.Put), []);
        memTable.AddRange("f"u8, "z"u8, 3);
        memTable.PublishRanges();
        Assert.Equal(
            [true, false, false],
            memTable.Ranges.Fragments.ToArray().Select(static fragment => fragment.HasNewer));
        Assert.Equal(1UL, memTable.SmallestSequence);
        Assert.Equal(3UL, memTable.LargestSequence);
    }
}
