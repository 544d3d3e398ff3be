namespace TorchBind.NN;

/// <summary>Gives its input back, whatever it is made with. Mirrors <c>nn.Identity</c>.</summary>
public partial class Identity : Module<Tensor, Tensor>
{
    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => input;
}

/// <summary><c>y = x A^T + b</c>. Shape: (*, in) to (*, out). Mirrors <c>nn.Linear</c>.</summary>
public partial class Linear : Module<Tensor, Tensor>
{
    /// <summary>Makes the layer; weight and bias are drawn uniformly from ±1/sqrt(in).</summary>
    /// <param name="inFeatures">The size of an input.</param>
    /// <param name="outFeatures">The size of an output.</param>
    /// <param name="bias">Whether a bias is added. Default: true.</param>
    /// <param name="device">Where the parameters are. Default: the processor.</param>
    /// <param name="dtype">Their dtype. Default: the default dtype.</param>
    public Linear(long inFeatures, long outFeatures, bool bias = true, Device? device = null, DType? dtype = null)
    {
        InFeatures = inFeatures;
        OutFeatures = outFeatures;
        Weight = Parameter.Empty((outFeatures, inFeatures), device, dtype);
        if (bias)
            Bias = Parameter.Empty(outFeatures, device, dtype);
        ResetParameters();
    }

    private protected Linear(long outFeatures, Parameter weight, Parameter? bias)
    {
        OutFeatures = outFeatures;
        Weight = weight;
        Bias = bias;
    }

    /// <summary>The size of an input.</summary>
    public long InFeatures { get; private protected set; }

    /// <summary>The size of an output.</summary>
    public long OutFeatures { get; }

    /// <summary>The weight, (out, in).</summary>
    public Parameter Weight { get => Effective(field); set; }

    /// <summary>The bias, (out), or null.</summary>
    public Parameter? Bias { get => Effective(field); set; }

    /// <summary>Draws weight and bias anew.</summary>
    public virtual void ResetParameters()
    {
        Init.KaimingUniform_(Weight, a: Math.Sqrt(5));
        if (Bias is not { } bias)
            return;
        var (fanIn, _) = Init.CalculateFanInAndFanOut(Weight);
        var bound = fanIn > 0 ? 1 / Math.Sqrt(fanIn) : 0;
        Init.Uniform_(bias, -bound, bound);
    }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Linear(input, Weight, Bias);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() =>
        $"in_features={ReprText.Of(InFeatures)}, out_features={ReprText.Of(OutFeatures)}, bias={ReprText.Of(Bias is not null)}";
}

/// <summary><c>y = x1^T A x2 + b</c>. Shape: (*, in1) and (*, in2) to (*, out). Mirrors <c>nn.Bilinear</c>.</summary>
public partial class Bilinear : Module<Tensor, Tensor, Tensor>
{
    /// <summary>Makes the layer; weight and bias are drawn uniformly from ±1/sqrt(in1).</summary>
    /// <param name="in1Features">The size of a first input, positive.</param>
    /// <param name="in2Features">The size of a second input.</param>
    /// <param name="outFeatures">The size of an output.</param>
    /// <param name="bias">Whether a bias is added. Default: true.</param>
    /// <param name="device">Where the parameters are. Default: the processor.</param>
    /// <param name="dtype">Their dtype. Default: the default dtype.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size of the first input is not positive.</exception>
    public Bilinear(long in1Features, long in2Features, long outFeatures, bool bias = true, Device? device = null, DType? dtype = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(in1Features);
        In1Features = in1Features;
        In2Features = in2Features;
        OutFeatures = outFeatures;
        Weight = Parameter.Empty((outFeatures, in1Features, in2Features), device, dtype);
        if (bias)
            Bias = Parameter.Empty(outFeatures, device, dtype);
        ResetParameters();
    }

    /// <summary>The size of a first input.</summary>
    public long In1Features { get; }

    /// <summary>The size of a second input.</summary>
    public long In2Features { get; }

    /// <summary>The size of an output.</summary>
    public long OutFeatures { get; }

    /// <summary>The weight, (out, in1, in2).</summary>
    public Parameter Weight { get => Effective(field); set; }

    /// <summary>The bias, (out), or null.</summary>
    public Parameter? Bias { get => Effective(field); set; }

    /// <summary>Draws weight and bias anew.</summary>
    public void ResetParameters()
    {
        var bound = 1 / Math.Sqrt(Weight.Size(1));
        Init.Uniform_(Weight, -bound, bound);
        if (Bias is { } bias)
            Init.Uniform_(bias, -bound, bound);
    }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input1, Tensor input2) => Functional.Bilinear(input1, input2, Weight, Bias);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() =>
        $"in1_features={ReprText.Of(In1Features)}, in2_features={ReprText.Of(In2Features)}, out_features={ReprText.Of(OutFeatures)}, bias={ReprText.Of(Bias is not null)}";
}

/// <summary>Joins dimensions into one. Mirrors <c>nn.Flatten</c>.</summary>
/// <param name="startDim">The first one. Default: 1.</param>
/// <param name="endDim">The last one. Default: -1.</param>
public partial class Flatten(long startDim = 1, long endDim = -1) : Module<Tensor, Tensor>
{
    /// <summary>The first dimension that is joined.</summary>
    public long StartDim { get; } = startDim;

    /// <summary>The last dimension that is joined.</summary>
    public long EndDim { get; } = endDim;

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return input.Flatten(StartDim, EndDim);
    }

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"start_dim={ReprText.Of(StartDim)}, end_dim={ReprText.Of(EndDim)}";
}

/// <summary>Splits a dimension into several. Mirrors <c>nn.Unflatten</c>.</summary>
public partial class Unflatten : Module<Tensor, Tensor>
{
    /// <summary>Makes the module.</summary>
    /// <param name="dim">The dimension.</param>
    /// <param name="unflattenedSize">The sizes that it becomes; one may be -1.</param>
    public Unflatten(long dim, IntList unflattenedSize)
    {
        Dim = dim;
        UnflattenedSize = new Shape(unflattenedSize.Span);
    }

    /// <summary>The dimension.</summary>
    public long Dim { get; }

    /// <summary>The sizes that it becomes.</summary>
    public Shape UnflattenedSize { get; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return input.Unflatten(Dim, UnflattenedSize);
    }

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"dim={ReprText.Of(Dim)}, unflattened_size={ReprText.Of(UnflattenedSize.Span)}";
}
