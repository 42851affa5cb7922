// Random operations on the store and on the model of it, compared after each one. The count is
// 200,000 unless LSM_MODEL_OPERATIONS says otherwise; LSM_SEED chooses the first seed.

using LsmMmap.Testing;
using LsmMmap.Testing.Model;

namespace LsmMmap.Engine.Tests;

public sealed class ModelTests
{
    private const int Rows = 20;
    private const int OperationsPerSeed = 10_000;

    public static TheoryData<int> RowNumbers => [.. Enumerable.Range(0, Rows)];

    /// <summary>Row r takes the seeds base + r, base + r + 20, and so on.</summary>
    [Theory]
    [MemberData(nameof(RowNumbers))]
    public void Store_RandomOperations_AgreesWithModel(int row)
    {
        long operations = Seeds.Number("LSM_MODEL_OPERATIONS", Rows * OperationsPerSeed);
        long left = (operations + Rows - 1) / Rows;
        for (int seed = Seeds.Base + row; left > 0; seed += Rows)
        {
            using var folder = new TemporaryFolder();
            ModelRunner.Run(seed, (int)Math.Min(left, OperationsPerSeed), folder.Path);
            left -= OperationsPerSeed;
        }
    }
}
