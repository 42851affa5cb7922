// One run: writes, flushes, compactions, and what was seen on the way. Figures of the way (peak
// of space, tables that a get meets) are of the second half of the writes, when the store is near
// its size.

using System.Collections;
using System.Diagnostics;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Simulator;

internal sealed class Simulation
{
    private const int SampledKeys = 16;

    private readonly SimulationSettings _settings;
    private readonly KeyStream _stream;
    private readonly SimulatedStore _store;
    private readonly SimulatedWork _work;
    private readonly BitArray _isLive;
    private readonly List<ulong> _memtable = [];
    private double _memtableBytes;
    private double _memtableUserBytes;
    private double _userBytes;
    private long _liveCount;
    private bool _isSecondHalf;
    private double _spacePeak;
    private double _tableBytesSum;
    private int _flushesSeen;
    private double _runsSum;
    private int _runsSamples;
    private int _runsMax;

    private Simulation(SimulationSettings settings)
    {
        _settings = settings;
        _stream = new KeyStream(settings);
        _store = new SimulatedStore(settings);
        _work = new SimulatedWork(settings, _store) { Ended = LookAtSpace };
        _isLive = new BitArray(settings.KeyCount);
    }

    private double LiveBytes =>
        _liveCount * _settings.TableEntryBytes(isDelete: false, isLast: true);

    public static SimulationResult Run(SimulationSettings settings)
    {
        long start = Stopwatch.GetTimestamp();
        var simulation = new Simulation(settings);
        simulation.WriteAll();
        SimulationResult result = simulation.Result();
        if (settings.DeletesAll)
            result = result with { AfterDeletes = simulation.DeleteAll() };
        return result with { Elapsed = Stopwatch.GetElapsedTime(start) };
    }

    private void WriteAll()
    {
        long half = _settings.WriteCount / 2;
        for (long i = 0; i < _settings.WriteCount; i++)
        {
            _isSecondHalf = i >= half;
            (int key, bool isDelete) = _stream.Next();
            Write(key, isDelete);
        }
        Flush();
        _work.Settle();
    }

    private DeletedFigures DeleteAll()
    {
        double userBytes = _userBytes;
        long writtenBytes = _store.WrittenBytes;
        long tableBytes = _store.Version.TableBytes;
        foreach (int key in _stream.AllShuffled())
            Write(key, true);
        Flush();
        _work.Settle();
        return new DeletedFigures(
            (double)_store.Version.TableBytes / tableBytes,
            (_store.WrittenBytes - writtenBytes) / (_userBytes - userBytes),
            (double)(_store.WrittenBytes - writtenBytes) / tableBytes);
    }

    private void Write(int key, bool isDelete)
    {
        _memtable.Add(KeyMerge.Entry(key, isDelete));
        _memtableBytes += _settings.MemtableEntryBytes(isDelete);
        _memtableUserBytes += _settings.UserBytes(isDelete);
        _liveCount += (isDelete ? 0 : 1) - (_isLive[key] ? 1 : 0);
        _isLive[key] = !isDelete;
        if (_memtableBytes >= _settings.MemtableBytes)
            Flush();
    }

    private void Flush()
    {
        if (_memtable.Count == 0)
            return;
        _userBytes += _memtableUserBytes;
        _work.Fill(_memtableUserBytes);
        _store.Flush(KeyMerge.OfWrites(_memtable));
        _memtable.Clear();
        _memtableBytes = 0;
        _memtableUserBytes = 0;
        LookAtSpace();
        _work.Flushed();
        LookAtRuns();
        LookAtBytes();
    }

    private void LookAtSpace()
    {
        if (_isSecondHalf && _liveCount > 0)
            _spacePeak = Math.Max(_spacePeak, _store.LastPeakBytes / LiveBytes);
    }

    private void LookAtBytes()
    {
        if (!_isSecondHalf)
            return;
        _tableBytesSum += _store.Version.TableBytes;
        _flushesSeen++;
    }

    private void LookAtRuns()
    {
        for (int i = 0; _isSecondHalf && i < SampledKeys; i++)
        {
            int runs = _store.RunsOver(_stream.AnyKey());
            _runsSum += runs;
            _runsSamples++;
            _runsMax = Math.Max(_runsMax, runs);
        }
    }

    private SimulationResult Result()
    {
        TreeVersion version = _store.Version;
        return new SimulationResult
        {
            Settings = _settings,
            UserBytes = _userBytes,
            LiveBytes = LiveBytes,
            LevelBytes = [.. Enumerable.Range(0, TreeVersion.LevelCount)
                .Select(version.LevelBytes)],
            WrittenBytes = _store.WrittenBytes,
            SpacePeak = _spacePeak,
            TableBytesMean = _flushesSeen == 0 ? 0 : _tableBytesSum / _flushesSeen,
            SpaceAtRest = LiveBytes == 0 ? 0 : version.TableBytes / LiveBytes,
            RunsMean = _runsSamples == 0 ? 0 : _runsSum / _runsSamples,
            RunsMax = _runsMax,
            FlushCount = _store.FlushCount,
            CompactionCount = _store.CompactionCount,
            MoveCount = _store.MoveCount,
            LargestCompactionBytes = _store.LargestCompactionBytes,
            StoppedSeconds = _work.StoppedSeconds,
        };
    }
}
