// Writes a store by random commits and keeps what it should hold after each. Every commit also sets
// the key "commits" of the default keyspace to its number, so that the state of a recovered store
// can be told from one key. One thread.

using LsmMmap.Engine.Files;
using LsmMmap.Engine.Writing;
using LsmMmap.Testing;
using LsmMmap.Wal;

namespace LsmMmap.Fuzz.Tests;

internal sealed class StoreMaker : IDisposable
{
    public const string Default = "default";

    public static readonly byte[] CommitsKey = Bytes.Of("commits");

    private readonly TemporaryFolder _folder = new();
    private readonly Random _random;
    private readonly StoreOptions _options;
    private readonly FuzzFiles _files = new(new Guid(7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7));
    private readonly List<StoreState> _history = [];
    private readonly List<SortedDictionary<string, byte[]>> _older = [];
    private Dictionary<string, SortedList<byte[], byte[]>> _now = [];
    private LsmStore _store;

    public StoreMaker(int seed, StoreOptions options)
    {
        _random = new Random(seed);
        _options = options;
        _store = LsmStore.Open(Home, options, _files);
        _now[Default] = new SortedList<byte[], byte[]>(ByteComparer.Instance);
        Remember();
    }

    public LsmStore Store => _store;

    private string Home => _folder["home"];

    public void MakeKeyspace(string name, KeyspaceOptions? options = null)
    {
        _store.GetKeyspace(name, options);
        _now[name] = new SortedList<byte[], byte[]>(ByteComparer.Instance);
        // What has no commit of its own belongs to the commit before.
        _history[^1] = Copy();
    }

    public void DropKeyspace(string name)
    {
        _store.DropKeyspace(name);
        _now.Remove(name);
        _history[^1] = Copy();
    }

    /// <summary>Random batches: puts, overwrites, tombstones, entries that are over or will be in
    /// a long time, now and then a big value.</summary>
    public void Commit(int count, int valueBytesMax)
    {
        for (int i = 0; i < count; i++)
        {
            using var batch = new WriteBatch();
            batch.Put(CommitsKey, Bytes.Number(_history.Count));
            _now[Default][CommitsKey] = Bytes.Number(_history.Count);
            for (int entries = _random.Next(1, 5); entries > 0; entries--)
                AddEntry(batch, valueBytesMax);
            _store.Write(batch, (Durability)_random.Next(1, 4));
            Remember();
        }
    }

    public void Reopen()
    {
        _store.Dispose();
        KeepImage();
        _store = LsmStore.Open(Home, _options, _files);
    }

    public void KeepImage() => _older.Add(Image());

    /// <summary>Ends: closes the store, or takes the image that a kill would leave.</summary>
    public StoreBase Finish(string name, bool isClosed, bool isSameBoot)
    {
        if (isClosed)
            _store.Dispose();
        else
            _store.FlushLog(toDisk: false);
        SortedDictionary<string, byte[]> files = Image();
        // The next log may be just being made.
        var logs = files
            .Where(one => one.Key.EndsWith(".log", StringComparison.Ordinal)
                && one.Value.Length > 0)
            .ToDictionary(one => one.Key, one => LogBase.Of(one.Value));
        return new StoreBase
        {
            Name = name,
            Files = files,
            Older = _older,
            History = _history,
            Logs = logs,
            IsClosed = isClosed,
            IsSameBoot = isSameBoot,
            BootId = isSameBoot ? _files.BootId : Guid.NewGuid(),
            CommitsAt = CommitsOf(logs),
        };
    }

    public void Dispose()
    {
        _store.Dispose();
        _folder.Dispose();
    }

    /// <summary>Finds the key of each commit in the bodies of the logs.</summary>
    private static Dictionary<(string, long), int> CommitsOf(Dictionary<string, LogBase> logs)
    {
        var commits = new Dictionary<(string, long), int>();
        foreach ((string name, LogBase log) in logs)
        {
            foreach (LoggedRecord record in log.Records)
            {
                if (record.Kind != LogRecordKind.Data)
                    continue;
                var reader = new BatchReader(record.Body);
                while (reader.MoveNext())
                {
                    if (reader.Key.SequenceEqual(CommitsKey))
                        commits[(name, record.Offset)] =
                            (int)BitConverter.ToInt64([.. reader.Value.ToArray().Reverse()]);
                }
            }
        }
        return commits;
    }

    private void AddEntry(WriteBatch batch, int valueBytesMax)
    {
        string name = _now.Keys.ElementAt(_random.Next(_now.Count));
        Keyspace keyspace = _store.GetKeyspace(name);
        byte[] key = Bytes.Number(_random.Next(300));
        if (_random.Next(6) == 0)
        {
            batch.Delete(keyspace, key);
            _now[name].Remove(key);
            return;
        }
        int most = _random.Next(20) == 0 ? valueBytesMax : Math.Min(valueBytesMax, 700);
        byte[] value = Bytes.Value(_random.Next(), _random.Next(most));
        switch (_random.Next(8))
        {
            case 0:
                batch.PutWithExpiry(keyspace, key, value, DateTimeOffset.UnixEpoch);
                _now[name].Remove(key);
                return;
            case 1:
                batch.PutWithExpiry(keyspace, key, value, DateTimeOffset.MaxValue);
                break;
            default:
                batch.Put(keyspace, key, value);
                break;
        }
        _now[name][key] = value;
    }

    private SortedDictionary<string, byte[]> Image()
    {
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (string path in StoreFiles.All(Home))
        {
            string name = Path.GetFileName(path);
            try
            {
                files[name] = FileNames.Parse(name, out _) == StoreFileKind.Lock
                    ? [] : StoreFiles.ReadShared(path);
            }
            catch (FileNotFoundException)
            {
                // Obsolete, and removed between the listing and the copy.
            }
        }
        return files;
    }

    private void Remember() => _history.Add(Copy());

    private StoreState Copy() => new(_now.ToDictionary(
        one => one.Key,
        one => new SortedList<byte[], byte[]>(one.Value, ByteComparer.Instance)));
}

/// <summary>The order of the store's keys.</summary>
internal sealed class ByteComparer : IComparer<byte[]>
{
    public static readonly ByteComparer Instance = new();

    public int Compare(byte[]? one, byte[]? two) => one.AsSpan().SequenceCompareTo(two);
}
