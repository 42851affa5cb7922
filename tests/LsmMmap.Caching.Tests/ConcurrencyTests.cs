// Many threads on few keys, while the clock runs: every value read is one that was set whole, no
// older one comes back, and renewals never undo a Set or a Remove.

using System.Buffers.Binary;
using LsmMmap.Extensions.Caching;
using LsmMmap.Testing;

namespace LsmMmap.Caching.Tests;

public sealed class ConcurrencyTests : IDisposable
{
    private const int Keys = 4;
    private const int Rounds = 3000;

    private readonly CacheFixture _fixture = new();

    private LsmCache Cache => _fixture.Cache;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void Values_WrittenAndReadAtOnce_AreWholeAndNeverGoBack()
    {
        // Windows so short that reads touch and renew all the time.
        TimeSpan window = TimeSpan.FromSeconds(1);
        int writing = Keys;
        var threads = new List<Action>();
        for (int i = 0; i < Keys; i++)
        {
            string key = $"key {i}";
            threads.Add(() => Write(key, window, ref writing));
        }
        for (int i = 0; i < 3; i++)
            threads.Add(() => Read(ref writing));
        threads.Add(() =>
        {
            while (Volatile.Read(ref writing) > 0)
                _fixture.Clock.Advance(window / 20);
        });
        Crew.Run([.. threads]);
        for (int i = 0; i < Keys; i++)
            Cache.Remove($"key {i}");
        for (int i = 0; i < Keys; i++)
            Assert.Null(Cache.Get($"key {i}"));
        Assert.Empty(_fixture.Log.Names);
    }

    private void Write(string key, TimeSpan window, ref int writing)
    {
        try
        {
            for (int version = 1; version <= Rounds; version++)
            {
                Cache.Set(key, Value(version), CacheFixture.Sliding(window));
                // The only writer of this key: what it reads is its own, or over.
                Assert.Equal(version, Version(Cache.Get(key)) ?? version);
                if (version % 10 == 0)
                {
                    Cache.Remove(key);
                    Assert.Null(Cache.Get(key));
                }
            }
        }
        finally
        {
            Interlocked.Decrement(ref writing);
        }
    }

    private void Read(ref int writing)
    {
        int[] seen = new int[Keys];
        while (Volatile.Read(ref writing) > 0)
        {
            for (int i = 0; i < Keys; i++)
            {
                int version = Version(Cache.Get($"key {i}")) ?? seen[i];
                Assert.True(version >= seen[i], $"{version} after {seen[i]}");
                seen[i] = version;
                Cache.Refresh($"key {i}");
            }
        }
    }

    private static byte[] Value(int version)
    {
        byte[] value = Bytes.Repeat((byte)version, 50 + (version % 100));
        BinaryPrimitives.WriteInt32LittleEndian(value, version);
        return value;
    }

    private static int? Version(byte[]? value)
    {
        if (value == null)
            return null;
        int version = BinaryPrimitives.ReadInt32LittleEndian(value);
        Assert.Equal(Value(version), value);
        return version;
    }
}
