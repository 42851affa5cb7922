// The other process of the tests that need a real one: killed, starved, made to fail, or ended by
// a page that cannot be read. `dotnet LsmMmap.Real.Child.dll <what> <arguments>`; what it has to
// say goes to standard output, and an exception that nobody expected ends it in the usual way.

using System.Globalization;

namespace LsmMmap.Real.Child;

internal static class Program
{
    private const int UsageCode = 2;

    private static int Main(string[] arguments)
    {
        // Nobody wants a core file of some hundred children that end on purpose.
        NativeCalls.ForbidCoreFiles();
        return arguments switch
        {
            ["writers", string store, string seed, string round, string writers, string commits] =>
                new Writers(store, new CommitPlan(Number(seed), Number(round)), Number(seed))
                    .Run(Number(writers), Number(commits)),
            ["steps", string store, string seed] =>
                new Steps(store, new CommitPlan(Number(seed), 0)).Run(),
            ["hold", string store] => Hold(store),
            ["few-files", string store, string seed] =>
                new Limits(store, new CommitPlan(Number(seed), 0)).RunOutOfFiles(),
            ["few-mappings", string store] => Limits.RunOutOfMappings(store),
            ["media", string store, string mode, string use, string fault] =>
                new Media(store, Enum.Parse<ReadMode>(mode), use, fault).Run(),
            ["pause", string store] => Pause.Run(store),
            ["lifetimes", string store, string seed, string seconds] =>
                RunLifetimes(store, Number(seed), Number(seconds)),
            ["dead-range", string store] => Lifetimes.TouchDeadRange(store),
            _ => UsageCode,
        };
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static int RunLifetimes(string store, int seed, int seconds)
    {
        using var lifetimes = new Lifetimes(store, seed, seconds);
        return lifetimes.Run();
    }

    private static int Hold(string directory)
    {
        using LsmStore store = LsmStore.Open(directory);
        store.Put("held"u8, "here"u8, Durability.Flushed);
        Report.Line("ready");
        Console.ReadLine();
        return 0;
    }
}
