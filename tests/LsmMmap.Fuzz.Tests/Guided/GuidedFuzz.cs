// Fuzzing that learns: inputs that reach new branches of the instrumented decoders join a corpus,
// and the next inputs are made from it. An input is the content without its checksums, which the
// target makes right, so that coverage leads into what stands behind them.
//
// A case depends on all cases before it; what repeats it is its input, which the message names.
// One thread.

namespace LsmMmap.Fuzz.Tests;

/// <summary>A decoder as the guided fuzz sees it.</summary>
internal interface IGuidedTarget
{
    /// <summary>Sound inputs to begin with.</summary>
    IReadOnlyList<byte[]> Seeds { get; }

    /// <summary>Makes the checksums right and reads in every way.</summary>
    void Run(FuzzCase the, byte[] input);
}

internal sealed class GuidedFuzz : IFuzz, IDisposable
{
    private const int InputBytesMax = 40_000;
    private const int CorpusMax = 2_000;

    private readonly IGuidedTarget _target;
    private readonly CoverageMap _map = new();
    private readonly List<byte[]> _corpus = [];
    private readonly BlackBox? _box;

    public GuidedFuzz(IGuidedTarget target, BlackBox? box)
    {
        _target = target;
        _box = box;
        _corpus.AddRange(target.Seeds);
    }

    public void Run(FuzzCase the)
    {
        // The seeds first, as they are: what they reach is no news.
        byte[] input = the.Number < _target.Seeds.Count
            ? _corpus[(int)the.Number]
            : ByteMutator.Mutate(the, the.Pick(_corpus), _corpus);
        if (input.Length > InputBytesMax)
            input = input[..InputBytesMax];
        _box?.PutInput(input);
        CoverageMap.Clear();
        _target.Run(the, input);
        bool isNews = _map.TakeNews();
        if (isNews && the.Number >= _target.Seeds.Count && _corpus.Count < CorpusMax)
            _corpus.Add(input);
        _box?.PutCoverage(_map.Pairs, _corpus.Count);
    }

    public void Dispose() => (_target as IDisposable)?.Dispose();
}
