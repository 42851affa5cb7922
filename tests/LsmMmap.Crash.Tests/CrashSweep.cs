// Cuts a recorded run before every operation, under every policy, and recovers each disk that is
// new. What has to be there follows from the marks before the cut: a power cut keeps at least
// the last step acknowledged as Synced, the kill of the process the last Flushed one, and neither
// brings a step that had not begun.
// Threads: one.

using System.Globalization;
using LsmMmap.Testing;
using LsmMmap.Testing.Crash;

namespace LsmMmap.Crash.Tests;

internal sealed class CrashSweep(StateHistory history, string root)
{
    private readonly CrashCheck _check = new(history, root);
    private readonly HashSet<(UInt128 Image, int From, int To, bool Kill)> _seen = [];
    private readonly List<string> _findings = [];
    private int _synced;
    private int _flushed;
    private int _started;

    /// <summary>Disks recovered so far.</summary>
    public int States { get; private set; }

    /// <summary>Random disks for each cut.</summary>
    public int RandomImages { get; init; } = 3;

    /// <summary>Ends after so many violations.</summary>
    public int FindingsMax { get; init; } = 5;

    /// <summary>Every how many states the store is written to and opened once more.</summary>
    public int TwiceEvery { get; init; } = 5;

    /// <summary>Every how many states the recovery is cut as well; 0 for never.</summary>
    public int NestedEvery { get; init; }

    /// <summary>Only cuts from this operation on, up to the last one, are made.</summary>
    public int FirstCut { get; init; }

    public int LastCut { get; init; } = int.MaxValue;

    public IReadOnlyList<string> Findings => _findings;

    /// <summary>Steps before the record begins: they are there already.</summary>
    public void Begin(int from, int to) => (_synced, _flushed, _started) = (from, from, to);

    public void Run(DiskModel start, DiskOperation[] operations, Guid bootId, string path = "")
    {
        DiskModel disk = start.Clone();
        for (int cut = 0; cut <= operations.Length; cut++)
        {
            DiskOperation? next = cut < operations.Length ? operations[cut] : null;
            if (next is not { IsMarker: true } && cut >= FirstCut && cut <= LastCut)
                CutHere(disk, next, bootId, cut, path);
            if (next == null || _findings.Count >= FindingsMax)
                return;
            Note(next);
            disk.Apply(next);
        }
    }

    public void AssertNone() => Assert.True(
        _findings.Count == 0,
        $"{_findings.Count} of {States} crashes were not survived; " +
        Seeds.Describe(Seeds.Base) + ":\n" + string.Join("\n", _findings));

    private void Note(DiskOperation operation)
    {
        if (operation.Step == DiskStep.Started)
            _started = operation.WorkStep;
        if (operation.Step != DiskStep.Acknowledged)
            return;
        if (operation.Durability >= Durability.Flushed)
            _flushed = Math.Max(_flushed, operation.WorkStep);
        if (operation.Durability == Durability.Synced)
            _synced = Math.Max(_synced, operation.WorkStep);
    }

    private void CutHere(DiskModel disk, DiskOperation? next, Guid bootId, int cut, string path)
    {
        foreach (CrashPolicy policy in Enum.GetValues<CrashPolicy>())
        {
            int images = policy == CrashPolicy.Random ? RandomImages : 1;
            for (int i = 0; i < images && _findings.Count < FindingsMax; i++)
            {
                int seed = HashCode(Seeds.Base, cut, i);
                if (DiskAfter.Image(disk, policy, seed, next) is { } image)
                    Recover(disk, image, policy, bootId, $"{path}{policy} {i} at {cut} ({next})");
            }
        }
    }

    private void Recover(
        DiskModel disk, DiskImage image, CrashPolicy policy, Guid bootId, string what)
    {
        bool isKill = DiskAfter.IsKill(policy);
        int from = isKill ? _flushed : _synced;
        if (!_seen.Add((image.Fingerprint(), from, _started, isKill)))
            return;
        States++;
        // After a kill the machine goes on, with all that it still owes to the disk.
        DiskModel start = policy == CrashPolicy.Kill ? disk.Clone() : DiskModel.Of(image);
        Guid boot = isKill ? bootId : Guid.NewGuid();
        RecordingFileSystem? recorded = null;
        DiskOperation[] operations = [];
        bool nested = NestedEvery > 0 && States % NestedEvery == 0;
        int step;
        try
        {
            step = _check.Recover(
                image, start, boot, from, _started, States % TwiceEvery == 0 && !nested,
                recorder => (recorded, operations) = (recorder, recorder.Operations()));
        }
        catch (Exception e) when (e is CrashFinding or LsmException or TimeoutException)
        {
            _findings.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"{what}, steps {from} to {_started}: {e.Message}\n  disk: {image}"));
            return;
        }
        if (nested && recorded != null)
            RunNested(recorded, operations, boot, isKill, step, what);
    }

    private void RunNested(
        RecordingFileSystem recorded, DiskOperation[] operations, Guid boot, bool isKill,
        int step, string what)
    {
        var inner = new CrashSweep(history, root) { RandomImages = 1, TwiceEvery = 11 };
        // A recovery that was killed and is then cut may lose what was never synced.
        inner.Begin(isKill ? _synced : step, step);
        inner._flushed = step;
        inner.Run(recorded.Start, operations, boot, what + " > ");
        States += inner.States;
        _findings.AddRange(inner._findings);
    }

    private static int HashCode(int seed, int cut, int image) =>
        unchecked((seed * 31 + cut) * 31 + image);
}
