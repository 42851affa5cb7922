// Space that is laid in zeros ahead of synced commits: when it is, what a reader makes of it, and
// that a closed store has none of it.

using LsmMmap.Engine.Files;
using LsmMmap.Testing;
using LsmMmap.Wal;

namespace LsmMmap.Engine.Tests;

public sealed class LogSpaceTests : StoreTest
{
    [Fact]
    public void Log_OfSyncedCommits_EndsInZerosWhileItIsOpen()
    {
        LsmStore store = Open();
        FillSynced(store, 10);
        string image = ImageOfHome();
        Assert.True(ZerosOf(StoreFiles.NewestLog(image)) >= 8 << 10, "no space was laid");
        using LsmStore killed = LsmStore.Open(image);
        Assert.Equal(10, Count(killed));
        Assert.Equal(0, killed.GetStatistics().Recovery.LogBytesDropped);
    }

    [Fact]
    public void Log_OfFlushedCommits_EndsWithItsRecords()
    {
        LsmStore store = Open();
        Fill(store, 1000);
        Assert.Equal(0, ZerosOf(StoreFiles.NewestLog(Home)));
    }

    /// <summary>Zeros that one sync uses up are not worth their write.</summary>
    [Fact]
    public void Log_WhoseSyncsLieFarApart_EndsWithItsRecords()
    {
        LsmStore store = Open();
        for (int i = 0; i < 4; i++)
        {
            Fill(store, 10_000, from: i * 10_000);
            store.Put("synced"u8, "far behind"u8, Durability.Synced);
        }
        Assert.Equal(0, ZerosOf(StoreFiles.NewestLog(Home)));
    }

    [Fact]
    public void Log_ManySyncedCommits_IsReadOverEveryStretchOfZeros()
    {
        LsmStore store = Open();
        FillSynced(store, 2000);
        string image = ImageOfHome();
        using (LsmStore killed = LsmStore.Open(image))
        {
            Assert.Equal(2000, Count(killed));
            Assert.Equal(0, killed.Verify().DamageCount);
        }
        Assert.Equal(0, store.Verify().DamageCount);
    }

    [Fact]
    public void Dispose_AfterSyncedCommits_LeavesTheLogExact()
    {
        using (LsmStore store = LsmStore.Open(Home))
            FillSynced(store, 10);
        Assert.Equal(0, ZerosOf(StoreFiles.NewestLog(Home)));
        Assert.True(Open().GetStatistics().Recovery.CleanlyClosed, "not a clean close");
    }

    [Theory]
    [InlineData(WalRecovery.TornTail)]
    [InlineData(WalRecovery.Strict)]
    [InlineData(WalRecovery.Salvage)]
    public void Open_KilledWithSpaceLaid_IsNoDamageUnderAnyPolicy(WalRecovery policy)
    {
        LsmStore store = Open();
        FillSynced(store, 10);
        string image = ImageOfHome();
        using LsmStore killed = LsmStore.Open(image, new StoreOptions { WalRecovery = policy });
        Assert.Equal(10, Count(killed));
        Assert.False(Directory.Exists(Path.Combine(image, "lost")), "something counted as lost");
    }

    /// <summary>A power cut may take any sector of the last record; the zeros behind it were
    /// never anything.</summary>
    [Fact]
    public void Open_LastRecordTornInsideTheSpace_DropsTheRecordAndCountsNoZeros()
    {
        LsmStore store = Open();
        FillSynced(store, 10);
        store.Put("torn"u8, Bytes.Value(1, 2000));
        string image = ImageOfHome();
        string log = StoreFiles.NewestLog(image);
        long end = new FileInfo(log).Length - ZerosOf(log);
        using (FileStream stream = File.OpenWrite(log))
        {
            stream.Position = end - 1000;
            stream.Write(new byte[1000]);
        }
        using LsmStore killed = LsmStore.Open(image);
        Assert.Equal(10, Count(killed));
        Assert.InRange(killed.GetStatistics().Recovery.LogBytesDropped, 1, 2100);
        Assert.Throws<CorruptionException>(() => LsmStore.OpenReadOnly(
            ImageWithTornEnd(log), new StoreOptions { WalRecovery = WalRecovery.Strict }));
    }

    [Fact]
    public void OpenReadOnly_BesideAWriterThatSyncs_SeesWhatWasWritten()
    {
        LsmStore store = Open();
        FillSynced(store, 10);
        LsmStore reader = OpenReadOnly();
        Assert.Equal(10, Count(reader));
        Assert.Equal(0, reader.Verify().DamageCount);
    }

    /// <summary>The writer puts records over zeros while the log is read, so the length seen first
    /// lies in the middle of one.</summary>
    [Fact]
    public void OpenReadOnly_BesideABusySyncedWriter_FindsNothingTorn()
    {
        LsmStore store = Open();
        FillSynced(store, 2_000);
        var writer = new Thread(() => FillSynced(store, 6_000));
        writer.Start();
        int opened = 0;
        while (writer.IsAlive || opened == 0)
        {
            using LsmStore reader = LsmStore.OpenReadOnly(
                Home, new StoreOptions { WalRecovery = WalRecovery.Strict });
            Assert.Equal(0, reader.GetStatistics().Recovery.LogBytesDropped);
            Assert.True(Count(reader) >= 2_000);
            opened++;
        }
        writer.Join();
    }

    [Fact]
    public void WriteZerosTo_ThenWrites_GoOverTheZerosAndCutLeavesTheRest()
    {
        Directory.CreateDirectory(Home);
        string path = Path.Combine(Home, "file");
        using DurableFile file = LocalFileSystem.Instance.Create(path);
        file.Write("some"u8);
        file.WriteZerosTo(200_000);
        file.Write(" more"u8);
        Assert.Equal(9, file.Position);
        Assert.Equal(200_000, new FileInfo(path).Length);
        file.CutZeros();
        file.Sync();
        Assert.Equal("some more"u8.ToArray(), File.ReadAllBytes(path));
    }

    private string ImageWithTornEnd(string tornLog)
    {
        string image = ImageOfHome("strict");
        string log = Path.Combine(image, Path.GetFileName(tornLog));
        long end = new FileInfo(log).Length - ZerosOf(log);
        using FileStream stream = File.OpenWrite(log);
        stream.Position = end - 1000;
        stream.Write(new byte[1000]);
        return image;
    }

    private static void FillSynced(LsmStore store, int count)
    {
        for (int i = 0; i < count; i++)
            store.Put(Bytes.Number(i), Bytes.Value(i, 100), Durability.Synced);
    }

    /// <summary>Zeros at the end of a log.</summary>
    private static long ZerosOf(string log)
    {
        byte[] content = StoreFiles.ReadShared(log);
        Assert.True(content.Length >= LogFormat.HeaderBytes, "a log has a header");
        return content.Length - (content.AsSpan().LastIndexOfAnyExcept((byte)0) + 1);
    }
}
