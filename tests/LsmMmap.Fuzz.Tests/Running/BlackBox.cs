// What survives a child that crashes or hangs: the number of the case in work and how many are
// done, in a file that both processes map. Threads: one writer, any reader.

using System.IO.MemoryMappedFiles;

namespace LsmMmap.Fuzz.Tests;

internal sealed class BlackBox : IDisposable
{
    private const int CaseAt = 0;
    private const int DoneAt = 8;
    private const int BoxBytes = 16;

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
