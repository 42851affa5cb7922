// Makes a store that can be opened again from the files of one that cannot: the numbered
// procedure. Nothing is deleted that is not also in the new store or in `lost`, and a crash at any
// step leaves files from which the same procedure makes the same store:
//
//   1 lock the directory    2 read every file, plan; here a dry run ends, and a healthy store
//   3 merge tables whose levels are not known     4 replay the logs into new tables
//   5 what is of no use moves to lost, damaged files that were used leave a copy there
//   6 start a new log       7 write a new MANIFEST, switch CURRENT
//   8 remove what 7 has replaced
//
// Until 7 the old CURRENT, MANIFEST and logs stay. What 3 and 4 made and the old MANIFEST does not
// name is found by the next run like any other table: it holds entries that the originals hold
// too, under the same sequences.
// Threads: one.

using System.Diagnostics;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Versions;
using LsmMmap.Engine.Writing;

namespace LsmMmap.Engine.Recovery;

internal sealed class StoreRepair(
    IFileSystem files, string directory, StoreOptions options, bool dryRun,
    CancellationToken cancellationToken)
{
    private readonly Dictionary<int, List<TableInfo>> _merged = [];
    private long _doubtfulKeys;

    public RepairReport Run()
    {
        if (files.List(directory).Count == 0)
            StoreOpening.ThrowMissing(directory);
        if (dryRun)
            return Repair();
        DiskSync.CheckThatFailuresAreSeen();
        using IDisposable storeLock = files.Lock(directory); // 1
        return Repair();
    }

    private RepairReport Repair()
    {
        var survey = new RepairSurvey(files, directory, cancellationToken); // 2
        if (survey.IsEmpty)
            StoreOpening.ThrowMissing(directory);
        ulong storeId = survey.StoreId ?? Manifest.NewNonce();
        var plan = new RepairPlan(survey, storeId, options.DefaultKeyspace);
        StoreServices services = NewServices(storeId, options.WalRecovery);
        ManifestContents planned = plan.Contents(_merged);
        bool logsAreSound = TryReplay(survey, services, planned, plan, out RecoveryReport? replay);
        bool isHealthy = logsAreSound && !plan.HasLosses;
        if (!logsAreSound)
        {
            services = NewServices(storeId, WalRecovery.Salvage);
            bool isReadable = TryReplay(survey, services, planned, plan, out replay);
            Debug.Assert(isReadable, "whole records of sound logs can be replayed");
        }
        SkipUsedNumbers(services, planned);
        if (!isHealthy)
        {
            foreach ((KeyspaceRecord record, List<FoundTable> tables) in plan.Merges)
                Merge(services, record, tables); // 3
        }
        ulong last = planned.Numbers.LastSequence;
        if (!isHealthy && !dryRun)
        {
            ManifestContents contents = plan.Contents(_merged);
            replay = Rebuild(services, contents, plan, survey);
            last = contents.Numbers.LastSequence;
        }
        return new RepairReport
        {
            WasHealthy = isHealthy,
            IsDryRun = dryRun,
            Damages = survey.Damages,
            Files = [.. plan.Files.Where(file => !isHealthy || file.Fate == RepairFate.Kept),
                .. Manifests(survey, isHealthy)],
            Keyspaces = [.. planned.Keyspaces.Values.Select(static k => k.Record.Name)
                .Order(StringComparer.Ordinal)],
            EntriesSaved = plan.EntriesSaved,
            EntriesLost = plan.EntriesLost,
            CommitsReplayed = replay?.CommitsReplayed ?? 0,
            LogBytesDropped = replay?.LogBytesDropped ?? 0,
            DoubtfulKeys = _doubtfulKeys,
            LastSequence = (long)last,
        };
    }

    private StoreServices NewServices(ulong storeId, WalRecovery policy) => new()
    {
        Directory = directory,
        Options = options.With(policy),
        Files = files,
        StoreId = storeId,
        BootId = files.BootId,
        Tables = new TableSet(
            files, directory, ReadMode.Copy, options.BlockIndexCacheBytes, mayUnlink: false),
    };

    private static bool TryReplay(
        RepairSurvey survey, StoreServices services, ManifestContents contents, RepairPlan plan,
        out RecoveryReport? report)
    {
        try
        {
            report = new RecoveredStore(services, contents, plan.UnusableLogs)
                .Replay(ReplayTo.Nothing);
            return true;
        }
        catch (CorruptionException e)
        {
            survey.Note(e);
            report = null;
            return false;
        }
    }

    private void SkipUsedNumbers(StoreServices services, ManifestContents contents)
    {
        services.SkipFileNumbers(contents.Numbers.NextFileNumber - 1);
        foreach (FileEntry file in files.List(directory).Concat(
            files.List(FileNames.Lost(directory))))
        {
            string name = file.Name.EndsWith(".tmp", StringComparison.Ordinal)
                ? file.Name[..^4] : file.Name;
            if (FileNames.Parse(name, out long number) != StoreFileKind.Unknown)
                services.SkipFileNumbers(number);
        }
    }

    private void Merge(StoreServices services, KeyspaceRecord record, List<FoundTable> tables)
    {
        if (!KeyspaceOptions.TryFromStored(record.Options, out KeyspaceOptions tuned))
            tuned = options.DefaultKeyspace;
        var merge = new TableMerge(services, record, tuned);
        List<TableInfo> made = merge.Run(tables, write: !dryRun, cancellationToken);
        _doubtfulKeys += merge.DoubtfulKeys;
        Debug.Assert(!dryRun || made.Count == 0, "a dry run makes no table");
        _merged.Add(record.Id, made);
        if (made.Count > 0)
            services.Names.Run();
    }

    private RecoveryReport Rebuild(
        StoreServices services, ManifestContents contents, RepairPlan plan, RepairSurvey survey)
    {
        var recovered = new RecoveredStore(services, contents, plan.UnusableLogs);
        RecoveryReport report = recovered.ReplayToTables(); // 4
        SetAside(plan, survey); // 5
        using var log = new LogSegments(
            services, recovered.LastLog, contents.Numbers.LastSequence); // 6
        contents.Apply(new VersionEdit
        {
            Numbers = contents.Numbers with
            {
                OldestLog = log.CurrentNumber,
                NextFileNumber = services.NextFileNumber + 1,
            },
        });
        using var manifest = new ManifestLog(
            files, directory, services.Names, services.StoreId, services.BootId,
            services.TakeFileNumber(), contents); // 7
        RemoveReplaced(log.CurrentNumber, manifest.Number); // 8
        return report;
    }

    private void SetAside(RepairPlan plan, RepairSurvey survey)
    {
        var lost = new LostFolder(files, directory);
        if (survey.HasCurrent && !survey.IsCurrentSound)
            lost.Copy(Path.GetFileName(FileNames.Current(directory)));
        foreach (long number in survey.ManifestNumbers)
        {
            if (!survey.IsManifestBelieved || survey.Manifest!.Number != number)
                lost.Copy(FileNames.ManifestName(number));
        }
        foreach (FoundLog log in survey.Logs)
        {
            if (log.IsDamaged && !plan.UnusableLogs.Contains(log.Number))
                lost.Copy(log.Name);
        }
        lost.Sync();
        foreach (RepairedFile file in plan.Files)
        {
            bool goes = file.Fate is RepairFate.Lost or RepairFate.Merged
                && files.Exists(Path.Combine(directory, file.Name));
            if (goes)
                lost.Move(file.Name);
        }
        lost.Sync();
    }

    private void RemoveReplaced(long log, long manifest)
    {
        foreach (FileEntry file in files.List(directory))
        {
            bool isReplaced = FileNames.Parse(file.Name, out long number) switch
            {
                StoreFileKind.Log => number != log,
                StoreFileKind.Manifest => number != manifest,
                StoreFileKind.Temporary => true,
                _ => false,
            };
            if (isReplaced)
                files.Delete(Path.Combine(directory, file.Name));
        }
    }

    private static IEnumerable<RepairedFile> Manifests(RepairSurvey survey, bool isHealthy)
    {
        foreach (long number in survey.ManifestNumbers)
        {
            bool counts = survey.Manifest?.Number == number;
            yield return new RepairedFile
            {
                Name = FileNames.ManifestName(number),
                Fate = isHealthy ? RepairFate.Kept : RepairFate.Replaced,
                Reason = !counts ? "another one says more"
                    : survey.IsManifestBelieved ? "it is whole" : "not all of it can be read",
            };
        }
    }
}
