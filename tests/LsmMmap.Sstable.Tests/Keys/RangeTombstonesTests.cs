// Fragments of range tombstones against the tombstones themselves, and their bytes.

using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Sstable.Tests.Keys;

public sealed class RangeTombstonesTests
{
    private const int KeysMax = 40;

    [Fact]
    public void Covering_RandomTombstones_IsTheNewestOfAllThatLieOverTheKey()
    {
        var random = new Random(1234);
        for (int run = 0; run < 200; run++)
        {
            List<(int From, int To, ulong Sequence)> all = Draw(random);
            RangeTombstones grown = Grow(all);
            RangeTombstones cut = RangeTombstones.Of(
                [.. all.Select(one => Fragment(one)).OrderBy(_ => random.Next())]);
            AssertSame(all, grown);
            AssertSame(all, cut);
        }
    }

    [Fact]
    public void Clip_RandomCuts_LosesNothingInside()
    {
        var random = new Random(1234);
        for (int run = 0; run < 200; run++)
        {
            List<(int From, int To, ulong Sequence)> all = Draw(random);
            RangeTombstones whole = Grow(all);
            int cut = random.Next(KeysMax);
            RangeTombstones left = whole.Clip([], Key(cut));
            RangeTombstones right = whole.Clip(Key(cut), RangeTombstones.End);
            for (int key = 0; key < KeysMax; key++)
            {
                ulong expected = whole.Covering(Key(key), 1_000);
                Assert.Equal(key < cut ? expected : 0, left.Covering(Key(key), 1_000));
                Assert.Equal(key < cut ? 0 : expected, right.Covering(Key(key), 1_000));
            }
            AssertSame(all, RangeTombstones.Of(
                [.. left.Fragments.ToArray(), .. right.Fragments.ToArray()]));
        }
    }

    [Fact]
    public void Of_PiecesOfOneTombstone_MakesItWhole()
    {
        RangeTombstones whole = RangeTombstones.Of(
            [Fragment((5, 9, 7)), Fragment((1, 3, 7)), Fragment((3, 5, 7))]);
        RangeFragment only = Assert.Single(whole.Fragments.ToArray());
        Assert.Equal(Key(1), only.From);
        Assert.Equal(Key(9), only.To);
    }

    [Fact]
    public void Note_EntryThatIsNewer_MarksItsFragmentUntilTheNextTombstone()
    {
        RangeTombstones ranges = Grow([(1, 9, 5)]);
        ranges.Note(Key(3), 4);
        Assert.False(ranges.At(Key(3))!.HasNewer);
        ranges.Note(Key(3), 6);
        Assert.True(ranges.At(Key(8))!.HasNewer);
        ranges = ranges.With(Key(2), Key(4), 7);
        Assert.False(ranges.At(Key(3))!.HasNewer);
        Assert.True(ranges.At(Key(1))!.HasNewer);
        Assert.True(ranges.At(Key(4))!.HasNewer);
    }

    [Fact]
    public void With_SeveralAtOnce_IsAsOneAfterTheOther()
    {
        var random = new Random(1234);
        for (int run = 0; run < 200; run++)
        {
            RangeTombstones old = Grow(Draw(random));
            List<(int From, int To, ulong Sequence)> added =
                [.. Draw(random).Select(one => one with { Sequence = one.Sequence + 1_000 })];
            RangeTombstones newest = RangeTombstones.NewestOf(added.Select(Fragment));
            RangeTombstones one = added.Aggregate(old, static (grown, one) =>
                grown.With(Key(one.From), Key(one.To), one.Sequence));
            RangeTombstones atOnce = old.With(newest, out long madeBytes);
            Assert.InRange(madeBytes, 1, 200 * (1 + atOnce.Count));
            for (int key = 0; key < KeysMax; key++)
            {
                Assert.Equal(
                    one.Covering(Key(key), 5_000), atOnce.Covering(Key(key), 5_000));
                Assert.Equal(one.Covering(Key(key), 1_000), atOnce.Covering(Key(key), 1_000));
                bool isNew = newest.At(Key(key)) != null;
                Assert.Equal(isNew, atOnce.Covering(Key(key), 5_000) > 1_000);
            }
        }
    }

    [Fact]
    public void With_SeveralAtOnce_KeepsTheMarkWhereNoneLies()
    {
        RangeTombstones ranges = Grow([(1, 9, 5)]);
        ranges.Note(Key(3), 6);
        ranges = ranges.With(
            RangeTombstones.NewestOf([Fragment((2, 4, 7)), Fragment((6, 7, 8))]), out _);
        Assert.Equal(
            [true, false, true, false, true],
            ranges.Fragments.ToArray().Select(static fragment => fragment.HasNewer));
    }

    [Fact]
    public void Bytes_RandomTombstones_ComeBack()
    {
        var random = new Random(1234);
        for (int run = 0; run < 100; run++)
        {
            List<(int From, int To, ulong Sequence)> all = Draw(random);
            RangeTombstones ranges = Grow(all).With(Key(KeysMax), RangeTombstones.End, 900);
            ranges.Note(Key(KeysMax + 1), 901);
            RangeTombstones? back = RangeBlock.TryDecode(RangeBlock.Encode(ranges), out _);
            Assert.NotNull(back);
            AssertSame(all, back);
            Assert.Equal(900UL, back.Covering(Key(KeysMax + 9), 1_000));
            Assert.True(back.Fragments[^1].HasNewer);
            Assert.Equal(ranges.Count, back.Count);
        }
    }

    [Fact]
    public void Bytes_Changed_DecodeOrAreRefused()
    {
        byte[] bytes = RangeBlock.Encode(Grow([(1, 9, 5), (3, 12, 8), (20, 30, 9)]));
        for (int at = 0; at < bytes.Length; at++)
        {
            foreach (byte change in (byte[])[1, 0x80, 0xFF])
            {
                byte[] other = [.. bytes];
                other[at] ^= change;
                // Whatever it says, it says it without harm.
                RangeBlock.TryDecode(other, out string problem);
                Assert.NotNull(problem);
            }
            Assert.Null(RangeBlock.TryDecode(bytes.AsSpan(0, at), out _));
        }
    }

    private static List<(int From, int To, ulong Sequence)> Draw(Random random)
    {
        var all = new List<(int, int, ulong)>();
        for (int i = 0; i < 1 + random.Next(12); i++)
        {
            int from = random.Next(KeysMax - 1);
            all.Add((from, from + 1 + random.Next(KeysMax - from - 1), (ulong)(10 * (i + 1))));
        }
        return all;
    }

    private static RangeTombstones Grow(List<(int From, int To, ulong Sequence)> all) =>
        all.Aggregate(RangeTombstones.None,
            (grown, one) => grown.With(Key(one.From), Key(one.To), one.Sequence));

    private static RangeFragment Fragment((int From, int To, ulong Sequence) one) =>
        new(Key(one.From), Key(one.To), [one.Sequence]);

    private static void AssertSame(
        List<(int From, int To, ulong Sequence)> all, RangeTombstones ranges)
    {
        for (int key = 0; key < KeysMax; key++)
        {
            for (ulong sequence = 5; sequence < 130; sequence += 5)
            {
                ulong expected = all.Where(one => one.From <= key && key < one.To
                    && one.Sequence <= sequence).Select(one => one.Sequence)
                    .DefaultIfEmpty().Max();
                Assert.Equal(expected, ranges.Covering(Key(key), sequence));
            }
        }
    }

    private static byte[] Key(int number) => [(byte)number];
}
