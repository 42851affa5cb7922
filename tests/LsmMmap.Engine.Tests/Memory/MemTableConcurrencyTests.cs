// One writer beside readers (lookups by key, searches in the order, scans). The writer publishes
// each sequence after Add returned, as the store does; a reader must find everything up to the
// sequence that it read, whole and in order, in both directions, whatever is being linked
// meanwhile. The window between two steps of a publication is a few nanoseconds: after a change
// there, run these once with a Thread.SpinWait between the steps, which makes a wrong order fail
// at once.

using System.Buffers.Binary;
using LsmMmap.Engine.Memory;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Mapping;

namespace LsmMmap.Engine.Tests.Memory;

public sealed class MemTableConcurrencyTests
{
    private const int EntryCount = 150_000;

    [Theory]
    [InlineData(10)]
    [InlineData(1_000_000_000)]
    public async Task Readers_BesideTheWriter_SeeEverythingPublished(int keyCount)
    {
        int seed = MemTableModel.Seed();
        using Run run = new(seed, keyCount);
        Task writer = Task.Run(run.Write);
        Task scanner = Task.Run(run.Scan);
        Task getter = Task.Run(run.Get);
        await Task.WhenAll(writer, scanner, getter);
        Assert.Equal(EntryCount, run.MemTable.EntryCount);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(1_000_000_000)]
    public async Task Seeks_BesideTheWriter_LandOnWhatIsPublished(int keyCount)
    {
        int seed = MemTableModel.Seed();
        using Run run = new(seed, keyCount);
        Task writer = Task.Run(run.Write);
        Task seeker = Task.Run(run.Seek);
        await Task.WhenAll(writer, seeker);
        Assert.Equal(EntryCount, run.MemTable.EntryCount);
    }

    private sealed class Run : IDisposable
    {
        private readonly int _seed;
        private readonly byte[][] _keys = new byte[EntryCount + 1][];
        private long _published;

        public Run(int seed, int keyCount)
        {
            _seed = seed;
            Random random = new(seed);
            for (int i = 1; i <= EntryCount; i++)
            {
                // Shared heads: the first eight bytes take few values.
                _keys[i] = new byte[16];
                BinaryPrimitives.WriteInt64BigEndian(_keys[i], random.Next(keyCount) >> 4);
                BinaryPrimitives.WriteInt64BigEndian(
                    _keys[i].AsSpan(8), random.Next(Math.Min(keyCount, 1000)));
            }
        }

        public MemTable MemTable { get; } = new(0);

        public void Dispose() => MemTable.Dispose();

        public void Write()
        {
            Span<byte> value = stackalloc byte[100];
            for (int i = 1; i <= EntryCount; i++)
            {
                ulong tag = EntryTag.Pack((ulong)i, ValueKind.Put);
                Span<byte> part = value[..(i % 100)];
                MemTableModel.FillWhole(part, tag);
                MemTable.Add(_keys[i], tag, part);
                Volatile.Write(ref _published, i);
            }
        }

        public void Get()
        {
            Random random = new(_seed + 1);
            long published;
            while ((published = Volatile.Read(ref _published)) < EntryCount)
            {
                if (published == 0)
                    continue;
                int wanted = Pick(random, published);
                ulong seekTag = EntryTag.SeekAt((ulong)wanted);
                bool found = MemTableTests.TryGet(
                    MemTable, _keys[wanted], seekTag, out ulong tag, out NativeSlice value);
                Check(found && EntryTag.Sequence(tag) == (ulong)wanted, $"get of {wanted}");
                CheckWhole(tag, value.Span);
            }
        }

        public void Seek()
        {
            Random random = new(_seed + 2);
            MemTableCursor cursor = new();
            cursor.Reset(MemTable);
            long published;
            while ((published = Volatile.Read(ref _published)) < EntryCount)
            {
                if (published == 0)
                    continue;
                int wanted = Pick(random, published);
                ulong tag = EntryTag.Pack((ulong)wanted, ValueKind.Put);
                bool isOn = cursor.Seek(_keys[wanted], tag);
                Check(isOn && cursor.Tag == tag, $"seek of {wanted}");
                CheckWhole(tag, cursor.Value);
                isOn = cursor.SeekForPrevious(_keys[wanted], tag);
                Check(isOn && cursor.Tag == tag, $"backward seek of {wanted}");
            }
        }

        public void Scan()
        {
            MemTableCursor cursor = new();
            cursor.Reset(MemTable);
            byte[] last = new byte[16];
            for (bool isForward = true; ; isForward = !isForward)
            {
                long published = Volatile.Read(ref _published);
                long seen = 0;
                ulong lastTag = 0;
                bool isOn = isForward ? cursor.SeekToFirst() : cursor.SeekToLast();
                for (bool isFirst = true; isOn; isFirst = false)
                {
                    int order = isFirst
                        ? 0 : InternalKey.Compare(last, lastTag, cursor.UserKey, cursor.Tag);
                    Check(isFirst || (isForward ? order < 0 : order > 0), "order");
                    CheckWhole(cursor.Tag, cursor.Value);
                    seen += EntryTag.Sequence(cursor.Tag) <= (ulong)published ? 1 : 0;
                    cursor.UserKey.CopyTo(last);
                    lastTag = cursor.Tag;
                    isOn = isForward ? cursor.Next() : cursor.Previous();
                }

                Check(seen == published, $"{seen} of {published}, forward: {isForward}");
                if (published == EntryCount)
                    return;
            }
        }

        /// <summary>Half the time what was published last, the likeliest to be missed.</summary>
        private static int Pick(Random random, long published) =>
            random.Next(2) == 0 ? (int)published : random.Next(1, (int)published + 1);

        private void CheckWhole(ulong tag, ReadOnlySpan<byte> value)
        {
            ulong sequence = EntryTag.Sequence(tag);
            Check(value.Length == (int)(sequence % 100), $"length of {sequence}");
            Check(!value.ContainsAnyExcept((byte)sequence), $"bytes of {sequence}");
        }

        private void Check(bool condition, string what)
        {
            if (!condition)
                Assert.Fail($"seed {_seed}: {what}");
        }
    }
}
