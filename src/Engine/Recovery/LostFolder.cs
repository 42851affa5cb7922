// The directory `lost` in a store: what a repair could not use goes here under its old name, or
// with a number behind it when that is taken. Nothing is ever deleted here.
// Threads: one.

using System.Diagnostics;
using System.Globalization;
using LsmMmap.Engine.Files;

namespace LsmMmap.Engine.Recovery;

internal sealed class LostFolder(IFileSystem files, string directory)
{
    private const int PieceBytes = 256 << 10;

    private readonly string _lost = FileNames.Lost(directory);
    private bool _isMade;

    /// <summary>Takes a file out of the store.</summary>
    public void Move(string name)
    {
        Debug.Assert(name == Path.GetFileName(name), "a file is moved by its name");
        string target = Free(name);
        files.Rename(Path.Combine(directory, name), target);
    }

    /// <summary>Keeps a copy of a file that is needed a little longer.</summary>
    public void Copy(string name)
    {
        string target = Free(name);
        byte[] piece = new byte[PieceBytes];
        using Stream source = files.OpenRead(Path.Combine(directory, name));
        using DurableFile copy = files.Create(target);
        int count;
        while ((count = source.Read(piece)) > 0)
            copy.Write(piece.AsSpan(0, count));
        copy.Sync();
    }

    /// <summary>Makes everything here durable: what came in first, then what left.</summary>
    public void Sync()
    {
        if (!_isMade)
            return;
        files.SyncDirectory(_lost);
        files.SyncDirectory(directory);
    }

    private string Free(string name)
    {
        if (!_isMade)
            files.CreateDirectory(_lost);
        _isMade = true;
        string target = Path.Combine(_lost, name);
        for (int i = 1; files.Exists(target); i++)
            target = Path.Combine(
                _lost, name + "." + i.ToString(CultureInfo.InvariantCulture));
        Debug.Assert(!files.Exists(target), "nothing in lost is written over");
        return target;
    }
}
