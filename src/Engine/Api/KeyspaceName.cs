// What may be the name of a keyspace, whether a caller gives it or a manifest holds it.
// Threads: pure functions.

using System.Text;

namespace LsmMmap;

internal static class KeyspaceName
{
    public const int BytesMax = 255;

    public static bool IsValid(string name) =>
        Encoding.UTF8.GetByteCount(name) is >= 1 and <= BytesMax && !name.Any(char.IsControl);
}
