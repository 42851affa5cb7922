// Commits that are under way at the same time: of several threads, or asynchronous ones. Which
// step each of them is turns out afterwards, by the sequences that the calls returned, so until
// then the record marks them by tickets. A commit has begun before its call and is acknowledged
// after it returned, whatever the others do meanwhile.
// Threads: as many as asked for; all have ended when a member returns.

using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Text;
using LsmMmap.Testing;

namespace LsmMmap.Crash.Tests;

internal sealed partial class WorkloadRun
{
    private const int TicketsFrom = 1_000_000;

    private int _lastTicket;

    /// <summary>Commits of several threads, each on a few keys that all of them write.</summary>
    public void Together(int threads, int commitsEach, int seed)
    {
        Assert.False(mayFail, "the order of calls that threw is not known");
        var commits = new Concurrent[threads][];
        var actions = new Action[threads];
        for (int i = 0; i < threads; i++)
        {
            Concurrent[] own = commits[i] = Draw(commitsEach, new Random(seed + i));
            actions[i] = () =>
            {
                foreach (Concurrent commit in own)
                    CommitNow(commit);
            };
        }
        Crew.Run(actions);
        Settle([.. commits.SelectMany(static own => own).OrderBy(static c => c.Sequence)]);
    }

    /// <summary>Asynchronous commits of this thread, all in flight before the first is awaited.
    /// They commit in the order of the calls.</summary>
    public void InFlight(int count, int seed)
    {
        if (!IsOpen)
            return;
        bool hadFailed = FirstError is StoreFailedException;
        Concurrent[] commits = Draw(count, new Random(seed));
        Task[] tasks = [.. commits.Select(CommitAsync)];
        Task.WaitAll(tasks);
        foreach (Concurrent commit in commits)
        {
            bool returned = Attempt(() => commit.Error?.Throw());
            Assert.False(hadFailed && returned, "a failed store accepted a write");
            commit.Happened = returned || (!hadFailed && FirstError is StoreFailedException);
        }
        Settle([.. commits.Where(static c => c.Happened)]);
    }

    private Concurrent[] Draw(int count, Random random)
    {
        var commits = new Concurrent[count];
        for (int i = 0; i < count; i++)
        {
            var entries = new List<(string Key, int ValueBytes)>();
            for (int n = random.Next(1, 4); n > 0; n--)
            {
                string key = string.Create(CultureInfo.InvariantCulture, $"t{random.Next(12)}");
                if (entries.All(e => e.Key != key))
                    entries.Add((key, random.Next(5) == 0 ? 0 : random.Next(1, 1200)));
            }
            commits[i] = new Concurrent(
                Interlocked.Increment(ref _lastTicket), entries, (Durability)random.Next(1, 4));
        }
        return commits;
    }

    private void CommitNow(Concurrent commit)
    {
        using WriteBatch batch = Batch(commit);
        recorder.Started(-commit.Ticket);
        commit.Sequence = Store.Write(batch, commit.Durability);
        recorder.Acknowledged(-commit.Ticket, commit.Durability);
    }

    private async Task CommitAsync(Concurrent commit)
    {
        using WriteBatch batch = Batch(commit);
        recorder.Started(-commit.Ticket);
        try
        {
            commit.Sequence = await Store.WriteAsync(batch, commit.Durability)
                .ConfigureAwait(false);
            recorder.Acknowledged(-commit.Ticket, commit.Durability);
        }
        catch (LsmException e)
        {
            commit.Error = ExceptionDispatchInfo.Capture(e);
        }
    }

    private WriteBatch Batch(Concurrent commit)
    {
        var batch = new WriteBatch();
        batch.Put(Store.Default, "last commit"u8, Bytes.Value(TicketsFrom + commit.Ticket, 8));
        foreach ((string key, int valueBytes) in commit.Entries)
        {
            if (valueBytes == 0)
                batch.Delete(Store.Default, Encoding.UTF8.GetBytes(key));
            else
                batch.Put(
                    Store.Default, Encoding.UTF8.GetBytes(key),
                    Bytes.Value(TicketsFrom + commit.Ticket, valueBytes));
        }
        return batch;
    }

    /// <summary>Gives the commits, in the order of their sequences, their steps.</summary>
    private void Settle(Concurrent[] commits)
    {
        var steps = new Dictionary<int, int>();
        foreach (Concurrent commit in commits)
        {
            int step = History.Add(content =>
            {
                int number = TicketsFrom + commit.Ticket;
                var at = content.Keyspaces["default"];
                at["last commit"u8.ToArray()] = Bytes.Value(number, 8);
                foreach ((string key, int valueBytes) in commit.Entries)
                {
                    at.Remove(Encoding.UTF8.GetBytes(key));
                    if (valueBytes > 0)
                        at.Add(Encoding.UTF8.GetBytes(key), Bytes.Value(number, valueBytes));
                }
            });
            steps.Add(-commit.Ticket, step);
            if (commit.Error != null)
                continue;
            VisibleStep = step;
            if (commit.Durability == Durability.Synced)
                SyncedStep = step;
            if (commit.Durability >= Durability.Flushed)
                FlushedStep = step;
        }
        recorder.Renumber(steps);
    }

    private sealed record Concurrent(
        int Ticket, List<(string Key, int ValueBytes)> Entries, Durability Durability)
    {
        public long Sequence { get; set; }

        public bool Happened { get; set; }

        public ExceptionDispatchInfo? Error { get; set; }
    }
}
