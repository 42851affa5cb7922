// A store whose table cannot be read any more, in each read mode. The store has one table of some
// hundred blocks; its first key is read, which opens it, and sometimes everything, which verifies
// it; then the harm is done, and one use of the harmed part is tried.
//
// Harms: mapped pages become unreadable, the file is cut to one page, or the test does something
// to the disk below. Uses: a get, a scan, a compaction, the verification. What happens is reported;
// when the process ends instead, the test sees that.
// Threads: one; the store has its own.

using System.Globalization;
using System.Text;
using LsmMmap.Engine.Lifetimes;

namespace LsmMmap.Real.Child;

internal sealed class Media(string directory, ReadMode mode, string use, string fault)
{
    public const int Keys = 2_000;

    private const int ValueBytes = 200;

    public static byte[] Key(int n) => Encoding.ASCII.GetBytes(
        n.ToString("D8", CultureInfo.InvariantCulture));

    /// <summary>Makes the store: one table on the last level.</summary>
    public static void Create(string directory)
    {
        using (LsmStore store = LsmStore.Open(directory))
        {
            byte[] value = new byte[ValueBytes];
            for (int n = 0; n < Keys; n++)
            {
                new Random(n).NextBytes(value);
                store.Put(Key(n), value, Durability.Buffered);
            }
            store.Compact();
        }
        // The files are closed behind the store's back; whoever takes them away finds none open.
        Reclaimer.WaitUntilIdle();
    }

    public int Run()
    {
        using LsmStore store = LsmStore.Open(directory, new StoreOptions { ReadMode = mode });
        // Something to be compacted with the table.
        store.Put(Key(Keys / 2), "new"u8, Durability.Flushed);
        Check(store.Get(Key(0)), 0);
        if (fault.StartsWith("verified ", StringComparison.Ordinal))
        {
            for (int n = 0; n < Keys; n++)
                Check(store.Get(Key(n)), n);
        }
        Harm();
        Report.Line("harmed");
        try
        {
            Use(store);
            Report.Line("went well");
        }
        catch (LsmException e)
        {
            Report.Failed(use, e);
            return 0;
        }
        return 0;
    }

    private static void Check(byte[]? value, int n)
    {
        byte[] expected = new byte[ValueBytes];
        new Random(n).NextBytes(expected);
        if (n != Keys / 2 && !value.AsSpan().SequenceEqual(expected))
            throw new InvalidOperationException($"key {n} reads wrong");
    }

    private void Use(LsmStore store)
    {
        switch (use)
        {
            case "get":
                for (int n = 0; n < Keys; n++)
                    Check(store.Get(Key(n)), n);
                break;
            case "scan":
                int at = 0;
                foreach (KeyValueView view in store.Range(default, default))
                    Check(view.Value.ToArray(), at++);
                break;
            case "compact":
                store.Compact();
                break;
            case "verify":
                VerifyReport report = store.Verify();
                if (report.DamageCount > 0)
                    throw report.Damages[0];
                break;
            default:
                throw new ArgumentException(use);
        }
    }

    private void Harm()
    {
        if (fault == "disk")
        {
            Report.Line("waiting");
            Console.ReadLine();
            return;
        }
        string table = Directory.GetFiles(directory, "*.sst").Single();
        if (fault.EndsWith("truncated", StringComparison.Ordinal))
        {
            NativeCalls.Truncate(table, NativeCalls.PageBytes);
            return;
        }
        // Pages in the middle: data blocks, neither index nor filter nor the first block.
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            if (!line.EndsWith(table, StringComparison.Ordinal))
                continue;
            string[] ends = line.Split(' ')[0].Split('-');
            nint start = nint.Parse(ends[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            nint end = nint.Parse(ends[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            long pages = (end - start) / NativeCalls.PageBytes;
            NativeCalls.MakeUnreadable(
                start + (nint)(pages / 4 * NativeCalls.PageBytes),
                pages / 4 * NativeCalls.PageBytes);
            return;
        }
        Report.Line("not mapped");
    }
}
