namespace TorchBind.NN;

/// <summary>Channels become pixels. Shape: (*, C r², H, W) to (*, C, H r, W r). Mirrors <c>nn.PixelShuffle</c>.</summary>
/// <param name="upscaleFactor">The factor r.</param>
public partial class PixelShuffle(long upscaleFactor) : Module<Tensor, Tensor>
{
    /// <summary>The factor.</summary>
    public long UpscaleFactor { get; } = upscaleFactor;

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.PixelShuffle(input, UpscaleFactor);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"upscale_factor={ReprText.Of(UpscaleFactor)}";
}

/// <summary>Pixels become channels. Shape: (*, C, H r, W r) to (*, C r², H, W). Mirrors <c>nn.PixelUnshuffle</c>.</summary>
/// <param name="downscaleFactor">The factor r.</param>
public partial class PixelUnshuffle(long downscaleFactor) : Module<Tensor, Tensor>
{
    /// <summary>The factor.</summary>
    public long DownscaleFactor { get; } = downscaleFactor;

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.PixelUnshuffle(input, DownscaleFactor);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"downscale_factor={ReprText.Of(DownscaleFactor)}";
}

/// <summary>Mixes the channels of groups. Shape: (*, C, H, W). Mirrors <c>nn.ChannelShuffle</c>.</summary>
/// <param name="groups">The number of groups.</param>
public partial class ChannelShuffle(long groups) : Module<Tensor, Tensor>
{
    /// <summary>The number of groups.</summary>
    public long Groups { get; } = groups;

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.ChannelShuffle(input, Groups);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"groups={ReprText.Of(Groups)}";
}

/// <summary>Changes the size of the last dimensions. Shape: (N, C, L), (N, C, H, W) or (N, C, D, H, W). Mirrors <c>nn.Upsample</c>.</summary>
public partial class Upsample : Module<Tensor, Tensor>
{
    private readonly long[]? _size;
    private readonly double[]? _scaleFactor;

    /// <summary>Makes the module.</summary>
    /// <param name="size">The new size: one number, or one for each dimension. Either this or the factor is given.</param>
    /// <param name="scaleFactor">The new size over the old: one number, or one for each dimension.</param>
    /// <param name="mode">How values are found. Default: the nearest one.</param>
    /// <param name="alignCorners">Whether corners lie on corners; for the linear and cubic modes. Default: false.</param>
    /// <param name="recomputeScaleFactor">Whether the factor is found again from the rounded size. Default: false.</param>
    public Upsample(
        IntList size = default, ScaleFactor scaleFactor = default, InterpolationMode mode = InterpolationMode.Nearest, bool? alignCorners = null,
        bool? recomputeScaleFactor = null)
    {
        _size = size.IsGiven ? size.Span.ToArray() : null;
        _scaleFactor = scaleFactor.Values;
        Mode = mode;
        AlignCorners = alignCorners;
        RecomputeScaleFactor = recomputeScaleFactor;
    }

    /// <summary>How values are found.</summary>
    public InterpolationMode Mode { get; }

    /// <summary>Whether corners lie on corners.</summary>
    public bool? AlignCorners { get; }

    /// <summary>Whether the factor is found again from the rounded size.</summary>
    public bool? RecomputeScaleFactor { get; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) =>
        Functional.Interpolate(input, _size, _scaleFactor, Mode, AlignCorners, RecomputeScaleFactor);

    /// <inheritdoc/>
    protected internal override string ExtraRepr()
    {
        var what = _scaleFactor is { Length: 1 } ? $"scale_factor={ReprText.Of(_scaleFactor[0])}"
            : _scaleFactor is not null ? $"scale_factor=({string.Join(", ", _scaleFactor.Select(static f => ReprText.Of(f)))})"
            : $"size={(_size is null ? "None" : ReprText.OfSize(_size))}";
        return $"{what}, mode={ReprText.Of(Mode == InterpolationMode.NearestExact ? "nearest-exact" : MemberName.ToKey(Mode.ToString()))}";
    }
}

/// <summary>The new size over the old: one number, or one for each dimension.</summary>
public readonly struct ScaleFactor
{
    private ScaleFactor(double[] values) => Values = values;

    internal double[]? Values { get; }

    /// <summary>One number for all dimensions.</summary>
    public static implicit operator ScaleFactor(double value) => new([value]);
    /// <summary>One number for all dimensions.</summary>
    public static implicit operator ScaleFactor(int value) => new([value]);
    /// <summary>One number for each of two dimensions.</summary>
    public static implicit operator ScaleFactor((double, double) values) => new([values.Item1, values.Item2]);
    /// <summary>One number for each of three dimensions.</summary>
    public static implicit operator ScaleFactor((double, double, double) values) => new([values.Item1, values.Item2, values.Item3]);
    /// <summary>One number for each dimension.</summary>
    public static implicit operator ScaleFactor(double[] values) => new(values);
}

/// <summary>Enlarges images by the nearest values. Shape: (N, C, H, W). Mirrors <c>nn.UpsamplingNearest2d</c>.</summary>
public partial class UpsamplingNearest2d : Upsample
{
    /// <summary>Makes the module.</summary>
    /// <param name="size">The new size. Either this or the factor is given.</param>
    /// <param name="scaleFactor">The new size over the old.</param>
    public UpsamplingNearest2d(IntList size = default, ScaleFactor scaleFactor = default) : base(size, scaleFactor)
    {
    }
}

/// <summary>Enlarges images bilinearly, corners on corners. Shape: (N, C, H, W). Mirrors <c>nn.UpsamplingBilinear2d</c>.</summary>
public partial class UpsamplingBilinear2d : Upsample
{
    /// <summary>Makes the module.</summary>
    /// <param name="size">The new size. Either this or the factor is given.</param>
    /// <param name="scaleFactor">The new size over the old.</param>
    public UpsamplingBilinear2d(IntList size = default, ScaleFactor scaleFactor = default)
        : base(size, scaleFactor, InterpolationMode.Bilinear, alignCorners: true)
    {
    }
}

/// <summary>The sum of columns put back as blocks of an image. Shape: (N, C * kH * kW, blocks). Mirrors <c>nn.Fold</c>.</summary>
public partial class Fold : Module<Tensor, Tensor>
{
    /// <summary>Makes the module.</summary>
    /// <param name="outputSize">The size of the image.</param>
    /// <param name="kernelSize">The size of a block.</param>
    /// <param name="dilation">The distance of its elements. Default: 1.</param>
    /// <param name="padding">Zeros at all sides. Default: 0.</param>
    /// <param name="stride">The step. Default: 1.</param>
    public Fold(IntList outputSize, IntList kernelSize, IntList dilation = default, IntList padding = default, IntList stride = default)
    {
        OutputSize = new Shape(outputSize.Span);
        KernelSize = new Shape(kernelSize.Span);
        Dilation = dilation.IsGiven ? new Shape(dilation.Span) : [1];
        Padding = padding.IsGiven ? new Shape(padding.Span) : [0];
        Stride = stride.IsGiven ? new Shape(stride.Span) : [1];
    }

    /// <summary>The size of the image.</summary>
    public Shape OutputSize { get; }

    /// <summary>The size of a block.</summary>
    public Shape KernelSize { get; }

    /// <summary>The distance of its elements.</summary>
    public Shape Dilation { get; }

    /// <summary>Zeros at all sides.</summary>
    public Shape Padding { get; }

    /// <summary>The step.</summary>
    public Shape Stride { get; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Fold(input, OutputSize, KernelSize, Dilation, Padding, Stride);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() =>
        $"output_size={ReprText.OfSize(OutputSize)}, kernel_size={ReprText.OfSize(KernelSize)}, dilation={ReprText.OfSize(Dilation)}, padding={ReprText.OfSize(Padding)}, stride={ReprText.OfSize(Stride)}";
}

/// <summary>The blocks of an image as columns. Shape: (N, C, H, W) to (N, C * kH * kW, blocks). Mirrors <c>nn.Unfold</c>.</summary>
public partial class Unfold : Module<Tensor, Tensor>
{
    /// <summary>Makes the module.</summary>
    /// <param name="kernelSize">The size of a block.</param>
    /// <param name="dilation">The distance of its elements. Default: 1.</param>
    /// <param name="padding">Zeros at all sides. Default: 0.</param>
    /// <param name="stride">The step. Default: 1.</param>
    public Unfold(IntList kernelSize, IntList dilation = default, IntList padding = default, IntList stride = default)
    {
        KernelSize = new Shape(kernelSize.Span);
        Dilation = dilation.IsGiven ? new Shape(dilation.Span) : [1];
        Padding = padding.IsGiven ? new Shape(padding.Span) : [0];
        Stride = stride.IsGiven ? new Shape(stride.Span) : [1];
    }

    /// <summary>The size of a block.</summary>
    public Shape KernelSize { get; }

    /// <summary>The distance of its elements.</summary>
    public Shape Dilation { get; }

    /// <summary>Zeros at all sides.</summary>
    public Shape Padding { get; }

    /// <summary>The step.</summary>
    public Shape Stride { get; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Unfold(input, KernelSize, Dilation, Padding, Stride);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() =>
        $"kernel_size={ReprText.OfSize(KernelSize)}, dilation={ReprText.OfSize(Dilation)}, padding={ReprText.OfSize(Padding)}, stride={ReprText.OfSize(Stride)}";
}

/// <summary>The cosine of the angle of pairs of vectors. Shape: (*, D, *), both. Mirrors <c>nn.CosineSimilarity</c>.</summary>
/// <param name="dim">The dimension of the vectors. Default: 1.</param>
/// <param name="eps">The least divisor. Default: 1e-8.</param>
public partial class CosineSimilarity(long dim = 1, double eps = 1e-8) : Module<Tensor, Tensor, Tensor>
{
    /// <summary>The dimension of the vectors.</summary>
    public long Dim { get; } = dim;

    /// <summary>The least divisor.</summary>
    public double Eps { get; } = eps;

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor x1, Tensor x2) => Functional.CosineSimilarity(x1, x2, Dim, Eps);
}

/// <summary>The distances of pairs of vectors. Shape: (N, D) or (D), both. Mirrors <c>nn.PairwiseDistance</c>.</summary>
/// <param name="p">The power of the norm. Default: 2.</param>
/// <param name="eps">Added to the differences. Default: 1e-6.</param>
/// <param name="keepDim">Whether the last dimension stays, with size 1. Default: false.</param>
public partial class PairwiseDistance(double p = 2.0, double eps = 1e-6, bool keepDim = false) : Module<Tensor, Tensor, Tensor>
{
    /// <summary>The power of the norm.</summary>
    public double Norm { get; } = p;

    /// <summary>Added to the differences.</summary>
    public double Eps { get; } = eps;

    /// <summary>Whether the last dimension stays.</summary>
    public bool KeepDim { get; } = keepDim;

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor x1, Tensor x2) => Functional.PairwiseDistance(x1, x2, Norm, Eps, KeepDim);
}
