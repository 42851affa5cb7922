// What Open itself compares before it reads on: the last log of a cleanly closed store, and the
// presence and length of every listed table.
//
// Seen to fail: without RecoveredStore.CheckClean the first test opened a log that had grown,
// without CheckTables the last one opened a store without its table; neither threw anything.

namespace LsmMmap.Engine.Tests;

public sealed class OpeningLengthTests : StoreTest
{
    [Theory]
    [InlineData(-1)]
    [InlineData(-40)]
    [InlineData(1)]
    [InlineData(4096)]
    public void Open_LastLogOfACleanCloseHasAnotherLength_IsDamage(int difference)
    {
        string log = CloseAndFind("*.log");
        using (FileStream stream = File.OpenWrite(log))
            stream.SetLength(stream.Length + difference);
        CorruptionException e = Assert.Throws<CorruptionException>(() => Open());
        Assert.Equal(log, e.FileName);
        Assert.Contains("cleanly closed", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_LastLogOfACleanCloseIsMissing_IsDamage()
    {
        string log = CloseAndFind("*.log");
        File.Delete(log);
        CorruptionException e = Assert.Throws<CorruptionException>(() => Open());
        Assert.Equal(log, e.FileName);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(null)]
    public void Open_ListedTableIsMissingOrHasAnotherLength_IsDamage(int? difference)
    {
        string table = CloseAndFind("*.sst");
        File.SetAttributes(table, FileAttributes.Normal);
        if (difference is int bytes)
        {
            using FileStream stream = File.OpenWrite(table);
            stream.SetLength(stream.Length + bytes);
        }
        else
        {
            File.Delete(table);
        }
        CorruptionException e = Assert.Throws<CorruptionException>(() => Open());
        Assert.Equal(table, e.FileName);
        Assert.Throws<CorruptionException>(() => OpenReadOnly());
    }

    private string CloseAndFind(string pattern)
    {
        using (LsmStore store = LsmStore.Open(Home))
            Fill(store, 100);
        return Assert.Single(Directory.GetFiles(Home, pattern));
    }
}
