// The lines of the demo: a label at the left edge, what happened beside it. Plain text in a pipe,
// the label in colour on a terminal.

using LsmMmap.Cli.Output;

namespace LsmMmap.Cli.Demo;

internal sealed class StepWriter(CliConsole console)
{
    private const int LabelWidth = 9;

    public void Step(string label, string text)
    {
        string padded = label.PadRight(LabelWidth);
        console.Out.WriteLine(
            (console.OutIsTerminal ? "\e[36m" + padded + "\e[0m" : padded) + text);
    }

    public void Detail(string text) => console.Out.WriteLine(new string(' ', LabelWidth) + text);
}
