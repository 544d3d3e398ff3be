namespace TorchBind.NN;

/// <summary>What poolings over windows have in common.</summary>
public abstract partial class PoolNd : Module<Tensor, Tensor>
{
    private protected PoolNd(int dims, IntList kernelSize, IntList stride, IntList padding)
    {
        Check(dims, kernelSize, nameof(kernelSize));
        KernelSize = new Shape(kernelSize.Span);
        Stride = stride.IsGiven ? new Shape(Check(dims, stride, nameof(stride)).Span) : KernelSize;
        Padding = padding.IsGiven ? new Shape(Check(dims, padding, nameof(padding)).Span) : [0];
    }

    private protected static IntList Check(int dims, IntList values, string name) => values.Length == 1 || values.Length == dims
        ? values
        : throw new ArgumentException($"{name} takes one number or {dims}, got {values.Length}.", name);

    /// <summary>The size of the window: one number for all dimensions, or one for each.</summary>
    public Shape KernelSize { get; }

    /// <summary>The step: one number for all dimensions, or one for each.</summary>
    public Shape Stride { get; }

    /// <summary>What is added at the sides: one number for all dimensions, or one for each.</summary>
    public Shape Padding { get; }

    /// <inheritdoc/>
    protected internal override string ExtraRepr() =>
        $"kernel_size={ReprText.OfSize(KernelSize)}, stride={ReprText.OfSize(Stride)}, padding={ReprText.OfSize(Padding)}";
}

/// <summary>What maximum poolings have in common.</summary>
public abstract partial class MaxPoolNd : PoolNd
{
    private protected MaxPoolNd(int dims, IntList kernelSize, IntList stride, IntList padding, IntList dilation, bool ceilMode)
        : base(dims, kernelSize, stride, padding)
    {
        Dilation = dilation.IsGiven ? new Shape(Check(dims, dilation, nameof(dilation)).Span) : [1];
        CeilMode = ceilMode;
    }

    /// <summary>The distance of the window's elements: one number for all dimensions, or one for each.</summary>
    public Shape Dilation { get; }

    /// <summary>Whether a last incomplete window counts.</summary>
    public bool CeilMode { get; }

    private protected abstract (Tensor, Tensor) PoolWithIndices(Tensor input);

    /// <summary>Runs the module and gives the places of the maxima as well. Mirrors a pooling made with <c>return_indices=True</c>.</summary>
    /// <param name="input">The input.</param>
    public (Tensor Output, Tensor Indices) CallWithIndices(Tensor input) =>
        HasCallHooks ? ((Tensor, Tensor))CallForward([input], inputs => PoolWithIndices((Tensor)inputs[0]!))! : PoolWithIndices(input);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"{base.ExtraRepr()}, dilation={ReprText.OfSize(Dilation)}, ceil_mode={ReprText.Of(CeilMode)}";
}

/// <summary>Maximum pooling over one dimension. Shape: (N, C, L) or (C, L). Mirrors <c>nn.MaxPool1d</c>; for its <c>return_indices</c> see <see cref="MaxPoolNd.CallWithIndices"/>.</summary>
public partial class MaxPool1d : MaxPoolNd
{
    /// <summary>Makes the module.</summary>
    /// <param name="kernelSize">The size of the window.</param>
    /// <param name="stride">The step. Default: the size of the window.</param>
    /// <param name="padding">What is added at the sides, less than anything. Default: 0.</param>
    /// <param name="dilation">The distance of the window's elements. Default: 1.</param>
    /// <param name="ceilMode">Whether a last incomplete window counts. Default: false.</param>
    public MaxPool1d(IntList kernelSize, IntList stride = default, IntList padding = default, IntList dilation = default, bool ceilMode = false)
        : base(1, kernelSize, stride, padding, dilation, ceilMode)
    {
    }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.MaxPool1d(input, KernelSize, Stride, Padding, Dilation, CeilMode);

    private protected override (Tensor, Tensor) PoolWithIndices(Tensor input) =>
        Functional.MaxPool1dWithIndices(input, KernelSize, Stride, Padding, Dilation, CeilMode);
}

/// <summary>Puts maxima back in their places. Shape: (N, C, L) or (C, L). Mirrors <c>nn.MaxUnpool1d</c>.</summary>
public partial class MaxUnpool1d : Module<Tensor, Tensor, Tensor>
{
    /// <summary>Makes the module.</summary>
    /// <param name="kernelSize">The size of the window.</param>
    /// <param name="stride">The step. Default: the size of the window.</param>
    /// <param name="padding">What was added at the sides. Default: 0.</param>
    public MaxUnpool1d(IntList kernelSize, IntList stride = default, IntList padding = default)
    {
        KernelSize = Functional.Expand(kernelSize, 1, nameof(kernelSize));
        Stride = stride.IsGiven ? Functional.Expand(stride, 1, nameof(stride)) : KernelSize;
        Padding = Functional.Expand(padding, 1, 0, nameof(padding));
    }

    /// <summary>The size of the window.</summary>
    public Shape KernelSize { get; }

    /// <summary>The step.</summary>
    public Shape Stride { get; }

    /// <summary>What was added at the sides.</summary>
    public Shape Padding { get; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input, Tensor indices) => Functional.MaxUnpool1d(input, indices, KernelSize, Stride, Padding);

    /// <summary>Runs the module for an output of a wanted size.</summary>
    /// <param name="input">What the pooling gave.</param>
    /// <param name="indices">The places that it gave.</param>
    /// <param name="outputSize">The size of the output's last dimensions, or of all.</param>
    /// <exception cref="ArgumentException">The size cannot be.</exception>
    public Tensor Call(Tensor input, Tensor indices, IntList outputSize)
    {
        var size = outputSize.IsGiven ? outputSize.Span.ToArray() : null;
        return (Tensor)CallForward([input, indices, size], inputs =>
            Functional.MaxUnpool1d((Tensor)inputs[0]!, (Tensor)inputs[1]!, KernelSize, Stride, Padding, (long[]?)inputs[2]))!;
    }

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"kernel_size={ReprText.Of(KernelSize.Span)}, stride={ReprText.Of(Stride.Span)}, padding={ReprText.Of(Padding.Span)}";
}

/// <summary>Average pooling over one dimension. Shape: (N, C, L) or (C, L). Mirrors <c>nn.AvgPool1d</c>.</summary>
public partial class AvgPool1d : PoolNd
{
    /// <summary>Makes the module.</summary>
    /// <param name="kernelSize">The size of the window.</param>
    /// <param name="stride">The step. Default: the size of the window.</param>
    /// <param name="padding">Zeros at the sides. Default: 0.</param>
    /// <param name="ceilMode">Whether a last incomplete window counts. Default: false.</param>
    /// <param name="countIncludePad">Whether the zeros count. Default: true.</param>
    public AvgPool1d(IntList kernelSize, IntList stride = default, IntList padding = default, bool ceilMode = false, bool countIncludePad = true)
        : base(1, kernelSize, stride, padding)
    {
        CeilMode = ceilMode;
        CountIncludePad = countIncludePad;
    }

    /// <summary>Whether a last incomplete window counts.</summary>
    public bool CeilMode { get; }

    /// <summary>Whether the zeros count.</summary>
    public bool CountIncludePad { get; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.AvgPool1d(input, KernelSize, Stride, Padding, CeilMode, CountIncludePad);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"kernel_size={ReprText.Of(KernelSize.Span)}, stride={ReprText.Of(Stride.Span)}, padding={ReprText.Of(Padding.Span)}";
}

/// <summary>Pooling by a power mean. Shape: (N, C, L) or (C, L). Mirrors <c>nn.LPPool1d</c>.</summary>
public partial class LPPool1d : Module<Tensor, Tensor>
{
    /// <summary>Makes the module.</summary>
    /// <param name="normType">The power.</param>
    /// <param name="kernelSize">The size of the window.</param>
    /// <param name="stride">The step. Default: the size of the window.</param>
    /// <param name="ceilMode">Whether a last incomplete window counts. Default: false.</param>
    public LPPool1d(double normType, IntList kernelSize, IntList stride = default, bool ceilMode = false)
    {
        NormType = normType;
        KernelSize = new Shape(kernelSize.Span);
        Stride = stride.IsGiven ? new Shape(stride.Span) : (Shape?)null;
        CeilMode = ceilMode;
    }

    /// <summary>The power.</summary>
    public double NormType { get; }

    /// <summary>The size of the window.</summary>
    public Shape KernelSize { get; }

    /// <summary>The step; null: the size of the window.</summary>
    public Shape? Stride { get; }

    /// <summary>Whether a last incomplete window counts.</summary>
    public bool CeilMode { get; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.LpPool1d(input, NormType, KernelSize, Stride is { } stride ? stride : default(IntList), CeilMode);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() =>
        $"norm_type={ReprText.OfShort(NormType)}, kernel_size={ReprText.OfSize(KernelSize)}, stride={(Stride is { } stride ? ReprText.OfSize(stride) : "None")}, ceil_mode={ReprText.Of(CeilMode)}";
}

/// <summary>Average pooling to a given size. Shape: (N, C, L) or (C, L). Mirrors <c>nn.AdaptiveAvgPool1d</c>.</summary>
public partial class AdaptiveAvgPool1d : Module<Tensor, Tensor>
{
    /// <summary>Makes the module.</summary>
    /// <param name="outputSize">The size of the output: one number, or one for each dimension; -1 keeps the input's (Python's <c>None</c>).</param>
    public AdaptiveAvgPool1d(IntList outputSize)
    {
        Functional.Expand(outputSize, 1, nameof(outputSize));
        OutputSize = new Shape(outputSize.Span);
    }

    /// <summary>The size of the output.</summary>
    public Shape OutputSize { get; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.AdaptiveAvgPool1d(input, OutputSize);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"output_size={ReprText.OfSize(OutputSize).Replace("-1", "None", StringComparison.Ordinal)}";
}

/// <summary>Maximum pooling to a given size. Shape: (N, C, L) or (C, L). Mirrors <c>nn.AdaptiveMaxPool1d</c>.</summary>
public partial class AdaptiveMaxPool1d : Module<Tensor, Tensor>
{
    /// <summary>Makes the module.</summary>
    /// <param name="outputSize">The size of the output: one number, or one for each dimension; -1 keeps the input's (Python's <c>None</c>).</param>
    public AdaptiveMaxPool1d(IntList outputSize)
    {
        Functional.Expand(outputSize, 1, nameof(outputSize));
        OutputSize = new Shape(outputSize.Span);
    }

    /// <summary>The size of the output.</summary>
    public Shape OutputSize { get; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.AdaptiveMaxPool1d(input, OutputSize);

    /// <summary>Runs the module and gives the places of the maxima as well. Mirrors a pooling made with <c>return_indices=True</c>.</summary>
    /// <param name="input">The input.</param>
    public (Tensor Output, Tensor Indices) CallWithIndices(Tensor input) => HasCallHooks
        ? ((Tensor, Tensor))CallForward([input], inputs => Functional.AdaptiveMaxPool1dWithIndices((Tensor)inputs[0]!, OutputSize))!
        : Functional.AdaptiveMaxPool1dWithIndices(input, OutputSize);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"output_size={ReprText.OfSize(OutputSize).Replace("-1", "None", StringComparison.Ordinal)}";
}


/// <summary>Maximum pooling over two dimensions. Shape: (N, C, H, W) or (C, H, W). Mirrors <c>nn.MaxPool2d</c>; for its <c>return_indices</c> see <see cref="MaxPoolNd.CallWithIndices"/>.</summary>
public partial class MaxPool2d : MaxPoolNd
{
    /// <summary>Makes the module.</summary>
    /// <param name="kernelSize">The size of the window.</param>
    /// <param name="stride">The step. Default: the size of the window.</param>
    /// <param name="padding">What is added at the sides, less than anything. Default: 0.</param>
    /// <param name="dilation">The distance of the window's elements. Default: 1.</param>
    /// <param name="ceilMode">Whether a last incomplete window counts. Default: false.</param>
    public MaxPool2d(IntList kernelSize, IntList stride = default, IntList padding = default, IntList dilation = default, bool ceilMode = false)
        : base(2, kernelSize, stride, padding, dilation, ceilMode)
    {
    }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.MaxPool2d(input, KernelSize, Stride, Padding, Dilation, CeilMode);

    private protected override (Tensor, Tensor) PoolWithIndices(Tensor input) =>
        Functional.MaxPool2dWithIndices(input, KernelSize, Stride, Padding, Dilation, CeilMode);
}

/// <summary>Puts maxima back in their places. Shape: (N, C, H, W) or (C, H, W). Mirrors <c>nn.MaxUnpool2d</c>.</summary>
public partial class MaxUnpool2d : Module<Tensor, Tensor, Tensor>
{
    /// <summary>Makes the module.</summary>
    /// <param name="kernelSize">The size of the window.</param>
    /// <param name="stride">The step. Default: the size of the window.</param>
    /// <param name="padding">What was added at the sides. Default: 0.</param>
    public MaxUnpool2d(IntList kernelSize, IntList stride = default, IntList padding = default)
    {
        KernelSize = Functional.Expand(kernelSize, 2, nameof(kernelSize));
        Stride = stride.IsGiven ? Functional.Expand(stride, 2, nameof(stride)) : KernelSize;
        Padding = Functional.Expand(padding, 2, 0, nameof(padding));
    }

    /// <summary>The size of the window.</summary>
    public Shape KernelSize { get; }

    /// <summary>The step.</summary>
    public Shape Stride { get; }

    /// <summary>What was added at the sides.</summary>
    public Shape Padding { get; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input, Tensor indices) => Functional.MaxUnpool2d(input, indices, KernelSize, Stride, Padding);

    /// <summary>Runs the module for an output of a wanted size.</summary>
    /// <param name="input">What the pooling gave.</param>
    /// <param name="indices">The places that it gave.</param>
    /// <param name="outputSize">The size of the output's last dimensions, or of all.</param>
    /// <exception cref="ArgumentException">The size cannot be.</exception>
    public Tensor Call(Tensor input, Tensor indices, IntList outputSize)
    {
        var size = outputSize.IsGiven ? outputSize.Span.ToArray() : null;
        return (Tensor)CallForward([input, indices, size], inputs =>
            Functional.MaxUnpool2d((Tensor)inputs[0]!, (Tensor)inputs[1]!, KernelSize, Stride, Padding, (long[]?)inputs[2]))!;
    }

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"kernel_size={ReprText.Of(KernelSize.Span)}, stride={ReprText.Of(Stride.Span)}, padding={ReprText.Of(Padding.Span)}";
}

/// <summary>Average pooling over two dimensions. Shape: (N, C, H, W) or (C, H, W). Mirrors <c>nn.AvgPool2d</c>.</summary>
public partial class AvgPool2d : PoolNd
{
    /// <summary>Makes the module.</summary>
    /// <param name="kernelSize">The size of the window.</param>
    /// <param name="stride">The step. Default: the size of the window.</param>
    /// <param name="padding">Zeros at the sides. Default: 0.</param>
    /// <param name="ceilMode">Whether a last incomplete window counts. Default: false.</param>
    /// <param name="countIncludePad">Whether the zeros count. Default: true.</param>
    /// <param name="divisorOverride">What sums are divided by. Default: the size of the window.</param>
    public AvgPool2d(IntList kernelSize, IntList stride = default, IntList padding = default, bool ceilMode = false, bool countIncludePad = true, long? divisorOverride = null)
        : base(2, kernelSize, stride, padding)
    {
        CeilMode = ceilMode;
        CountIncludePad = countIncludePad;
        DivisorOverride = divisorOverride;
    }

    /// <summary>Whether a last incomplete window counts.</summary>
    public bool CeilMode { get; }

    /// <summary>Whether the zeros count.</summary>
    public bool CountIncludePad { get; }

    /// <summary>What sums are divided by; null: the size of the window.</summary>
    public long? DivisorOverride { get; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.AvgPool2d(input, KernelSize, Stride, Padding, CeilMode, CountIncludePad, DivisorOverride);
}

/// <summary>Pooling by a power mean. Shape: (N, C, H, W) or (C, H, W). Mirrors <c>nn.LPPool2d</c>.</summary>
public partial class LPPool2d : Module<Tensor, Tensor>
{
    /// <summary>Makes the module.</summary>
    /// <param name="normType">The power.</param>
    /// <param name="kernelSize">The size of the window.</param>
    /// <param name="stride">The step. Default: the size of the window.</param>
    /// <param name="ceilMode">Whether a last incomplete window counts. Default: false.</param>
    public LPPool2d(double normType, IntList kernelSize, IntList stride = default, bool ceilMode = false)
    {
        NormType = normType;
        KernelSize = new Shape(kernelSize.Span);
        Stride = stride.IsGiven ? new Shape(stride.Span) : (Shape?)null;
        CeilMode = ceilMode;
    }

    /// <summary>The power.</summary>
    public double NormType { get; }

    /// <summary>The size of the window.</summary>
    public Shape KernelSize { get; }

    /// <summary>The step; null: the size of the window.</summary>
    public Shape? Stride { get; }

    /// <summary>Whether a last incomplete window counts.</summary>
    public bool CeilMode { get; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.LpPool2d(input, NormType, KernelSize, Stride is { } stride ? stride : default(IntList), CeilMode);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() =>
        $"norm_type={ReprText.OfShort(NormType)}, kernel_size={ReprText.OfSize(KernelSize)}, stride={(Stride is { } stride ? ReprText.OfSize(stride) : "None")}, ceil_mode={ReprText.Of(CeilMode)}";
}

/// <summary>Average pooling to a given size. Shape: (N, C, H, W) or (C, H, W). Mirrors <c>nn.AdaptiveAvgPool2d</c>.</summary>
public partial class AdaptiveAvgPool2d : Module<Tensor, Tensor>
{
    /// <summary>Makes the module.</summary>
    /// <param name="outputSize">The size of the output: one number, or one for each dimension; -1 keeps the input's (Python's <c>None</c>).</param>
    public AdaptiveAvgPool2d(IntList outputSize)
    {
        Functional.Expand(outputSize, 2, nameof(outputSize));
        OutputSize = new Shape(outputSize.Span);
    }

    /// <summary>The size of the output.</summary>
    public Shape OutputSize { get; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.AdaptiveAvgPool2d(input, OutputSize);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"output_size={ReprText.OfSize(OutputSize).Replace("-1", "None", StringComparison.Ordinal)}";
}

/// <summary>Maximum pooling to a given size. Shape: (N, C, H, W) or (C, H, W). Mirrors <c>nn.AdaptiveMaxPool2d</c>.</summary>
public partial class AdaptiveMaxPool2d : Module<Tensor, Tensor>
{
    /// <summary>Makes the module.</summary>
    /// <param name="outputSize">The size of the output: one number, or one for each dimension; -1 keeps the input's (Python's <c>None</c>).</param>
    public AdaptiveMaxPool2d(IntList outputSize)
    {
        Functional.Expand(outputSize, 2, nameof(outputSize));
        OutputSize = new Shape(outputSize.Span);
    }

    /// <summary>The size of the output.</summary>
    public Shape OutputSize { get; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.AdaptiveMaxPool2d(input, OutputSize);

    /// <summary>Runs the module and gives the places of the maxima as well. Mirrors a pooling made with <c>return_indices=True</c>.</summary>
    /// <param name="input">The input.</param>
    public (Tensor Output, Tensor Indices) CallWithIndices(Tensor input) => HasCallHooks
        ? ((Tensor, Tensor))CallForward([input], inputs => Functional.AdaptiveMaxPool2dWithIndices((Tensor)inputs[0]!, OutputSize))!
        : Functional.AdaptiveMaxPool2dWithIndices(input, OutputSize);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"output_size={ReprText.OfSize(OutputSize).Replace("-1", "None", StringComparison.Ordinal)}";
}


/// <summary>Maximum pooling over three dimensions. Shape: (N, C, D, H, W) or (C, D, H, W). Mirrors <c>nn.MaxPool3d</c>; for its <c>return_indices</c> see <see cref="MaxPoolNd.CallWithIndices"/>.</summary>
public partial class MaxPool3d : MaxPoolNd
{
    /// <summary>Makes the module.</summary>
    /// <param name="kernelSize">The size of the window.</param>
    /// <param name="stride">The step. Default: the size of the window.</param>
    /// <param name="padding">What is added at the sides, less than anything. Default: 0.</param>
    /// <param name="dilation">The distance of the window's elements. Default: 1.</param>
    /// <param name="ceilMode">Whether a last incomplete window counts. Default: false.</param>
    public MaxPool3d(IntList kernelSize, IntList stride = default, IntList padding = default, IntList dilation = default, bool ceilMode = false)
        : base(3, kernelSize, stride, padding, dilation, ceilMode)
    {
    }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.MaxPool3d(input, KernelSize, Stride, Padding, Dilation, CeilMode);

    private protected override (Tensor, Tensor) PoolWithIndices(Tensor input) =>
        Functional.MaxPool3dWithIndices(input, KernelSize, Stride, Padding, Dilation, CeilMode);
}

/// <summary>Puts maxima back in their places. Shape: (N, C, D, H, W) or (C, D, H, W). Mirrors <c>nn.MaxUnpool3d</c>.</summary>
public partial class MaxUnpool3d : Module<Tensor, Tensor, Tensor>
{
    /// <summary>Makes the module.</summary>
    /// <param name="kernelSize">The size of the window.</param>
    /// <param name="stride">The step. Default: the size of the window.</param>
    /// <param name="padding">What was added at the sides. Default: 0.</param>
    public MaxUnpool3d(IntList kernelSize, IntList stride = default, IntList padding = default)
    {
        KernelSize = Functional.Expand(kernelSize, 3, nameof(kernelSize));
        Stride = stride.IsGiven ? Functional.Expand(stride, 3, nameof(stride)) : KernelSize;
        Padding = Functional.Expand(padding, 3, 0, nameof(padding));
    }

    /// <summary>The size of the window.</summary>
    public Shape KernelSize { get; }

    /// <summary>The step.</summary>
    public Shape Stride { get; }

    /// <summary>What was added at the sides.</summary>
    public Shape Padding { get; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input, Tensor indices) => Functional.MaxUnpool3d(input, indices, KernelSize, Stride, Padding);

    /// <summary>Runs the module for an output of a wanted size.</summary>
    /// <param name="input">What the pooling gave.</param>
    /// <param name="indices">The places that it gave.</param>
    /// <param name="outputSize">The size of the output's last dimensions, or of all.</param>
    /// <exception cref="ArgumentException">The size cannot be.</exception>
    public Tensor Call(Tensor input, Tensor indices, IntList outputSize)
    {
        var size = outputSize.IsGiven ? outputSize.Span.ToArray() : null;
        return (Tensor)CallForward([input, indices, size], inputs =>
            Functional.MaxUnpool3d((Tensor)inputs[0]!, (Tensor)inputs[1]!, KernelSize, Stride, Padding, (long[]?)inputs[2]))!;
    }

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"kernel_size={ReprText.Of(KernelSize.Span)}, stride={ReprText.Of(Stride.Span)}, padding={ReprText.Of(Padding.Span)}";
}

/// <summary>Average pooling over three dimensions. Shape: (N, C, D, H, W) or (C, D, H, W). Mirrors <c>nn.AvgPool3d</c>.</summary>
public partial class AvgPool3d : PoolNd
{
    /// <summary>Makes the module.</summary>
    /// <param name="kernelSize">The size of the window.</param>
    /// <param name="stride">The step. Default: the size of the window.</param>
    /// <param name="padding">Zeros at the sides. Default: 0.</param>
    /// <param name="ceilMode">Whether a last incomplete window counts. Default: false.</param>
    /// <param name="countIncludePad">Whether the zeros count. Default: true.</param>
    /// <param name="divisorOverride">What sums are divided by. Default: the size of the window.</param>
    public AvgPool3d(IntList kernelSize, IntList stride = default, IntList padding = default, bool ceilMode = false, bool countIncludePad = true, long? divisorOverride = null)
        : base(3, kernelSize, stride, padding)
    {
        CeilMode = ceilMode;
        CountIncludePad = countIncludePad;
        DivisorOverride = divisorOverride;
    }

    /// <summary>Whether a last incomplete window counts.</summary>
    public bool CeilMode { get; }

    /// <summary>Whether the zeros count.</summary>
    public bool CountIncludePad { get; }

    /// <summary>What sums are divided by; null: the size of the window.</summary>
    public long? DivisorOverride { get; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.AvgPool3d(input, KernelSize, Stride, Padding, CeilMode, CountIncludePad, DivisorOverride);
}

/// <summary>Pooling by a power mean. Shape: (N, C, D, H, W) or (C, D, H, W). Mirrors <c>nn.LPPool3d</c>.</summary>
public partial class LPPool3d : Module<Tensor, Tensor>
{
    /// <summary>Makes the module.</summary>
    /// <param name="normType">The power.</param>
    /// <param name="kernelSize">The size of the window.</param>
    /// <param name="stride">The step. Default: the size of the window.</param>
    /// <param name="ceilMode">Whether a last incomplete window counts. Default: false.</param>
    public LPPool3d(double normType, IntList kernelSize, IntList stride = default, bool ceilMode = false)
    {
        NormType = normType;
        KernelSize = new Shape(kernelSize.Span);
        Stride = stride.IsGiven ? new Shape(stride.Span) : (Shape?)null;
        CeilMode = ceilMode;
    }

    /// <summary>The power.</summary>
    public double NormType { get; }

    /// <summary>The size of the window.</summary>
    public Shape KernelSize { get; }

    /// <summary>The step; null: the size of the window.</summary>
    public Shape? Stride { get; }

    /// <summary>Whether a last incomplete window counts.</summary>
    public bool CeilMode { get; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.LpPool3d(input, NormType, KernelSize, Stride is { } stride ? stride : default(IntList), CeilMode);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() =>
        $"norm_type={ReprText.OfShort(NormType)}, kernel_size={ReprText.OfSize(KernelSize)}, stride={(Stride is { } stride ? ReprText.OfSize(stride) : "None")}, ceil_mode={ReprText.Of(CeilMode)}";
}

/// <summary>Average pooling to a given size. Shape: (N, C, D, H, W) or (C, D, H, W). Mirrors <c>nn.AdaptiveAvgPool3d</c>.</summary>
public partial class AdaptiveAvgPool3d : Module<Tensor, Tensor>
{
    /// <summary>Makes the module.</summary>
    /// <param name="outputSize">The size of the output: one number, or one for each dimension; -1 keeps the input's (Python's <c>None</c>).</param>
    public AdaptiveAvgPool3d(IntList outputSize)
    {
        Functional.Expand(outputSize, 3, nameof(outputSize));
        OutputSize = new Shape(outputSize.Span);
    }

    /// <summary>The size of the output.</summary>
    public Shape OutputSize { get; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.AdaptiveAvgPool3d(input, OutputSize);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"output_size={ReprText.OfSize(OutputSize).Replace("-1", "None", StringComparison.Ordinal)}";
}

/// <summary>Maximum pooling to a given size. Shape: (N, C, D, H, W) or (C, D, H, W). Mirrors <c>nn.AdaptiveMaxPool3d</c>.</summary>
public partial class AdaptiveMaxPool3d : Module<Tensor, Tensor>
{
    /// <summary>Makes the module.</summary>
    /// <param name="outputSize">The size of the output: one number, or one for each dimension; -1 keeps the input's (Python's <c>None</c>).</param>
    public AdaptiveMaxPool3d(IntList outputSize)
    {
        Functional.Expand(outputSize, 3, nameof(outputSize));
        OutputSize = new Shape(outputSize.Span);
    }

    /// <summary>The size of the output.</summary>
    public Shape OutputSize { get; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.AdaptiveMaxPool3d(input, OutputSize);

    /// <summary>Runs the module and gives the places of the maxima as well. Mirrors a pooling made with <c>return_indices=True</c>.</summary>
    /// <param name="input">The input.</param>
    public (Tensor Output, Tensor Indices) CallWithIndices(Tensor input) => HasCallHooks
        ? ((Tensor, Tensor))CallForward([input], inputs => Functional.AdaptiveMaxPool3dWithIndices((Tensor)inputs[0]!, OutputSize))!
        : Functional.AdaptiveMaxPool3dWithIndices(input, OutputSize);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"output_size={ReprText.OfSize(OutputSize).Replace("-1", "None", StringComparison.Ordinal)}";
}

/// <summary>Maximum pooling with random windows. Shape: (N, C, H, W) or (C, H, W). Mirrors <c>nn.FractionalMaxPool2d</c>.</summary>
public partial class FractionalMaxPool2d : Module<Tensor, Tensor>
{
    private readonly long[]? _outputSize;
    private readonly double[]? _outputRatio;

    /// <summary>Makes the module.</summary>
    /// <param name="kernelSize">The size of the windows.</param>
    /// <param name="outputSize">The size of the output. Either this or the ratio is given.</param>
    /// <param name="outputRatio">The size of the output over the input's, between 0 and 1.</param>
    /// <param name="randomSamples">(N, C, 2) numbers that place the windows. Default: drawn at each call.</param>
    /// <exception cref="ArgumentException">Not exactly one of size and ratio is given, or the ratio is not between 0 and 1.</exception>
    public FractionalMaxPool2d(IntList kernelSize, IntList outputSize = default, double[]? outputRatio = null, Tensor? randomSamples = null)
    {
        if (outputSize.IsGiven == outputRatio is not null)
            throw new ArgumentException("Exactly one of the output size and the output ratio is to be given.", nameof(outputSize));
        if (outputRatio is not null && Array.Exists(outputRatio, static r => r is not (> 0 and < 1)))
            throw new ArgumentException($"Each ratio must lie above 0 and below 1; got {string.Join(", ", outputRatio.Select(static r => ReprText.Of(r)))}.", nameof(outputRatio));
        KernelSize = Functional.Expand(kernelSize, 2, nameof(kernelSize));
        _outputSize = outputSize.IsGiven ? Functional.Expand(outputSize, 2, nameof(outputSize)) : null;
        _outputRatio = outputRatio;
        RandomSamples = randomSamples;
    }

    /// <summary>The size of the windows.</summary>
    public Shape KernelSize { get; }

    /// <summary>Numbers that place the windows, or null.</summary>
    [Buffer(Persistent = false), Name("_random_samples")]
    public Tensor? RandomSamples { get; set; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.FractionalMaxPool2d(input, KernelSize, _outputSize, _outputRatio, RandomSamples);

    /// <summary>Runs the module and gives the places of the maxima as well. Mirrors a pooling made with <c>return_indices=True</c>.</summary>
    /// <param name="input">The input.</param>
    public (Tensor Output, Tensor Indices) CallWithIndices(Tensor input) => ((Tensor, Tensor))CallForward([input], inputs =>
        Functional.FractionalMaxPool2dWithIndices((Tensor)inputs[0]!, KernelSize, _outputSize, _outputRatio, RandomSamples))!;
}

/// <summary>Maximum pooling with random windows. Shape: (N, C, D, H, W) or (C, D, H, W). Mirrors <c>nn.FractionalMaxPool3d</c>.</summary>
public partial class FractionalMaxPool3d : Module<Tensor, Tensor>
{
    private readonly long[]? _outputSize;
    private readonly double[]? _outputRatio;

    /// <summary>Makes the module.</summary>
    /// <param name="kernelSize">The size of the windows.</param>
    /// <param name="outputSize">The size of the output. Either this or the ratio is given.</param>
    /// <param name="outputRatio">The size of the output over the input's, between 0 and 1.</param>
    /// <param name="randomSamples">(N, C, 3) numbers that place the windows. Default: drawn at each call.</param>
    /// <exception cref="ArgumentException">Not exactly one of size and ratio is given, or the ratio is not between 0 and 1.</exception>
    public FractionalMaxPool3d(IntList kernelSize, IntList outputSize = default, double[]? outputRatio = null, Tensor? randomSamples = null)
    {
        if (outputSize.IsGiven == outputRatio is not null)
            throw new ArgumentException("Exactly one of the output size and the output ratio is to be given.", nameof(outputSize));
        if (outputRatio is not null && Array.Exists(outputRatio, static r => r is not (> 0 and < 1)))
            throw new ArgumentException($"Each ratio must lie above 0 and below 1; got {string.Join(", ", outputRatio.Select(static r => ReprText.Of(r)))}.", nameof(outputRatio));
        KernelSize = Functional.Expand(kernelSize, 3, nameof(kernelSize));
        _outputSize = outputSize.IsGiven ? Functional.Expand(outputSize, 3, nameof(outputSize)) : null;
        _outputRatio = outputRatio;
        RandomSamples = randomSamples;
    }

    /// <summary>The size of the windows.</summary>
    public Shape KernelSize { get; }

    /// <summary>Numbers that place the windows, or null.</summary>
    [Buffer(Persistent = false), Name("_random_samples")]
    public Tensor? RandomSamples { get; set; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.FractionalMaxPool3d(input, KernelSize, _outputSize, _outputRatio, RandomSamples);

    /// <summary>Runs the module and gives the places of the maxima as well. Mirrors a pooling made with <c>return_indices=True</c>.</summary>
    /// <param name="input">The input.</param>
    public (Tensor Output, Tensor Indices) CallWithIndices(Tensor input) => ((Tensor, Tensor))CallForward([input], inputs =>
        Functional.FractionalMaxPool3dWithIndices((Tensor)inputs[0]!, KernelSize, _outputSize, _outputRatio, RandomSamples))!;
}
