// Everything a command may touch of the outside: its three streams, whether a person is looking
// at them, and the wish to stop. A test hands in memory streams and reads what came out.
//
// Invariants: results go to Out and OutBytes (one buffer, so that their order holds), everything
// else to Error; stdout of a pipe never sees progress, colour or notes.
// Threads: used by one command on one thread; Error alone may be written by a progress timer,
// under ProgressLine's lock.

using System.Text;
using Microsoft.Win32.SafeHandles;
using Spectre.Console;

namespace LsmMmap.Cli.Output;

internal sealed class CliConsole : IDisposable
{
    private const int BufferBytes = 64 << 10;
    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false);

    public CliConsole(
        Stream input, Stream output, Stream error, CancellationToken cancellation = default)
    {
        Input = input;
        OutBytes = new BufferedStream(output, BufferBytes);
        Out = new StreamWriter(OutBytes, s_utf8) { AutoFlush = true, NewLine = "\n" };
        Error = new StreamWriter(error, s_utf8) { AutoFlush = true, NewLine = "\n" };
        Cancellation = cancellation;
    }

    public Stream Input { get; }

    /// <summary>Buffered stdout for exact bytes and for bulk; Dispose flushes it.</summary>
    public Stream OutBytes { get; }

    /// <summary>The same stdout for text.</summary>
    public TextWriter Out { get; }

    public TextWriter Error { get; }

    public CancellationToken Cancellation { get; }

    public bool OutIsTerminal { get; init; }

    public bool ErrorIsTerminal { get; init; }

    /// <summary>Columns of the terminal.</summary>
    public int Width { get; init; } = 100;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The console of this process.</summary>
    public static CliConsole ForProcess(CancellationToken cancellation) =>
        new(Console.OpenStandardInput(), OpenStandardOutput(), Console.OpenStandardError(),
            cancellation)
        {
            OutIsTerminal = !Console.IsOutputRedirected,
            ErrorIsTerminal = !Console.IsErrorRedirected,
            Width = Console.IsOutputRedirected ? 100 : Math.Max(40, Console.WindowWidth),
        };

    /// <summary>A rich console over Out; asked for only when a person is looking.</summary>
    public IAnsiConsole Rich()
    {
        IAnsiConsole rich = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(Out),
            Ansi = OutIsTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            Interactive = InteractionSupport.No,
        });
        rich.Profile.Width = Width;
        return rich;
    }

    /// <summary>One remark for the person, never for the pipe.</summary>
    public void Note(string text) => Error.WriteLine("lsm: " + text);

    /// <summary>Writes what is left. Silent: Run has flushed and reported.</summary>
    public void Dispose()
    {
        try
        {
            Out.Dispose();
        }
        catch (IOException)
        {
            // The pipe broke or the disk is full: said already, if anybody could be told.
        }
        Error.Dispose();
    }

    // The runtime's own console stream swallows a broken pipe, so `lsm scan | head` would read the
    // whole store for nobody. A FileStream reports it. It is used on pipes alone: on a file it
    // would keep its own position, and `>log 2>&1` would overwrite itself.
    private static Stream OpenStandardOutput()
    {
        if (OperatingSystem.IsWindows() || !Console.IsOutputRedirected)
            return Console.OpenStandardOutput();
        var pipe = new FileStream(
            new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        return pipe.CanSeek ? Console.OpenStandardOutput() : pipe;
    }
}
