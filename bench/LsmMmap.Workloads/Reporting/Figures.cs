// Numbers as the report and the terminal write them: three digits of speeds and times, always the
// invariant culture. Nothing is computed here.

using System.Globalization;

namespace LsmMmap.Workloads.Reporting;

internal static class Figures
{
    /// <summary>"417 k", "8.6 M": three digits and a unit of thousands.</summary>
    public static string Rate(double perSecond) => perSecond switch
    {
        >= 999_500_000 => Three(perSecond / 1e9) + " G",
        >= 999_500 => Three(perSecond / 1e6) + " M",
        >= 999.5 => Three(perSecond / 1e3) + " k",
        _ => Three(perSecond),
    };

    /// <summary>"1.25 x".</summary>
    public static string Ratio(double ratio) => Three(ratio) + " x";

    public static string Microseconds(double us) => Three(us);

    public static string Number(double value) => Three(value);

    public static string Count(double count) =>
        count.ToString("#,0", CultureInfo.InvariantCulture);

    public static string Mebibytes(double bytes) => Three(bytes / (1 << 20));

    public static string Exact(double value) =>
        value.ToString("R", CultureInfo.InvariantCulture);

    // Three significant digits without an exponent; large numbers keep all before the point.
    private static string Three(double value)
    {
        double size = Math.Abs(value);
        string format = size >= 99.95 ? "#,0" : size >= 9.995 ? "0.0" : size >= 0.9995 ? "0.00"
            : size >= 0.0005 || size == 0 ? "0.###" : "0.######";
        return value.ToString(format, CultureInfo.InvariantCulture);
    }
}
