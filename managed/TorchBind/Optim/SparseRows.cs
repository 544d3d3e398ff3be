namespace TorchBind.Optim;

/// <summary>The parts of a coalesced sparse gradient.</summary>
internal static class SparseRows
{
    internal static Tensor Values(Tensor sparse) => Torch.Aten._Values(sparse);

    /// <summary>A sparse tensor with the same indices and other values.</summary>
    internal static Tensor Like(Tensor rows, Tensor values) =>
        Torch.SparseCooTensor(Torch.Aten._Indices(rows), values, rows.Shape);
}
