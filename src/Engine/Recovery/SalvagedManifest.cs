// What can be read of a MANIFEST that may be damaged: the sum of its edits up to the damage, then
// of those behind it as far as they fit, and every table that any readable edit says was removed.
// Edits that are lost may have added or removed anything, so the sum is only believed whole when
// the file is.
// Threads: one.

using System.Diagnostics;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.Versions;
using LsmMmap.Wal;

namespace LsmMmap.Engine.Recovery;

internal sealed class SalvagedManifest
{
    private SalvagedManifest(long number, LogHeader header)
    {
        Number = number;
        Header = header;
    }

    public long Number { get; }

    public LogHeader Header { get; }

    /// <summary>Every edit is there and they fit each other.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>Whether anything was read.</summary>
    public bool HasEdits { get; private set; }

    public ManifestContents Contents { get; private set; } = new();

    /// <summary>Numbers of tables that a readable edit removed and none added again.</summary>
    public HashSet<long> Removed { get; private init; } = [];

    /// <summary>Reads one; null when not even its header can be read.</summary>
    /// <exception cref="FormatVersionException">It is of a newer format.</exception>
    public static SalvagedManifest? Read(
        IFileSystem files, string directory, long number, Action<CorruptionException> onDamage)
    {
        try
        {
            var removed = new HashSet<long>();
            ManifestContents whole = ManifestReader.Read(
                files, directory, number, out LogHeader sound,
                (_, edit) => NoteRemoved(removed, edit));
            return new SalvagedManifest(number, sound)
            {
                IsWhole = true,
                HasEdits = true,
                Contents = whole,
                Removed = removed,
            };
        }
        catch (CorruptionException e)
        {
            onDamage(e);
        }
        using Stream stream = files.OpenRead(FileNames.Manifest(directory, number));
        if (!LogReader.TryReadHeader(stream, out LogHeader header, out _)
            || header.LogNumber != number)
            return null;
        var salvaged = new SalvagedManifest(number, header);
        salvaged.ReadEdits(FileNames.Manifest(directory, number), new LogReader(stream, header));
        return salvaged;
    }

    private void ReadEdits(string path, LogReader reader)
    {
        do
        {
            while (reader.Read())
            {
                if (reader.Kind != LogRecordKind.Data)
                    continue;
                bool isEdit = EditCodec.TryDecode(
                    reader.Body, out _, out VersionEdit edit, out _);
                if (edit.UnknownField is { } tag)
                    ManifestReader.ThrowUnknown(path, reader.RecordOffset, tag);
                if (isEdit)
                    Add(edit);
            }
        }
        while (reader.Damage != null && reader.FindVerifying());
    }

    /// <summary>Applies what of an edit fits the sum so far.</summary>
    private void Add(VersionEdit edit)
    {
        HasEdits = true;
        var fitting = new VersionEdit { Numbers = edit.Numbers, Clean = edit.Clean };
        var known = new HashSet<int>(Contents.Keyspaces.Keys);
        foreach (KeyspaceRecord record in edit.Keyspaces)
        {
            bool isKnown = !known.Add(record.Id);
            if (record.Dropped)
                known.Remove(record.Id);
            if (isKnown || !record.Dropped)
                fitting.Keyspaces.Add(record);
        }
        foreach ((int id, int level, TableInfo _) in edit.Added)
        {
            Debug.Assert(level < TreeVersion.LevelCount, "a decoded edit names only levels");
            bool isLost = id >= Contents.Numbers.NextKeyspaceId && known.Add(id);
            if (isLost)
                fitting.Keyspaces.Add(new KeyspaceRecord(id, LostName(id), "", false, 0));
        }
        fitting.Flushed.AddRange(edit.Flushed.Where(flushed => known.Contains(flushed.KeyspaceId)));
        NoteRemoved(Removed, edit);
        foreach ((int id, _, long number) in edit.Removed)
        {
            if (Contents.Keyspaces.TryGetValue(id, out KeyspaceContents? keyspace)
                && keyspace.Tables.TryGetValue(number, out var table))
                fitting.Removed.Add((id, table.Level, number));
        }
        foreach ((int id, int level, TableInfo table) in edit.Added)
        {
            bool isThere = Contents.Keyspaces.TryGetValue(id, out KeyspaceContents? keyspace)
                && keyspace.Tables.ContainsKey(table.Number)
                && !fitting.Removed.Exists(removed => removed.Number == table.Number);
            if (known.Contains(id) && !isThere)
                fitting.Added.Add((id, level, table));
        }
        // An edit that does not fit all the same is passed over whole.
        _ = Contents.Apply(fitting);
    }

    /// <summary>A table that is moved between levels is removed and added by one edit.</summary>
    private static void NoteRemoved(HashSet<long> removed, VersionEdit edit)
    {
        removed.UnionWith(edit.Removed.Select(static table => table.Number));
        removed.ExceptWith(edit.Added.Select(static table => table.Table.Number));
    }

    /// <summary>The name of a keyspace whose own is lost.</summary>
    public static string LostName(int id) => $"lost-{id}";
}
