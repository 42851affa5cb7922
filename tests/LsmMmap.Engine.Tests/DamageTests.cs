// Damage to every file of a closed store: flipped bits, cuts, zeroed and swapped pages, files
// exchanged, lost and grown stale. Right answers or a typed exception that names a file.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class DamageTests : StoreTest
{
    private const int FlipsPerFile = 40;
    private const int CutsPerFile = 12;
    private const int PageBytes = 4_096;

    private int _copies;

    [Theory]
    [InlineData("CURRENT")]
    [InlineData("MANIFEST-*")]
    [InlineData("*.sst")]
    [InlineData("*.log")]
    [InlineData("LOCK*")]
    public void Read_FlippedBit_IsRightOrTyped(string files)
    {
        DamagedStore whole = DamagedStore.Create(Home);
        Assert.Equal(0, CheckDamaged(whole, "untouched", _ => { }));
        var random = new Random(Seeds.Base);
        int refused = 0;
        foreach (string file in FilesOf(files))
        {
            for (int i = 0; i < FlipsPerFile; i++)
            {
                long offset = random.NextInt64(Math.Max(1, new FileInfo(file).Length));
                byte mask = (byte)(1 << random.Next(8));
                string name = Path.GetFileName(file);
                string what = $"{name} byte {offset} mask {mask} {Seeds.Describe(Seeds.Base)}";
                refused += CheckDamaged(
                    whole, what, copy => StoreFiles.Flip(Path.Combine(copy, name), offset, mask));
            }
        }
        // Every bit of these is covered by a checksum that opening or reading it all checks.
        if (files is "CURRENT" or "MANIFEST-*" or "*.sst")
            Assert.True(refused > 0, "no flip was noticed");
    }

    [Theory]
    [InlineData("CURRENT")]
    [InlineData("MANIFEST-*")]
    [InlineData("*.sst")]
    [InlineData("*.log")]
    public void Read_CutFile_IsRightOrTyped(string files)
    {
        DamagedStore whole = DamagedStore.Create(Home);
        var random = new Random(Seeds.Base);
        foreach (string file in FilesOf(files))
        {
            byte[] content = File.ReadAllBytes(file);
            int used = Math.Max(1, StoreFiles.UsedBytes(file));
            for (int i = 0; i < CutsPerFile; i++)
            {
                int length = i == 0 ? 0 : random.Next(used);
                string name = Path.GetFileName(file);
                CheckDamaged(
                    whole, $"{name} cut to {length} {Seeds.Describe(Seeds.Base)}",
                    copy => StoreFiles.Overwrite(Path.Combine(copy, name), content[..length]));
            }
        }
    }

    [Fact]
    public void Read_TablePagesZeroedOrSwapped_IsRightOrTyped()
    {
        DamagedStore whole = DamagedStore.Create(Home);
        Assert.NotEmpty(StoreFiles.Tables(Home));
        foreach (string file in StoreFiles.Tables(Home))
        {
            byte[] content = File.ReadAllBytes(file);
            string name = Path.GetFileName(file);
            for (int page = 0; (page + 2) * PageBytes <= content.Length; page += 3)
            {
                byte[] zeroed = [.. content];
                zeroed.AsSpan(page * PageBytes, PageBytes).Clear();
                Replace(whole, name, zeroed, $"{name} page {page} zeroed");
                byte[] swapped = [.. content];
                Span<byte> first = swapped.AsSpan(page * PageBytes, PageBytes);
                Span<byte> second = swapped.AsSpan((page + 1) * PageBytes, PageBytes);
                content.AsSpan((page + 1) * PageBytes, PageBytes).CopyTo(first);
                content.AsSpan(page * PageBytes, PageBytes).CopyTo(second);
                Replace(whole, name, swapped, $"{name} pages {page} and {page + 1} swapped");
            }
        }
    }

    [Fact]
    public void Read_TablesExchanged_IsTyped()
    {
        DamagedStore whole = DamagedStore.Create(Home);
        string[] tables = StoreFiles.Tables(Home);
        Assert.True(tables.Length >= 2);
        foreach (string one in tables)
        {
            foreach (string two in tables.Where(other => other != one))
            {
                string name = Path.GetFileName(one);
                int refused = CheckDamaged(
                    whole, $"{name} is a copy of {Path.GetFileName(two)}",
                    copy => StoreFiles.Overwrite(
                        Path.Combine(copy, name), File.ReadAllBytes(two)));
                Assert.True(refused > 0, "another table's bytes were taken for the right ones");
            }
        }
    }

    [Theory]
    [InlineData("MANIFEST-*")]
    [InlineData("*.sst")]
    [InlineData("*.log")]
    [InlineData("CURRENT")]
    public void Read_OldCopyOfAFile_IsRightOrTyped(string files)
    {
        Directory.CreateDirectory(Home);
        DamagedStore whole = DamagedStore.Create(Home);
        // An older state of the same files: the copy before the last open and close.
        string old = ImageOfHome("old");
        using (LsmStore store = LsmStore.Open(Home))
            store.Compact();
        foreach (string file in Directory.GetFiles(old, files))
        {
            string name = Path.GetFileName(file);
            CheckDamaged(
                whole, $"old {name}",
                copy => File.Copy(file, Path.Combine(copy, name), overwrite: true));
        }
        Assert.NotEmpty(Directory.GetFiles(old, files));
    }

    [Fact]
    public void Open_ManifestFromBeforeTheLastFlush_NeverLosesDataSilently()
    {
        LsmStore store = Open();
        Fill(store, 100);
        store.Flush();
        string manifest = StoreFiles.NewestManifest(Home);
        byte[] old = StoreFiles.ReadShared(manifest);
        Fill(store, 100, from: 100);
        store.Flush();
        store.Dispose();
        StoreFiles.Overwrite(manifest, old);
        LsmStore? again = null;
        Exception? thrown = Record.Exception(() => again = Open());
        if (thrown is null)
            Assert.Equal(200, Count(again!));
        else
            DamagedStore.AssertNamesFile(thrown, "a stale MANIFEST");
    }

    private void Replace(DamagedStore whole, string name, byte[] content, string what) =>
        CheckDamaged(whole, what, copy => StoreFiles.Overwrite(Path.Combine(copy, name), content));

    /// <summary>Damages a copy of the store and checks it, every other one read-only.</summary>
    private int CheckDamaged(DamagedStore whole, string what, Action<string> damage)
    {
        string copy = Folder[$"copy-{++_copies}"];
        StoreFiles.Copy(whole.Directory, copy);
        damage(copy);
        int refused = whole.CheckCopy(copy, readOnly: _copies % 2 == 0, what);
        Directory.Delete(copy, recursive: true);
        return refused;
    }

    private string[] FilesOf(string pattern)
    {
        string[] files = Directory.GetFiles(Home, pattern);
        Assert.NotEmpty(files);
        Array.Sort(files, StringComparer.Ordinal);
        return files;
    }
}
