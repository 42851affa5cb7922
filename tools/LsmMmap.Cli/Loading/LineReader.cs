// Lines of a stream as bytes: no decoding, no string per line, any line length up to a limit. A
// line ends with \n or \r\n; the last one may end with the stream.
//
// The span of a line is borrowed until the next Read. One buffer, doubled when a line outgrows it.

using System.Diagnostics;

namespace LsmMmap.Cli.Loading;

internal sealed class LineReader(Stream source, int lineBytesMax = LineReader.LineBytesMax)
{
    /// <summary>A value of 1 GiB, a key, and what a format puts around them.</summary>
    public const int LineBytesMax = (1 << 30) + (1 << 20);

    private byte[] _buffer = new byte[64 << 10];
    private int _start;
    private int _end;
    private bool _atEnd;

    /// <summary>The line that Read found, without its end.</summary>
    public ReadOnlySpan<byte> Line => _buffer.AsSpan(_lineStart, _lineLength);

    /// <summary>1 for the first line.</summary>
    public long LineNumber { get; private set; }

    /// <summary>Bytes taken from the stream for the lines so far.</summary>
    public long BytesConsumed { get; private set; }

    private int _lineStart;
    private int _lineLength;

    /// <summary>The next line; false after the last.</summary>
    /// <exception cref="InvalidDataException">A line is longer than the limit.</exception>
    public bool Read()
    {
        int searched = 0;
        while (true)
        {
            Debug.Assert(_start + searched <= _end, "the search stays inside what was read");
            int feed = _buffer.AsSpan(_start + searched, _end - _start - searched)
                .IndexOf((byte)'\n');
            if (feed >= 0)
                return Take(searched + feed, searched + feed + 1);
            searched = _end - _start;
            if (_atEnd)
                return searched > 0 && Take(searched, searched);
            Fill();
        }
    }

    private bool Take(int lineLength, int consumed)
    {
        _lineStart = _start;
        _lineLength = lineLength;
        if (lineLength > 0 && _buffer[_start + lineLength - 1] == (byte)'\r')
            _lineLength--;
        _start += consumed;
        BytesConsumed += consumed;
        LineNumber++;
        return true;
    }

    private void Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }
        if (_end == _buffer.Length)
        {
            if (_end >= lineBytesMax)
                throw new InvalidDataException(
                    $"line {LineNumber + 1} is longer than {lineBytesMax} bytes");
            long doubled = Math.Min(2L * _buffer.Length, Math.Max(lineBytesMax, _end + 1L));
            Array.Resize(ref _buffer, (int)doubled);
        }
        int read = source.Read(_buffer, _end, _buffer.Length - _end);
        _atEnd = read == 0;
        _end += read;
    }
}
