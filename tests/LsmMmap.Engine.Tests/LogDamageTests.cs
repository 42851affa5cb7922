// Logs of a store whose process was killed: cut, torn and damaged ones, under each policy of
// recovery. What comes back is always a prefix of the commits, each batch whole.

using LsmMmap.Testing;
using LsmMmap.Testing.Model;

namespace LsmMmap.Engine.Tests;

public sealed class LogDamageTests : StoreTest
{
    private const int Commits = 120;

    private readonly ModelStore _model = new(keepsHistory: true);
    private ModelKeyspace _otherModel = null!;

    [Fact]
    public void Open_LogCutAnywhere_RecoversAPrefixOfWholeCommits()
    {
        string image = WriteAndKill();
        string log = StoreFiles.FullestLog(image);
        byte[] whole = File.ReadAllBytes(log)[..StoreFiles.UsedBytes(log)];
        var random = new Random(Seeds.Base);
        int recovered = 0;
        // The first tenth stays: the making of the keyspace may have synced a part of it.
        for (int length = whole.Length; length > whole.Length / 10;
            length -= 1 + random.Next(whole.Length / 40))
        {
            string copy = Folder[$"cut-{length}"];
            StoreFiles.Copy(image, copy);
            StoreFiles.Overwrite(Path.Combine(copy, Path.GetFileName(log)), whole[..length]);
            using LsmStore store = LsmStore.Open(copy);
            int prefix = AssertIsAPrefix(store, $"cut at {length} {Seeds.Describe(Seeds.Base)}");
            Assert.True(recovered == 0 || prefix <= recovered, "less log, more commits");
            recovered = prefix;
        }
        Assert.True(recovered < Commits / 2, "the last cut left most of the log");
    }

    [Fact]
    public void Open_LastRecordTorn_LosesItAloneAndSaysSo()
    {
        string image = WriteAndKill();
        TearLastRecord(StoreFiles.FullestLog(image));
        using LsmStore store = LsmStore.Open(image);
        Assert.Equal(Commits - 1, AssertIsAPrefix(store, "torn"));
        RecoveryReport recovery = store.GetStatistics().Recovery;
        Assert.True(recovery.LogBytesDropped > 0);
        Assert.Equal(Commits - 1, recovery.CommitsReplayed);
        Assert.False(recovery.CleanlyClosed);
    }

    [Fact]
    public void Open_LastRecordTorn_StaysCutAfterMoreWrites()
    {
        string image = WriteAndKill();
        TearLastRecord(StoreFiles.FullestLog(image));
        for (int round = 0; round < 3; round++)
        {
            // Killed again and again before a clean close.
            using LsmStore store = LsmStore.Open(image);
            Assert.Equal(Commits - 1, AssertIsAPrefix(store, $"round {round}"));
            string next = Folder[$"next-{round}"];
            StoreFiles.Copy(image, next);
            image = next;
        }
        using LsmStore last = LsmStore.Open(image);
        last.Put(Bytes.Of("later"), [1]);
        last.Dispose();
        using LsmStore again = LsmStore.Open(image);
        Assert.Equal([1], again.Get(Bytes.Of("later")));
    }

    [Fact]
    public void Open_LastRecordTornAndStrict_ThrowsCorruption()
    {
        string image = WriteAndKill();
        string log = StoreFiles.FullestLog(image);
        TearLastRecord(log);
        var strict = new StoreOptions { WalRecovery = WalRecovery.Strict };
        CorruptionException thrown =
            Assert.Throws<CorruptionException>(() => LsmStore.Open(image, strict));
        Assert.Equal(Path.GetFileName(log), Path.GetFileName(thrown.FileName));
        Assert.InRange(thrown.Offset, 1, new FileInfo(log).Length);
    }

    [Theory]
    [InlineData(WalRecovery.TornTail)]
    [InlineData(WalRecovery.Strict)]
    public void Open_DamageBeforeWholeRecords_ThrowsCorruption(WalRecovery policy)
    {
        string image = WriteAndKill();
        string log = StoreFiles.FullestLog(image);
        StoreFiles.Flip(log, StoreFiles.UsedBytes(log) / 2);
        // The same boot wrote the log, so the page cache lost nothing: this is no torn tail.
        CorruptionException thrown = Assert.Throws<CorruptionException>(
            () => LsmStore.Open(image, new StoreOptions { WalRecovery = policy }));
        Assert.Equal(Path.GetFileName(log), Path.GetFileName(thrown.FileName));
        Assert.InRange(thrown.Offset, 1, StoreFiles.UsedBytes(log) / 2);
        Assert.NotNull(thrown.Expected);
        Assert.NotNull(thrown.Found);
    }

    [Fact]
    public void Open_DamageBeforeWholeRecordsAndSalvage_KeepsTheRest()
    {
        string image = WriteAndKill();
        string log = StoreFiles.FullestLog(image);
        StoreFiles.Flip(log, StoreFiles.UsedBytes(log) / 2);
        using LsmStore store = LsmStore.Open(
            image, new StoreOptions { WalRecovery = WalRecovery.Salvage });
        Assert.True(store.GetStatistics().Recovery.LogBytesDropped > 0);
        Keyspace other = store.GetKeyspace("other");
        int missing = 0;
        for (int i = 0; i < Commits; i++)
        {
            byte[]? one = store.Get(Bytes.Number(i));
            byte[]? two = other.Get(Bytes.Number(i));
            Assert.Equal(one is null, two is null);
            missing += one is null ? 1 : 0;
            Assert.True(one is null || one.AsSpan().SequenceEqual(Bytes.Value(i, 300)));
            Assert.True(two is null || two.AsSpan().SequenceEqual(Bytes.Value(-i, 300)));
        }
        Assert.InRange(missing, 1, 3);
        Assert.True(store.ContainsKey(Bytes.Number(Commits - 1)));
    }

    [Fact]
    public void Open_LogMissing_NeverLosesDataSilently()
    {
        LsmStore store = Open();
        Fill(store, 100);
        store.Dispose();
        Assert.NotEmpty(StoreFiles.Logs(Home));
        foreach (string log in StoreFiles.Logs(Home))
            File.Delete(log);
        LsmStore? again = null;
        Exception? thrown = Record.Exception(() => again = Open());
        if (thrown is null)
            Assert.Equal(100, Count(again!));
        else
            Assert.IsType<CorruptionException>(thrown);
    }

    /// <summary>Batches over two keyspaces in one log, and the image that a kill leaves.</summary>
    private string WriteAndKill()
    {
        LsmStore store = Open();
        Keyspace other = store.GetKeyspace("other");
        _otherModel = _model.GetKeyspace("other");
        for (int i = 0; i < Commits; i++)
        {
            using var batch = new WriteBatch();
            byte[] key = Bytes.Number(i);
            batch.Put(key, Bytes.Value(i, 300)).Put(other, key, Bytes.Value(-i, 300));
            long sequence = store.Write(batch);
            _model.Commit(
                sequence,
                [
                    new ModelWrite(_model.Default, key, Bytes.Value(i, 300)),
                    new ModelWrite(_otherModel, key, Bytes.Value(-i, 300)),
                ]);
        }
        return ImageOfHome();
    }

    /// <summary>Cuts inside the last batch: its two values alone are 600 bytes.</summary>
    private static void TearLastRecord(string log)
    {
        byte[] bytes = File.ReadAllBytes(log);
        StoreFiles.Overwrite(log, bytes[..(StoreFiles.UsedBytes(log) - 200)]);
    }

    /// <summary>Which state of the history this is, by the number of its commits.</summary>
    private int AssertIsAPrefix(LsmStore store, string what)
    {
        int commits = Count(store);
        ModelState state = _model.History[commits];
        ModelCheck.Same(store, state.Of(_model.Default));
        bool hasOther = store.KeyspaceNames.Contains("other");
        Assert.True(hasOther || commits == 0, $"{what}: the second keyspace is gone");
        if (hasOther)
            ModelCheck.Same(store.GetKeyspace("other"), state.Of(_otherModel));
        return commits;
    }
}
