// The tree of heads against a plain search through the keys, at the sizes where nodes and levels
// begin and end, with heads that tie, with the largest head there is, and with keys around and
// outside of the shared prefix.

using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Tests.Support;

namespace LsmMmap.Sstable.Tests.Keys;

public sealed class HeadTreeTests
{
    public static TheoryData<int> Counts =>
        [1, 2, 15, 16, 17, 31, 33, 255, 256, 257, 272, 273, 4095, 4096, 4097, 5000];

    [Fact]
    public void LowerBound_OfNoKeys_IsTheirCount()
    {
        var tree = new HeadTree([], []);
        Assert.Equal(0, tree.LowerBound("key"u8, out bool isTie));
        Assert.False(isTie);
        Assert.Equal(0, tree.Count);
    }

    [Theory]
    [MemberData(nameof(Counts))]
    public void LowerBound_OfEveryNumber_IsWhereItBelongs(int count)
    {
        ulong[] heads = [.. Enumerable.Range(0, count).Select(i => 3UL * (ulong)i + 1)];
        var tree = new HeadTree([], heads);
        Assert.Equal(count, tree.Count);
        for (ulong target = 0; target < 3UL * (ulong)count + 3; target++)
            AssertFound(tree, heads, target);
        AssertFound(tree, heads, ulong.MaxValue);
    }

    [Theory]
    [MemberData(nameof(Counts))]
    public void LowerBound_HeadsRepeatAndReachTheLargest_IsTheFirstOfThem(int count)
    {
        int seed = Seeds.Next(count);
        var random = new Random(seed);
        ulong[] heads = [.. Enumerable.Range(0, count).Select(_ =>
            ulong.MaxValue - (ulong)random.Next(count / 3 + 2))];
        Array.Sort(heads);
        var tree = new HeadTree([], heads);
        foreach (ulong head in heads)
        {
            AssertFound(tree, heads, head, seed);
            AssertFound(tree, heads, head - 1, seed);
        }
        AssertFound(tree, heads, ulong.MaxValue);
        AssertFound(tree, heads, 0);
    }

    [Fact]
    public void LowerBound_KeysShareAPrefix_IsFoundBehindIt()
    {
        byte[][] keys = [.. Enumerable.Range(0, 40).Select(i =>
            System.Text.Encoding.UTF8.GetBytes($"customer/{i:D12}"))];
        byte[] prefix = HeadTree.SharedPrefix(keys[0], keys[^1]);
        Assert.Equal("customer/0000000000"u8, prefix);
        ulong[] heads = Array.ConvertAll(keys, key => HeadTree.HeadBehind(prefix, key));
        var tree = new HeadTree(prefix, heads);
        for (int i = 0; i < keys.Length; i++)
        {
            Assert.Equal(i, tree.LowerBound(keys[i], out bool isTie));
            Assert.True(isTie);
        }
        Assert.Equal(0, tree.LowerBound("cust"u8, out _));
        Assert.Equal(0, tree.LowerBound("a"u8, out _));
        Assert.Equal(0, tree.LowerBound(""u8, out _));
        Assert.Equal(40, tree.LowerBound("customer/1"u8, out _));
        Assert.Equal(40, tree.LowerBound("d"u8, out _));
    }

    private static void AssertFound(HeadTree tree, ulong[] heads, ulong target, int seed = 0)
    {
        byte[] key = new byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(key, target);
        int expected = heads.Count(head => head < target);
        int found = tree.LowerBound(key, out bool isTie);
        Assert.True(
            expected == found,
            $"{target} among {heads.Length}: {found}, not {expected}; seed {seed}");
        Assert.Equal(expected < heads.Length && heads[expected] == target, isTie);
    }
}
