// Which key is written next, and whether it is deleted. A function of the settings and the seed.

namespace LsmMmap.Simulator;

internal sealed class KeyStream
{
    private const double Theta = 0.99;

    private readonly SimulationSettings _settings;
    private readonly Random _random;

    // Looking at keys must not change which ones are written.
    private readonly Random _looks = new(0);
    private readonly int _keyCount;
    private readonly double _zeta;
    private readonly double _eta;
    private int _written;
    private int _deleted;

    public KeyStream(SimulationSettings settings)
    {
        _settings = settings;
        _random = new Random(settings.Seed);
        _keyCount = settings.KeyCount;
        if (settings.Keys != KeyOrder.Zipfian)
            return;
        for (int i = 1; i <= _keyCount; i++)
            _zeta += Math.Pow(i, -Theta);
        double zetaOfTwo = 1 + Math.Pow(2, -Theta);
        _eta = (1 - Math.Pow(2.0 / _keyCount, 1 - Theta)) / (1 - zetaOfTwo / _zeta);
    }

    public (int Key, bool IsDelete) Next()
    {
        bool isDelete = _settings.DeleteShare > 0
            && _random.NextDouble() < _settings.DeleteShare;
        return _settings.Keys switch
        {
            KeyOrder.Uniform => (_random.Next(_keyCount), isDelete),
            KeyOrder.Zipfian => (Scattered(ZipfRank()), isDelete),
            _ when isDelete && _deleted < _written => (_deleted++ % _keyCount, true),
            _ => (_written++ % _keyCount, false),
        };
    }

    /// <summary>Every key once, in random order.</summary>
    public int[] AllShuffled()
    {
        int[] keys = [.. Enumerable.Range(0, _keyCount)];
        _random.Shuffle(keys);
        return keys;
    }

    public int AnyKey() => _looks.Next(_keyCount);

    // Gray et al., "Quickly generating billion-record synthetic databases" (1994).
    private int ZipfRank()
    {
        double u = _random.NextDouble();
        double uz = u * _zeta;
        if (uz < 1)
            return 0;
        if (uz < 1 + Math.Pow(0.5, Theta))
            return Math.Min(1, _keyCount - 1);
        double rank = _keyCount * Math.Pow(_eta * u - _eta + 1, 1 / (1 - Theta));
        return Math.Clamp((int)rank, 0, _keyCount - 1);
    }

    // Popular keys lie anywhere. Two ranks may share a key, which changes little.
    private int Scattered(int rank)
    {
        ulong mixed = ((ulong)rank + 1) * 0x9E3779B97F4A7C15;
        mixed = (mixed ^ (mixed >> 31)) * 0xBF58476D1CE4E5B9;
        return (int)((mixed ^ (mixed >> 29)) % (ulong)_keyCount);
    }
}
