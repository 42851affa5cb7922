// Entries that are over are tombstones to a merge, whatever snapshots see; what is stored in logs
// is checked before any of this.

using LsmMmap.Engine.Compaction;
using LsmMmap.Engine.Versions;
using LsmMmap.Engine.Writing;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Engine.Tests.Compaction;

public sealed class RetentionExpiryTests
{
    [Theory]
    [InlineData(99, false)]
    [InlineData(100, true)]
    [InlineData(101, true)]
    public void TagNow_AtATime_IsTheEntryOrATombstone(long nowMs, bool isOver)
    {
        ValueKind expected = isOver ? ValueKind.Delete : ValueKind.PutWithExpiry;
        var rule = new RetentionRule([], null, null, nowMs);
        ReadOnlySpan<byte> stored = Stored(100);
        ulong tag = rule.TagNow(EntryTag.Pack(7, ValueKind.PutWithExpiry), ref stored);
        Assert.Equal(EntryTag.Pack(7, expected), tag);
        Assert.Equal(isOver, stored.IsEmpty);
        Assert.Equal(isOver ? 1 : 0, rule.OverCount);
    }

    [Fact]
    public void Keep_EntryThatIsOver_HidesWhatIsOlderAndGoesAtTheBottom()
    {
        RetentionRule rule = Rule([], nowMs: 100);
        Assert.False(Keeps(rule, "a", 9, 100, out _));
        Assert.False(rule.Keep("a"u8, EntryTag.Pack(8, ValueKind.Put), out _));
        Assert.True(Keeps(rule, "b", 7, 101, out ulong tag));
        Assert.Equal(EntryTag.Pack(0, ValueKind.PutWithExpiry), tag);
        Assert.False(Keeps(rule, "b", 6, 50, out _));
    }

    [Fact]
    public void Keep_EntryThatIsOverForASnapshot_StaysAsATombstoneOverWhatAnotherSees()
    {
        RetentionRule rule = Rule([5, 9], nowMs: 100);
        Assert.True(Keeps(rule, "a", 9, 100, out ulong tag));
        Assert.Equal(EntryTag.Pack(9, ValueKind.Delete), tag);
        Assert.True(rule.Keep("a"u8, EntryTag.Pack(4, ValueKind.Put), out tag));
        Assert.Equal(EntryTag.PlainPut, tag);
    }

    [Theory]
    [InlineData(8, true)]
    [InlineData(7, false)]
    [InlineData(0, false)]
    public void BatchReader_EntryWithoutRoomForItsTime_Fails(int storedBytes, bool isWhole)
    {
        byte[] body =
        [
            1, 1, 1, (byte)ValueKind.PutWithExpiry, 0, 1, (byte)'a', (byte)storedBytes,
            .. new byte[storedBytes],
        ];
        var reader = new BatchReader(body);
        Assert.Equal(isWhole, reader.MoveNext());
        Assert.Equal(!isWhole, reader.Failed);
    }

    private static byte[] Stored(long atMs)
    {
        byte[] stored = new byte[Expiry.Bytes + 3];
        Expiry.Write(stored, atMs);
        return stored;
    }

    private static bool Keeps(
        RetentionRule rule, string key, ulong sequence, long atMs, out ulong tag)
    {
        ReadOnlySpan<byte> stored = Stored(atMs);
        tag = rule.TagNow(EntryTag.Pack(sequence, ValueKind.PutWithExpiry), ref stored);
        return rule.Keep(System.Text.Encoding.UTF8.GetBytes(key), tag, out tag);
    }

    /// <summary>Of a merge at the bottom.</summary>
    private static RetentionRule Rule(ulong[] snapshots, long nowMs)
    {
        var model = new TreeModel(20);
        Table table = model.Add(5, 0, 19);
        var plan = CompactionPlan.Of(
            model.Version, new KeyspaceOptions(), CompactionReason.LevelSize, "test", 6,
            [(5, table)]);
        return new RetentionRule(snapshots, plan, null, nowMs);
    }
}
