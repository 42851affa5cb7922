// What SharpFuzz's instrumentation counts: 64 KiB of counters, one for a pair of branches, as AFL
// has them. An input is interesting when it takes a pair that no earlier one took, or takes it in
// another order of magnitude. Where the assemblies are not instrumented the map stays empty.
// One thread.

using System.Numerics;
using System.Runtime.InteropServices;
using SharpFuzz.Common;

namespace LsmMmap.Fuzz.Tests;

internal sealed unsafe class CoverageMap
{
    private const int MapBytes = 65_536;

    // Never freed: instrumented code counts as long as the process lives.
    private static readonly byte* s_counters = (byte*)NativeMemory.AllocZeroed(MapBytes);

    private readonly byte[] _seen = new byte[MapBytes];

    /// <summary>Pairs of branches that any input took.</summary>
    public int Pairs { get; private set; }

    /// <summary>Gives the instrumentation its memory, before any instrumented code runs.
    /// </summary>
    public static void Begin() => Trace.SharedMem = s_counters;

    public static void Clear()
    {
        new Span<byte>(s_counters, MapBytes).Clear();
        Trace.PrevLocation = 0;
    }

    /// <summary>Whether the run since Clear went where none had been; takes note of it.</summary>
    public bool TakeNews()
    {
        bool isNew = false;
        var eights = new ReadOnlySpan<ulong>(s_counters, MapBytes / sizeof(ulong));
        for (int i = 0; i < eights.Length; i++)
        {
            if (eights[i] != 0)
                isNew |= TakeNews(i * sizeof(ulong));
        }
        return isNew;
    }

    private bool TakeNews(int start)
    {
        bool isNew = false;
        for (int at = start; at < start + sizeof(ulong); at++)
        {
            if (s_counters[at] == 0)
                continue;
            byte magnitude = (byte)(1 << BitOperations.Log2(s_counters[at]));
            if ((_seen[at] & magnitude) != 0)
                continue;
            Pairs += _seen[at] == 0 ? 1 : 0;
            _seen[at] |= magnitude;
            isNew = true;
        }
        return isNew;
    }
}
