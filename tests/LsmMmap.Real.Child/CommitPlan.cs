// What the children write and the tests expect: the n-th commit of a writer is a function of the
// seed, the round, the writer and n alone, so the child need only say which one it has made.
//
// Every key belongs to one writer, so that the content of a store follows from how many commits of
// each writer survived, whatever the order between writers was. Each commit leaves a trace of its
// own: a key that nobody overwrites, or (a bare deletion) the absence of one that the commit
// before it made.
// Threads: immutable.

using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace LsmMmap.Real.Child;

internal enum CommitKind
{
    Put,
    Delete,
    Batch,
    AsyncBatch,
}

/// <summary>One entry of a commit; without a value it is a deletion.</summary>
internal readonly record struct PlannedEntry(bool IsSecond, string Key, byte[]? Value);

/// <summary>One commit: how it is written, and what is in it.</summary>
internal sealed record PlannedCommit(
    CommitKind Kind, Durability Durability, IReadOnlyList<PlannedEntry> Entries);

internal sealed class CommitPlan(int seed, int round)
{
    public const string SecondKeyspace = "second";

    private const int HotKeys = 24;
    private const int EntriesMax = 12;

    /// <summary>The commit that a writer makes as its n-th.</summary>
    public PlannedCommit Commit(int writer, int n)
    {
        var random = new Random(HashCode(seed, round, writer, n));
        CommitKind kind = KindOf(writer, n);
        Durability durability = random.Next(10) switch
        {
            < 3 => Durability.Buffered,
            < 7 => Durability.Flushed,
            _ => Durability.Synced,
        };
        var entries = new List<PlannedEntry>();
        if (kind == CommitKind.Delete)
        {
            entries.Add(new PlannedEntry(false, Key("v", writer, n - 1), null));
            return new PlannedCommit(kind, durability, entries);
        }
        entries.Add(new PlannedEntry(false, Key("c", writer, n), Value(random)));
        if (kind == CommitKind.Put)
            return new PlannedCommit(kind, durability, entries);
        if (KindOf(writer, n + 1) == CommitKind.Delete)
            entries.Add(new PlannedEntry(false, Key("v", writer, n), Value(random)));
        entries.Add(new PlannedEntry(true, Key("c", writer, n), Value(random)));
        int more = random.Next(EntriesMax);
        for (int i = 0; i < more; i++)
        {
            string key = Key("h", writer, random.Next(HotKeys));
            byte[]? value = random.Next(4) == 0 ? null : Value(random);
            entries.Add(new PlannedEntry(random.Next(2) == 0, key, value));
        }
        return new PlannedCommit(kind, durability, entries);
    }

    /// <summary>Whether a store that holds these entries holds the commit.</summary>
    public bool IsIn(
        int writer, int n, IReadOnlyDictionary<string, byte[]> first)
    {
        PlannedEntry trace = Commit(writer, n).Entries[0];
        return trace.Value != null == first.ContainsKey(trace.Key);
    }

    // A bare deletion always follows a batch, which makes what it deletes.
    private CommitKind KindOf(int writer, int n)
    {
        if (n > 0 && Draw(writer, n) == 0 && Draw(writer, n - 1) >= 5)
            return CommitKind.Delete;
        int drawn = Draw(writer, n);
        return drawn < 5 ? CommitKind.Put : drawn < 8 ? CommitKind.Batch : CommitKind.AsyncBatch;
    }

    private int Draw(int writer, int n) =>
        new Random(HashCode(seed ^ 0x5bd1e995, round, writer, n)).Next(10);

    private string Key(string prefix, int writer, int n) => string.Create(
        CultureInfo.InvariantCulture, $"{prefix}{round:D4}w{writer:D2}n{n:D7}");

    private static byte[] Value(Random random)
    {
        int length = random.Next(20) == 0 ? random.Next(6000) : random.Next(8, 300);
        byte[] value = new byte[length];
        random.NextBytes(value);
        return value;
    }

    // Not System.HashCode, which differs from process to process.
    private static int HashCode(int a, int b, int c, int d)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, a);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[4..], b);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[8..], c);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[12..], d);
        ulong hash = 14695981039346656037;
        foreach (byte one in bytes)
            hash = (hash ^ one) * 1099511628211;
        return (int)(hash ^ (hash >> 32)) & int.MaxValue;
    }

    /// <summary>Adds the entries of a commit to a batch.</summary>
    public static void Fill(WriteBatch batch, PlannedCommit commit, Keyspace second)
    {
        foreach (PlannedEntry entry in commit.Entries)
        {
            byte[] key = Encoding.ASCII.GetBytes(entry.Key);
            if (entry.Value == null && entry.IsSecond)
                batch.Delete(second, key);
            else if (entry.Value == null)
                batch.Delete(key);
            else if (entry.IsSecond)
                batch.Put(second, key, entry.Value);
            else
                batch.Put(key, entry.Value);
        }
    }
}
