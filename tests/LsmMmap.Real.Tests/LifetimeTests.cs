// Nothing of the store touches memory after it was let go: readers of every kind against flushes,
// compactions, drops and disposed stores, in a child in which unmapped tables and freed memtables
// stay inaccessible for ever. LSM_LIFETIME_SECONDS makes it long.
//
// Seen to fail: with KeyspaceReader.TryPin publishing nothing for the value that it hands out, the
// child died within seconds.

using LsmMmap.Testing;
using Xunit.Abstractions;

namespace LsmMmap.Real.Tests;

public sealed class LifetimeTests(ITestOutputHelper output) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static int SecondsOfRun => (int)Seeds.Number("LSM_LIFETIME_SECONDS", 15);

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public void Readers_AgainstEverythingThatFrees_TouchNothingDead()
    {
        using ChildProcess child = ChildProcess.Start(
            "lifetimes", _folder["store"], $"{Seeds.Base}", $"{SecondsOfRun}");
        child.RunToEnd(TimeSpan.FromSeconds(SecondsOfRun + 90));
        string story = $"{Seeds.Describe(Seeds.Base)}: {child.Story}";
        Assert.False(child.IsHung, story);
        Assert.True(child.ExitCode == 0, story);
        output.WriteLine(child.Lines[^1]);
        string[] words = child.Lines[^1].Split(' ');
        Assert.True(long.Parse(words[^1]) > 100, $"hardly anything was freed: {story}");
    }

    // Without this, the test above might pass because a dead range can still be read.
    [LinuxFact]
    public void DeadRange_Touched_EndsTheProcess()
    {
        using ChildProcess child = ChildProcess.Start("dead-range", _folder["store"]);
        child.RunToEnd();
        Assert.Equal("unmapped", child.Lines[^1]);
        Assert.True(child.ExitCode is 134 or 139, child.Story);
    }
}
