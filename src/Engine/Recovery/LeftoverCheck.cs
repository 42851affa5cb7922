// A directory without CURRENT is a new store only when nothing in it counts. A crash while a
// store was first made leaves a log without records and at most the first MANIFEST; anything
// more was a store once, and making a new one over it would lose it in silence.

using LsmMmap.Engine.Files;
using LsmMmap.Engine.Versions;
using LsmMmap.Wal;

namespace LsmMmap.Engine.Recovery;

internal static class LeftoverCheck
{
    public static void ThrowIfAnythingCounts(IFileSystem files, string directory)
    {
        foreach (FileEntry file in files.List(directory))
        {
            string path = Path.Combine(directory, file.Name);
            bool counts = FileNames.Parse(file.Name, out _) switch
            {
                StoreFileKind.Table => true,
                StoreFileKind.Log => DataRecords(files, path, 1) > 0,
                StoreFileKind.Manifest =>
                    DataRecords(files, path, 2) > 1 || HoldsTables(files, path),
                _ => false,
            };
            if (counts)
                throw new CorruptionException(
                    FileNames.Current(directory), 0,
                    $"CURRENT is missing but {file.Name} is there; " +
                    "`lsm repair` rebuilds the store");
        }
    }

    private static int DataRecords(IFileSystem files, string path, int most)
    {
        using Stream stream = files.OpenRead(path);
        if (!LogReader.TryReadHeader(stream, out LogHeader header, out _))
            return 0;
        var reader = new LogReader(stream, header);
        int count = 0;
        do
        {
            while (count < most && reader.Read())
                count += reader.Kind == LogRecordKind.Data ? 1 : 0;
        }
        while (count < most && reader.Damage != null && reader.FindVerifying());
        return count;
    }

    private static bool HoldsTables(IFileSystem files, string path)
    {
        using Stream stream = files.OpenRead(path);
        if (!LogReader.TryReadHeader(stream, out LogHeader header, out _))
            return false;
        var reader = new LogReader(stream, header);
        // A whole edit that cannot be read may say anything; it is never passed over.
        return reader.Read()
            && (!EditCodec.TryDecode(reader.Body, out _, out VersionEdit edit, out _)
                || edit.Added.Count > 0 || edit.Keyspaces.Count > 1);
    }
}
