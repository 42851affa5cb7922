// A logger that keeps the names of what it was told. Thread rule: any thread.

using System.Collections.Concurrent;
using LsmMmap.Extensions.Caching;
using Microsoft.Extensions.Logging;

namespace LsmMmap.Caching.Tests;

internal sealed class CacheLogRecorder : ILogger<LsmCache>
{
    private readonly ConcurrentQueue<string> _names = new();
    private readonly ConcurrentQueue<string> _texts = new();

    /// <summary>The names of the events, oldest first.</summary>
    public IReadOnlyList<string> Names => [.. _names];

    /// <summary>The texts of the events, oldest first.</summary>
    public IReadOnlyList<string> Texts => [.. _texts];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        _names.Enqueue(eventId.Name ?? "");
        _texts.Enqueue(formatter(state, exception) + " " + exception?.Message);
    }
}
