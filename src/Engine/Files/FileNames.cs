// Every file name of a store, made and parsed here and nowhere else.
//
//   CURRENT          names the manifest that counts
//   MANIFEST-000007  the log of version edits
//   000012.log       a write-ahead log
//   000009.sst       a sealed table
//   000009.sst.tmp, CURRENT.tmp  being written; without meaning after a crash
//   LOCK, LOCK.owner the store lock and its owner's process id
//   lost             a directory: what repair could not use, under its old names

using System.Diagnostics;
using System.Globalization;

namespace LsmMmap.Engine.Files;

internal enum StoreFileKind
{
    Unknown,
    Current,
    Manifest,
    Log,
    Table,
    Temporary,
    Lock,
}

internal static class FileNames
{
    /// <summary>Numbers are given out one by one, so no file of a store has a larger one, and
    /// half of the range is left to go on from there.</summary>
    public const long NumberMax = long.MaxValue / 2;

    private const string ManifestPrefix = "MANIFEST-";
    private const string LostName = "lost";

    public static string Current(string directory) => Path.Combine(directory, "CURRENT");

    public static string CurrentTemporary(string directory) =>
        Path.Combine(directory, "CURRENT.tmp");

    /// <summary>Where repair puts what it cannot use.</summary>
    public static string Lost(string directory) => Path.Combine(directory, LostName);

    public static string Lock(string directory) => Path.Combine(directory, "LOCK");

    public static string LockOwner(string directory) => Path.Combine(directory, "LOCK.owner");

    public static string ManifestName(long number) => ManifestPrefix + Digits(number);

    public static string Manifest(string directory, long number) =>
        Path.Combine(directory, ManifestName(number));

    public static string Log(string directory, long number) =>
        Path.Combine(directory, Digits(number) + ".log");

    public static string Table(string directory, long number) =>
        Path.Combine(directory, Digits(number) + ".sst");

    public static string TableTemporary(string directory, long number) =>
        Path.Combine(directory, Digits(number) + ".sst.tmp");

    /// <summary>What a name (not a path) in the store's directory is.</summary>
    public static StoreFileKind Parse(string name, out long number)
    {
        number = 0;
        switch (name)
        {
            case "CURRENT": return StoreFileKind.Current;
            case "LOCK" or "LOCK.owner": return StoreFileKind.Lock;
        }
        if (name == "CURRENT.tmp")
            return StoreFileKind.Temporary;
        if (name.EndsWith(".sst.tmp", StringComparison.Ordinal))
            return IfNumber(name[..^8], StoreFileKind.Temporary, out number);
        if (name.StartsWith(ManifestPrefix, StringComparison.Ordinal))
            return IfNumber(name[ManifestPrefix.Length..], StoreFileKind.Manifest, out number);
        if (name.EndsWith(".log", StringComparison.Ordinal))
            return IfNumber(name[..^4], StoreFileKind.Log, out number);
        if (name.EndsWith(".sst", StringComparison.Ordinal))
            return IfNumber(name[..^4], StoreFileKind.Table, out number);
        return StoreFileKind.Unknown;
    }

    /// <summary>The kind, when the digits are exactly how a number is written: a file under
    /// another spelling would be listed, but not found again under its own name.</summary>
    private static StoreFileKind IfNumber(string digits, StoreFileKind kind, out long number) =>
        digits.Length >= 6 && long.TryParse(
            digits, NumberStyles.None, CultureInfo.InvariantCulture, out number)
            && number is >= 1 and <= NumberMax && digits == Digits(number)
            ? kind : None(out number);

    private static StoreFileKind None(out long number)
    {
        number = 0;
        return StoreFileKind.Unknown;
    }

    private static string Digits(long number)
    {
        Debug.Assert(number > 0, "file numbers begin at 1");
        return number.ToString("D6", CultureInfo.InvariantCulture);
    }
}
