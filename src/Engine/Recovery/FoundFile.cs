// A table and a log as a repair finds them: read to the end by themselves, whatever a MANIFEST
// says, with what they tell of where they belong.
// Threads: one.

using System.Diagnostics;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.Versions;
using LsmMmap.Engine.Writing;
using LsmMmap.Sstable.Tables;
using LsmMmap.Wal;

namespace LsmMmap.Engine.Recovery;

internal sealed class FoundTable(string name, long number)
{
    public string Name { get; } = name;

    public long Number { get; } = number;

    /// <summary>Null when the table does not verify.</summary>
    public TableInfo? Info { get; private set; }

    public TableProperties? Properties { get; private set; }

    public string? Problem { get; private set; }

    /// <summary>Reads every byte of a table.</summary>
    public static FoundTable Read(
        IFileSystem files, string directory, FileEntry entry, long number,
        Action<CorruptionException> onDamage, CancellationToken cancellationToken)
    {
        var table = new FoundTable(entry.Name, number);
        try
        {
            using TableFile file = files.OpenTable(
                Path.Combine(directory, entry.Name), entry.Length, map: false);
            using TableReader reader = TableReader.Open(
                file, null, BlockReadMode.Copy, null, null);
            TableCheck.Content(file, reader, null, table.Note(onDamage), cancellationToken);
            if (table.Problem == null)
                table.Take(reader, TableReader.FileChecksum(file));
        }
        catch (LsmException e)
        {
            table.Note(onDamage)(e);
        }
        Debug.Assert((table.Info == null) == (table.Problem != null), "sound or not");
        return table;
    }

    /// <summary>Of a table that is listed as another one.</summary>
    public void Disown(CorruptionException damage)
    {
        Problem = damage.Message;
        Info = null;
    }

    private Action<Exception> Note(Action<CorruptionException> onDamage) => e =>
    {
        Problem ??= e.Message;
        onDamage(e as CorruptionException
            ?? new CorruptionException(Name, 0, e.Message, innerException: e));
    };

    private void Take(TableReader reader, ulong checksum)
    {
        TableProperties stated = reader.Properties;
        Properties = stated;
        Info = new TableInfo
        {
            Number = Number,
            TableId = reader.Footer.TableId,
            FileBytes = reader.Footer.FileBytes,
            FileChecksum = checksum,
            SmallestKey = stated.SmallestKey,
            LargestKey = stated.LargestKey,
            SmallestSequence = stated.SmallestSequence,
            LargestSequence = stated.LargestSequence,
            EntryCount = stated.Entries,
            DeleteCount = stated.Deletes,
            IsLargestExcluded = stated.IsLargestExcluded,
            RangeDeleteCount = stated.RangeDeletes,
            Expiring = stated.Expiring,
        };
    }
}

internal sealed class FoundLog(string name, long number)
{
    public string Name { get; } = name;

    public long Number { get; } = number;

    /// <summary>Null when the header does not verify.</summary>
    public LogHeader? Header { get; private set; }

    /// <summary>Why nothing of it can be used.</summary>
    public string? Problem { get; set; }

    /// <summary>Whether some of it does not verify; a torn tail is such a case.</summary>
    public bool IsDamaged { get; private set; }

    /// <summary>The keyspaces that its entries name.</summary>
    public HashSet<int> KeyspaceIds { get; } = [];

    public bool HasCommits { get; private set; }

    /// <summary>Reads every record that verifies.</summary>
    /// <exception cref="FormatVersionException">It is of a newer format.</exception>
    public static FoundLog Read(IFileSystem files, string directory, FileEntry entry, long number)
    {
        var log = new FoundLog(entry.Name, number);
        string path = Path.Combine(directory, entry.Name);
        using Stream stream = files.OpenRead(path);
        if (!LogReader.TryReadHeader(stream, out LogHeader header, out LogDamage? damage))
        {
            if (damage!.Kind == LogDamageKind.NewerVersion)
                throw new FormatVersionException(
                    $"{path} has log format {damage.Found}; this version knows " +
                    $"{LogFormat.Version}", path);
            log.Problem = "its header does not verify";
            return log;
        }
        Debug.Assert(header.LogNumber >= 0, "a header that verifies has a number");
        log.Header = header;
        if (header.LogNumber != number)
            log.Problem = $"it is log {header.LogNumber} by its header";
        var reader = new LogReader(stream, header);
        do
        {
            while (reader.Read())
            {
                if (reader.Kind == LogRecordKind.Data)
                    log.Look(reader.Body);
            }
            log.IsDamaged |= reader.Damage != null;
        }
        while (reader.Damage != null && reader.FindVerifying());
        return log;
    }

    private void Look(ReadOnlySpan<byte> body)
    {
        HasCommits = true;
        var commits = new BatchReader(body);
        while (commits.MoveNext())
            KeyspaceIds.Add(commits.KeyspaceId);
        if (commits.Failed)
            Problem ??= "a record's entries do not parse";
    }
}
