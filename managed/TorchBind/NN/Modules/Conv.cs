namespace TorchBind.NN;

/// <summary>What all convolutions have in common. Mirrors <c>_ConvNd</c>.</summary>
public abstract partial class ConvNd : Module<Tensor, Tensor>
{
    private readonly long[] _padding;
    private readonly long[] _beyond; // for Functional.Pad: both sides of each dimension, the last one first

    private protected ConvNd(
        int dims, bool transposed, long inChannels, long outChannels, IntList kernelSize, IntList stride, ConvPadding padding, IntList outputPadding,
        IntList dilation, long groups, bool bias, PaddingMode paddingMode, Device? device, DType? dtype, bool lazy = false)
    {
        if (groups <= 0)
            throw new ArgumentOutOfRangeException(nameof(groups), groups, "groups must be a positive integer.");
        if (inChannels % groups != 0)
            throw new ArgumentException($"inChannels ({inChannels}) must be divisible by groups ({groups}).", nameof(inChannels));
        if (outChannels % groups != 0)
            throw new ArgumentException($"outChannels ({outChannels}) must be divisible by groups ({groups}).", nameof(outChannels));
        InChannels = inChannels;
        OutChannels = outChannels;
        var kernel = Functional.Expand(kernelSize, dims, nameof(kernelSize));
        var step = Functional.Expand(stride, dims, 1, nameof(stride));
        var spread = Functional.Expand(dilation, dims, 1, nameof(dilation));
        KernelSize = kernel;
        Stride = step;
        Dilation = spread;
        OutputPadding = Functional.Expand(outputPadding, dims, 0, nameof(outputPadding));
        Groups = groups;
        PaddingMode = paddingMode;
        PaddingName = padding.Name;
        _padding = padding.Name is null ? Functional.Expand(padding.Values, dims, 0, nameof(padding)) : new long[dims];
        if (padding.Name == "same" && step.AsSpan().ContainsAnyExcept(1))
            throw new ArgumentException($"The padding \"same\" keeps the size, which takes a stride of 1; it is {ReprText.Of(step)}.", nameof(padding));
        _beyond = new long[2 * dims];
        for (var d = 0; d < dims; d++)
        {
            var i = 2 * (dims - 1 - d);
            if (padding.Name == "same")
            {
                var total = spread[d] * (kernel[d] - 1);
                (_beyond[i], _beyond[i + 1]) = (total / 2, total - (total / 2));
            }
            else
            {
                _beyond[i] = _beyond[i + 1] = _padding[d];
            }
        }
        Transposed = transposed;
        if (lazy)
        {
            Weight = new UninitializedParameter(device: device, dtype: dtype);
            if (bias)
                Bias = new UninitializedParameter(device: device, dtype: dtype);
            return;
        }
        Weight = Parameter.Empty(WeightShape(inChannels), device, dtype);
        if (bias)
            Bias = Parameter.Empty(outChannels, device, dtype);
        ResetParameters();
    }

    /// <summary>The number of input channels.</summary>
    public long InChannels { get; private protected set; }

    /// <summary>The number of output channels.</summary>
    public long OutChannels { get; }

    /// <summary>The size of the kernel.</summary>
    public Shape KernelSize { get; }

    /// <summary>The step.</summary>
    public Shape Stride { get; }

    /// <summary>What is added at the sides; zeros where <see cref="PaddingName"/> is given.</summary>
    public Shape Padding => _padding;

    /// <summary><c>same</c>, <c>valid</c>, or null.</summary>
    public string? PaddingName { get; }

    /// <summary>The distance of the kernel's elements.</summary>
    public Shape Dilation { get; }

    /// <summary>What a transposed convolution adds at one side.</summary>
    public Shape OutputPadding { get; }

    /// <summary>Into how many groups the channels are split.</summary>
    public long Groups { get; }

    /// <summary>What is beyond the edges.</summary>
    public PaddingMode PaddingMode { get; }

    private protected bool Transposed { get; }

    /// <summary>The kernels: (out, in / groups, *kernel), transposed (in, out / groups, *kernel).</summary>
    public Parameter Weight { get => Effective(field); set; }

    /// <summary>The bias, (out), or null.</summary>
    public Parameter? Bias { get => Effective(field); set; }

    private protected Shape WeightShape(long inChannels) => Transposed
        ? [inChannels, OutChannels / Groups, .. KernelSize.ToArray()]
        : [OutChannels, inChannels / Groups, .. KernelSize.ToArray()];

    /// <summary>Whether a lazy module waits for its first input.</summary>
    private protected bool IsWaiting => Weight is UninitializedParameter { IsInitialized: false };

    /// <summary>Gives a lazy module its parameters; others know their channels.</summary>
    private protected void Materialize(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (InChannels != 0)
            return;
        if (!IsWaiting)
        {
            // Loaded from a state dict: the weight knows.
            InChannels = Transposed ? Weight.Size(0) : Weight.Size(1) * Groups;
            return;
        }
        var dims = KernelSize.Length;
        if (input.NDim != dims + 1 && input.NDim != dims + 2)
            throw new ArgumentException($"{GetName()} takes an input of {dims + 1} dimensions, or a batch of {dims + 2}; this one has the shape {input.Shape}.", nameof(input));
        var channels = input.Size(input.NDim == dims + 2 ? 1 : 0);
        if (channels % Groups != 0)
            throw new ArgumentException($"The {channels} input channels must be divisible by groups ({Groups}).", nameof(input));
        InChannels = channels;
        ((UninitializedParameter)Weight).Materialize(WeightShape(channels));
        (Bias as UninitializedParameter)?.Materialize(OutChannels);
        ResetParameters();
    }

    /// <summary>Draws weight and bias anew.</summary>
    public virtual void ResetParameters()
    {
        Init.KaimingUniform_(Weight, a: Math.Sqrt(5));
        if (Bias is not { } bias)
            return;
        var (fanIn, _) = Init.CalculateFanInAndFanOut(Weight);
        if (fanIn == 0)
            return;
        var bound = 1 / Math.Sqrt(fanIn);
        Init.Uniform_(bias, -bound, bound);
    }

    /// <summary>The input with its edges, and the padding that is left to do.</summary>
    private protected (Tensor Input, long[] Padding) Padded(Tensor input) =>
        PaddingMode == PaddingMode.Zeros ? (input, _padding) : (Functional.Pad(input, _beyond, PaddingMode), new long[_padding.Length]);

    /// <summary>The output padding that gives an output of a wanted size.</summary>
    private protected long[] OutputPaddingFor(Tensor input, IntList outputSize)
    {
        if (!outputSize.IsGiven)
            return OutputPadding.ToArray();
        var dims = KernelSize.Length;
        var others = input.NDim == dims + 2 ? 2 : 1;
        var wanted = outputSize.Span.ToArray();
        if (wanted.Length == others + dims)
            wanted = wanted[others..];
        if (wanted.Length != dims)
            throw new ArgumentException($"For an input of {input.NDim} dimensions the output size takes {dims} or {others + dims} numbers, got {wanted.Length}.", nameof(outputSize));
        var result = new long[dims];
        for (var d = 0; d < dims; d++)
        {
            var least = ((input.Size(d + others) - 1) * Stride[d]) - (2 * _padding[d]) + (Dilation[d] * (KernelSize[d] - 1)) + 1;
            var most = least + Stride[d] - 1;
            if (wanted[d] < least || wanted[d] > most)
                throw new ArgumentException($"An output size of {ReprText.Of(wanted)} was asked for, but dimension {d} can be {least} to {most} for an input of {input.Shape}.", nameof(outputSize));
            result[d] = wanted[d] - least;
        }
        return result;
    }

    /// <inheritdoc/>
    protected internal override string ExtraRepr()
    {
        var text = $"{ReprText.Of(InChannels)}, {ReprText.Of(OutChannels)}, kernel_size={ReprText.Of(KernelSize.Span)}, stride={ReprText.Of(Stride.Span)}";
        if (PaddingName is not null)
            text += $", padding={PaddingName}";
        else if (_padding.AsSpan().ContainsAnyExcept(0))
            text += $", padding={ReprText.Of(_padding)}";
        if (Dilation.Span.ContainsAnyExcept(1))
            text += $", dilation={ReprText.Of(Dilation.Span)}";
        if (OutputPadding.Span.ContainsAnyExcept(0))
            text += $", output_padding={ReprText.Of(OutputPadding.Span)}";
        if (Groups != 1)
            text += $", groups={ReprText.Of(Groups)}";
        if (Bias is null)
            text += ", bias=False";
        if (PaddingMode != PaddingMode.Zeros)
            text += $", padding_mode={Functional.NameOf(PaddingMode)}";
        return text;
    }
}

/// <summary>Convolution over one dimension. Shape: (N, in, L) or (in, L) to the same with out channels. Mirrors <c>nn.Conv1d</c>.</summary>
public partial class Conv1d : ConvNd
{
    /// <summary>Makes the layer; weight and bias are drawn uniformly from ±1/sqrt(in / groups * kernel).</summary>
    /// <param name="inChannels">The number of input channels.</param>
    /// <param name="outChannels">The number of output channels.</param>
    /// <param name="kernelSize">The size of the kernel.</param>
    /// <param name="stride">The step. Default: 1.</param>
    /// <param name="padding">What is added at the sides, or "same" or "valid". Default: 0.</param>
    /// <param name="dilation">The distance of the kernel's elements. Default: 1.</param>
    /// <param name="groups">Into how many groups the channels are split. Default: 1.</param>
    /// <param name="bias">Whether a bias is added. Default: true.</param>
    /// <param name="paddingMode">What is added. Default: zeros.</param>
    /// <param name="device">Where the parameters are. Default: the processor.</param>
    /// <param name="dtype">Their dtype. Default: the default dtype.</param>
    /// <exception cref="ArgumentException">The groups do not divide the channels, or the padding does not fit.</exception>
    public Conv1d(
        long inChannels, long outChannels, IntList kernelSize, IntList stride = default, ConvPadding padding = default, IntList dilation = default,
        long groups = 1, bool bias = true, PaddingMode paddingMode = PaddingMode.Zeros, Device? device = null, DType? dtype = null)
        : this(inChannels, outChannels, kernelSize, stride, padding, dilation, groups, bias, paddingMode, device, dtype, lazy: false)
    {
    }

    private protected Conv1d(
        long inChannels, long outChannels, IntList kernelSize, IntList stride, ConvPadding padding, IntList dilation, long groups, bool bias,
        PaddingMode paddingMode, Device? device, DType? dtype, bool lazy)
        : base(1, false, inChannels, outChannels, kernelSize, stride, padding, default, dilation, groups, bias, paddingMode, device, dtype, lazy)
    {
    }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input)
    {
        Materialize(input);
        if (PaddingName is { } name && PaddingMode == PaddingMode.Zeros)
            return Torch.Conv1d(input, Weight, Bias, Stride, name, Dilation, Groups);
        var (padded, padding) = Padded(input);
        return Torch.Conv1d(padded, Weight, Bias, Stride, padding, Dilation, Groups);
    }
}

/// <summary>Transposed convolution over one dimension. Shape: (N, in, L) or (in, L) to the same with out channels. Mirrors <c>nn.ConvTranspose1d</c>.</summary>
public partial class ConvTranspose1d : ConvNd
{
    /// <summary>Makes the layer; weight and bias are drawn uniformly from ±1/sqrt(out / groups * kernel).</summary>
    /// <param name="inChannels">The number of input channels.</param>
    /// <param name="outChannels">The number of output channels.</param>
    /// <param name="kernelSize">The size of the kernel.</param>
    /// <param name="stride">The step. Default: 1.</param>
    /// <param name="padding">What is cut off at the sides. Default: 0.</param>
    /// <param name="outputPadding">What is added at one side. Default: 0.</param>
    /// <param name="groups">Into how many groups the channels are split. Default: 1.</param>
    /// <param name="bias">Whether a bias is added. Default: true.</param>
    /// <param name="dilation">The distance of the kernel's elements. Default: 1.</param>
    /// <param name="device">Where the parameters are. Default: the processor.</param>
    /// <param name="dtype">Their dtype. Default: the default dtype.</param>
    /// <exception cref="ArgumentException">The groups do not divide the channels.</exception>
    public ConvTranspose1d(
        long inChannels, long outChannels, IntList kernelSize, IntList stride = default, IntList padding = default, IntList outputPadding = default,
        long groups = 1, bool bias = true, IntList dilation = default, Device? device = null, DType? dtype = null)
        : this(inChannels, outChannels, kernelSize, stride, padding, outputPadding, groups, bias, dilation, device, dtype, lazy: false)
    {
    }

    private protected ConvTranspose1d(
        long inChannels, long outChannels, IntList kernelSize, IntList stride, IntList padding, IntList outputPadding, long groups, bool bias,
        IntList dilation, Device? device, DType? dtype, bool lazy)
        : base(1, true, inChannels, outChannels, kernelSize, stride, padding, outputPadding, dilation, groups, bias, PaddingMode.Zeros, device, dtype, lazy)
    {
    }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Forward(input, default);

    private Tensor Forward(Tensor input, IntList outputSize)
    {
        Materialize(input);
        return Torch.ConvTranspose1d(input, Weight, Bias, Stride, Padding, OutputPaddingFor(input, outputSize), Groups, Dilation);
    }

    /// <summary>Runs the module for an output of a wanted size.</summary>
    /// <param name="input">The input.</param>
    /// <param name="outputSize">The size of the output's last dimensions, or of all.</param>
    /// <exception cref="ArgumentException">The size cannot be reached.</exception>
    public Tensor Call(Tensor input, IntList outputSize)
    {
        var size = outputSize.IsGiven ? outputSize.Span.ToArray() : null;
        return HasCallHooks ? (Tensor)CallForward([input, size], inputs => Forward((Tensor)inputs[0]!, (long[]?)inputs[1]))! : Forward(input, size);
    }
}

/// <summary>Convolution over two dimensions. Shape: (N, in, H, W) or (in, H, W) to the same with out channels. Mirrors <c>nn.Conv2d</c>.</summary>
public partial class Conv2d : ConvNd
{
    /// <summary>Makes the layer; weight and bias are drawn uniformly from ±1/sqrt(in / groups * kernel).</summary>
    /// <param name="inChannels">The number of input channels.</param>
    /// <param name="outChannels">The number of output channels.</param>
    /// <param name="kernelSize">The size of the kernel.</param>
    /// <param name="stride">The step. Default: 1.</param>
    /// <param name="padding">What is added at the sides, or "same" or "valid". Default: 0.</param>
    /// <param name="dilation">The distance of the kernel's elements. Default: 1.</param>
    /// <param name="groups">Into how many groups the channels are split. Default: 1.</param>
    /// <param name="bias">Whether a bias is added. Default: true.</param>
    /// <param name="paddingMode">What is added. Default: zeros.</param>
    /// <param name="device">Where the parameters are. Default: the processor.</param>
    /// <param name="dtype">Their dtype. Default: the default dtype.</param>
    /// <exception cref="ArgumentException">The groups do not divide the channels, or the padding does not fit.</exception>
    public Conv2d(
        long inChannels, long outChannels, IntList kernelSize, IntList stride = default, ConvPadding padding = default, IntList dilation = default,
        long groups = 1, bool bias = true, PaddingMode paddingMode = PaddingMode.Zeros, Device? device = null, DType? dtype = null)
        : this(inChannels, outChannels, kernelSize, stride, padding, dilation, groups, bias, paddingMode, device, dtype, lazy: false)
    {
    }

    private protected Conv2d(
        long inChannels, long outChannels, IntList kernelSize, IntList stride, ConvPadding padding, IntList dilation, long groups, bool bias,
        PaddingMode paddingMode, Device? device, DType? dtype, bool lazy)
        : base(2, false, inChannels, outChannels, kernelSize, stride, padding, default, dilation, groups, bias, paddingMode, device, dtype, lazy)
    {
    }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input)
    {
        Materialize(input);
        if (PaddingName is { } name && PaddingMode == PaddingMode.Zeros)
            return Torch.Conv2d(input, Weight, Bias, Stride, name, Dilation, Groups);
        var (padded, padding) = Padded(input);
        return Torch.Conv2d(padded, Weight, Bias, Stride, padding, Dilation, Groups);
    }
}

/// <summary>Transposed convolution over two dimensions. Shape: (N, in, H, W) or (in, H, W) to the same with out channels. Mirrors <c>nn.ConvTranspose2d</c>.</summary>
public partial class ConvTranspose2d : ConvNd
{
    /// <summary>Makes the layer; weight and bias are drawn uniformly from ±1/sqrt(out / groups * kernel).</summary>
    /// <param name="inChannels">The number of input channels.</param>
    /// <param name="outChannels">The number of output channels.</param>
    /// <param name="kernelSize">The size of the kernel.</param>
    /// <param name="stride">The step. Default: 1.</param>
    /// <param name="padding">What is cut off at the sides. Default: 0.</param>
    /// <param name="outputPadding">What is added at one side. Default: 0.</param>
    /// <param name="groups">Into how many groups the channels are split. Default: 1.</param>
    /// <param name="bias">Whether a bias is added. Default: true.</param>
    /// <param name="dilation">The distance of the kernel's elements. Default: 1.</param>
    /// <param name="device">Where the parameters are. Default: the processor.</param>
    /// <param name="dtype">Their dtype. Default: the default dtype.</param>
    /// <exception cref="ArgumentException">The groups do not divide the channels.</exception>
    public ConvTranspose2d(
        long inChannels, long outChannels, IntList kernelSize, IntList stride = default, IntList padding = default, IntList outputPadding = default,
        long groups = 1, bool bias = true, IntList dilation = default, Device? device = null, DType? dtype = null)
        : this(inChannels, outChannels, kernelSize, stride, padding, outputPadding, groups, bias, dilation, device, dtype, lazy: false)
    {
    }

    private protected ConvTranspose2d(
        long inChannels, long outChannels, IntList kernelSize, IntList stride, IntList padding, IntList outputPadding, long groups, bool bias,
        IntList dilation, Device? device, DType? dtype, bool lazy)
        : base(2, true, inChannels, outChannels, kernelSize, stride, padding, outputPadding, dilation, groups, bias, PaddingMode.Zeros, device, dtype, lazy)
    {
    }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Forward(input, default);

    private Tensor Forward(Tensor input, IntList outputSize)
    {
        Materialize(input);
        return Torch.ConvTranspose2d(input, Weight, Bias, Stride, Padding, OutputPaddingFor(input, outputSize), Groups, Dilation);
    }

    /// <summary>Runs the module for an output of a wanted size.</summary>
    /// <param name="input">The input.</param>
    /// <param name="outputSize">The size of the output's last dimensions, or of all.</param>
    /// <exception cref="ArgumentException">The size cannot be reached.</exception>
    public Tensor Call(Tensor input, IntList outputSize)
    {
        var size = outputSize.IsGiven ? outputSize.Span.ToArray() : null;
        return HasCallHooks ? (Tensor)CallForward([input, size], inputs => Forward((Tensor)inputs[0]!, (long[]?)inputs[1]))! : Forward(input, size);
    }
}

/// <summary>Convolution over three dimensions. Shape: (N, in, D, H, W) or (in, D, H, W) to the same with out channels. Mirrors <c>nn.Conv3d</c>.</summary>
public partial class Conv3d : ConvNd
{
    /// <summary>Makes the layer; weight and bias are drawn uniformly from ±1/sqrt(in / groups * kernel).</summary>
    /// <param name="inChannels">The number of input channels.</param>
    /// <param name="outChannels">The number of output channels.</param>
    /// <param name="kernelSize">The size of the kernel.</param>
    /// <param name="stride">The step. Default: 1.</param>
    /// <param name="padding">What is added at the sides, or "same" or "valid". Default: 0.</param>
    /// <param name="dilation">The distance of the kernel's elements. Default: 1.</param>
    /// <param name="groups">Into how many groups the channels are split. Default: 1.</param>
    /// <param name="bias">Whether a bias is added. Default: true.</param>
    /// <param name="paddingMode">What is added. Default: zeros.</param>
    /// <param name="device">Where the parameters are. Default: the processor.</param>
    /// <param name="dtype">Their dtype. Default: the default dtype.</param>
    /// <exception cref="ArgumentException">The groups do not divide the channels, or the padding does not fit.</exception>
    public Conv3d(
        long inChannels, long outChannels, IntList kernelSize, IntList stride = default, ConvPadding padding = default, IntList dilation = default,
        long groups = 1, bool bias = true, PaddingMode paddingMode = PaddingMode.Zeros, Device? device = null, DType? dtype = null)
        : this(inChannels, outChannels, kernelSize, stride, padding, dilation, groups, bias, paddingMode, device, dtype, lazy: false)
    {
    }

    private protected Conv3d(
        long inChannels, long outChannels, IntList kernelSize, IntList stride, ConvPadding padding, IntList dilation, long groups, bool bias,
        PaddingMode paddingMode, Device? device, DType? dtype, bool lazy)
        : base(3, false, inChannels, outChannels, kernelSize, stride, padding, default, dilation, groups, bias, paddingMode, device, dtype, lazy)
    {
    }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input)
    {
        Materialize(input);
        if (PaddingName is { } name && PaddingMode == PaddingMode.Zeros)
            return Torch.Conv3d(input, Weight, Bias, Stride, name, Dilation, Groups);
        var (padded, padding) = Padded(input);
        return Torch.Conv3d(padded, Weight, Bias, Stride, padding, Dilation, Groups);
    }
}

/// <summary>Transposed convolution over three dimensions. Shape: (N, in, D, H, W) or (in, D, H, W) to the same with out channels. Mirrors <c>nn.ConvTranspose3d</c>.</summary>
public partial class ConvTranspose3d : ConvNd
{
    /// <summary>Makes the layer; weight and bias are drawn uniformly from ±1/sqrt(out / groups * kernel).</summary>
    /// <param name="inChannels">The number of input channels.</param>
    /// <param name="outChannels">The number of output channels.</param>
    /// <param name="kernelSize">The size of the kernel.</param>
    /// <param name="stride">The step. Default: 1.</param>
    /// <param name="padding">What is cut off at the sides. Default: 0.</param>
    /// <param name="outputPadding">What is added at one side. Default: 0.</param>
    /// <param name="groups">Into how many groups the channels are split. Default: 1.</param>
    /// <param name="bias">Whether a bias is added. Default: true.</param>
    /// <param name="dilation">The distance of the kernel's elements. Default: 1.</param>
    /// <param name="device">Where the parameters are. Default: the processor.</param>
    /// <param name="dtype">Their dtype. Default: the default dtype.</param>
    /// <exception cref="ArgumentException">The groups do not divide the channels.</exception>
    public ConvTranspose3d(
        long inChannels, long outChannels, IntList kernelSize, IntList stride = default, IntList padding = default, IntList outputPadding = default,
        long groups = 1, bool bias = true, IntList dilation = default, Device? device = null, DType? dtype = null)
        : this(inChannels, outChannels, kernelSize, stride, padding, outputPadding, groups, bias, dilation, device, dtype, lazy: false)
    {
    }

    private protected ConvTranspose3d(
        long inChannels, long outChannels, IntList kernelSize, IntList stride, IntList padding, IntList outputPadding, long groups, bool bias,
        IntList dilation, Device? device, DType? dtype, bool lazy)
        : base(3, true, inChannels, outChannels, kernelSize, stride, padding, outputPadding, dilation, groups, bias, PaddingMode.Zeros, device, dtype, lazy)
    {
    }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Forward(input, default);

    private Tensor Forward(Tensor input, IntList outputSize)
    {
        Materialize(input);
        return Torch.ConvTranspose3d(input, Weight, Bias, Stride, Padding, OutputPaddingFor(input, outputSize), Groups, Dilation);
    }

    /// <summary>Runs the module for an output of a wanted size.</summary>
    /// <param name="input">The input.</param>
    /// <param name="outputSize">The size of the output's last dimensions, or of all.</param>
    /// <exception cref="ArgumentException">The size cannot be reached.</exception>
    public Tensor Call(Tensor input, IntList outputSize)
    {
        var size = outputSize.IsGiven ? outputSize.Span.ToArray() : null;
        return HasCallHooks ? (Tensor)CallForward([input, size], inputs => Forward((Tensor)inputs[0]!, (long[]?)inputs[1]))! : Forward(input, size);
    }
}
