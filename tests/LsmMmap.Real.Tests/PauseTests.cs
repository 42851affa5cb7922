// A slow disk under one reader must not stop the garbage collector of the whole process: the call
// that waits for the page is an ordinary one, which the collector does not wait for.
//
// The slow page is played by strace, which holds up that one thread's advice calls. The limit is
// far from both sides: a fifth of what the read itself took.
//
// Seen to fail: with SuppressGCTransition on MAdvise, a collection took as long as the read.

using System.Diagnostics;
using System.Globalization;
using LsmMmap.Real.Child;
using LsmMmap.Testing;

namespace LsmMmap.Real.Tests;

public sealed class PauseTests : IDisposable
{
    private const int DelayMs = 2_000;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [StraceFact]
    public void Collections_BesideASlowColdRead_AreNotHeldUp()
    {
        string store = _folder["store"];
        Media.Create(store);
        using ChildProcess child = ChildProcess.Start("pause", store);
        string? line;
        do
            line = child.ReadLine();
        while (line != null && !line.StartsWith("thread ", StringComparison.Ordinal));
        Assert.True(line != null, child.Story);
        string trace = _folder["trace"];
        using (Process strace = Process.Start(new ProcessStartInfo("strace",
        [
            "-o", trace, "-e", "trace=madvise", "-e",
            $"inject=madvise:delay_enter={DelayMs * 1000}:when=1+", "-p", line.Split(' ')[1],
        ])
        { RedirectStandardError = true })!)
        {
            // It says so when it has attached.
            strace.StandardError.ReadLine();
            child.Say("go");
            child.RunToEnd();
            strace.WaitForExit();
        }
        Assert.True(child.ExitCode == 0, child.Story);
        string[] words = child.Lines[^1].Split(' ');
        int readMs = int.Parse(words[1], CultureInfo.InvariantCulture);
        int pauseMs = int.Parse(words[3], CultureInfo.InvariantCulture);
        Assert.True(readMs >= DelayMs, $"the read was not slow: {child.Story}");
        Assert.True(pauseMs < readMs / 5, child.Story);
    }
}
