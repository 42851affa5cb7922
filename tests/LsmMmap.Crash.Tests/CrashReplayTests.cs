// Plays one crash of a kept record again. The message of a sweep that found something names the
// command; the knobs are
//   LSM_CRASH_RECORD  the file
//   LSM_CRASH_CUT     before which operation; all when unset
//   LSM_CRASH_POLICY  what the crash leaves; every policy when unset
//   LSM_CRASH_IMAGE   of the random disks, which

using System.Globalization;
using System.Text.RegularExpressions;
using LsmMmap.Testing.Crash;

namespace LsmMmap.Crash.Tests;

public sealed partial class CrashReplayTests : CrashTest
{
    [Fact]
    public void Record_NamedByTheEnvironment_IsSurvived()
    {
        if (Environment.GetEnvironmentVariable("LSM_CRASH_RECORD") is { Length: > 0 } path)
            Replay(path, Environment.GetEnvironmentVariable).AssertNone();
    }

    [Fact]
    public void Record_OfASeededBug_ShowsItAgainByTheCommandInTheMessage()
    {
        CrashRecord record = Record(
            Workloads.Small, static files => new(
                new ProtocolBugFileSystem(files.Files, ProtocolBug.LogUnsynced)));
        CrashSweep sweep = new CrashSweep(record, Root) { FindingsMax = 3 }.Run();
        Assert.Equal(3, sweep.Findings.Count);
        foreach (string finding in sweep.Findings)
        {
            Dictionary<string, string> knobs = Knob().Matches(finding).ToDictionary(
                static match => match.Groups[1].Value, static match => match.Groups[2].Value);
            CrashSweep again = Replay(
                knobs["LSM_CRASH_RECORD"], name => knobs.GetValueOrDefault(name));
            Assert.Equal(1, again.States);
            Assert.Equal(What(finding), What(Assert.Single(again.Findings)));
        }
    }

    private CrashSweep Replay(string path, Func<string, string?> knob)
    {
        int? cut = Number(knob("LSM_CRASH_CUT"));
        return new CrashSweep(CrashRecord.Load(path), Root)
        {
            FirstCut = cut ?? 0,
            LastCut = cut ?? int.MaxValue,
            OnlyPolicy = knob("LSM_CRASH_POLICY") is { } policy
                ? Enum.Parse<CrashPolicy>(policy) : null,
            OnlyImage = Number(knob("LSM_CRASH_IMAGE")),
            TwiceEvery = 1,
        }.Run();
    }

    /// <summary>The first line, without the path of the recovered store.</summary>
    private static string What(string finding) =>
        PathOfState().Replace(finding.Split('\n')[0], "state/");

    private static int? Number(string? text) => string.IsNullOrEmpty(text)
        ? null : int.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(LSM_[A-Z]+(?:_[A-Z]+)?)=(\S+)")]
    private static partial Regex Knob();

    [GeneratedRegex(@"\S*/state\d+/")]
    private static partial Regex PathOfState();
}
