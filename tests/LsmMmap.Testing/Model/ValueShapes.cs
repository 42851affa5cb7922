// Values of every size class that tables treat apart: empty, small, around 512 bytes, around a
// page, around 64 KiB, rarely a megabyte. No two are alike, so an old version shows itself.

namespace LsmMmap.Testing.Model;

public sealed class ValueShapes(Random random)
{
    private long _count;

    public byte[] Next()
    {
        int length = random.Next(10_000) switch
        {
            < 800 => 0,
            < 6_000 => 1 + random.Next(100),
            < 7_500 => 500 + random.Next(30),
            < 9_000 => 100 + random.Next(1_500),
            < 9_700 => 4_000 + random.Next(200),
            < 9_920 => 4_096 + random.Next(16_000),
            < 9_995 => 65_500 + random.Next(100),
            _ => 1 << 20,
        };
        return Bytes.Value(++_count, length);
    }
}
