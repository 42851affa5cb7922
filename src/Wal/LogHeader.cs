// Who a log is. The header stands at the start of the file, is written once and never changes;
// LogFormat draws its bytes. Immutable, so any thread may use it.

namespace LsmMmap.Wal;

/// <summary>The identity of one log file.</summary>
/// <param name="StoreId">The store that the log belongs to.</param>
/// <param name="LogNumber">Number of the file; not negative, never used twice in a store.</param>
/// <param name="Nonce">
/// Random, fresh for every log, also when the file of an older log is recycled: it keeps the
/// chunks that an earlier life of the file left behind from verifying.
/// </param>
/// <param name="BootId">
/// The run of the operating system that wrote the log. While it is unchanged the page cache has
/// lost nothing, and damage cannot be blamed on a power cut.
/// </param>
internal readonly record struct LogHeader(ulong StoreId, long LogNumber, ulong Nonce, Guid BootId);
