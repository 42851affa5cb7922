// Disk that is set aside for logs and manifests, and what happens when the system runs out of
// things before it does.

using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.Tests.Regression;

namespace LsmMmap.Engine.Tests.Files;

public sealed class ReservedSpaceTests : StoreTest
{
    /// <summary>Seen to fail without PreallocationSize (first assertion) and without GiveBack
    /// (last one).</summary>
    [Fact]
    public void Create_WithReservedBytes_TakesDiskButNoLengthAndGivesItBack()
    {
        Directory.CreateDirectory(Home);
        if (!CanReserve())
            return;
        string path = Path.Combine(Home, "reserved");
        using (DurableFile file = LocalFileSystem.Instance.Create(path, 8 << 20))
        {
            file.Write("some"u8);
            Assert.True(DiskBytes(path) >= 8 << 20, "nothing was set aside");
            Assert.Equal(4, new FileInfo(path).Length);
        }
        Assert.Equal(4, new FileInfo(path).Length);
        Assert.True(DiskBytes(path) < 1 << 20, "the space was not given back");
    }

    [Fact]
    public void Log_OfAnOpenStore_HasDiskForAMemtable()
    {
        Directory.CreateDirectory(Home);
        if (!CanReserve())
            return;
        using LsmStore store = LsmStore.Open(Home);
        string log = Assert.Single(Directory.GetFiles(Home, "*.log"));
        Assert.True(DiskBytes(log) >= new KeyspaceOptions().MemtableBytes, "no disk set aside");
        string manifest = Assert.Single(Directory.GetFiles(Home, "MANIFEST-*"));
        Assert.True(DiskBytes(manifest) >= 1 << 20, "no disk set aside");
    }

    /// <summary>Seen to fail when EMFILE is taken out of what counts as exhaustion: the put
    /// after it throws StoreFailedException.</summary>
    [Theory]
    [InlineData(24)]
    [InlineData(23)]
    [InlineData(122)]
    public void Flush_TheSystemRunsOutWhileALogIsMade_FailsOnlyTheCall(int errno)
    {
        bool isShort = false;
        var files = new FaultyFiles();
        files.Before = (at, file) =>
        {
            if (isShort && at == "create")
                throw IoFailure.Of("create", file, new IOException("out of it", errno));
        };
        using LsmStore store = LsmStore.Open(Home, null, files);
        Fill(store, 10);
        isShort = true;
        LsmException e = Assert.ThrowsAny<LsmException>(() => store.Flush());
        Assert.IsNotType<StoreFailedException>(e);
        isShort = false;
        Fill(store, 10, from: 10);
        store.Flush();
        Assert.Equal(20, Count(store));
    }

    /// <summary>Without the bound in bytes the small keyspace would keep every log.</summary>
    [Fact]
    public void Logs_PinnedByOneSmallMemtable_StayWithinTwoMemoryBudgets()
    {
        const long Budget = 1 << 20;
        using LsmStore store = LsmStore.Open(Home, new StoreOptions
        {
            MemoryBudgetBytes = Budget,
            DefaultKeyspace = new KeyspaceOptions { MemtableBytes = 128 << 10 },
        });
        Keyspace small = store.GetKeyspace("small");
        small.Put("kept"u8, "in memory"u8);
        byte[] value = new byte[1000];
        for (int i = 0; i < 6000; i++)
            store.Put(BitConverter.GetBytes(i), value);
        store.WaitForIdle();
        long logBytes = Directory.GetFiles(Home, "*.log").Sum(
            static log => new FileInfo(log).Length);
        Assert.True(logBytes <= 2 * Budget + (1 << 20), $"{logBytes} bytes of logs are kept");
        Assert.Equal("in memory"u8.ToArray(), small.Get("kept"u8));
    }

    [Fact]
    public void Lock_WhoseFileLostItsName_IsSeen()
    {
        if (!OperatingSystem.IsLinux())
            return;
        Directory.CreateDirectory(Home);
        string path = Path.Combine(Home, "some lock");
        using var stream = new FileStream(path, FileMode.CreateNew);
        Assert.False(StoreLock.IsUnlinked(stream));
        File.Delete(path);
        Assert.True(StoreLock.IsUnlinked(stream));
    }

    /// <summary>Whether the system's own tool can set disk aside here; not every file system
    /// knows how.</summary>
    private bool CanReserve()
    {
        if (!OperatingSystem.IsLinux())
            return false;
        string probe = Folder["probe"];
        try
        {
            return Run("fallocate", ["-n", "-l", "65536", probe], out _) == 0
                && DiskBytes(probe) >= 65536;
        }
        catch (Win32Exception)
        {
            // There is no such tool.
            return false;
        }
    }

    private static long DiskBytes(string path)
    {
        Run("stat", ["-c", "%b", path], out string blocks);
        return 512 * long.Parse(blocks, CultureInfo.InvariantCulture);
    }

    private static int Run(string program, string[] arguments, out string output)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }
}
