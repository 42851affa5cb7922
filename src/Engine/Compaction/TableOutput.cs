// A table being written by a flush, a compaction or a recovery: under a temporary name until it
// is whole and synced, then sealed and renamed. The caller syncs the directory once for all its
// outputs, before the edit that names them.
// Threads: one at a time.

using System.Diagnostics;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Tables;

namespace LsmMmap.Engine.Compaction;

internal sealed class TableOutput : IDisposable
{
    private const long PieceBytes = 64 << 10;

    private readonly StoreServices _services;
    private readonly long _number;
    private readonly DurableFile _file;
    private readonly TableBuilder _builder;
    private long _paidBytes;
    private bool _finished;

    public TableOutput(
        StoreServices services, int keyspaceId, string keyspaceName, KeyspaceOptions options,
        int level)
    {
        _services = services;
        _number = services.TakeFileNumber();
        _file = services.Files.Create(TemporaryPath);
        _builder = new TableBuilder(_file, Manifest.NewNonce(), new TableOptions
        {
            BlockBytes = options.BlockBytes,
            BloomBitsPerKey = options.BloomBitsPerKey,
            Codec = options.CompressionOf(level) == Compression.Lz4
                ? BlockCodec.Lz4 : BlockCodec.None,
            Level = level,
            Owner = new TableOwner(services.StoreId, keyspaceId, keyspaceName),
        });
    }

    /// <summary>Told of bytes about to be in the file, in pieces; it may wait.</summary>
    public Action<long>? Pay { get; init; }

    /// <summary>When the newest entry was flushed, 0 when it is not known; null means
    /// now.</summary>
    public long? WrittenAtMs { get; init; }

    public long EstimatedBytes => _builder.EstimatedBytes;

    private string TemporaryPath => FileNames.TableTemporary(_services.Directory, _number);

    public void Add(ReadOnlySpan<byte> userKey, ulong tag, ReadOnlySpan<byte> value)
    {
        _builder.Add(userKey, tag, value);
        if (Pay == null || _builder.EstimatedBytes - _paidBytes < PieceBytes)
            return;
        Pay(_builder.EstimatedBytes - _paidBytes);
        _paidBytes = _builder.EstimatedBytes;
    }

    /// <summary>Makes the file whole and durable under its name, with range tombstones that lie
    /// in no other table of its level. The name itself is durable after the next sync of the
    /// directory.</summary>
    public TableInfo Finish(RangeTombstones ranges)
    {
        Debug.Assert(!_finished, "a table is finished once");
        TableSummary summary = _builder.Finish(ranges);
        _file.Sync();
        _file.Dispose();
        string path = FileNames.Table(_services.Directory, _number);
        _services.Files.Seal(TemporaryPath);
        _services.Files.Rename(TemporaryPath, path);
        _finished = true;
        return TableInfo.Of(_number, summary) with
        {
            // A clock before 1970 has no time to tell, and the file no negative ones.
            WrittenAtMs = Math.Max(0, WrittenAtMs
                ?? _services.Options.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds()),
        };
    }

    /// <summary>Lets go of the file; one that is not finished is removed.</summary>
    public void Dispose()
    {
        _builder.Dispose();
        _file.Dispose();
        if (_finished)
            return;
        try
        {
            _services.Files.Delete(TemporaryPath);
        }
        catch (LsmException)
        {
            // Swept at the next open; the name means nothing to anybody.
        }
    }
}
