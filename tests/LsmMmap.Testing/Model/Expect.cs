// The comparisons of the model run. They throw with both sides printed.

namespace LsmMmap.Testing.Model;

internal static class Expect
{
    public static void True(bool condition, string what)
    {
        if (!condition)
            ModelMismatchException.Throw(what);
    }

    public static void Equal<T>(T expected, T actual, string what)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
            ModelMismatchException.Throw($"{what}: expected {expected}, found {actual}");
    }

    public static void SameBytes(
        ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual, string what)
    {
        if (!expected.SequenceEqual(actual))
            ModelMismatchException.Throw(
                $"{what}: expected {Bytes.Show(expected)}, found {Bytes.Show(actual)}");
    }

    public static void Throws<T>(Action action, string what)
        where T : Exception
    {
        try
        {
            action();
        }
        catch (T)
        {
            return;
        }
        ModelMismatchException.Throw($"{what}: expected {typeof(T).Name}, nothing was thrown");
    }
}
