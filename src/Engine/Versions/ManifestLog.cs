// The store's manifest over time: which file is the current one, and how it is replaced. A new
// MANIFEST is written at every open and whenever the old one has grown; CURRENT is switched by
// rename only after the new file is durable, and the old one is unlinked only after the switch is.
// Threads: under the store's manifest lock.

using System.Diagnostics;
using LsmMmap.Engine.Files;

namespace LsmMmap.Engine.Versions;

internal sealed class ManifestLog : IDisposable
{
    private readonly IFileSystem _files;
    private readonly string _directory;
    private readonly DirectorySync _names;
    private readonly ulong _storeId;
    private readonly Guid _bootId;
    private Manifest _manifest;
    private readonly long _bytesMax;
    private long _firstBytes;
    private bool _isSwitching;

    /// <summary>Writes a first manifest with the contents and makes it the current one.</summary>
    public ManifestLog(
        IFileSystem files, string directory, DirectorySync names, ulong storeId, Guid bootId,
        long number, ManifestContents contents, long bytesMax = 4L << 20)
    {
        _files = files;
        _names = names;
        _bytesMax = bytesMax;
        _directory = directory;
        _storeId = storeId;
        _bootId = bootId;
        _manifest = Switch(number, contents);
    }

    public ManifestContents Contents => _manifest.Contents;

    public long Number => _manifest.Number;

    /// <summary>Whether the file has outgrown its first snapshot of the contents.</summary>
    public bool WantsRotation => _manifest.Bytes > _bytesMax + 2 * _firstBytes;

    /// <summary>Adds an edit. Durable when it returns; a failure is final.</summary>
    public void Append(VersionEdit edit) => _manifest.Append(edit);

    /// <summary>Replaces the file by a fresh one under a new number; keeps the old one when the
    /// disk is too full for it. Any other failure is final.</summary>
    public void Rotate(long number)
    {
        Manifest old = _manifest;
        Debug.Assert(number > old.Number, "a new manifest has a larger number");
        try
        {
            _manifest = Switch(number, old.Contents);
        }
        catch (LsmException e) when (!_isSwitching && IoFailure.IsExhausted(e))
        {
            // Nothing names the new file yet and the old one is whole: the next edit tries again.
            TryDelete(FileNames.Manifest(_directory, number));
            return;
        }
        old.Dispose();
        TryDelete(FileNames.Manifest(_directory, old.Number));
    }

    public void Dispose() => _manifest.Dispose();

    /// <summary>Removes a manifest that CURRENT does not name; what stays is swept by the next
    /// open.</summary>
    private void TryDelete(string path)
    {
        try
        {
            _files.Delete(path);
        }
        catch (LsmException)
        {
            // A leftover that nothing reads.
        }
    }

    private Manifest Switch(long number, ManifestContents contents)
    {
        _isSwitching = false;
        Manifest manifest = Manifest.Create(
            _files, _directory, number, _storeId, _bootId, contents, _bytesMax);
        try
        {
            string temporary = FileNames.CurrentTemporary(_directory);
            if (_files.Exists(temporary))
                _files.Delete(temporary);
            using (DurableFile current = _files.Create(temporary))
            {
                current.Write(ManifestReader.EncodeCurrent(number));
                current.Sync();
            }
            // From here on a failure leaves it open which manifest counts.
            _isSwitching = true;
            _names.Run();
            _files.Rename(temporary, FileNames.Current(_directory));
            _names.Run();
            _firstBytes = manifest.Bytes;
            return manifest;
        }
        catch
        {
            manifest.Dispose();
            throw;
        }
    }
}
