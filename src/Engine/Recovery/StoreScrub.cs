// The background scrub: reads every live table again by positioned reads and compares the checksum
// of the whole file with the one in the MANIFEST, at so many bytes a second, table after table by
// number and then from the start. It shows rot in what was verified once and is served from the
// mapping since.
//
// A sound table costs a hash and no decoding; only when the sum is wrong are its blocks looked at
// one by one, unpaced, to say where. The table is held by a reference meanwhile, so its file stays;
// versions may change, since the next table is looked for in the state of that moment. The scrub
// has its own descriptor without a mapping, and nothing is allocated for a piece.
//
// Damage is counted and kept, and fails nothing: what still reads, reads on.
// Threads: its own one. Dispose may be called by any, and does not wait for more than one piece.

using System.Diagnostics;
using System.IO.Hashing;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.Reading;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Telemetry;
using LsmMmap.Engine.Versions;
using LsmMmap.Engine.Waiting;
using LsmMmap.Sstable.Mapping;
using LsmMmap.Sstable.Tables;

namespace LsmMmap.Engine.Recovery;

internal sealed class StoreScrub : IDisposable
{
    private const int PieceBytes = 64 << 10;

    private static readonly TimeSpan s_passMin = TimeSpan.FromMinutes(1);

    /// <summary>Shorter waits are saved up: a timer is not that exact.</summary>
    private static readonly TimeSpan s_waitMin = TimeSpan.FromMilliseconds(20);

    private readonly StoreState _state;
    private readonly TimeProvider _clock;
    private readonly long _bytesPerSecond;
    private readonly CancellationTokenSource _stop = new();
    private readonly Gate _gate = new();
    private readonly StoreThread _thread;
    private bool _isWoken;
    private TimeSpan _owed;
    private long _paidAt;

    private StoreScrub(StoreState state)
    {
        _state = state;
        _clock = state.Services.Options.TimeProvider;
        _bytesPerSecond = state.Services.Options.ScrubBytesPerSecond;
        Debug.Assert(_bytesPerSecond > 0, "a scrub has a rate");
        _thread = StoreThread.Start("LsmMmap scrub", Run, priority: ThreadPriority.Lowest);
    }

    /// <summary>The running scrub of a store that asks for one.</summary>
    public static StoreScrub? Start(StoreState state) =>
        state.Services.Options.ScrubBytesPerSecond > 0 ? new StoreScrub(state) : null;

    /// <summary>Ends the thread.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        Wake();
        _thread.Join();
        _stop.Dispose();
    }

    private void Run()
    {
        CpuShare.GiveWay();
        using var piece = new NativeBuffer();
        using ITimer timer = _clock.CreateTimer(
            static scrub => ((StoreScrub)scrub!).Wake(), this, Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
        var hash = new XxHash3();
        _paidAt = _clock.GetTimestamp();
        while (!_stop.IsCancellationRequested)
        {
            long begun = _clock.GetTimestamp();
            long last = 0;
            while (!_stop.IsCancellationRequested && Next(last) is { } table)
            {
                last = table.Info.Number;
                try
                {
                    Check(table, piece, hash, timer);
                }
                finally
                {
                    table.Release();
                }
            }
            if (_stop.IsCancellationRequested)
                return;
            _state.Services.Counters.ScrubPassed();
            Wait(timer, s_passMin - _clock.GetElapsedTime(begun));
        }
    }

    /// <summary>The live table with the next number, referenced.</summary>
    private Table? Next(long last)
    {
        ReadState state = _state.Published.Acquire(out _);
        Table? next = null;
        foreach (TreeView? view in state.Views)
        {
            for (int level = 0; view != null && level < TreeVersion.LevelCount; level++)
            {
                foreach (Table table in view.Version.Tables(level))
                {
                    long number = table.Info.Number;
                    if (number > last && (next == null || number < next.Info.Number))
                        next = table;
                }
            }
        }
        Debug.Assert(next == null || next.Info.Number > last, "a pass goes up the numbers");
        next?.AddReference();
        state.Release();
        return next;
    }

    private void Check(Table table, NativeBuffer piece, XxHash3 hash, ITimer timer)
    {
        TableFile? own = null;
        try
        {
            // A reader beside a writer has every table open, and its name may be gone.
            StoreServices services = _state.Services;
            if (!services.IsReadOnly)
                own = services.Files.OpenTable(
                    FileNames.Table(services.Directory, table.Info.Number),
                    table.Info.FileBytes, map: false);
            TableFile file = own ?? table.File;
            if (!TryHash(file, piece, hash, timer, out ulong sum)
                || sum == table.Info.FileChecksum)
                return;
            Locate(file, table, sum);
        }
        catch (CorruptionException e)
        {
            Found(e);
        }
        catch (LsmException)
        {
            // The system refused the file for another reason; the next pass tries again.
        }
        finally
        {
            own?.Dispose();
        }
    }

    /// <summary>False when the store closes meanwhile.</summary>
    private bool TryHash(
        TableFile file, NativeBuffer piece, XxHash3 hash, ITimer timer, out ulong sum)
    {
        hash.Reset();
        int most = (int)Math.Clamp(_bytesPerSecond / 4, 4096, PieceBytes);
        for (long offset = 0; offset < file.Length; offset += piece.Length)
        {
            Span<byte> bytes = piece.Resize((int)Math.Min(most, file.Length - offset));
            file.Read(offset, bytes);
            hash.Append(bytes);
            _state.Services.Counters.Scrubbed(bytes.Length);
            Pay(timer, bytes.Length);
            if (_stop.IsCancellationRequested)
            {
                sum = 0;
                return false;
            }
        }
        sum = hash.GetCurrentHashAsUInt64();
        return true;
    }

    private void Locate(TableFile file, Table table, ulong sum)
    {
        bool any = false;
        try
        {
            TableReader reader = TableReader.Open(
                file, table.Info.TableId, BlockReadMode.Copy, null, null);
            reader.Verify(
                e =>
                {
                    any = true;
                    Found(e);
                },
                _stop.Token);
        }
        catch (OperationCanceledException)
        {
            return;
        }
        if (!any)
            throw file.Damage(0, "the file's checksum is not the manifest's",
                $"{table.Info.FileChecksum:x16}", $"{sum:x16}") as CorruptionException
                ?? throw new UnreachableException("damage of a file is corruption");
    }

    private void Found(Exception damage) => _state.Services.Counters.ScrubFound(
        Damages.Found(damage as CorruptionException
            ?? new CorruptionException("", 0, damage.Message, innerException: damage)));

    /// <summary>Waits until the bytes read so far are within the rate.</summary>
    private void Pay(ITimer timer, int bytes)
    {
        long now = _clock.GetTimestamp();
        _owed -= _clock.GetElapsedTime(_paidAt, now);
        _paidAt = now;
        // Time in which nothing was read is not saved for later.
        if (_owed < TimeSpan.Zero)
            _owed = TimeSpan.Zero;
        _owed += TimeSpan.FromSeconds((double)bytes / _bytesPerSecond);
        if (_owed >= s_waitMin)
            Wait(timer, _owed);
    }

    private void Wait(ITimer timer, TimeSpan time)
    {
        long begun = _clock.GetTimestamp();
        while (!_stop.IsCancellationRequested)
        {
            TimeSpan left = time - _clock.GetElapsedTime(begun);
            if (left <= TimeSpan.Zero)
                return;
            timer.Change(left, Timeout.InfiniteTimeSpan);
            // The clock may have been moved between the question and the timer: then it has
            // fired late or fires at once, and the loop asks again.
            AwaitWake();
        }
    }

    private void AwaitWake()
    {
        using (_gate.Hold())
        {
            AssertInvariants();
            while (!_isWoken)
                _gate.Wait();
            _isWoken = false;
        }
    }

    private void Wake()
    {
        using (_gate.Hold())
        {
            AssertInvariants();
            _isWoken = true;
            _gate.PulseAll();
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants() =>
        Debug.Assert(_gate.IsHeld, "who wakes and who sleeps meet under the gate");
}
