// All that can be said against one table: its own bytes by themselves, then against what the
// MANIFEST and the store say of it. Reads by positioned reads only.
// Threads: any number, one table each.

using LsmMmap.Engine.Files;
using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Tables;

namespace LsmMmap.Engine.Recovery;

internal static class TableCheck
{
    /// <summary>Checks every byte; how many blocks that were.</summary>
    public static long Content(
        TableFile file, TableReader reader, TableInfo? listed, Action<Exception> onDamage,
        CancellationToken cancellationToken)
    {
        long blocks = reader.Verify(onDamage, cancellationToken);
        if (listed == null)
            return blocks;
        ulong checksum = TableReader.FileChecksum(file);
        if (checksum != listed.FileChecksum)
            onDamage(file.Damage(0, "the file's checksum is not the manifest's",
                $"{listed.FileChecksum:x16}", $"{checksum:x16}"));
        return blocks;
    }

    /// <summary>What the table says of itself against what the MANIFEST says of it. Requires: the
    /// content verifies, so that the first is true.</summary>
    public static void Listing(
        TableFile file, TableProperties stated, TableInfo listed, TableOwner owner,
        Action<Exception> onDamage)
    {
        void Compare(string what, object expected, object found)
        {
            if (!expected.Equals(found))
                onDamage(file.Damage(
                    0, $"the manifest says another {what} of the table", $"{expected}",
                    $"{found}"));
        }
        Compare("number of entries", listed.EntryCount, stated.Entries);
        Compare("number of deletes", listed.DeleteCount, stated.Deletes);
        Compare("smallest sequence", listed.SmallestSequence, stated.SmallestSequence);
        Compare("largest sequence", listed.LargestSequence, stated.LargestSequence);
        Compare("smallest key", Hex(listed.SmallestKey), Hex(stated.SmallestKey));
        Compare("largest key", Hex(listed.LargestKey), Hex(stated.LargestKey));
        Compare("end", listed.IsLargestExcluded, stated.IsLargestExcluded);
        Compare("number of range tombstones", listed.RangeDeleteCount, stated.RangeDeletes);
        Compare("number of entries that expire, or times", listed.Expiring, stated.Expiring);
        Compare("keyspace", owner.KeyspaceId, stated.KeyspaceId ?? owner.KeyspaceId);
        Compare("store", owner.StoreId, stated.StoreId ?? owner.StoreId);
    }

    private static string Hex(byte[] key) =>
        Convert.ToHexString(key.AsSpan(0, Math.Min(key.Length, 64))) + "/" + key.Length;
}
