namespace TorchBind.NN;

/// <summary>How a matrix of <see cref="Functional.ScaledMm"/> was scaled. Mirrors <c>F.ScalingType</c>.</summary>
public enum ScalingType
{
    /// <summary>One float32 factor.</summary>
    TensorWise = 0,
    /// <summary>A float32 factor for each row.</summary>
    RowWise = 1,
    /// <summary>A float8_e4m3fn factor for each 16 elements.</summary>
    BlockWise1x16 = 2,
    /// <summary>A float8_e8m0fnu factor for each 32 elements.</summary>
    BlockWise1x32 = 3,
    /// <summary>A float32 factor for each 128 elements.</summary>
    BlockWise1x128 = 4,
    /// <summary>A float32 factor for each block of 128 by 128.</summary>
    BlockWise128x128 = 5,
}

/// <summary>How the factors of <see cref="Functional.ScaledMm"/> lie in memory. Mirrors <c>F.SwizzleType</c>.</summary>
public enum SwizzleType
{
    /// <summary>In order.</summary>
    NoSwizzle = 0,
    /// <summary>In tiles of 32 by 4 by 4.</summary>
    Swizzle32x4x4 = 1,
}

public static partial class Functional
{
    /// <summary>The product of two matrices in a short dtype with their factors. Mirrors <c>F.scaled_mm</c>; libtorch 2.14, and hardly on the processor.</summary>
    /// <param name="matA">(m, k), a float8 dtype or float4.</param>
    /// <param name="matB">(k, n), likewise; column by column in memory, as a transposed matrix is.</param>
    /// <param name="scaleA">The factors of <paramref name="matA"/>, one tensor for each recipe.</param>
    /// <param name="scaleRecipeA">What they belong to.</param>
    /// <param name="scaleB">The factors of <paramref name="matB"/>, one tensor for each recipe.</param>
    /// <param name="scaleRecipeB">What they belong to.</param>
    /// <param name="swizzleA">How the factors of <paramref name="matA"/> lie in memory. Default: not told.</param>
    /// <param name="swizzleB">How the factors of <paramref name="matB"/> lie in memory. Default: not told.</param>
    /// <param name="bias">(n): added to each row. Default: none.</param>
    /// <param name="outputDType">The result's dtype; null leaves it to libtorch. Default: bfloat16.</param>
    /// <param name="contractionDim">The dimensions that are summed over. Default: as in a product of matrices.</param>
    /// <param name="useFastAccum">Lets tensor cores add with fewer bits. Default: false.</param>
    /// <returns>(m, n), of <paramref name="outputDType"/>.</returns>
    /// <exception cref="NotSupportedException">The libtorch at hand is older.</exception>
    /// <exception cref="ArgumentException">The matrices have other dtypes, or the recipes and factors are no combination that libtorch knows.</exception>
    public static Tensor ScaledMm(Tensor matA, Tensor matB, ReadOnlySpan<Tensor> scaleA, ReadOnlySpan<ScalingType> scaleRecipeA, ReadOnlySpan<Tensor> scaleB,
        ReadOnlySpan<ScalingType> scaleRecipeB, ReadOnlySpan<SwizzleType> swizzleA = default, ReadOnlySpan<SwizzleType> swizzleB = default,
        Tensor? bias = null, DType? outputDType = DType.BFloat16, IntList contractionDim = default, bool useFastAccum = false) =>
        Torch.Aten._ScaledMmV2(matA, matB, scaleA, Numbers(scaleRecipeA), Numbers(swizzleA), scaleB, Numbers(scaleRecipeB), Numbers(swizzleB),
            bias, outputDType, contractionDim, useFastAccum);

    /// <summary>The products of groups of matrices in a short dtype with their factors. Mirrors <c>F.scaled_grouped_mm</c>; libtorch 2.14, and hardly on the processor.</summary>
    /// <param name="matA">The left matrices, (G, m, k) or (m, k), a float8 dtype or float4.</param>
    /// <param name="matB">The right matrices, (G, k, n) or (k, n), likewise.</param>
    /// <param name="scaleA">The factors of <paramref name="matA"/>, one tensor for each recipe.</param>
    /// <param name="scaleRecipeA">What they belong to.</param>
    /// <param name="scaleB">The factors of <paramref name="matB"/>, one tensor for each recipe.</param>
    /// <param name="scaleRecipeB">What they belong to.</param>
    /// <param name="swizzleA">How the factors of <paramref name="matA"/> lie in memory. Default: not told.</param>
    /// <param name="swizzleB">How the factors of <paramref name="matB"/> lie in memory. Default: not told.</param>
    /// <param name="bias">Added to each row. Default: none.</param>
    /// <param name="offs">Where each group ends, (G), int32. Default: none.</param>
    /// <param name="outputDType">The result's dtype; null leaves it to libtorch. Default: bfloat16.</param>
    /// <param name="contractionDim">The dimensions that are summed over. Default: as in a product of matrices.</param>
    /// <param name="useFastAccum">Lets tensor cores add with fewer bits. Default: false.</param>
    /// <returns>As <see cref="GroupedMm"/>, of <paramref name="outputDType"/>.</returns>
    /// <exception cref="NotSupportedException">The libtorch at hand is older.</exception>
    /// <exception cref="TorchNotImplementedException">The matrices are on the processor, which has no kernel for it.</exception>
    public static Tensor ScaledGroupedMm(Tensor matA, Tensor matB, ReadOnlySpan<Tensor> scaleA, ReadOnlySpan<ScalingType> scaleRecipeA,
        ReadOnlySpan<Tensor> scaleB, ReadOnlySpan<ScalingType> scaleRecipeB, ReadOnlySpan<SwizzleType> swizzleA = default,
        ReadOnlySpan<SwizzleType> swizzleB = default, Tensor? bias = null, Tensor? offs = null, DType? outputDType = DType.BFloat16,
        IntList contractionDim = default, bool useFastAccum = false) =>
        Torch.Aten._ScaledGroupedMmV2(matA, matB, scaleA, Numbers(scaleRecipeA), Numbers(swizzleA), scaleB, Numbers(scaleRecipeB), Numbers(swizzleB),
            offs, bias, outputDType, contractionDim, useFastAccum);

    private static long[] Numbers(ReadOnlySpan<ScalingType> values)
    {
        var numbers = new long[values.Length];
        for (var i = 0; i < numbers.Length; i++)
            numbers[i] = (long)values[i];
        return numbers;
    }

    private static long[] Numbers(ReadOnlySpan<SwizzleType> values)
    {
        var numbers = new long[values.Length];
        for (var i = 0; i < numbers.Length; i++)
            numbers[i] = (long)values[i];
        return numbers;
    }
}
