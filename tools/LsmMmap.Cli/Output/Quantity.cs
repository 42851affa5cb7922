// Numbers as a person reads them. Sizes are powers of 1024 and say so (KiB, MiB), counts carry
// thousands separators, times and rates keep three digits. Always the invariant culture.

using System.Globalization;

namespace LsmMmap.Cli.Output;

internal static class Quantity
{
    private static readonly string[] s_sizeUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    public static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>"1 line", "2 lines".</summary>
    public static string Count(long count, string singular, string? plural = null) =>
        Count(count) + " " + (count == 1 ? singular : plural ?? singular + "s");

    public static string Size(long bytes)
    {
        double amount = bytes;
        int unit = 0;
        while (Math.Abs(amount) >= 1024 && unit < s_sizeUnits.Length - 1)
        {
            amount /= 1024;
            unit++;
        }
        string format = unit == 0 || Math.Abs(amount) >= 100 ? "0" : "0.0";
        return amount.ToString(format, CultureInfo.InvariantCulture) + " " + s_sizeUnits[unit];
    }

    public static string Time(TimeSpan time) => time switch
    {
        { TotalMilliseconds: < 1 } => Invariant($"{time.TotalMicroseconds:0} us"),
        { TotalSeconds: < 1 } => Invariant($"{time.TotalMilliseconds:0} ms"),
        { TotalSeconds: < 60 } => Invariant($"{time.TotalSeconds:0.00} s"),
        { TotalHours: < 1 } => Invariant($"{time.Minutes}:{time.Seconds:00} min"),
        _ => Invariant($"{(long)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00} h"),
    };

    /// <summary>"158,000 puts/s"; an empty time gives no rate.</summary>
    public static string Rate(long count, TimeSpan time, string unit)
    {
        double rate = PerSecond(count, time);
        // Three digits are what such a measurement is worth.
        double step = rate >= 1000 ? Math.Pow(10, Math.Floor(Math.Log10(rate)) - 2) : 1;
        return Count((long)(Math.Round(rate / step) * step)) + " " + unit + "/s";
    }

    public static string SizeRate(long bytes, TimeSpan time) =>
        Size((long)PerSecond(bytes, time)) + "/s";

    public static double PerSecond(long count, TimeSpan time) =>
        time <= TimeSpan.Zero ? 0 : count / time.TotalSeconds;

    public static string Invariant(FormattableString text) =>
        FormattableString.Invariant(text);
}
