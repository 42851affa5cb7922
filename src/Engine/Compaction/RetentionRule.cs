// Which entry survives a merge. The rule that, when wrong, loses data in silence.
//
// Entries come in internal-key order: of each user key the newest first. One that comes twice was
// left by a compaction that ended between two of its commits (CompactionRun), and counts once. The
// snapshots divide the sequences into stripes: a version belongs to the oldest snapshot that can
// see it, or to "now" when no snapshot can. Of each stripe only the newest version is ever seen:
// 1. The newest version of each stripe is kept, the others are dropped. This is the newest at or
//    below each snapshot, and the newest of all.
// 2. In the lowest stripe, everything older in the inputs is dropped by 1. When no table outside
//    the inputs may hold an older version either, then
//    - a tombstone hides nothing any more and is dropped;
//    - another entry is seen by every reader that comes to it: its sequence becomes zero.
// Readers without a snapshot read at a sequence that is not below that of any entry in a table,
// so the newest version is all they need. Newer versions in tables above the inputs, and in
// memtables, are neither needed nor touched. What is flushed later must be newer than all tables
// (flushes of a keyspace are installed in the order of their memtables), else a version that a
// dropped tombstone hid could come back.
//
// Range tombstones belong to stripes as versions do, and hide what is older: of each fragment the
// newest of each stripe is kept, and an entry below one of its own stripe is dropped. In the lowest
// stripe a tombstone under whose whole fragment no table outside the inputs may hold anything has
// hidden all there was, and goes. As long as one is left that an entry is newer than, the entry
// keeps its sequence, or it would fall under it.
//
// An entry that is over is a tombstone of its sequence (TagNow), whoever may see it: time goes on
// for snapshots too. All that is said of tombstones holds for it from then on, so no older version
// can come back, whatever becomes of the clock.
//
// Without a plan (a flush) every table may hold older versions: only rule 1 applies.
// No allocation per entry: the last key is remembered in a buffer that only grows.
// Threads: one.

using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Engine.Compaction;

internal sealed class RetentionRule
{
    private readonly ulong[] _snapshots;
    private readonly OlderTables? _older;
    private readonly bool _mayZeroSequences;
    private readonly long _nowMs;

    // The newest range tombstone of each stripe, those that are not kept too.
    private readonly RangeTombstones _hiding = RangeTombstones.None;

    private byte[] _key = new byte[256];
    private int _keyBytes = -1; // no key yet
    private ulong _lastTag;
    private int _lastStripe;

    /// <param name="snapshots">Ascending; copied under the same lock as the plan was
    /// made.</param>
    /// <param name="plan">The compaction; null for a flush.</param>
    /// <param name="ranges">The range tombstones of all inputs.</param>
    /// <param name="nowMs">The time for all of it, in milliseconds of Unix time; 0 is
    /// long ago.</param>
    public RetentionRule(
        ulong[] snapshots, CompactionPlan? plan, RangeTombstones? ranges = null, long nowMs = 0)
    {
        _nowMs = nowMs;
        for (int i = 1; i < snapshots.Length; i++)
            Debug.Assert(snapshots[i - 1] <= snapshots[i], "snapshots ascend");
        _snapshots = snapshots;
        _older = plan?.WalkOlder();
        _mayZeroSequences = plan is { MayZeroSequences: true };
        if (ranges is not { IsEmpty: false })
            return;
        _hiding = Thin(ranges, static (_, _) => true);
        // Marks are set anew, by what is kept.
        Ranges = Thin(ranges, (fragment, stripe) => stripe > 0 || _older == null
            || _older.MayHoldAny(fragment.From, fragment.To));
    }

    /// <summary>The range tombstones to keep, marked by the entries that were kept so far.
    /// </summary>
    public RangeTombstones Ranges { get; } = RangeTombstones.None;

    /// <summary>How many entries were over.</summary>
    public long OverCount { get; private set; }

    /// <summary>Whether the entry lies behind the one kept or dropped last, or is that one again.
    /// Where it is not, the inputs are damaged in a way that no checksum shows, and nothing may be
    /// merged.</summary>
    public bool IsInOrder(ReadOnlySpan<byte> userKey, ulong tag)
    {
        if (_keyBytes < 0)
            return true;
        int order = userKey.SequenceCompareTo(_key.AsSpan(0, _keyBytes));
        return order > 0
            || (order == 0 && EntryTag.Sequence(tag) <= EntryTag.Sequence(_lastTag));
    }

    /// <summary>What an entry that expires is now: itself, or a tombstone. What is stored for it
    /// then is nothing.</summary>
    public ulong TagNow(ulong tag, ref ReadOnlySpan<byte> stored)
    {
        Debug.Assert(
            EntryTag.Kind(tag) == ValueKind.PutWithExpiry, "no other entry is ever over");
        if (!Expiry.IsOver(stored, _nowMs))
            return tag;
        OverCount++;
        stored = default;
        return EntryTag.Pack(EntryTag.Sequence(tag), ValueKind.Delete);
    }

    /// <summary>
    /// Whether the entry is kept, and the tag to keep it with. Called once for each entry of the
    /// merge, in internal-key order, with its tag of now.
    /// </summary>
    public bool Keep(ReadOnlySpan<byte> userKey, ulong tag, out ulong newTag)
    {
        if (!EntryTag.IsServed(tag))
            ThrowUnknownKind(tag);
        newTag = tag;
        int stripe = StripeOf(EntryTag.Sequence(tag));
        if (IsSameKey(userKey))
        {
            Debug.Assert(
                EntryTag.Sequence(tag) <= EntryTag.Sequence(_lastTag), "versions of a key descend");
            Debug.Assert(stripe <= _lastStripe, "an older version is in no newer stripe");
            _lastTag = tag;
            if (stripe == _lastStripe)
                return false;
        }
        else
        {
            Remember(userKey);
            _lastTag = tag;
        }
        _lastStripe = stripe;
        if (_hiding.IsEmpty)
            return IsNeeded(userKey, ref newTag, stripe);
        if (IsHidden(userKey, tag, stripe) || !IsNeeded(userKey, ref newTag, stripe))
            return false;
        if (Ranges.Covering(userKey, EntryTag.Sequence(tag)) > 0)
            newTag = tag;
        Ranges.Note(userKey, EntryTag.Sequence(newTag));
        return true;
    }

    /// <summary>Of the newest version of a stripe: whether it must be kept, and its tag then.
    /// </summary>
    private bool IsNeeded(ReadOnlySpan<byte> userKey, ref ulong tag, int stripe)
    {
        if (stripe > 0 || _older == null || (!_older.IsEmpty && _older.MayHold(userKey)))
            return true;
        if (EntryTag.Kind(tag) == ValueKind.Delete)
            return false;
        if (_mayZeroSequences)
            tag = EntryTag.Pack(0, EntryTag.Kind(tag));
        return true;
    }

    private bool IsHidden(ReadOnlySpan<byte> userKey, ulong tag, int stripe)
    {
        ulong over = _hiding.At(userKey)?.OldestAbove(EntryTag.Sequence(tag)) ?? 0;
        return over > 0 && StripeOf(over) == stripe;
    }

    /// <summary>Fresh fragments with the newest tombstone of each stripe that is wanted.
    /// Neighbours that are left with the same ones become one.</summary>
    private RangeTombstones Thin(
        RangeTombstones ranges, Func<RangeFragment, int, bool> isWanted)
    {
        var thin = new List<RangeFragment>();
        foreach (RangeFragment fragment in ranges.Fragments)
        {
            ulong[] newest = [.. fragment.Sequences.GroupBy(StripeOf)
                .Where(stripe => isWanted(fragment, stripe.Key))
                .Select(static stripe => stripe.First())];
            if (newest.Length > 0)
                RangeTombstones.Append(thin, fragment.From, fragment.To, newest);
        }
        return RangeTombstones.OfOrdered([.. thin]);
    }

    // How many snapshots cannot see the sequence: snapshots below it. A snapshot sees what is at
    // or below its own sequence.
    private int StripeOf(ulong sequence)
    {
        int low = 0;
        int high = _snapshots.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (_snapshots[middle] < sequence)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    private bool IsSameKey(ReadOnlySpan<byte> userKey) =>
        _keyBytes == userKey.Length && userKey.SequenceEqual(_key.AsSpan(0, _keyBytes));

    private void Remember(ReadOnlySpan<byte> userKey)
    {
        Debug.Assert(
            _keyBytes < 0 || userKey.SequenceCompareTo(_key.AsSpan(0, _keyBytes)) > 0,
            "keys ascend");
        if (userKey.Length > _key.Length)
            _key = new byte[Math.Max(userKey.Length, 2 * _key.Length)];
        userKey.CopyTo(_key);
        _keyBytes = userKey.Length;
    }

    // Dropping or keeping what is not understood could change what readers see.
    [DoesNotReturn]
    private static void ThrowUnknownKind(ulong tag) => throw new LsmException(string.Create(
        CultureInfo.InvariantCulture,
        $"an entry of sequence {EntryTag.Sequence(tag)} has the kind {(byte)tag}, " +
        $"which this version does not know; nothing was merged"));
}
