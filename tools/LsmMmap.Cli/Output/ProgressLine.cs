// One line on stderr that says how far a long piece of work is: share, amount, rate, time left.
// It appears after a second, only where a person sees stderr, and wipes itself when the work
// ends. For work that reports nothing while it runs, Report is never called and the line shows
// the time that has passed.
//
// Threads: Report and Dispose belong to the working thread; a timer redraws under _gate, so that
// the line stays alive while the work is inside one long call.

using System.Globalization;
using System.Text;

namespace LsmMmap.Cli.Output;

internal sealed class ProgressLine : IDisposable
{
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(200);

    private readonly CliConsole _console;
    private readonly string _what;
    private readonly string _unit;
    private readonly long _total;
    private readonly bool _isSize;
    private readonly long _start;
    private readonly ITimer? _timer;
    private readonly Lock _gate = new();
    private long _done;
    private int _drawn;

    /// <summary>Starts the clock. A total of 0 says that nobody knows it.</summary>
    public ProgressLine(
        CliConsole console, string what, long total = 0, string unit = "", bool isSize = false)
    {
        _console = console;
        _what = what;
        _total = total;
        _unit = unit;
        _isSize = isSize;
        _start = console.Time.GetTimestamp();
        if (console.ErrorIsTerminal)
            _timer = console.Time.CreateTimer(_ => Draw(), null, s_silence, s_period);
    }

    /// <summary>How much is done in all. Costs one volatile write.</summary>
    public void Report(long done) => Volatile.Write(ref _done, done);

    public void Dispose()
    {
        if (_timer is null)
            return;
        _timer.Dispose();
        lock (_gate)
        {
            if (_drawn > 0)
                _console.Error.Write("\r" + new string(' ', _drawn) + "\r");
            // A tick that was already under way must not draw after the line was wiped.
            _drawn = -1;
        }
    }

    /// <summary>The line as it would stand there after that time.</summary>
    internal string Describe(TimeSpan elapsed)
    {
        long done = Volatile.Read(ref _done);
        var line = new StringBuilder(_what);
        if (_total > 0)
        {
            double share = Math.Min(1, (double)done / _total);
            AppendBar(line, share);
            line.Append(CultureInfo.InvariantCulture, $" {100 * share,3:0} %");
        }
        if (done > 0)
        {
            line.Append("  ").Append(Amount(done));
            if (_total > 0)
                line.Append(" of ").Append(Amount(_total));
            line.Append("  ").Append(_isSize
                ? Quantity.SizeRate(done, elapsed) : Quantity.Rate(done, elapsed, _unit));
        }
        if (done > 0 && _total > 0)
            line.Append("  ").Append(Clock(elapsed * ((double)(_total - done) / done)))
                .Append(" left");
        else
            line.Append("  ").Append(Clock(elapsed));
        return line.ToString();
    }

    private static void AppendBar(StringBuilder line, double share)
    {
        const int Cells = 20;
        int full = (int)(share * Cells);
        line.Append("  ").Append('█', full).Append('░', Cells - full);
    }

    private static string Clock(TimeSpan time)
    {
        time = time < TimeSpan.Zero ? TimeSpan.Zero : time;
        return Quantity.Invariant($"{(long)time.TotalMinutes}:{time.Seconds:00}");
    }

    private string Amount(long amount) =>
        _isSize ? Quantity.Size(amount) : Quantity.Count(amount);

    private void Draw()
    {
        lock (_gate)
        {
            if (_drawn < 0)
                return;
            string line = Describe(_console.Time.GetElapsedTime(_start));
            if (line.Length >= _console.Width)
                line = line[..(_console.Width - 1)];
            _console.Error.Write("\r" + line.PadRight(_drawn));
            _drawn = Math.Max(_drawn, line.Length);
        }
    }
}
