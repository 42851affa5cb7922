// Candidate, which point lookups use, against LowerBound: it may decline early, and it may name an
// entry that only shares the head of the key, but an entry that answers the lookup it must name.

using LsmMmap.Sstable.Blocks;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Mapping;
using LsmMmap.Sstable.Tests.Support;
using Xunit.Abstractions;

namespace LsmMmap.Sstable.Tests.Blocks;

public sealed class CandidateTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(7, 2)]
    [InlineData(8, 1)]
    [InlineData(9, 3)]
    [InlineData(33, 1)]
    [InlineData(64, 5)]
    [InlineData(65, 1)]
    [InlineData(130, 4)]
    [InlineData(600, 2)]
    public void Candidate_OfAnyKey_IsTheAnswerOrNone(int keyCount, int versionsMax)
    {
        int seed = Seeds.Next(keyCount);
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (int round = 0; round < 20; round++)
        {
            (byte[] Key, ulong Tag)[] entries = Entries(random, keyCount, versionsMax);
            using var native = new NativeBuffer();
            BlockView view = Build(entries, native);
            foreach ((byte[] key, ulong tag) in entries)
            {
                AssertSame(view, key, tag);
                AssertSame(view, key, tag + 256);
                AssertSame(view, key, tag - 256);
                AssertSame(view, key, EntryTag.SeekAt(EntryTag.SequenceMax));
                AssertSame(view, [.. key, 0], tag);
                AssertSame(view, key[..^1], tag);
                key[^1]++;
                AssertSame(view, key, tag);
                key[^1]--;
            }
            AssertSame(view, [], 0);
            AssertSame(view, [255, 255], 0);
        }
    }

    private static void AssertSame(in BlockView view, byte[] key, ulong tag)
    {
        bool isExpected = Answers(view, view.LowerBound(key, tag), key, tag);
        int candidate = view.Candidate(key, tag);
        Assert.Equal(isExpected, Answers(view, candidate, key, tag));
        if (isExpected)
            Assert.Equal(view.LowerBound(key, tag), candidate);
    }

    private static bool Answers(in BlockView view, int index, byte[] key, ulong tag) =>
        index < view.Count && view.TryDecode(index, out BlockEntry entry)
        && entry.Tag <= tag && view.KeyEquals(entry, key);

    private static (byte[] Key, ulong Tag)[] Entries(
        Random random, int keyCount, int versionsMax)
    {
        var entries = new List<(byte[] Key, ulong Tag)>();
        // Few letters and lengths, so that heads tie, and keys continue one another.
        int letters = random.Next(1, 6);
        int bytes = random.Next(1, 9);
        while (entries.Count < keyCount)
        {
            byte[] key = new byte[4 + random.Next(1, bytes + 8)];
            for (int i = 0; i < key.Length; i++)
                key[i] = (byte)('a' + random.Next(letters + 1));
            int versions = random.Next(1, versionsMax + 1);
            for (int i = 0; i < versions; i++)
                entries.Add((key, EntryTag.Pack((ulong)random.Next(2, 1000), ValueKind.Put)));
        }
        entries.Sort((a, b) => InternalKey.Compare(a.Key, a.Tag, b.Key, b.Tag));
        return [.. entries.Where((entry, i) => i == 0 || InternalKey.Compare(
            entries[i - 1].Key, entries[i - 1].Tag, entry.Key, entry.Tag) != 0)];
    }

    private static BlockView Build((byte[] Key, ulong Tag)[] entries, NativeBuffer native)
    {
        var builder = new BlockBuilder(entries.Length);
        foreach ((byte[] key, ulong tag) in entries)
            builder.Add(key, tag, "value"u8);
        int payloadBytes = builder.PayloadBytes();
        builder.Write(native.Resize(payloadBytes + BlockView.SlackBytes)[..payloadBytes]);
        Assert.Null(BlockFormat.Validate(
            native.Slice(0, payloadBytes).Span, BlockType.Data, blockOffset: 0,
            mayExpire: false));
        return new BlockView(native.Slice(0, payloadBytes).Span);
    }
}
