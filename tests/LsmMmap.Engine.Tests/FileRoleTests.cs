// Files that are not what their name says: empty, foreign, missing, or of a newer format.

using System.Buffers.Binary;
using System.IO.Hashing;
using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class FileRoleTests : StoreTest
{
    private const int HeaderBytes = 64;
    private const int VersionOffset = 8;
    private const int ChecksumOffset = 56;
    private const int NewerVersion = 77;

    [Theory]
    [InlineData("")]
    [InlineData("this was never a part of a store, it is a letter to a friend about the sea")]
    public void Open_ForeignCurrent_ThrowsCorruptionThatNamesRepair(string content)
    {
        FillAndClose();
        File.WriteAllText(StoreFiles.Current(Home), content);
        AssertRepairIsNamed(() => LsmStore.Open(Home));
        AssertRepairIsNamed(() => LsmStore.OpenReadOnly(Home));
    }

    [Theory]
    [InlineData("")]
    [InlineData("this was never a part of a store, it is a letter to a friend about the sea")]
    public void Open_ForeignManifest_ThrowsCorruptionThatNamesRepair(string content)
    {
        FillAndClose();
        string manifest = StoreFiles.NewestManifest(Home);
        StoreFiles.Overwrite(manifest, Bytes.Of(content));
        CorruptionException thrown = AssertRepairIsNamed(() => LsmStore.Open(Home));
        Assert.Equal(Path.GetFileName(manifest), Path.GetFileName(thrown.FileName));
        AssertRepairIsNamed(() => LsmStore.OpenReadOnly(Home));
    }

    [Fact]
    public void Open_CurrentMissing_ThrowsAndNeverCreatesOverIt()
    {
        FillAndClose();
        File.Delete(StoreFiles.Current(Home));
        string[] before = StoreFiles.Tables(Home);
        AssertRepairIsNamed(() => LsmStore.Open(Home));
        AssertRepairIsNamed(() => LsmStore.Open(Home));
        Assert.Equal(before, StoreFiles.Tables(Home));
        Assert.False(File.Exists(StoreFiles.Current(Home)));
    }

    [Fact]
    public void Open_CurrentMissingAndOnlyALogHasData_ThrowsCorruption()
    {
        LsmStore store = Open();
        store.Put([1], [1]);
        store.Dispose();
        File.Delete(StoreFiles.Current(Home));
        AssertRepairIsNamed(() => LsmStore.Open(Home));
    }

    [Fact]
    public void Open_ManifestMissing_ThrowsWithOffsetZero()
    {
        FillAndClose();
        string manifest = StoreFiles.NewestManifest(Home);
        File.Delete(manifest);
        CorruptionException thrown = AssertRepairIsNamed(() => LsmStore.Open(Home));
        Assert.Equal(Path.GetFileName(manifest), Path.GetFileName(thrown.FileName));
        Assert.Equal(0, thrown.Offset);
    }

    [Fact]
    public void Open_TableMissing_ThrowsAndNamesIt()
    {
        FillAndClose();
        string table = StoreFiles.Tables(Home)[0];
        File.Delete(table);
        foreach (Func<LsmStore> open in Openings())
        {
            CorruptionException thrown = Assert.Throws<CorruptionException>(open);
            Assert.Equal(Path.GetFileName(table), Path.GetFileName(thrown.FileName));
            Assert.Equal(0, thrown.Offset);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(-1)]
    public void Open_TableOfAnotherLength_ThrowsAndNamesIt(int change)
    {
        FillAndClose();
        string table = StoreFiles.Tables(Home)[0];
        byte[] content = File.ReadAllBytes(table);
        int length = change == 0 ? 0 : content.Length + change;
        Array.Resize(ref content, length);
        StoreFiles.Overwrite(table, content);
        foreach (Func<LsmStore> open in Openings())
        {
            CorruptionException thrown = Assert.Throws<CorruptionException>(open);
            Assert.Equal(Path.GetFileName(table), Path.GetFileName(thrown.FileName));
        }
    }

    [Fact]
    public void Get_ForeignTableOfTheRightLength_ThrowsAndNamesIt()
    {
        FillAndClose();
        string table = StoreFiles.Tables(Home)[0];
        StoreFiles.Overwrite(table, Bytes.Value(1, (int)new FileInfo(table).Length));
        CorruptionException thrown = Assert.Throws<CorruptionException>(() =>
        {
            LsmStore store = Open();
            store.Get(Bytes.Number(1));
        });
        Assert.Equal(Path.GetFileName(table), Path.GetFileName(thrown.FileName));
    }

    [Fact]
    public void Open_ForeignFilesBeside_AreLeftAlone()
    {
        FillAndClose();
        File.WriteAllText(Path.Combine(Home, "notes.txt"), "mine");
        Directory.CreateDirectory(Path.Combine(Home, "folder"));
        LsmStore store = Open();
        Assert.Equal(200, Count(store));
        store.Dispose();
        Assert.Equal("mine", File.ReadAllText(Path.Combine(Home, "notes.txt")));
        Assert.True(Directory.Exists(Path.Combine(Home, "folder")));
    }

    [Fact]
    public void Open_ManifestOfNewerFormat_ThrowsAndNamesBothVersions()
    {
        FillAndClose();
        string manifest = StoreFiles.NewestManifest(Home);
        MakeNewer(manifest);
        AssertNewer(manifest);
    }

    [Fact]
    public void Open_LogOfNewerFormat_ThrowsAndNamesBothVersions()
    {
        LsmStore store = Open();
        Fill(store, 100);
        string image = ImageOfHome();
        store.Dispose();
        string log = StoreFiles.FullestLog(image);
        MakeNewer(log);
        FormatVersionException thrown =
            Assert.Throws<FormatVersionException>(() => LsmStore.Open(image));
        AssertNames(NewerVersion, thrown.Message);
        AssertNames(1, thrown.Message);
    }

    [Fact]
    public void Get_TableOfNewerFormat_ThrowsAndNamesBothVersions()
    {
        FillAndClose();
        string table = StoreFiles.Tables(Home)[0];
        MakeTableNewer(table);
        foreach (Func<LsmStore> open in Openings())
        {
            FormatVersionException thrown = Assert.Throws<FormatVersionException>(() =>
            {
                // A table's footer is read when the table is first used.
                using LsmStore store = open();
                store.Get(Bytes.Number(1));
            });
            Assert.Equal(Path.GetFileName(table), Path.GetFileName(thrown.FileName));
            AssertNames(NewerVersion, thrown.Message);
            AssertNames(LsmMmap.Sstable.Format.FormatVersion.Current, thrown.Message);
        }
    }

    private void AssertNewer(string file)
    {
        foreach (Func<LsmStore> open in Openings())
        {
            FormatVersionException thrown = Assert.Throws<FormatVersionException>(open);
            Assert.Equal(Path.GetFileName(file), Path.GetFileName(thrown.FileName));
            AssertNames(NewerVersion, thrown.Message);
            AssertNames(1, thrown.Message);
        }
    }

    private IEnumerable<Func<LsmStore>> Openings()
    {
        yield return () => LsmStore.Open(Home);
        yield return () => LsmStore.OpenReadOnly(Home);
    }

    /// <summary>Another version in the header, under a checksum that is right.</summary>
    private static void MakeNewer(string file)
    {
        byte[] content = File.ReadAllBytes(file);
        Span<byte> header = content.AsSpan(0, HeaderBytes);
        Assert.Equal(1, BinaryPrimitives.ReadInt32LittleEndian(header[VersionOffset..]));
        Assert.Equal(
            XxHash3.HashToUInt64(header[..ChecksumOffset]),
            BinaryPrimitives.ReadUInt64LittleEndian(header[ChecksumOffset..]));
        BinaryPrimitives.WriteInt32LittleEndian(header[VersionOffset..], NewerVersion);
        BinaryPrimitives.WriteUInt64LittleEndian(
            header[ChecksumOffset..], XxHash3.HashToUInt64(header[..ChecksumOffset]));
        StoreFiles.Overwrite(file, content);
    }

    /// <summary>Likewise in the footer; its seed is the table's id and the footer's offset.
    /// </summary>
    private static void MakeTableNewer(string file)
    {
        const int Bytes = 128;
        const int Version = 108;
        const int Checksum = 112;
        byte[] content = File.ReadAllBytes(file);
        Span<byte> footer = content.AsSpan(content.Length - Bytes);
        ulong id = BinaryPrimitives.ReadUInt64LittleEndian(footer);
        long seed = unchecked((long)id + content.Length - Bytes);
        Assert.Equal(1, BinaryPrimitives.ReadInt32LittleEndian(footer[Version..]));
        Assert.Equal(
            XxHash3.HashToUInt64(footer[..Checksum], seed),
            BinaryPrimitives.ReadUInt64LittleEndian(footer[Checksum..]));
        BinaryPrimitives.WriteInt32LittleEndian(footer[Version..], NewerVersion);
        BinaryPrimitives.WriteUInt64LittleEndian(
            footer[Checksum..], XxHash3.HashToUInt64(footer[..Checksum], seed));
        StoreFiles.Overwrite(file, content);
    }

    private void FillAndClose()
    {
        LsmStore store = Open();
        Fill(store, 100);
        store.Flush();
        Fill(store, 100, from: 100);
        store.Dispose();
    }

    private static CorruptionException AssertRepairIsNamed(Func<LsmStore> open)
    {
        CorruptionException thrown = Assert.Throws<CorruptionException>(open);
        Assert.Contains("lsm repair", thrown.Message, StringComparison.Ordinal);
        return thrown;
    }
}
