// One run: operations drawn from a seed, applied to a store and to the model, compared after each.
// A failure says how to repeat it: seed, number of the operation, the last twenty of them.

namespace LsmMmap.Testing.Model;

public static class ModelRunner
{
    /// <summary>Runs the operations of one seed in a store under the folder.</summary>
    public static void Run(int seed, int operations, string folder)
    {
        string directory = Path.Combine(folder, $"store-{seed}");
        using var run = new RunState(seed, directory);
        var generator = new OperationGenerator(run);
        var reads = new ReadOperations(run);
        int done = 0;
        try
        {
            for (; done < operations; done++)
                generator.RunNext();
            reads.CompareAll();
        }
        catch (Exception e)
        {
            throw new ModelMismatchException(Describe(run, seed, done, e), e);
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
