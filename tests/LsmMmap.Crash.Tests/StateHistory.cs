// What the store must hold after each step of a workload: every keyspace with every key. Step by
// step, because the survivors of a crash must be exactly the state after some step.
// Threads: one.

using System.Text;
using LsmMmap.Testing.Crash;

namespace LsmMmap.Crash.Tests;

/// <summary>The content of a store at one moment: keyspaces by name, values by key.</summary>
internal sealed class StoreContent
{
    /// <summary>The keyspace with retention: its keys ascend and none is written twice, so that
    /// what is left is the newest end of what was written.</summary>
    public const string Feed = "feed";

    /// <summary>The limit of its bytes.</summary>
    public const int FeedBytes = 64 << 10;

    // What a table of one entry takes beside its value: pages of 4 KiB for the sections.
    private const int TableBytesMax = 24 << 10;

    public SortedDictionary<string, SortedDictionary<byte[], byte[]>> Keyspaces { get; } =
        new(StringComparer.Ordinal) { ["default"] = Empty() };

    public static SortedDictionary<byte[], byte[]> Empty() => new(ByteComparer.Instance);

    public StoreContent Clone()
    {
        var clone = new StoreContent();
        clone.Keyspaces.Clear();
        foreach ((string name, var entries) in Keyspaces)
            clone.Keyspaces.Add(
                name, new SortedDictionary<byte[], byte[]>(entries, ByteComparer.Instance));
        return clone;
    }

    /// <summary>Reads everything through a cursor.</summary>
    public static StoreContent Of(LsmStore store)
    {
        var content = new StoreContent();
        foreach (string name in store.KeyspaceNames)
        {
            SortedDictionary<byte[], byte[]> entries = Empty();
            foreach (KeyValueView entry in store.GetKeyspace(name).Range([], []))
                entries.Add(entry.Key.ToArray(), entry.Value.ToArray());
            content.Keyspaces[name] = entries;
        }
        return content;
    }

    /// <summary>The first difference; null when there is none. Of the feed the oldest entries
    /// may be gone, but for the newest, and only where there were too many.</summary>
    public string? DifferenceFrom(StoreContent other)
    {
        if (!Keyspaces.Keys.SequenceEqual(other.Keyspaces.Keys))
            return $"keyspaces {string.Join(',', Keyspaces.Keys)}, " +
                $"not {string.Join(',', other.Keyspaces.Keys)}";
        foreach ((string name, var entries) in Keyspaces)
        {
            var others = other.Keyspaces[name];
            foreach ((byte[] key, byte[] value) in entries)
            {
                if (!others.TryGetValue(key, out byte[]? found))
                    return $"{name} has {Encoding.UTF8.GetString(key)}, which should be absent";
                if (!value.AsSpan().SequenceEqual(found))
                    return $"{name} has another value of {Encoding.UTF8.GetString(key)}";
            }
            foreach (byte[] key in others.Keys)
            {
                if (!entries.ContainsKey(key) && !(name == Feed && MayBeGone(key, entries, others)))
                    return $"{name} lacks {Encoding.UTF8.GetString(key)}";
            }
        }
        return null;
    }

    // How the entries lay in tables is not known: each may have had one of its own.
    private static bool MayBeGone(
        byte[] key, SortedDictionary<byte[], byte[]> left, SortedDictionary<byte[], byte[]> all) =>
        left.Count > 0 && key.AsSpan().SequenceCompareTo(left.First().Key) < 0
        && all.Values.Sum(static value => value.Length + TableBytesMax) > FeedBytes;

    public void Write(BinaryWriter writer)
    {
        writer.Write(Keyspaces.Count);
        foreach ((string name, var entries) in Keyspaces)
        {
            writer.Write(name);
            writer.Write(entries.Count);
            foreach ((byte[] key, byte[] value) in entries)
            {
                DiskModelCodec.WriteBytes(writer, key);
                DiskModelCodec.WriteBytes(writer, value);
            }
        }
    }

    public static StoreContent Read(BinaryReader reader)
    {
        var content = new StoreContent();
        for (int left = reader.ReadInt32(); left > 0; left--)
        {
            SortedDictionary<byte[], byte[]> entries = Empty();
            string name = reader.ReadString();
            for (int keys = reader.ReadInt32(); keys > 0; keys--)
                entries.Add(DiskModelCodec.ReadBytes(reader), DiskModelCodec.ReadBytes(reader));
            content.Keyspaces[name] = entries;
        }
        return content;
    }

    private sealed class ByteComparer : IComparer<byte[]>
    {
        public static readonly ByteComparer Instance = new();

        public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);
    }
}

/// <summary>The contents after every step; step 0 is what the store begins with.</summary>
internal sealed class StateHistory(StoreContent? first = null)
{
    private readonly List<StoreContent> _states = [first ?? new StoreContent()];

    public int LastStep => _states.Count - 1;

    public StoreContent this[int step] => _states[step];

    /// <summary>Adds a step that changes the last state.</summary>
    public int Add(Action<StoreContent> change)
    {
        StoreContent next = _states[^1].Clone();
        change(next);
        _states.Add(next);
        return LastStep;
    }

    /// <summary>Adds a step after which the store holds what it held after an earlier one.
    /// </summary>
    public int AddCopyOf(int step)
    {
        _states.Add(_states[step]);
        return LastStep;
    }

    /// <summary>The same steps up to this one, to go on from differently.</summary>
    public StateHistory Branch(int step)
    {
        var branch = new StateHistory(_states[0]);
        branch._states.AddRange(_states[1..(step + 1)]);
        return branch;
    }

    public void Write(BinaryWriter writer)
    {
        writer.Write(_states.Count);
        foreach (StoreContent state in _states)
            state.Write(writer);
    }

    public static StateHistory Read(BinaryReader reader)
    {
        int count = reader.ReadInt32();
        var history = new StateHistory(StoreContent.Read(reader));
        for (int i = 1; i < count; i++)
            history._states.Add(StoreContent.Read(reader));
        return history;
    }

    /// <summary>The last step did not happen after all.</summary>
    public void TakeBack() => _states.RemoveAt(LastStep);

    /// <summary>The step in the range after which the store held this; -1 when there is none.
    /// </summary>
    public int Find(StoreContent content, int from, int to)
    {
        for (int step = to; step >= from; step--)
        {
            if (content.DifferenceFrom(_states[step]) == null)
                return step;
        }
        return -1;
    }

    /// <summary>For a message: how the content differs from the steps that were allowed.
    /// </summary>
    public string Explain(StoreContent content, int from, int to)
    {
        int any = Find(content, 0, LastStep);
        return any >= 0
            ? $"it is the state after step {any}, allowed are {from} to {to}"
            : $"it is no state at all; against step {from}: " +
                content.DifferenceFrom(_states[from]) + $"; against step {to}: " +
                content.DifferenceFrom(_states[to]);
    }
}
