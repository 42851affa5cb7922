// Shows what is inside the files of a store, one file at a time, for tools that look at stores
// which may be damaged: nothing is locked, written or repaired, and no other file is consulted.
//
// A log or MANIFEST is given record by record. Damage is a line of its own, and the reading goes
// on at the next record that verifies behind it. Whether a bad end is the torn tail of a crash or
// damage cannot be known from one file alone: IsTornEnd says that the last record is cut short and
// that nothing verifies behind it, which is what a crash leaves.
//
// The lines are made as they are asked for and hold copies. One thread; a writer may be at work
// beside it, and then the last record may look torn.

using System.Buffers.Binary;
using System.Diagnostics;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.Versions;
using LsmMmap.Engine.Writing;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Tables;
using LsmMmap.Wal;

namespace LsmMmap.Engine.Recovery;

/// <summary>One finding in a log or MANIFEST, in the order of the file.</summary>
internal abstract record InspectedLine(long Offset);

/// <summary>The file header.</summary>
internal sealed record HeaderLine(LogHeader Header) : InspectedLine(0);

/// <summary>Bytes that do not verify, or records that do but make no sense.</summary>
internal sealed record DamageLine(long Offset, CorruptionException Damage, bool IsTornEnd)
    : InspectedLine(Offset);

/// <summary>One record. What its kind does not carry is null.</summary>
internal sealed record RecordLine(long Offset, long EndOffset, LogRecordKind Kind) :
    InspectedLine(Offset)
{
    public required LogPosition Synced { get; init; }

    /// <summary>A link: where the log before this one ended, and its last sequence.</summary>
    public (LogPosition Predecessor, ulong LastSequence)? Link { get; init; }

    /// <summary>A successor: the number of the next log.</summary>
    public long? NextLog { get; init; }

    /// <summary>A group of commits.</summary>
    public LoggedCommits? Commits { get; init; }

    /// <summary>A change of the MANIFEST.</summary>
    public VersionEdit? Edit { get; init; }
}

internal sealed record LoggedCommits(
    ulong FirstSequence, int CommitCount, IReadOnlyList<LoggedEntry> Entries);

internal sealed record LoggedEntry(
    ulong Sequence, ValueKind Kind, int KeyspaceId, byte[] Key, byte[] Value);

internal static class StoreInspector
{
    private const int TriesMax = 10;

    private static readonly LocalFileSystem s_files = LocalFileSystem.Instance;

    /// <summary>Path of the MANIFEST that a store's CURRENT names.</summary>
    /// <exception cref="CorruptionException">CURRENT is damaged.</exception>
    public static string CurrentManifest(string directory) =>
        FileNames.Manifest(directory, ManifestReader.ReadCurrent(s_files, directory));

    /// <summary>The options that a store keeps for a keyspace; null when there is no store or no
    /// such keyspace.</summary>
    /// <exception cref="LsmException">CURRENT or the MANIFEST cannot be read.</exception>
    public static KeyspaceOptions? StoredOptions(string directory, string keyspace) =>
        StoredOptions(ReadContents(directory, out _), keyspace);

    /// <summary>How the trees of a store came to be what they are, by keyspace; empty when there
    /// is no store.</summary>
    /// <exception cref="LsmException">CURRENT or the MANIFEST cannot be read.</exception>
    public static Dictionary<string, IReadOnlyList<TreePoint>> History(string directory)
    {
        ReadContents(directory, out TreeHistory history);
        return history.ByName();
    }

    // A writer may replace the MANIFEST between two of our steps; then all begins again.
    private static ManifestContents ReadContents(string directory, out TreeHistory history)
    {
        string full = Path.GetFullPath(directory);
        for (int tries = 1; s_files.Exists(FileNames.Current(full)); tries++)
        {
            try
            {
                var edits = new TreeHistory();
                history = edits;
                return ManifestReader.Read(
                    s_files, full, ManifestReader.ReadCurrent(s_files, full), out _,
                    (_, edit) => edits.Add(edit));
            }
            catch (LsmException e) when (tries < TriesMax && e is not FormatVersionException)
            {
                // It was replaced, or is being.
            }
        }
        history = new TreeHistory();
        return new ManifestContents();
    }

    private static KeyspaceOptions? StoredOptions(ManifestContents contents, string keyspace)
    {
        foreach (KeyspaceContents candidate in contents.Keyspaces.Values)
        {
            if (candidate.Record.Name == keyspace && KeyspaceOptions.TryFromStored(
                candidate.Record.Options, out KeyspaceOptions options))
                return options;
        }
        return null;
    }

    /// <summary>A write-ahead log, with every entry of every commit.</summary>
    public static IEnumerable<InspectedLine> ReadLog(string path) => Read(path, DecodeLogRecord);

    /// <summary>A MANIFEST, edit by edit; edits that do not fit those before are damage.</summary>
    public static IEnumerable<InspectedLine> ReadManifest(string path)
    {
        var edits = new EditChain();
        foreach (InspectedLine line in Read(path, edits.Decode))
        {
            if (line is DamageLine)
                edits.Forget();
            yield return line;
        }
    }

    /// <summary>Opens one table by its footer, without a MANIFEST to compare it with.</summary>
    /// <exception cref="CorruptionException">The footer is damaged.</exception>
    /// <exception cref="FormatVersionException">The table is of a newer format.</exception>
    public static InspectedTable OpenTable(string path)
    {
        long length;
        using (Stream stream = s_files.OpenRead(path))
            length = stream.Length;
        TableFile file = s_files.OpenTable(path, length, map: false);
        try
        {
            return new InspectedTable(
                file, TableReader.Open(file, null, BlockReadMode.Copy, null, null));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private delegate RecordLine Decode(
        RecordLine line, ReadOnlySpan<byte> body, out string? problem);

    private static IEnumerable<InspectedLine> Read(string path, Decode decode)
    {
        using Stream stream = s_files.OpenRead(path);
        if (!LogReader.TryReadHeader(stream, out LogHeader header, out LogDamage? broken))
        {
            // Every checksum hangs on the header's nonce, so nothing behind it can verify.
            yield return HeaderDamage(path, broken!);
            yield break;
        }
        yield return new HeaderLine(header);
        var reader = new LogReader(stream, header);
        while (true)
        {
            while (reader.Read())
            {
                yield return DecodeRecord(reader, decode, out string? problem);
                if (problem != null)
                    yield return new DamageLine(reader.RecordOffset,
                        new CorruptionException(path, reader.RecordOffset, problem), false);
            }
            if (reader.Damage is not { } damage)
                yield break;
            bool goesOn = reader.FindVerifying();
            yield return new DamageLine(
                damage.Offset,
                new CorruptionException(path, damage.Offset, goesOn
                    ? $"records are damaged; the next that verifies is at {reader.RecordOffset}"
                    : "a record does not verify, and nothing behind it does",
                    damage.Expected, damage.Found),
                IsTornEnd: !goesOn && damage.Kind == LogDamageKind.TornTail);
            if (!goesOn)
                yield break;
        }
    }

    private static RecordLine DecodeRecord(LogReader reader, Decode decode, out string? problem)
    {
        Debug.Assert(reader.EndOffset > reader.RecordOffset, "a record has bytes");
        var line = new RecordLine(reader.RecordOffset, reader.EndOffset, reader.Kind)
        {
            Synced = reader.Synced,
        };
        return decode(line, reader.Body, out problem);
    }

    private static RecordLine DecodeLogRecord(
        RecordLine line, ReadOnlySpan<byte> body, out string? problem)
    {
        problem = null;
        switch (line.Kind)
        {
            case LogRecordKind.Data:
                return line with { Commits = DecodeCommits(body, out problem) };
            case LogRecordKind.Link when body.Length >= 24:
                var predecessor = new LogPosition(
                    BinaryPrimitives.ReadInt64LittleEndian(body),
                    BinaryPrimitives.ReadInt64LittleEndian(body[8..]));
                ulong last = BinaryPrimitives.ReadUInt64LittleEndian(body[16..]);
                return line with { Link = (predecessor, last) };
            case LogRecordKind.Successor when body.Length >= 8:
                return line with { NextLog = BinaryPrimitives.ReadInt64LittleEndian(body) };
            case LogRecordKind.Point:
                return line;
            default:
                problem = $"the body of a {line.Kind} record is too short";
                return line;
        }
    }

    private static LoggedCommits DecodeCommits(ReadOnlySpan<byte> body, out string? problem)
    {
        var reader = new BatchReader(body);
        var entries = new List<LoggedEntry>();
        while (reader.MoveNext())
            entries.Add(new LoggedEntry(reader.FirstSequence + (ulong)entries.Count, reader.Kind,
                reader.KeyspaceId, reader.Key.ToArray(), reader.Value.ToArray()));
        problem = reader.Failed
            ? $"the entries cannot be read after {entries.Count} of {reader.EntryCount}" : null;
        return new LoggedCommits(reader.FirstSequence, reader.CommitCount, entries);
    }

    private static DamageLine HeaderDamage(string path, LogDamage broken)
    {
        if (broken.Kind == LogDamageKind.NewerVersion)
            throw new FormatVersionException(
                $"{path} has log format {broken.Found}; this version knows {LogFormat.Version}",
                path);
        return new DamageLine(broken.Offset, new CorruptionException(
            path, broken.Offset, "the header does not verify, so nothing behind it can",
            broken.Expected, broken.Found), IsTornEnd: false);
    }

    /// <summary>Follows the edits of one MANIFEST: each names the one before by checksum, and
    /// each must fit their sum.</summary>
    private sealed class EditChain
    {
        private ManifestContents? _contents = new();
        private ulong? _chain = 0;

        /// <summary>Behind damage the sum is not known any more, and the chain begins anew.
        /// </summary>
        public void Forget()
        {
            _contents = null;
            _chain = null;
        }

        public RecordLine Decode(RecordLine line, ReadOnlySpan<byte> body, out string? problem)
        {
            problem = null;
            if (line.Kind != LogRecordKind.Data)
                return line;
            bool isEdit = EditCodec.TryDecode(
                body, out ulong carried, out VersionEdit edit, out problem);
            if (!isEdit)
                return line;
            problem = _chain is { } chain && chain != carried
                ? $"an edit before this one is missing: chain {chain:x16}, not {carried:x16}"
                : _contents?.Apply(edit);
            _chain = Manifest.NextChain(body);
            return line with { Edit = edit };
        }
    }
}

/// <summary>One table, opened by itself.</summary>
internal sealed class InspectedTable(TableFile file, TableReader reader) : IDisposable
{
    public TableReader Reader { get; } = reader;

    public TableInspector Inspector { get; } = new(reader);

    public long FileBytes => file.Length;

    public void Dispose()
    {
        Reader.Dispose();
        file.Dispose();
    }
}
