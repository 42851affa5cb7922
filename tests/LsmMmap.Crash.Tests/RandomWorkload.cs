// A run drawn from a seed: its options, and some hundred steps of all kinds. Too long to be cut
// everywhere; a part of its crashes is made.
// Threads: one.

using System.Globalization;

namespace LsmMmap.Crash.Tests;

internal static class RandomWorkload
{
    private const int Steps = 90;

    private static readonly string[] s_keyspaces = ["cats", "dogs", "birds"];

    public static Workload Of(int seed) => new(
        string.Create(CultureInfo.InvariantCulture, $"random:{seed}"),
        run => Run(run, new Random(seed)), () => Options(new Random(~seed)));

    private static StoreOptions Options(Random random)
    {
        StoreOptions options = Workloads.Options(
            random.Next(2) == 0 ? CompactionStyle.Leveled : CompactionStyle.Tiered,
            random.Next(2) == 0 ? Compression.None : Compression.Lz4,
            manifestBytes: random.Next(3) == 0 ? 1 : 1000 * random.Next(1, 9),
            threads: random.Next(1, 4));
        options.ReadMode = (ReadMode)random.Next(4);
        options.DefaultKeyspace.BlockBytes = 1024 << random.Next(5);
        options.DefaultKeyspace.BloomBitsPerKey = random.Next(2) * 10;
        return options;
    }

    private static void Run(WorkloadRun run, Random random)
    {
        run.Open();
        if (random.Next(3) == 0)
            run.MakeFeed();
        for (int i = 0; i < Steps; i++)
            Step(run, random);
        if (random.Next(2) == 0)
            run.Kill();
        else
            run.Close();
    }

    private static void Step(WorkloadRun run, Random random)
    {
        switch (random.Next(40))
        {
            case < 22:
                Commit(run, random);
                break;
            case < 25:
                run.InFlight(random.Next(2, 12), random.Next());
                break;
            case < 27:
                run.Together(random.Next(2, 4), random.Next(2, 6), random.Next());
                break;
            case < 30:
                run.Background(static store => store.Flush());
                break;
            case 30:
                run.Background(static store => store.Compact());
                break;
            case 31:
                if (random.Next(2) == 0)
                    run.TimePasses();
                run.Background(static store => store.WaitForIdle(), isFlush: false);
                break;
            case 32:
                run.SyncLog();
                break;
            case < 36:
                run.MakeKeyspace(s_keyspaces[random.Next(s_keyspaces.Length)]);
                break;
            case < 38:
                run.DropKeyspace(s_keyspaces[random.Next(s_keyspaces.Length)]);
                break;
            case 38:
                run.Close();
                run.Open();
                break;
            default:
                run.Kill();
                run.Open();
                break;
        }
    }

    private static void Commit(WorkloadRun run, Random random)
    {
        var entries = new (string? Keyspace, string Key, int ValueBytes)[random.Next(1, 5)];
        for (int i = 0; i < entries.Length; i++)
        {
            int at = random.Next(2 * s_keyspaces.Length);
            int valueBytes = random.Next(12) switch
            {
                0 => 0,
                1 => random.Next(3) - 1,
                2 => random.Next(5_000, 40_000),
                3 or 4 => random.Next(400, 5_000),
                _ => random.Next(1, 400),
            };
            entries[i] = (
                at < s_keyspaces.Length ? s_keyspaces[at] : null,
                valueBytes < 0
                    ? string.Create(CultureInfo.InvariantCulture, $"k{random.Next(10)}")
                    : string.Create(CultureInfo.InvariantCulture, $"k{random.Next(40)}-{i}"),
                valueBytes);
        }
        if (run.NextFeedKey() is { } feedKey && random.Next(2) == 0)
            entries[0] = (StoreContent.Feed, feedKey, random.Next(1, 20_000));
        run.Commit((Durability)random.Next(1, 4), entries);
    }
}
