// String overloads, in a class of their own: the store's own members take bytes. Every string is
// encoded as UTF-8, whose order is that of the code points.

using System.Text;

namespace LsmMmap;

/// <summary>Reads and writes with strings, encoded as UTF-8.</summary>
/// <remarks>Convenience: each call allocates the encoded bytes.</remarks>
public static class Utf8StoreExtensions
{
    /// <summary>Sets a key's value in the default keyspace.</summary>
    public static long Put(
        this LsmStore store, string key, string value, Durability? durability = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        return store.Put(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value), durability);
    }

    /// <summary>Sets a key's value.</summary>
    public static long Put(
        this Keyspace keyspace, string key, string value, Durability? durability = null)
    {
        ArgumentNullException.ThrowIfNull(keyspace);
        return keyspace.Put(
            Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value), durability);
    }

    /// <summary>Removes a key from the default keyspace.</summary>
    public static long Delete(this LsmStore store, string key, Durability? durability = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        return store.Delete(Encoding.UTF8.GetBytes(key), durability);
    }

    /// <summary>Removes a key.</summary>
    public static long Delete(
        this Keyspace keyspace, string key, Durability? durability = null)
    {
        ArgumentNullException.ThrowIfNull(keyspace);
        return keyspace.Delete(Encoding.UTF8.GetBytes(key), durability);
    }

    /// <summary>The value as a string; null when the key is absent.</summary>
    public static string? GetString(this IReadView view, string key)
    {
        ArgumentNullException.ThrowIfNull(view);
        using PinnedValue value = view.GetPinned(Encoding.UTF8.GetBytes(key));
        return value.Found ? Encoding.UTF8.GetString(value.Span) : null;
    }

    /// <summary>Adds a Put to the default keyspace.</summary>
    public static WriteBatch Put(this WriteBatch batch, string key, string value)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return batch.Put(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value));
    }
}
