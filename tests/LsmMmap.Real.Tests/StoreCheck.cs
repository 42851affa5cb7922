// What a store must hold after its process ended in whatever way: of each writer the first so many
// commits and nothing else, whole; every acknowledged commit that was Flushed or Synced; and no
// commit without all earlier ones, in the order of sequences over all writers.
//
// How the last is seen from outside: the entries of all commits that are there must be exactly as
// many as the store's last sequence says were ever recovered, an acknowledged commit is there if
// and only if its sequence is not above that, and no two share a sequence.
// Threads: one check, one thread.

using System.Globalization;
using System.Text;
using LsmMmap.Real.Child;

namespace LsmMmap.Real.Tests;

/// <summary>One acknowledgement: a writer's n-th commit got this last sequence.</summary>
internal readonly record struct Acknowledgement(int Writer, int N, long Sequence);

internal sealed class StoreCheck
{
    private readonly SortedDictionary<string, byte[]> _first = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, byte[]> _second = new(StringComparer.Ordinal);
    private long _sequence;

    /// <summary>Commits that survived, over all rounds.</summary>
    public long Survived { get; private set; }

    /// <summary>The acknowledgements among what a child said, less those of Buffered commits that
    /// a reopening in the child found to be lost.</summary>
    public static List<Acknowledgement> Acknowledgements(IEnumerable<string> lines)
    {
        var acknowledged = new List<Acknowledgement>();
        foreach (string[] words in lines.Select(static line => line.Split(' ')))
        {
            if (words is ["a", var writer, var n, var sequence])
            {
                acknowledged.Add(new Acknowledgement(
                    int.Parse(writer, CultureInfo.InvariantCulture),
                    int.Parse(n, CultureInfo.InvariantCulture),
                    long.Parse(sequence, CultureInfo.InvariantCulture)));
            }
            else if (words is ["lost", var from])
            {
                int first = int.Parse(from, CultureInfo.InvariantCulture);
                acknowledged.RemoveAll(one => one.N >= first);
            }
        }
        return acknowledged;
    }

    /// <summary>Opens the store after a round and compares. Throws with the context in its
    /// message.</summary>
    public void AfterRound(
        string directory, StoreOptions options, CommitPlan plan, int writers,
        IReadOnlyList<Acknowledgement> acknowledged, string context)
    {
        using LsmStore store = LsmStore.Open(directory, options);
        Keyspace second = store.GetKeyspace(CommitPlan.SecondKeyspace);
        var found = Read(store);
        var foundSecond = Read(second);
        long last = store.GetStatistics().LastSequence;
        int[] kept = new int[writers];
        long entries = 0;
        for (int writer = 0; writer < writers; writer++)
        {
            while (plan.IsIn(writer, kept[writer], found))
            {
                PlannedCommit commit = plan.Commit(writer, kept[writer]++);
                entries += commit.Entries.Count;
                Apply(commit);
            }
            Survived += kept[writer];
        }
        context += $" (kept {string.Join('/', kept)} above sequence {_sequence})";
        Same(_first, found, "default", context);
        Same(_second, foundSecond, "second", context);
        Assert.True(_sequence + entries == last,
            $"{context}: whole commits end at {_sequence + entries}, the store at {last}");
        CheckOrder(plan, kept, acknowledged, last, context);
        _sequence = last;
        VerifyReport report = store.Verify();
        Assert.True(report.DamageCount == 0,
            $"{context}: damages: {string.Join(", ", report.Damages)}");
    }

    /// <summary>Nothing was made: there may be no store at all.</summary>
    public static bool IsStore(string directory) => File.Exists(Path.Combine(directory, "CURRENT"));

    private void CheckOrder(
        CommitPlan plan, int[] kept, IReadOnlyList<Acknowledgement> acknowledged, long last,
        string context)
    {
        var ends = new SortedDictionary<long, Acknowledgement>();
        foreach (Acknowledgement one in acknowledged)
        {
            Assert.True(ends.TryAdd(one.Sequence, one),
                $"{context}: {one} has the sequence of {ends.GetValueOrDefault(one.Sequence)}");
            PlannedCommit commit = plan.Commit(one.Writer, one.N);
            bool isThere = one.N < kept[one.Writer];
            Assert.True(isThere || commit.Durability == Durability.Buffered,
                $"{context}: {one} was acknowledged as {commit.Durability} and is lost");
            Assert.True(isThere == one.Sequence <= last,
                $"{context}: {one} is {(isThere ? "there" : "lost")}, the store ends at {last}");
        }
        long before = _sequence;
        foreach ((long end, Acknowledgement one) in ends)
        {
            long start = end - plan.Commit(one.Writer, one.N).Entries.Count;
            Assert.True(start >= before, $"{context}: {one} begins at {start}, inside another");
            before = end;
        }
    }

    private void Apply(PlannedCommit commit)
    {
        foreach (PlannedEntry entry in commit.Entries)
        {
            SortedDictionary<string, byte[]> space = entry.IsSecond ? _second : _first;
            if (entry.Value == null)
                space.Remove(entry.Key);
            else
                space[entry.Key] = entry.Value;
        }
    }

    private static Dictionary<string, byte[]> Read(IReadView view)
    {
        var entries = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (KeyValueView entry in view.Range(default, default))
            entries.Add(Encoding.ASCII.GetString(entry.Key), entry.Value.ToArray());
        return entries;
    }

    private static void Same(
        SortedDictionary<string, byte[]> expected, Dictionary<string, byte[]> found, string space,
        string context)
    {
        foreach ((string key, byte[] value) in expected)
        {
            Assert.True(found.TryGetValue(key, out byte[]? there),
                $"{context}: {space}/{key} is missing");
            Assert.True(value.AsSpan().SequenceEqual(there),
                $"{context}: {space}/{key} has other bytes");
        }
        string? more = found.Keys.FirstOrDefault(key => !expected.ContainsKey(key));
        Assert.True(more == null, $"{context}: {space}/{more} should not be there");
    }
}
