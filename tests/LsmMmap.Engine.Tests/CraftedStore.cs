// A store written by hand, file by file with the store's own codecs: tables on any level with any
// entries, and a MANIFEST that may say anything of them, all under right checksums. For damage
// that no flipped bit can make. One thread.

using LsmMmap.Engine.Files;
using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Tables;

namespace LsmMmap.Engine.Tests;

internal sealed class CraftedStore(string directory)
{
    public const ulong StoreId = 77;

    private readonly VersionEdit _edit = new();
    private long _lastNumber = 2;

    /// <summary>Adds a table of (key, sequence) puts, whose values are key and sequence; returns
    /// its number. The listing may be
    /// changed before it goes into the MANIFEST.</summary>
    public long Add(
        int level, (string Key, ulong Sequence)[] entries, TableOwner? owner = null,
        Func<TableInfo, TableInfo>? list = null, int keyspaceId = 0)
    {
        Directory.CreateDirectory(directory);
        long number = ++_lastNumber;
        using DurableFile file = LocalFileSystem.Instance.Create(
            FileNames.Table(directory, number));
        using var builder = new TableBuilder(
            file, Manifest.NewNonce(), new TableOptions { Owner = owner });
        foreach ((string key, ulong sequence) in entries)
            builder.Add(
                System.Text.Encoding.UTF8.GetBytes(key),
                EntryTag.Pack(sequence, ValueKind.Put),
                System.Text.Encoding.UTF8.GetBytes($"{key}{sequence}"));
        TableInfo info = TableInfo.Of(number, builder.Finish());
        _edit.Added.Add((keyspaceId, level, list == null ? info : list(info)));
        return number;
    }

    public void Write()
    {
        Directory.CreateDirectory(directory);
        _edit.Numbers = new StoreNumbers(0, 100, 1000, 1);
        _edit.Keyspaces.Add(new KeyspaceRecord(0, "default", "", false, 1000));
        var contents = new ManifestContents();
        Assert.Null(contents.Apply(_edit));
        using var manifest = new ManifestLog(
            LocalFileSystem.Instance, directory,
            new DirectorySync(LocalFileSystem.Instance, directory), StoreId, Guid.Empty, 1,
            contents);
    }
}
