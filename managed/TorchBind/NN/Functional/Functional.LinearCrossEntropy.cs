using TorchBind.Jit;

namespace TorchBind.NN;

public static partial class Functional
{
    /// <summary>A linear layer and the cross entropy of its outputs. Mirrors <c>F.linear_cross_entropy</c> (libtorch 2.14).</summary>
    /// <param name="input">(N, in) or (in), floating-point.</param>
    /// <param name="linearWeight">(classes, in), or (classes, *, in) for a batch.</param>
    /// <param name="target">(N, *) or (): classes, int64; or probabilities, (N, classes, *) or (classes), floating-point.</param>
    /// <param name="linearBias">(classes, *). Default: none.</param>
    /// <param name="weight">(classes): a factor for each class. Default: none.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <param name="ignoreIndex">A class that does not count; not with probabilities. Default: -100.</param>
    /// <param name="labelSmoothing">The share of the target that is spread over all classes. Default: 0.</param>
    /// <param name="options">
    /// How to compute in chunks of the batch, which takes less memory; gradients of gradients, function transforms and forward mode do not go through
    /// these. They do not hold, and everything is computed at once, where the layer's weight has more than two dimensions, with smoothing, while
    /// tracing, and for probabilities that require gradients, have another dtype than the input or come with <see cref="Reduction.None"/>. Default:
    /// everything at once.
    /// </param>
    /// <returns>One number, the mean or the sum; without reduction (N, *) or (). The input's dtype.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit together, or <paramref name="ignoreIndex"/> is given for probabilities.</exception>
    /// <exception cref="TorchIndexException">A class is not below the number of classes.</exception>
    /// <exception cref="TorchException">The smoothing is not between 0 and 1, or a class is not int64.</exception>
    public static Tensor LinearCrossEntropy(
        Tensor input, Tensor linearWeight, Tensor target, Tensor? linearBias = null, Tensor? weight = null, Reduction reduction = Reduction.Mean,
        long? ignoreIndex = null, double labelSmoothing = 0.0, LinearCrossEntropyOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(linearWeight);
        ArgumentNullException.ThrowIfNull(target);
        var batch = input.Shape;
        var shape = linearWeight.Shape.ToArray();
        if (batch.Length is not (1 or 2))
            throw new ArgumentException($"The input has 1 dimension, or 2 for a batch; this one has {batch.Length}.", nameof(input));
        if (shape.Length < 2)
            throw new ArgumentException($"The weight has 2 dimensions or more, classes first and the input's size last; this one has {shape.Length}.", nameof(linearWeight));
        if (shape[^1] != batch[-1])
            throw new ArgumentException($"The weight takes inputs of {shape[^1]} numbers, and the input has {batch[-1]}.", nameof(linearWeight));
        if (linearBias is not null && linearBias.Shape != new Shape(shape[..^1]))
            throw new ArgumentException($"The bias must have the shape {new Shape(shape[..^1])}, not {linearBias.Shape}.", nameof(linearBias));
        if (shape.Length > 2 && batch.Length == 1)
            throw new ArgumentException($"A weight of {shape.Length} dimensions takes a batch of inputs, (N, {batch[-1]}), and this is one alone.", nameof(input));
        long[] size = [.. batch.ToArray()[..^1], .. shape[..^1]];
        var probabilities = target.Shape == new Shape(size);
        if (ignoreIndex is not null && probabilities)
            throw new ArgumentException("The target holds probabilities, and an index to ignore is for a target of classes.", nameof(ignoreIndex));
        if (options is not null && shape.Length == 2 && labelSmoothing == 0 && !Tracer.IsActive && (probabilities
            ? reduction != Reduction.None && target.DType == input.DType && !(target.RequiresGrad && Torch.IsGradEnabled())
            : target.DType == DType.Int64))
        {
            return Chunked(input, linearWeight, target, linearBias, weight, reduction, ignoreIndex ?? -100, options);
        }
        var logits = Linear(input, linearWeight.Reshape((-1, shape[^1])), linearBias?.Reshape(-1)).Reshape(size);
        return CrossEntropy(logits, target, weight, ignoreIndex ?? -100, reduction, labelSmoothing);
    }

    private static Tensor Chunked(
        Tensor input, Tensor linearWeight, Tensor target, Tensor? linearBias, Tensor? weight, Reduction reduction, long ignoreIndex, LinearCrossEntropyOptions options)
    {
        var batched = input.NDim == 2;
        if (!batched)
            (input, target) = (input.Unsqueeze(0), target.Unsqueeze(0));
        var (chunkSize, compact, accDType) = options.For(input, linearWeight.Size(0), target.DType.IsFloatingPoint());
        var record = Torch.IsGradEnabled();
        var plan = new ChunkedCrossEntropy.Plan(reduction, ignoreIndex, chunkSize, compact, accDType, options.AllowRetainGraph,
            record && input.RequiresGrad, record && linearWeight.RequiresGrad, record && linearBias is { RequiresGrad: true });
        var loss = reduction == Reduction.None
            ? UnreducedCrossEntropy.Apply(input, linearWeight, target, linearBias, weight, plan)
            : ReducedCrossEntropy.Apply(input, linearWeight, target, linearBias, weight, plan);
        return batched ? loss : loss.Squeeze(0);
    }
}
