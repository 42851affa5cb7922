// How far a demo store is loaded, kept in the store itself: the default keyspace holds the
// fingerprint of the source and, written in the same batch as the members, how many of them are
// in. A batch over several keyspaces is atomic, so after any crash the number tells exactly which
// members must be there, and which must not.

using System.Buffers.Text;
using System.Text;
using LsmMmap.Cli.Output;

namespace LsmMmap.Cli.Demo;

internal static class DemoProgress
{
    private static ReadOnlySpan<byte> SourceKey => "lsm-demo/source"u8;

    private static ReadOnlySpan<byte> LoadedKey => "lsm-demo/loaded"u8;

    /// <summary>How many members of the source the store holds; marks a new store.</summary>
    /// <exception cref="FailureException">The store holds something else.</exception>
    public static int Begin(LsmStore store, DemoSource source)
    {
        if (store.Get(SourceKey) is byte[] mark)
        {
            string found = Encoding.UTF8.GetString(mark);
            if (found != source.Fingerprint)
                throw new FailureException(
                    "this demo store was made from another source (another .NET version, perhaps)."
                    + " Choose another --db, or remove the directory.");
            return Loaded(store, source.Count);
        }
        using (Cursor any = store.CreateCursor())
        {
            if (any.MoveNext() || store.KeyspaceNames.Count > 1)
                throw new FailureException(
                    "this is a store, but not one of the demo's; it stays untouched."
                    + " Choose another --db.");
        }
        store.Put(SourceKey, Encoding.UTF8.GetBytes(source.Fingerprint));
        return 0;
    }

    /// <summary>Adds the new number to the batch that carries the members.</summary>
    public static void Record(WriteBatch batch, int loaded)
    {
        Span<byte> digits = stackalloc byte[12];
        Utf8Formatter.TryFormat(loaded, digits, out int written);
        batch.Put(LoadedKey, digits[..written]);
    }

    private static int Loaded(LsmStore store, int count)
    {
        if (store.Get(LoadedKey) is not byte[] digits)
            return 0;
        if (!Utf8Parser.TryParse(digits, out int loaded, out int used) || used != digits.Length
            || loaded < 0 || loaded > count)
            throw new FailureException("the store's own note of its progress makes no sense: "
                + ByteText.Escape(digits));
        return loaded;
    }
}
