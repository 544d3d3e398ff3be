namespace TorchBind.NN;

public static partial class Functional
{
    /// <summary>Batch normalisation: over all dimensions but the second. Mirrors <c>F.batch_norm</c>.</summary>
    /// <param name="input">(N, C) or (N, C, *), floating-point.</param>
    /// <param name="runningMean">(C), changed when training; null: none, which takes <paramref name="training"/>.</param>
    /// <param name="runningVar">(C), changed when training; null: none.</param>
    /// <param name="weight">(C). Default: none.</param>
    /// <param name="bias">(C). Default: none.</param>
    /// <param name="training">Whether the batch's own statistics count. Default: false.</param>
    /// <param name="momentum">The share of the batch in the running statistics. Default: 0.1.</param>
    /// <param name="eps">Added to the variance. Default: 1e-5.</param>
    /// <returns>The input's shape and dtype.</returns>
    /// <exception cref="ArgumentException">When training: a channel has only one value, or the input has only one dimension.</exception>
    /// <exception cref="TorchException">Statistics, weight or bias are not one number for each channel, or statistics are missing outside of training.</exception>
    public static Tensor BatchNorm(
        Tensor input, Tensor? runningMean, Tensor? runningVar, Tensor? weight = null, Tensor? bias = null, bool training = false,
        double momentum = 0.1, double eps = 1e-5)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (training)
            CheckBatch(input.Shape);
        return Torch.BatchNorm(input, weight, bias, runningMean, runningVar, training, momentum, eps, cudnnEnabled: true);
    }

    private static void CheckBatch(Shape size)
    {
        var count = size[0];
        for (var i = 2; i < size.Length; i++)
            count *= size[i];
        if (count == 1)
            throw new ArgumentException($"Training needs at least two values of a channel to take their variance; the shape {size} has one.", "input");
    }

    /// <summary>Instance normalisation: over the dimensions after the second. Mirrors <c>F.instance_norm</c>.</summary>
    /// <param name="input">(N, C, *), floating-point.</param>
    /// <param name="runningMean">(C): changed, or used in place of the instance's. Default: none.</param>
    /// <param name="runningVar">(C): changed, or used in place of the instance's. Default: none.</param>
    /// <param name="weight">(C). Default: none.</param>
    /// <param name="bias">(C). Default: none.</param>
    /// <param name="useInputStats">Whether the instance's own statistics count. Default: true.</param>
    /// <param name="momentum">The share of the instances in the running statistics. Default: 0.1.</param>
    /// <param name="eps">Added to the variance. Default: 1e-5.</param>
    /// <returns>The input's shape and dtype.</returns>
    /// <exception cref="ArgumentException">There is only one value per channel and instance.</exception>
    /// <exception cref="TorchException">Statistics, weight or bias are not one number for each channel, or statistics are neither given nor taken from the input.</exception>
    public static Tensor InstanceNorm(
        Tensor input, Tensor? runningMean = null, Tensor? runningVar = null, Tensor? weight = null, Tensor? bias = null, bool useInputStats = true,
        double momentum = 0.1, double eps = 1e-5)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (useInputStats)
        {
            var size = input.Shape;
            var count = 1L;
            for (var i = 2; i < size.Length; i++)
                count *= size[i];
            if (count == 1)
                throw new ArgumentException($"The variance of a channel takes at least two positions; the shape {size} has one.", nameof(input));
        }
        return Torch.InstanceNorm(input, weight, bias, runningMean, runningVar, useInputStats, momentum, eps, cudnnEnabled: true);
    }

    /// <summary>Layer normalisation: over the last dimensions. Mirrors <c>F.layer_norm</c>.</summary>
    /// <param name="input">(*, normalizedShape), floating-point.</param>
    /// <param name="normalizedShape">The sizes of the last dimensions, at least one.</param>
    /// <param name="weight">Of that shape. Default: none.</param>
    /// <param name="bias">Of that shape. Default: none.</param>
    /// <param name="eps">Added to the variance. Default: 1e-5.</param>
    /// <returns>The input's shape and dtype.</returns>
    /// <exception cref="TorchException">The input does not end with <paramref name="normalizedShape"/>, that is empty, or weight or bias have another shape.</exception>
    public static Tensor LayerNorm(Tensor input, IntList normalizedShape, Tensor? weight = null, Tensor? bias = null, double eps = 1e-5) =>
        Torch.LayerNorm(input, normalizedShape, weight, bias, eps, cudnnEnable: true);

    /// <summary>Normalisation by the root of the mean square over the last dimensions. Mirrors <c>F.rms_norm</c>.</summary>
    /// <param name="input">(*, normalizedShape), floating-point.</param>
    /// <param name="normalizedShape">The sizes of the last dimensions, at least one.</param>
    /// <param name="weight">Of that shape. Default: none.</param>
    /// <param name="eps">Added to the mean square. Default: the dtype's epsilon.</param>
    /// <returns>The input's shape and dtype.</returns>
    /// <exception cref="TorchException">The input does not end with <paramref name="normalizedShape"/>, that is empty, or the weight has another shape.</exception>
    public static Tensor RmsNorm(Tensor input, IntList normalizedShape, Tensor? weight = null, double? eps = null) =>
        Torch.RmsNorm(input, normalizedShape, weight, eps);

    /// <summary>Group normalisation: over groups of channels. Mirrors <c>F.group_norm</c>.</summary>
    /// <param name="input">(N, C, *).</param>
    /// <param name="numGroups">Into how many groups the channels are split; it divides their number.</param>
    /// <param name="weight">(C). Default: none.</param>
    /// <param name="bias">(C). Default: none.</param>
    /// <param name="eps">Added to the variance. Default: 1e-5.</param>
    /// <returns>The input's shape and dtype.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The number of groups is not positive.</exception>
    /// <exception cref="ArgumentException">There are fewer than two dimensions, or only one value per group.</exception>
    /// <exception cref="TorchException">The groups do not divide the channels, or weight or bias are not one number for each channel.</exception>
    public static Tensor GroupNorm(Tensor input, long numGroups, Tensor? weight = null, Tensor? bias = null, double eps = 1e-5)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(numGroups);
        var size = input.Shape;
        if (size.Length < 2)
            throw new ArgumentException($"The second dimension of the input holds the channels; this one has {size.Length}.", nameof(input));
        CheckBatch([size[0] * size[1] / numGroups, numGroups, .. size[2..].ToArray()]);
        return Torch.GroupNorm(input, numGroups, weight, bias, eps, cudnnEnabled: true);
    }

    /// <summary>Normalisation by the squares of neighbouring channels. Mirrors <c>F.local_response_norm</c>.</summary>
    /// <param name="input">(N, C, *) with three dimensions or more.</param>
    /// <param name="size">How many channels count, 1 or more.</param>
    /// <param name="alpha">The factor of the squares. Default: 1e-4.</param>
    /// <param name="beta">The power. Default: 0.75.</param>
    /// <param name="k">Added to the squares. Default: 1.</param>
    /// <returns>The input's shape; an input without elements itself.</returns>
    /// <exception cref="ArgumentException">The input has fewer than three dimensions.</exception>
    /// <exception cref="TorchException"><paramref name="size"/> is not positive.</exception>
    public static Tensor LocalResponseNorm(Tensor input, long size, double alpha = 1e-4, double beta = 0.75, double k = 1.0)
    {
        ArgumentNullException.ThrowIfNull(input);
        var shape = input.Shape;
        if (shape.Length < 3)
            throw new ArgumentException($"The input needs 3 dimensions or more, this one has {shape.Length}.", nameof(input));
        if (input.Numel() == 0)
            return input;
        var squares = input.Mul(input);
        if (shape.Length == 3)
        {
            squares = Pad(squares.Unsqueeze(1), [0, 0, size / 2, (size - 1) / 2]);
            squares = AvgPool2d(squares, (size, 1), stride: 1).Squeeze(1);
        }
        else
        {
            squares = squares.View(shape[0], 1, shape[1], shape[2], -1);
            squares = Pad(squares, [0, 0, 0, 0, size / 2, (size - 1) / 2]);
            squares = AvgPool3d(squares, (size, 1, 1), stride: 1).Squeeze(1);
            squares = squares.View(shape);
        }
        return input / squares.Mul(alpha).Add(k).Pow(beta);
    }

    /// <summary>Divides by the norm along a dimension. Mirrors <c>F.normalize</c>.</summary>
    /// <param name="input">The input, of any shape, floating-point or complex.</param>
    /// <param name="p">The power of the norm. Default: 2.</param>
    /// <param name="dim">The dimensions. Default: 1.</param>
    /// <param name="eps">The least divisor. Default: 1e-12.</param>
    /// <returns>The input's shape and dtype.</returns>
    /// <exception cref="TorchIndexException">There is no such dimension: a vector takes <c>dim: 0</c>.</exception>
    /// <exception cref="TorchException">The input holds integers.</exception>
    public static Tensor Normalize(Tensor input, double p = 2.0, IntList dim = default, double eps = 1e-12)
    {
        ArgumentNullException.ThrowIfNull(input);
        return input / input.Norm(p, dim.IsGiven ? dim : 1, keepDim: true).ClampMin(eps).ExpandAs(input);
    }

    /// <summary>The same, into memory of the caller's; nothing is recorded for gradients. Mirrors <c>F.normalize(out=...)</c>.</summary>
    /// <param name="input">The input, of any shape, floating-point or complex.</param>
    /// <param name="out">Takes the result; it is resized where it does not fit.</param>
    /// <param name="p">The power of the norm. Default: 2.</param>
    /// <param name="dim">The dimensions. Default: 1.</param>
    /// <param name="eps">The least divisor. Default: 1e-12.</param>
    /// <returns><paramref name="out"/>.</returns>
    /// <exception cref="TorchException">The input requires a gradient or holds integers, or <paramref name="out"/> does.</exception>
    /// <exception cref="TorchIndexException">There is no such dimension: a vector takes <c>dim: 0</c>.</exception>
    public static Tensor Normalize(Tensor input, Tensor @out, double p = 2.0, IntList dim = default, double eps = 1e-12)
    {
        ArgumentNullException.ThrowIfNull(input);
        return Torch.Div(input, input.Norm(p, dim.IsGiven ? dim : 1, keepDim: true).ClampMin_(eps).ExpandAs(input), @out);
    }
}
