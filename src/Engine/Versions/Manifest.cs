// The MANIFEST being written: a log whose records are version edits. An edit is durable when
// Append returns; only then may anybody act on it. A failed append leaves the file's tail unknown,
// so the manifest refuses everything after it, and the store becomes read-only.
//
// After each synced edit an unsynced record says up to where the file was synced. It proves
// later, on reading, that a damaged edit before it was no torn tail.
// Threads: under the store's manifest lock.

using System.Diagnostics;
using System.IO.Hashing;
using System.Security.Cryptography;
using LsmMmap.Engine.Files;
using LsmMmap.Wal;

namespace LsmMmap.Engine.Versions;

internal sealed class Manifest : IDisposable
{
    private readonly DurableFile _file;
    private readonly LogWriter _writer;
    private LogPosition _synced;
    private ulong _chain;
    private bool _failed;

    private Manifest(DurableFile file, LogHeader header, ManifestContents contents)
    {
        _file = file;
        _writer = new LogWriter(file, header);
        Contents = contents;
        Number = header.LogNumber;
        _synced = new LogPosition(Number, 0);
    }

    public ManifestContents Contents { get; }

    public long Number { get; }

    public long Bytes => _writer.Offset;

    /// <summary>Starts a manifest with everything that counts. Disk is set aside for it to grow
    /// by so many bytes and twice its first edit, as far as it may. Its bytes are durable when it
    /// returns, its name after the caller's next sync of the directory.</summary>
    public static Manifest Create(
        IFileSystem files, string directory, long number, ulong storeId, Guid bootId,
        ManifestContents contents, long growthBytes)
    {
        byte[] first = EditCodec.Encode(contents.ToEdit(), chain: 0);
        DurableFile file = files.Create(
            FileNames.Manifest(directory, number), growthBytes + 3L * first.Length);
        var header = new LogHeader(storeId, number, NewNonce(), bootId);
        var manifest = new Manifest(file, header, contents);
        try
        {
            manifest._writer.WriteHeader();
            manifest.Write(first);
            return manifest;
        }
        catch
        {
            manifest.Dispose();
            throw;
        }
    }

    public static ulong NewNonce() =>
        BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    /// <summary>Adds an edit. Durable when it returns.</summary>
    public void Append(VersionEdit edit)
    {
        if (_failed)
            throw new LsmException($"{_file.FileName} failed earlier");
        string? problem = Contents.Apply(edit);
        Debug.Assert(problem == null, "the store makes only edits that fit: " + problem);
        Write(EditCodec.Encode(edit, _chain));
    }

    public void Dispose() => _file.Dispose();

    private void Write(byte[] bytes)
    {
        // Pessimistic until both steps are through.
        _failed = true;
        _writer.Append(LogRecordKind.Data, _synced, bytes);
        LogPosition written = new(Number, _writer.Offset);
        _file.Sync();
        _synced = written;
        _chain = NextChain(bytes);
        _writer.Append(LogRecordKind.Point, _synced, default);
        _failed = false;
    }

    /// <summary>What the edit after this one must carry.</summary>
    internal static ulong NextChain(ReadOnlySpan<byte> edit) => XxHash3.HashToUInt64(edit, 1);
}
