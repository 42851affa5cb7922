// A logger that keeps what it is told, with the values of each message by name. Levels are set by
// category, and may be changed under way.
// Threads: any.

using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace LsmMmap.Hosting.Tests;

internal sealed record LoggedLine(
    string Category, LogLevel Level, EventId Id, string Text,
    IReadOnlyDictionary<string, object?> Values);

internal sealed class CollectedLog : ILoggerProvider
{
    private readonly ConcurrentQueue<LoggedLine> _lines = new();

    public IReadOnlyCollection<LoggedLine> Lines => _lines;

    /// <summary>Whether a category takes a level; all do unless a test says otherwise.</summary>
    public Func<string, LogLevel, bool> Takes { get; set; } = static (_, _) => true;

    public ILogger CreateLogger(string categoryName) => new CategoryLog(this, categoryName);

    /// <summary>The lines of the engine's events.</summary>
    public LoggedLine[] Of(string name) => [.. _lines.Where(l => l.Id.Name == name)];

    public void Dispose()
    {
    }

    private sealed class CategoryLog(CollectedLog owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => owner.Takes(category, logLevel);

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            Assert.True(IsEnabled(logLevel), $"{category} does not take {logLevel}");
            var values = new Dictionary<string, object?>();
            if (state is IEnumerable<KeyValuePair<string, object?>> pairs)
            {
                foreach ((string name, object? value) in pairs)
                    values[name] = value;
            }
            owner._lines.Enqueue(new LoggedLine(
                category, logLevel, eventId, formatter(state, exception), values));
        }
    }
}
