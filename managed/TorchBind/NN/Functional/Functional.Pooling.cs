namespace TorchBind.NN;

public static partial class Functional
{
    /// <summary>Average pooling over 1 dimension. Mirrors <c>F.avg_pool1d</c>.</summary>
    /// <param name="input">(N, C, L) or (C, L).</param>
    /// <param name="kernelSize">The size of the window: one number.</param>
    /// <param name="stride">The step. Default: the size of the window.</param>
    /// <param name="padding">Zeros at all sides, at most half of the window. Default: 0.</param>
    /// <param name="ceilMode">Whether a last incomplete window counts. Default: false.</param>
    /// <param name="countIncludePad">Whether the zeros count. Default: true.</param>
    /// <returns>(N, C, L') or (C, L'), L' = (L + 2 padding - kernelSize) / stride + 1, rounded down or, with <paramref name="ceilMode"/>, up; the input's dtype.</returns>
    /// <exception cref="TorchException">The input has another number of dimensions, no window fits, the padding exceeds half of the window, or a list has another length.</exception>
    public static Tensor AvgPool1d(
        Tensor input, IntList kernelSize, IntList stride = default, IntList padding = default, bool ceilMode = false, bool countIncludePad = true) =>
        Torch.AvgPool1d(input, kernelSize, stride, padding, ceilMode, countIncludePad);

    /// <summary>Maximum pooling over 1 dimension. Mirrors <c>F.max_pool1d</c>.</summary>
    /// <param name="input">(N, C, L) or (C, L).</param>
    /// <param name="kernelSize">The size of the window: one number.</param>
    /// <param name="stride">The step. Default: the size of the window.</param>
    /// <param name="padding">What is added at all sides, less than anything; at most half of the window. Default: 0.</param>
    /// <param name="dilation">The distance of the window's elements. Default: 1.</param>
    /// <param name="ceilMode">Whether a last incomplete window counts. Default: false.</param>
    /// <returns>(N, C, L') or (C, L'), L' = (L + 2 padding - dilation (kernelSize - 1) - 1) / stride + 1, rounded down or, with <paramref name="ceilMode"/>, up; the input's dtype.</returns>
    /// <exception cref="TorchException">The input has another number of dimensions, no window fits, the padding exceeds half of the window, or a list has another length.</exception>
    public static Tensor MaxPool1d(
        Tensor input, IntList kernelSize, IntList stride = default, IntList padding = default, IntList dilation = default, bool ceilMode = false) =>
        Torch.MaxPool1d(input, kernelSize, stride, padding, dilation, ceilMode);

    /// <summary>Maximum pooling over 1 dimension, with the places of the maxima. Mirrors <c>F.max_pool1d</c> with <c>return_indices</c>.</summary>
    /// <param name="input">(N, C, L) or (C, L).</param>
    /// <param name="kernelSize">The size of the window: one number.</param>
    /// <param name="stride">The step. Default: the size of the window.</param>
    /// <param name="padding">What is added at all sides, less than anything; at most half of the window. Default: 0.</param>
    /// <param name="dilation">The distance of the window's elements. Default: 1.</param>
    /// <param name="ceilMode">Whether a last incomplete window counts. Default: false.</param>
    /// <returns>The maxima, shaped as <see cref="MaxPool1d"/> gives them, and the place of each in its channel's row, int64.</returns>
    /// <exception cref="TorchException">The input has another number of dimensions, no window fits, the padding exceeds half of the window, or a list has another length.</exception>
    public static (Tensor Output, Tensor Indices) MaxPool1dWithIndices(
        Tensor input, IntList kernelSize, IntList stride = default, IntList padding = default, IntList dilation = default, bool ceilMode = false) =>
        Torch.MaxPool1dWithIndices(input, kernelSize, stride, padding, dilation, ceilMode);

    /// <summary>Puts maxima back in their places, zeros elsewhere. Mirrors <c>F.max_unpool1d</c>.</summary>
    /// <param name="input">(N, C, L) or (C, L): what the pooling gave.</param>
    /// <param name="indices">The places that it gave, int64, of the input's shape.</param>
    /// <param name="kernelSize">The size of the window: one number.</param>
    /// <param name="stride">The step. Default: the size of the window.</param>
    /// <param name="padding">What was added at all sides. Default: 0.</param>
    /// <param name="outputSize">The size of the output, with or without N and C; it may differ from what the numbers give by less than a step. Default: what the numbers give.</param>
    /// <returns>The input's shape with the size of the output, (size - 1) stride + kernelSize - 2 padding by default; the input's dtype.</returns>
    /// <exception cref="ArgumentException">The output size is not one that the numbers allow, or a list has another length.</exception>
    /// <exception cref="TorchException">The indices are not int64, have another shape than the input or lie outside of the output.</exception>
    /// <exception cref="TorchIndexException">The input has fewer dimensions than are pooled.</exception>
    public static Tensor MaxUnpool1d(
        Tensor input, Tensor indices, IntList kernelSize, IntList stride = default, IntList padding = default, IntList outputSize = default)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(indices);
        var kernel = Expand(kernelSize, 1, nameof(kernelSize));
        var step = stride.IsGiven ? Expand(stride, 1, nameof(stride)) : kernel;
        var pad = Expand(padding, 1, 0, nameof(padding));
        var size = UnpoolOutputSize(input, kernel, step, pad, outputSize);
        return Torch.Aten.MaxUnpool2d(input.Unsqueeze(-1), indices.Unsqueeze(-1), [size[0], 1]).Squeeze(-1);
    }

    /// <summary>Pooling by a power sum: the sum of the powers in each window, and its root. Mirrors <c>F.lp_pool1d</c>.</summary>
    /// <param name="input">(N, C, L) or (C, L).</param>
    /// <param name="normType">The power; with libtorch 2.14 also infinity, which takes the largest absolute value, and minus infinity, the least.</param>
    /// <param name="kernelSize">The size of the window: one number.</param>
    /// <param name="stride">The step. Default: the size of the window.</param>
    /// <param name="ceilMode">Whether a last incomplete window counts. Default: false.</param>
    /// <returns>(N, C, L') or (C, L'), each size as in <see cref="AvgPool1d"/>; the input's dtype.</returns>
    /// <exception cref="ArgumentException"><paramref name="kernelSize"/> has another length.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The power is 0, with libtorch 2.14; older ones compute something.</exception>
    /// <exception cref="TorchException">The input has another number of dimensions, or no window fits.</exception>
    public static Tensor LpPool1d(Tensor input, double normType, IntList kernelSize, IntList stride = default, bool ceilMode = false)
    {
        ArgumentNullException.ThrowIfNull(input);
        var kernel = Expand(kernelSize, 1, nameof(kernelSize));
        if (LibtorchRelease.PoolsByInfiniteNorm)
        {
            if (normType == 0)
                throw new ArgumentOutOfRangeException(nameof(normType), "The norm type must not be zero.");
            if (double.IsPositiveInfinity(normType))
                return MaxPool1d(input.Abs(), kernelSize, stride, ceilMode: ceilMode);
            if (double.IsNegativeInfinity(normType))
                return -MaxPool1d(-input.Abs(), kernelSize, stride, ceilMode: ceilMode);
        }
        var result = AvgPool1d(input.Pow(normType), kernelSize, stride, 0, ceilMode);
        return (Torch.Sign(result) * Relu(Torch.Abs(result))).Mul(kernel[0]).Pow(1.0 / normType);
    }

    /// <summary>Average pooling to a given size. Mirrors <c>F.adaptive_avg_pool1d</c>.</summary>
    /// <param name="input">(N, C, L) or (C, L), floating-point.</param>
    /// <param name="outputSize">The size of the output: one number; -1 keeps that of the input (Python's <c>None</c>).</param>
    /// <returns>(N, C, the output size), with or without N; the input's dtype.</returns>
    /// <exception cref="ArgumentException"><paramref name="outputSize"/> has another length.</exception>
    /// <exception cref="TorchException">The input has another number of dimensions, or a size is below -1.</exception>
    public static Tensor AdaptiveAvgPool1d(Tensor input, IntList outputSize) =>
        Torch.AdaptiveAvgPool1d(input, OutputSize(input, outputSize, 1));

    /// <summary>Maximum pooling to a given size. Mirrors <c>F.adaptive_max_pool1d</c>.</summary>
    /// <param name="input">(N, C, L) or (C, L), floating-point.</param>
    /// <param name="outputSize">The size of the output: one number; -1 keeps that of the input (Python's <c>None</c>).</param>
    /// <returns>(N, C, the output size), with or without N; the input's dtype.</returns>
    /// <exception cref="ArgumentException"><paramref name="outputSize"/> has another length.</exception>
    /// <exception cref="TorchException">The input has another number of dimensions, or a size is below -1.</exception>
    public static Tensor AdaptiveMaxPool1d(Tensor input, IntList outputSize) => AdaptiveMaxPool1dWithIndices(input, outputSize).Output;

    /// <summary>Maximum pooling to a given size, with the places of the maxima. Mirrors <c>F.adaptive_max_pool1d</c> with <c>return_indices</c>.</summary>
    /// <param name="input">(N, C, L) or (C, L), floating-point.</param>
    /// <param name="outputSize">The size of the output: one number; -1 keeps that of the input (Python's <c>None</c>).</param>
    /// <returns>The maxima, (N, C, the output size) with or without N, and the place of each in its channel's row, int64.</returns>
    /// <exception cref="ArgumentException"><paramref name="outputSize"/> has another length.</exception>
    /// <exception cref="TorchException">The input has another number of dimensions, or a size is below -1.</exception>
    public static (Tensor Output, Tensor Indices) AdaptiveMaxPool1dWithIndices(Tensor input, IntList outputSize) =>
        Torch.AdaptiveMaxPool1d(input, OutputSize(input, outputSize, 1));

    /// <summary>Average pooling over 2 dimensions. Mirrors <c>F.avg_pool2d</c>.</summary>
    /// <param name="input">(N, C, H, W) or (C, H, W).</param>
    /// <param name="kernelSize">The size of the window: one number, or two.</param>
    /// <param name="stride">The step. Default: the size of the window.</param>
    /// <param name="padding">Zeros at all sides, at most half of the window. Default: 0.</param>
    /// <param name="ceilMode">Whether a last incomplete window counts. Default: false.</param>
    /// <param name="countIncludePad">Whether the zeros count. Default: true.</param>
    /// <param name="divisorOverride">What sums are divided by. Default: the size of the window.</param>
    /// <returns>(N, C, H', W') or (C, H', W'), each size as in <see cref="AvgPool1d"/>; the input's dtype.</returns>
    /// <exception cref="TorchException">The input has another number of dimensions, no window fits, the padding exceeds half of the window, or a list has another length, or the divisor is 0.</exception>
    /// <exception cref="TorchIndexException">The input has fewer than three dimensions.</exception>
    public static Tensor AvgPool2d(
        Tensor input, IntList kernelSize, IntList stride = default, IntList padding = default, bool ceilMode = false, bool countIncludePad = true, long? divisorOverride = null) =>
        Torch.Aten.AvgPool2d(input, kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride);

    /// <summary>Maximum pooling over 2 dimensions. Mirrors <c>F.max_pool2d</c>.</summary>
    /// <param name="input">(N, C, H, W) or (C, H, W).</param>
    /// <param name="kernelSize">The size of the window: one number, or two.</param>
    /// <param name="stride">The step. Default: the size of the window.</param>
    /// <param name="padding">What is added at all sides, less than anything; at most half of the window. Default: 0.</param>
    /// <param name="dilation">The distance of the window's elements. Default: 1.</param>
    /// <param name="ceilMode">Whether a last incomplete window counts. Default: false.</param>
    /// <returns>(N, C, H', W') or (C, H', W'), each size as in <see cref="MaxPool1d"/>; the input's dtype.</returns>
    /// <exception cref="TorchException">The input has another number of dimensions, no window fits, the padding exceeds half of the window, or a list has another length.</exception>
    public static Tensor MaxPool2d(
        Tensor input, IntList kernelSize, IntList stride = default, IntList padding = default, IntList dilation = default, bool ceilMode = false) =>
        Torch.MaxPool2d(input, kernelSize, stride, padding, dilation, ceilMode);

    /// <summary>Maximum pooling over 2 dimensions, with the places of the maxima. Mirrors <c>F.max_pool2d</c> with <c>return_indices</c>.</summary>
    /// <param name="input">(N, C, H, W) or (C, H, W).</param>
    /// <param name="kernelSize">The size of the window: one number, or two.</param>
    /// <param name="stride">The step. Default: the size of the window.</param>
    /// <param name="padding">What is added at all sides, less than anything; at most half of the window. Default: 0.</param>
    /// <param name="dilation">The distance of the window's elements. Default: 1.</param>
    /// <param name="ceilMode">Whether a last incomplete window counts. Default: false.</param>
    /// <returns>The maxima, shaped as <see cref="MaxPool2d"/> gives them, and the place of each in its channel's image, counted over all its dimensions, int64.</returns>
    /// <exception cref="TorchException">The input has another number of dimensions, no window fits, the padding exceeds half of the window, or a list has another length.</exception>
    public static (Tensor Output, Tensor Indices) MaxPool2dWithIndices(
        Tensor input, IntList kernelSize, IntList stride = default, IntList padding = default, IntList dilation = default, bool ceilMode = false) =>
        Torch.Aten.MaxPool2dWithIndices(input, kernelSize, stride, padding, dilation, ceilMode);

    /// <summary>Puts maxima back in their places, zeros elsewhere. Mirrors <c>F.max_unpool2d</c>.</summary>
    /// <param name="input">(N, C, H, W) or (C, H, W): what the pooling gave.</param>
    /// <param name="indices">The places that it gave, int64, of the input's shape.</param>
    /// <param name="kernelSize">The size of the window: one number, or two.</param>
    /// <param name="stride">The step. Default: the size of the window.</param>
    /// <param name="padding">What was added at all sides. Default: 0.</param>
    /// <param name="outputSize">The size of the output, with or without N and C; it may differ from what the numbers give by less than a step. Default: what the numbers give.</param>
    /// <returns>The input's shape with the size of the output, (size - 1) stride + kernelSize - 2 padding by default; the input's dtype.</returns>
    /// <exception cref="ArgumentException">The output size is not one that the numbers allow, or a list has another length.</exception>
    /// <exception cref="TorchException">The indices are not int64, have another shape than the input or lie outside of the output.</exception>
    /// <exception cref="TorchIndexException">The input has fewer dimensions than are pooled.</exception>
    public static Tensor MaxUnpool2d(
        Tensor input, Tensor indices, IntList kernelSize, IntList stride = default, IntList padding = default, IntList outputSize = default)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(indices);
        var kernel = Expand(kernelSize, 2, nameof(kernelSize));
        var step = stride.IsGiven ? Expand(stride, 2, nameof(stride)) : kernel;
        var pad = Expand(padding, 2, 0, nameof(padding));
        var size = UnpoolOutputSize(input, kernel, step, pad, outputSize);
        return Torch.Aten.MaxUnpool2d(input, indices, size);
    }

    /// <summary>Pooling by a power sum: the sum of the powers in each window, and its root. Mirrors <c>F.lp_pool2d</c>.</summary>
    /// <param name="input">(N, C, H, W) or (C, H, W).</param>
    /// <param name="normType">The power; with libtorch 2.14 also infinity, which takes the largest absolute value, and minus infinity, the least.</param>
    /// <param name="kernelSize">The size of the window: one number, or two.</param>
    /// <param name="stride">The step. Default: the size of the window.</param>
    /// <param name="ceilMode">Whether a last incomplete window counts. Default: false.</param>
    /// <returns>(N, C, H', W') or (C, H', W'), each size as in <see cref="AvgPool2d"/>; the input's dtype.</returns>
    /// <exception cref="ArgumentException"><paramref name="kernelSize"/> has another length.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The power is 0, with libtorch 2.14; older ones compute something.</exception>
    /// <exception cref="TorchException">No window fits, or the input has more than four dimensions.</exception>
    /// <exception cref="TorchIndexException">The input has fewer than three dimensions.</exception>
    public static Tensor LpPool2d(Tensor input, double normType, IntList kernelSize, IntList stride = default, bool ceilMode = false)
    {
        ArgumentNullException.ThrowIfNull(input);
        var kernel = Expand(kernelSize, 2, nameof(kernelSize));
        if (LibtorchRelease.PoolsByInfiniteNorm)
        {
            if (normType == 0)
                throw new ArgumentOutOfRangeException(nameof(normType), "The norm type must not be zero.");
            if (double.IsPositiveInfinity(normType))
                return MaxPool2d(input.Abs(), kernelSize, stride, ceilMode: ceilMode);
            if (double.IsNegativeInfinity(normType))
                return -MaxPool2d(-input.Abs(), kernelSize, stride, ceilMode: ceilMode);
        }
        var result = AvgPool2d(input.Pow(normType), kernelSize, stride, 0, ceilMode);
        return (Torch.Sign(result) * Relu(Torch.Abs(result))).Mul(kernel[0] * kernel[1]).Pow(1.0 / normType);
    }

    /// <summary>Average pooling to a given size. Mirrors <c>F.adaptive_avg_pool2d</c>.</summary>
    /// <param name="input">(N, C, H, W) or (C, H, W), floating-point.</param>
    /// <param name="outputSize">The size of the output: one number, or two; -1 keeps that of the input (Python's <c>None</c>).</param>
    /// <returns>(N, C, the output size), with or without N; the input's dtype.</returns>
    /// <exception cref="ArgumentException"><paramref name="outputSize"/> has another length.</exception>
    /// <exception cref="TorchException">The input has another number of dimensions, or a size is below -1.</exception>
    public static Tensor AdaptiveAvgPool2d(Tensor input, IntList outputSize) =>
        Torch.Aten.AdaptiveAvgPool2d(input, OutputSize(input, outputSize, 2));

    /// <summary>Maximum pooling to a given size. Mirrors <c>F.adaptive_max_pool2d</c>.</summary>
    /// <param name="input">(N, C, H, W) or (C, H, W), floating-point.</param>
    /// <param name="outputSize">The size of the output: one number, or two; -1 keeps that of the input (Python's <c>None</c>).</param>
    /// <returns>(N, C, the output size), with or without N; the input's dtype.</returns>
    /// <exception cref="ArgumentException"><paramref name="outputSize"/> has another length.</exception>
    /// <exception cref="TorchException">The input has another number of dimensions, or a size is below -1.</exception>
    public static Tensor AdaptiveMaxPool2d(Tensor input, IntList outputSize) => AdaptiveMaxPool2dWithIndices(input, outputSize).Output;

    /// <summary>Maximum pooling to a given size, with the places of the maxima. Mirrors <c>F.adaptive_max_pool2d</c> with <c>return_indices</c>.</summary>
    /// <param name="input">(N, C, H, W) or (C, H, W), floating-point.</param>
    /// <param name="outputSize">The size of the output: one number, or two; -1 keeps that of the input (Python's <c>None</c>).</param>
    /// <returns>The maxima, (N, C, the output size) with or without N, and the place of each in its channel's image, int64.</returns>
    /// <exception cref="ArgumentException"><paramref name="outputSize"/> has another length.</exception>
    /// <exception cref="TorchException">The input has another number of dimensions, or a size is below -1.</exception>
    public static (Tensor Output, Tensor Indices) AdaptiveMaxPool2dWithIndices(Tensor input, IntList outputSize) =>
        Torch.Aten.AdaptiveMaxPool2d(input, OutputSize(input, outputSize, 2));

    /// <summary>Average pooling over 3 dimensions. Mirrors <c>F.avg_pool3d</c>.</summary>
    /// <param name="input">(N, C, D, H, W) or (C, D, H, W).</param>
    /// <param name="kernelSize">The size of the window: one number, or three.</param>
    /// <param name="stride">The step. Default: the size of the window.</param>
    /// <param name="padding">Zeros at all sides, at most half of the window. Default: 0.</param>
    /// <param name="ceilMode">Whether a last incomplete window counts. Default: false.</param>
    /// <param name="countIncludePad">Whether the zeros count. Default: true.</param>
    /// <param name="divisorOverride">What sums are divided by. Default: the size of the window.</param>
    /// <returns>(N, C, D', H', W') or (C, D', H', W'), each size as in <see cref="AvgPool1d"/>; the input's dtype.</returns>
    /// <exception cref="TorchException">The input has another number of dimensions, no window fits, the padding exceeds half of the window, or a list has another length, or the divisor is 0.</exception>
    public static Tensor AvgPool3d(
        Tensor input, IntList kernelSize, IntList stride = default, IntList padding = default, bool ceilMode = false, bool countIncludePad = true, long? divisorOverride = null) =>
        Torch.Aten.AvgPool3d(input, kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride);

    /// <summary>Maximum pooling over 3 dimensions. Mirrors <c>F.max_pool3d</c>.</summary>
    /// <param name="input">(N, C, D, H, W) or (C, D, H, W).</param>
    /// <param name="kernelSize">The size of the window: one number, or three.</param>
    /// <param name="stride">The step. Default: the size of the window.</param>
    /// <param name="padding">What is added at all sides, less than anything; at most half of the window. Default: 0.</param>
    /// <param name="dilation">The distance of the window's elements. Default: 1.</param>
    /// <param name="ceilMode">Whether a last incomplete window counts. Default: false.</param>
    /// <returns>(N, C, D', H', W') or (C, D', H', W'), each size as in <see cref="MaxPool1d"/>; the input's dtype.</returns>
    /// <exception cref="TorchException">The input has another number of dimensions, no window fits, the padding exceeds half of the window, or a list has another length.</exception>
    public static Tensor MaxPool3d(
        Tensor input, IntList kernelSize, IntList stride = default, IntList padding = default, IntList dilation = default, bool ceilMode = false) =>
        Torch.MaxPool3d(input, kernelSize, stride, padding, dilation, ceilMode);

    /// <summary>Maximum pooling over 3 dimensions, with the places of the maxima. Mirrors <c>F.max_pool3d</c> with <c>return_indices</c>.</summary>
    /// <param name="input">(N, C, D, H, W) or (C, D, H, W).</param>
    /// <param name="kernelSize">The size of the window: one number, or three.</param>
    /// <param name="stride">The step. Default: the size of the window.</param>
    /// <param name="padding">What is added at all sides, less than anything; at most half of the window. Default: 0.</param>
    /// <param name="dilation">The distance of the window's elements. Default: 1.</param>
    /// <param name="ceilMode">Whether a last incomplete window counts. Default: false.</param>
    /// <returns>The maxima, shaped as <see cref="MaxPool3d"/> gives them, and the place of each in its channel's volume, counted over all its dimensions, int64.</returns>
    /// <exception cref="TorchException">The input has another number of dimensions, no window fits, the padding exceeds half of the window, or a list has another length.</exception>
    public static (Tensor Output, Tensor Indices) MaxPool3dWithIndices(
        Tensor input, IntList kernelSize, IntList stride = default, IntList padding = default, IntList dilation = default, bool ceilMode = false) =>
        Torch.Aten.MaxPool3dWithIndices(input, kernelSize, stride, padding, dilation, ceilMode);

    /// <summary>Puts maxima back in their places, zeros elsewhere. Mirrors <c>F.max_unpool3d</c>.</summary>
    /// <param name="input">(N, C, D, H, W) or (C, D, H, W): what the pooling gave.</param>
    /// <param name="indices">The places that it gave, int64, of the input's shape.</param>
    /// <param name="kernelSize">The size of the window: one number, or three.</param>
    /// <param name="stride">The step. Default: the size of the window.</param>
    /// <param name="padding">What was added at all sides. Default: 0.</param>
    /// <param name="outputSize">The size of the output, with or without N and C; it may differ from what the numbers give by less than a step. Default: what the numbers give.</param>
    /// <returns>The input's shape with the size of the output, (size - 1) stride + kernelSize - 2 padding by default; the input's dtype.</returns>
    /// <exception cref="ArgumentException">The output size is not one that the numbers allow, or a list has another length.</exception>
    /// <exception cref="TorchException">The indices are not int64, have another shape than the input or lie outside of the output, or the stride is not positive.</exception>
    /// <exception cref="TorchIndexException">The input has fewer dimensions than are pooled.</exception>
    public static Tensor MaxUnpool3d(
        Tensor input, Tensor indices, IntList kernelSize, IntList stride = default, IntList padding = default, IntList outputSize = default)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(indices);
        var kernel = Expand(kernelSize, 3, nameof(kernelSize));
        var step = stride.IsGiven ? Expand(stride, 3, nameof(stride)) : kernel;
        var pad = Expand(padding, 3, 0, nameof(padding));
        var size = UnpoolOutputSize(input, kernel, step, pad, outputSize);
        return Torch.Aten.MaxUnpool3d(input, indices, size, step, pad);
    }

    /// <summary>Pooling by a power sum: the sum of the powers in each window, and its root. Mirrors <c>F.lp_pool3d</c>.</summary>
    /// <param name="input">(N, C, D, H, W) or (C, D, H, W).</param>
    /// <param name="normType">The power; with libtorch 2.14 also infinity, which takes the largest absolute value, and minus infinity, the least.</param>
    /// <param name="kernelSize">The size of the window: one number, or three.</param>
    /// <param name="stride">The step. Default: the size of the window.</param>
    /// <param name="ceilMode">Whether a last incomplete window counts. Default: false.</param>
    /// <returns>(N, C, D', H', W') or (C, D', H', W'), each size as in <see cref="AvgPool3d"/>; the input's dtype.</returns>
    /// <exception cref="ArgumentException"><paramref name="kernelSize"/> has another length.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The power is 0, with libtorch 2.14; older ones compute something.</exception>
    /// <exception cref="TorchException">The input has another number of dimensions, or no window fits.</exception>
    public static Tensor LpPool3d(Tensor input, double normType, IntList kernelSize, IntList stride = default, bool ceilMode = false)
    {
        ArgumentNullException.ThrowIfNull(input);
        var kernel = Expand(kernelSize, 3, nameof(kernelSize));
        if (LibtorchRelease.PoolsByInfiniteNorm)
        {
            if (normType == 0)
                throw new ArgumentOutOfRangeException(nameof(normType), "The norm type must not be zero.");
            if (double.IsPositiveInfinity(normType))
                return MaxPool3d(input.Abs(), kernelSize, stride, ceilMode: ceilMode);
            if (double.IsNegativeInfinity(normType))
                return -MaxPool3d(-input.Abs(), kernelSize, stride, ceilMode: ceilMode);
        }
        var result = AvgPool3d(input.Pow(normType), kernelSize, stride, 0, ceilMode);
        return (Torch.Sign(result) * Relu(Torch.Abs(result))).Mul(kernel[0] * kernel[1] * kernel[2]).Pow(1.0 / normType);
    }

    /// <summary>Average pooling to a given size. Mirrors <c>F.adaptive_avg_pool3d</c>.</summary>
    /// <param name="input">(N, C, D, H, W) or (C, D, H, W), floating-point.</param>
    /// <param name="outputSize">The size of the output: one number, or three; -1 keeps that of the input (Python's <c>None</c>).</param>
    /// <returns>(N, C, the output size), with or without N; the input's dtype.</returns>
    /// <exception cref="ArgumentException"><paramref name="outputSize"/> has another length.</exception>
    /// <exception cref="TorchException">The input has another number of dimensions, or a size is below -1.</exception>
    public static Tensor AdaptiveAvgPool3d(Tensor input, IntList outputSize) =>
        Torch.Aten.AdaptiveAvgPool3d(input, OutputSize(input, outputSize, 3));

    /// <summary>Maximum pooling to a given size. Mirrors <c>F.adaptive_max_pool3d</c>.</summary>
    /// <param name="input">(N, C, D, H, W) or (C, D, H, W), floating-point.</param>
    /// <param name="outputSize">The size of the output: one number, or three; -1 keeps that of the input (Python's <c>None</c>).</param>
    /// <returns>(N, C, the output size), with or without N; the input's dtype.</returns>
    /// <exception cref="ArgumentException"><paramref name="outputSize"/> has another length.</exception>
    /// <exception cref="TorchException">The input has another number of dimensions, or a size is below -1.</exception>
    public static Tensor AdaptiveMaxPool3d(Tensor input, IntList outputSize) => AdaptiveMaxPool3dWithIndices(input, outputSize).Output;

    /// <summary>Maximum pooling to a given size, with the places of the maxima. Mirrors <c>F.adaptive_max_pool3d</c> with <c>return_indices</c>.</summary>
    /// <param name="input">(N, C, D, H, W) or (C, D, H, W), floating-point.</param>
    /// <param name="outputSize">The size of the output: one number, or three; -1 keeps that of the input (Python's <c>None</c>).</param>
    /// <returns>The maxima, (N, C, the output size) with or without N, and the place of each in its channel's volume, int64.</returns>
    /// <exception cref="ArgumentException"><paramref name="outputSize"/> has another length.</exception>
    /// <exception cref="TorchException">The input has another number of dimensions, or a size is below -1.</exception>
    public static (Tensor Output, Tensor Indices) AdaptiveMaxPool3dWithIndices(Tensor input, IntList outputSize) =>
        Torch.Aten.AdaptiveMaxPool3d(input, OutputSize(input, outputSize, 3));

    /// <summary>Maximum pooling with random windows, with the places of the maxima. Mirrors <c>F.fractional_max_pool2d</c> with <c>return_indices</c>.</summary>
    /// <param name="input">(N, C, H, W) or (C, H, W), floating-point.</param>
    /// <param name="kernelSize">The size of the windows: one number, or two.</param>
    /// <param name="outputSize">The size of the output: one number, or two. Counts where the ratio is given as well.</param>
    /// <param name="outputRatio">The size of the output over the input's, between 0 and 1: one number or 2.</param>
    /// <param name="randomSamples">(N, C, 2) numbers between 0 and 1 that place the windows, in the input's dtype; N is 1 without a batch. Default: drawn.</param>
    /// <returns>The maxima, (N, C, the output size) with or without N, and the place of each in its channel's image, int64.</returns>
    /// <exception cref="ArgumentException">Neither size nor ratio is given, or a list has another length.</exception>
    /// <exception cref="TorchException">The output and the window together do not fit into the input, or the samples have another shape or dtype.</exception>
    /// <exception cref="TorchIndexException">The input has fewer dimensions than (C, H, W).</exception>
    public static (Tensor Output, Tensor Indices) FractionalMaxPool2dWithIndices(
        Tensor input, IntList kernelSize, IntList outputSize = default, double[]? outputRatio = null, Tensor? randomSamples = null)
    {
        ArgumentNullException.ThrowIfNull(input);
        var size = outputSize.IsGiven ? Expand(outputSize, 2, nameof(outputSize)) : new long[2];
        if (!outputSize.IsGiven)
        {
            if (outputRatio is null)
                throw new ArgumentException("Either the output size or the output ratio is to be given.", nameof(outputSize));
            if (outputRatio.Length is not (1 or 2))
                throw new ArgumentException($"The output ratio takes one number or 2, got {outputRatio.Length}.", nameof(outputRatio));
            for (var i = 0; i < 2; i++)
                size[i] = (long)(input.Size(i - 2) * outputRatio[outputRatio.Length == 1 ? 0 : i]);
        }
        randomSamples ??= Torch.Rand([input.NDim == 3 ? 1 : input.Size(0), input.Size(-3), 2], dtype: input.DType, device: input.Device);
        return Torch.Aten.FractionalMaxPool2d(input, Expand(kernelSize, 2, nameof(kernelSize)), size, randomSamples);
    }

    /// <summary>Maximum pooling with random windows. Mirrors <c>F.fractional_max_pool2d</c>.</summary>
    /// <param name="input">(N, C, H, W) or (C, H, W), floating-point.</param>
    /// <param name="kernelSize">The size of the windows: one number, or two.</param>
    /// <param name="outputSize">The size of the output: one number, or two. Counts where the ratio is given as well.</param>
    /// <param name="outputRatio">The size of the output over the input's, between 0 and 1: one number or 2.</param>
    /// <param name="randomSamples">(N, C, 2) numbers between 0 and 1 that place the windows, in the input's dtype; N is 1 without a batch. Default: drawn.</param>
    /// <returns>(N, C, the output size), with or without N; the input's dtype.</returns>
    /// <exception cref="ArgumentException">Neither size nor ratio is given, or a list has another length.</exception>
    /// <exception cref="TorchException">The output and the window together do not fit into the input, or the samples have another shape or dtype.</exception>
    /// <exception cref="TorchIndexException">The input has fewer dimensions than (C, H, W).</exception>
    public static Tensor FractionalMaxPool2d(
        Tensor input, IntList kernelSize, IntList outputSize = default, double[]? outputRatio = null, Tensor? randomSamples = null) =>
        FractionalMaxPool2dWithIndices(input, kernelSize, outputSize, outputRatio, randomSamples).Output;

    /// <summary>Maximum pooling with random windows, with the places of the maxima. Mirrors <c>F.fractional_max_pool3d</c> with <c>return_indices</c>.</summary>
    /// <param name="input">(N, C, D, H, W) or (C, D, H, W), floating-point.</param>
    /// <param name="kernelSize">The size of the windows: one number, or three.</param>
    /// <param name="outputSize">The size of the output: one number, or three. Counts where the ratio is given as well.</param>
    /// <param name="outputRatio">The size of the output over the input's, between 0 and 1: one number or 3.</param>
    /// <param name="randomSamples">(N, C, 3) numbers between 0 and 1 that place the windows, in the input's dtype; N is 1 without a batch. Default: drawn.</param>
    /// <returns>The maxima, (N, C, the output size) with or without N, and the place of each in its channel's volume, int64.</returns>
    /// <exception cref="ArgumentException">Neither size nor ratio is given, or a list has another length.</exception>
    /// <exception cref="TorchException">The output and the window together do not fit into the input, or the samples have another shape or dtype.</exception>
    /// <exception cref="TorchIndexException">The input has fewer dimensions than (C, D, H, W).</exception>
    public static (Tensor Output, Tensor Indices) FractionalMaxPool3dWithIndices(
        Tensor input, IntList kernelSize, IntList outputSize = default, double[]? outputRatio = null, Tensor? randomSamples = null)
    {
        ArgumentNullException.ThrowIfNull(input);
        var size = outputSize.IsGiven ? Expand(outputSize, 3, nameof(outputSize)) : new long[3];
        if (!outputSize.IsGiven)
        {
            if (outputRatio is null)
                throw new ArgumentException("Either the output size or the output ratio is to be given.", nameof(outputSize));
            if (outputRatio.Length is not (1 or 3))
                throw new ArgumentException($"The output ratio takes one number or 3, got {outputRatio.Length}.", nameof(outputRatio));
            for (var i = 0; i < 3; i++)
                size[i] = (long)(input.Size(i - 3) * outputRatio[outputRatio.Length == 1 ? 0 : i]);
        }
        randomSamples ??= Torch.Rand([input.NDim == 4 ? 1 : input.Size(0), input.Size(-4), 3], dtype: input.DType, device: input.Device);
        return Torch.Aten.FractionalMaxPool3d(input, Expand(kernelSize, 3, nameof(kernelSize)), size, randomSamples);
    }

    /// <summary>Maximum pooling with random windows. Mirrors <c>F.fractional_max_pool3d</c>.</summary>
    /// <param name="input">(N, C, D, H, W) or (C, D, H, W), floating-point.</param>
    /// <param name="kernelSize">The size of the windows: one number, or three.</param>
    /// <param name="outputSize">The size of the output: one number, or three. Counts where the ratio is given as well.</param>
    /// <param name="outputRatio">The size of the output over the input's, between 0 and 1: one number or 3.</param>
    /// <param name="randomSamples">(N, C, 3) numbers between 0 and 1 that place the windows, in the input's dtype; N is 1 without a batch. Default: drawn.</param>
    /// <returns>(N, C, the output size), with or without N; the input's dtype.</returns>
    /// <exception cref="ArgumentException">Neither size nor ratio is given, or a list has another length.</exception>
    /// <exception cref="TorchException">The output and the window together do not fit into the input, or the samples have another shape or dtype.</exception>
    /// <exception cref="TorchIndexException">The input has fewer dimensions than (C, D, H, W).</exception>
    public static Tensor FractionalMaxPool3d(
        Tensor input, IntList kernelSize, IntList outputSize = default, double[]? outputRatio = null, Tensor? randomSamples = null) =>
        FractionalMaxPool3dWithIndices(input, kernelSize, outputSize, outputRatio, randomSamples).Output;

    private static long[] OutputSize(Tensor input, IntList outputSize, int count)
    {
        ArgumentNullException.ThrowIfNull(input);
        var size = Expand(outputSize, count, nameof(outputSize));
        for (var i = 0; i < count; i++)
        {
            if (size[i] == -1)
                size[i] = input.Size(i - count);
        }
        return size;
    }

    private static long[] UnpoolOutputSize(Tensor input, long[] kernel, long[] stride, long[] padding, IntList outputSize)
    {
        var count = kernel.Length;
        var size = new long[count];
        for (var d = 0; d < count; d++)
            size[d] = ((input.Size(d - count) - 1) * stride[d]) + kernel[d] - (2 * padding[d]);
        if (!outputSize.IsGiven)
            return size;
        var wanted = outputSize.Span.ToArray();
        if (wanted.Length == count + 2)
            wanted = wanted[2..];
        if (wanted.Length != count)
            throw new ArgumentException($"The output size takes {count} or {count + 2} numbers, got {wanted.Length}.", nameof(outputSize));
        for (var d = 0; d < count; d++)
        {
            if (wanted[d] <= size[d] - stride[d] || wanted[d] >= size[d] + stride[d])
                throw new ArgumentException($"Invalid output size {ReprText.Of(wanted)}: dimension {d} must be between {size[d] - stride[d]} and {size[d] + stride[d]}.", nameof(outputSize));
        }
        return wanted;
    }
}
