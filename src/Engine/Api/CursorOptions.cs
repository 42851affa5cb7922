// Bounds of a cursor. Copied when the cursor is created.

namespace LsmMmap;

/// <summary>Bounds of a cursor; copied when the cursor is created.</summary>
/// <remarks>A lower bound above the upper one is an empty range.</remarks>
public sealed class CursorOptions
{
    /// <summary>The first key that the cursor may stand on, inclusive.</summary>
    /// <value>Empty, the default, means none.</value>
    public ReadOnlyMemory<byte> LowerBound { get; set; }

    /// <summary>The first key beyond the cursor's range, exclusive.</summary>
    /// <value>Empty, the default, means none.</value>
    public ReadOnlyMemory<byte> UpperBound { get; set; }
}
