// What the demo stores and compares with: keys and values that stay in memory as they stood in
// their files, so that every read of the store can be checked against the source itself.
//
// One keyspace for each pack, because packs repeat each other (the one of ASP.NET Core carries
// most of the base library's documentation again). Within a pack a few hundred members stand in
// the files of several assemblies: the first file, by name, has the bare member id as its key, and
// a later one has " @Assembly" appended (no member id contains a space).
//
// Threads: immutable once made.

using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Hashing;
using System.Text;
using LsmMmap.Cli.Output;

namespace LsmMmap.Cli.Demo;

internal sealed class DemoSource
{
    private readonly List<Member> _members = [];
    private readonly List<string> _keyspaces = [];
    private readonly XxHash3 _hash = new();
    private readonly HashSet<string> _keysOfPack = new(StringComparer.Ordinal);

    private DemoSource(string examplePrefix) => ExamplePrefix = examplePrefix;

    /// <summary>One line for each pack, for a person.</summary>
    public List<string> Descriptions { get; } = [];

    public IReadOnlyList<string> Keyspaces => _keyspaces;

    public int Count => _members.Count;

    public long KeyBytes { get; private set; }

    public long ValueBytes { get; private set; }

    /// <summary>Equal for equal content only; an old demo store is compared by it.</summary>
    public string Fingerprint { get; private set; } = "";

    /// <summary>The prefix whose keys the demo lists, and the keyspace they stand in.</summary>
    public string ExamplePrefix { get; }

    public int ExampleKeyspace { get; private set; }

    /// <summary>Every member of the packs.</summary>
    public static DemoSource OfPacks(
        IEnumerable<ReferencePack> packs, CancellationToken cancellation)
    {
        var source = new DemoSource("M:System.String.Concat");
        foreach (ReferencePack pack in packs)
        {
            source.BeginKeyspace(pack.Name);
            int before = source.Count;
            foreach (string file in pack.Files)
            {
                cancellation.ThrowIfCancellationRequested();
                source.AddFile(File.ReadAllBytes(file), Path.GetFileNameWithoutExtension(file));
            }
            source.Descriptions.Add($"{pack.Name} {pack.Version}: "
                + $"{Quantity.Count(source.Count - before, "member")} in "
                + Quantity.Count(pack.Files.Count, "file"));
        }
        source.Seal();
        return source;
    }

    /// <summary>The same bytes on every machine, for where no pack is installed.</summary>
    public static DemoSource Synthetic(int count)
    {
        var source = new DemoSource("M:Synthetic.Type00042.");
        source.BeginKeyspace("synthetic");
        foreach ((string name, byte[] value) in SyntheticMembers.Generate(count))
            source.Add(name, value, 0, value.Length);
        source.Descriptions.Add(FormattableString.Invariant(
            $"a generated set of {count:N0} members, the same on every machine"));
        source.Seal();
        return source;
    }

    public ReadOnlySpan<byte> Key(int index) => _members[index].Key;

    public ReadOnlySpan<byte> Value(int index)
    {
        Member member = _members[index];
        return member.File.AsSpan(member.Offset, member.Length);
    }

    public int KeyspaceOf(int index) => _members[index].Keyspace;

    /// <summary>The keys that a scan over the example prefix must find, in its order.</summary>
    public List<byte[]> ExampleKeys()
    {
        byte[] prefix = Encoding.UTF8.GetBytes(ExamplePrefix);
        List<byte[]> keys = [.. _members
            .Where(member => member.Keyspace == ExampleKeyspace
                && member.Key.AsSpan().StartsWith(prefix))
            .Select(member => member.Key)];
        keys.Sort((left, right) => left.AsSpan().SequenceCompareTo(right));
        return keys;
    }

    private void BeginKeyspace(string name)
    {
        _keyspaces.Add(name);
        _keysOfPack.Clear();
    }

    private void AddFile(byte[] file, string assembly)
    {
        var scanner = new MemberScanner(file);
        while (scanner.MoveNext())
        {
            FoundMember found = scanner.Current;
            string key = found.Name;
            for (int copy = 1; !_keysOfPack.Add(key); copy++)
                key = found.Name + " @" + assembly + (copy == 1 ? "" : "#" + copy);
            Add(key, file, found.Offset, found.Length);
        }
    }

    private void Add(string name, byte[] file, int offset, int length)
    {
        Debug.Assert(_keyspaces.Count > 0, "a member belongs to a keyspace");
        byte[] key = Encoding.UTF8.GetBytes(name);
        _members.Add(new Member(key, file, offset, length, _keyspaces.Count - 1));
        KeyBytes += key.Length;
        ValueBytes += length;
        Span<byte> lengths = stackalloc byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(lengths, key.Length);
        BinaryPrimitives.WriteInt32LittleEndian(lengths[4..], length);
        _hash.Append(lengths);
        _hash.Append(key);
        _hash.Append(file.AsSpan(offset, length));
    }

    private void Seal()
    {
        foreach (string keyspace in _keyspaces)
            _hash.Append(Encoding.UTF8.GetBytes(keyspace));
        Fingerprint = FormattableString.Invariant(
            $"{_hash.GetCurrentHashAsUInt64():x16} {Count} members");
        byte[] prefix = Encoding.UTF8.GetBytes(ExamplePrefix);
        // The smallest pack that has the example is the one that defines it.
        ExampleKeyspace = _members
            .Where(member => member.Key.AsSpan().StartsWith(prefix))
            .Select(member => member.Keyspace)
            .Distinct()
            .OrderBy(keyspace => _members.Count(member => member.Keyspace == keyspace))
            .FirstOrDefault();
    }

    private readonly record struct Member(
        byte[] Key, byte[] File, int Offset, int Length, int Keyspace);
}
