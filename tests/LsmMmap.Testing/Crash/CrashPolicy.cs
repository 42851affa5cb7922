// What a crash may leave of a disk. POSIX promises no more than the strictest of these and file
// systems do anything in between, so a store has to come back from every one.
//
// A sector of 512 bytes is written whole or not at all; unsynced sectors of one file, files and
// names reach the disk in any order. Pure functions of the model and a seed.

namespace LsmMmap.Testing.Crash;

internal enum CrashPolicy
{
    /// <summary>Nothing that was not synced survives.</summary>
    Strict,

    /// <summary>Everything survives.</summary>
    Everything,

    /// <summary>Names and lengths survive, unsynced bytes are zeros.</summary>
    LengthsOnly,

    /// <summary>Names survive, unsynced bytes do not.</summary>
    NamesOnly,

    /// <summary>Bytes survive, unsynced names do not.</summary>
    BytesOnly,

    /// <summary>Any subset of unsynced sectors and changes of names.</summary>
    Random,

    /// <summary>Everything, and the next write up to a sector's end in its middle.</summary>
    TornSector,

    /// <summary>Everything, and the next write up to a page's end in its middle.</summary>
    TornPage,

    /// <summary>Only the process dies: everything written survives, nothing buffered.</summary>
    Kill,

    /// <summary>The same in the middle of a write.</summary>
    KillTorn,
}

internal static class DiskAfter
{
    public const int SectorBytes = 512;
    public const int PageBytes = 4096;

    public static bool IsKill(CrashPolicy policy) =>
        policy is CrashPolicy.Kill or CrashPolicy.KillTorn;

    /// <summary>The disk after the crash; null when the policy has nothing to say here. The next
    /// operation is the one that the crash prevented.</summary>
    public static DiskImage? Image(
        DiskModel disk, CrashPolicy policy, int seed, DiskOperation? next)
    {
        if (policy is CrashPolicy.TornSector or CrashPolicy.TornPage or CrashPolicy.KillTorn)
            return Torn(disk, policy, next);
        var random = new Random(seed);
        var image = new DiskImage { HasDirectory = HasDirectory(disk, policy, random) };
        if (!image.HasDirectory)
            return image;
        foreach ((string name, DiskFile file) in NamesAfter(disk, policy, random))
        {
            image.Files.Add(name, ContentAfter(file, policy, random));
            if (file.IsSealed)
                image.Sealed.Add(name);
        }
        return image;
    }

    private static bool HasDirectory(DiskModel disk, CrashPolicy policy, Random random) =>
        disk.DirectoryIsDurable || (disk.HasDirectory && policy switch
        {
            CrashPolicy.Strict or CrashPolicy.BytesOnly => false,
            CrashPolicy.Random => random.Next(2) == 0,
            _ => true,
        });

    private static DiskImage? Torn(DiskModel disk, CrashPolicy policy, DiskOperation? next)
    {
        if (next is not { Step: DiskStep.Write })
            return null;
        DiskFile? file = disk.Names.Values.FirstOrDefault(f => f.Id == next.FileId);
        if (file == null)
            return null;
        int unit = policy switch
        {
            CrashPolicy.TornSector => SectorBytes,
            CrashPolicy.TornPage => PageBytes,
            _ => 1,
        };
        int start = file.Position;
        int end = (start + next.Bytes.Length / 2 + unit - 1) / unit * unit;
        if (end <= start || end >= start + next.Bytes.Length)
            return null;
        DiskModel torn = disk.Clone();
        torn.Apply(next with { Bytes = next.Bytes[..(end - start)] });
        return Image(torn, CrashPolicy.Everything, 0, null);
    }

    private static Dictionary<string, DiskFile> NamesAfter(
        DiskModel disk, CrashPolicy policy, Random random)
    {
        if (policy is CrashPolicy.Strict or CrashPolicy.BytesOnly)
            return disk.DurableNames;
        if (policy != CrashPolicy.Random)
            return disk.Names;
        var names = new Dictionary<string, DiskFile>(disk.DurableNames);
        bool inOrder = random.Next(2) == 0;
        int first = random.Next(disk.PendingNames.Count + 1);
        for (int i = 0; i < disk.PendingNames.Count; i++)
        {
            if (inOrder ? i < first : random.Next(2) == 0)
                disk.PendingNames[i].ApplyTo(names);
        }
        return names;
    }

    private static byte[] ContentAfter(DiskFile file, CrashPolicy policy, Random random) =>
        policy switch
        {
            _ when file.Pending.Count == 0 => file.Durable,
            CrashPolicy.Strict or CrashPolicy.NamesOnly => file.Durable,
            CrashPolicy.LengthsOnly => Lengthened(file),
            CrashPolicy.Random => Sectors(file, random),
            _ => file.Content(),
        };

    /// <summary>As long as the file was, with its durable bytes.</summary>
    private static byte[] Lengthened(DiskFile file)
    {
        byte[] left = new byte[file.Length];
        file.Durable.AsSpan(0, Math.Min(left.Length, file.Durable.Length)).CopyTo(left);
        return left;
    }

    /// <summary>Each sector as it was after some of the changes that touch it, independently of
    /// its neighbours.</summary>
    private static byte[] Sectors(DiskFile file, Random random)
    {
        List<FileChange> changes = file.Pending;
        // Whether the file was cut is noted apart from its bytes, which nobody rewrites then.
        if (changes[^1].IsCut && random.Next(2) == 0)
            changes = changes[..^1];
        int longest = file.Durable.Length;
        int final = file.Durable.Length;
        foreach (FileChange change in changes)
        {
            final = change.LengthAfter(final);
            longest = Math.Max(longest, final);
        }
        byte[] left = new byte[longest];
        file.Durable.CopyTo(left, 0);
        int length = file.Durable.Length;
        int oddsOfAll = random.Next(4);
        for (int start = 0; start < longest; start += SectorBytes)
        {
            int end = Math.Min(start + SectorBytes, longest);
            int taken = random.Next(4) < oddsOfAll
                ? changes.Count : random.Next(changes.Count + 1);
            for (int i = 0; i < taken; i++)
            {
                FileChange change = changes[i];
                if (change.IsCut || change.Offset >= end
                    || change.Offset + change.Bytes.Length <= start)
                    continue;
                change.ApplyTo(left.AsSpan(start, end - start), start);
                length = Math.Max(length, Math.Min(end, change.Offset + change.Bytes.Length));
            }
        }
        if (changes.Exists(static change => change.IsCut))
            return left[..final];
        // The length is written apart from the bytes: it may run ahead of them.
        return random.Next(2) == 0 ? left : left[..length];
    }
}
