// Keys of the shapes that break key code: short, empty, long, runs of 0x00 and 0xFF, long shared
// prefixes that differ only beyond the eighth byte, and one key that is the prefix of another.
// Most operations draw from a pool, so that keys meet overwrites, deletes and lookups.

namespace LsmMmap.Testing.Model;

public sealed class KeyShapes
{
    private const int PoolKeys = 1_500;
    private const int KeyBytesMax = 65_535;

    private readonly Random _random;
    private readonly byte[][] _pool;

    public KeyShapes(Random random)
    {
        _random = random;
        _pool = new byte[PoolKeys][];
        for (int i = 0; i < _pool.Length; i++)
            _pool[i] = Fresh();
    }

    /// <summary>Usually a key of the pool, sometimes a fresh one that joins it.</summary>
    public byte[] Next()
    {
        int index = _random.Next(_pool.Length);
        if (_random.Next(20) == 0)
            _pool[index] = Fresh();
        return _pool[index];
    }

    /// <summary>A key to seek with: one of the pool, or a neighbour of one.</summary>
    public byte[] NextBound()
    {
        byte[] key = Next();
        return _random.Next(6) switch
        {
            0 => [.. key, (byte)_random.Next(256)],
            1 => key[..^Math.Min(1, key.Length)],
            2 => Fresh(),
            _ => key,
        };
    }

    public byte[] NextPrefix()
    {
        byte[] key = Next();
        return key[.._random.Next(Math.Min(key.Length, 24) + 1)];
    }

    private byte[] Fresh()
    {
        int choice = _random.Next(1_000);
        return choice switch
        {
            < 250 => FromAlphabet(1 + _random.Next(6)),
            < 550 => SharedPrefix(),
            < 700 => Bytes.Number(_random.Next(2_000)),
            < 800 => Run(_random.Next(20)),
            < 960 => Noise(_random.Next(40)),
            < 970 => [],
            < 998 => Noise(100 + _random.Next(2_000)),
            _ => Run(KeyBytesMax - _random.Next(2)),
        };
    }

    private byte[] FromAlphabet(int length)
    {
        byte[] key = new byte[length];
        for (int i = 0; i < length; i++)
            key[i] = (byte)('a' + _random.Next(4));
        return key;
    }

    private byte[] SharedPrefix()
    {
        int prefixBytes = 4 * (1 + _random.Next(8));
        byte[] prefix = Bytes.Repeat((byte)('A' + _random.Next(2)), prefixBytes);
        return [.. prefix, .. FromAlphabet(1 + _random.Next(5))];
    }

    private byte[] Run(int length)
    {
        byte[] key = Bytes.Repeat(_random.Next(2) == 0 ? (byte)0x00 : (byte)0xFF, length);
        if (length > 0 && _random.Next(3) == 0)
            key[_random.Next(length)] = (byte)_random.Next(256);
        return key;
    }

    private byte[] Noise(int length)
    {
        byte[] key = new byte[length];
        _random.NextBytes(key);
        return key;
    }
}
