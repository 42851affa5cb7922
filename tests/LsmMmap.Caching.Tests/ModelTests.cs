// Random calls, the passing of time and restarts against a model of the promise: of a sliding entry
// the model knows between which moments it ends. A failure names the seed.

using LsmMmap.Testing;
using Microsoft.Extensions.Caching.Distributed;

namespace LsmMmap.Caching.Tests;

public sealed class ModelTests : IDisposable
{
    private const int Operations = 20_000;

    private readonly CacheFixture _fixture = new();
    private readonly Dictionary<string, ModelEntry> _entries = [];
    private readonly Random _random = new(Seeds.Base);

    private DateTimeOffset Now => _fixture.Clock.GetUtcNow();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task Cache_UnderRandomCalls_DoesWhatTheModelAllows()
    {
        int hits = 0;
        int misses = 0;
        for (int i = 0; i < Operations; i++)
        {
            string key = $"key {_random.Next(20)}";
            try
            {
                switch (_random.Next(20))
                {
                    case < 6:
                        Set(key);
                        break;
                    case < 8:
                        _fixture.Clock.Advance(TimeSpan.FromSeconds(_random.Next(1, 200)));
                        break;
                    case 8 when _random.Next(40) == 0:
                        _fixture.Reopen();
                        break;
                    case 9:
                        _fixture.Cache.Remove(key);
                        _entries.Remove(key);
                        break;
                    case 10:
                        _fixture.Cache.Refresh(key);
                        if (_entries.TryGetValue(key, out ModelEntry? refreshed))
                            refreshed.Read(Now, isSure: Now < refreshed.Earliest);
                        break;
                    default:
                        if (await Read(key, (ReadForm)_random.Next(4)))
                            hits++;
                        else
                            misses++;
                        break;
                }
            }
            catch (Exception e)
            {
                throw new InvalidOperationException(
                    $"operation {i} on {key}: {Seeds.Describe(Seeds.Base)}", e);
            }
        }
        Assert.True(hits > Operations / 20 && misses > Operations / 20, $"{hits}, {misses}");
        Assert.Empty(_fixture.Log.Names);
    }

    private void Set(string key)
    {
        byte[] value = new byte[_random.Next(4) == 0 ? _random.Next(20_000) : _random.Next(100)];
        _random.NextBytes(value);
        var options = new DistributedCacheEntryOptions();
        if (_random.Next(3) != 0)
            options.SlidingExpiration = TimeSpan.FromSeconds(_random.Next(1, 1000));
        if (_random.Next(3) == 0)
            options.AbsoluteExpirationRelativeToNow = TimeSpan.FromSeconds(_random.Next(1, 3000));
        if (_random.Next(6) == 0)
            options.AbsoluteExpiration = Now + TimeSpan.FromSeconds(_random.Next(1, 3000));
        _fixture.Cache.Set(key, value, options);
        _entries[key] = new ModelEntry(value, options, Now);
    }

    private async Task<bool> Read(string key, ReadForm form)
    {
        byte[]? value = await _fixture.Cache.ReadAsync(form, key);
        if (!_entries.TryGetValue(key, out ModelEntry? entry))
        {
            Assert.Null(value);
            return false;
        }
        if (value == null)
        {
            Assert.True(Now >= entry.Earliest, $"over at {Now:T}, before {entry.Earliest:T}");
            _entries.Remove(key);
            return false;
        }
        Assert.Equal(entry.Value, value);
        Assert.True(Now < entry.Latest, $"there at {Now:T}, after {entry.Latest:T}");
        entry.Read(Now, isSure: true);
        return true;
    }

    /// <summary>An entry that ends somewhere from Earliest to Latest, unless it is read.</summary>
    private sealed class ModelEntry
    {
        private readonly TimeSpan? _window;
        private readonly DateTimeOffset _absolute = DateTimeOffset.MaxValue;

        public ModelEntry(byte[] value, DistributedCacheEntryOptions options, DateTimeOffset now)
        {
            Value = value;
            _window = options.SlidingExpiration;
            if (options.AbsoluteExpirationRelativeToNow is { } relative)
                _absolute = now + relative;
            if (options.AbsoluteExpiration is { } at && at < _absolute)
                _absolute = at;
            Earliest = Latest = Next(now);
        }

        public byte[] Value { get; }

        public DateTimeOffset Earliest { get; private set; }

        public DateTimeOffset Latest { get; private set; }

        /// <summary>A read, of which it is sure or not that it found the entry.</summary>
        public void Read(DateTimeOffset now, bool isSure)
        {
            if (_window == null || now >= Latest)
                return;
            DateTimeOffset next = Next(now);
            Latest = next > Latest ? next : Latest;
            DateTimeOffset least = next - (_window.Value / 16);
            if (isSure && least > Earliest)
                Earliest = least;
        }

        private DateTimeOffset Next(DateTimeOffset now) =>
            _window is { } window && now + window < _absolute ? now + window : _absolute;
    }
}
