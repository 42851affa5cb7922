// Reads CURRENT and the MANIFEST that it names. A torn last edit at the very end is a crash in
// the middle of an append and is cut; anything else that does not verify is damage.

using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.IO.Hashing;
using System.Text;
using LsmMmap.Engine.Files;
using LsmMmap.Wal;

namespace LsmMmap.Engine.Versions;

internal static class ManifestReader
{
    private const string CurrentMagic = "LSM-CURRENT";
    private const int CurrentVersion = 1;
    private const int CurrentBytesMax = 256;
    private const string Repair = "; `lsm repair` rebuilds it from the tables and logs";

    /// <summary>The text of a CURRENT file: magic, version, name, checksum of what stands before
    /// it.</summary>
    public static byte[] EncodeCurrent(long manifestNumber)
    {
        string text = string.Create(CultureInfo.InvariantCulture,
            $"{CurrentMagic} {CurrentVersion} {FileNames.ManifestName(manifestNumber)} ");
        ulong checksum = XxHash3.HashToUInt64(Encoding.ASCII.GetBytes(text));
        return Encoding.ASCII.GetBytes(
            text + checksum.ToString("x16", CultureInfo.InvariantCulture) + "\n");
    }

    /// <summary>The number of the manifest that CURRENT names. Requires: CURRENT exists.</summary>
    public static long ReadCurrent(IFileSystem files, string directory)
    {
        string path = FileNames.Current(directory);
        var buffer = new byte[CurrentBytesMax];
        int count = 0;
        using (Stream stream = files.OpenRead(path))
            count = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        string text = Encoding.ASCII.GetString(buffer, 0, count);
        string[] parts = text.Split(' ');
        if (parts.Length >= 2 && parts[0] == CurrentMagic
            && int.TryParse(parts[1], CultureInfo.InvariantCulture, out int version)
            && version > CurrentVersion)
        {
            throw new FormatVersionException(
                $"{path} has format {version}; this version knows {CurrentVersion}", path);
        }
        if (parts.Length == 4
            && FileNames.Parse(parts[2], out long number) == StoreFileKind.Manifest
            && text == Encoding.ASCII.GetString(EncodeCurrent(number)))
            return number;
        throw new CorruptionException(
            path, 0, "CURRENT does not name a manifest" + Repair, CurrentMagic + " ...",
            text.Length == 0 ? "an empty file" : "other bytes");
    }

    /// <summary>The sum of all edits; <paramref name="onEdit"/> sees each with its offset.
    /// </summary>
    public static ManifestContents Read(
        IFileSystem files, string directory, long number, out LogHeader header,
        Action<long, VersionEdit>? onEdit = null)
    {
        string path = FileNames.Manifest(directory, number);
        if (!files.Exists(path))
            throw new CorruptionException(path, 0, "the manifest is missing" + Repair);
        using Stream stream = files.OpenRead(path);
        if (!LogReader.TryReadHeader(stream, out header, out LogDamage? damage))
            ThrowHeader(path, damage!);
        if (header.LogNumber != number)
            throw new CorruptionException(path, 0, "the manifest carries another number" + Repair,
                $"{number}", $"{header.LogNumber}");
        var contents = new ManifestContents();
        var reader = new LogReader(stream, header);
        ulong chain = 0;
        long lastEdit = 0;
        while (reader.Read())
        {
            if (reader.Kind != LogRecordKind.Data)
                continue;
            VersionEdit edit = Decode(path, reader, ref chain);
            string? problem = contents.Apply(edit);
            if (problem != null)
                throw new CorruptionException(path, reader.RecordOffset, problem + Repair);
            onEdit?.Invoke(reader.RecordOffset, edit);
            lastEdit = reader.RecordOffset;
        }
        CheckEnd(path, number, reader);
        if (lastEdit == 0)
            throw new CorruptionException(
                path, LogFormat.HeaderBytes, "the manifest holds no edit" + Repair);
        if (ContentsCheck.FindProblem(contents) is { } wrong)
            throw new CorruptionException(path, lastEdit, wrong + Repair);
        return contents;
    }

    private static VersionEdit Decode(string path, LogReader reader, ref ulong chain)
    {
        bool isEdit = EditCodec.TryDecode(
            reader.Body, out ulong carried, out VersionEdit edit, out string problem);
        if (edit.UnknownField is { } tag)
            ThrowUnknown(path, reader.RecordOffset, tag);
        if (!isEdit)
            throw new CorruptionException(path, reader.RecordOffset, problem + Repair);
        if (carried != chain)
            throw new CorruptionException(
                path, reader.RecordOffset, "an edit before this one is missing" + Repair,
                $"chain {chain:x16}", $"{carried:x16}");
        chain = Manifest.NextChain(reader.Body);
        return edit;
    }

    /// <summary>Whoever wrote the field meant that nobody goes on without it.</summary>
    [DoesNotReturn]
    internal static void ThrowUnknown(string path, long offset, byte tag) =>
        throw new FormatVersionException(string.Create(CultureInfo.InvariantCulture,
            $"{path} at offset {offset}: field 0x{tag:X2} of an edit is unknown and must be " +
            $"understood; a newer version wrote it"), path);

    private static void CheckEnd(string path, long number, LogReader reader)
    {
        if (reader.Damage is not { } damage)
            return;
        // A whole record behind the damage alone proves nothing: after a power cut any part of
        // what was not synced may be there. Its synced point does.
        var bad = new LogPosition(number, damage.Offset);
        while (reader.FindVerifying())
        {
            if (reader.Synced.CompareTo(bad) > 0)
                throw new CorruptionException(
                    path, damage.Offset, "an edit is damaged" + Repair, damage.Expected,
                    damage.Found);
        }
    }

    private static void ThrowHeader(string path, LogDamage damage)
    {
        if (damage.Kind == LogDamageKind.NewerVersion)
            throw new FormatVersionException(
                $"{path} has log format {damage.Found}; this version knows {LogFormat.Version}",
                path);
        throw new CorruptionException(
            path, damage.Offset, "the manifest's header does not verify" + Repair,
            damage.Expected, damage.Found);
    }
}
