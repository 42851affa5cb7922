// How the payload of a block is stored, and what a block is. The numbers are on disk for ever.

namespace LsmMmap.Sstable.Format;

internal enum BlockCodec : byte
{
    None = 0,
    Lz4 = 1,
}

internal enum BlockType : byte
{
    Data = 1,
    Index = 2,
    Filter = 3,
    Properties = 4,

    RangeTombstones = 5,
}
