// The child process of the fuzz tests:
// `dotnet LsmMmap.Fuzz.Tests.dll <fuzz> <first case> <cases> <box>`.
// It runs the cases in order and ends with 0, or with 1 after it has told of the first bad one.
// What a test could not survive (a touch outside a mapping, a stack that overflows, a case that
// never ends) happens to the child alone, and the box says in which case.

using System.Globalization;

namespace LsmMmap.Fuzz.Tests;

internal static class Program
{
    private static int Main(string[] arguments)
    {
        if (arguments.Length != 4)
        {
            Console.WriteLine("usage: <fuzz> <first case> <cases> <box file>");
            return 2;
        }
        CoverageMap.Begin();
        long first = long.Parse(arguments[1], CultureInfo.InvariantCulture);
        long count = long.Parse(arguments[2], CultureInfo.InvariantCulture);
        using BlackBox box = BlackBox.Open(arguments[3]);
        return FuzzLoop.Run(arguments[0], first, count, box, Console.Out);
    }
}
