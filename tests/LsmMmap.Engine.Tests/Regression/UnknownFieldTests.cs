// A MANIFEST with a field that must be understood and is not was reported as damage, as if `lsm
// repair` could help; it is a newer format and is refused as such.

using System.Buffers.Binary;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.Versions;
using LsmMmap.Wal;

namespace LsmMmap.Engine.Tests.Regression;

public sealed class UnknownFieldTests : StoreTest
{
    private const byte Unknown = 0x8F;

    // Without the throw in ManifestReader.Decode this was a CorruptionException.
    [Fact]
    public void Open_UnknownFieldThatMustBeUnderstood_IsRefusedByName()
    {
        WriteManifest(Unknown);
        FormatVersionException refused =
            Assert.Throws<FormatVersionException>(() => LsmStore.Open(Home));
        Assert.Contains("0x8F", refused.Message, StringComparison.Ordinal);
        Assert.EndsWith("MANIFEST-000001", refused.FileName, StringComparison.Ordinal);
        Assert.Throws<FormatVersionException>(() => LsmStore.OpenReadOnly(Home));
    }

    [Fact]
    public void Open_UnknownFieldWithoutTheBit_IsPassedOver()
    {
        WriteManifest(0x0F);
        Assert.Equal(["default"], Open().KeyspaceNames);
    }

    // Without the rule in LeftoverCheck a new, empty store was made over it.
    [Fact]
    public void Open_UnknownFieldAndNoCurrent_MakesNoNewStore()
    {
        WriteManifest(Unknown);
        File.Delete(FileNames.Current(Home));
        Assert.Throws<CorruptionException>(() => LsmStore.Open(Home));
    }

    private void WriteManifest(byte tag)
    {
        Directory.CreateDirectory(Home);
        var edit = new VersionEdit { Numbers = new StoreNumbers(0, 2, 0, 1) };
        edit.Keyspaces.Add(new KeyspaceRecord(0, "default", "", false, 0));
        byte[] body = [.. EditCodec.Encode(edit, 0), tag, 1, 0];
        Assert.Equal(0UL, BinaryPrimitives.ReadUInt64LittleEndian(body));
        using (DurableFile file = LocalFileSystem.Instance.Create(FileNames.Manifest(Home, 1)))
        {
            var writer = new LogWriter(file, new LogHeader(7, 1, 3, Guid.Empty));
            writer.WriteHeader();
            writer.Append(LogRecordKind.Data, new LogPosition(1, 0), body);
        }
        File.WriteAllBytes(FileNames.Current(Home), ManifestReader.EncodeCurrent(1));
    }
}
