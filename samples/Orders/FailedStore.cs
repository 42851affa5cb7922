// A store that has failed still reads; whoever wants to write is told to come back later.

namespace LsmMmap.Orders;

internal static class FailedStore
{
    public static async Task AnswerUnavailable(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (StoreFailedException)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        }
    }
}
