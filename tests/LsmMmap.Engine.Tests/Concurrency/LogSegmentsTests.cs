// The logs of a store by themselves, over files in memory.

using LsmMmap.Engine.State;
using LsmMmap.Engine.Writing;
using LsmMmap.Wal;

namespace LsmMmap.Engine.Tests.Concurrency;

public sealed class LogSegmentsTests
{
    /// <summary>The thread that comes second may be the first to tell the store, which keeps that
    /// cause for good. Found by the sweep of faults: a flush and a writer met the same failed
    /// sync.</summary>
    [Fact]
    public void SyncThrough_AfterAFailedSync_NamesTheFirstCauseAndSyncsNoMore()
    {
        var files = new MemoryLogFiles { FailingSync = 1 };
        using LogSegments log = Logs(files);
        files.Arm();
        LsmException first = Assert.Throws<LsmException>(() => log.SyncThrough(log.HandedOver));
        LsmException second = Assert.Throws<LsmException>(() => log.SyncThrough(log.HandedOver));
        Assert.Same(first, second.InnerException);
        Assert.Empty(files.Offences);
    }

    /// <summary>A leader that passed the look at the store's failure just before it was noted.
    /// Found by the sweep of faults on a machine that had no time for it: a flush had synced the
    /// log, and a commit was written behind the failure.</summary>
    [Fact]
    public void Append_AfterAFailedSync_TouchesNoFile()
    {
        var files = new MemoryLogFiles { FailingSync = 1 };
        using LogSegments log = Logs(files);
        files.Arm();
        LsmException first = Assert.Throws<LsmException>(() => log.SyncThrough(log.HandedOver));
        LsmException append = Assert.Throws<LsmException>(log.NoteSync);
        LsmException handOver = Assert.Throws<LsmException>(log.HandOver);
        Assert.Same(first, append.InnerException);
        Assert.Same(first, handOver.InnerException);
        Assert.Empty(files.Offences);
    }

    /// <summary>Only the leader knew of a failed write, until it had told the store. Found by the
    /// sweep of faults beside a busy loop: a flush synced the log behind a caller who had been
    /// told.</summary>
    [Fact]
    public void SyncThrough_AfterAFailedWrite_SyncsNothing()
    {
        var files = new MemoryLogFiles { FailingWrite = 1 };
        using LogSegments log = Logs(files);
        files.Arm();
        LsmException first = Assert.Throws<LsmException>(log.NoteSync);
        LsmException sync = Assert.Throws<LsmException>(() => log.SyncThrough(log.HandedOver));
        Assert.Same(first, sync.InnerException);
        Assert.Equal(0, files.SyncCount);
    }

    /// <summary>A long record is written in parts before its end.</summary>
    [Fact]
    public void SyncThrough_AfterAFailedPartOfALongRecord_SyncsNothing()
    {
        var files = new MemoryLogFiles { FailingWrite = 1 };
        using LogSegments log = Logs(files);
        files.Arm();
        log.Begin(LogRecordKind.Data);
        LsmException first = Assert.Throws<LsmException>(() => log.Add(new byte[3 << 20]));
        LsmException sync = Assert.Throws<LsmException>(() => log.SyncThrough(log.HandedOver));
        Assert.Same(first, sync.InnerException);
        Assert.True(log.IsBroken);
        Assert.Equal(0, files.SyncCount);
    }

    /// <summary>The name of the log in use is durable, whatever became of those made since, so
    /// what waits in memory still outlives the process. Nothing counts as synced.</summary>
    [Fact]
    public void HandOver_AfterAFailedSyncOfTheDirectory_WritesWhatWaits()
    {
        var files = new MemoryLogFiles { DirectorySyncFails = true };
        StoreServices services = files.Services();
        using var log = new LogSegments(services, default, 0);
        files.Arm();
        byte[] body = Testing.Bytes.Of("waits in memory");
        log.Begin(LogRecordKind.Data);
        log.Add(body);
        log.End(Durability.Buffered, 1);
        LsmException first = Assert.Throws<LsmException>(services.Names.Run);
        Assert.False(files.HasWritten(body));
        log.HandOver();
        Assert.True(files.HasWritten(body));
        LsmException sync = Assert.Throws<LsmException>(() => log.SyncThrough(log.HandedOver));
        Assert.Same(first, sync.InnerException);
    }

    private static LogSegments Logs(MemoryLogFiles files) => new(files.Services(), default, 0);
}
