// A file system that keeps logs in memory, and knows of every byte whether it was handed over and
// whether it was synced. Each write and sync is a schedule point. The N-th write or sync can be
// made to fail; what comes after it for the same file is an offence.
// Threads: one at a time, under a schedule.

using LsmMmap.Engine.Files;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Versions;
using LsmMmap.Engine.Waiting;

namespace LsmMmap.Engine.Tests.Concurrency;

internal sealed class MemoryLogFiles : IFileSystem
{
    private readonly List<MemoryFile> _files = [];
    private int _writes;
    private int _syncs;

    /// <summary>The write that fails, counted from 1 after <see cref="Arm"/>.</summary>
    public int FailingWrite { get; init; }

    public int FailingSync { get; init; }

    /// <summary>After <see cref="Arm"/>.</summary>
    public bool DirectorySyncFails { get; init; }

    /// <summary>Syncs of logs since <see cref="Arm"/>.</summary>
    public int SyncCount => _syncs;

    /// <summary>From here on nothing may be written: the queue is closed.</summary>
    public bool IsClosed { get; set; }

    /// <summary>A caller was told that the store has failed: from here on no log is synced.
    /// </summary>
    public bool IsTold { get; set; }

    /// <summary>What the store did although it may not.</summary>
    public List<string> Offences { get; } = [];

    public Guid BootId => Guid.Empty;

    private bool IsArmed { get; set; }

    /// <summary>Those of a store that has nothing else.</summary>
    public StoreServices Services() => new()
    {
        Directory = "logs",
        Options = new StoreOptions().Validated(),
        Files = this,
        StoreId = 1,
        BootId = Guid.Empty,
        Tables = new TableSet(this, "logs", ReadMode.Copy, 0, mayUnlink: true),
    };

    /// <summary>Setting up is over: writes count from here.</summary>
    public void Arm() => IsArmed = true;

    /// <summary>Whether the operating system has these bytes.</summary>
    public bool HasWritten(byte[] bytes) => _files.Exists(f => f.Contains(bytes, f.Content.Count));

    public bool HasSynced(byte[] bytes) => _files.Exists(f => f.Contains(bytes, f.Synced));

    public DurableFile Create(string path, long reservedBytes = 0)
    {
        var file = new MemoryFile(this, path);
        _files.Add(file);
        return file;
    }

    public void Delete(string path) => SchedulePoint.Reach("delete");

    public void SyncDirectory(string path)
    {
        SchedulePoint.Reach("sync directory");
        if (IsArmed && DirectorySyncFails)
            throw IoFailure.Of("sync", path, new IOException("injected", 5));
    }

    public long FreeBytes(string directory) => long.MaxValue;

    public bool IsNetwork(string path) => false;

    public void CreateDirectory(string path) => throw new NotSupportedException();

    public IReadOnlyList<FileEntry> List(string directory) => throw new NotSupportedException();

    public bool Exists(string path) => throw new NotSupportedException();

    public Stream OpenRead(string path) => throw new NotSupportedException();

    public TableFile OpenTable(string path, long expectedLength, bool map) =>
        throw new NotSupportedException();

    public void Seal(string path) => throw new NotSupportedException();

    public void Rename(string from, string to) => throw new NotSupportedException();

    public IDisposable Lock(string directory) => throw new NotSupportedException();

    private sealed class MemoryFile(MemoryLogFiles owner, string path) : DurableFile(path, null!)
    {
        private bool _writeHasFailed;
        private bool _syncHasFailed;

        public List<byte> Content { get; } = [];

        public int Synced { get; private set; }

        public override long Length => Content.Count;

        public bool Contains(byte[] bytes, int length) =>
            Content.ToArray().AsSpan(0, length).IndexOf(bytes) >= 0;

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            byte[] bytes = buffer.ToArray();
            SchedulePoint.Reach("write log");
            if (owner.IsClosed)
                owner.Offences.Add("a write after the end");
            if (_writeHasFailed)
                owner.Offences.Add("a write after a failure");
            if (owner.IsArmed && ++owner._writes == owner.FailingWrite)
            {
                _writeHasFailed = true;
                throw Failure("write");
            }
            Content.AddRange(bytes);
        }

        /// <summary>What lies behind the last write is nobody's business here.</summary>
        public override void WriteZerosTo(long end) => SchedulePoint.Reach("lay zeros");

        public override void CutZeros() => SchedulePoint.Reach("cut zeros");

        public override void Sync()
        {
            int length = Content.Count;
            SchedulePoint.Reach("sync log");
            if (_syncHasFailed)
                owner.Offences.Add("a sync after a failed sync");
            if (owner.IsTold)
                owner.Offences.Add("a sync after a caller was told of a failure");
            if (owner.IsArmed && ++owner._syncs == owner.FailingSync)
            {
                _syncHasFailed = true;
                throw Failure("sync");
            }
            Synced = Math.Max(Synced, length);
        }

        // The base has no stream of its own to dispose.
        protected override void Dispose(bool disposing) => base.Dispose(disposing: false);

        private LsmException Failure(string what) =>
            IoFailure.Of(what, FileName, new IOException("injected", 5));
    }
}
