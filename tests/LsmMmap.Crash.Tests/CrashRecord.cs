// A recorded run with everything that judging its crashes needs, and its form in a file: the order
// of operations of a run with several threads never comes back, so the record of a crash that was
// not survived is kept, and the command in the failure message plays that one crash again.
// Files go to LSM_CRASH_KEEP, or to lsm-crash-records among the system's temporary files.
// Immutable once made.

using System.IO.Compression;
using System.Text;
using LsmMmap.Testing.Crash;

namespace LsmMmap.Crash.Tests;

internal sealed record CrashRecord
{
    public required string Workload { get; init; }

    public required Guid BootId { get; init; }

    /// <summary>The disk before the first operation.</summary>
    public required DiskModel Start { get; init; }

    public required DiskOperation[] Operations { get; init; }

    public required StateHistory History { get; init; }

    /// <summary>Steps before the record begins that are on disk for certain...</summary>
    public int Synced { get; init; }

    /// <summary>...that outlive the process...</summary>
    public int Flushed { get; init; }

    /// <summary>...and that may be there at all.</summary>
    public int Started { get; init; }

    private static string Folder =>
        Environment.GetEnvironmentVariable("LSM_CRASH_KEEP") is { Length: > 0 } chosen
            ? chosen : Path.Combine(Path.GetTempPath(), "lsm-crash-records");

    /// <summary>Writes it to a new file and returns its path.</summary>
    public string Save()
    {
        Directory.CreateDirectory(Folder);
        string name = Workload.Replace(':', '-') + "-" + Guid.NewGuid().ToString("N")[..8];
        string path = Path.Combine(Folder, name + ".record");
        using var writer = new BinaryWriter(
            new GZipStream(File.Create(path), CompressionLevel.Fastest), Encoding.UTF8);
        writer.Write(Workload);
        writer.Write(BootId.ToString());
        writer.Write(Synced);
        writer.Write(Flushed);
        writer.Write(Started);
        DiskModelCodec.Write(writer, Start);
        writer.Write(Operations.Length);
        foreach (DiskOperation operation in Operations)
            DiskModelCodec.Write(writer, operation);
        History.Write(writer);
        return path;
    }

    public static CrashRecord Load(string path)
    {
        using var reader = new BinaryReader(
            new GZipStream(File.OpenRead(path), CompressionMode.Decompress), Encoding.UTF8);
        string workload = reader.ReadString();
        Guid bootId = Guid.Parse(reader.ReadString());
        int synced = reader.ReadInt32();
        int flushed = reader.ReadInt32();
        int started = reader.ReadInt32();
        DiskModel start = DiskModelCodec.ReadModel(reader);
        var operations = new DiskOperation[reader.ReadInt32()];
        for (int i = 0; i < operations.Length; i++)
            operations[i] = DiskModelCodec.ReadOperation(reader);
        return new CrashRecord
        {
            Workload = workload,
            BootId = bootId,
            Synced = synced,
            Flushed = flushed,
            Started = started,
            Start = start,
            Operations = operations,
            History = StateHistory.Read(reader),
        };
    }
}
