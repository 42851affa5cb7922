// Reads everything of an opened store in every way and compares with what the judge allows. Counts
// what was refused with a type. One thread, one case.

using LsmMmap.Testing;

namespace LsmMmap.Fuzz.Tests;

internal sealed class StoreReads(FuzzCase the, LsmStore store, StoreJudge judge)
{
    private const int RefusedMax = 10;

    private StoreState[] _possible = [];

    /// <summary>Reads that were refused.</summary>
    public int Refused { get; private set; }

    public void All()
    {
        FindState();
        string[] names = [.. store.KeyspaceNames];
        // A keyspace belongs to the manifest, which no damage to a log cuts.
        foreach (string name in judge.Now.Keyspaces.Keys)
            FuzzCase.Check(
                judge.IsSalvage || names.Contains(name), $"the keyspace {name} is gone");
        foreach (string name in names)
        {
            SortedList<byte[], byte[]>[] states = [.. _possible.Select(
                one => one.Keyspaces.GetValueOrDefault(name)).OfType<SortedList<byte[], byte[]>>()];
            FuzzCase.Check(states.Length > 0, $"the keyspace {name} has come back");
            Keyspace keyspace = store.GetKeyspace(name);
            Gets(keyspace, states);
            Scan(keyspace, states, isForward: true);
            Scan(keyspace, states, isForward: false);
        }
    }

    /// <summary>Which of the possible states this is, by the number that each commit wrote.
    /// </summary>
    private void FindState()
    {
        byte[]? found = null;
        bool isRead = Attempt(() => found = store.Get(StoreMaker.CommitsKey));
        int? commits = null;
        if (isRead && !judge.IsSalvage)
        {
            commits = found == null
                ? 0 : (int)System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(found);
            FuzzCase.Check(
                commits >= judge.Least && commits <= judge.Last,
                $"{commits} commits, not {judge.Least} to {judge.Last}");
        }
        _possible = [.. judge.States(commits)];
    }

    private void Gets(Keyspace keyspace, SortedList<byte[], byte[]>[] states)
    {
        int step = the.OneIn(3) ? 1 : 4;
        int before = Refused;
        for (int i = -1 - the.Random.Next(step); i < 302; i += step)
        {
            byte[] key = Bytes.Number(i);
            Attempt(() => CheckValue(keyspace.Name, states, key, keyspace.Get(key)));
            // Where much is refused the next refusal tells little, and exceptions are dear.
            if (Refused - before > RefusedMax)
                i += 20;
        }
    }

    private void CheckValue(
        string name, SortedList<byte[], byte[]>[] states, byte[] key, byte[]? found)
    {
        bool isRight = (judge.IsSalvage && found == null) || states.Any(state =>
            state.TryGetValue(key, out byte[]? value)
                ? found != null && value.AsSpan().SequenceEqual(found)
                : found == null);
        FuzzCase.Check(isRight, $"{name}: {Bytes.Show(key)} is {Bytes.Show(found)}");
    }

    private void Scan(Keyspace keyspace, SortedList<byte[], byte[]>[] states, bool isForward)
    {
        List<byte[]> keys = [];
        bool isEnded = Attempt(() =>
        {
            using Cursor cursor = keyspace.CreateCursor();
            while (isForward ? cursor.MoveNext() : cursor.MovePrevious())
            {
                byte[] key = cursor.Key.ToArray();
                CheckValue(keyspace.Name, states, key, cursor.Value.ToArray());
                bool isOrdered = keys.Count == 0 || isForward
                    == (keys[^1].AsSpan().SequenceCompareTo(key) < 0);
                FuzzCase.Check(isOrdered, "a scan is out of order");
                keys.Add(key);
            }
        });
        bool isWhole = !isEnded || judge.IsSalvage || states.Any(
            state => state.Count == keys.Count);
        FuzzCase.Check(isWhole, $"{keyspace.Name}: a scan ends after {keys.Count}");
    }

    private bool Attempt(Action read)
    {
        bool isRead = FuzzCase.Attempt(read);
        Refused += isRead ? 0 : 1;
        return isRead;
    }
}
