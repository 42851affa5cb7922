// What survives a child that crashes or hangs: the number of the case in work, how many are done,
// the input of a guided case and what it has covered, in a file that both processes map.
// Threads: one writer, any reader.

using System.IO.MemoryMappedFiles;

namespace LsmMmap.Fuzz.Tests;

internal sealed class BlackBox : IDisposable
{
    private const int CaseAt = 0;
    private const int DoneAt = 8;
    private const int PairsAt = 16;
    private const int CorpusAt = 24;
    private const int InputLengthAt = 32;
    private const int InputAt = 40;
    private const int BoxBytes = 1 << 17;

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;

    private BlackBox(MemoryMappedFile file)
    {
        _file = file;
        _view = file.CreateViewAccessor(0, BoxBytes);
    }

    /// <summary>The case in work; -1 while the child prepares.</summary>
    public long Case
    {
        get => _view.ReadInt64(CaseAt);
        set => _view.Write(CaseAt, value);
    }

    /// <summary>Cases that ended well.</summary>
    public long Done
    {
        get => _view.ReadInt64(DoneAt);
        set => _view.Write(DoneAt, value);
    }

    /// <summary>What guided cases have covered.</summary>
    public FuzzResult Result =>
        new(Done, _view.ReadInt64(PairsAt), _view.ReadInt64(CorpusAt));

    /// <summary>The input of the case in work; empty when it has none.</summary>
    public byte[] Input()
    {
        byte[] input = new byte[_view.ReadInt64(InputLengthAt)];
        _view.ReadArray(InputAt, input, 0, input.Length);
        return input;
    }

    public void PutInput(byte[] input)
    {
        _view.Write(InputLengthAt, (long)input.Length);
        _view.WriteArray(InputAt, input, 0, input.Length);
    }

    public void PutCoverage(long pairs, long corpus)
    {
        _view.Write(PairsAt, pairs);
        _view.Write(CorpusAt, corpus);
    }

    public static BlackBox Create(string path)
    {
        File.WriteAllBytes(path, new byte[BoxBytes]);
        BlackBox box = Open(path);
        box.Case = -1;
        return box;
    }

    public static BlackBox Open(string path) =>
        new(MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, BoxBytes));

    public void Dispose()
    {
        _view.Dispose();
        _file.Dispose();
    }
}

/// <summary>What a run did: cases, and for a guided one the pairs of branches that were taken and
/// the inputs that reached them.</summary>
internal readonly record struct FuzzResult(long Cases, long Pairs, long Corpus);
