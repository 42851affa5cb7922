// A folder of its own for one test, gone with Dispose. Thread rule: one test, one folder.

namespace LsmMmap.Testing;

public sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder()
    {
        Path = Directory.CreateTempSubdirectory("lsm-test-").FullName;
    }

    public string Path { get; }

    /// <summary>A path inside the folder; nothing is created.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // A store that a failed test left open may still be writing; the test's own failure
            // is the one worth seeing.
        }
        catch (UnauthorizedAccessException)
        {
            // Likewise.
        }
    }
}
