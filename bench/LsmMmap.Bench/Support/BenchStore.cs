// A store in a folder of its own, filled with the entries of BenchData, and the read state of its
// default keyspace for benchmarks of what lies under the public calls.
// Ownership: Dispose releases the state, closes the store and removes the folder. One thread.

using LsmMmap.Engine.Reading;

namespace LsmMmap.Bench.Support;

internal sealed class BenchStore : IDisposable
{
    private const int BatchEntries = 1000;

    private readonly BenchFolder _folder = new();
    private ReadState? _held;

    public BenchStore(Compression codec)
    {
        Store = LsmStore.Open(_folder.Path, new StoreOptions
        {
            // What a benchmark reads stays in the caches, however large the process is.
            BlockIndexCacheBytes = 512L << 20,
            ReadMode = ReadMode.Direct,
            DefaultKeyspace = new KeyspaceOptions { CompressionPerLevel = [codec] },
        });
    }

    public LsmStore Store { get; }

    /// <summary>Writes the entries of some numbers, in the random order that their keys have.
    /// </summary>
    public void Fill(ulong first, ulong count, ulong step = 1)
    {
        Span<byte> key = stackalloc byte[BenchData.KeyBytes];
        Span<byte> value = stackalloc byte[BenchData.ValueBytes];
        using var batch = new WriteBatch();
        for (ulong number = first; number < first + count; number += step)
        {
            BenchData.WriteKey(key, number);
            BenchData.WriteValue(value, number);
            batch.Put(key, value);
            if (batch.Count == BatchEntries)
                Commit(batch);
        }
        Commit(batch);
    }

    /// <summary>Writes the memtable to a table of level 0.</summary>
    public void Flush() => Store.Flush();

    /// <summary>Brings everything into the deepest level.</summary>
    public void Compact()
    {
        Store.Compact();
        Store.WaitForIdle();
    }

    /// <summary>What a reader sees now; stays alive until the store is disposed.</summary>
    public TreeView HoldView(out ulong sequence)
    {
        _held?.Release();
        _held = Store.Default.Reader.Acquire(out TreeView view, out sequence);
        return view;
    }

    public void Dispose()
    {
        _held?.Release();
        Store.Dispose();
        _folder.Dispose();
    }

    private void Commit(WriteBatch batch)
    {
        Store.Write(batch, Durability.Buffered);
        batch.Clear();
    }
}
