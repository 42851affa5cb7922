// The model of a disk: what a crash may leave of bytes that lie over other bytes, of zeros laid
// ahead, and of a file that was cut. A model that is too kind finds no mistake.

using LsmMmap.Testing;
using LsmMmap.Testing.Crash;

namespace LsmMmap.Crash.Tests;

public sealed class DiskModelTests
{
    private const int Laid = 4096;
    private readonly DiskModel _disk = new();

    public DiskModelTests()
    {
        _disk.Apply(new DiskOperation(DiskStep.MakeDirectory, ""));
        _disk.Apply(new DiskOperation(DiskStep.SyncParent, ""));
        _disk.Apply(new DiskOperation(DiskStep.Create, "log") { FileId = 1 });
        Write(new byte[100].Select(static _ => (byte)1).ToArray());
        Lay(Laid);
        _disk.Apply(new DiskOperation(DiskStep.SyncDirectory, ""));
    }

    [Fact]
    public void Image_OfSyncedZeros_KeepsThemWhateverTheCrash()
    {
        Sync();
        foreach (CrashPolicy policy in (CrashPolicy[])[CrashPolicy.Strict, CrashPolicy.Random])
            Assert.Equal(Laid, After(policy, 1).Length);
    }

    [Fact]
    public void Image_OfBytesOverSyncedZeros_HasThemOrZeros()
    {
        Sync();
        byte[] over = [.. Enumerable.Repeat((byte)2, 2000)];
        Write(over);
        Assert.Equal(0, After(CrashPolicy.Strict, 0)[100]);
        Assert.Equal(0, After(CrashPolicy.LengthsOnly, 0)[100]);
        Assert.Equal(2, After(CrashPolicy.Everything, 0)[2099]);
        bool isTorn = false;
        for (int seed = 0; seed < 200; seed++)
        {
            byte[] left = After(CrashPolicy.Random, seed);
            Assert.Equal(Laid, left.Length);
            Assert.All(left[..100], static b => Assert.Equal(1, b));
            Assert.All(left[100..2100], static b => Assert.True(b is 0 or 2, "another byte"));
            Assert.All(left[2100..], static b => Assert.Equal(0, b));
            isTorn |= left.AsSpan(100, 2000).Contains((byte)0)
                && left.AsSpan(100, 2000).Contains((byte)2);
        }
        Assert.True(isTorn, "no crash has torn what lies over the zeros");
    }

    [Fact]
    public void Image_OfZerosNotSynced_HasThemOrNot()
    {
        var lengths = new HashSet<int>();
        for (int seed = 0; seed < 200; seed++)
            lengths.Add(After(CrashPolicy.Random, seed).Length);
        Assert.Contains(lengths, static length => length < Laid);
        Assert.Contains(Laid, lengths);
        Assert.Empty(After(CrashPolicy.Strict, 0));
    }

    [Fact]
    public void Image_OfACutFile_IsCutOrWhole()
    {
        Sync();
        _disk.Apply(new DiskOperation(DiskStep.Cut, "log") { FileId = 1, Offset = 100 });
        Assert.Equal(Laid, After(CrashPolicy.Strict, 0).Length);
        Assert.Equal(100, After(CrashPolicy.Everything, 0).Length);
        var lengths = new HashSet<int>();
        for (int seed = 0; seed < 100; seed++)
            lengths.Add(After(CrashPolicy.Random, seed).Length);
        Assert.Equal([100, Laid], lengths.Order());
        Sync();
        Assert.Equal(100, After(CrashPolicy.Strict, 0).Length);
    }

    [Fact]
    public void Write_AfterZerosOrACut_GoesToThePosition()
    {
        Write(Bytes.Of("next"));
        _disk.Apply(new DiskOperation(DiskStep.Cut, "log") { FileId = 1, Offset = 104 });
        Write(Bytes.Of(" last"));
        Assert.Equal(Bytes.Of("next last"), After(CrashPolicy.Everything, 0)[100..]);
    }

    private void Write(byte[] bytes) => _disk.Apply(
        new DiskOperation(DiskStep.Write, "log") { FileId = 1, Bytes = bytes });

    private void Lay(int end) => _disk.Apply(
        new DiskOperation(DiskStep.LayZeros, "log") { FileId = 1, Offset = end });

    private void Sync() => _disk.Apply(
        new DiskOperation(DiskStep.SyncFile, "log") { FileId = 1 });

    private byte[] After(CrashPolicy policy, int seed) =>
        DiskAfter.Image(_disk, policy, seed, null)!.Files["log"];
}
