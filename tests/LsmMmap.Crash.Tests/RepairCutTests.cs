// A repair cut before every one of its operations, under every policy: what is left is repaired
// again, holds the same as after a repair that was not cut, and nothing unusable was deleted.
//
// Seen to fail: with files set aside only after CURRENT was switched (all three), with old logs
// and manifests removed before the switch (table and log), and without the copy of the damaged
// log or with the damaged table deleted (table and log).

using LsmMmap.Engine.Files;
using LsmMmap.Testing;
using LsmMmap.Testing.Crash;

namespace LsmMmap.Crash.Tests;

public sealed class RepairCutTests : CrashTest
{
    private static readonly StoreOptions s_options = new()
    {
        DefaultKeyspace = { MemtableBytes = 64 << 10, TableBytes = 64 << 10 },
    };

    private readonly HashSet<UInt128> _seen = [];
    private int _states;

    [Theory]
    [InlineData("manifest lost")]
    [InlineData("manifest damaged")]
    [InlineData("table and log damaged")]
    public void Repair_CutBeforeEveryOperation_IsRepairedAgain(string damage)
    {
        string home = Path.Combine(Root, "damaged");
        string[] unusable = Make(home, damage);
        DiskImage damaged = ImageOf(home);
        using var recorder = new RecordingFileSystem(Guid.NewGuid(), DiskModel.Of(damaged));
        Assert.False(LsmStore.Repair(home, s_options, false, recorder).WasHealthy);
        StoreContent expected = Content(home);
        string[] lost = LostOf(home);
        Assert.All(unusable, name => Assert.Contains(name, lost));
        DiskModel disk = recorder.Start.Clone();
        foreach (DiskOperation operation in recorder.Operations())
        {
            CutHere(disk, operation, expected, lost);
            disk.Apply(operation);
        }
        CutHere(disk, null, expected, lost);
        Assert.True(_states > 50, $"{_states} states");
    }

    private void CutHere(
        DiskModel disk, DiskOperation? next, StoreContent expected, string[] lost)
    {
        foreach (CrashPolicy policy in Enum.GetValues<CrashPolicy>())
        {
            int seed = unchecked(Seeds.Base * 31 + _states);
            DiskImage? image = DiskAfter.Image(disk, policy, seed, next);
            if (image == null || !_seen.Add(image.Fingerprint()))
                continue;
            string what = $"{policy} before {next}, {Seeds.Describe(Seeds.Base)}: {image}";
            string directory = Path.Combine(Root, "cut" + _states++);
            image.WriteTo(directory);
            RepairReport report = LsmStore.Repair(directory, s_options);
            Assert.True(LsmStore.Repair(directory, s_options).WasHealthy, what);
            Assert.True(Content(directory).DifferenceFrom(expected) is not { } difference,
                $"{what}: {(report.WasHealthy ? "healthy" : "repaired")}");
            string[] kept = LostOf(directory);
            Assert.True(Array.TrueForAll(lost, kept.Contains),
                $"{what}: in lost are {string.Join(", ", kept)} of {string.Join(", ", lost)}");
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>Gives the names of the files that are damaged.</summary>
    private string[] Make(string home, string damage)
    {
        string live = Path.Combine(Root, "live");
        using LsmStore store = LsmStore.Open(live, s_options);
        for (int i = 0; i < 900; i++)
            store.Put(Bytes.Number(i), Bytes.Value(i, 100));
        store.Compact();
        Keyspace other = store.GetKeyspace("other");
        for (int i = 300; i < 900; i++)
        {
            store.Put(Bytes.Number(i), Bytes.Value(-i, 90));
            if (i % 3 == 0)
                other.Put(Bytes.Number(i), Bytes.Value(i, 50));
        }
        store.Flush();
        store.WaitForIdle();
        for (int i = 0; i < 60; i++)
        {
            store.Delete(Bytes.Number(5 * i), Durability.Synced);
            other.Put(Bytes.Number(i), Bytes.Value(i, 10), Durability.Synced);
        }
        StoreFiles.Copy(live, home);
        return [.. Damage(home, damage).Select(static file => Path.GetFileName(file))];
    }

    private static string[] Damage(string home, string damage)
    {
        string manifest = StoreFiles.NewestManifest(home);
        switch (damage)
        {
            case "manifest lost":
                File.Delete(manifest);
                File.Delete(StoreFiles.Current(home));
                return [];
            case "manifest damaged":
                StoreFiles.Flip(manifest, StoreFiles.UsedBytes(manifest) / 2);
                return [manifest];
            default:
                string table = StoreFiles.Tables(home)[0];
                StoreFiles.Flip(table, 1000);
                string log = StoreFiles.FullestLog(home);
                StoreFiles.Flip(log, StoreFiles.UsedBytes(log) / 2);
                return [table, log];
        }
    }

    private static StoreContent Content(string directory)
    {
        // Read-only, so that the files stay as the repair left them.
        using LsmStore store = LsmStore.OpenReadOnly(directory, s_options);
        Assert.Equal(0, store.Verify().DamageCount);
        return StoreContent.Of(store);
    }

    private static string[] LostOf(string directory) =>
        [.. LocalFileSystem.Instance.List(FileNames.Lost(directory))
            .Select(static file => file.Name)];

    private static DiskImage ImageOf(string directory)
    {
        var image = new DiskImage();
        foreach (string file in StoreFiles.All(directory))
        {
            if (!Path.GetFileName(file).StartsWith("LOCK", StringComparison.Ordinal))
                image.Files.Add(Path.GetFileName(file), File.ReadAllBytes(file));
        }
        return image;
    }
}
