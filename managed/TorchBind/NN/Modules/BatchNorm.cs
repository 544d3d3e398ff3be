using System.Globalization;

namespace TorchBind.NN;

/// <summary>What batch and instance normalisations have in common. Mirrors <c>_NormBase</c>.</summary>
public abstract partial class NormBase : Module<Tensor, Tensor>
{
    private protected NormBase(
        long numFeatures, double eps, double? momentum, bool affine, bool trackRunningStats, Device? device, DType? dtype, bool bias, bool lazy)
    {
        NumFeatures = numFeatures;
        Eps = eps;
        Momentum = momentum;
        Affine = affine;
        TrackRunningStats = trackRunningStats;
        if (affine)
        {
            Weight = lazy ? new UninitializedParameter(device: device, dtype: dtype) : Parameter.Empty(numFeatures, device, dtype);
            if (bias)
                Bias = lazy ? new UninitializedParameter(device: device, dtype: dtype) : Parameter.Empty(numFeatures, device, dtype);
        }
        if (trackRunningStats)
        {
            RunningMean = lazy ? new UninitializedBuffer(device, dtype) : Keep(Torch.Zeros(numFeatures, dtype: dtype, device: device));
            RunningVar = lazy ? new UninitializedBuffer(device, dtype) : Keep(Torch.Ones(numFeatures, dtype: dtype, device: device));
            NumBatchesTracked = Keep(Torch.Tensor(0, DType.Int64, device));
        }
        if (!lazy)
            ResetParameters();
    }

    /// <summary>The number of channels.</summary>
    public long NumFeatures { get; private protected set; }

    /// <summary>Added to the variance.</summary>
    public double Eps { get; set; }

    /// <summary>The share of a batch in the running statistics; null: their plain mean.</summary>
    public double? Momentum { get; set; }

    /// <summary>Whether there are weight and bias.</summary>
    public bool Affine { get; }

    /// <summary>Whether running statistics are kept.</summary>
    public bool TrackRunningStats { get; }

    /// <summary>The factors, (C), or null.</summary>
    public Parameter? Weight { get => Effective(field); set; }

    /// <summary>The bias, (C), or null.</summary>
    public Parameter? Bias { get => Effective(field); set; }

    /// <summary>The running mean, (C), or null.</summary>
    [Buffer]
    public Tensor? RunningMean { get; set; }

    /// <summary>The running variance, (C), or null.</summary>
    [Buffer]
    public Tensor? RunningVar { get; set; }

    /// <summary>How many batches were seen, or null.</summary>
    [Buffer]
    public Tensor? NumBatchesTracked { get; set; }

    /// <inheritdoc/>
    protected override long StateVersion => 2;

    /// <summary>Forgets the running statistics.</summary>
    public void ResetRunningStats()
    {
        RunningMean?.Zero_();
        RunningVar?.Fill_(1);
        NumBatchesTracked?.Zero_();
    }

    /// <summary>Forgets the running statistics; weight becomes 1 and bias 0.</summary>
    public void ResetParameters()
    {
        ResetRunningStats();
        if (Weight is { } weight)
            Init.Ones_(weight);
        if (Bias is { } bias)
            Init.Zeros_(bias);
    }

    /// <summary>Whether a lazy module waits for its first input.</summary>
    private protected bool IsWaiting => Weight is UninitializedParameter { IsInitialized: false } || RunningMean is UninitializedBuffer { IsInitialized: false };

    /// <summary>Gives a lazy module the number of channels; others know it.</summary>
    private protected void Materialize(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (NumFeatures != 0 || !IsWaiting)
            return;
        var numFeatures = NumFeatures = input.Size(1);
        (Weight as UninitializedParameter)?.Materialize(numFeatures);
        (Bias as UninitializedParameter)?.Materialize(numFeatures);
        (RunningMean as UninitializedBuffer)?.Materialize(numFeatures);
        (RunningVar as UninitializedBuffer)?.Materialize(numFeatures);
        ResetParameters();
    }

    private protected static void CheckDims(Tensor input, int least, int most)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.NDim < least || input.NDim > most)
        {
            var wanted = least == most ? $"{least}D" : string.Join(" or ", Enumerable.Range(least, most - least + 1).Select(static n => n.ToString(CultureInfo.InvariantCulture) + "D"));
            throw new ArgumentException($"This layer takes a {wanted} input; this one has {input.NDim} dimensions.", nameof(input));
        }
    }

    /// <inheritdoc/>
    protected internal override void LoadFromStateDict(StateDictLoad load)
    {
        ArgumentNullException.ThrowIfNull(load);
        var key = load.Prefix + "num_batches_tracked";
        // States of version 1 did not count.
        if (load.Version is null or < 2 && NumBatchesTracked is { } count && !load.State.ContainsKey(key))
            load.State.Add(key, count.IsMeta ? Torch.Tensor(0, DType.Int64) : count);
        base.LoadFromStateDict(load);
    }

    /// <inheritdoc/>
    protected internal override string ExtraRepr() =>
        $"{ReprText.Of(NumFeatures)}, eps={ReprText.Of(Eps)}, momentum={ReprText.Of(Momentum)}, affine={ReprText.Of(Affine)}"
        + $"{(LibtorchRelease.PrintsNormBias ? $", bias={ReprText.Of(Bias is not null)}" : "")}, track_running_stats={ReprText.Of(TrackRunningStats)}";
}

/// <summary>What batch normalisations have in common.</summary>
public abstract partial class BatchNorm : NormBase
{
    private protected BatchNorm(
        long numFeatures, double eps, double? momentum, bool affine, bool trackRunningStats, Device? device, DType? dtype, bool bias, bool lazy = false)
        : base(numFeatures, eps, momentum, affine, trackRunningStats, device, dtype, bias, lazy)
    {
    }

    private protected abstract void CheckInput(Tensor input);

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input)
    {
        Materialize(input);
        CheckInput(input);
        var factor = NextFactor();
        var fromBatch = Training || (RunningMean is null && RunningVar is null);
        var tracked = !Training || TrackRunningStats;
        return Functional.BatchNorm(input, tracked ? RunningMean : null, tracked ? RunningVar : null, Weight, Bias, fromBatch, factor, Eps);
    }

    /// <summary>Counts the batch, and gives its share in the running statistics.</summary>
    private protected double NextFactor()
    {
        if (Training && TrackRunningStats && NumBatchesTracked is { } count)
        {
            using (Torch.NoGrad())
                count.Add_(1);
            if (Momentum is null)
                return 1.0 / count.Item<double>();
        }
        return Momentum ?? 0.0;
    }
}

/// <summary>Batch normalisation. Shape: (N, C) or (N, C, L); the output has the input's. Mirrors <c>nn.BatchNorm1d</c>.</summary>
public partial class BatchNorm1d : BatchNorm
{
    /// <summary>Makes the layer.</summary>
    /// <param name="numFeatures">The number of channels, C.</param>
    /// <param name="eps">Added to the variance. Default: 1e-5.</param>
    /// <param name="momentum">The share of a batch in the running statistics; null: their plain mean. Default: 0.1.</param>
    /// <param name="affine">Whether there are weight and bias. Default: true.</param>
    /// <param name="trackRunningStats">Whether running statistics are kept for evaluation. Default: true.</param>
    /// <param name="device">Where the parameters are. Default: the processor.</param>
    /// <param name="dtype">Their dtype. Default: the default dtype.</param>
    /// <param name="bias">Whether there is a bias beside the weight. Default: true.</param>
    public BatchNorm1d(
        long numFeatures, double eps = 1e-5, double? momentum = 0.1, bool affine = true, bool trackRunningStats = true, Device? device = null,
        DType? dtype = null, bool bias = true)
        : base(numFeatures, eps, momentum, affine, trackRunningStats, device, dtype, bias)
    {
    }

    private protected BatchNorm1d(double eps, double? momentum, bool affine, bool trackRunningStats, Device? device, DType? dtype, bool bias)
        : base(0, eps, momentum, affine, trackRunningStats, device, dtype, bias, lazy: true)
    {
    }

    private protected override void CheckInput(Tensor input) => CheckDims(input, 2, 3);
}

/// <summary>Batch normalisation. Shape: (N, C, H, W); the output has the input's. Mirrors <c>nn.BatchNorm2d</c>.</summary>
public partial class BatchNorm2d : BatchNorm
{
    /// <summary>Makes the layer.</summary>
    /// <param name="numFeatures">The number of channels, C.</param>
    /// <param name="eps">Added to the variance. Default: 1e-5.</param>
    /// <param name="momentum">The share of a batch in the running statistics; null: their plain mean. Default: 0.1.</param>
    /// <param name="affine">Whether there are weight and bias. Default: true.</param>
    /// <param name="trackRunningStats">Whether running statistics are kept for evaluation. Default: true.</param>
    /// <param name="device">Where the parameters are. Default: the processor.</param>
    /// <param name="dtype">Their dtype. Default: the default dtype.</param>
    /// <param name="bias">Whether there is a bias beside the weight. Default: true.</param>
    public BatchNorm2d(
        long numFeatures, double eps = 1e-5, double? momentum = 0.1, bool affine = true, bool trackRunningStats = true, Device? device = null,
        DType? dtype = null, bool bias = true)
        : base(numFeatures, eps, momentum, affine, trackRunningStats, device, dtype, bias)
    {
    }

    private protected BatchNorm2d(double eps, double? momentum, bool affine, bool trackRunningStats, Device? device, DType? dtype, bool bias)
        : base(0, eps, momentum, affine, trackRunningStats, device, dtype, bias, lazy: true)
    {
    }

    private protected override void CheckInput(Tensor input) => CheckDims(input, 4, 4);
}

/// <summary>Batch normalisation. Shape: (N, C, D, H, W); the output has the input's. Mirrors <c>nn.BatchNorm3d</c>.</summary>
public partial class BatchNorm3d : BatchNorm
{
    /// <summary>Makes the layer.</summary>
    /// <param name="numFeatures">The number of channels, C.</param>
    /// <param name="eps">Added to the variance. Default: 1e-5.</param>
    /// <param name="momentum">The share of a batch in the running statistics; null: their plain mean. Default: 0.1.</param>
    /// <param name="affine">Whether there are weight and bias. Default: true.</param>
    /// <param name="trackRunningStats">Whether running statistics are kept for evaluation. Default: true.</param>
    /// <param name="device">Where the parameters are. Default: the processor.</param>
    /// <param name="dtype">Their dtype. Default: the default dtype.</param>
    /// <param name="bias">Whether there is a bias beside the weight. Default: true.</param>
    public BatchNorm3d(
        long numFeatures, double eps = 1e-5, double? momentum = 0.1, bool affine = true, bool trackRunningStats = true, Device? device = null,
        DType? dtype = null, bool bias = true)
        : base(numFeatures, eps, momentum, affine, trackRunningStats, device, dtype, bias)
    {
    }

    private protected BatchNorm3d(double eps, double? momentum, bool affine, bool trackRunningStats, Device? device, DType? dtype, bool bias)
        : base(0, eps, momentum, affine, trackRunningStats, device, dtype, bias, lazy: true)
    {
    }

    private protected override void CheckInput(Tensor input) => CheckDims(input, 5, 5);
}
