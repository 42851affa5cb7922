// Several threads at once in a test. Each action runs on a thread of its own; the first failure of
// any of them is the failure of the whole, after all have ended.

namespace LsmMmap.Testing;

public static class Crew
{
    private static readonly TimeSpan s_never = TimeSpan.FromMinutes(3);

    public static void Run(params Action[] actions)
    {
        var failures = new List<Exception>();
        var threads = new Thread[actions.Length];
        for (int i = 0; i < actions.Length; i++)
        {
            Action action = actions[i];
            threads[i] = new Thread(() => Guard(action, failures)) { IsBackground = true };
        }
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
        {
            if (!thread.Join(s_never))
                throw new TimeoutException("a thread of the test never ended");
        }
        if (failures.Count > 0)
            throw new AggregateException(failures);
    }

    private static void Guard(Action action, List<Exception> failures)
    {
        try
        {
            action();
        }
        catch (Exception e)
        {
            lock (failures)
                failures.Add(e);
        }
    }
}
