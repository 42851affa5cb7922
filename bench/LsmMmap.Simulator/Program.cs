// The compaction simulator: the engine's own picker over tables that exist as lists of keys only,
// so that a terabyte is written, merged and measured in a minute. README.md says what it can tell.

namespace LsmMmap.Simulator;

internal static class Program
{
    public static int Main(string[] args) => SimulatorCommand.Create().Parse(args).Invoke();
}
