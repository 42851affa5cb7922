// Options that are there or not. The library would take a value after them ("--raw maybe"); a
// value that is none would then surface in places that only ask whether the option is there.

using System.CommandLine;

namespace LsmMmap.Cli.Commands;

internal static class Flag
{
    public static Option<bool> Create(string name, string description, params string[] aliases) =>
        new(name, aliases) { Description = description, Arity = ArgumentArity.Zero };
}
