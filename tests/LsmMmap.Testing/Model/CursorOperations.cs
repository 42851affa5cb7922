// Cursors of the model run. They live long: through flushes, compactions, drops and the end of
// the store they came from, and must go on showing what they saw when they were made.

namespace LsmMmap.Testing.Model;

internal sealed class CursorOperations(RunState run)
{
    private const int CursorsMax = 5;
    private const int MovesMax = 20;

    private int _made;

    public void Create()
    {
        if (run.Cursors.Count == CursorsMax)
        {
            Drop();
            return;
        }
        byte[] lower = run.Random.Next(3) == 0 ? run.Keys.NextBound() : [];
        byte[] upper = run.Random.Next(3) == 0 ? run.Keys.NextBound() : [];
        bool hasBounds = lower.Length + upper.Length > 0 || run.Random.Next(2) == 0;
        CursorOptions? options = hasBounds
            ? new CursorOptions { LowerBound = lower, UpperBound = upper }
            : null;
        LiveCursor cursor = Create(options, lower, upper);
        run.Note($"create cursor {cursor.Name} {Bytes.Show(lower)} to {Bytes.Show(upper)}");
        run.Cursors.Add(cursor);
        Compare(cursor);
    }

    public void Move()
    {
        if (run.Cursors.Count == 0)
            return;
        LiveCursor cursor = Any();
        int moves = 1 + run.Random.Next(MovesMax);
        for (int i = 0; i < moves; i++)
        {
            MoveOnce(cursor);
            Compare(cursor);
        }
    }

    public void Refresh()
    {
        if (run.Cursors.Count == 0)
            return;
        LiveCursor cursor = Any();
        // What Refresh does after the snapshot's own end is not said, so it is not tried.
        if (cursor.Snapshot is { IsGone: true })
            return;
        run.Note($"refresh {cursor.Name}");
        bool isGone = cursor.StoreIsGone || !run.Model.IsLive(cursor.Keyspace.Model);
        if (isGone)
        {
            Expect.Throws<ObjectDisposedException>(cursor.Handle.Refresh, "Refresh without store");
            Drop(cursor);
            return;
        }
        using (cursor.Snapshot == null ? run.Hold(cursor.Keyspace) : null)
        {
            cursor.Handle.Refresh();
            cursor.Model.Refresh(cursor.SnapshotView ?? run.Model.Of(cursor.Keyspace.Model));
        }
        Compare(cursor);
    }

    public void Drop()
    {
        if (run.Cursors.Count > 0)
            Drop(Any());
    }

    private void Drop(LiveCursor cursor)
    {
        run.Note($"drop {cursor.Name}");
        run.Cursors.Remove(cursor);
        cursor.Handle.Dispose();
        Expect.True(!cursor.Handle.IsValid, "IsValid after Dispose");
    }

    private LiveCursor Any() => run.Cursors[run.Random.Next(run.Cursors.Count)];

    private LiveCursor Create(CursorOptions? options, byte[] lower, byte[] upper)
    {
        LiveKeyspace keyspace = run.AnyKeyspace();
        string name = $"cursor {++_made} of {keyspace.Model.Name}";
        if (run.Snapshots.Count > 0 && run.Random.Next(3) == 0)
        {
            LiveSnapshot snapshot = run.Snapshots[run.Random.Next(run.Snapshots.Count)];
            ModelView past = snapshot.State.Of(keyspace.Model);
            Cursor handle = snapshot.Handle.Of(keyspace.Handle).CreateCursor(options);
            var model = new ModelCursor(past, lower, upper);
            return new LiveCursor(handle, model, keyspace, $"{name} at {snapshot.State.Sequence}")
            { Snapshot = snapshot, SnapshotView = past };
        }
        using IDisposable? hold = run.Hold(keyspace);
        ModelView now = run.Model.Of(keyspace.Model);
        return new LiveCursor(
            keyspace.Handle.CreateCursor(options), new ModelCursor(now, lower, upper),
            keyspace, name);
    }

    private void MoveOnce(LiveCursor cursor)
    {
        byte[] key = run.Keys.NextBound();
        int choice = run.Random.Next(20);
        (string what, bool expected, bool actual) = choice switch
        {
            < 8 => Step("next", cursor.Model.MoveNext(), cursor.Handle.MoveNext),
            < 15 => Step("previous", cursor.Model.MovePrevious(), cursor.Handle.MovePrevious),
            < 17 => Step("seek", cursor.Model.Seek(key), () => cursor.Handle.Seek(key), key),
            < 18 => Step("first", cursor.Model.SeekToFirst(), cursor.Handle.SeekToFirst),
            < 19 => Step("last", cursor.Model.SeekToLast(), cursor.Handle.SeekToLast),
            _ => Step(
                "seek for previous", cursor.Model.SeekForPrevious(key),
                () => cursor.Handle.SeekForPrevious(key), key),
        };
        Expect.Equal(expected, actual, $"{cursor.Name} {what}");
    }

    private (string What, bool Expected, bool Actual) Step(
        string what, bool expected, Func<bool> move, byte[]? key = null)
    {
        run.Note(key is null ? $"  {what}" : $"  {what} {Bytes.Show(key)}");
        return (what, expected, move());
    }

    private static void Compare(LiveCursor cursor)
    {
        Expect.Equal(cursor.Model.IsValid, cursor.Handle.IsValid, $"{cursor.Name} IsValid");
        if (!cursor.Model.IsValid)
            return;
        Expect.SameBytes(cursor.Model.Entry.Key, cursor.Handle.Key, $"{cursor.Name} Key");
        Expect.SameBytes(cursor.Model.Entry.Value, cursor.Handle.Value, $"{cursor.Name} Value");
    }
}
