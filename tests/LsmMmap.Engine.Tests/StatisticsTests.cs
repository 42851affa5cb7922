// Statistics: what each number counts, as far as its name promises.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class StatisticsTests : StoreTest
{
    private const int Entries = 1_000;
    private const int EntryBytes = 8 + 100;

    [Fact]
    public void BytesWritten_AfterPuts_CountUserAndLog()
    {
        LsmStore store = Open();
        StoreStatistics before = store.GetStatistics();
        Fill(store, Entries);
        StoreStatistics after = store.GetStatistics();
        long byUser = after.BytesWrittenByUser - before.BytesWrittenByUser;
        Assert.InRange(byUser, Entries * EntryBytes, 2 * Entries * EntryBytes);
        long toLog = after.BytesWrittenToLog - before.BytesWrittenToLog;
        Assert.InRange(toLog, Entries * EntryBytes, 3 * Entries * EntryBytes);
    }

    [Fact]
    public void Tables_AfterFlush_AreCountedAndWeighed()
    {
        LsmStore store = Open();
        Assert.Equal(0, store.GetStatistics().TableCount);
        Fill(store, Entries);
        store.Flush();
        StoreStatistics after = store.GetStatistics();
        string[] files = StoreFiles.Tables(Home);
        Assert.Equal(files.Length, after.TableCount);
        Assert.Equal(files.Sum(file => new FileInfo(file).Length), after.TableBytes);
        Assert.True(after.BytesWrittenToTables >= after.TableBytes);
        Assert.True(after.TableBytes >= Entries * EntryBytes);
    }

    [Fact]
    public void WriteAmplification_AfterFlushAndCompact_IsWrittenBytesPerUserByte()
    {
        LsmStore store = Open();
        Fill(store, Entries);
        store.Flush();
        Fill(store, Entries);
        store.Flush();
        double before = store.GetStatistics().WriteAmplification;
        Assert.True(before > 1, $"{before}");
        store.Compact();
        double after = store.GetStatistics().WriteAmplification;
        Assert.True(after > before, $"{after} after {before}");
    }

    [Fact]
    public void Tables_AfterReopen_AreStillCounted()
    {
        LsmStore store = Open();
        Fill(store, Entries);
        store.Compact();
        long bytes = store.GetStatistics().TableBytes;
        Assert.True(bytes > 0);
        store.Dispose();
        Assert.Equal(bytes, Open().GetStatistics().TableBytes);
    }
}
