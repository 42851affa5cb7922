// Native libraries by name: which file serves them here, and text as C wants it.

using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;

namespace LsmMmap.Workloads.Engines;

internal static class NativeText
{
    /// <summary>UTF-8 with a zero at its end.</summary>
    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text + "\0");
}

internal static class NativeFiles
{
    private static readonly Dictionary<string, string[]> s_systemNames = new(StringComparer.Ordinal)
    {
        [LmdbNative.Library] = LmdbNative.FileNames,
        [LevelDbNative.Library] = LevelDbNative.FileNames,
    };

    /// <summary>Lets the imports of this program find the system's libraries too.</summary>
    public static void Register() => NativeLibrary.SetDllImportResolver(
        typeof(NativeFiles).Assembly,
        static (name, assembly, path) => TryLoad(name, assembly, out nint library) ? library : 0);

    /// <summary>Why a library cannot be used here; null when it can.</summary>
    public static string? WhyNot(string name)
    {
        if (TryLoad(name, typeof(NativeFiles).Assembly, out _))
            return null;
        try
        {
            NativeLibrary.Load(name, typeof(NativeFiles).Assembly, null);
            return null;
        }
        catch (DllNotFoundException e)
        {
            return $"its native library does not load here: {Reason(e.Message)}";
        }
    }

    private static bool TryLoad(string name, Assembly assembly, out nint library)
    {
        if (NativeLibrary.TryLoad(name, assembly, null, out library))
            return true;
        if (s_systemNames.TryGetValue(name, out string[]? files))
            foreach (string file in files)
                if (NativeLibrary.TryLoad(file, out library))
                    return true;
        return false;
    }

    // The loader tells of every place it tried; a version that is missing is the one worth
    // repeating, and a place on this machine must not get into a result.
    private static string Reason(string message)
    {
        string? line = message.Split('\n').FirstOrDefault(
            l => l.Contains("version `", StringComparison.Ordinal));
        if (line == null)
            return "not found";
        int start = line.IndexOf("version `", StringComparison.Ordinal) + 9;
        int end = line.IndexOf('\'', start);
        return end < 0 ? "not found" : $"it needs {line[start..end]}";
    }
}
