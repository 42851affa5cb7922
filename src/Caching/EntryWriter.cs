// Every change of the keyspace: setting, removing and renewing entries, and the small records that
// say when a sliding entry was read.
//
// A renewal writes a value again that it has read, so between the two no Set or Remove of that key
// may come. They and the renewal hold the stripe of the key; a stripe is shared by keys that happen
// to have it in common. Touches hold nothing: they carry the stamp of the record they are of, and
// one that comes too late is of no record.
// Threads: any.

using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Logging;

namespace LsmMmap.Extensions.Caching;

internal sealed class EntryWriter
{
    private const int StripeCount = 64;
    private const int StackBytesMax = 1024;
    private const int ValueBytesMax = (1 << 30) - 64;
    private const int TouchBytes = 2 * sizeof(long);

    private readonly Keyspace _keyspace;
    private readonly TimeProvider _clock;
    private readonly Durability _durability;
    private readonly TimeSpan? _slidingByDefault;
    private readonly long _keptBytesMax;
    private readonly ILogger _log;
    private readonly Lock[] _stripes = new Lock[StripeCount];
    private long _stamp = Random.Shared.NextInt64();

    public EntryWriter(Keyspace keyspace, LsmCacheOptions options, ILogger log)
    {
        _keyspace = keyspace;
        _clock = options.TimeProvider;
        _durability = options.Durability;
        _slidingByDefault = options.DefaultSlidingExpiration;
        _keptBytesMax = options.SizeLimitBytes == 0 ? long.MaxValue : options.SizeLimitBytes / 2;
        Debug.Assert(_keptBytesMax > 0, "the options were checked: something can be kept");
        _log = log;
        for (int i = 0; i < StripeCount; i++)
            _stripes[i] = new Lock();
    }

    public void Set(
        string key, in ReadOnlySequence<byte> value, DistributedCacheEntryOptions options)
    {
        long valueBytes = value.Length;
        if (valueBytes > ValueBytesMax)
            throw new ArgumentException(
                $"the value has {valueBytes} bytes, and the most is {ValueBytesMax}",
                nameof(value));
        EntryHead head = Expiration.Head(
            options, _slidingByDefault, _clock.GetUtcNow().UtcTicks,
            Interlocked.Increment(ref _stamp));
        using var encoded = new CacheKey(key, stackalloc byte[CacheKey.ScratchBytes]);
        if (valueBytes > _keptBytesMax)
        {
            // As if it had been written and evicted: what was there before is gone too.
            CacheLog.TooLarge(_log, valueBytes, _keptBytesMax);
            Remove(encoded);
            return;
        }
        int bytes = head.Bytes + (int)valueBytes;
        Debug.Assert(bytes <= 1 << 30, "a record is a value of the store");
        byte[]? rented = bytes > StackBytesMax ? ArrayPool<byte>.Shared.Rent(bytes) : null;
        Span<byte> record = rented ?? stackalloc byte[StackBytesMax];
        record = record[..bytes];
        head.Write(record);
        value.CopyTo(record[head.Bytes..]);
        try
        {
            lock (StripeOf(encoded))
                Put(encoded.ForValue(), record, head.StayTicks, _durability);
        }
        finally
        {
            Return(rented);
        }
    }

    public void Remove(scoped in CacheKey key)
    {
        lock (StripeOf(key))
            _keyspace.Delete(key.ForValue(), _durability);
    }

    /// <summary>Says that a sliding entry lives until a deadline.</summary>
    public void Touch(scoped in CacheKey key, in EntryHead head, long deadlineTicks)
    {
        Debug.Assert(deadlineTicks <= head.StayTicks, "the store forgets no entry that lives");
        Span<byte> touch = stackalloc byte[TouchBytes];
        BinaryPrimitives.WriteInt64LittleEndian(touch, head.Stamp);
        BinaryPrimitives.WriteInt64LittleEndian(touch[sizeof(long)..], deadlineTicks);
        // A touch that is lost makes the entry end earlier, no more: it is worth no system call.
        Put(key.ForTouch(), touch, deadlineTicks, Durability.Buffered);
    }

    /// <summary>The deadline that the last touch of a record gave it; 0 when there is none.
    /// </summary>
    public long TouchedDeadline(scoped in CacheKey key, in EntryHead head)
    {
        using PinnedValue touch = _keyspace.GetPinned(key.ForTouch());
        bool isOfRecord = touch.Span.Length == TouchBytes
            && BinaryPrimitives.ReadInt64LittleEndian(touch.Span) == head.Stamp;
        return isOfRecord
            ? BinaryPrimitives.ReadInt64LittleEndian(touch.Span[sizeof(long)..]) : 0;
    }

    /// <summary>Writes a sliding entry again, unless it has been set or removed meanwhile.
    /// </summary>
    public void Renew(scoped in CacheKey key, in EntryHead head, long nowTicks)
    {
        lock (StripeOf(key))
        {
            using PinnedValue stored = _keyspace.GetPinned(key.ForValue());
            if (!EntryHead.TryRead(stored.Span, out EntryHead current)
                || current.Stamp != head.Stamp || current.StayTicks != head.StayTicks)
                return;
            Debug.Assert(
                StripeOf(key).IsHeldByCurrentThread, "nobody sets what is read and written again");
            EntryHead renewed = Expiration.Renewed(head, nowTicks);
            Debug.Assert(renewed.Bytes == head.Bytes, "the new head takes the place of the old");
            int bytes = stored.Span.Length;
            byte[] rented = ArrayPool<byte>.Shared.Rent(bytes);
            try
            {
                stored.Span.CopyTo(rented);
                renewed.Write(rented);
                Put(key.ForValue(), rented.AsSpan(0, bytes), renewed.StayTicks, _durability);
            }
            finally
            {
                Return(rented);
            }
        }
    }

    private void Put(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> record, long stayTicks, Durability durability)
    {
        Debug.Assert(stayTicks > 0 && !record.IsEmpty, "a record has a head, which has a stay");
        if (stayTicks == Expiration.Never)
            _keyspace.Put(key, record, durability);
        else
            _keyspace.PutWithExpiry(
                key, record, new DateTimeOffset(stayTicks, TimeSpan.Zero), durability);
    }

    private Lock StripeOf(scoped in CacheKey key) =>
        _stripes[(uint)key.Text.GetHashCode(StringComparison.Ordinal) % StripeCount];

    private static void Return(byte[]? rented)
    {
        if (rented != null)
            ArrayPool<byte>.Shared.Return(rented);
    }
}
