// The knobs of a cache, and the check that they fit together.

using Microsoft.Extensions.Options;

namespace LsmMmap.Extensions.Caching;

/// <summary>Options of an <see cref="LsmCache"/>. Either <see cref="Directory"/> or
/// <see cref="Store"/> is set.</summary>
/// <remarks>Not thread-safe while being set. Read when the cache is made.</remarks>
public sealed class LsmCacheOptions : IOptions<LsmCacheOptions>
{
    /// <summary>The directory of a store that the cache opens and disposes; made where it is
    /// missing.</summary>
    /// <value>null, the default, means that <see cref="Store"/> is used.</value>
    public string? Directory { get; set; }

    /// <summary>A store that is open already. The cache keeps its entries in a keyspace of it and
    /// does not dispose it.</summary>
    /// <value>null, the default, means that <see cref="Directory"/> is used.</value>
    public LsmStore? Store { get; set; }

    /// <summary>The keyspace that holds the entries, and nothing else. The cache sets its options.
    /// </summary>
    /// <value>"cache"; 1 to 255 UTF-8 bytes without control characters; not "default".</value>
    public string Keyspace { get; set; } = "cache";

    /// <summary>About the most that the cache takes on disk, in bytes. Above it the entries that
    /// were written first leave, in steps of a sixteenth, whether they were read or not.</summary>
    /// <value>0, the default, means no limit; else from 1 MiB to 1 EiB. A value larger than half
    /// of it is not kept.</value>
    public long SizeLimitBytes { get; set; }

    /// <summary>The sliding expiration of an entry that is set without any expiration.</summary>
    /// <value>null, the default, means that such an entry does not expire.</value>
    public TimeSpan? DefaultSlidingExpiration { get; set; }

    /// <summary>What a Set and a Remove survive.</summary>
    /// <value><see cref="Durability.Flushed"/>: the end of the process, not a power cut.</value>
    public Durability Durability { get; set; } = Durability.Flushed;

    /// <summary>The clock. A <see cref="Store"/> that is given must have been opened with the same
    /// one.</summary>
    /// <value><see cref="TimeProvider.System"/>.</value>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    LsmCacheOptions IOptions<LsmCacheOptions>.Value => this;
}

/// <summary>Says everything that is wrong with options at once.</summary>
internal sealed class LsmCacheOptionsCheck : IValidateOptions<LsmCacheOptions>
{
    public const long SizeLimitBytesMin = 1L << 20;
    public const long SizeLimitBytesMax = 1L << 60;

    /// <summary>Throws when the options do not fit together.</summary>
    /// <exception cref="OptionsValidationException">The message has every reason.</exception>
    public static void ThrowIfWrong(LsmCacheOptions options)
    {
        List<string> wrong = Wrong(options);
        if (wrong.Count > 0)
            throw new OptionsValidationException(
                Options.DefaultName, typeof(LsmCacheOptions), wrong);
    }

    public ValidateOptionsResult Validate(string? name, LsmCacheOptions options)
    {
        List<string> wrong = Wrong(options);
        return wrong.Count == 0
            ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);
    }

    private static List<string> Wrong(LsmCacheOptions options)
    {
        List<string> wrong = [];
        if (string.IsNullOrEmpty(options.Directory) == (options.Store == null))
            wrong.Add("set either Directory or Store");
        if (options.Store is { IsReadOnly: true })
            wrong.Add("Store is open read-only");
        if (string.IsNullOrEmpty(options.Keyspace) || options.Keyspace == "default")
            wrong.Add($"Keyspace is \"{options.Keyspace}\": give the cache one of its own");
        if (options.SizeLimitBytes != 0
            && options.SizeLimitBytes is < SizeLimitBytesMin or > SizeLimitBytesMax)
            wrong.Add($"SizeLimitBytes is {options.SizeLimitBytes}: 0, or 1 MiB to 1 EiB");
        if (options.DefaultSlidingExpiration is { } window && window <= TimeSpan.Zero)
            wrong.Add($"DefaultSlidingExpiration is {window}: more than zero, or null");
        if (options.Durability is < Durability.Buffered or > Durability.Synced)
            wrong.Add($"Durability is {options.Durability}: Buffered, Flushed or Synced");
        if (options.TimeProvider == null)
            wrong.Add("TimeProvider is null");
        return wrong;
    }
}
