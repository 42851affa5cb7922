// What is on a disk after a crash: names and contents, nothing owed. Immutable once made.

using System.IO.Hashing;
using System.Text;

namespace LsmMmap.Testing.Crash;

internal sealed class DiskImage
{
    public SortedDictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    public HashSet<string> Sealed { get; } = [];

    /// <summary>False when the directory itself did not survive.</summary>
    public bool HasDirectory { get; init; } = true;

    /// <summary>Equal images have equal fingerprints. What LOCK.owner holds is for people and
    /// is read by no opening, so it does not count.</summary>
    public UInt128 Fingerprint()
    {
        var hash = new XxHash128();
        hash.Append([HasDirectory ? (byte)1 : (byte)0]);
        foreach ((string name, byte[] content) in Files)
        {
            hash.Append(Encoding.UTF8.GetBytes(name));
            if (name == "LOCK.owner")
                continue;
            hash.Append(BitConverter.GetBytes((long)content.Length));
            hash.Append(content);
        }
        return hash.GetCurrentHashAsUInt128();
    }

    /// <summary>Writes it into a directory, which is made; nothing when the directory did not
    /// survive.</summary>
    public void WriteTo(string directory)
    {
        if (!HasDirectory)
            return;
        Directory.CreateDirectory(directory);
        foreach ((string name, byte[] content) in Files)
        {
            string path = Path.Combine(directory, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, content);
            if (Sealed.Contains(name))
                File.SetAttributes(path, FileAttributes.ReadOnly);
        }
    }

    public override string ToString() => !HasDirectory ? "no directory" : string.Join(
        ", ", Files.Select(static file => $"{file.Key} ({file.Value.Length})"));
}
