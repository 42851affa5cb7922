// The real data: the members of the API documentation that comes with the .NET SDK, as pairs of
// member id and XML element; where no reference pack is installed, a generated set of the same
// shape. Members whose id is longer than the shortest limit of any engine here (511 bytes, LMDB)
// are left out for all of them.
//
// Threads: immutable once made.

using System.Text;
using LsmMmap.Cli.Demo;

namespace LsmMmap.Workloads.Data;

internal sealed class ApiMembers
{
    public const int KeyBytesMax = 511;
    private const int SyntheticCount = 60_000;
    private const int PrefixBytesMin = 8;

    private readonly List<Member> _members = [];

    private ApiMembers() { }

    public string Description { get; private set; } = "";

    public int Count => _members.Count;

    public long Bytes { get; private set; }

    /// <summary>Ids cut after a type's name, with how many members begin so.</summary>
    public List<(byte[] Prefix, int Count)> Prefixes { get; } = [];

    /// <summary>At most <paramref name="countMax"/> members, in the order of the files.</summary>
    public static ApiMembers Read(int countMax)
    {
        var members = new ApiMembers();
        // The packs repeat each other; the base library's is enough, and the same for everybody.
        ReferencePack? pack = ReferencePacks.Find().FirstOrDefault(
            p => p.Name == "Microsoft.NETCore.App.Ref");
        if (pack == null)
        {
            foreach ((string name, byte[] value) in SyntheticMembers.Generate(SyntheticCount))
                members.Add(name, value, 0, value.Length, countMax);
            members.Description = "generated members (no reference pack is installed)";
        }
        else
        {
            members.AddPack(pack, countMax);
            members.Description = $"{pack.Name} {pack.Version}";
        }
        members.FindPrefixes();
        return members;
    }

    public ReadOnlySpan<byte> Key(int index) => _members[index].Key;

    public ReadOnlySpan<byte> Value(int index)
    {
        Member member = _members[index];
        return member.File.AsSpan(member.Offset, member.Length);
    }

    private void AddPack(ReferencePack pack, int countMax)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (string path in pack.Files)
        {
            byte[] file = File.ReadAllBytes(path);
            var scanner = new MemberScanner(file);
            while (scanner.MoveNext())
            {
                FoundMember found = scanner.Current;
                if (known.Add(found.Name))
                    Add(found.Name, file, found.Offset, found.Length, countMax);
            }
        }
    }

    private void Add(string name, byte[] file, int offset, int length, int countMax)
    {
        byte[] key = Encoding.UTF8.GetBytes(name);
        if (key.Length > KeyBytesMax || _members.Count >= countMax)
            return;
        _members.Add(new Member(key, file, offset, length));
        Bytes += key.Length + length;
    }

    // "M:System.String." and the like: what a tool that lists a type's methods would ask for.
    private void FindPrefixes()
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (Member member in _members)
        {
            string name = Encoding.UTF8.GetString(member.Key);
            int end = name.IndexOf('(', StringComparison.Ordinal);
            int dot = name.LastIndexOf('.', end < 0 ? name.Length - 1 : end);
            if (dot < PrefixBytesMin)
                continue;
            string prefix = name[..(dot + 1)];
            counts[prefix] = counts.GetValueOrDefault(prefix) + 1;
        }
        byte[][] keys = [.. _members.Select(member => member.Key)];
        Array.Sort(keys, static (x, y) => x.AsSpan().SequenceCompareTo(y));
        foreach (string prefix in counts.Keys.Order(StringComparer.Ordinal))
        {
            byte[] bytes = Encoding.UTF8.GetBytes(prefix);
            Prefixes.Add((bytes, CountWith(keys, bytes)));
        }
    }

    private static int CountWith(byte[][] sorted, byte[] prefix)
    {
        int first = 0;
        for (int step = sorted.Length; step > 0;)
        {
            int half = step / 2;
            bool isBelow = sorted[first + half].AsSpan().SequenceCompareTo(prefix) < 0;
            first += isBelow ? half + 1 : 0;
            step = isBelow ? step - half - 1 : half;
        }
        int count = 0;
        while (first + count < sorted.Length
            && sorted[first + count].AsSpan().StartsWith(prefix))
            count++;
        return count;
    }

    private readonly record struct Member(byte[] Key, byte[] File, int Offset, int Length);
}
