// The command line. Styles, key orders and sizes may be several; each combination is a line.

using System.CommandLine;
using System.Globalization;

namespace LsmMmap.Simulator;

internal static class SimulatorCommand
{
    // Entries of 116 bytes, as many as a real run can write too.
    private static readonly double[] s_referenceGigabytes = [0.116, 1.16, 5.8];

    public static RootCommand Create()
    {
        var options = new SimulatorOptions();
        var root = new RootCommand(
            "Simulates compaction with the engine's own picker: write, space and read"
            + " amplification at sizes that nobody writes for a measurement.");
        var reference = new Command(
            "reference",
            "Figures of 1 M, 10 M and 50 M entries of 116 bytes drawn at random, to compare with a"
            + " real run.");
        foreach (Option option in options.All)
        {
            root.Add(option);
            reference.Add(option);
        }
        root.SetAction(parsed => Run(options, parsed, parsed.GetValue(options.Gigabytes)!));
        reference.SetAction(parsed => Run(options, parsed, s_referenceGigabytes));
        root.Add(reference);
        return root;
    }

    private static int Run(SimulatorOptions options, ParseResult parsed, double[] gigabytes)
    {
        Console.WriteLine(SimulationResult.Header);
        TimeSpan elapsed = TimeSpan.Zero;
        foreach (CompactionStyle style in parsed.GetValue(options.Styles)!)
        {
            foreach (KeyOrder keys in parsed.GetValue(options.Keys)!)
            {
                foreach (double size in gigabytes)
                {
                    SimulationResult result = Simulation.Run(
                        options.Settings(parsed, style, keys, size));
                    elapsed += result.Elapsed;
                    Console.WriteLine(result.ToRow());
                }
            }
        }
        Console.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{elapsed.TotalSeconds:0.0} s"));
        return 0;
    }
}
