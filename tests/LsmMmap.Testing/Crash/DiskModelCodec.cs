// A disk model and a record as bytes, so that the crash that a test could not survive can be kept
// in a file and played again. For one version of the tests; not a format.
// Threads: one.

namespace LsmMmap.Testing.Crash;

internal static class DiskModelCodec
{
    public static void Write(BinaryWriter writer, DiskModel model)
    {
        writer.Write(model.HasDirectory);
        writer.Write(model.DirectoryIsDurable);
        writer.Write(model.Files.Count);
        foreach (DiskFile file in model.Files)
        {
            writer.Write(file.Id);
            writer.Write(file.IsSealed);
            writer.Write(file.Position);
            WriteBytes(writer, file.Durable);
            writer.Write(file.Pending.Count);
            foreach (FileChange change in file.Pending)
            {
                writer.Write(change.Offset);
                writer.Write(change.IsCut);
                WriteBytes(writer, change.Bytes);
            }
        }
        WriteNames(writer, model.Names);
        WriteNames(writer, model.DurableNames);
        writer.Write(model.PendingNames.Count);
        foreach (NameChange change in model.PendingNames)
        {
            writer.Write(change.Removes ?? "");
            writer.Write(change.Adds ?? "");
            writer.Write(change.File?.Id ?? 0);
        }
    }

    public static DiskModel ReadModel(BinaryReader reader)
    {
        var model = new DiskModel
        {
            HasDirectory = reader.ReadBoolean(),
            DirectoryIsDurable = reader.ReadBoolean(),
        };
        var files = new Dictionary<int, DiskFile>();
        for (int left = reader.ReadInt32(); left > 0; left--)
        {
            DiskFile file = model.Add(reader.ReadInt32());
            files.Add(file.Id, file);
            file.IsSealed = reader.ReadBoolean();
            file.Position = reader.ReadInt32();
            file.Durable = ReadBytes(reader);
            for (int changes = reader.ReadInt32(); changes > 0; changes--)
            {
                int offset = reader.ReadInt32();
                bool isCut = reader.ReadBoolean();
                file.Pending.Add(new FileChange(offset, ReadBytes(reader), isCut));
            }
        }
        ReadNames(reader, files, model.Names);
        ReadNames(reader, files, model.DurableNames);
        for (int left = reader.ReadInt32(); left > 0; left--)
        {
            string removes = reader.ReadString();
            string adds = reader.ReadString();
            model.PendingNames.Add(new NameChange(
                removes.Length == 0 ? null : removes, adds.Length == 0 ? null : adds,
                files.GetValueOrDefault(reader.ReadInt32())));
        }
        return model;
    }

    public static void Write(BinaryWriter writer, DiskOperation operation)
    {
        writer.Write((int)operation.Step);
        writer.Write(operation.Name);
        writer.Write(operation.To);
        writer.Write(operation.FileId);
        writer.Write(operation.Offset);
        writer.Write(operation.WorkStep);
        writer.Write((int)operation.Durability);
        WriteBytes(writer, operation.Bytes);
    }

    public static DiskOperation ReadOperation(BinaryReader reader) =>
        new((DiskStep)reader.ReadInt32(), reader.ReadString())
        {
            To = reader.ReadString(),
            FileId = reader.ReadInt32(),
            Offset = reader.ReadInt32(),
            WorkStep = reader.ReadInt32(),
            Durability = (Durability)reader.ReadInt32(),
            Bytes = ReadBytes(reader),
        };

    public static void WriteBytes(BinaryWriter writer, byte[] bytes)
    {
        writer.Write(bytes.Length);
        writer.Write(bytes);
    }

    public static byte[] ReadBytes(BinaryReader reader) => reader.ReadBytes(reader.ReadInt32());

    private static void WriteNames(BinaryWriter writer, Dictionary<string, DiskFile> names)
    {
        writer.Write(names.Count);
        foreach ((string name, DiskFile file) in names)
        {
            writer.Write(name);
            writer.Write(file.Id);
        }
    }

    private static void ReadNames(
        BinaryReader reader, Dictionary<int, DiskFile> files, Dictionary<string, DiskFile> names)
    {
        for (int left = reader.ReadInt32(); left > 0; left--)
            names.Add(reader.ReadString(), files[reader.ReadInt32()]);
    }
}
