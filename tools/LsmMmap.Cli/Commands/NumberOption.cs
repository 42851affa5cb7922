// Options that take a whole number in a range: one parser, one error text, whatever was typed.

using System.CommandLine;
using System.Globalization;

namespace LsmMmap.Cli.Commands;

internal static class NumberOption
{
    /// <summary>An option that is null when it is not given and has no standard value.</summary>
    public static Option<long?> Create(
        string name, string[] aliases, string helpName, string description, long smallest,
        long largest = long.MaxValue, long? standard = null)
    {
        var option = new Option<long?>(name, aliases)
        {
            HelpName = helpName,
            Description = description,
            CustomParser = result =>
            {
                string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
                if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture,
                    out long number) && number >= smallest && number <= largest)
                    return number;
                string range = largest == long.MaxValue
                    ? $"{smallest} or more" : $"{smallest} to {largest}";
                result.AddError($"'{text}' is no number for {name}: {range}.");
                return null;
            },
        };
        if (standard is not null)
            option.DefaultValueFactory = _ => standard;
        return option;
    }
}
