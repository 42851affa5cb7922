// The family of exceptions: one root that is an IOException, with the error number of its cause.

namespace LsmMmap.Engine.Tests;

public sealed class ExceptionTests
{
    private const int DiskFull = 28;

    [Fact]
    public void HResult_WithACause_IsTheCauses()
    {
        var cause = new IOException("no space left on device", DiskFull);
        LsmException[] family =
        [
            new LsmException("m", cause),
            new CorruptionException("f", 1, "m", innerException: cause),
            new StoreLockedException("m", 1, cause),
            new StoreFailedException("m", cause),
            new FormatVersionException("m", "f", cause),
        ];
        foreach (LsmException one in family)
        {
            Assert.Equal(DiskFull, one.HResult);
            Assert.Same(cause, one.InnerException);
            Assert.IsAssignableFrom<IOException>(one);
        }
    }

    [Fact]
    public void HResult_WithoutACause_IsThatOfAnIOException()
    {
        Assert.Equal(new IOException("m").HResult, new LsmException("m").HResult);
    }

    [Fact]
    public void CorruptionException_Carries_FileOffsetExpectedAndFound()
    {
        var corruption = new CorruptionException("000007.sst", 4_096, "m", "this", "that");
        Assert.Equal("000007.sst", corruption.FileName);
        Assert.Equal(4_096, corruption.Offset);
        Assert.Equal("this", corruption.Expected);
        Assert.Equal("that", corruption.Found);
    }
}
