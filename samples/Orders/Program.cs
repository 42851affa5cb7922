// A service that keeps orders of customers in one store: a key is "customer/number", so the orders
// of a customer lie side by side, and a value is the order as JSON. An answer to a PUT means that
// the order is on disk. Where the store lies, and that its writes are synced, stands in
// appsettings.json.

using LsmMmap;
using LsmMmap.Orders;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
builder.Services.ConfigureHttpJsonOptions(
    options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, OrderJson.Default));
builder.Services.AddLsmStore("orders");
builder.Services.AddHealthChecks().AddLsmStore("orders");
builder.Services.AddSingleton<OrderBook>();

await using WebApplication app = builder.Build();
app.Use(FailedStore.AnswerUnavailable);
app.MapHealthChecks("/health");

app.MapPut("/orders/{customer}/{number}",
    async (string customer, string number, Order order, OrderBook book) =>
    {
        if (order.Product.Length == 0 || order.Quantity <= 0)
            return Results.BadRequest("an order has a product and a quantity");
        await book.PutAsync(customer, number, order);
        return Results.NoContent();
    });

app.MapGet("/orders/{customer}/{number}",
    async (string customer, string number, OrderBook book) =>
        await book.GetAsync(customer, number) is { } order
            ? Results.Ok(order) : Results.NotFound());

app.MapGet("/orders/{customer}",
    (string customer, string? after, int? take, OrderBook book) =>
        book.List(customer, after ?? "", Math.Clamp(take ?? 100, 1, 1000)));

await app.RunAsync();
