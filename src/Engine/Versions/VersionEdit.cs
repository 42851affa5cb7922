// One change of what the store consists of: the record of the MANIFEST. An edit is whole or
// absent, and everything it says takes effect at once.
//
//   edit   = u64 chain (checksum of the edit before; 0 for the first), then fields
//   field  = u8 tag, varint length, payload
//   tag    = number; bit 7 set means that a reader which does not know it must refuse the file
//
//   0x81 numbers     varint oldest log needed, next file number, last sequence,
//                    next keyspace id (every smaller id that is not listed was dropped)
//   0x82 keyspace    varint id, flags (bit 0 dropped), flushed sequence; name, options as text
//   0x83 flushed     varint keyspace id, flushed sequence
//   0x84 add table   varint keyspace, level, run, number; u64 id; varint bytes; u64 checksum;
//                    varint flags, smallest and largest sequence, entries, deletes; two keys
//   0x87 add table with range tombstones: the same, then varint how many
//   0x85 remove      varint keyspace, level, number
//   0x06 clean close varint log number, final length, last sequence
//   0x08 table time  varint number of the table just added, Unix time in milliseconds at which
//                    its newest entry was flushed; left out when it is not known
//
// Text and keys stand behind a varint length. Everything is checked while decoding; what does
// not fit is reported, never trusted.

namespace LsmMmap.Engine.Versions;

internal sealed class VersionEdit
{
    /// <summary>Oldest log, next file number, last sequence; null leaves them as they
    /// are.</summary>
    public StoreNumbers? Numbers { get; set; }

    public List<KeyspaceRecord> Keyspaces { get; } = [];

    /// <summary>Keyspace id and the sequence up to which its entries are in tables.</summary>
    public List<(int KeyspaceId, ulong Sequence)> Flushed { get; } = [];

    public List<(int KeyspaceId, int Level, TableInfo Table)> Added { get; } = [];

    public List<(int KeyspaceId, int Level, long Number)> Removed { get; } = [];

    public CleanClose? Clean { get; set; }

    /// <summary>While decoding: the tag of a field that a newer version wrote and that must be
    /// understood. The edit is then not to be acted on.</summary>
    public byte? UnknownField { get; set; }

    /// <summary>Tables that go, with the level that each lies on.</summary>
    public void Remove(int keyspaceId, IReadOnlyList<(int Level, Table Table)> tables)
    {
        foreach ((int level, Table table) in tables)
            Removed.Add((keyspaceId, level, table.Info.Number));
    }
}

internal readonly record struct StoreNumbers(
    long OldestLog, long NextFileNumber, ulong LastSequence, int NextKeyspaceId);

internal readonly record struct CleanClose(long LogNumber, long LogBytes, ulong LastSequence);

internal sealed record KeyspaceRecord(
    int Id, string Name, string Options, bool Dropped, ulong FlushedSequence);
