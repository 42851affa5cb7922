// What the kernel says of a thread that gives way.

using System.Globalization;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.Waiting;

namespace LsmMmap.Engine.Tests.Files;

public sealed class CpuShareTests
{
    private const int NiceField = 16;

    [Fact]
    public void GiveWay_OnLinux_IsAboutTheCallingThreadAlone()
    {
        if (!OperatingSystem.IsLinux())
            return;
        int before = NiceOfThisThread();
        int given = 0;
        StoreThread.Start("LsmMmap test", () =>
        {
            CpuShare.GiveWay();
            given = NiceOfThisThread();
        }).Join();
        Assert.True(given > before, $"{given} after {before}");
        Assert.Equal(before, NiceOfThisThread());
    }

    /// <summary>The fields behind the name, which may hold spaces, count from 0.</summary>
    private static int NiceOfThisThread()
    {
        string text = File.ReadAllText("/proc/thread-self/stat");
        string[] fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        return int.Parse(fields[NiceField], CultureInfo.InvariantCulture);
    }
}
