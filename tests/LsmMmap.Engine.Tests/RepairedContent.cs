// What a store held before it was damaged, and the comparison with what a repair brought back.
// One thread.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

internal sealed class RepairedContent
{
    private readonly Dictionary<string, SortedDictionary<int, byte[]>> _keyspaces = new()
    {
        ["default"] = [],
    };

    private int _round;

    public long LastSequence { get; set; }

    public void Put(Keyspace keyspace, int from, int count)
    {
        _round++;
        for (int i = from; i < from + count; i++)
        {
            byte[] value = Bytes.Value(i + 1_000_000 * _round, 20 + i % 700);
            keyspace.Put(Bytes.Number(i), value);
            Of(keyspace.Name)[i] = value;
        }
    }

    public void Delete(Keyspace keyspace, int from, int count)
    {
        for (int i = from; i < from + count; i++)
        {
            keyspace.Delete(Bytes.Number(i));
            Of(keyspace.Name).Remove(i);
        }
    }

    public void Rename(string from, string to)
    {
        _keyspaces.Add(to, Of(from));
        _keyspaces.Remove(from);
    }

    public void AssertEquals(LsmStore store)
    {
        Assert.Equal(_keyspaces.Keys.Order(StringComparer.Ordinal), store.KeyspaceNames);
        foreach ((string name, SortedDictionary<int, byte[]> entries) in _keyspaces)
        {
            Keyspace keyspace = store.GetKeyspace(name);
            int count = 0;
            foreach (KeyValueView entry in keyspace.Range([], []))
                count++;
            Assert.Equal(entries.Count, count);
            foreach ((int key, byte[] value) in entries)
                Assert.True(
                    keyspace.Get(Bytes.Number(key)).AsSpan().SequenceEqual(value),
                    $"{name}: {key}");
        }
    }

    /// <summary>Every key that was not in a lost table has its value; a lost table may have
    /// uncovered an older one, which is one that the key once had.</summary>
    public void AssertSubset(LsmStore store)
    {
        int same = 0;
        int all = 0;
        foreach ((string name, SortedDictionary<int, byte[]> entries) in _keyspaces)
        {
            Keyspace keyspace = store.GetKeyspace(name);
            foreach ((int key, byte[] value) in entries)
            {
                byte[]? found = keyspace.Get(Bytes.Number(key));
                same += found.AsSpan().SequenceEqual(value) ? 1 : 0;
                Assert.True(found == null || found.Length == 20 + key % 700, $"{name}: {key}");
                all++;
            }
        }
        Assert.InRange(same, all / 2, all - 1);
    }

    private SortedDictionary<int, byte[]> Of(string name)
    {
        if (!_keyspaces.TryGetValue(name, out SortedDictionary<int, byte[]>? entries))
            _keyspaces.Add(name, entries = []);
        return entries;
    }
}
