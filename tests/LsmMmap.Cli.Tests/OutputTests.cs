// The forms of output: escaping and its inverse, quantities, the progress line, streams that
// break.

using System.Buffers;
using System.Text;
using LsmMmap.Cli.Output;

namespace LsmMmap.Cli.Tests;

public sealed class OutputTests
{
    [Fact]
    public void Escape_RandomBytes_ComeBackAndAreHarmless()
    {
        int seed = Seed.Value;
        var random = new Random(seed);
        for (int round = 0; round < 3000; round++)
        {
            byte[] bytes = new byte[random.Next(12)];
            random.NextBytes(bytes);
            string text = ByteText.Escape(bytes);
            var back = new ArrayBufferWriter<byte>();
            bool known = ByteText.TryUnescape(Encoding.UTF8.GetBytes(text), back);
            string what = $"seed {seed}: {Convert.ToHexString(bytes)} as {text}";
            Assert.True(known && back.WrittenSpan.SequenceEqual(bytes), what);
            Assert.False(text.Any(char.IsControl), what);
        }
    }

    [Theory]
    [InlineData("plain ünï 日本 🎈", "plain ünï 日本 🎈")]
    [InlineData("a\tb\nc\rd\\e\0", @"a\tb\nc\rd\\e\x00")]
    [InlineData("\u001b[31m", @"\x1b[31m")]
    [InlineData("\u202e", @"\xe2\x80\xae")]
    public void Escape_Text_LeavesWhatIsHarmless(string text, string expected) =>
        Assert.Equal(expected, ByteText.Escape(Encoding.UTF8.GetBytes(text)));

    [Theory]
    [InlineData(@"\")]
    [InlineData(@"\q")]
    [InlineData(@"\x4")]
    [InlineData(@"\xg0")]
    public void TryUnescape_UnknownEscape_IsRefused(string text) =>
        Assert.False(ByteText.TryUnescape(
            Encoding.UTF8.GetBytes(text), new ArrayBufferWriter<byte>()));

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1.0 KiB")]
    [InlineData(73_248_844, "69.9 MiB")]
    [InlineData(200L << 30, "200 GiB")]
    public void Size_Bytes_ReadsAsAPersonWould(long bytes, string expected) =>
        Assert.Equal(expected, Quantity.Size(bytes));

    [Theory]
    [InlineData(0.000_051, "51 us")]
    [InlineData(0.0641, "64 ms")]
    [InlineData(2.794, "2.79 s")]
    [InlineData(61, "1:01 min")]
    [InlineData(7384, "2:03:04 h")]
    public void Time_Span_ReadsAsAPersonWould(double seconds, string expected) =>
        Assert.Equal(expected, Quantity.Time(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void Progress_HalfDone_TellsShareRateAndTimeLeft()
    {
        using var console = new CliConsole(Stream.Null, Stream.Null, Stream.Null);
        using var progress = new ProgressLine(console, "loading", 1000, "puts");
        progress.Report(500);
        Assert.Equal("loading  ██████████░░░░░░░░░░  50 %  500 of 1,000  50 puts/s  0:10 left",
            progress.Describe(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public void Progress_UnknownTotal_TellsAmountAndTime()
    {
        using var console = new CliConsole(Stream.Null, Stream.Null, Stream.Null);
        using var progress = new ProgressLine(console, "loading", isSize: true);
        Assert.Equal("loading  0:02", progress.Describe(TimeSpan.FromSeconds(2)));
        progress.Report(4 << 20);
        Assert.Equal("loading  4.0 MiB  2.0 MiB/s  0:02",
            progress.Describe(TimeSpan.FromSeconds(2)));
    }

    [Fact]
    public void Run_ReaderOfTheOutputIsGone_EndsQuietly()
    {
        using var folder = new CliFolder();
        folder.Must("put", "a", "1");
        using var error = new MemoryStream();
        using var console = new CliConsole(Stream.Null, new BrokenPipe(), error);
        Assert.Equal(0, Program.Run(["scan", "--db", folder.Store], console));
        Assert.Equal(0, error.Length);
    }

    [Fact]
    public void Run_StopWasAsked_EndsWith130AndClosesTheStore()
    {
        using var folder = new CliFolder();
        folder.Must("put", "a", "1");
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        using var error = new MemoryStream();
        using var console = new CliConsole(
            Stream.Null, new MemoryStream(), error, stop.Token);
        Assert.Equal(130, Program.Run(["scan", "--db", folder.Store], console));
        Assert.Equal(130, Program.Run(["demo", "--synthetic", "100", "--db",
            Path.Combine(folder.Root, "demo")], console));
        using LsmStore free = LsmStore.Open(folder.Store);
    }

    private sealed class BrokenPipe : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count) =>
            throw new IOException("Broken pipe");

        public override void Write(ReadOnlySpan<byte> buffer) =>
            throw new IOException("Broken pipe");
    }
}
