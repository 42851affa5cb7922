// The four ways to read an entry, as one call that a theory can vary over.
// Threads: stateless.

using System.Buffers;
using LsmMmap.Extensions.Caching;

namespace LsmMmap.Caching.Tests;

public enum ReadForm
{
    Get,
    GetAsync,
    TryGet,
    TryGetAsync,
}

internal static class ReadForms
{
    public static async Task<byte[]?> ReadAsync(this LsmCache cache, ReadForm form, string key)
    {
        var written = new ArrayBufferWriter<byte>();
        switch (form)
        {
            case ReadForm.Get:
                return cache.Get(key);
            case ReadForm.GetAsync:
                return await cache.GetAsync(key);
            case ReadForm.TryGet:
                return cache.TryGet(key, written) ? written.WrittenSpan.ToArray() : Nothing();
            default:
                return await cache.TryGetAsync(key, written)
                    ? written.WrittenSpan.ToArray() : Nothing();
        }

        byte[]? Nothing()
        {
            Assert.Equal(0, written.WrittenCount);
            return null;
        }
    }
}
