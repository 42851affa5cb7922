// The log's append, which every commit passes: a record of 140 bytes, once to a file of the system
// and once to nowhere, which leaves what the writer itself costs. A new log begins now and then,
// so that a long run does not fill the disk.

using BenchmarkDotNet.Attributes;
using LsmMmap.Bench.Support;
using LsmMmap.Engine.Files;
using LsmMmap.Wal;

namespace LsmMmap.Bench;

public class LogWriterBench
{
    private const int BodyBytes = 140;
    private const long LogBytesMax = 256L << 20;

    private readonly byte[] _body = new byte[BodyBytes];
    private BenchFolder _folder = null!;
    private Stream _stream = null!;
    private LogWriter _writer = null!;
    private string? _path;
    private long _number;

    [Params(false, true)]
    public bool ToFile { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _folder = new BenchFolder();
        BenchData.WriteValue(_body, 1);
        Begin();
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _stream.Dispose();
        _folder.Dispose();
    }

    [Benchmark]
    public long Append()
    {
        if (_writer.Offset > LogBytesMax)
            Begin();
        return _writer.Append(LogRecordKind.Data, default, _body);
    }

    private void Begin()
    {
        _number++;
        _stream?.Dispose();
        if (_path != null)
            File.Delete(_path);
        _path = _folder.File($"{_number}.log");
        _stream = ToFile ? LocalFileSystem.Instance.Create(_path) : Stream.Null;
        _writer = new LogWriter(_stream, new LogHeader(1, _number, 1, default));
        _writer.WriteHeader();
    }
}
