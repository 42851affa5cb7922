// The one wording of "this option has a value that it may not have".

using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace LsmMmap;

internal static class OptionRange
{
    public static void Check(string option, long value, long min, long max)
    {
        if (value < min || value > max)
            Throw(option, value, string.Create(
                CultureInfo.InvariantCulture, $"{min} to {max}"));
    }

    public static void CheckEnum<TEnum>(string option, TEnum value) where TEnum : struct, Enum
    {
        if (!Enum.IsDefined(value))
            Throw(option, value, string.Join(", ", Enum.GetNames<TEnum>()));
    }

    [DoesNotReturn]
    public static void Throw(string option, object value, string range) =>
        throw new ArgumentException(string.Create(
            CultureInfo.InvariantCulture, $"{option} is {value}; it must be in {range}"), option);
}
