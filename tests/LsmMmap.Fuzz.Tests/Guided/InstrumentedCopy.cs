// A copy of this program in which the three assemblies of the store count their branches. The
// assemblies on disk stay as they were built. One thread.

using SharpFuzz;

namespace LsmMmap.Fuzz.Tests;

internal static class InstrumentedCopy
{
    private static readonly string[] s_assemblies =
        ["LsmMmap.Wal.dll", "LsmMmap.Sstable.dll", "LsmMmap.dll"];

    /// <summary>Copies the program to a folder and instruments it there.</summary>
    public static void Make(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (string file in Directory.GetFiles(AppContext.BaseDirectory))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        foreach (string assembly in s_assemblies)
        {
            Fuzzer.Instrument(
                Path.Combine(folder, assembly),
                static type => type.StartsWith("LsmMmap", StringComparison.Ordinal),
                Options.Value);
        }
    }
}
