// Where the bytes of one sealed table come from. This assembly knows bytes only; the engine
// implements the class over a file and so gives it a name, a mapping and system calls.
//
// Invariants: the bytes never change and the length is final; a mapping, when there is one, covers
// all of them and stays until the object is released by its owner; Read never touches the mapping.
// Threads: every member may be called from any thread.

using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace LsmMmap.Sstable.Mapping;

internal abstract unsafe class TableBytes
{
    private const int LineBytes = 64;

    private byte* _mapping;

    protected TableBytes(long length)
    {
        Debug.Assert(length >= 0, "a table has no negative length");
        Length = length;
    }

    /// <summary>Length of the table in bytes.</summary>
    public long Length { get; }

    /// <summary>Whether <see cref="Slice"/> may be used.</summary>
    public bool IsMapped => _mapping != null;

    /// <summary>
    /// Makes a range of the mapping resident, so that touching it next neither blocks nor kills.
    /// Throws what <see cref="Damage"/> makes when the system cannot read it. Does nothing where
    /// the system has no such call.
    /// </summary>
    public abstract void Populate(long offset, long length);

    /// <summary>Says that a range will be read soon, so that it is on its way by then. Returns
    /// without waiting for the disk; advice only, so a failure is nobody's concern.</summary>
    public abstract void Advise(long offset, long length);

    /// <summary>Whether a range is in memory now, so that reading it would not wait for the
    /// disk. False also where the system cannot tell.</summary>
    public abstract bool IsResident(long offset, int length);

    /// <summary>Reads exactly the range by an ordinary positioned read.</summary>
    public abstract void Read(long offset, Span<byte> destination);

    /// <summary>Makes (does not throw) the exception for damage found at an offset.</summary>
    public abstract Exception Damage(
        long offset, string what, string? expected = null, string? found = null,
        Exception? innerException = null);

    /// <summary>Makes (does not throw) the exception for a format newer than this code.</summary>
    public abstract Exception NewerFormat(int foundVersion, int knownVersion);

    /// <summary>A run of mapped bytes. Requires: mapped, and the range inside the table.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public NativeSlice Slice(long offset, int length)
    {
        Debug.Assert(_mapping != null, "only a mapped table can be sliced");
        if ((ulong)offset > (ulong)Length || (ulong)length > (ulong)(Length - offset))
            throw Damage(offset, "a range reaches beyond the table", $"<= {Length}",
                $"{offset}+{length}");
        // Safety: the range was just checked against the mapped length; the owner of this object
        // keeps the mapping while any reader holds it.
        return new NativeSlice(_mapping + offset, length);
    }

    /// <summary>Asks for the lines of a range ahead of their use. Never faults, whatever the
    /// range.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(long offset, int bytes)
    {
        Debug.Assert(_mapping != null, "only a mapped table has lines");
        if (!Sse.IsSupported)
            return;
        // Safety: a prefetch reads nothing; an address outside the mapping is ignored.
        byte* line = _mapping + offset;
        for (int at = 0; at < bytes; at += LineBytes)
            Sse.Prefetch0(line + at);
    }

    /// <summary>
    /// Set once, before the object is shared, by the subclass that maps the file.
    /// </summary>
    protected void SetMapping(byte* mapping)
    {
        Debug.Assert(_mapping == null || mapping == null, "a table is mapped once");
        _mapping = mapping;
    }
}
