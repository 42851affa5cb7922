// Three rules that did not hold at first: a full disk postpones a new manifest, the default
// keyspace takes the store's options at every opening, and only own temporary files are swept.

using LsmMmap.Engine.Files;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Tests.Regression;

public sealed class OpeningRuleTests : StoreTest
{
    [Theory]
    [InlineData("MANIFEST-000002")]
    [InlineData("CURRENT.tmp")]
    public void Rotate_DiskIsFull_KeepsTheManifestAndTriesAgain(string refused)
    {
        Directory.CreateDirectory(Home);
        var files = new FaultyFiles();
        using var manifest = new ManifestLog(
            files, Home, new DirectorySync(files, Home), 7, Guid.Empty, 1, Contents());
        files.Before = (step, file) =>
        {
            if (step == "create" && file == refused)
                throw FaultyFiles.DiskFull(file);
        };
        manifest.Rotate(2);
        Assert.Equal(1, manifest.Number);
        manifest.Append(new VersionEdit { Numbers = new StoreNumbers(0, 9, 5, 1) });
        Assert.Equal(1, ManifestReader.ReadCurrent(files, Home));
        Assert.Equal(5UL, ManifestReader.Read(files, Home, 1, out _).Numbers.LastSequence);
        files.Before = static (_, _) => { };
        manifest.Rotate(3);
        Assert.Equal(3, ManifestReader.ReadCurrent(files, Home));
        Assert.Equal(5UL, ManifestReader.Read(files, Home, 3, out _).Numbers.LastSequence);
    }

    [Fact]
    public void Rotate_SwitchFailsOnAFullDisk_IsNotSwallowed()
    {
        Directory.CreateDirectory(Home);
        var files = new FaultyFiles();
        using var manifest = new ManifestLog(
            files, Home, new DirectorySync(files, Home), 7, Guid.Empty, 1, Contents());
        files.Before = static (step, file) =>
        {
            if (step == "rename")
                throw FaultyFiles.DiskFull(file);
        };
        Assert.Throws<LsmException>(() => manifest.Rotate(2));
    }

    [Fact]
    public void Open_OtherOptionsForTheDefaultKeyspace_ApplyFromNowOn()
    {
        Open().Dispose();
        var options = new StoreOptions { DefaultKeyspace = { MemtableBytes = 1 << 20 } };
        using LsmStore store = LsmStore.Open(Home, options);
        Assert.Equal(1 << 20, store.Default.Tree.Options.MemtableBytes);
    }

    [Fact]
    public void Open_TemporaryFileOfSomebodyElse_Stays()
    {
        Open().Dispose();
        string foreign = Path.Combine(Home, "notes.tmp");
        string own = FileNames.TableTemporary(Home, 900);
        File.WriteAllText(foreign, "mine");
        File.WriteAllText(own, "half a table");
        using LsmStore store = LsmStore.Open(Home);
        Assert.True(File.Exists(foreign));
        Assert.False(File.Exists(own));
    }

    private static ManifestContents Contents()
    {
        var edit = new VersionEdit { Numbers = new StoreNumbers(0, 1, 0, 1) };
        edit.Keyspaces.Add(new KeyspaceRecord(0, "default", "", false, 0));
        var contents = new ManifestContents();
        Assert.Null(contents.Apply(edit));
        return contents;
    }
}
