// A disk that is full for a while: background work pauses and goes on by itself when space is
// back, in the same open store, with nothing acknowledged lost. While it lasts, reads go on, and
// whoever would have to wait is told why.

using System.Globalization;
using LsmMmap.Engine.Files;
using LsmMmap.Testing;
using LsmMmap.Testing.Crash;

namespace LsmMmap.Crash.Tests;

public sealed class FullDiskTests : CrashTest
{
    private const int ValueBytes = 4000;

    private readonly List<int> _acknowledged = [];
    private int _next;

    // With `state.Fail(e)` in place of the pause in BackgroundWork.OnFailure every case fails: the
    // error is a StoreFailedException. Without `state.Pause(null)` the store never goes on.
    [Theory]
    [InlineData("NoSpace", true)]
    [InlineData("Quota", true)]
    [InlineData("NoSpace", false)]
    [InlineData("Quota", false)]
    public void Store_DiskFullForAWhile_PausesAndGoesOnByItself(string error, bool hasRoomForLogs)
    {
        using var recorder = new RecordingFileSystem(Guid.NewGuid());
        var files = new FaultInjectingFileSystem(recorder, null)
        {
            HasRoomForLogs = hasRoomForLogs,
        };
        string home = Path.Combine(Root, "full");
        using (LsmStore store = LsmStore.Open(home, WorkloadRun.Options, files))
        {
            Put(store, 5);
            files.IsFull = Enum.Parse<FaultError>(error);
            AssertIsWantOfSpace(Assert.ThrowsAny<LsmException>(() => Put(store, 500)));
            AssertIsWantOfSpace(Assert.ThrowsAny<LsmException>(() => store.Flush()));
            int refused = files.RefusedCount;
            if (hasRoomForLogs)
            {
                // Several memtables wait, and the background looks again by its own clock.
                Assert.True(_acknowledged.Count * ValueBytes > 3 * (64 << 10));
                Eventually.True(() => files.RefusedCount > refused, "another attempt");
            }
            CheckAll(store);

            files.IsFull = null;
            Eventually.True(() => TryPut(store), "a write that finds space again");
            Put(store, 100);
            store.Flush();
            store.WaitForIdle();
            CheckAll(store);
            Assert.Empty(files.Violations);
        }
        using LsmStore again = LsmStore.Open(home, WorkloadRun.Options);
        Assert.True(again.GetStatistics().Recovery.CleanlyClosed);
        CheckAll(again);
    }

    private void Put(LsmStore store, int count)
    {
        for (int i = 0; i < count; i++)
        {
            // A number whose write threw is not used again.
            int number = _next++;
            store.Put(Key(number), Bytes.Value(number, ValueBytes), (Durability)(1 + (number % 3)));
            _acknowledged.Add(number);
        }
    }

    private bool TryPut(LsmStore store)
    {
        try
        {
            Put(store, 1);
            return true;
        }
        catch (LsmException e)
        {
            AssertIsWantOfSpace(e);
            return false;
        }
    }

    private static void AssertIsWantOfSpace(LsmException e)
    {
        Assert.IsNotType<StoreFailedException>(e);
        Assert.True(IoFailure.IsExhausted(e), e.ToString());
    }

    /// <summary>Exactly what was acknowledged: a write that threw wrote nothing.</summary>
    private void CheckAll(LsmStore store)
    {
        var found = new List<int>();
        for (int number = 0; number < _next; number++)
        {
            if (store.Get(Key(number)) is not { } value)
                continue;
            Assert.Equal(Bytes.Value(number, ValueBytes), value);
            found.Add(number);
        }
        Assert.Equal(_acknowledged, found);
        Assert.Equal(0, store.Verify().DamageCount);
    }

    private static byte[] Key(int number) => Bytes.Of(
        string.Create(CultureInfo.InvariantCulture, $"key {number:D6}"));
}
