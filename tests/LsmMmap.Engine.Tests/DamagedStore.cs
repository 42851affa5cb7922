// A small closed store of everything there is, and the check that damage to any of its files ends
// in the right answers or in a typed exception that names a file: never in wrong data, never in a
// key that is silently missing.

using LsmMmap.Testing;
using LsmMmap.Testing.Model;

namespace LsmMmap.Engine.Tests;

internal sealed class DamagedStore
{
    private readonly Dictionary<string, ModelView> _views = [];

    private DamagedStore(string directory) => Directory = directory;

    public string Directory { get; }

    /// <summary>
    /// Two keyspaces, raw and compressed; values beside and inside blocks; overwrites, deletes,
    /// several tables, and commits that are still in the log alone.
    /// </summary>
    public static DamagedStore Create(string directory)
    {
        var made = new DamagedStore(directory);
        var options = new StoreOptions { DefaultKeyspace = { MemtableBytes = 1 << 20 } };
        using LsmStore store = LsmStore.Open(directory, options);
        Keyspace packed = store.GetKeyspace(
            "packed", new KeyspaceOptions { CompressionPerLevel = [Compression.Lz4] });
        made.Fill(store.Default, 0, 200);
        made.Fill(packed, 0, 200);
        store.Compact();
        made.Fill(store.Default, 100, 150);
        made.Fill(packed, 100, 150);
        store.Flush();
        made.Fill(store.Default, 240, 40);
        made.Fill(packed, 240, 40);
        return made;
    }

    /// <summary>
    /// Opens the directory, a damaged copy of this store, and reads everything in every way.
    /// Returns how many exceptions there were; anything but right or typed is a failure.
    /// </summary>
    public int CheckCopy(string directory, bool readOnly, string what)
    {
        LsmStore store;
        try
        {
            store = readOnly ? LsmStore.OpenReadOnly(directory) : LsmStore.Open(directory);
        }
        catch (LsmException e)
        {
            AssertNamesFile(e, what);
            return 1;
        }
        using (store)
        {
            int refused = 0;
            foreach ((string name, ModelView view) in _views)
            {
                Assert.True(store.KeyspaceNames.Contains(name), $"{what}: {name} is gone");
                Keyspace keyspace = store.GetKeyspace(name);
                refused += CheckGets(keyspace, view, what);
                refused += CheckWalk(keyspace, view, forward: true, what);
                refused += CheckWalk(keyspace, view, forward: false, what);
            }
            return refused;
        }
    }

    /// <summary>Damage has a type, a file and an offset.</summary>
    public static void AssertNamesFile(Exception e, string what)
    {
        switch (e)
        {
            case CorruptionException corruption:
                Assert.False(string.IsNullOrEmpty(corruption.FileName), $"{what}: no file name");
                Assert.True(corruption.Offset >= 0, $"{what}: offset {corruption.Offset}");
                Assert.False(string.IsNullOrEmpty(corruption.Message), $"{what}: no message");
                break;
            case FormatVersionException version:
                Assert.False(string.IsNullOrEmpty(version.FileName), $"{what}: no file name");
                break;
            default:
                Assert.Fail($"{what}: {e}");
                break;
        }
    }

    private void Fill(Keyspace keyspace, int from, int count)
    {
        ModelView view = _views.GetValueOrDefault(keyspace.Name, ModelView.Empty);
        for (int i = from; i < from + count; i++)
        {
            byte[] key = Bytes.Number(i);
            if (i % 9 == 5 && view.Get(key) is not null)
            {
                keyspace.Delete(key);
                view = view.Delete(key);
                continue;
            }
            // Values of 0 to 1,200 bytes: those above 512 lie beside the blocks.
            byte[] value = Bytes.Value(i + view.Count, i * 37 % 1_200);
            keyspace.Put(key, value);
            view = view.Put(key, value);
        }
        _views[keyspace.Name] = view;
    }

    private static int CheckGets(Keyspace keyspace, ModelView view, string what)
    {
        int refused = 0;
        for (int i = -1; i <= 300; i++)
        {
            byte[] key = Bytes.Number(i);
            try
            {
                byte[]? expected = view.Get(key);
                byte[]? found = keyspace.Get(key);
                Assert.True(
                    expected is null == found is null
                    && expected.AsSpan().SequenceEqual(found),
                    $"{what}: key {i} is {Bytes.Show(found)}, not {Bytes.Show(expected)}");
            }
            catch (LsmException e)
            {
                AssertNamesFile(e, what);
                refused++;
            }
        }
        return refused;
    }

    private static int CheckWalk(Keyspace keyspace, ModelView view, bool forward, string what)
    {
        int count = 0;
        try
        {
            using Cursor cursor = keyspace.CreateCursor();
            while (forward ? cursor.MoveNext() : cursor.MovePrevious())
            {
                Assert.True(count < view.Count, $"{what}: too many entries");
                ModelEntry expected = view[forward ? count : view.Count - 1 - count];
                Assert.True(expected.Key.AsSpan().SequenceEqual(cursor.Key), $"{what}: a key");
                Assert.True(expected.Value.AsSpan().SequenceEqual(cursor.Value), $"{what}: value");
                count++;
            }
            Assert.True(count == view.Count, $"{what}: {count} entries of {view.Count}");
            return 0;
        }
        catch (LsmException e)
        {
            AssertNamesFile(e, what);
            return 1;
        }
    }
}
