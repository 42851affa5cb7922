// The orders in the store. Keys sort bytewise, so everything of a customer is the range of keys
// that begin with "customer/": a slash can be in neither a customer nor a number, for both are
// single segments of a path.
// Threads: any; the store is made for many, and commits of several requests share a sync.

using System.Text;
using System.Text.Json;

namespace LsmMmap.Orders;

internal sealed class OrderBook([FromKeyedServices("orders")] LsmStore store)
{
    /// <summary>Completes when the order is as durable as the options of the store say.</summary>
    public async Task PutAsync(string customer, string number, Order order)
    {
        using var batch = new WriteBatch();
        batch.Put(
            Key(customer, number), JsonSerializer.SerializeToUtf8Bytes(
                order, OrderJson.Default.Order));
        await store.WriteAsync(batch);
    }

    public async Task<Order?> GetAsync(string customer, string number)
    {
        byte[]? json = await store.GetAsync(Key(customer, number));
        return json == null ? null : JsonSerializer.Deserialize(json, OrderJson.Default.Order);
    }

    /// <summary>At most so many orders of a customer, from the first after a number on.</summary>
    public OrderPage List(string customer, string after, int take)
    {
        byte[] prefix = Key(customer, "");
        byte[] from = Key(customer, after);
        List<NumberedOrder> orders = [];
        using Cursor cursor = store.CreateCursor();
        for (bool found = cursor.Seek(from);
            found && cursor.Key.StartsWith(prefix); found = cursor.MoveNext())
        {
            if (after.Length > 0 && cursor.Key.SequenceEqual(from))
                continue;
            if (orders.Count == take)
                return new OrderPage(orders, orders[^1].Number);
            orders.Add(new NumberedOrder(
                Encoding.UTF8.GetString(cursor.Key[prefix.Length..]),
                JsonSerializer.Deserialize(cursor.Value, OrderJson.Default.Order)!));
        }
        return new OrderPage(orders, null);
    }

    private static byte[] Key(string customer, string number) =>
        Encoding.UTF8.GetBytes($"{customer}/{number}");
}
