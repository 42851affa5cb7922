// Places where a store cannot be: the system's refusal reaches the caller as an LsmException with
// the system's own exception inside.

namespace LsmMmap.Engine.Tests;

/// <summary>A fact that permissions cannot show to the superuser.</summary>
public sealed class FactUnlessRootAttribute : FactAttribute
{
    public FactUnlessRootAttribute()
    {
        if (OperatingSystem.IsWindows() || Environment.UserName == "root")
            Skip = "the superuser may write everywhere";
    }
}

/// <summary>A fact about a file system that only Linux has.</summary>
public sealed class FactOnLinuxAttribute : FactAttribute
{
    public FactOnLinuxAttribute()
    {
        if (!OperatingSystem.IsLinux())
            Skip = "there is no /proc";
    }
}

public sealed class BadDirectoryTests : StoreTest
{
    [Fact]
    public void Open_DirectoryIsAFile_ThrowsAndLeavesItAlone()
    {
        File.WriteAllText(Home, "not a store");
        Assert.ThrowsAny<LsmException>(() => LsmStore.Open(Home));
        Assert.Equal("not a store", File.ReadAllText(Home));
    }

    [Fact]
    public void OpenReadOnly_DirectoryIsAFile_ThrowsAndLeavesItAlone()
    {
        File.WriteAllText(Home, "not a store");
        // Whether this counts as damage or as "no store" is not said; both are IOExceptions.
        Assert.ThrowsAny<IOException>(() => LsmStore.OpenReadOnly(Home));
        Assert.Equal("not a store", File.ReadAllText(Home));
    }

    [Fact]
    public void Open_ParentIsAFile_Throws()
    {
        File.WriteAllText(Folder["file"], "not a directory");
        Assert.ThrowsAny<LsmException>(() => LsmStore.Open(Path.Combine(Folder["file"], "store")));
    }

    [FactOnLinux]
    public void Open_WhereNothingCanBeMade_ThrowsWithTheCauseInside()
    {
        LsmException thrown =
            Assert.ThrowsAny<LsmException>(() => LsmStore.Open("/proc/lsm-store"));
        Assert.NotNull(thrown.InnerException);
        Assert.Equal(thrown.InnerException.HResult, thrown.HResult);
        Assert.Contains("/proc/lsm-store", thrown.Message, StringComparison.Ordinal);
    }

    [FactUnlessRoot]
    public void Open_ReadOnlyDirectory_ThrowsWithUnauthorizedAccessInside()
    {
        Directory.CreateDirectory(Home);
        using var seal = new Sealed(Home);
        LsmException thrown = Assert.ThrowsAny<LsmException>(() => LsmStore.Open(Home));
        Assert.IsType<UnauthorizedAccessException>(thrown.InnerException);
    }

    [FactUnlessRoot]
    public void OpenReadOnly_ReadOnlyDirectory_Works()
    {
        LsmStore store = Open();
        Fill(store, 100);
        store.Flush();
        Fill(store, 100, from: 100);
        store.Dispose();
        using var seal = new Sealed(Home);
        using LsmStore reader = LsmStore.OpenReadOnly(Home);
        Assert.Equal(200, Count(reader));
    }

    [Fact]
    public void Open_LeftoversOfACrash_AreNoObstacle()
    {
        LsmStore store = Open();
        Fill(store, 100);
        store.Dispose();
        File.WriteAllText(Path.Combine(Home, "CURRENT.tmp"), "half");
        File.WriteAllText(Path.Combine(Home, "999998.sst.tmp"), "half");
        Assert.Equal(100, Count(Open()));
    }

    /// <summary>A directory without write permission until Dispose.</summary>
    private sealed class Sealed : IDisposable
    {
        private readonly string _directory;

        public Sealed(string directory)
        {
            _directory = directory;
            Set(UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        public void Dispose() =>
            Set(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        private void Set(UnixFileMode mode)
        {
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(_directory, mode);
        }
    }
}
