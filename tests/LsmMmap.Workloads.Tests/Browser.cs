// A real browser without a window, driven by the DevTools protocol over a web socket: enough to
// open a page as a phone would, by day and by night, and to ask what it became. Chromium and its
// relatives speak it; LSM_BROWSER names one that is not on the PATH, LSM_BROWSER_FLAGS adds flags
// that a container may need.
//
// Threads: one caller at a time.

using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;

namespace LsmMmap.Workloads.Tests;

internal sealed class Browser : IAsyncDisposable
{
    private static readonly string[] s_names =
    [
        "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
        "headless_shell", "microsoft-edge",
    ];

    private readonly Process _process;
    private readonly string _profile;
    private readonly ClientWebSocket _socket = new();
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(2));
    private int _lastId;

    private Browser(Process process, string profile)
    {
        _process = process;
        _profile = profile;
    }

    /// <summary>The browser's program, or null where there is none.</summary>
    public static string? Find()
    {
        if (Environment.GetEnvironmentVariable("LSM_BROWSER") is { Length: > 0 } named)
            return named;
        return (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(folder => s_names.Select(name => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists);
    }

    public static async Task<Browser> Start(string program, string profile)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardError = true };
        string more = Environment.GetEnvironmentVariable("LSM_BROWSER_FLAGS") ?? "";
        foreach (string flag in (string[])
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0",
                "--user-data-dir=" + profile,
                .. more.Split(' ', StringSplitOptions.RemoveEmptyEntries), "about:blank",
            ])
            start.ArgumentList.Add(flag);
        Process process = Process.Start(start) ?? throw new IOException("no browser started");
        var browser = new Browser(process, profile);
        await browser.Connect();
        return browser;
    }

    /// <summary>Shows a page of the disk as a phone of this width would.</summary>
    public async Task Open(string path, int width, bool isDark)
    {
        await Send("Emulation.setDeviceMetricsOverride", new JsonObject
        {
            ["width"] = width,
            ["height"] = 844,
            ["deviceScaleFactor"] = 2,
            ["mobile"] = true,
        });
        var scheme = new JsonObject
        {
            ["name"] = "prefers-color-scheme",
            ["value"] = isDark ? "dark" : "light",
        };
        await Send("Emulation.setEmulatedMedia", new JsonObject
        {
            ["features"] = new JsonArray(scheme),
        });
        await Send("Page.navigate", new JsonObject { ["url"] = new Uri(path).AbsoluteUri });
        while (await Ask("document.readyState + document.querySelectorAll('main').length")
            != "complete1")
            await Task.Delay(50, _patience.Token);
    }

    /// <summary>The value of an expression in the page, as text.</summary>
    public async Task<string> Ask(string expression)
    {
        JsonNode answer = await Send("Runtime.evaluate", new JsonObject
        {
            ["expression"] = $"String({expression})",
        });
        return answer["result"]?["value"]?.GetValue<string>() ?? "";
    }

    /// <summary>Keeps a picture of the whole page for a person, where LSM_PICTURES names a
    /// folder.</summary>
    public async Task Keep(string name)
    {
        if (Environment.GetEnvironmentVariable("LSM_PICTURES") is not { Length: > 0 } folder)
            return;
        JsonNode answer = await Send(
            "Page.captureScreenshot", new JsonObject { ["captureBeyondViewport"] = true });
        byte[] picture = Convert.FromBase64String(answer["data"]!.GetValue<string>());
        await File.WriteAllBytesAsync(Path.Combine(folder, name + ".png"), picture);
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _socket.Dispose();
        _patience.Dispose();
        Directory.Delete(_profile, recursive: true);
    }

    private async Task Connect()
    {
        const string marker = "DevTools listening on ";
        string? line;
        do
            line = await _process.StandardError.ReadLineAsync(_patience.Token)
                ?? throw new IOException("the browser ended at once");
        while (!line.StartsWith(marker, StringComparison.Ordinal));
        _ = _process.StandardError.ReadToEndAsync(CancellationToken.None);
        var address = new Uri(line[marker.Length..]);
        using var http = new HttpClient();
        string list = await http.GetStringAsync(
            new Uri($"http://{address.Authority}/json/list"), _patience.Token);
        string page = JsonNode.Parse(list)!.AsArray()
            .First(item => item!["type"]!.GetValue<string>() == "page")!["webSocketDebuggerUrl"]!
            .GetValue<string>();
        await _socket.ConnectAsync(new Uri(page), _patience.Token);
    }

    private async Task<JsonNode> Send(string method, JsonObject parameters)
    {
        int id = ++_lastId;
        var call = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters };
        await _socket.SendAsync(
            Encoding.UTF8.GetBytes(call.ToJsonString()), WebSocketMessageType.Text, true,
            _patience.Token);
        while (true)
        {
            JsonNode answer = JsonNode.Parse(await Receive())!;
            if (answer["id"]?.GetValue<int>() != id)
                continue;
            return answer["result"]
                ?? throw new IOException($"{method}: {answer["error"]?.ToJsonString()}");
        }
    }

    private async Task<string> Receive()
    {
        using var all = new MemoryStream();
        byte[] part = new byte[64 << 10];
        WebSocketReceiveResult got;
        do
        {
            got = await _socket.ReceiveAsync(part, _patience.Token);
            all.Write(part, 0, got.Count);
        }
        while (!got.EndOfMessage);
        return Encoding.UTF8.GetString(all.ToArray());
    }
}

/// <summary>A test that needs a browser; without one it is skipped, and says why.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute()
    {
        if (Browser.Find() == null)
            Skip = "no browser on the PATH and none named by LSM_BROWSER";
    }
}
