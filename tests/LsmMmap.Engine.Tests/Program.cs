// The other process of the tests that need one: `dotnet LsmMmap.Engine.Tests.dll <what> <store>`.
// It prints one line when it has done what it was asked and then waits to be killed or told to end.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

internal static class Program
{
    private static int Main(string[] arguments)
    {
        string directory = arguments[1];
        switch (arguments[0])
        {
            case "hold":
                Hold(directory);
                return 0;
            case "write":
                Write(directory, Enum.Parse<Durability>(arguments[2]), int.Parse(arguments[3]));
                return 0;
            default:
                return 2;
        }
    }

    private static void Hold(string directory)
    {
        using LsmStore store = LsmStore.Open(directory);
        Console.WriteLine("ready");
        Console.ReadLine();
    }

    private static void Write(string directory, Durability durability, int count)
    {
        using LsmStore store = LsmStore.Open(directory);
        for (int i = 0; i < count; i++)
            store.Put(Bytes.Number(i), Bytes.Value(i, 100), durability);
        Console.WriteLine("ready");
        Console.ReadLine();
    }
}
