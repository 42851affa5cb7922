// What travels over HTTP, and what is stored: the same JSON, by code that is generated, so the
// service may be compiled ahead of time.

using System.Text.Json;
using System.Text.Json.Serialization;

namespace LsmMmap.Orders;

internal sealed record Order(string Product, int Quantity);

internal sealed record NumberedOrder(string Number, Order Order);

/// <summary>Some orders of a customer; Next is what to ask for after them, null at the end.
/// </summary>
internal sealed record OrderPage(IReadOnlyList<NumberedOrder> Orders, string? Next);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Order))]
[JsonSerializable(typeof(OrderPage))]
internal sealed partial class OrderJson : JsonSerializerContext;
