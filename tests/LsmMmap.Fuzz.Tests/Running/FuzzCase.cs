// One case: its own random numbers, a function of seed, fuzz and number alone, and the words that
// say what was done to the bytes, for the message when it goes wrong. One thread.

using System.IO.Hashing;
using System.Text;

namespace LsmMmap.Fuzz.Tests;

/// <summary>A read that was neither right nor refused with a type.</summary>
internal sealed class FuzzFindException(string message) : Exception(message);

internal sealed class FuzzCase
{
    private readonly StringBuilder _words = new();
    private readonly TextWriter? _loud;

    /// <param name="seed">Of the run.</param>
    /// <param name="fuzz">Name of the fuzz.</param>
    /// <param name="number">Of the case.</param>
    /// <param name="loud">Hears the words at once: the case is known to crash.</param>
    public FuzzCase(int seed, string fuzz, long number, TextWriter? loud = null)
    {
        ulong hash = XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(fuzz), seed);
        ulong mixed = hash ^ ((ulong)number * 0x9E37_79B9_7F4A_7C15);
        Random = new Random((int)(mixed ^ (mixed >> 32)));
        Number = number;
        _loud = loud;
    }

    public Random Random { get; }

    public long Number { get; }

    public string Words => _words.ToString();

    /// <summary>Adds to the description of what this case does.</summary>
    public void Say(string words)
    {
        _words.Append(_words.Length == 0 ? "" : "; ").Append(words);
        _loud?.WriteLine(words);
        _loud?.Flush();
    }

    public bool OneIn(int chances) => Random.Next(chances) == 0;

    public T Pick<T>(IReadOnlyList<T> choices) => choices[Random.Next(choices.Count)];

    /// <summary>Numbers that lengths, counts and offsets are most likely to be wrong about.
    /// </summary>
    public ulong AbsurdNumber(long size)
    {
        int bit = Random.Next(64);
        return Random.Next(10) switch
        {
            0 => 0,
            1 => 1ul << bit,
            2 => (1ul << bit) - 1,
            3 => ulong.MaxValue - (ulong)Random.Next(16),
            4 => (ulong)Math.Max(0, size + Random.Next(-16, 17)),
            5 => (ulong)Random.NextInt64(Math.Max(1, size)),
            6 => (ulong)Random.Next(256),
            7 => (ulong)int.MaxValue - 8 + (ulong)Random.Next(16),
            8 => (ulong)long.MaxValue - 8 + (ulong)Random.Next(16),
            _ => (ulong)Random.Next(32) * 512,
        };
    }

    public static void Check(bool isRight, string otherwise)
    {
        if (!isRight)
            throw new FuzzFindException(otherwise);
    }

    /// <summary>Runs a read. True when it ended; false when it was refused with a type, a file
    /// and an offset. Anything else goes on as it is.</summary>
    public static bool Attempt(Action read)
    {
        try
        {
            read();
            return true;
        }
        catch (CorruptionException e)
        {
            Check(e.FileName.Length > 0 && e.Offset >= 0, $"damage without a place: {e}");
            return false;
        }
        catch (FormatVersionException e)
        {
            Check(!string.IsNullOrEmpty(e.FileName), $"a version without a file: {e}");
            return false;
        }
    }
}

/// <summary>Something to fuzz: bases made once, then any number of cases.</summary>
internal interface IFuzz
{
    /// <summary>Runs a case; throws when a read was neither right nor refused with a type.
    /// </summary>
    void Run(FuzzCase the);
}
