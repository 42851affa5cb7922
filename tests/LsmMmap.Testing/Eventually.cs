// Waiting for what a background thread does in its own time. There is no assertion on how long it
// takes: the limit only turns "never" into a failure instead of a hung run.

namespace LsmMmap.Testing;

public static class Eventually
{
    private static readonly TimeSpan s_never = TimeSpan.FromSeconds(60);

    public static void True(Func<bool> condition, string what)
    {
        using var pause = new ManualResetEventSlim();
        long start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (TimeProvider.System.GetElapsedTime(start) > s_never)
                throw new TimeoutException($"never happened: {what}");
            pause.Wait(5);
        }
    }

    /// <summary>Runs the action on a thread of its own and fails when it never returns.</summary>
    public static void Returns(Action action, string what)
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                action();
            }
            catch (Exception e)
            {
                failure = e;
            }
        })
        { IsBackground = true };
        thread.Start();
        if (!thread.Join(2 * s_never))
            throw new TimeoutException($"never returned: {what}");
        if (failure is not null)
            throw new InvalidOperationException($"{what}: {failure.Message}", failure);
    }
}
