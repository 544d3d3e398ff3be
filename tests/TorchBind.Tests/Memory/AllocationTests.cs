namespace TorchBind.Tests.Memory;

/// <summary>
/// What a call allocates on the managed heap: the tensor that it gives back, and nothing for scalars, shapes, indices and short lists.
/// </summary>
[NonParallelizable]
public class AllocationTests
{
    // A Tensor: header, method table, one field.
    private const long OneTensor = 24;
    private const int Calls = 1000;

    private static readonly Tensor s_vector = Torch.Ones(4);
    private static readonly Tensor s_matrix = Torch.Ones(4, 4);
    private static readonly Tensor s_number = Torch.Ones([]);

    private static IEnumerable<TestCaseData> Operations()
    {
        static TestCaseData Case(string name, long bytes, Action action) => new TestCaseData(bytes, action).SetArgDisplayNames(name);
        yield return Case("scalar", OneTensor, static () => (s_vector + 1.5).Dispose());
        yield return Case("in place", 0, static () => s_vector.Mul_(s_vector));
        yield return Case("shape in", OneTensor, static () => s_matrix.View(2, 8).Dispose());
        yield return Case("shape out", 0, static () => _ = s_matrix.Shape[0] + s_matrix.Stride(1));
        yield return Case("integer index", OneTensor, static () => s_matrix[1].Dispose());
        yield return Case("range indices", OneTensor, static () => s_matrix[1..3, ..^1].Dispose());
        yield return Case("list of tensors", OneTensor, static () => Torch.Cat([s_vector, s_vector]).Dispose());
        yield return Case("list of integers", OneTensor, static () => s_matrix.Sum([0, 1]).Dispose());
        yield return Case("number out", 0, static () => s_number.Item<float>());
        yield return Case("no-grad", 0, static () => { using (Torch.NoGrad()) { } });
        yield return Case("attributes", 0, static () => _ = s_vector.RequiresGrad && s_vector.IsLeaf && s_vector.DType == DType.Float32);
    }

    [TestCaseSource(nameof(Operations))]
    public void AllocatesOnlyItsResult(long bytes, Action call)
    {
        for (var i = 0; i < Calls; i++)
            call();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Calls; i++)
            call();
        Assert.That((GC.GetAllocatedBytesForCurrentThread() - before) / Calls, Is.EqualTo(bytes));
    }
}
