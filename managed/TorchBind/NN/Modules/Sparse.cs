namespace TorchBind.NN;

/// <summary>A table of vectors. Shape: numbers (*) to (*, features). Mirrors <c>nn.Embedding</c>.</summary>
public partial class Embedding : Module<Tensor, Tensor>
{
    /// <summary>Makes the table; normally distributed, the padding row zero.</summary>
    /// <param name="numEmbeddings">The number of vectors.</param>
    /// <param name="embeddingDim">Their size.</param>
    /// <param name="paddingIdx">A vector that receives no gradient; negative numbers count from the end. Default: none.</param>
    /// <param name="maxNorm">Vectors of a larger norm are scaled down when they are read. Default: none are.</param>
    /// <param name="normType">The power of that norm. Default: 2.</param>
    /// <param name="scaleGradByFreq">Whether gradients are divided by how often a vector occurs. Default: false.</param>
    /// <param name="sparse">Whether the gradient is sparse. Default: false.</param>
    /// <param name="device">Where the parameter is. Default: the processor.</param>
    /// <param name="dtype">Its dtype. Default: the default dtype.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such vector to pad with.</exception>
    public Embedding(
        long numEmbeddings, long embeddingDim, long? paddingIdx = null, double? maxNorm = null, double normType = 2.0, bool scaleGradByFreq = false,
        bool sparse = false, Device? device = null, DType? dtype = null)
        : this(numEmbeddings, embeddingDim, paddingIdx, maxNorm, normType, scaleGradByFreq, sparse, Parameter.Empty((numEmbeddings, embeddingDim), device, dtype)) =>
        ResetParameters();

    private Embedding(
        long numEmbeddings, long embeddingDim, long? paddingIdx, double? maxNorm, double normType, bool scaleGradByFreq, bool sparse, Parameter weight)
    {
        NumEmbeddings = numEmbeddings;
        EmbeddingDim = embeddingDim;
        PaddingIdx = CheckPadding(paddingIdx, numEmbeddings);
        MaxNorm = maxNorm;
        NormType = normType;
        ScaleGradByFreq = scaleGradByFreq;
        Sparse = sparse;
        Weight = weight;
    }

    internal static long? CheckPadding(long? paddingIdx, long count)
    {
        if (paddingIdx is not { } index)
            return null;
        if (index >= count || index < -count)
            throw new ArgumentOutOfRangeException(nameof(paddingIdx), index, $"The padding index must be within the {count} embeddings.");
        return index < 0 ? count + index : index;
    }

    /// <summary>A table of given vectors. Mirrors <c>Embedding.from_pretrained</c>.</summary>
    /// <param name="embeddings">(number, size).</param>
    /// <param name="freeze">Whether they are not trained. Default: true.</param>
    /// <param name="paddingIdx">A vector that receives no gradient. Default: none.</param>
    /// <param name="maxNorm">Vectors of a larger norm are scaled down when they are read. Default: none are.</param>
    /// <param name="normType">The power of that norm. Default: 2.</param>
    /// <param name="scaleGradByFreq">Whether gradients are divided by how often a vector occurs. Default: false.</param>
    /// <param name="sparse">Whether the gradient is sparse. Default: false.</param>
    public static Embedding FromPretrained(
        Tensor embeddings, bool freeze = true, long? paddingIdx = null, double? maxNorm = null, double normType = 2.0, bool scaleGradByFreq = false,
        bool sparse = false)
    {
        ArgumentNullException.ThrowIfNull(embeddings);
        if (embeddings.NDim != 2)
            throw new ArgumentException($"Embeddings are expected to be 2-dimensional, got {embeddings.Shape}.", nameof(embeddings));
        return new Embedding(embeddings.Size(0), embeddings.Size(1), paddingIdx, maxNorm, normType, scaleGradByFreq, sparse, new Parameter(embeddings, !freeze));
    }

    /// <summary>The number of vectors.</summary>
    public long NumEmbeddings { get; }

    /// <summary>Their size.</summary>
    public long EmbeddingDim { get; }

    /// <summary>The vector that receives no gradient, or null.</summary>
    public long? PaddingIdx { get; }

    /// <summary>The largest norm, or null.</summary>
    public double? MaxNorm { get; set; }

    /// <summary>The power of that norm.</summary>
    public double NormType { get; set; }

    /// <summary>Whether gradients are divided by how often a vector occurs.</summary>
    public bool ScaleGradByFreq { get; set; }

    /// <summary>Whether the gradient is sparse.</summary>
    public bool Sparse { get; set; }

    /// <summary>The vectors, (number, size).</summary>
    public Parameter Weight { get => Effective(field); set; }

    /// <summary>Draws the vectors anew.</summary>
    public void ResetParameters()
    {
        Init.Normal_(Weight);
        ZeroRow(Weight, PaddingIdx);
    }

    internal static void ZeroRow(Tensor weight, long? row)
    {
        if (row is not { } index)
            return;
        using var _ = Torch.NoGrad();
        weight[index].Fill_(0);
    }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Embedding(input, Weight, PaddingIdx, MaxNorm, NormType, ScaleGradByFreq, Sparse);

    /// <inheritdoc/>
    protected internal override string ExtraRepr()
    {
        var text = $"{ReprText.Of(NumEmbeddings)}, {ReprText.Of(EmbeddingDim)}";
        if (PaddingIdx is { } index)
            text += $", padding_idx={ReprText.Of(index)}";
        if (MaxNorm is { } norm)
            text += $", max_norm={ReprText.Of(norm)}";
        if (NormType != 2)
            text += $", norm_type={ReprText.Of(NormType)}";
        if (ScaleGradByFreq)
            text += ", scale_grad_by_freq=True";
        if (Sparse)
            text += ", sparse=True";
        return text;
    }
}

/// <summary>Sums, means or maxima of vectors of a table. Shape: (bags, length), or (all) with offsets, to (bags, features). Mirrors <c>nn.EmbeddingBag</c>.</summary>
public partial class EmbeddingBag : Module
{
    /// <summary>Makes the table; normally distributed, the padding row zero.</summary>
    /// <param name="numEmbeddings">The number of vectors.</param>
    /// <param name="embeddingDim">Their size.</param>
    /// <param name="maxNorm">Vectors of a larger norm are scaled down when they are read. Default: none are.</param>
    /// <param name="normType">The power of that norm. Default: 2.</param>
    /// <param name="scaleGradByFreq">Whether gradients are divided by how often a vector occurs. Default: false.</param>
    /// <param name="mode">How the vectors are put together. Default: their mean.</param>
    /// <param name="sparse">Whether the gradient is sparse. Default: false.</param>
    /// <param name="includeLastOffset">Whether the last offset is the end of the last bag. Default: false.</param>
    /// <param name="paddingIdx">A vector that does not count. Default: none.</param>
    /// <param name="device">Where the parameter is. Default: the processor.</param>
    /// <param name="dtype">Its dtype. Default: the default dtype.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such vector to pad with.</exception>
    public EmbeddingBag(
        long numEmbeddings, long embeddingDim, double? maxNorm = null, double normType = 2.0, bool scaleGradByFreq = false,
        EmbeddingBagMode mode = EmbeddingBagMode.Mean, bool sparse = false, bool includeLastOffset = false, long? paddingIdx = null,
        Device? device = null, DType? dtype = null)
        : this(numEmbeddings, embeddingDim, maxNorm, normType, scaleGradByFreq, mode, sparse, includeLastOffset, paddingIdx, Parameter.Empty((numEmbeddings, embeddingDim), device, dtype)) =>
        ResetParameters();

    private EmbeddingBag(
        long numEmbeddings, long embeddingDim, double? maxNorm, double normType, bool scaleGradByFreq, EmbeddingBagMode mode, bool sparse,
        bool includeLastOffset, long? paddingIdx, Parameter weight)
    {
        NumEmbeddings = numEmbeddings;
        EmbeddingDim = embeddingDim;
        MaxNorm = maxNorm;
        NormType = normType;
        ScaleGradByFreq = scaleGradByFreq;
        Mode = mode;
        Sparse = sparse;
        IncludeLastOffset = includeLastOffset;
        PaddingIdx = Embedding.CheckPadding(paddingIdx, numEmbeddings);
        Weight = weight;
    }

    /// <summary>A table of given vectors. Mirrors <c>EmbeddingBag.from_pretrained</c>.</summary>
    /// <param name="embeddings">(number, size).</param>
    /// <param name="freeze">Whether they are not trained. Default: true.</param>
    /// <param name="mode">How the vectors are put together. Default: their mean.</param>
    /// <param name="includeLastOffset">Whether the last offset is the end of the last bag. Default: false.</param>
    /// <param name="paddingIdx">A vector that does not count. Default: none.</param>
    public static EmbeddingBag FromPretrained(
        Tensor embeddings, bool freeze = true, EmbeddingBagMode mode = EmbeddingBagMode.Mean, bool includeLastOffset = false, long? paddingIdx = null)
    {
        ArgumentNullException.ThrowIfNull(embeddings);
        if (embeddings.NDim != 2)
            throw new ArgumentException($"Embeddings are expected to be 2-dimensional, got {embeddings.Shape}.", nameof(embeddings));
        return new EmbeddingBag(
            embeddings.Size(0), embeddings.Size(1), null, 2.0, false, mode, false, includeLastOffset, paddingIdx, new Parameter(embeddings, !freeze));
    }

    /// <summary>The number of vectors.</summary>
    public long NumEmbeddings { get; }

    /// <summary>Their size.</summary>
    public long EmbeddingDim { get; }

    /// <summary>The largest norm, or null.</summary>
    public double? MaxNorm { get; set; }

    /// <summary>The power of that norm.</summary>
    public double NormType { get; set; }

    /// <summary>Whether gradients are divided by how often a vector occurs.</summary>
    public bool ScaleGradByFreq { get; set; }

    /// <summary>How the vectors are put together.</summary>
    public EmbeddingBagMode Mode { get; }

    /// <summary>Whether the gradient is sparse.</summary>
    public bool Sparse { get; set; }

    /// <summary>Whether the last offset is the end of the last bag.</summary>
    public bool IncludeLastOffset { get; }

    /// <summary>The vector that does not count, or null.</summary>
    public long? PaddingIdx { get; }

    /// <summary>The vectors, (number, size).</summary>
    public Parameter Weight { get => Effective(field); set; }

    /// <summary>Draws the vectors anew.</summary>
    public void ResetParameters()
    {
        Init.Normal_(Weight);
        Embedding.ZeroRow(Weight, PaddingIdx);
    }

    /// <summary>Runs the module with its hooks.</summary>
    /// <param name="input">Numbers of vectors: (bags, length), or (all) with offsets.</param>
    /// <param name="offsets">Where each bag begins in a one-dimensional input. Default: none.</param>
    /// <param name="perSampleWeights">A factor for each vector, for sums. Default: none.</param>
    public Tensor Call(Tensor input, Tensor? offsets = null, Tensor? perSampleWeights = null) =>
        (Tensor)CallForward([input, offsets, perSampleWeights], x => Functional.EmbeddingBag(
            (Tensor)x[0]!, Weight, (Tensor?)x[1], MaxNorm, NormType, ScaleGradByFreq, Mode, Sparse, (Tensor?)x[2], IncludeLastOffset, PaddingIdx))!;

    /// <inheritdoc/>
    protected internal override string ExtraRepr()
    {
        var text = $"{ReprText.Of(NumEmbeddings)}, {ReprText.Of(EmbeddingDim)}";
        if (MaxNorm is { } norm)
            text += $", max_norm={ReprText.Of(norm)}";
        if (NormType != 2)
            text += $", norm_type={ReprText.Of(NormType)}";
        if (ScaleGradByFreq)
            text += ", scale_grad_by_freq=True";
        text += $", mode={ReprText.Of(Mode switch { EmbeddingBagMode.Sum => "sum", EmbeddingBagMode.Mean => "mean", _ => "max" })}";
        if (PaddingIdx is { } index)
            text += $", padding_idx={ReprText.Of(index)}";
        return text;
    }
}
