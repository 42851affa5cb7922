// The sample service as a process of its own, with a port of Kestrel's choosing. It is ready when
// it says where it listens; it ends by SIGTERM, as a service manager ends it, or by SIGKILL.
// Threads: the runtime's read both outputs; the rest is the test's.

using System.Collections.Concurrent;
using System.Diagnostics;

namespace LsmMmap.Hosting.Tests;

internal sealed class OrdersProcess : IAsyncDisposable
{
    private const string Listening = "Now listening on: ";

    private static readonly TimeSpan s_never = TimeSpan.FromSeconds(90);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly TaskCompletionSource<Uri> _listens = new(
        TaskCreationOptions.RunContinuationsAsynchronously);

    private OrdersProcess(string folder, string[] settings)
    {
        var start = new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            [
                Path.Combine(AppContext.BaseDirectory, "LsmMmap.Orders.dll"),
                "--urls", "http://127.0.0.1:0",
                "--Logging:LogLevel:LsmMmap", "Debug",
                "--LsmMmap:orders:Directory", folder,
                "--LsmMmap:orders:DefaultKeyspace:MemtableBytes", "65536",
                .. settings,
            ])
        {
            // Not that of the tests, so that their settings are not the service's.
            WorkingDirectory = Path.GetDirectoryName(folder)!,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        start.Environment.Remove("ASPNETCORE_URLS");
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Hear(line.Data);
        _process.ErrorDataReceived += (_, line) => Hear(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public HttpClient Http { get; } = new(
        new SocketsHttpHandler { UseProxy = false, PooledConnectionLifetime = s_never });

    public int ExitCode => _process.ExitCode;

    /// <summary>What it said, for a message.</summary>
    public string Said => string.Join('\n', _lines);

    /// <summary>Settings are arguments of the command line, beyond those that every test has.
    /// </summary>
    public static async Task<OrdersProcess> StartAsync(string folder, params string[] settings)
    {
        var service = new OrdersProcess(folder, settings);
        Task ended = service._process.WaitForExitAsync();
        Task first = await Task.WhenAny(service._listens.Task, ended).WaitAsync(s_never);
        Assert.True(first != ended, $"it did not start: {service.Said}");
        service.Http.BaseAddress = await service._listens.Task;
        return service;
    }

    /// <summary>Nothing of the process's own runs any more.</summary>
    public void Kill() => _process.Kill();

    /// <summary>What a service manager asks with.</summary>
    public void Terminate()
    {
        using Process kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }

    public Task EndAsync() => _process.WaitForExitAsync().WaitAsync(s_never);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await EndAsync();
        _process.Dispose();
        Http.Dispose();
    }

    private void Hear(string? line)
    {
        if (line == null)
            return;
        _lines.Enqueue(line);
        int at = line.IndexOf(Listening, StringComparison.Ordinal);
        if (at >= 0)
            _listens.TrySetResult(new Uri(line[(at + Listening.Length)..].Trim()));
    }
}
