// What lies in a store's directory, counted from the outside. A file may vanish while we look,
// because a writer is at work beside us; it then counts for nothing.

namespace LsmMmap.Cli.Commands;

internal readonly record struct StoreFiles(long Count, long Bytes, long LogCount, long LogBytes)
{
    public static StoreFiles Of(string directory)
    {
        StoreFiles sum = default;
        foreach (FileInfo file in new DirectoryInfo(directory).EnumerateFiles())
        {
            long bytes;
            try
            {
                bytes = file.Length;
            }
            catch (FileNotFoundException)
            {
                continue;
            }
            bool isLog = file.Extension == ".log";
            sum = new StoreFiles(sum.Count + 1, sum.Bytes + bytes,
                sum.LogCount + (isLog ? 1 : 0), sum.LogBytes + (isLog ? bytes : 0));
        }
        return sum;
    }

    /// <summary>
    /// Deletes a store's files, by their names, and then the directory if nothing else is in it:
    /// whoever gave a directory with other things in it keeps them.
    /// </summary>
    /// <returns>Whether the directory is gone.</returns>
    public static bool Delete(string directory)
    {
        foreach (FileInfo file in new DirectoryInfo(directory).EnumerateFiles())
            if (IsOfStore(file))
                file.Delete();
        if (Directory.EnumerateFileSystemEntries(directory).Any())
            return false;
        Directory.Delete(directory);
        return true;
    }

    private static bool IsOfStore(FileInfo file)
    {
        string stem = Path.GetFileNameWithoutExtension(file.Name);
        bool isNumbered = stem.Length >= 6 && stem.All(char.IsAsciiDigit);
        return file.Name is "CURRENT" or "CURRENT.tmp" or "LOCK" or "LOCK.owner"
            || file.Name.StartsWith("MANIFEST-", StringComparison.Ordinal)
            || (isNumbered && (file.Extension is ".sst" or ".log" or ".tmp"));
    }
}
