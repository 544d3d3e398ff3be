namespace TorchBind.NN;

/// <summary>
/// Batch normalisation over the batches of all processes. TorchBind trains in one process, where it is plain batch normalisation of any
/// number of dimensions from two. Shape: (N, C, *). Mirrors <c>nn.SyncBatchNorm</c>.
/// </summary>
/// <param name="numFeatures">The number of channels, C.</param>
/// <param name="eps">Added to the variance. Default: 1e-5.</param>
/// <param name="momentum">The share of a batch in the running statistics; null: their plain mean. Default: 0.1.</param>
/// <param name="affine">Whether there are weight and bias. Default: true.</param>
/// <param name="trackRunningStats">Whether running statistics are kept for evaluation. Default: true.</param>
/// <param name="device">Where the parameters are. Default: the processor.</param>
/// <param name="dtype">Their dtype. Default: the default dtype.</param>
/// <param name="bias">Whether there is a bias beside the weight. Default: true.</param>
public partial class SyncBatchNorm(
    long numFeatures, double eps = 1e-5, double? momentum = 0.1, bool affine = true, bool trackRunningStats = true, Device? device = null,
    DType? dtype = null, bool bias = true) : BatchNorm(numFeatures, eps, momentum, affine, trackRunningStats, device, dtype, bias)
{
    private protected override void CheckInput(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.NDim < 2)
            throw new ArgumentException($"The second dimension of the input holds the channels; this one has {input.NDim}.", nameof(input));
        if (input.Size(1) == 0)
            throw new ArgumentException("The input has 0 channels in its second dimension.", nameof(input));
    }

    /// <summary>Replaces all batch normalisations of a module by this one, with the same parameters. Mirrors <c>convert_sync_batchnorm</c>.</summary>
    /// <returns>The module, or what replaces it.</returns>
    public static Module ConvertSyncBatchnorm(Module module)
    {
        ArgumentNullException.ThrowIfNull(module);
        var result = module;
        if (module is BatchNorm norm and not SyncBatchNorm)
        {
            result = new SyncBatchNorm(norm.NumFeatures, norm.Eps, norm.Momentum, norm.Affine, norm.TrackRunningStats, bias: norm.Bias is not null)
            {
                Weight = norm.Weight,
                Bias = norm.Bias,
                RunningMean = norm.RunningMean,
                RunningVar = norm.RunningVar,
                NumBatchesTracked = norm.NumBatchesTracked,
                Training = norm.Training,
            };
        }
        foreach (var (name, child) in module.NamedChildren().ToArray())
        {
            var converted = ConvertSyncBatchnorm(child);
            if (!ReferenceEquals(converted, child))
                result.SetMember(name, converted);
        }
        return result;
    }
}
