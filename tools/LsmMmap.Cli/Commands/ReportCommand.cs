// `lsm report`: the trees of a store as one HTML page that needs nothing else.

using System.CommandLine;
using System.Text;
using LsmMmap.Cli.Output;
using LsmMmap.Engine.Recovery;

namespace LsmMmap.Cli.Commands;

internal static class ReportCommand
{
    public static Command Create(CliConsole console, SharedOptions shared)
    {
        Argument<string?> where = SharedOptions.CreateDirectory();
        var html = new Option<string>("--html")
        {
            HelpName = "FILE",
            Description = "The page to write; an existing file is replaced.",
            Required = true,
        };
        var command = new Command("report", "Draws the store's tables as a page.")
        {
            where, html, shared.Database,
        };
        command.SetAction(parsed =>
        {
            string directory = parsed.GetValue(where) ?? shared.DirectoryOf(parsed);
            string file = parsed.GetRequiredValue(html);
            using (LsmStore store = LsmStore.OpenReadOnly(directory))
            {
                string page = TreePage.Write(
                    Path.GetFileName(Path.TrimEndingDirectorySeparator(
                        Path.GetFullPath(directory))),
                    store.Explain(), StoreInspector.History(directory),
                    console.Time.GetUtcNow());
                File.WriteAllText(file, page, new UTF8Encoding(false));
            }
            console.Note($"wrote {file}");
            return ExitCode.Ok;
        });
        return command;
    }
}
