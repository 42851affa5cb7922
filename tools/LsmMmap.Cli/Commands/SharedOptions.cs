// The options that several commands share, so that they have one name, one text and one meaning,
// and the opening of the store that they describe. One object per parse: the parser keeps state
// in its symbols.

using System.CommandLine;
using System.CommandLine.Parsing;
using LsmMmap.Cli.Output;
using LsmMmap.Engine.Recovery;

namespace LsmMmap.Cli.Commands;

internal sealed class SharedOptions
{
    /// <summary>Names the store for a whole shell session.</summary>
    public const string DatabaseVariable = "LSM_DB";

    public Option<string?> Database { get; } = new("--db", "-d")
    {
        HelpName = "DIR",
        Description = $"Directory of the store; without it the environment variable "
            + $"{DatabaseVariable} names it.",
    };

    public Option<string> KeyspaceName { get; } = new("--keyspace", "-k")
    {
        HelpName = "NAME",
        Description = "The keyspace to work on.",
        DefaultValueFactory = _ => "default",
    };

    public Option<bool> Json { get; } = Flag.Create(
        "--json", "Write JSON, one object a line, for a program to read.");

    public Option<bool> Full { get; } = Flag.Create(
        "--full", "Do not cut lines at the margin of the terminal.");

    public Option<bool> KeysAsHex { get; } = Flag.Create(
        "--hex", "Keys on the command line are hexadecimal.");

    public Option<Durability> Durability { get; } = new("--durability")
    {
        HelpName = "buffered|flushed|synced",
        Description = "What a commit survives: buffered nothing, flushed the end of the process, "
            + "synced a power cut.",
        DefaultValueFactory = _ => LsmMmap.Durability.Flushed,
        CustomParser = ParseDurability,
    };

    /// <summary>Small memtables make small stores flush and compact; tests want that.</summary>
    public Option<long?> MemtableBytes { get; } = CreateMemtableBytes();

    /// <summary>The store as an argument, for commands that have no other.</summary>
    public static Argument<string?> CreateDirectory() => new("DIR")
    {
        Arity = ArgumentArity.ZeroOrOne,
        Description = "Directory of the store; without it --db names it.",
    };

    /// <summary>The store for reading; works beside a writer and writes nothing.</summary>
    public LsmStore OpenReadOnly(ParseResult parsed) =>
        LsmStore.OpenReadOnly(DirectoryOf(parsed));

    /// <summary>The store for writing; this process is then its only writer. The default
    /// keyspace keeps the options that are stored with it: opening would else replace them by
    /// those given here.</summary>
    public LsmStore OpenForWriting(ParseResult parsed, bool createIfMissing)
    {
        string directory = DirectoryOf(parsed);
        var options = new StoreOptions { CreateIfMissing = createIfMissing };
        if (KeptOptions(parsed, directory, "default") is { } kept)
            options.DefaultKeyspace = kept;
        return LsmStore.Open(directory, options);
    }

    /// <summary>The keyspace to write to, made when missing; an existing one keeps its options,
    /// but for what the command line says.</summary>
    public Keyspace KeyspaceForWriting(ParseResult parsed, LsmStore store, string name) =>
        store.GetKeyspace(name, parsed.GetValue(MemtableBytes) is null
            ? null : KeptOptions(parsed, DirectoryOf(parsed), name));

    private KeyspaceOptions? KeptOptions(ParseResult parsed, string directory, string name)
    {
        KeyspaceOptions? stored = StoreInspector.StoredOptions(directory, name);
        if (parsed.GetValue(MemtableBytes) is not long memtableBytes)
            return stored;
        stored ??= new KeyspaceOptions();
        stored.MemtableBytes = memtableBytes;
        return stored;
    }

    /// <summary>The keyspace to read or to change; a missing one is told, never made.</summary>
    public Keyspace ExistingKeyspace(ParseResult parsed, LsmStore store) =>
        ExistingKeyspace(store, NameOf(parsed));

    public Keyspace ExistingKeyspace(LsmStore store, string name)
    {
        if (!store.KeyspaceNames.Contains(name))
            throw new FailureException($"there is no keyspace '{name}'; the store has: "
                + string.Join(", ", store.KeyspaceNames));
        return store.GetKeyspace(name);
    }

    public string NameOf(ParseResult parsed) => parsed.GetValue(KeyspaceName) ?? "default";

    public string DirectoryOf(ParseResult parsed)
    {
        string? directory = parsed.GetValue(Database)
            ?? Environment.GetEnvironmentVariable(DatabaseVariable);
        if (string.IsNullOrEmpty(directory))
            throw new UsageException(
                $"which store? Give --db DIR or set {DatabaseVariable}.");
        return directory;
    }

    /// <summary>A key, or a bound, as typed: UTF-8 text, or hexadecimal with --hex.</summary>
    public byte[] KeyOf(ParseResult parsed, string text)
    {
        if (!parsed.GetValue(KeysAsHex))
            return System.Text.Encoding.UTF8.GetBytes(text);
        if (!ByteText.TryParseHex(text, out byte[] key))
            throw new UsageException($"'{text}' is not hexadecimal (an even number of 0-9, a-f)");
        return key;
    }

    private static Option<long?> CreateMemtableBytes()
    {
        Option<long?> option = NumberOption.Create(
            "--memtable-bytes", [], "N", "Bytes of a memtable.", smallest: 1);
        option.Hidden = true;
        return option;
    }

    private static Durability ParseDurability(ArgumentResult result)
    {
        string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        // A number would pass Enum.TryParse too, and 7 is no level.
        if (Enum.TryParse(text, ignoreCase: true, out Durability level)
            && Enum.IsDefined(level) && !char.IsDigit(text[0]))
            return level;
        result.AddError($"'{text}' is no durability: buffered, flushed or synced.");
        return default;
    }
}
