// Says everything that is wrong with the options of a store at once, before it is opened. The host
// asks when it starts; whoever resolves a store earlier asks first.
// Threads: any; holds nothing.

using System.Diagnostics;
using Microsoft.Extensions.Options;

namespace LsmMmap.Hosting;

internal sealed class LsmStoreOptionsValidator : IValidateOptions<LsmStoreOptions>
{
    public ValidateOptionsResult Validate(string? name, LsmStoreOptions options)
    {
        Debug.Assert(name != null, "the options of a store have its name");
        string section = ConfigurationKeys.SectionOf(name);
        List<string> problems = [.. options.Problems];
        if (string.IsNullOrWhiteSpace(options.Directory))
            problems.Add($"{section}:Directory is not set; it must say where the store lies");
        if (options.DegradedFreeBytes < 0)
            problems.Add($"{section}:DegradedFreeBytes is {options.DegradedFreeBytes}; it must be "
                + "0 or more");
        try
        {
            options.Store.Validate();
        }
        catch (ArgumentException e)
        {
            problems.Add($"{section}: {e.Message}");
        }
        return problems.Count == 0
            ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
