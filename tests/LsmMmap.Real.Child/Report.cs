// What a child says to the test: lines on its standard output, each handed to the pipe by one
// write call before the method returns, so that nothing said is lost when the child is killed.
// Threads: any; one line at a time.

using System.Globalization;
using System.Text;

namespace LsmMmap.Real.Child;

internal static class Report
{
    private static readonly Lock s_gate = new();
    private static readonly Stream s_output = Console.OpenStandardOutput();

    public static void Line(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text.ReplaceLineEndings(" ") + "\n");
        lock (s_gate)
            s_output.Write(bytes);
    }

    /// <summary>A commit is acknowledged: writer, number, and its last sequence.</summary>
    public static void Acknowledged(int writer, int n, long sequence) => Line(string.Create(
        CultureInfo.InvariantCulture, $"a {writer} {n} {sequence}"));

    /// <summary>A step failed the way it may.</summary>
    public static void Failed(string step, LsmException e) =>
        Line($"failed {step} {e.GetType().Name} {e.HResult}: {e.Message}");
}
