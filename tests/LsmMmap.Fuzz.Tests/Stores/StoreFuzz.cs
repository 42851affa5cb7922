// Files of whole stores change, are exchanged, lost, grown old; then the store is opened under one
// of the recovery policies and read modes, or read-only, and read in every way, verified, sometimes
// compacted, closed and read again.
//
// Seen to fail: without LogReplay.SearchProof, "the store opens although a record behind proves the
// damage" in case 23.
// Threads: one, and those of the store.

using LsmMmap.Engine.Files;
using LsmMmap.Testing;

namespace LsmMmap.Fuzz.Tests;

internal sealed class StoreFuzz : IFuzz, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<StoreBase> _bases;

    public StoreFuzz(int seed) => _bases = StoreBases.MakeAll(seed);

    public void Run(FuzzCase the)
    {
        StoreBase whole = the.Pick(_bases);
        StoreDamage damage = StoreDamage.Make(the, whole, _bases);
        var options = new StoreOptions
        {
            WalRecovery = the.OneIn(2) ? WalRecovery.TornTail : (WalRecovery)the.Random.Next(3),
            ReadMode = (ReadMode)the.Random.Next(4),
            BackgroundThreads = 1,
        };
        bool isReadOnly = the.OneIn(3);
        the.Say($"{options.WalRecovery}, {options.ReadMode}{(isReadOnly ? ", read-only" : "")}");
        string home = _folder[$"{the.Number}"];
        StoreDisk.Write(home, damage.Files);
        try
        {
            var judge = new StoreJudge(whole, damage, options.WalRecovery);
            var files = new FuzzFiles(whole.BootId);
            Judge(the, judge, damage, () => isReadOnly
                ? LsmStore.OpenReadOnly(home, options, files)
                : LsmStore.Open(home, options, files));
            // What was opened for writing has put itself in order; what was not, has not.
            if (!isReadOnly && the.OneIn(3))
                StoreDisk.ReadAgain(the, judge, () => LsmStore.Open(home, options, files));
        }
        finally
        {
            StoreDisk.Remove(home);
        }
    }

    public void Dispose() => _folder.Dispose();

    private static void Judge(
        FuzzCase the, StoreJudge judge, StoreDamage damage, Func<LsmStore> open)
    {
        LsmStore? store = null;
        bool isOpen = FuzzCase.Attempt(() => store = open());
        bool isHarmless = damage.ChangesNothing || damage.Kind == StoreFileKind.Lock;
        FuzzCase.Check(isOpen || !isHarmless, "a sound store is refused");
        if (!isOpen)
            return;
        using var closing = new ClosingStore(store!);
        FuzzCase.Check(
            !judge.MustRefuse, "the store opens although a record behind proves the damage");
        var reads = new StoreReads(the, store!, judge);
        reads.All();
        FuzzCase.Check(reads.Refused == 0 || !isHarmless, "a sound store refuses a read");
        long found = store!.Verify().DamageCount;
        if (found == 0 && reads.Refused > 0)
        {
            // A compaction may have done without the damaged part, a filter for one.
            var again = new StoreReads(the, store, judge);
            again.All();
            FuzzCase.Check(again.Refused == 0, "reads are refused, but Verify saw nothing");
        }
        if (store.IsReadOnly || !the.OneIn(3))
            return;
        StoreDisk.Attempt(() => store.Compact());
        new StoreReads(the, store, judge).All();
    }
}
