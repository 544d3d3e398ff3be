namespace TorchBind;

// Second names that Python has for operators.
public static partial class Torch
{
    /// <summary>The product of a sparse matrix with a matrix. Mirrors <c>torch.spmm</c>, another name of <see cref="Mm(TorchBind.Tensor, TorchBind.Tensor)"/>.</summary>
    /// <param name="input">The left matrix.</param>
    /// <param name="mat2">The right matrix.</param>
    public static Tensor Spmm(Tensor input, Tensor mat2) => Mm(input, mat2);

    /// <summary>The same, into memory of the caller's. Mirrors <c>torch.spmm(out=...)</c>.</summary>
    /// <param name="input">The left matrix.</param>
    /// <param name="mat2">The right matrix.</param>
    /// <param name="out">Takes the product.</param>
    /// <returns><paramref name="out"/>.</returns>
    public static Tensor Spmm(Tensor input, Tensor mat2, Tensor @out) => Mm(input, mat2, @out);

    /// <summary>The product of a sparse matrix with a matrix. Mirrors <c>torch.dsmm</c>, another name of <see cref="Mm(TorchBind.Tensor, TorchBind.Tensor)"/>.</summary>
    /// <param name="input">The left matrix.</param>
    /// <param name="mat2">The right matrix.</param>
    public static Tensor Dsmm(Tensor input, Tensor mat2) => Mm(input, mat2);

    /// <summary>The product of a sparse matrix with a dense one, as a hybrid tensor. Mirrors <c>torch.hsmm</c>, another name of <c>hspmm</c>.</summary>
    /// <param name="mat1">The sparse matrix.</param>
    /// <param name="mat2">The dense matrix.</param>
    public static Tensor Hsmm(Tensor mat1, Tensor mat2) => Hspmm(mat1, mat2);

    /// <summary>A sparse matrix plus the product of another with a dense one. Mirrors <c>torch.saddmm</c>, another name of <c>sspaddmm</c>.</summary>
    /// <param name="input">What is added to.</param>
    /// <param name="mat1">The sparse factor.</param>
    /// <param name="mat2">The dense factor.</param>
    /// <param name="beta">Times <paramref name="input"/>.</param>
    /// <param name="alpha">Times the product.</param>
    public static Tensor Saddmm(Tensor input, Tensor mat1, Tensor mat2, Scalar? beta = null, Scalar? alpha = null) =>
        Sspaddmm(input, mat1, mat2, beta, alpha);

    /// <summary>Number of elements. Mirrors <c>torch.numel</c>.</summary>
    /// <param name="input">The tensor.</param>
    public static long Numel(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return input.Numel();
    }

    /// <summary>The index of the tensor's device, -1 for the processor. Mirrors <c>torch.get_device</c>.</summary>
    /// <param name="input">The tensor.</param>
    public static int GetDevice(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return input.GetDevice();
    }
}
