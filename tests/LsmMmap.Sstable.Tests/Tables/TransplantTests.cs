// Verification of tables whose checksums are all right and whose parts do not belong together:
// two tables of one id and one layout exchange a part, which so stands at its right offset under
// its right seed. Each test fails when TableVerifier's line with the expected message is left out.

using System.Text;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Tables;
using LsmMmap.Sstable.Tests.Support;

namespace LsmMmap.Sstable.Tests.Tables;

public sealed class TransplantTests
{
    private const int Count = 300;

    private static readonly TableOptions s_options = new() { BlockBytes = 1024 };

    [Fact]
    public void Verify_FilterOfOtherKeys_SaysThatItDeniesOne() => AssertFound(
        Build("key"), Build("kex"),
        static footer => (footer.FilterOffset, footer.FilterPages * TableLayout.PageBytes),
        "the filter denies a key");

    [Fact]
    public void Verify_IndexOfOtherKeys_SaysThatAnEntryLiesAbove() => AssertFound(
        Build("key"), Build("kex"),
        static footer => (footer.IndexRoot.Offset, footer.IndexRoot.Bytes),
        "an entry lies above its separator");

    [Fact]
    public void Verify_IndexOfLargerKeys_SaysThatAnEntryLiesBelow() => AssertFound(
        Build("key"), Build("kez"),
        static footer => (footer.IndexRoot.Offset, footer.IndexRoot.Bytes),
        "an entry lies below the separator before its block");

    [Fact]
    public void Verify_BlockOfSmallerKeys_SaysThatEntriesAreOutOfOrder() => AssertFound(
        Build("key"), Build("kex"), static _ => (2048, 1024),
        "entries are out of order across blocks");

    [Fact]
    public void Verify_PropertiesOfOtherSequences_AreFound() => AssertFound(
        Build("key"), Build("key", sequence: 2000), Properties,
        "the properties state other sequences");

    [Fact]
    public void Verify_PropertiesOfOtherKinds_AreFound() => AssertFound(
        Build("key"), Build("key", deletes: 1), Properties,
        "the properties state other counts");

    [Fact]
    public void Verify_PropertiesOfOtherBounds_AreFound() => AssertFound(
        Build("key"), Build("kez"), Properties, "the properties state other bounds");

    [Fact]
    public void Verify_FooterOfFewerEntries_IsFound() => AssertFound(
        Build("key"), Build("key", count: Count - 1),
        static footer => (footer.FileBytes - Footer.Bytes, Footer.Bytes),
        "the footer states other counts");

    // Without the attempt for each page only the first was told.
    [Fact]
    public void Verify_TwoDamagedFilterPages_AreBothFound()
    {
        byte[] file = Build("key", count: 8000);
        Footer footer = FooterOf(file);
        Assert.True(footer.FilterPages > 2);
        file[footer.FilterOffset + 10] ^= 1;
        file[footer.FilterOffset + 2 * TableLayout.PageBytes + 10] ^= 1;
        Assert.Equal(2, Messages(file).Length);
    }

    // Without the attempt for each value the rest of the block was passed over.
    [Fact]
    public void Verify_TwoDamagedValuesOfABlock_AreBothFound()
    {
        byte[] file = Build("key", count: 4, valueBytes: 700);
        Assert.Equal(1, FooterOf(file).DataBlocks);
        file[100] ^= 1;
        file[1600] ^= 1;
        Assert.Equal(2, Messages(file).Length);
    }

    private static (long Offset, int Bytes) Properties(Footer footer) =>
        (footer.Properties.Offset, footer.Properties.Bytes);

    private static void AssertFound(
        byte[] file, byte[] donor, Func<Footer, (long Offset, int Bytes)> part, string message)
    {
        Assert.Equal(file.Length, donor.Length);
        Assert.Empty(Messages(file));
        Assert.Empty(Messages(donor));
        (long offset, int bytes) = part(FooterOf(file));
        donor.AsSpan((int)offset, bytes).CopyTo(file.AsSpan((int)offset));
        string[] messages = Messages(file);
        Assert.NotEmpty(messages);
        Assert.Contains(
            messages, found => found.StartsWith(message, StringComparison.Ordinal));
    }

    private static string[] Messages(byte[] file)
    {
        using var bytes = new TestTableBytes(file);
        return [.. TestTable.Verify(DamageTests.Open(bytes, BlockReadMode.Copy))
            .Select(static damage => damage.Message)];
    }

    private static Footer FooterOf(byte[] file) =>
        Footer.Read(file.AsSpan(file.Length - Footer.Bytes), file.Length, out _)!;

    private static byte[] Build(
        string prefix, int count = Count, ulong sequence = 1000, int deletes = 0,
        int valueBytes = 20)
    {
        var entries = new List<TestEntry>();
        for (int i = 0; i < count; i++)
        {
            byte[] key = Encoding.UTF8.GetBytes($"{prefix}{i:D6}");
            entries.Add(i < deletes
                ? TestEntry.Delete(key, sequence + (ulong)i)
                : TestEntry.Put(key, sequence + (ulong)i, new byte[i == 0 && valueBytes == 20
                    ? 0 : valueBytes]));
        }
        return TestTable.Build(entries, s_options, out _);
    }
}
