// One run: operations drawn from a seed, applied to a store and to the model, compared after each.
// A failure says how to repeat it: seed, number of the operation, the last twenty of them.

namespace LsmMmap.Testing.Model;

public static class ModelRunner
{
    /// <summary>Runs the operations of one seed in a store under the folder.</summary>
    public static void Run(int seed, int operations, string folder)
    {
        string directory = Path.Combine(folder, $"store-{seed}");
        var run = new RunState(seed, directory);
        int done = 0;
        try
        {
            var generator = new OperationGenerator(run);
            for (; done < operations; done++)
                generator.RunNext();
            new ReadOperations(run).CompareAll();
            run.Dispose();
        }
        catch (Exception e)
        {
            string message = Describe(run, seed, done, e);
            DisposeQuietly(run);
            throw new ModelMismatchException(message, e);
        }
    }

    /// <summary>After a failure, which an exception of Dispose must not hide.</summary>
    private static void DisposeQuietly(RunState run)
    {
        try
        {
            run.Dispose();
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // The failure that is being reported is the cause.
        }
    }

    private static string Describe(RunState run, int seed, int done, Exception e) =>
        $"""
        {Seeds.Describe(seed)}
        operation {done}: {e.GetType().Name}: {e.Message}
        options: {OptionShapes.Describe(run.StoreOptions)}
        last operations:
        {string.Join(Environment.NewLine, run.Recent)}
        """;
}
