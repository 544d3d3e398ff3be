namespace TorchBind.NN;

public static partial class Functional
{
    /// <summary>The distances of pairs of vectors. Mirrors <c>F.pairwise_distance</c>.</summary>
    /// <param name="x1">(N, D) or (D).</param>
    /// <param name="x2">(N, D) or (D).</param>
    /// <param name="p">The power of the norm. Default: 2.</param>
    /// <param name="eps">Added to the differences. Default: 1e-6.</param>
    /// <param name="keepDim">Whether the last dimension stays, with size 1. Default: false.</param>
    public static Tensor PairwiseDistance(Tensor x1, Tensor x2, double p = 2.0, double eps = 1e-6, bool keepDim = false) =>
        Torch.PairwiseDistance(x1, x2, p, eps, keepDim);

    /// <summary>The cosine of the angle of pairs of vectors. Mirrors <c>F.cosine_similarity</c>.</summary>
    /// <param name="x1">The first ones.</param>
    /// <param name="x2">The second ones.</param>
    /// <param name="dim">The dimension of the vectors. Default: 1.</param>
    /// <param name="eps">The least divisor. Default: 1e-8.</param>
    public static Tensor CosineSimilarity(Tensor x1, Tensor x2, long dim = 1, double eps = 1e-8) => Torch.CosineSimilarity(x1, x2, dim, eps);

    /// <summary>The distances of all pairs of rows, each once. Mirrors <c>F.pdist</c>.</summary>
    /// <param name="input">(N, M).</param>
    /// <param name="p">The power of the norm. Default: 2.</param>
    /// <returns>(N (N - 1) / 2).</returns>
    public static Tensor Pdist(Tensor input, double p = 2) => Torch.Pdist(input, p);
}
