// Verify reads everything there is and says what is damaged, without stopping the store.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class VerifyTests : StoreTest
{
    [Fact]
    public void Verify_HealthyStore_FindsNothing()
    {
        LsmStore store = OpenFilled();
        VerifyReport report = store.Verify();
        Assert.Equal(0, report.DamageCount);
        Assert.Empty(report.Damages);
        Assert.True(report.BlocksChecked > 0);
    }

    [Fact]
    public void Verify_EmptyStore_FindsNothing()
    {
        Assert.Equal(0, Open().Verify().DamageCount);
    }

    [Fact]
    public void Verify_EveryPartOfATableFlipped_FindsIt()
    {
        OpenFilled().Dispose();
        var random = new Random(Seeds.Base);
        Assert.NotEmpty(StoreFiles.Tables(Home));
        foreach (string table in StoreFiles.Tables(Home))
        {
            long length = new FileInfo(table).Length;
            for (int i = 0; i < 30; i++)
            {
                // The last part is the footer; the rest by chance.
                long offset = i < 8 ? length - 1 - 16 * i : random.NextInt64(length);
                AssertFoundAfterFlip(Path.GetFileName(table), offset);
            }
        }
    }

    [Theory]
    [InlineData("CURRENT")]
    [InlineData("MANIFEST")]
    [InlineData("log")]
    [InlineData("table")]
    public void Verify_FileOfAnOpenStoreFlipped_NamesIt(string kind)
    {
        LsmStore store = OpenFilled();
        store.WaitForIdle();
        string file = kind switch
        {
            "CURRENT" => StoreFiles.Current(Home),
            "MANIFEST" => StoreFiles.NewestManifest(Home),
            "log" => StoreFiles.FullestLog(Home),
            _ => StoreFiles.Tables(Home)[0],
        };
        StoreFiles.Flip(file, StoreFiles.UsedBytes(file) / 2);
        VerifyReport report = store.Verify();
        Assert.True(report.DamageCount > 0);
        Assert.Contains(
            report.Damages,
            damage => Path.GetFileName(damage.FileName) == Path.GetFileName(file));
        Assert.Equal(Math.Min(1_000, report.DamageCount), report.Damages.Count);
    }

    [Fact]
    public void Get_BesideADamagedBlock_StillAnswers()
    {
        OpenFilled().Dispose();
        string table = StoreFiles.Tables(Home)[0];
        StoreFiles.Flip(table, 100);
        LsmStore store = Open();
        int refused = 0;
        for (int i = 0; i < 500; i++)
        {
            try
            {
                Assert.Equal(Bytes.Value(i, 100), store.Get(Bytes.Number(i)));
            }
            catch (CorruptionException e)
            {
                Assert.Equal(Path.GetFileName(table), Path.GetFileName(e.FileName));
                refused++;
            }
        }
        Assert.InRange(refused, 1, 400);
    }

    [Fact]
    public void Verify_CancelledToken_Throws()
    {
        LsmStore store = OpenFilled();
        Assert.ThrowsAny<OperationCanceledException>(
            () => store.Verify(new CancellationToken(canceled: true)));
    }

    private void AssertFoundAfterFlip(string name, long offset)
    {
        string copy = Folder["copy"];
        StoreFiles.Copy(Home, copy);
        StoreFiles.Flip(Path.Combine(copy, name), offset);
        try
        {
            using LsmStore store = LsmStore.OpenReadOnly(copy);
            VerifyReport report = store.Verify();
            Assert.True(report.DamageCount > 0, $"{name}: flip at {offset} was not found");
            Assert.Contains(
                report.Damages, damage => Path.GetFileName(damage.FileName) == name);
        }
        catch (CorruptionException e)
        {
            Assert.Equal(name, Path.GetFileName(e.FileName));
        }
        catch (FormatVersionException e)
        {
            // A flip inside the version reads as another version.
            Assert.Equal(name, Path.GetFileName(e.FileName));
        }
        Directory.Delete(copy, recursive: true);
    }

    private LsmStore OpenFilled()
    {
        LsmStore store = Open();
        Fill(store, 500);
        store.Flush();
        for (int i = 0; i < 300; i++)
            store.Put(Bytes.Number(10_000 + i), Bytes.Value(i, 700));
        store.Flush();
        Fill(store, 50, from: 20_000);
        return store;
    }
}
