// Whole stores with impossible content under right checksums: edits of the manifest, records of the
// logs, blocks and footers of the tables. Opening, reading, writing, compacting and closing give
// anything or a typed refusal; they end, and nothing else is thrown.
//
// Seen to fail: without the refusal of names in ContentsCheck.FindProblem, an ArgumentException in
// case 56; without the one of a clean close of log 0, a failed assertion in case 418; without
// RetentionRule.IsInOrder in CompactionRun.Merge, a failed assertion, "keys ascend", in case 9667.
// Threads: one, and those of the store.

using LsmMmap.Engine.Files;
using LsmMmap.Testing;

namespace LsmMmap.Fuzz.Tests;

internal sealed class StoreStructureFuzz : IFuzz, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<StoreBase> _bases;
    private readonly Dictionary<byte[], TableBase> _tables = [];

    public StoreStructureFuzz(int seed) => _bases = StoreBases.MakeAll(seed);

    public void Run(FuzzCase the)
    {
        StoreBase whole = the.Pick(_bases);
        var files = new SortedDictionary<string, byte[]>(whole.Files, StringComparer.Ordinal);
        do
            Change(the, whole, files);
        while (the.OneIn(3));
        var options = new StoreOptions
        {
            WalRecovery = (WalRecovery)the.Random.Next(3),
            ReadMode = (ReadMode)the.Random.Next(4),
            BackgroundThreads = 1,
        };
        bool isReadOnly = the.OneIn(4);
        the.Say($"{options.WalRecovery}, {options.ReadMode}{(isReadOnly ? ", read-only" : "")}");
        string home = _folder[$"{the.Number}"];
        StoreDisk.Write(home, files);
        try
        {
            var machine = new FuzzFiles(whole.BootId);
            LsmStore? store = null;
            bool isOpen = FuzzCase.Attempt(() => store = isReadOnly
                ? LsmStore.OpenReadOnly(home, options, machine)
                : LsmStore.Open(home, options, machine));
            if (isOpen)
                Use(the, store!);
        }
        finally
        {
            StoreDisk.Remove(home);
        }
    }

    public void Dispose() => _folder.Dispose();

    private void Change(
        FuzzCase the, StoreBase whole, SortedDictionary<string, byte[]> files)
    {
        StoreFileKind kind = the.Random.Next(5) switch
        {
            0 or 1 => StoreFileKind.Manifest,
            2 or 3 => StoreFileKind.Log,
            _ => StoreFileKind.Table,
        };
        // A log that was made ahead has nothing in it to change.
        string[] names = [.. whole.NamesOf(kind).Where(
            name => kind != StoreFileKind.Log || whole.Logs[name].Records.Count > 0)];
        if (names.Length == 0)
            return;
        string name = the.Pick(names);
        the.Say($"store \"{whole.Name}\", {name}");
        files[name] = kind switch
        {
            StoreFileKind.Manifest =>
                ManifestStructureFuzz.Resealed(the, LogBase.Of(whole.Files[name])),
            StoreFileKind.Log when the.OneIn(3) =>
                LogStructureFuzz.Resealed(the, whole.Logs[name]),
            StoreFileKind.Log => LogStructureFuzz.Rewritten(the, whole.Logs[name]),
            _ => Crafted(the, whole.Files[name]),
        };
    }

    private byte[] Crafted(FuzzCase the, byte[] table)
    {
        if (!_tables.TryGetValue(table, out TableBase? known))
            _tables.Add(table, known = TableBase.Of(table));
        byte[] bytes = [.. table];
        TableCrafting.Change(the, known, bytes);
        return bytes;
    }

    private static void Use(FuzzCase the, LsmStore store)
    {
        using var closing = new ClosingStore(store);
        foreach (string name in store.KeyspaceNames)
        {
            Keyspace keyspace = store.GetKeyspace(name);
            for (int i = 0; i < 12; i++)
                FuzzCase.Attempt(() => keyspace.Get(Bytes.Number(the.Random.Next(300))));
            FuzzCase.Attempt(() => Walk(keyspace, isForward: true));
            FuzzCase.Attempt(() => Walk(keyspace, isForward: false));
        }
        _ = store.Verify().DamageCount;
        _ = store.GetStatistics();
        if (store.IsReadOnly || !the.OneIn(2))
            return;
        StoreDisk.Attempt(() => store.Put(Bytes.Of("more"), new byte[100]));
        StoreDisk.Attempt(() => store.Flush());
        StoreDisk.Attempt(() => store.Compact());
    }

    private static void Walk(Keyspace keyspace, bool isForward)
    {
        long steps = 0;
        using Cursor cursor = keyspace.CreateCursor();
        while (isForward ? cursor.MoveNext() : cursor.MovePrevious())
        {
            _ = cursor.Key.Length + cursor.Value.Length;
            FuzzCase.Check(++steps < 1_000_000, "a walk does not end");
        }
    }
}
