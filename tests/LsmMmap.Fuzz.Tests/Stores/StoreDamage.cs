// What happens to the files of a store in one case: bytes of one of them, or the file as a whole.
// Pure functions of the case's random numbers over copies.

using LsmMmap.Engine.Files;

namespace LsmMmap.Fuzz.Tests;

/// <summary>The files after the damage, and what the judge must know of it.</summary>
internal sealed record StoreDamage(
    SortedDictionary<string, byte[]> Files, StoreFileKind Kind, bool ChangesNothing)
{
    public static StoreDamage Make(FuzzCase the, StoreBase whole, IReadOnlyList<StoreBase> all)
    {
        var files = new SortedDictionary<string, byte[]>(whole.Files, StringComparer.Ordinal);
        StoreFileKind kind = the.Random.Next(10) switch
        {
            0 => StoreFileKind.Current,
            1 or 2 or 3 => StoreFileKind.Manifest,
            4 or 5 or 6 => StoreFileKind.Log,
            7 or 8 => StoreFileKind.Table,
            _ => StoreFileKind.Lock,
        };
        string[] names = [.. whole.NamesOf(kind)];
        if (names.Length == 0)
        {
            kind = StoreFileKind.Manifest;
            names = [.. whole.NamesOf(kind)];
        }
        string name = the.Pick(names);
        the.Say($"store \"{whole.Name}\", {name} of {files[name].Length}");
        if (the.OneIn(4))
            ChangeFile(the, whole, all, files, name, kind);
        else
            ChangeBytes(the, files, name, names);
        return new StoreDamage(files, kind, Same(files, whole.Files));
    }

    private static void ChangeBytes(
        FuzzCase the, SortedDictionary<string, byte[]> files, string name, string[] names)
    {
        byte[][] others = [.. names.Where(one => one != name).Select(one => files[one])];
        if (others.Length > 0 && the.OneIn(12))
        {
            // The same range of two files, exchanged.
            string other = the.Pick([.. names.Where(one => one != name)]);
            byte[] one = [.. files[name]];
            byte[] two = [.. files[other]];
            int length = Math.Min(Math.Min(one.Length, two.Length), 1 << the.Random.Next(16));
            int at = the.Random.Next(Math.Min(one.Length, two.Length) - length + 1);
            the.Say($"{at}+{length} exchanged with {other}");
            two.AsSpan(at, length).CopyTo(one.AsSpan(at));
            files[name].AsSpan(at, length).CopyTo(two.AsSpan(at));
            (files[name], files[other]) = (one, two);
            return;
        }
        files[name] = ByteMutator.Mutate(the, files[name], others);
    }

    private static void ChangeFile(
        FuzzCase the, StoreBase whole, IReadOnlyList<StoreBase> all,
        SortedDictionary<string, byte[]> files, string name, StoreFileKind kind)
    {
        switch (the.Random.Next(5))
        {
            case 0:
                the.Say("removed");
                files.Remove(name);
                break;
            case 1:
                the.Say("emptied");
                files[name] = [];
                break;
            case 2:
                Rename(the, files, name, kind);
                break;
            case 3:
                SortedDictionary<string, byte[]>? older = whole.Older
                    .Where(one => one.ContainsKey(name)).OrderBy(_ => the.Random.Next())
                    .FirstOrDefault();
                the.Say(older == null ? "no older version" : "an older version");
                files[name] = older?[name] ?? files[name];
                break;
            default:
                StoreBase from = the.OneIn(2) ? whole : the.Pick(all);
                string[] same = [.. from.NamesOf(kind)];
                if (same.Length == 0)
                    return;
                string other = the.Pick(same);
                the.Say($"replaced by {other} of \"{from.Name}\"");
                files[name] = from.Files[other];
                break;
        }
    }

    private static void Rename(
        FuzzCase the, SortedDictionary<string, byte[]> files, string name, StoreFileKind kind)
    {
        FileNames.Parse(name, out long number);
        long other = Math.Max(1, number + the.Random.Next(-3, 4));
        string to = kind switch
        {
            StoreFileKind.Log => $"{other:D6}.log",
            StoreFileKind.Table => $"{other:D6}.sst",
            StoreFileKind.Manifest => FileNames.ManifestName(other),
            _ => name + ".old",
        };
        to = the.Random.Next(12) switch
        {
            0 => to.Replace($"{other:D6}", $"0{other:D6}", StringComparison.Ordinal),
            1 => to.Replace($"{other:D6}", "000000", StringComparison.Ordinal),
            2 => to.Replace($"{other:D6}", $"{long.MaxValue}", StringComparison.Ordinal),
            _ => to,
        };
        the.Say($"renamed to {to}");
        byte[] content = files[name];
        files.Remove(name);
        files[to] = content;
    }

    private static bool Same(
        SortedDictionary<string, byte[]> one, SortedDictionary<string, byte[]> two) =>
        one.Count == two.Count && one.All(
            file => two.TryGetValue(file.Key, out byte[]? other)
                && other.AsSpan().SequenceEqual(file.Value));
}
