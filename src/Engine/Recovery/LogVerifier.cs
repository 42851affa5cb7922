// Reads write-ahead logs record by record and says what does not verify or does not fit: the
// header against the store, synced points that only grow, links against the log before, sequences
// without gaps, entries that parse and name keyspaces that exist, nothing behind a successor.
//
// A bad record may be the torn tail of a crash; who may have one says so, and then only records
// that verify are judged. Damage is handed over and reading goes on at the next whole record.
// Threads: one; logs are given oldest first, as far as they are written.

using System.Buffers.Binary;
using System.Diagnostics;
using LsmMmap.Engine.Writing;
using LsmMmap.Wal;

namespace LsmMmap.Engine.Recovery;

internal sealed class LogVerifier(
    ulong storeId, int nextKeyspaceId, bool mayBeTorn, Action<CorruptionException> onDamage)
{
    private LogPosition _previousEnd;
    private string _path = "";
    private long _number;
    private LogPosition _synced;
    private ulong? _lastSequence;
    private bool _isFirst;
    private bool _isEnded;

    /// <summary>Records read.</summary>
    public long RecordsChecked { get; private set; }

    /// <param name="path">For messages.</param>
    /// <param name="number">The number that the file's name carries.</param>
    /// <param name="stream">The file.</param>
    /// <param name="bytes">How much of it counts.</param>
    /// <param name="bootId">The boot that it must have been written under, if that is known.
    /// </param>
    public void Run(string path, long number, Stream stream, long bytes, Guid? bootId)
    {
        Debug.Assert(number > _previousEnd.LogNumber, "logs are given oldest first");
        Debug.Assert(bytes >= 0, "a length is not negative");
        (_path, _number, _synced, _lastSequence) = (path, number, default, null);
        (_isFirst, _isEnded) = (true, false);
        if (!LogReader.TryReadHeader(stream, out LogHeader header, out LogDamage? damage))
        {
            if (!mayBeTorn)
                Tell(damage!.Offset, "the log's header does not verify", damage.Expected,
                    damage.Found);
            return;
        }
        if (header.StoreId != storeId || header.LogNumber != number)
            Tell(0, "the log belongs to another store or has another number",
                $"store {storeId:x16}, log {number}",
                $"store {header.StoreId:x16}, log {header.LogNumber}");
        if (bootId is { } boot && header.BootId != boot)
            Tell(0, "the log was begun in another run of the system", $"{boot}",
                $"{header.BootId}");
        var reader = new LogReader(stream, header, bytes);
        LogPosition end = default;
        do
        {
            while (reader.Read())
            {
                RecordsChecked++;
                Judge(reader);
            }
            if (end == default)
                end = new LogPosition(number, reader.EndOffset);
            if (reader.Damage is { } found && !mayBeTorn)
                Tell(found.Offset, "a log record does not verify", found.Expected, found.Found);
            _lastSequence = null;
        }
        while (reader.Damage != null && reader.FindVerifying());
        _previousEnd = end;
    }

    private void Judge(LogReader reader)
    {
        long at = reader.RecordOffset;
        if (_isEnded)
            Tell(at, "a record follows the one that names the next log");
        if (reader.Synced < _synced)
            Tell(at, "the synced point goes back", $">= {_synced}", $"{reader.Synced}");
        _synced = reader.Synced;
        if (_isFirst != (reader.Kind == LogRecordKind.Link))
            Tell(at, "a log begins with its link, and has one only");
        _isFirst = false;
        int bodyBytes = reader.Kind switch
        {
            LogRecordKind.Link => 24,
            LogRecordKind.Successor => 8,
            LogRecordKind.Point => 0,
            _ => reader.Body.Length,
        };
        if (reader.Body.Length != bodyBytes)
            Tell(at, $"the body of a {reader.Kind} record has another length", $"{bodyBytes}",
                $"{reader.Body.Length}");
        else if (reader.Kind == LogRecordKind.Link)
            JudgeLink(at, reader.Body);
        else if (reader.Kind == LogRecordKind.Data)
            JudgeCommits(at, new BatchReader(reader.Body));
        _isEnded |= reader.Kind == LogRecordKind.Successor;
    }

    private void JudgeLink(long at, ReadOnlySpan<byte> body)
    {
        Debug.Assert(body.Length == 24, "the length of a link was looked at");
        var before = new LogPosition(
            BinaryPrimitives.ReadInt64LittleEndian(body),
            BinaryPrimitives.ReadInt64LittleEndian(body[8..]));
        _lastSequence = BinaryPrimitives.ReadUInt64LittleEndian(body[16..]);
        if (before.LogNumber >= _number)
            Tell(at, "the link names a later log", $"< {_number}", $"{before.LogNumber}");
        if (before.LogNumber == _previousEnd.LogNumber && before != _previousEnd)
            Tell(at, "the log before ends elsewhere than the link says", $"{before.Offset}",
                $"{_previousEnd.Offset}");
    }

    private void JudgeCommits(long at, BatchReader commits)
    {
        if (_lastSequence is { } last && commits.FirstSequence != last + 1)
            Tell(at, "a commit is missing", $"sequence {last + 1}", $"{commits.FirstSequence}");
        _lastSequence = commits.FirstSequence + (ulong)commits.EntryCount - 1;
        while (commits.MoveNext())
        {
            if (commits.KeyspaceId >= nextKeyspaceId)
            {
                Tell(at, "an entry names an unknown keyspace", $"< {nextKeyspaceId}",
                    $"{commits.KeyspaceId}");
                return;
            }
        }
        if (commits.Failed)
            Tell(at, "a record's entries do not parse");
    }

    private void Tell(long offset, string what, string? expected = null, string? found = null) =>
        onDamage(new CorruptionException(_path, offset, what, expected, found));
}
