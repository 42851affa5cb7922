// Whole views of the store against whole views of the model. Throws ModelMismatchException where
// they differ.

namespace LsmMmap.Testing.Model;

public static class ModelCheck
{
    /// <summary>Both directions, and a lookup of every key.</summary>
    public static void Same(IReadView view, ModelView model)
    {
        List<ModelEntry> all = model.Between([], []);
        SameEntries(view.Range([], []), all, reversed: false);
        SameEntries(view.Range([], []).Reversed(), all, reversed: true);
        foreach (ModelEntry entry in all)
        {
            using PinnedValue value = view.GetPinned(entry.Key);
            Expect.True(value.Found, $"{Bytes.Show(entry.Key)} is listed but not found");
            Expect.SameBytes(entry.Value, value.Span, Bytes.Show(entry.Key));
        }
    }

    internal static void SameEntries(
        RangeEnumerable range, List<ModelEntry> expected, bool reversed)
    {
        int count = 0;
        foreach (KeyValueView entry in range)
        {
            Expect.True(count < expected.Count, $"more than {expected.Count} entries");
            ModelEntry one = expected[reversed ? expected.Count - 1 - count : count];
            Expect.SameBytes(one.Key, entry.Key, $"key {count}");
            Expect.SameBytes(one.Value, entry.Value, $"value {count}");
            count++;
        }
        Expect.Equal(expected.Count, count, "number of entries");
    }
}
