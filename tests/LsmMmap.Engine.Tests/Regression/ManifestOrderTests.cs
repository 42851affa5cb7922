// A change of options that was put together before a flush committed and is appended after it.

using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Tests.Regression;

public sealed class ManifestOrderTests
{
    [Fact]
    public void Apply_OptionsOlderThanAFlush_KeepsTheFlushedSequence()
    {
        var contents = new ManifestContents();
        var made = new VersionEdit();
        made.Keyspaces.Add(new KeyspaceRecord(0, "default", "", false, 0));
        Assert.Null(contents.Apply(made));
        var flush = new VersionEdit();
        flush.Flushed.Add((0, 200));
        Assert.Null(contents.Apply(flush));
        var retuned = new VersionEdit();
        retuned.Keyspaces.Add(new KeyspaceRecord(0, "default", "new", false, 100));
        Assert.Null(contents.Apply(retuned));
        Assert.Equal(200UL, contents.Keyspaces[0].Record.FlushedSequence);
        Assert.Equal("new", contents.Keyspaces[0].Record.Options);
    }
}
