namespace TorchBind.NN;

public static partial class Functional
{
    /// <summary>The distances of pairs of vectors. Mirrors <c>F.pairwise_distance</c>.</summary>
    /// <param name="x1">(N, D) or (D); any leading dimensions are broadcast.</param>
    /// <param name="x2">(N, D) or (D).</param>
    /// <param name="p">The power of the norm; negative ones and infinity as well. Default: 2.</param>
    /// <param name="eps">Added to the differences. Default: 1e-6.</param>
    /// <param name="keepDim">Whether the last dimension stays, with size 1. Default: false.</param>
    /// <returns>(N) or (), with one more dimension of size 1 where it stays; integers become float32.</returns>
    /// <exception cref="TorchException">The shapes do not broadcast.</exception>
    public static Tensor PairwiseDistance(Tensor x1, Tensor x2, double p = 2.0, double eps = 1e-6, bool keepDim = false) =>
        Torch.PairwiseDistance(x1, x2, p, eps, keepDim);

    /// <summary>The cosine of the angle of pairs of vectors. Mirrors <c>F.cosine_similarity</c>.</summary>
    /// <param name="x1">The first vectors, floating-point.</param>
    /// <param name="x2">The second ones; the shapes are broadcast.</param>
    /// <param name="dim">The dimension of the vectors. Default: 1.</param>
    /// <param name="eps">The least length that is divided by. Default: 1e-8.</param>
    /// <returns>The broadcast shape without <paramref name="dim"/>, the common dtype; from -1 to 1.</returns>
    /// <exception cref="TorchException">The shapes do not broadcast, or both hold integers.</exception>
    /// <exception cref="TorchIndexException">There is no such dimension: two vectors without a batch take <c>dim: 0</c>.</exception>
    public static Tensor CosineSimilarity(Tensor x1, Tensor x2, long dim = 1, double eps = 1e-8) => Torch.CosineSimilarity(x1, x2, dim, eps);

    /// <summary>The distances of all pairs of rows, each once. Mirrors <c>F.pdist</c>.</summary>
    /// <param name="input">(N, M), float32 or float64.</param>
    /// <param name="p">The power of the norm, not negative. Default: 2.</param>
    /// <returns>(N (N - 1) / 2), the input's dtype: rows 0 and 1, 0 and 2, and so on.</returns>
    /// <exception cref="TorchException">The input is not a floating-point matrix, or the power is negative.</exception>
    public static Tensor Pdist(Tensor input, double p = 2) => Torch.Pdist(input, p);
}
