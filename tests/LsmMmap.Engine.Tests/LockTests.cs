// One owner: a second open for writing fails clearly, whoever tries and by whatever path, and
// changes nothing.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class LockTests : StoreTest
{
    [Fact]
    public void Open_TwiceInOneProcess_ThrowsLockedAndChangesNothing()
    {
        LsmStore store = Open();
        Fill(store, 100);
        AssertLockedAndUntouched(store, Home);
    }

    [Fact]
    public void Open_ThroughASymbolicLink_ThrowsLockedAndChangesNothing()
    {
        LsmStore store = Open();
        Fill(store, 100);
        Directory.CreateSymbolicLink(Folder["link"], Home);
        AssertLockedAndUntouched(store, Folder["link"]);
    }

    [Theory]
    [InlineData("store/")]
    [InlineData("./store")]
    [InlineData("store/../store")]
    public void Open_ByAnotherSpelling_ThrowsLockedAndChangesNothing(string path)
    {
        LsmStore store = Open();
        Fill(store, 100);
        AssertLockedAndUntouched(store, $"{Folder.Path}/{path}");
    }

    [Fact]
    public void Open_OwnerWasOpenedThroughALink_ThrowsLocked()
    {
        Directory.CreateDirectory(Home);
        Directory.CreateSymbolicLink(Folder["link"], Home);
        LsmStore store = Open(Folder["link"]);
        Fill(store, 100);
        AssertLockedAndUntouched(store, Home);
    }

    [Fact]
    public void Open_LockedByAnotherProcess_ThrowsAndNamesIt()
    {
        using OtherProcess other = OtherProcess.Start("hold", Home);
        string[] before = StoreFiles.Fingerprint(Home);
        StoreLockedException thrown =
            Assert.Throws<StoreLockedException>(() => LsmStore.Open(Home));
        Assert.Equal(other.Id, thrown.ProcessId);
        Assert.Contains($"{other.Id}", thrown.Message, StringComparison.Ordinal);
        Assert.Equal(before, StoreFiles.Fingerprint(Home));
        other.End();
        Open().Put([1], [1]);
    }

    [Fact]
    public void Open_OwnerWasKilled_Works()
    {
        using OtherProcess other = OtherProcess.Start("hold", Home);
        other.Kill();
        Open().Put([1], [1]);
    }

    [Fact]
    public void Open_AfterDispose_Works()
    {
        LsmStore store = Open();
        store.Dispose();
        Open().Put([1], [1]);
    }

    private static void AssertLockedAndUntouched(LsmStore store, string path)
    {
        store.WaitForIdle();
        string[] before = StoreFiles.Fingerprint(path);
        Assert.Throws<StoreLockedException>(() => LsmStore.Open(path));
        Assert.Throws<StoreLockedException>(() => LsmStore.Open(path));
        Assert.Equal(before, StoreFiles.Fingerprint(path));
        Fill(store, 100, from: 100);
        Assert.Equal(200, Count(store));
    }
}
