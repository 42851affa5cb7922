// Thrown where the store and the model disagree; the runner adds seed and operations.

using System.Diagnostics.CodeAnalysis;

namespace LsmMmap.Testing.Model;

public sealed class ModelMismatchException(string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    [DoesNotReturn]
    internal static void Throw(string message) => throw new ModelMismatchException(message);
}
