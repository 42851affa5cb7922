// The only door to the disk. Everything above names files by full path and goes through these
// members, so that a test can record, cut and fail every step, and so that the rules of durable
// I/O (which call makes what survive) are kept in one place.
//
// Every failure leaves as an LsmException whose inner exception is the system's own.
// Threads: every member may be called from any thread.

namespace LsmMmap.Engine.Files;

internal interface IFileSystem
{
    /// <summary>The id of this boot of the machine; empty where the system tells none. What was
    /// written under the same id lost nothing but what the process had not handed over.</summary>
    Guid BootId { get; }

    /// <summary>Whether a directory lies on a file system that another machine serves.</summary>
    bool IsNetwork(string directory);

    /// <summary>Bytes that this process may still write on the disk of a directory; long max
    /// where the system does not tell.</summary>
    long FreeBytes(string directory);

    /// <summary>Makes a directory and every missing parent, each durable in its own parent; the
    /// name of one that is there already is made durable too.</summary>
    void CreateDirectory(string path);

    /// <summary>The files in a directory; empty when there is none.</summary>
    IReadOnlyList<FileEntry> List(string directory);

    bool Exists(string path);

    /// <summary>Makes a new file for writing; fails when the name is taken. The entry in the
    /// directory is durable only after <see cref="SyncDirectory"/>. As many bytes of the disk
    /// are set aside for it as asked, so that a disk that fills up stops others first; the
    /// length stays 0, and what is not used is given back when the file is closed.</summary>
    DurableFile Create(string path, long reservedBytes = 0);

    /// <summary>Opens an existing file for positioned reading, also one being written.</summary>
    Stream OpenRead(string path);

    /// <summary>Opens a sealed table, mapped when asked. Its length must be as expected.</summary>
    TableFile OpenTable(string path, long expectedLength, bool map);

    /// <summary>Takes the write permission away: a sealed file is never written again.</summary>
    void Seal(string path);

    /// <summary>Renames over an existing target, atomically.</summary>
    void Rename(string from, string to);

    /// <summary>Removes a file's name; a missing one is no error.</summary>
    void Delete(string path);

    /// <summary>Makes creations, renames and removals in a directory durable.</summary>
    void SyncDirectory(string path);

    /// <summary>Takes the exclusive lock of a store's directory.</summary>
    IDisposable Lock(string directory);
}

/// <summary>A file's name (not its path) and its length in bytes.</summary>
internal readonly record struct FileEntry(string Name, long Length);
