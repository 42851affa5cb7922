// What is on a disk after a crash: names and contents, nothing owed. Immutable once made.

using System.IO.Hashing;
using System.Text;

namespace LsmMmap.Testing.Crash;

internal sealed class DiskImage
{
    public SortedDictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    public HashSet<string> Sealed { get; } = [];

    /// <summary>Equal images have equal fingerprints.</summary>
    public UInt128 Fingerprint()
    {
        var hash = new XxHash128();
        foreach ((string name, byte[] content) in Files)
        {
            hash.Append(Encoding.UTF8.GetBytes(name));
            hash.Append(BitConverter.GetBytes((long)content.Length));
            hash.Append(content);
        }
        return hash.GetCurrentHashAsUInt128();
    }

    /// <summary>Writes it into a directory, which is made.</summary>
    public void WriteTo(string directory)
    {
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

    public override string ToString() => string.Join(
        ", ", Files.Select(static file => $"{file.Key} ({file.Value.Length})"));
}
