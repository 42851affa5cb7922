// Tables that carry right checksums over wrong structure, as a bug or an attacker would make them:
// reads may be wrong, since nothing can tell, but they end, and fail only as damage.

using System.Buffers.Binary;
using System.IO.Hashing;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Tables;
using LsmMmap.Sstable.Tests.Support;

namespace LsmMmap.Sstable.Tests.Tables;

public sealed class CraftedTests
{
    [Theory]
    [InlineData("Data", 0)]
    [InlineData("Data", 1)]
    [InlineData("Index", 0)]
    [InlineData("Properties", 0)]
    public void Read_WithResealedNonsense_FailsOnlyAsDamage(string typeName, int codec)
    {
        BlockType type = Enum.Parse<BlockType>(typeName);
        int seed = Seeds.Next((int)type);
        var random = new Random(seed);
        var shape = new EntryShape(300) { ValueBytesMax = 700 };
        List<TestEntry> entries = Seeds.Entries(random, shape);
        var options = new TableOptions { BlockBytes = 1024, Codec = (BlockCodec)codec };
        byte[] file = TestTable.Build(entries, options, out _);
        List<BlockHandle> handles = HandlesOf(file, type);
        using var bytes = new TestTableBytes(file);
        for (int round = 0; round < 3000; round++)
        {
            BlockHandle handle = handles[random.Next(handles.Count)];
            Span<byte> block = bytes.Content.Slice((int)handle.Offset, handle.Bytes);
            Mutate(block, random);
            Reseal(block, handle.Offset);
            Use(bytes, entries, random, $"round {round}, {type}, seed {seed}");
            file.CopyTo(bytes.Content);
        }
    }

    [Fact]
    public void Open_WithResealedFooter_FailsOnlyAsDamage()
    {
        int seed = Seeds.Next(77);
        var random = new Random(seed);
        List<TestEntry> entries = Seeds.Entries(random, new EntryShape(100));
        byte[] file = TestTable.Build(
            entries, new TableOptions { BlockBytes = 1024 }, out _);
        using var bytes = new TestTableBytes(file);
        for (int round = 0; round < 3000; round++)
        {
            Span<byte> footer = bytes.Content[^Footer.Bytes..];
            int at = 8 + random.Next(13) * 8;
            ulong value = random.Next(4) switch
            {
                0 => (ulong)random.NextInt64(),
                1 => (ulong)random.Next(file.Length),
                2 => (ulong)random.Next(64) * 4096,
                _ => BinaryPrimitives.ReadUInt64LittleEndian(footer[at..]) ^ 1ul << random.Next(64),
            };
            BinaryPrimitives.WriteUInt64LittleEndian(footer[at..], value);
            ulong checksum = XxHash3.HashToUInt64(
                footer[..112],
                BlockTrailer.Seed(TestTable.TableId, file.Length - Footer.Bytes));
            BinaryPrimitives.WriteUInt64LittleEndian(footer[112..], checksum);
            Use(bytes, entries, random, $"round {round}, footer {at} = {value:x}, seed {seed}");
            file.CopyTo(bytes.Content);
        }
    }

    private static List<BlockHandle> HandlesOf(byte[] file, BlockType type)
    {
        using var bytes = new TestTableBytes(file);
        TableReader reader = DamageTests.Open(bytes, BlockReadMode.Direct);
        return [.. new TableInspector(reader).Blocks()
            .Where(block => block.Type == type).Select(block => block.Handle)];
    }

    /// <summary>Changes a few bytes, most of them where the structure stands.</summary>
    private static void Mutate(Span<byte> block, Random random)
    {
        int reach = random.Next(2) == 0 ? Math.Min(16, block.Length) : block.Length - 16;
        int changes = random.Next(1, 4);
        for (int i = 0; i < changes; i++)
            block[random.Next(reach)] = (byte)random.Next(256);
        if (random.Next(8) == 0)
            block[^(random.Next(12) + 5)] ^= (byte)(1 << random.Next(8));
    }

    private static void Reseal(Span<byte> block, long offset)
    {
        ulong checksum = XxHash3.HashToUInt64(
            block[..^8], BlockTrailer.Seed(TestTable.TableId, offset));
        BinaryPrimitives.WriteUInt64LittleEndian(block[^8..], checksum);
    }

    private static void Use(
        TestTableBytes bytes, List<TestEntry> entries, Random random, string context)
    {
        try
        {
            BlockReadMode mode = (BlockReadMode)random.Next(3);
            TableReader reader = DamageTests.Open(bytes, mode);
            Swallow(() => _ = reader.Properties);
            for (int i = 0; i < 12; i++)
            {
                TestEntry entry = entries[random.Next(entries.Count)];
                Swallow(() => TestTable.Get(reader, entry.Key, entry.Tag));
            }
            foreach (Exception damage in TestTable.Verify(reader))
                Assert.True(damage is TestDamageException, $"{context}: {damage}");
            Swallow(() => Scan(reader, isForward: true, random.Next(2) == 0));
            Swallow(() => Scan(reader, isForward: false, random.Next(2) == 0));
        }
        catch (TestDamageException)
        {
        }
        catch (TestNewerFormatException)
        {
        }
        catch (Exception exception) when (exception is not Xunit.Sdk.XunitException)
        {
            Assert.Fail($"{context}: {exception}");
        }
    }

    private static void Scan(TableReader reader, bool isForward, bool isSequential)
    {
        using var cursor = new TableCursor();
        cursor.Reset(reader, isSequential);
        bool isThere = isForward ? cursor.SeekToFirst() : cursor.SeekToLast();
        for (; isThere; isThere = isForward ? cursor.Next() : cursor.Previous())
            _ = cursor.Value.Length + cursor.UserKey.Length;
    }

    private static void Swallow(Action action)
    {
        try
        {
            action();
        }
        catch (TestDamageException)
        {
        }
    }
}
