// What a reader found wrong in a log, as data. This room knows bytes, not files or policies: it
// reports, and the engine decides whether the finding is the torn end that a crash leaves or
// damage that must not be passed over, and which exception names the file.
//
// A kind alone never proves either. A destroyed length near the end looks like a torn tail, and
// pages that were never synced reach the disk in any order, so a bad chunk in the middle may be
// an honest crash. The proof is a later record that verifies and whose synced point lies beyond
// the damage: see LogReader.FindVerifying.

namespace LsmMmap.Wal;

internal enum LogDamageKind
{
    /// <summary>
    /// The last record is cut: by the end of the file, or by zeros (space reserved ahead of the
    /// writer) that reach from inside the record to the end of the file.
    /// </summary>
    TornTail = 1,

    /// <summary>The bytes of a chunk do not match its checksum at this place.</summary>
    BadChecksum = 2,

    /// <summary>A chunk length is zero, leaves the frame, or does not fit the type.</summary>
    BadLength = 3,

    /// <summary>A chunk type is none of the four, or a hole of zeros stands before data.</summary>
    BadType = 4,

    /// <summary>Chunks verify, but not in an order that makes a record.</summary>
    BadSequence = 5,

    /// <summary>A record verifies, but its kind or synced point is impossible.</summary>
    BadRecordHeader = 6,

    /// <summary>The unused end of a frame is not zero.</summary>
    BadPadding = 7,

    /// <summary>
    /// No byte of a header: the file is empty, or zeros stand in its place. A crash before the
    /// header was synced leaves this, and so does a lost sector.
    /// </summary>
    HeaderMissing = 8,

    /// <summary>The file ends inside the header.</summary>
    HeaderShort = 9,

    /// <summary>The file is not a log.</summary>
    HeaderBadMagic = 10,

    /// <summary>The header does not match its checksum.</summary>
    HeaderBadChecksum = 11,

    /// <summary>The header verifies, but a field has a value that no writer gives it.</summary>
    HeaderBadField = 12,

    /// <summary>
    /// The log has a format version newer than this code; <see cref="LogDamage.Expected"/> and
    /// <see cref="LogDamage.Found"/> are the two version numbers in decimal.
    /// </summary>
    NewerVersion = 13,
}

/// <summary>One finding.</summary>
/// <param name="Kind">What is wrong.</param>
/// <param name="Offset">
/// The file offset where the bad record starts: everything before it was read whole. 0 when the
/// header is bad.
/// </param>
/// <param name="Expected">What a sound log has there, for a message.</param>
/// <param name="Found">What this one has, for a message.</param>
internal sealed record LogDamage(LogDamageKind Kind, long Offset, string Expected, string Found);
