// One table of BenchData's entries in native memory, open for reading, so that benchmarks of
// tables measure no file system. Ownership: Dispose closes the reader and frees the bytes.

using LsmMmap.Sstable.Caching;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Mapping;
using LsmMmap.Sstable.Tables;

namespace LsmMmap.Bench.Support;

internal sealed class BenchTable : IDisposable
{
    private const ulong TableId = 0x4C73_6D42_656E_6368;
    private const long IndexCacheBytes = 64 << 20;

    private readonly NativeTableBytes _bytes;

    /// <param name="count">Entries: the keys of the numbers below it.</param>
    /// <param name="codec">How data blocks are stored.</param>
    /// <param name="blockCacheBytes">For inflated blocks; 0 means no cache.</param>
    public BenchTable(int count, BlockCodec codec, long blockCacheBytes)
    {
        using var file = new MemoryStream();
        var options = new TableOptions { Codec = codec };
        using (var builder = new TableBuilder(file, TableId, options))
        {
            byte[] value = new byte[BenchData.ValueBytes];
            foreach (byte[] key in BenchData.SortedKeys(count))
            {
                BenchData.WriteValue(value, InternalKey.Head8(key));
                builder.Add(key, EntryTag.PlainPut, value);
            }
            builder.Finish();
        }
        _bytes = new NativeTableBytes(file.GetBuffer().AsSpan(0, (int)file.Length));
        Reader = TableReader.Open(
            _bytes, TableId, BlockReadMode.Direct, new IndexCache(IndexCacheBytes),
            blockCacheBytes == 0 ? null : new InflatedBlockCache(blockCacheBytes));
    }

    public TableReader Reader { get; }

    public void Dispose()
    {
        Reader.Dispose();
        _bytes.Dispose();
    }

    private sealed unsafe class NativeTableBytes : TableBytes, IDisposable
    {
        private readonly NativeBuffer _memory = new();

        public NativeTableBytes(ReadOnlySpan<byte> file)
            : base(file.Length)
        {
            file.CopyTo(_memory.Resize(file.Length));
            // Safety: the buffer stays as it is until Dispose.
            SetMapping(_memory.Slice(0, file.Length).Pointer);
        }

        public override void Populate(long offset, long length)
        {
            // Native memory is always there.
        }

        public override void Advise(long offset, long length)
        {
            // Native memory is always there.
        }

        public override bool IsResident(long offset, int length) => true;

        public override void Read(long offset, Span<byte> destination) =>
            _memory.Span.Slice((int)offset, destination.Length).CopyTo(destination);

        public override Exception Damage(
            long offset, string what, string? expected, string? found,
            Exception? innerException) =>
            new InvalidDataException(
                $"{what} at {offset}: {expected}, {found}", innerException);

        public override Exception NewerFormat(int foundVersion, int knownVersion) =>
            new InvalidDataException($"table format {foundVersion}, known {knownVersion}");

        public void Dispose() => _memory.Dispose();
    }
}
