namespace TorchBind.NN;

/// <summary>A <see cref="Linear"/> that learns the size of its input from the first one. Mirrors <c>nn.LazyLinear</c>.</summary>
public partial class LazyLinear : Linear
{
    /// <summary>Makes the layer.</summary>
    /// <param name="outFeatures">The size of an output.</param>
    /// <param name="bias">Whether a bias is added. Default: true.</param>
    /// <param name="device">Where the parameters are. Default: the processor.</param>
    /// <param name="dtype">Their dtype. Default: the default dtype.</param>
    public LazyLinear(long outFeatures, bool bias = true, Device? device = null, DType? dtype = null)
        : base(outFeatures, new UninitializedParameter(device: device, dtype: dtype), bias ? new UninitializedParameter(device: device, dtype: dtype) : null)
    {
    }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (Weight is UninitializedParameter { IsInitialized: false } weight)
        {
            using (Torch.NoGrad())
            {
                InFeatures = input.Size(-1);
                weight.Materialize((OutFeatures, InFeatures));
                (Bias as UninitializedParameter)?.Materialize(OutFeatures);
                ResetParameters();
            }
        }
        else if (InFeatures == 0)
        {
            InFeatures = Weight.Size(-1);
        }
        return base.Forward(input);
    }

    /// <summary>As in Python, the layer becomes a Linear with its first input.</summary>
    protected internal override string GetName() => Weight is UninitializedParameter { IsInitialized: false } ? base.GetName() : nameof(Linear);
}

/// <summary>A <see cref="Conv1d"/> that learns the number of its input channels from the first input. Mirrors <c>nn.LazyConv1d</c>.</summary>
public partial class LazyConv1d : Conv1d
{
    /// <summary>Makes the layer.</summary>
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
    public LazyConv1d(
        long outChannels, IntList kernelSize, IntList stride = default, ConvPadding padding = default, IntList dilation = default,
        long groups = 1, bool bias = true, PaddingMode paddingMode = PaddingMode.Zeros, Device? device = null, DType? dtype = null)
        : base(0, outChannels, kernelSize, stride, padding, dilation, groups, bias, paddingMode, device, dtype, lazy: true)
    {
    }

    /// <summary>As in Python, the layer becomes a Conv1d with its first input.</summary>
    protected internal override string GetName() => IsWaiting ? base.GetName() : nameof(Conv1d);
}

/// <summary>A <see cref="ConvTranspose1d"/> that learns the number of its input channels from the first input. Mirrors <c>nn.LazyConvTranspose1d</c>.</summary>
public partial class LazyConvTranspose1d : ConvTranspose1d
{
    /// <summary>Makes the layer.</summary>
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
    public LazyConvTranspose1d(
        long outChannels, IntList kernelSize, IntList stride = default, IntList padding = default, IntList outputPadding = default,
        long groups = 1, bool bias = true, IntList dilation = default, Device? device = null, DType? dtype = null)
        : base(0, outChannels, kernelSize, stride, padding, outputPadding, groups, bias, dilation, device, dtype, lazy: true)
    {
    }

    /// <summary>As in Python, the layer becomes a ConvTranspose1d with its first input.</summary>
    protected internal override string GetName() => IsWaiting ? base.GetName() : nameof(ConvTranspose1d);
}

/// <summary>A <see cref="BatchNorm1d"/> that learns the number of channels from the first input. Mirrors <c>nn.LazyBatchNorm1d</c>.</summary>
/// <param name="eps">Added to the variance. Default: 1e-5.</param>
/// <param name="momentum">The share of a batch in the running statistics. Default: 0.1.</param>
/// <param name="affine">Whether there are weight and bias. Default: true.</param>
/// <param name="trackRunningStats">Whether running statistics are kept. Default: true.</param>
/// <param name="device">Where the parameters are. Default: the processor.</param>
/// <param name="dtype">Their dtype. Default: the default dtype.</param>
/// <param name="bias">Whether there is a bias beside the weight. Default: true.</param>
public partial class LazyBatchNorm1d(
    double eps = 1e-5, double? momentum = 0.1, bool affine = true, bool trackRunningStats = true, Device? device = null, DType? dtype = null,
    bool bias = true) : BatchNorm1d(eps, momentum, affine, trackRunningStats, device, dtype, bias)
{
    /// <summary>As in Python, the layer becomes a BatchNorm1d with its first input.</summary>
    protected internal override string GetName() => IsWaiting ? base.GetName() : nameof(BatchNorm1d);
}

/// <summary>A <see cref="InstanceNorm1d"/> that learns the number of channels from the first input. Mirrors <c>nn.LazyInstanceNorm1d</c>.</summary>
/// <param name="eps">Added to the variance. Default: 1e-5.</param>
/// <param name="momentum">The share of a batch in the running statistics. Default: 0.1.</param>
/// <param name="affine">Whether there are weight and bias. Default: true.</param>
/// <param name="trackRunningStats">Whether running statistics are kept. Default: true.</param>
/// <param name="device">Where the parameters are. Default: the processor.</param>
/// <param name="dtype">Their dtype. Default: the default dtype.</param>
/// <param name="bias">Whether there is a bias beside the weight. Default: true.</param>
public partial class LazyInstanceNorm1d(
    double eps = 1e-5, double? momentum = 0.1, bool affine = true, bool trackRunningStats = true, Device? device = null, DType? dtype = null,
    bool bias = true) : InstanceNorm1d(eps, momentum, affine, trackRunningStats, device, dtype, bias)
{
    /// <summary>As in Python, the layer becomes a InstanceNorm1d with its first input.</summary>
    protected internal override string GetName() => IsWaiting ? base.GetName() : nameof(InstanceNorm1d);
}

/// <summary>A <see cref="Conv2d"/> that learns the number of its input channels from the first input. Mirrors <c>nn.LazyConv2d</c>.</summary>
public partial class LazyConv2d : Conv2d
{
    /// <summary>Makes the layer.</summary>
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
    public LazyConv2d(
        long outChannels, IntList kernelSize, IntList stride = default, ConvPadding padding = default, IntList dilation = default,
        long groups = 1, bool bias = true, PaddingMode paddingMode = PaddingMode.Zeros, Device? device = null, DType? dtype = null)
        : base(0, outChannels, kernelSize, stride, padding, dilation, groups, bias, paddingMode, device, dtype, lazy: true)
    {
    }

    /// <summary>As in Python, the layer becomes a Conv2d with its first input.</summary>
    protected internal override string GetName() => IsWaiting ? base.GetName() : nameof(Conv2d);
}

/// <summary>A <see cref="ConvTranspose2d"/> that learns the number of its input channels from the first input. Mirrors <c>nn.LazyConvTranspose2d</c>.</summary>
public partial class LazyConvTranspose2d : ConvTranspose2d
{
    /// <summary>Makes the layer.</summary>
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
    public LazyConvTranspose2d(
        long outChannels, IntList kernelSize, IntList stride = default, IntList padding = default, IntList outputPadding = default,
        long groups = 1, bool bias = true, IntList dilation = default, Device? device = null, DType? dtype = null)
        : base(0, outChannels, kernelSize, stride, padding, outputPadding, groups, bias, dilation, device, dtype, lazy: true)
    {
    }

    /// <summary>As in Python, the layer becomes a ConvTranspose2d with its first input.</summary>
    protected internal override string GetName() => IsWaiting ? base.GetName() : nameof(ConvTranspose2d);
}

/// <summary>A <see cref="BatchNorm2d"/> that learns the number of channels from the first input. Mirrors <c>nn.LazyBatchNorm2d</c>.</summary>
/// <param name="eps">Added to the variance. Default: 1e-5.</param>
/// <param name="momentum">The share of a batch in the running statistics. Default: 0.1.</param>
/// <param name="affine">Whether there are weight and bias. Default: true.</param>
/// <param name="trackRunningStats">Whether running statistics are kept. Default: true.</param>
/// <param name="device">Where the parameters are. Default: the processor.</param>
/// <param name="dtype">Their dtype. Default: the default dtype.</param>
/// <param name="bias">Whether there is a bias beside the weight. Default: true.</param>
public partial class LazyBatchNorm2d(
    double eps = 1e-5, double? momentum = 0.1, bool affine = true, bool trackRunningStats = true, Device? device = null, DType? dtype = null,
    bool bias = true) : BatchNorm2d(eps, momentum, affine, trackRunningStats, device, dtype, bias)
{
    /// <summary>As in Python, the layer becomes a BatchNorm2d with its first input.</summary>
    protected internal override string GetName() => IsWaiting ? base.GetName() : nameof(BatchNorm2d);
}

/// <summary>A <see cref="InstanceNorm2d"/> that learns the number of channels from the first input. Mirrors <c>nn.LazyInstanceNorm2d</c>.</summary>
/// <param name="eps">Added to the variance. Default: 1e-5.</param>
/// <param name="momentum">The share of a batch in the running statistics. Default: 0.1.</param>
/// <param name="affine">Whether there are weight and bias. Default: true.</param>
/// <param name="trackRunningStats">Whether running statistics are kept. Default: true.</param>
/// <param name="device">Where the parameters are. Default: the processor.</param>
/// <param name="dtype">Their dtype. Default: the default dtype.</param>
/// <param name="bias">Whether there is a bias beside the weight. Default: true.</param>
public partial class LazyInstanceNorm2d(
    double eps = 1e-5, double? momentum = 0.1, bool affine = true, bool trackRunningStats = true, Device? device = null, DType? dtype = null,
    bool bias = true) : InstanceNorm2d(eps, momentum, affine, trackRunningStats, device, dtype, bias)
{
    /// <summary>As in Python, the layer becomes a InstanceNorm2d with its first input.</summary>
    protected internal override string GetName() => IsWaiting ? base.GetName() : nameof(InstanceNorm2d);
}

/// <summary>A <see cref="Conv3d"/> that learns the number of its input channels from the first input. Mirrors <c>nn.LazyConv3d</c>.</summary>
public partial class LazyConv3d : Conv3d
{
    /// <summary>Makes the layer.</summary>
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
    public LazyConv3d(
        long outChannels, IntList kernelSize, IntList stride = default, ConvPadding padding = default, IntList dilation = default,
        long groups = 1, bool bias = true, PaddingMode paddingMode = PaddingMode.Zeros, Device? device = null, DType? dtype = null)
        : base(0, outChannels, kernelSize, stride, padding, dilation, groups, bias, paddingMode, device, dtype, lazy: true)
    {
    }

    /// <summary>As in Python, the layer becomes a Conv3d with its first input.</summary>
    protected internal override string GetName() => IsWaiting ? base.GetName() : nameof(Conv3d);
}

/// <summary>A <see cref="ConvTranspose3d"/> that learns the number of its input channels from the first input. Mirrors <c>nn.LazyConvTranspose3d</c>.</summary>
public partial class LazyConvTranspose3d : ConvTranspose3d
{
    /// <summary>Makes the layer.</summary>
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
    public LazyConvTranspose3d(
        long outChannels, IntList kernelSize, IntList stride = default, IntList padding = default, IntList outputPadding = default,
        long groups = 1, bool bias = true, IntList dilation = default, Device? device = null, DType? dtype = null)
        : base(0, outChannels, kernelSize, stride, padding, outputPadding, groups, bias, dilation, device, dtype, lazy: true)
    {
    }

    /// <summary>As in Python, the layer becomes a ConvTranspose3d with its first input.</summary>
    protected internal override string GetName() => IsWaiting ? base.GetName() : nameof(ConvTranspose3d);
}

/// <summary>A <see cref="BatchNorm3d"/> that learns the number of channels from the first input. Mirrors <c>nn.LazyBatchNorm3d</c>.</summary>
/// <param name="eps">Added to the variance. Default: 1e-5.</param>
/// <param name="momentum">The share of a batch in the running statistics. Default: 0.1.</param>
/// <param name="affine">Whether there are weight and bias. Default: true.</param>
/// <param name="trackRunningStats">Whether running statistics are kept. Default: true.</param>
/// <param name="device">Where the parameters are. Default: the processor.</param>
/// <param name="dtype">Their dtype. Default: the default dtype.</param>
/// <param name="bias">Whether there is a bias beside the weight. Default: true.</param>
public partial class LazyBatchNorm3d(
    double eps = 1e-5, double? momentum = 0.1, bool affine = true, bool trackRunningStats = true, Device? device = null, DType? dtype = null,
    bool bias = true) : BatchNorm3d(eps, momentum, affine, trackRunningStats, device, dtype, bias)
{
    /// <summary>As in Python, the layer becomes a BatchNorm3d with its first input.</summary>
    protected internal override string GetName() => IsWaiting ? base.GetName() : nameof(BatchNorm3d);
}

/// <summary>A <see cref="InstanceNorm3d"/> that learns the number of channels from the first input. Mirrors <c>nn.LazyInstanceNorm3d</c>.</summary>
/// <param name="eps">Added to the variance. Default: 1e-5.</param>
/// <param name="momentum">The share of a batch in the running statistics. Default: 0.1.</param>
/// <param name="affine">Whether there are weight and bias. Default: true.</param>
/// <param name="trackRunningStats">Whether running statistics are kept. Default: true.</param>
/// <param name="device">Where the parameters are. Default: the processor.</param>
/// <param name="dtype">Their dtype. Default: the default dtype.</param>
/// <param name="bias">Whether there is a bias beside the weight. Default: true.</param>
public partial class LazyInstanceNorm3d(
    double eps = 1e-5, double? momentum = 0.1, bool affine = true, bool trackRunningStats = true, Device? device = null, DType? dtype = null,
    bool bias = true) : InstanceNorm3d(eps, momentum, affine, trackRunningStats, device, dtype, bias)
{
    /// <summary>As in Python, the layer becomes a InstanceNorm3d with its first input.</summary>
    protected internal override string GetName() => IsWaiting ? base.GetName() : nameof(InstanceNorm3d);
}
