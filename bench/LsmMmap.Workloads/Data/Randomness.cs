// The random numbers of the workloads: small, fast, a function of the seed alone, the same on every
// machine and every version of .NET.

using System.Runtime.CompilerServices;

namespace LsmMmap.Workloads.Data;

/// <summary>xorshift64*: Marsaglia 2003, Vigna 2016.</summary>
internal struct RandomSource(ulong seed)
{
    private ulong _state = Mix.Of(seed) | 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Next()
    {
        _state ^= _state >> 12;
        _state ^= _state << 25;
        _state ^= _state >> 27;
        return _state * 0x2545_F491_4F6C_DD1D;
    }

    /// <summary>Below the limit, by a multiplication instead of a division (Lemire 2016).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Below(long limit) => (long)Math.BigMul(Next(), (ulong)limit, out _);

    public double Fraction() => (Next() >> 11) * (1.0 / (1UL << 53));
}

internal static class Mix
{
    /// <summary>The finaliser of SplitMix64: every bit of the result hangs on every bit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Of(ulong value)
    {
        value += 0x9E37_79B9_7F4A_7C15;
        value = (value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9;
        value = (value ^ (value >> 27)) * 0x94D0_49BB_1331_11EB;
        return value ^ (value >> 31);
    }
}

/// <summary>Every number below a count once, in an order that looks random: a Feistel network over
/// the next even power of two, walked until the number is in range.</summary>
internal sealed class Permutation
{
    private const int Rounds = 4;

    private readonly ulong[] _keys = new ulong[Rounds];
    private readonly long _count;
    private readonly int _halfBits;
    private readonly ulong _halfMask;

    public Permutation(long count, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        _count = count;
        int bits = 64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)count - 1 | 3);
        _halfBits = (bits + 1) / 2;
        _halfMask = (1UL << _halfBits) - 1;
        for (int i = 0; i < Rounds; i++)
            _keys[i] = Mix.Of(seed + (ulong)i);
    }

    public long Of(long index)
    {
        do
            index = Once(index);
        while (index >= _count);
        return index;
    }

    private long Once(long index)
    {
        ulong left = (ulong)index >> _halfBits;
        ulong right = (ulong)index & _halfMask;
        foreach (ulong key in _keys)
        {
            ulong mixed = (right + key) * 0xD6E8_FEB8_6659_FD93;
            (left, right) = (right, left ^ (mixed >> 40 & _halfMask));
        }
        return (long)(left << _halfBits | right);
    }
}

/// <summary>Ranks with Zipf's law, as YCSB draws them (Gray et al. 1994), drawn in advance so that
/// the powers are not part of what is measured.</summary>
internal sealed class ZipfRanks
{
    private const int DrawnMax = 1 << 20;

    private readonly int[] _ranks;

    public ZipfRanks(long count, double theta, ulong seed)
    {
        _ranks = new int[Math.Min(DrawnMax, Math.Max(1024, (int)Math.Min(count, DrawnMax)))];
        double zeta = 0;
        for (long i = 1; i <= count; i++)
            zeta += 1 / Math.Pow(i, theta);
        double zeta2 = 1 + 1 / Math.Pow(2, theta);
        double alpha = 1 / (1 - theta);
        double eta = (1 - Math.Pow(2.0 / count, 1 - theta)) / (1 - zeta2 / zeta);
        var random = new RandomSource(seed);
        for (int i = 0; i < _ranks.Length; i++)
        {
            double u = random.Fraction();
            double scaled = u * zeta;
            _ranks[i] = scaled < 1 ? 0 : scaled < zeta2 ? 1
                : (int)Math.Min(count - 1, count * Math.Pow(eta * u - eta + 1, alpha));
        }
    }

    /// <summary>The rank of a draw: 0 is the most frequent.</summary>
    public int Rank(long draw) => _ranks[(int)(draw % _ranks.Length)];

    /// <summary>The rank's place among <paramref name="count"/> entries, scattered over all of
    /// them.</summary>
    public long Scattered(long draw, long count) =>
        (long)(Mix.Of((ulong)Rank(draw)) % (ulong)count);
}
