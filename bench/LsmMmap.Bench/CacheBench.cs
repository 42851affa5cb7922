// The distributed cache beside two others of .NET: the one in memory, which is a dictionary and
// loses everything with the process, and one in SQLite, which does the same job. Each holds the
// same entries of 1 KiB, whose keys are asked in random order; nothing expires meanwhile. Those on
// disk are closed and opened again before they are measured.

using System.Buffers;
using System.Globalization;
using BenchmarkDotNet.Attributes;
using LsmMmap.Bench.Support;
using LsmMmap.Extensions.Caching;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using NeoSmart.Caching.Sqlite;

namespace LsmMmap.Bench;

public class CacheBench
{
    private const int EntryCount = 20_000;
    private const int ValueBytes = 1024;

    private readonly string[] _keys = new string[EntryCount];
    private readonly string[] _absent = new string[EntryCount];
    private readonly byte[] _value = new byte[ValueBytes];
    private readonly ArrayBufferWriter<byte> _writer = new(2 * ValueBytes);
    private readonly DistributedCacheEntryOptions _options =
        new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromHours(1) };

    private BenchFolder _folder = null!;
    private IDistributedCache _cache = null!;
    private int _next;

    public enum Kind
    {
        Lsm,
        Memory,
        Sqlite,
    }

    [Params(Kind.Lsm, Kind.Memory, Kind.Sqlite)]
    public Kind Cache { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _folder = new BenchFolder();
        _cache = Open();
        int[] order = [.. Enumerable.Range(0, EntryCount)];
        new Random(17).Shuffle(order);
        for (int i = 0; i < EntryCount; i++)
        {
            _keys[i] = string.Create(CultureInfo.InvariantCulture, $"user/{order[i]:D8}/profile");
            _absent[i] = string.Create(CultureInfo.InvariantCulture, $"user/{order[i]:D8}/picture");
        }
        new Random(18).NextBytes(_value);
        foreach (string key in _keys)
            _cache.Set(key, _value, _options);
        if (_cache is not IDisposable onDisk)
            return;
        // As the next process finds it: in tables, and not in memtables.
        onDisk.Dispose();
        _cache = Open();
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        (_cache as IDisposable)?.Dispose();
        _folder.Dispose();
    }

    [Benchmark]
    public byte[]? GetHit() => _cache.Get(_keys[Next()]);

    [Benchmark]
    public byte[]? GetMiss() => _cache.Get(_absent[Next()]);

    [Benchmark]
    public void Set() => _cache.Set(_keys[Next()], _value, _options);

    /// <summary>Into a buffer, which is how HybridCache reads; without one, as an array.</summary>
    [Benchmark]
    public int TryGetHit()
    {
        if (_cache is not IBufferDistributedCache buffers)
            return _cache.Get(_keys[Next()])!.Length;
        _writer.ResetWrittenCount();
        buffers.TryGet(_keys[Next()], _writer);
        return _writer.WrittenCount;
    }

    private IDistributedCache Open() => Cache switch
    {
        Kind.Lsm => new LsmCache(new LsmCacheOptions { Directory = _folder.File("lsm") }),
        Kind.Memory => new MemoryDistributedCache(Options.Create(
            new MemoryDistributedCacheOptions { SizeLimit = null })),
        _ => new SqliteCache(new SqliteCacheOptions { CachePath = _folder.File("cache.db") }),
    };

    private int Next() => _next = _next == EntryCount - 1 ? 0 : _next + 1;
}
