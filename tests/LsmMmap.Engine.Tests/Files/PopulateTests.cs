// The call that turns a page which cannot be read into an exception. The system refusing it once,
// for a range that makes no sense, was taken for a system that does not know the call, and no
// mapping of the process was guarded any more. Seen to fail with that rule put back: the page that
// is gone was said to be resident.

using System.IO.MemoryMappedFiles;
using LsmMmap.Engine.Files;

namespace LsmMmap.Engine.Tests.Files;

public sealed class PopulateTests : StoreTest
{
    [Fact]
    public unsafe void Populate_AfterARangeThatMakesNoSense_StillTellsOfAPageThatIsGone()
    {
        if (!OperatingSystem.IsLinux() || Environment.OSVersion.Version < new Version(5, 14))
            return;
        const int PageBytes = 4096;
        // Safety: the system is asked about the range and refuses it; nothing is touched.
        _ = PageCache.Populate((byte*)-PageBytes, 2 * PageBytes);
        string path = Folder["pages"];
        File.WriteAllBytes(path, new byte[2 * PageBytes]);
        using var file = MemoryMappedFile.CreateFromFile(
            path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        using MemoryMappedViewAccessor view = file.CreateViewAccessor(
            0, 0, MemoryMappedFileAccess.Read);
        byte* address = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref address);
        try
        {
            Assert.True(PageCache.Populate(address, 2 * PageBytes));
            using (var writer = new FileStream(
                path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
                writer.SetLength(PageBytes);
            Assert.True(PageCache.Populate(address, PageBytes));
            Assert.False(PageCache.Populate(address + PageBytes, PageBytes));
        }
        finally
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
        }
    }
}
