// One owner: while another process has the store open, by whatever path, a second opening for
// writing says who has it and changes nothing, and a read-only one works.
//
// Seen to fail: with StoreLock opening LOCK by FileShare.ReadWrite, the second opening went well.

using LsmMmap.Testing;

namespace LsmMmap.Real.Tests;

public sealed class OwnershipTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public void Open_OfAStoreOfAnotherProcess_IsRefusedByEveryPath()
    {
        string store = _folder["store"];
        string link = _folder["link"];
        File.CreateSymbolicLink(link, store);
        string linkedParent = _folder["parent"];
        File.CreateSymbolicLink(linkedParent, _folder.Path);
        using ChildProcess owner = ChildProcess.Start("hold", store);
        owner.Await("ready");
        string[] before = StoreFiles.Fingerprint(store);
        string relative = Path.GetRelativePath(Environment.CurrentDirectory, store);
        foreach (string path in new[]
        {
            store, store + "/", link, Path.Combine(linkedParent, "store"),
            Path.Combine(_folder.Path, "..", Path.GetFileName(_folder.Path), "store"), relative,
        })
        {
            StoreLockedException refused =
                Assert.Throws<StoreLockedException>(() => LsmStore.Open(path));
            Assert.Equal(owner.Id, refused.ProcessId);
        }
        Assert.Equal(before, StoreFiles.Fingerprint(store));
        using (LsmStore reader = LsmStore.OpenReadOnly(link))
            Assert.Equal("here"u8.ToArray(), reader.Get("held"u8));
        Assert.Equal(before, StoreFiles.Fingerprint(store));
        owner.Say("");
        owner.RunToEnd();
        Assert.True(owner.ExitCode == 0, owner.Story);
        using LsmStore next = LsmStore.Open(link);
        Assert.Equal("here"u8.ToArray(), next.Get("held"u8));
    }

    [LinuxFact]
    public void Open_AfterTheOwnerWasKilled_TakesTheStore()
    {
        string store = _folder["store"];
        using ChildProcess owner = ChildProcess.Start("hold", store);
        owner.Await("ready");
        owner.Kill();
        owner.RunToEnd();
        using LsmStore next = LsmStore.Open(store);
        Assert.Equal("here"u8.ToArray(), next.Get("held"u8));
    }
}
