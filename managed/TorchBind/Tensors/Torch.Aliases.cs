namespace TorchBind;

// Second names that Python has for operators.
public static partial class Torch
{
    /// <summary>The product of a sparse matrix with a matrix. Mirrors <c>torch.spmm</c>, another name of <see cref="Mm(TorchBind.Tensor, TorchBind.Tensor)"/>.</summary>
    /// <param name="input">The left matrix <c>(M, K)</c>, sparse or dense.</param>
    /// <param name="mat2">The right matrix <c>(K, N)</c>, of the same dtype.</param>
    /// <returns>Shape <c>(M, N)</c>; sparse where both are.</returns>
    /// <exception cref="TorchException">The sizes do not fit each other, or the dtypes differ.</exception>
    public static Tensor Spmm(Tensor input, Tensor mat2) => Mm(input, mat2);

    /// <summary>The same, into memory of the caller's. Mirrors <c>torch.spmm(out=...)</c>.</summary>
    /// <param name="input">The left matrix <c>(M, K)</c>, sparse or dense.</param>
    /// <param name="mat2">The right matrix <c>(K, N)</c>, of the same dtype.</param>
    /// <param name="out">Takes the product <c>(M, N)</c>, and is resized where it does not fit; of the same dtype.</param>
    /// <returns><paramref name="out"/>.</returns>
    /// <exception cref="TorchException">The sizes do not fit each other, or the dtypes differ.</exception>
    public static Tensor Spmm(Tensor input, Tensor mat2, Tensor @out) => Mm(input, mat2, @out);

    /// <summary>The product of a sparse matrix with a matrix. Mirrors <c>torch.dsmm</c>, another name of <see cref="Mm(TorchBind.Tensor, TorchBind.Tensor)"/>.</summary>
    /// <param name="input">The left matrix <c>(M, K)</c>, sparse or dense.</param>
    /// <param name="mat2">The right matrix <c>(K, N)</c>, of the same dtype.</param>
    /// <returns>Shape <c>(M, N)</c>; sparse where both are.</returns>
    /// <exception cref="TorchException">The sizes do not fit each other, or the dtypes differ.</exception>
    public static Tensor Dsmm(Tensor input, Tensor mat2) => Mm(input, mat2);

    /// <summary>The product of a sparse matrix with a dense one, as a hybrid tensor. Mirrors <c>torch.hsmm</c>, another name of <c>hspmm</c>.</summary>
    /// <param name="mat1">The sparse matrix <c>(M, K)</c>, COO.</param>
    /// <param name="mat2">The dense matrix <c>(K, N)</c>, of the same dtype.</param>
    /// <returns>Shape <c>(M, N)</c>, COO with dense rows.</returns>
    /// <exception cref="TorchException">The sizes do not fit each other, or the dtypes differ.</exception>
    /// <exception cref="TorchNotImplementedException"><paramref name="mat1"/> is not sparse.</exception>
    public static Tensor Hsmm(Tensor mat1, Tensor mat2) => Hspmm(mat1, mat2);

    /// <summary>A sparse matrix plus the product of another with a dense one. Mirrors <c>torch.saddmm</c>, another name of <c>sspaddmm</c>.</summary>
    /// <param name="input">What is added to: <c>(M, N)</c>, COO.</param>
    /// <param name="mat1">The sparse factor <c>(M, K)</c>, COO.</param>
    /// <param name="mat2">The dense factor <c>(K, N)</c>.</param>
    /// <param name="beta">Times <paramref name="input"/>; null: 1.</param>
    /// <param name="alpha">Times the product; null: 1.</param>
    /// <returns>Shape <c>(M, N)</c>, COO.</returns>
    /// <exception cref="TorchException">
    /// The sizes do not fit each other, or <paramref name="input"/> or <paramref name="mat1"/> is not sparse.
    /// </exception>
    public static Tensor Saddmm(Tensor input, Tensor mat1, Tensor mat2, Scalar? beta = null, Scalar? alpha = null) =>
        Sspaddmm(input, mat1, mat2, beta, alpha);

    /// <summary>Number of elements. Mirrors <c>torch.numel</c>.</summary>
    /// <param name="input">The tensor, of any shape.</param>
    /// <returns>The product of the sizes.</returns>
    /// <exception cref="ArgumentNullException">The tensor is null.</exception>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public static long Numel(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return input.Numel();
    }

    /// <summary>The index of the tensor's device, -1 for the processor. Mirrors <c>torch.get_device</c>.</summary>
    /// <param name="input">The tensor, of any shape.</param>
    /// <returns>The index.</returns>
    /// <exception cref="ArgumentNullException">The tensor is null.</exception>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public static int GetDevice(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return input.GetDevice();
    }
}
