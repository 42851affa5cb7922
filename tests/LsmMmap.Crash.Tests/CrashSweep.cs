// Cuts a recorded run before every operation, under every policy, and recovers each disk that is
// new. What has to be there follows from the marks before the cut: a power cut keeps at least
// the last step acknowledged as Synced, the kill of the process the last Flushed one, and neither
// brings a step that had not begun, nor a step without all before it.
//
// The recovery is recorded too, with one Synced write and a clean close behind it. A part of these
// records is swept in the same way, and a part of the recoveries of that once more.
// Threads: one.

using System.Globalization;
using LsmMmap.Testing;
using LsmMmap.Testing.Crash;

namespace LsmMmap.Crash.Tests;

/// <summary>Which recoveries are cut as well: every so many states one, of which every so many
/// crashes are made; and the same again of their recoveries.</summary>
internal sealed record NestedSweep(int Every, int TakeEvery, NestedSweep? Inner = null);

internal sealed class CrashSweep(CrashRecord record, string root)
{
    private readonly CrashCheck _check = new(
        record.History, root, Workloads.Named(record.Workload).Options());

    private readonly HashSet<(UInt128 Image, int From, int To, bool Kill)> _seen = [];
    private readonly HashSet<int> _startedSteps = [];
    private readonly List<string> _findings = [];
    private int _synced = record.Synced;
    private int _flushed = record.Flushed;
    private int _started = record.Started;
    private string? _savedTo;

    public int Operations => record.Operations.Length;

    /// <summary>Disks recovered so far, those of nested sweeps too.</summary>
    public int States { get; private set; }

    /// <summary>Places at which the record was cut.</summary>
    public int Cuts { get; private set; }

    /// <summary>Recoveries that were swept themselves, by depth: 1 for those of this record.
    /// </summary>
    public int[] NestedStates { get; } = new int[3];

    /// <summary>Random disks for each cut.</summary>
    public int RandomImages { get; init; } = 3;

    /// <summary>Ends after so many violations.</summary>
    public int FindingsMax { get; init; } = 5;

    /// <summary>Only violations whose text has this count.</summary>
    public string Wanted { get; init; } = "";

    /// <summary>Of all crashes every so many one is made; which follows from the seed.</summary>
    public int TakeEvery { get; init; } = 1;

    /// <summary>Every how many states the store is written to, closed and opened once more; in
    /// those whose recovery is cut it always is.</summary>
    public int TwiceEvery { get; init; } = 3;

    public NestedSweep? Nested { get; init; }

    /// <summary>Only cuts from this operation on, up to the last one, are made.</summary>
    public int FirstCut { get; init; }

    public int LastCut { get; init; } = int.MaxValue;

    /// <summary>Only this policy and, of the random ones, only this image.</summary>
    public CrashPolicy? OnlyPolicy { get; init; }

    public int? OnlyImage { get; init; }

    public IReadOnlyList<string> Findings => _findings;

    /// <summary>The last recovered disk of this record itself and what was found on it.</summary>
    public (DiskModel Disk, StoreContent Content)? LastState { get; private set; }

    public CrashSweep Run(string path = "")
    {
        DiskModel disk = record.Start.Clone();
        DiskOperation[] operations = record.Operations;
        for (int cut = 0; cut <= operations.Length; cut++)
        {
            DiskOperation? next = cut < operations.Length ? operations[cut] : null;
            if (next is not { IsMarker: true } && cut >= FirstCut && cut <= LastCut)
                CutHere(disk, next, cut, path);
            if (next == null || _findings.Count >= FindingsMax)
                break;
            Note(next);
            disk.Apply(next);
        }
        return this;
    }

    /// <summary>Counts what was done and fails when anything was lost.</summary>
    public void AssertNone()
    {
        Tally.Add("operations", record.Operations.Length);
        Tally.Add("cuts", Cuts);
        Tally.Add("states", States);
        Tally.Add("violations", _findings.Count);
        Assert.True(
            _findings.Count == 0,
            $"{record.Workload}: {_findings.Count} of {States} crashes were not survived; " +
            Seeds.Describe(Seeds.Base) + ":\n" + string.Join("\n", _findings));
    }

    private void Note(DiskOperation operation)
    {
        if (operation.Step == DiskStep.Started)
        {
            // Commits of several threads begin in any order, but only a prefix can survive.
            _startedSteps.Add(operation.WorkStep);
            while (_startedSteps.Contains(_started + 1))
                _started++;
        }
        if (operation.Step != DiskStep.Acknowledged)
            return;
        if (operation.Durability >= Durability.Flushed)
            _flushed = Math.Max(_flushed, operation.WorkStep);
        if (operation.Durability == Durability.Synced)
            _synced = Math.Max(_synced, operation.WorkStep);
    }

    private void CutHere(DiskModel disk, DiskOperation? next, int cut, string path)
    {
        bool any = false;
        foreach (CrashPolicy policy in Enum.GetValues<CrashPolicy>())
        {
            int images = policy == CrashPolicy.Random
                ? Math.Max(RandomImages, (OnlyImage ?? -1) + 1) : 1;
            for (int i = 0; i < images && _findings.Count < FindingsMax; i++)
            {
                int seed = SeedOf(cut, i);
                if (!Takes(policy, i, seed) || DiskAfter.Image(disk, policy, seed, next)
                    is not { } image)
                    continue;
                any = true;
                Recover(disk, image, new CrashPlace(cut, policy, i, next, path));
            }
        }
        Cuts += any ? 1 : 0;
    }

    private bool Takes(CrashPolicy policy, int image, int seed)
    {
        if (OnlyPolicy is { } only && only != policy)
            return false;
        if (policy == CrashPolicy.Random && OnlyImage is { } wanted && wanted != image)
            return false;
        uint mixed = (uint)(seed * 31 + (int)policy) * 2654435761u;
        return TakeEvery == 1 || (mixed >> 8) % (uint)TakeEvery == 0;
    }

    private void Recover(DiskModel disk, DiskImage image, CrashPlace place)
    {
        bool isKill = DiskAfter.IsKill(place.Policy);
        int from = isKill ? _flushed : _synced;
        if (!_seen.Add((image.Fingerprint(), from, _started, isKill)))
            return;
        States++;
        // After a kill the machine goes on, with all that it still owes to the disk.
        DiskModel start = place.Policy == CrashPolicy.Kill ? disk.Clone() : DiskModel.Of(image);
        Guid boot = isKill ? record.BootId : Guid.NewGuid();
        CrashRecovery recovery;
        bool isNested = Nested != null && States % Nested.Every == 0;
        bool twice = isNested || States % TwiceEvery == 0;
        try
        {
            recovery = _check.Recover(image, start, boot, from, _started, twice);
        }
        catch (Exception e) when (e is CrashFinding or LsmException or TimeoutException)
        {
            string finding = Describe(place, from, e) + $"\n  disk: {image}";
            if (finding.Contains(Wanted, StringComparison.Ordinal))
                _findings.Add(finding);
            return;
        }
        // What a kill leaves may still be lost by a later power cut, so no run begins on it.
        if (!isKill)
            LastState = (start, record.History[recovery.Step]);
        if (isNested)
            RunNested(Nested!, recovery, boot, isKill, place.ToString());
    }

    private void RunNested(
        NestedSweep nested, CrashRecovery recovery, Guid boot, bool isKill, string what)
    {
        var inner = new CrashSweep(
            new CrashRecord
            {
                Workload = record.Workload,
                BootId = boot,
                Start = recovery.Start,
                Operations = recovery.Operations,
                History = recovery.History,
                // A recovery that was killed and is then cut may lose what was never synced.
                Synced = isKill ? _synced : recovery.Step,
                Flushed = recovery.Step,
                Started = recovery.Step,
            },
            root)
        {
            RandomImages = 1,
            TakeEvery = nested.TakeEvery,
            Nested = nested.Inner,
        };
        inner.Run(what + " > ");
        States += inner.States;
        Cuts += inner.Cuts;
        NestedStates[0] += inner.States - inner.NestedStates.Sum();
        for (int depth = 1; depth < NestedStates.Length; depth++)
            NestedStates[depth] += inner.NestedStates[depth - 1];
        _findings.AddRange(inner._findings);
    }

    private string Describe(CrashPlace place, int from, Exception e)
    {
        _savedTo ??= record.Save();
        string image = place.Policy == CrashPolicy.Random ? $" LSM_CRASH_IMAGE={place.Image}" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{place}, steps {from} to {_started}: {e.Message}\n  repeat with " +
            $"LSM_SEED={Seeds.Base} LSM_CRASH_RECORD={_savedTo} LSM_CRASH_CUT={place.Cut} " +
            $"LSM_CRASH_POLICY={place.Policy}{image} dotnet test tests/LsmMmap.Crash.Tests " +
            $"-c Checked --filter FullyQualifiedName~CrashReplay");
    }

    private static int SeedOf(int cut, int image) =>
        unchecked((Seeds.Base * 31 + cut) * 31 + image);

    private readonly record struct CrashPlace(
        int Cut, CrashPolicy Policy, int Image, DiskOperation? Next, string Path)
    {
        public override string ToString() => $"{Path}{Policy} {Image} at {Cut} ({Next})";
    }
}
