// A sealed table file, open for reading: its bytes by positioned reads, and, when asked, mapped
// whole and read-only. The one place that owns a mapped address.
//
// Invariants: the file's length was compared with the expected one before mapping, so no page of
// the mapping lies beyond the end of the file; the descriptor stays open, so an unlinked file
// stays readable; Dispose unmaps, and only the reclaimer (or an owner that never shared the
// object) may call it.
// Threads: any, until Dispose.

using System.Diagnostics;
using System.Globalization;
using System.IO.MemoryMappedFiles;
using LsmMmap.Engine.Telemetry;
using LsmMmap.Sstable.Mapping;
using Microsoft.Win32.SafeHandles;

namespace LsmMmap.Engine.Files;

internal unsafe class TableFile : TableBytes, IDisposable
{
    private static Action<nint, long, IDisposable>? s_insteadOfUnmapping;

    private readonly SafeFileHandle _handle;
    private MemoryMappedViewAccessor? _view;
    private byte* _address;

    public TableFile(string path, SafeFileHandle handle, long length, bool map)
        : base(length)
    {
        FileName = path;
        _handle = handle;
        // The kernel would answer two neighbouring reads with megabytes ahead of them; cursors and
        // compactions know better what they will need, and advise.
        PageCache.AdviseRandom(handle);
        if (map && length > 0)
            Map();
    }

    public string FileName { get; }

    /// <summary>For a test of lifetimes: from now on a mapping that would be undone is given away
    /// (address, length, owner), so that the range can be made inaccessible and is never used
    /// for something else.</summary>
    internal static void GiveMappingsTo(Action<nint, long, IDisposable> taker) =>
        Volatile.Write(ref s_insteadOfUnmapping, taker);

    public override void Populate(long offset, long length)
    {
        Debug.Assert(IsMapped, "only a mapping can be populated");
        Debug.Assert(offset >= 0 && offset + length <= Length, "a range inside the table");
        // Safety: the range lies in the mapping, which stands until Dispose.
        if (!PageCache.Populate(_address + offset, length))
            throw Damage(offset, "the disk could not read this page");
    }

    public override void Advise(long offset, long length)
    {
        Debug.Assert(offset >= 0 && offset + length <= Length, "a range inside the table");
        PageCache.AdviseWillNeed(_handle, offset, length);
    }

    public override bool IsResident(long offset, int length)
    {
        Debug.Assert(offset >= 0 && offset + length <= Length, "a range inside the table");
        return PageCache.IsResident(_handle, offset, length);
    }

    /// <summary>Bytes of the file that are in memory; -1 where the system does not tell.
    /// </summary>
    public long ResidentBytes() => PageCache.ResidentBytes(_handle);

    public override void Read(long offset, Span<byte> destination)
    {
        try
        {
            while (destination.Length > 0)
            {
                int count = RandomAccess.Read(_handle, destination, offset);
                if (count == 0)
                    throw Damage(offset, "the file ends early", Length + " bytes", offset + "");
                offset += count;
                destination = destination[count..];
            }
        }
        catch (Exception e) when (IoFailure.IsIo(e))
        {
            throw Damage(offset, "the disk could not read this range", innerException: e);
        }
    }

    public override Exception Damage(
        long offset, string what, string? expected = null, string? found = null,
        Exception? innerException = null) =>
        Damages.Found(
            new CorruptionException(FileName, offset, what, expected, found, innerException));

    public override Exception NewerFormat(int foundVersion, int knownVersion) =>
        new FormatVersionException(
            string.Create(CultureInfo.InvariantCulture,
                $"{FileName} has table format {foundVersion}; this version knows {knownVersion}"),
            FileName);

    public void Dispose()
    {
        SetMapping(null);
        byte* address = _address;
        if (address != null)
            _view!.SafeMemoryMappedViewHandle.ReleasePointer();
        _address = null;
        if (address != null && Volatile.Read(ref s_insteadOfUnmapping) is { } taker)
            taker((nint)address, Length, _view!);
        else
            _view?.Dispose();
        _view = null;
        _handle.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Where the system has no room for one more mapping, the table is read by copying.
    /// </summary>
    private void Map()
    {
        try
        {
            MapWhole();
        }
        catch (Exception e) when (IoFailure.IsIo(e) || e is OutOfMemoryException)
        {
            _view?.Dispose();
            _view = null;
        }
    }

    private void MapWhole()
    {
        using var map = MemoryMappedFile.CreateFromFile(
            _handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None,
            leaveOpen: true);
        _view = map.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
        // Safety: the pointer is acquired once and released once in Dispose; the view keeps the
        // mapping between the two.
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _address);
        _address += _view.PointerOffset;
        PageCache.AdviseRandom(_address, Length);
        SetMapping(_address);
    }
}
