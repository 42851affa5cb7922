// LsmMmap through its public API: pinned reads, batches, one cursor per session that is refreshed
// for each scan.

namespace LsmMmap.Workloads.Engines;

internal sealed class LsmMmapEngine : IEngine
{
    private readonly Durability _durability;

    public LsmMmapEngine(
        EngineOptions options, Compression compression,
        CompactionStyle style = CompactionStyle.Leveled)
    {
        _durability = options.Durability;
        Store = LsmStore.Open(options.Directory, new StoreOptions
        {
            DefaultDurability = options.Durability,
            ReadMode = options.ReadMode,
            // Without compression the tables are read where they lie: the default is enough.
            BlockIndexCacheBytes = compression == Compression.None ? 0 : options.CacheBytes,
            DefaultKeyspace = new KeyspaceOptions
            {
                MemtableBytes = options.WriteBufferBytes,
                TableBytes = options.TableBytes,
                CompressionPerLevel = [compression],
                Compaction = style,
            },
        });
    }

    public LsmStore Store { get; }

    public IEngineSession OpenSession() => new Session(Store, _durability);

    public void Compact()
    {
        Store.Flush();
        Store.Compact();
    }

    public void Flush() => Store.Flush();

    public void WaitForBackground() => Store.WaitForIdle();

    public EngineMarks Marks()
    {
        StoreStatistics now = Store.GetStatistics();
        return new EngineMarks(
            now.FlushCount, now.CompactionCount, now.StallCount, now.StallTime.TotalMilliseconds);
    }

    public void Dispose() => Store.Dispose();

    private sealed class Session(LsmStore store, Durability durability) : IEngineSession
    {
        private readonly WriteBatch _batch = new();
        private readonly ReadBatch _keys = new();
        private Cursor? _cursor;

        public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) =>
            store.Put(key, value, durability);

        public void Delete(ReadOnlySpan<byte> key) => store.Delete(key, durability);

        public void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => _batch.Put(key, value);

        public void Commit()
        {
            store.Write(_batch, durability);
            _batch.Clear();
        }

        public bool Get(ReadOnlySpan<byte> key, ref ReadTotals totals)
        {
            using PinnedValue value = store.GetPinned(key);
            if (!value.Found)
            {
                totals.Misses++;
                return false;
            }
            totals.Add(value.Span);
            return true;
        }

        public int MultiGet(ReadOnlySpan<byte> keys, int keyBytes, ref ReadTotals totals)
        {
            _keys.Clear();
            for (int at = 0; at < keys.Length; at += keyBytes)
                _keys.Add(keys.Slice(at, keyBytes));
            using ReadResults results = store.MultiGet(_keys);
            int found = 0;
            for (int i = 0; i < results.Count; i++)
            {
                if (results.Found(i))
                {
                    totals.Add(results[i]);
                    found++;
                }
                else
                {
                    totals.Misses++;
                }
            }
            return found;
        }

        public int Scan(ReadOnlySpan<byte> from, int count, ref ReadTotals totals)
        {
            Cursor cursor = Fresh();
            int seen = 0;
            for (bool valid = cursor.Seek(from); valid && seen < count; valid = cursor.MoveNext())
            {
                totals.Add(cursor.Value);
                totals.Sum += cursor.Key[^1];
                seen++;
            }
            return seen;
        }

        public int ScanPrefix(ReadOnlySpan<byte> prefix, ref ReadTotals totals)
        {
            int seen = 0;
            foreach (KeyValueView entry in store.Prefix(prefix))
            {
                totals.Add(entry.Value);
                totals.Sum += entry.Key[^1];
                seen++;
            }
            return seen;
        }

        public long ScanAll(bool backward, ref ReadTotals totals)
        {
            Cursor cursor = Fresh();
            long seen = 0;
            bool valid = backward ? cursor.SeekToLast() : cursor.SeekToFirst();
            while (valid)
            {
                totals.Add(cursor.Value);
                totals.Sum += cursor.Key[^1];
                seen++;
                valid = backward ? cursor.MovePrevious() : cursor.MoveNext();
            }
            return seen;
        }

        public void Dispose()
        {
            _cursor?.Dispose();
            _batch.Dispose();
            _keys.Dispose();
        }

        private Cursor Fresh()
        {
            if (_cursor == null)
                return _cursor = store.CreateCursor();
            _cursor.Refresh();
            return _cursor;
        }
    }
}
