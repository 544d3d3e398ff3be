namespace TorchBind.NN;

public static partial class Functional
{
    /// <summary>Rows of a table. Mirrors <c>F.embedding</c>.</summary>
    /// <param name="input">Numbers of rows, of any shape, int64 or int32.</param>
    /// <param name="weight">(rows, features); floating-point where a norm is given.</param>
    /// <param name="paddingIdx">A row that receives no gradient; negative numbers count from the end. Default: none.</param>
    /// <param name="maxNorm">Rows of a larger norm are scaled down first, in place. Default: none are.</param>
    /// <param name="normType">The power of that norm. Default: 2.</param>
    /// <param name="scaleGradByFreq">Whether gradients are divided by how often a row occurs. Default: false.</param>
    /// <param name="sparse">Whether the gradient is sparse. Default: false.</param>
    /// <returns>(*, features), the weight's dtype.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row to pad with.</exception>
    /// <exception cref="TorchIndexException">A number in <paramref name="input"/> is not that of a row.</exception>
    /// <exception cref="TorchException">The numbers are neither int64 nor int32, or the weight has not two dimensions.</exception>
    public static Tensor Embedding(
        Tensor input, Tensor weight, long? paddingIdx = null, double? maxNorm = null, double normType = 2.0, bool scaleGradByFreq = false,
        bool sparse = false)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(weight);
        var padding = -1L;
        if (paddingIdx is { } given)
        {
            var rows = weight.Size(0);
            if (given >= rows || given < -rows)
                throw new ArgumentOutOfRangeException(nameof(paddingIdx), given, $"The padding index must be within the {rows} embeddings.");
            padding = given < 0 ? rows + given : given;
        }
        if (maxNorm is { } norm)
        {
            input = input.Contiguous();
            Renorm(weight, input, norm, normType);
        }
        return Torch.Embedding(weight, input, padding, scaleGradByFreq, sparse);
    }

    private static void Renorm(Tensor weight, Tensor input, double maxNorm, double normType)
    {
        using var _ = Torch.NoGrad();
        Torch.EmbeddingRenorm_(weight.Detach(), input, maxNorm, normType);
    }

    /// <summary>Sums, means or maxima of rows of a table. Mirrors <c>F.embedding_bag</c>.</summary>
    /// <param name="input">Numbers of rows, int64 or int32: (bags, length), or (all) with offsets.</param>
    /// <param name="weight">(rows, features), floating-point.</param>
    /// <param name="offsets">Where each bag begins in a one-dimensional input, the first 0; (bags), integers. Default: none.</param>
    /// <param name="maxNorm">Rows of a larger norm are scaled down first, in place. Default: none are.</param>
    /// <param name="normType">The power of that norm. Default: 2.</param>
    /// <param name="scaleGradByFreq">Whether gradients are divided by how often a row occurs. Default: false.</param>
    /// <param name="mode">How the rows are put together. Default: their mean.</param>
    /// <param name="sparse">Whether the gradient is sparse. Default: false.</param>
    /// <param name="perSampleWeights">A factor for each number in <paramref name="input"/>, of its shape and the weight's dtype, for sums. Default: none.</param>
    /// <param name="includeLastOffset">Whether the last offset is the end of the last bag. Default: false.</param>
    /// <param name="paddingIdx">A row that does not count. Default: none.</param>
    /// <returns>(bags, features), the weight's dtype; zeros for an empty bag.</returns>
    /// <exception cref="ArgumentException">Shapes or options do not fit together: factors without a sum, offsets with a matrix or none with a row, frequencies or a sparse gradient with maxima.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such mode.</exception>
    /// <exception cref="TorchException">A number is not that of a row, numbers or offsets are no integers, the offsets do not begin with 0, or <paramref name="paddingIdx"/> is no row.</exception>
    public static Tensor EmbeddingBag(
        Tensor input, Tensor weight, Tensor? offsets = null, double? maxNorm = null, double normType = 2, bool scaleGradByFreq = false,
        EmbeddingBagMode mode = EmbeddingBagMode.Mean, bool sparse = false, Tensor? perSampleWeights = null, bool includeLastOffset = false,
        long? paddingIdx = null)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(weight);
        if (perSampleWeights is not null && input.Shape != perSampleWeights.Shape)
            throw new ArgumentException($"The weights per sample have the shape {perSampleWeights.Shape}, the input {input.Shape}; they must agree.", nameof(perSampleWeights));
        if (weight.NDim != 2)
            throw new ArgumentException($"The weight is a matrix with a row for each entry; this one has {weight.NDim} dimensions.", nameof(weight));
        if (input.NDim == 2)
        {
            if (offsets is not null)
                throw new ArgumentException("A 2D input is a batch of sequences of one length: it takes no offsets.", nameof(offsets));
            offsets = Torch.Arange(0, input.Numel(), input.Size(1), dtype: input.DType, device: input.Device);
            input = input.Reshape(-1);
            perSampleWeights = perSampleWeights?.Reshape(-1);
        }
        else if (input.NDim == 1)
        {
            if (offsets is null || offsets.NDim != 1)
                throw new ArgumentException("A 1D input takes offsets, a 1D tensor.", nameof(offsets));
        }
        else
        {
            throw new ArgumentException($"The input has to be a 1D or 2D tensor, but has {input.NDim} dimensions.", nameof(input));
        }
        // libtorch 2.6 reads its mode without looking.
        if (mode is not (EmbeddingBagMode.Sum or EmbeddingBagMode.Mean or EmbeddingBagMode.Max))
            throw new ArgumentOutOfRangeException(nameof(mode), mode, "The mode is Sum, Mean or Max.");
        if (mode == EmbeddingBagMode.Max && scaleGradByFreq)
            throw new ArgumentException("With the mode Max, scaleGradByFreq has no meaning: set it to false.", nameof(scaleGradByFreq));
        if (mode == EmbeddingBagMode.Max && sparse)
            throw new ArgumentException("The maximum does not support sparse gradients.", nameof(sparse));
        if (maxNorm is { } norm)
            Renorm(weight, input, norm, normType);
        if (perSampleWeights is not null && mode != EmbeddingBagMode.Sum)
            throw new ArgumentException($"Weights per sample are supported for sums only, the mode is {mode}.", nameof(perSampleWeights));
        return Torch.EmbeddingBag(weight, input, offsets, scaleGradByFreq, (long)mode, sparse, perSampleWeights, includeLastOffset, paddingIdx).Item1;
    }

    /// <summary>Vectors of zeros with a one at each given place. Mirrors <c>F.one_hot</c>.</summary>
    /// <param name="tensor">The places, int64, of any shape, from 0 on.</param>
    /// <param name="numClasses">The length of the vectors. Default: one more than the largest place.</param>
    /// <returns>(*, numClasses), int64.</returns>
    /// <exception cref="TorchException">The places are not int64, one is negative or not below <paramref name="numClasses"/>, or there are none to take the length from.</exception>
    public static Tensor OneHot(Tensor tensor, long numClasses = -1) => Torch.Aten.OneHot(tensor, numClasses);
}
