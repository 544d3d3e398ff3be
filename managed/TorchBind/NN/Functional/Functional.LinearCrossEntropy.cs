namespace TorchBind.NN;

public static partial class Functional
{
    /// <summary>A linear layer and the cross entropy of its outputs. Mirrors <c>F.linear_cross_entropy</c> (libtorch 2.14), without its chunking.</summary>
    /// <param name="input">(N, in) or (in).</param>
    /// <param name="linearWeight">(classes, *, in).</param>
    /// <param name="target">(N, *) or (): classes, int64; or probabilities.</param>
    /// <param name="linearBias">(classes, *). Default: none.</param>
    /// <param name="weight">(classes): a factor for each class. Default: none.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <param name="ignoreIndex">A class that does not count. Default: -100.</param>
    /// <param name="labelSmoothing">The share of the target that is spread over all classes. Default: 0.</param>
    public static Tensor LinearCrossEntropy(
        Tensor input, Tensor linearWeight, Tensor target, Tensor? linearBias = null, Tensor? weight = null, Reduction reduction = Reduction.Mean,
        long? ignoreIndex = null, double labelSmoothing = 0.0)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(linearWeight);
        var shape = linearWeight.Shape.ToArray();
        var logits = Linear(input, linearWeight.Reshape((-1, shape[^1])), linearBias?.Reshape(-1));
        long[] size = [.. input.Shape.ToArray()[..^1], .. shape[..^1]];
        logits = logits.Reshape(size);
        return CrossEntropy(logits, target, weight, ignoreIndex ?? -100, reduction, labelSmoothing);
    }
}
