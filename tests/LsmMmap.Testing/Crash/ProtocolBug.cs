// The mistakes that ProtocolBugFileSystem makes. Those behind the line below are harmless by
// design; each says why, and SeededBugTests show that nothing is lost by them.

namespace LsmMmap.Testing.Crash;

internal enum ProtocolBug
{
    None,

    /// <summary>No log is ever synced.</summary>
    LogUnsynced,

    /// <summary>A new log's header is not synced before the log is named.</summary>
    LogHeaderUnsynced,

    /// <summary>A log that was rotated away never gets its last sync.</summary>
    OldLogUnsynced,

    /// <summary>The log is synced after the edit of a flush instead of before.</summary>
    LogSyncedAfterEdit,

    /// <summary>The log's end is synced after the edit that states its final length.</summary>
    LogSyncedAfterCleanMark,

    /// <summary>Log bytes stay in the process although the commit was to be Flushed.</summary>
    LogWriteHeldBack,

    TableUnsynced,
    TableSyncedAfterEdit,

    /// <summary>Neither a new manifest nor any edit is synced.</summary>
    ManifestUnsynced,

    /// <summary>A new manifest is named by CURRENT without having been synced.</summary>
    NewManifestUnsynced,

    /// <summary>It is synced, but only after the switch of CURRENT.</summary>
    NewManifestSyncedAfterSwitch,

    /// <summary>Edits of a manifest in use are not synced.</summary>
    EditUnsynced,

    CurrentUnsynced,
    CurrentSyncedAfterRename,

    /// <summary>The store's directory is never synced.</summary>
    DirectoryUnsynced,
    DirectoryUnsyncedAfterLog,
    DirectoryUnsyncedAfterTable,
    DirectoryUnsyncedAfterManifest,
    DirectoryUnsyncedAfterCurrent,

    /// <summary>A compaction's inputs are unlinked before its edit is synced.</summary>
    TableDeletedBeforeEdit,

    /// <summary>A log is unlinked before the edit that frees it is synced.</summary>
    LogDeletedBeforeEdit,

    /// <summary>The old manifest is unlinked before the switch of CURRENT is durable.</summary>
    ManifestDeletedBeforeSwitch,

    // Harmless by design.

    /// <summary>What a table is called means nothing before an edit names it, and the edit comes
    /// after both steps.</summary>
    TableSyncedAfterRename,

    /// <summary>Sealing guards against programs, not against crashes.</summary>
    SealForgotten,

    /// <summary>Where an old log is synced, the newest one is synced before it. Nothing is
    /// acknowledged, and no record states a synced point, between the two; a newer log without
    /// the end of the older one is cut where the older one ends.</summary>
    OldLogSyncedLast,

    /// <summary>A record is whole or torn by its checksums, not by the call that wrote
    /// it.</summary>
    LogWriteInTwo,
}
