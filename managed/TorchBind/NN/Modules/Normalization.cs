namespace TorchBind.NN;

/// <summary>Normalisation by the squares of neighbouring channels. Shape: (N, C, *). Mirrors <c>nn.LocalResponseNorm</c>.</summary>
/// <param name="size">How many channels count.</param>
/// <param name="alpha">The factor of the squares. Default: 1e-4.</param>
/// <param name="beta">The power. Default: 0.75.</param>
/// <param name="k">Added to the squares. Default: 1.</param>
public partial class LocalResponseNorm(long size, double alpha = 1e-4, double beta = 0.75, double k = 1.0) : Module<Tensor, Tensor>
{
    /// <summary>How many channels count.</summary>
    public long Size { get; } = size;

    /// <summary>The factor of the squares.</summary>
    public double Alpha { get; set; } = alpha;

    /// <summary>The power.</summary>
    public double Beta { get; set; } = beta;

    /// <summary>Added to the squares.</summary>
    public double K { get; set; } = k;

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.LocalResponseNorm(input, Size, Alpha, Beta, K);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"{ReprText.Of(Size)}, alpha={ReprText.Of(Alpha)}, beta={ReprText.Of(Beta)}, k={ReprText.Of(K)}";
}

/// <summary>Layer normalisation over the last dimensions. Shape: (*, normalizedShape). Mirrors <c>nn.LayerNorm</c>.</summary>
public partial class LayerNorm : Module<Tensor, Tensor>
{
    /// <summary>Makes the layer.</summary>
    /// <param name="normalizedShape">The sizes of the last dimensions.</param>
    /// <param name="eps">Added to the variance. Default: 1e-5.</param>
    /// <param name="elementwiseAffine">Whether there are weight and bias. Default: true.</param>
    /// <param name="bias">Whether there is a bias beside the weight. Default: true.</param>
    /// <param name="device">Where the parameters are. Default: the processor.</param>
    /// <param name="dtype">Their dtype. Default: the default dtype.</param>
    public LayerNorm(
        IntList normalizedShape, double eps = 1e-5, bool elementwiseAffine = true, bool bias = true, Device? device = null, DType? dtype = null)
    {
        NormalizedShape = new Shape(normalizedShape.Span);
        Eps = eps;
        ElementwiseAffine = elementwiseAffine;
        if (elementwiseAffine)
        {
            Weight = Parameter.Empty(normalizedShape, device, dtype);
            if (bias)
                Bias = Parameter.Empty(normalizedShape, device, dtype);
        }
        ResetParameters();
    }

    /// <summary>The sizes of the last dimensions.</summary>
    public Shape NormalizedShape { get; }

    /// <summary>Added to the variance.</summary>
    public double Eps { get; set; }

    /// <summary>Whether there is a weight.</summary>
    public bool ElementwiseAffine { get; }

    /// <summary>The factors, of the normalised shape, or null.</summary>
    public Parameter? Weight { get => Effective(field); set; }

    /// <summary>The bias, of the normalised shape, or null.</summary>
    public Parameter? Bias { get => Effective(field); set; }

    /// <summary>Weight becomes 1, bias 0.</summary>
    public void ResetParameters()
    {
        if (Weight is { } weight)
            Init.Ones_(weight);
        if (Bias is { } bias)
            Init.Zeros_(bias);
    }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.LayerNorm(input, NormalizedShape, Weight, Bias, Eps);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() =>
        $"{ReprText.Of(NormalizedShape.Span)}, eps={ReprText.Of(Eps)}, elementwise_affine={ReprText.Of(ElementwiseAffine)}"
        + (LibtorchRelease.PrintsNormBias ? $", bias={ReprText.Of(Bias is not null)}" : "");
}

/// <summary>Normalisation by the root of the mean square over the last dimensions. Shape: (*, normalizedShape). Mirrors <c>nn.RMSNorm</c>.</summary>
public partial class RMSNorm : Module<Tensor, Tensor>
{
    /// <summary>Makes the layer.</summary>
    /// <param name="normalizedShape">The sizes of the last dimensions.</param>
    /// <param name="eps">Added to the mean square. Default: the dtype's epsilon.</param>
    /// <param name="elementwiseAffine">Whether there is a weight. Default: true.</param>
    /// <param name="device">Where the parameter is. Default: the processor.</param>
    /// <param name="dtype">Its dtype. Default: the default dtype.</param>
    public RMSNorm(IntList normalizedShape, double? eps = null, bool elementwiseAffine = true, Device? device = null, DType? dtype = null)
    {
        NormalizedShape = new Shape(normalizedShape.Span);
        Eps = eps;
        ElementwiseAffine = elementwiseAffine;
        if (elementwiseAffine)
            Weight = Parameter.Empty(normalizedShape, device, dtype);
        ResetParameters();
    }

    /// <summary>The sizes of the last dimensions.</summary>
    public Shape NormalizedShape { get; }

    /// <summary>Added to the mean square; null: the dtype's epsilon.</summary>
    public double? Eps { get; set; }

    /// <summary>Whether there is a weight.</summary>
    public bool ElementwiseAffine { get; }

    /// <summary>The factors, of the normalised shape, or null.</summary>
    public Parameter? Weight { get => Effective(field); set; }

    /// <summary>Weight becomes 1.</summary>
    public void ResetParameters()
    {
        if (Weight is { } weight)
            Init.Ones_(weight);
    }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.RmsNorm(input, NormalizedShape, Weight, Eps);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() =>
        $"{ReprText.Of(NormalizedShape.Span)}, eps={ReprText.Of(Eps)}, elementwise_affine={ReprText.Of(ElementwiseAffine)}";
}

/// <summary>Group normalisation over groups of channels. Shape: (N, C, *). Mirrors <c>nn.GroupNorm</c>.</summary>
public partial class GroupNorm : Module<Tensor, Tensor>
{
    /// <summary>Makes the layer.</summary>
    /// <param name="numGroups">Into how many groups the channels are split.</param>
    /// <param name="numChannels">The number of channels, C.</param>
    /// <param name="eps">Added to the variance. Default: 1e-5.</param>
    /// <param name="affine">Whether there are weight and bias. Default: true.</param>
    /// <param name="device">Where the parameters are. Default: the processor.</param>
    /// <param name="dtype">Their dtype. Default: the default dtype.</param>
    /// <param name="bias">Whether there is a bias beside the weight. Default: true.</param>
    /// <exception cref="ArgumentException">The groups do not divide the channels.</exception>
    public GroupNorm(
        long numGroups, long numChannels, double eps = 1e-5, bool affine = true, Device? device = null, DType? dtype = null, bool bias = true)
    {
        if (numChannels % numGroups != 0)
            throw new ArgumentException($"numChannels ({numChannels}) must be divisible by numGroups ({numGroups}).", nameof(numChannels));
        NumGroups = numGroups;
        NumChannels = numChannels;
        Eps = eps;
        Affine = affine;
        if (affine)
        {
            Weight = Parameter.Empty(numChannels, device, dtype);
            if (bias)
                Bias = Parameter.Empty(numChannels, device, dtype);
        }
        ResetParameters();
    }

    /// <summary>Into how many groups the channels are split.</summary>
    public long NumGroups { get; }

    /// <summary>The number of channels.</summary>
    public long NumChannels { get; }

    /// <summary>Added to the variance.</summary>
    public double Eps { get; set; }

    /// <summary>Whether there is a weight.</summary>
    public bool Affine { get; }

    /// <summary>The factors, (C), or null.</summary>
    public Parameter? Weight { get => Effective(field); set; }

    /// <summary>The bias, (C), or null.</summary>
    public Parameter? Bias { get => Effective(field); set; }

    /// <summary>Weight becomes 1, bias 0.</summary>
    public void ResetParameters()
    {
        if (Weight is { } weight)
            Init.Ones_(weight);
        if (Bias is { } bias)
            Init.Zeros_(bias);
    }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.GroupNorm(input, NumGroups, Weight, Bias, Eps);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() =>
        $"{ReprText.Of(NumGroups)}, {ReprText.Of(NumChannels)}, eps={ReprText.Of(Eps)}, affine={ReprText.Of(Affine)}"
        + (LibtorchRelease.PrintsNormBias ? $", bias={ReprText.Of(Bias is not null)}" : "");
}

/// <summary>
/// Normalisation by the squares of neighbouring channels, in the form of Torch 7. Shape: (N, C, H, W). Mirrors <c>nn.CrossMapLRN2d</c>, whose
/// gradient it matches in value, not in every bit.
/// </summary>
/// <param name="size">How many channels count.</param>
/// <param name="alpha">The factor of the squares. Default: 1e-4.</param>
/// <param name="beta">The power. Default: 0.75.</param>
/// <param name="k">Added to the squares. Default: 1.</param>
public partial class CrossMapLRN2d(long size, double alpha = 1e-4, double beta = 0.75, double k = 1) : Module<Tensor, Tensor>
{
    /// <summary>How many channels count.</summary>
    public long Size { get; } = size;

    /// <summary>The factor of the squares.</summary>
    public double Alpha { get; set; } = alpha;

    /// <summary>The power.</summary>
    public double Beta { get; set; } = beta;

    /// <summary>Added to the squares.</summary>
    public double K { get; set; } = k;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The input has not four dimensions.</exception>
    protected override Tensor Forward(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.NDim != 4)
            throw new ArgumentException($"CrossMapLRN2d takes batches of images, of 4 dimensions; this input has {input.NDim}.", nameof(input));
        var channels = (int)input.Size(1);
        var squares = input.Pow(2).Unbind(1);
        var reach = (int)(((Size - 1) / 2.0) + 1);
        var sums = new Tensor[channels];
        sums[0] = Torch.ZerosLike(squares[0]);
        for (var c = 0; c < Math.Min(reach, channels); c++)
            sums[0] = Torch.Add(sums[0], squares[c]);
        // The window moves: one channel comes in, one goes out.
        for (var c = 1; c < channels; c++)
        {
            sums[c] = sums[c - 1];
            if (c < channels - reach + 1)
                sums[c] = Torch.Add(sums[c], squares[c + reach - 1]);
            if (c > reach)
                sums[c] = Torch.Sub(sums[c], squares[c - reach]);
        }
        var scale = Torch.Stack(sums, dim: 1).Mul(Alpha / Size).Add(K);
        return scale.Pow(-Beta).Mul(input);
    }

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"{ReprText.Of(Size)}, alpha={ReprText.Of(Alpha)}, beta={ReprText.Of(Beta)}, k={ReprText.OfShort(K)}";
}
