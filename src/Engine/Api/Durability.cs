// How much of a crash a commit survives. The three levels are the product's promise, so they
// stand alone in a file.

namespace LsmMmap;

/// <summary>How much a commit has survived when the call that made it returns.</summary>
/// <remarks>0 is not a level. A stronger commit carries every earlier weaker one with it.</remarks>
public enum Durability
{
    /// <summary>May still sit in process memory: lost with the process.</summary>
    Buffered = 1,

    /// <summary>Handed to the operating system: survives the process, not a power cut.</summary>
    Flushed = 2,

    /// <summary>On disk: survives a power cut.</summary>
    Synced = 3,
}
