// Reads the write-ahead logs that the MANIFEST says are needed, oldest first, and hands every
// whole record on. The rule for what does not verify:
//
//   Let (log, offset) be the first bad byte. Everything from there on is cut as a torn tail,
//   unless a record behind it, in this log or a later one, proves that the bad byte was once on
//   disk: each record carries the point up to which the logs were known to be synced when it was
//   written. A verifying record alone proves nothing after a power cut, because unsynced pages
//   reach the disk in any order. When only the process died since the bad log was written (its
//   boot id is this one), the page cache lost nothing, and any verifying record behind the bad
//   byte proves damage.
//
// A log has a whole header before the MANIFEST or the log before names it, so a named log without
// one is damaged; one that nobody names was never made to its end and holds nothing. An opening
// that ended before its switch of CURRENT leaves a log whose link states just where that opening
// found the end. It holds nothing else, and proves nothing.
//
// A log that ends before the length its successor's first record states, or that is missing,
// counts as bad at that place. Strict takes any damage for corruption; Salvage keeps every whole
// record and counts what it skipped.
// Threads: one, while the store opens.

using System.Buffers.Binary;
using System.Diagnostics;
using LsmMmap.Engine.Files;
using LsmMmap.Wal;

namespace LsmMmap.Engine.Recovery;

internal sealed class LogReplay(
    IFileSystem files, string directory, WalRecovery policy, ulong storeId, Guid bootId)
{
    private const int LinkBytes = 24;

    private LogPosition? _bad;
    private LogDamage? _damage;
    private LogPosition _end;
    private bool _badIsOfThisBoot;
    private bool _endIsOfThisBoot;
    private long _successor;

    /// <summary>Sees a record's body and where it begins; may borrow the body for the
    /// call.</summary>
    public delegate void OnRecord(long logNumber, long offset, ReadOnlySpan<byte> body);

    /// <summary>Bytes cut or skipped.</summary>
    public long BytesDropped { get; private set; }

    /// <summary>The first place that does not verify.</summary>
    public LogPosition? FirstBad => _bad;

    /// <summary>Where the last log that was read ends.</summary>
    public LogPosition End => _end;

    /// <summary>Reads the logs with these numbers, ascending. The lengths bound what is read of
    /// each, so that a reader beside a writer sees one moment.</summary>
    public void Run(IReadOnlyList<(long Number, long Bytes)> logs, OnRecord onRecord)
    {
        for (int i = 0; i < logs.Count; i++)
        {
            Debug.Assert(i == 0 || logs[i - 1].Number < logs[i].Number, "logs ascend");
            bool isNamed = i == 0 || logs[i].Number == _successor;
            ReadLog(logs[i].Number, logs[i].Bytes, isNamed, onRecord);
        }
        if (_bad is { } bad && policy == WalRecovery.Strict)
            ThrowDamaged(bad);
        // A log is durable before its predecessor names it, so it cannot be missing.
        if (_bad == null && _successor != 0 && policy != WalRecovery.Salvage)
            throw new CorruptionException(
                FileNames.Log(directory, _successor), 0, "the log is missing");
    }

    private void ReadLog(long number, long bytes, bool isNamed, OnRecord onRecord)
    {
        string path = FileNames.Log(directory, number);
        using Stream stream = files.OpenRead(path);
        if (!LogReader.TryReadHeader(stream, out LogHeader header, out LogDamage? damage))
        {
            if (damage!.Kind == LogDamageKind.NewerVersion)
                throw new FormatVersionException(
                    $"{path} has log format {damage.Found}; this version knows " +
                    $"{LogFormat.Version}", path);
            if (isNamed)
            {
                NoteBad(new LogPosition(number, 0), damage, isOfThisBoot: false);
                if (policy != WalRecovery.Salvage)
                    ThrowDamaged(_bad!.Value);
                BytesDropped += bytes;
            }
            return;
        }
        if (isNamed)
            _successor = 0;
        if (header.StoreId != storeId || header.LogNumber != number)
            throw new CorruptionException(
                path, 0, "the log belongs to another store or has another number",
                $"store {storeId:x16}, log {number}",
                $"store {header.StoreId:x16}, log {header.LogNumber}");
        var reader = new LogReader(stream, header, bytes);
        // Beside a writer (opening read-only) zeros become records while they are read, and the
        // length that was seen first lies in the middle of one.
        reader.StopAt(reader.FindUsedEnd());
        bool sameBoot = header.BootId != Guid.Empty && header.BootId == bootId;
        if (_bad == null || policy == WalRecovery.Salvage)
            ReadRecords(reader, number, sameBoot, onRecord);
        else
            Cut(reader, LogFormat.HeaderBytes);
    }

    private void ReadRecords(
        LogReader reader, long number, bool sameBoot, OnRecord onRecord)
    {
        while (true)
        {
            while (reader.Read())
            {
                _successor = 0;
                if (!NamesPossibleLog(reader, number))
                    throw new CorruptionException(
                        FileNames.Log(directory, number), reader.RecordOffset,
                        "a record names a log that cannot be");
                if (reader.Kind == LogRecordKind.Link && !LinkFits(reader.Body, number, sameBoot))
                {
                    if (Proves(reader))
                        ThrowDamaged(_bad!.Value);
                    Cut(reader, LogFormat.HeaderBytes);
                    return;
                }
                if (reader.Kind == LogRecordKind.Data)
                    onRecord(number, reader.RecordOffset, reader.Body);
                else if (reader.Kind == LogRecordKind.Successor)
                    _successor = BinaryPrimitives.ReadInt64LittleEndian(reader.Body);
                _end = new LogPosition(number, reader.EndOffset);
                _endIsOfThisBoot = sameBoot;
            }
            if (reader.Damage is not { } damage)
                return;
            NoteBad(new LogPosition(number, damage.Offset), damage, sameBoot);
            if (policy != WalRecovery.Salvage)
            {
                Cut(reader, damage.Offset);
                return;
            }
            if (!reader.FindVerifying())
            {
                CountDropped(reader, damage.Offset);
                return;
            }
            BytesDropped += reader.RecordOffset - damage.Offset;
        }
    }

    private void Cut(LogReader reader, long from)
    {
        CountDropped(reader, from);
        SearchProof(reader);
    }

    /// <summary>Space that was laid ahead and never used is no loss.</summary>
    private void CountDropped(LogReader reader, long from) =>
        BytesDropped += Math.Max(0, reader.FindUsedEnd() - from);

    /// <summary>Whether the log before ended where this one's first record says. Notes the bad
    /// place when it did not.</summary>
    private bool LinkFits(ReadOnlySpan<byte> body, long number, bool sameBoot)
    {
        if (policy == WalRecovery.Salvage || _end == default)
            return true;
        LogPosition stated = PredecessorOf(body);
        if (stated == _end)
            return true;
        // Either the log before lost its end, or a whole log between them is gone.
        bool isShort = stated.LogNumber == _end.LogNumber;
        LogPosition bad = isShort ? _end : new LogPosition(stated.LogNumber, 0);
        NoteBad(bad, new LogDamage(
            LogDamageKind.TornTail, bad.Offset, $"{stated.Offset} bytes, as log {number} states",
            isShort ? $"{_end.Offset} bytes" : "no such log"),
            isShort ? _endIsOfThisBoot : sameBoot);
        return false;
    }

    /// <summary>Whether a link names an earlier log, or none where none was read, and a last
    /// record a later one; true for other records.</summary>
    private bool NamesPossibleLog(LogReader reader, long number)
    {
        ReadOnlySpan<byte> body = reader.Body;
        switch (reader.Kind)
        {
            case LogRecordKind.Link:
                if (body.Length != LinkBytes)
                    return false;
                LogPosition before = PredecessorOf(body);
                bool mustBeThere = _end != default && policy != WalRecovery.Salvage;
                return before.LogNumber >= (mustBeThere ? 1 : 0) && before.LogNumber < number
                    && before.Offset >= 0;
            case LogRecordKind.Successor:
                return body.Length == sizeof(long)
                    && BinaryPrimitives.ReadInt64LittleEndian(body) > number
                    && BinaryPrimitives.ReadInt64LittleEndian(body) <= FileNames.NumberMax;
            default:
                return true;
        }
    }

    private static LogPosition PredecessorOf(ReadOnlySpan<byte> link) => new(
        BinaryPrimitives.ReadInt64LittleEndian(link),
        BinaryPrimitives.ReadInt64LittleEndian(link[8..]));

    /// <summary>Looks behind the bad place for a record that proves it was once on disk.
    /// </summary>
    private void SearchProof(LogReader reader)
    {
        Debug.Assert(_bad != null, "a proof is a proof of something bad");
        while (reader.Read())
        {
            bool isOfAnOpening = reader.Kind == LogRecordKind.Link
                && reader.Body.Length == LinkBytes
                && PredecessorOf(reader.Body) == _end;
            if (!isOfAnOpening && Proves(reader))
                ThrowDamaged(_bad.Value);
        }
        while (reader.Damage != null && reader.FindVerifying())
        {
            if (Proves(reader))
                ThrowDamaged(_bad.Value);
        }
    }

    private bool Proves(LogReader reader) =>
        _badIsOfThisBoot || reader.Synced.CompareTo(_bad!.Value) > 0;

    private void NoteBad(LogPosition bad, LogDamage damage, bool isOfThisBoot)
    {
        if (_bad != null)
            return;
        _bad = bad;
        _damage = damage;
        _badIsOfThisBoot = isOfThisBoot;
    }

    private void ThrowDamaged(LogPosition bad) => throw new CorruptionException(
        FileNames.Log(directory, bad.LogNumber), bad.Offset,
        "the log is damaged before its synced end", _damage!.Expected, _damage.Found);
}
