namespace TorchBind.NN;

/// <summary>What instance normalisations have in common.</summary>
public abstract partial class InstanceNorm : NormBase
{
    private protected InstanceNorm(
        long numFeatures, double eps, double? momentum, bool affine, bool trackRunningStats, Device? device, DType? dtype, bool bias, bool lazy = false)
        : base(numFeatures, eps, momentum, affine, trackRunningStats, device, dtype, bias, lazy)
    {
    }

    private protected abstract int UnbatchedDims { get; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input)
    {
        Materialize(input);
        CheckDims(input, UnbatchedDims, UnbatchedDims + 1);
        var channels = input.Size(input.NDim - UnbatchedDims);
        if (Affine && channels != NumFeatures)
            throw new ArgumentException($"Expected an input with {NumFeatures} channels, but got {channels}.", nameof(input));
        return input.NDim == UnbatchedDims ? Normalize(input.Unsqueeze(0)).Squeeze(0) : Normalize(input);
    }

    private Tensor Normalize(Tensor input) =>
        Functional.InstanceNorm(input, RunningMean, RunningVar, Weight, Bias, Training || !TrackRunningStats, Momentum ?? 0.0, Eps);

    /// <inheritdoc/>
    protected internal override void LoadFromStateDict(StateDictLoad load)
    {
        ArgumentNullException.ThrowIfNull(load);
        if (load.Version is null && !TrackRunningStats)
        {
            string[] found = [.. new[] { "running_mean", "running_var" }.Select(n => load.Prefix + n).Where(load.State.ContainsKey)];
            if (found.Length > 0)
            {
                var name = GetName();
                load.Errors.Add($"{string.Join(" and ", found.Select(static k => $"\"{k}\""))} are running statistics, which this {name} does not keep. "
                    + "Before PyTorch 0.4 they were always saved: remove them from the state dict, or make the layer with trackRunningStats: true");
                foreach (var key in found)
                    load.State.Remove(key);
            }
        }
        base.LoadFromStateDict(load);
    }
}

/// <summary>Instance normalisation. Shape: (N, C, L) or (C, L); the output has the input's. Mirrors <c>nn.InstanceNorm1d</c>.</summary>
public partial class InstanceNorm1d : InstanceNorm
{
    /// <summary>Makes the layer.</summary>
    /// <param name="numFeatures">The number of channels, C.</param>
    /// <param name="eps">Added to the variance. Default: 1e-5.</param>
    /// <param name="momentum">The share of a batch in the running statistics. Default: 0.1.</param>
    /// <param name="affine">Whether there are weight and bias. Default: false.</param>
    /// <param name="trackRunningStats">Whether running statistics are kept for evaluation. Default: false.</param>
    /// <param name="device">Where the parameters are. Default: the processor.</param>
    /// <param name="dtype">Their dtype. Default: the default dtype.</param>
    /// <param name="bias">Whether there is a bias beside the weight. Default: true.</param>
    public InstanceNorm1d(
        long numFeatures, double eps = 1e-5, double? momentum = 0.1, bool affine = false, bool trackRunningStats = false, Device? device = null,
        DType? dtype = null, bool bias = true)
        : base(numFeatures, eps, momentum, affine, trackRunningStats, device, dtype, bias)
    {
    }

    private protected InstanceNorm1d(double eps, double? momentum, bool affine, bool trackRunningStats, Device? device, DType? dtype, bool bias)
        : base(0, eps, momentum, affine, trackRunningStats, device, dtype, bias, lazy: true)
    {
    }

    private protected override int UnbatchedDims => 2;
}

/// <summary>Instance normalisation. Shape: (N, C, H, W) or (C, H, W); the output has the input's. Mirrors <c>nn.InstanceNorm2d</c>.</summary>
public partial class InstanceNorm2d : InstanceNorm
{
    /// <summary>Makes the layer.</summary>
    /// <param name="numFeatures">The number of channels, C.</param>
    /// <param name="eps">Added to the variance. Default: 1e-5.</param>
    /// <param name="momentum">The share of a batch in the running statistics. Default: 0.1.</param>
    /// <param name="affine">Whether there are weight and bias. Default: false.</param>
    /// <param name="trackRunningStats">Whether running statistics are kept for evaluation. Default: false.</param>
    /// <param name="device">Where the parameters are. Default: the processor.</param>
    /// <param name="dtype">Their dtype. Default: the default dtype.</param>
    /// <param name="bias">Whether there is a bias beside the weight. Default: true.</param>
    public InstanceNorm2d(
        long numFeatures, double eps = 1e-5, double? momentum = 0.1, bool affine = false, bool trackRunningStats = false, Device? device = null,
        DType? dtype = null, bool bias = true)
        : base(numFeatures, eps, momentum, affine, trackRunningStats, device, dtype, bias)
    {
    }

    private protected InstanceNorm2d(double eps, double? momentum, bool affine, bool trackRunningStats, Device? device, DType? dtype, bool bias)
        : base(0, eps, momentum, affine, trackRunningStats, device, dtype, bias, lazy: true)
    {
    }

    private protected override int UnbatchedDims => 3;
}

/// <summary>Instance normalisation. Shape: (N, C, D, H, W) or (C, D, H, W); the output has the input's. Mirrors <c>nn.InstanceNorm3d</c>.</summary>
public partial class InstanceNorm3d : InstanceNorm
{
    /// <summary>Makes the layer.</summary>
    /// <param name="numFeatures">The number of channels, C.</param>
    /// <param name="eps">Added to the variance. Default: 1e-5.</param>
    /// <param name="momentum">The share of a batch in the running statistics. Default: 0.1.</param>
    /// <param name="affine">Whether there are weight and bias. Default: false.</param>
    /// <param name="trackRunningStats">Whether running statistics are kept for evaluation. Default: false.</param>
    /// <param name="device">Where the parameters are. Default: the processor.</param>
    /// <param name="dtype">Their dtype. Default: the default dtype.</param>
    /// <param name="bias">Whether there is a bias beside the weight. Default: true.</param>
    public InstanceNorm3d(
        long numFeatures, double eps = 1e-5, double? momentum = 0.1, bool affine = false, bool trackRunningStats = false, Device? device = null,
        DType? dtype = null, bool bias = true)
        : base(numFeatures, eps, momentum, affine, trackRunningStats, device, dtype, bias)
    {
    }

    private protected InstanceNorm3d(double eps, double? momentum, bool affine, bool trackRunningStats, Device? device, DType? dtype, bool bias)
        : base(0, eps, momentum, affine, trackRunningStats, device, dtype, bias, lazy: true)
    {
    }

    private protected override int UnbatchedDims => 4;
}
