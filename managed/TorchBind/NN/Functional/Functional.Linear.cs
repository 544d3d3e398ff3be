namespace TorchBind.NN;

public static partial class Functional
{
    /// <summary><c>x A^T + b</c>. Mirrors <c>F.linear</c>.</summary>
    /// <param name="input">(*, in), floating-point or integers.</param>
    /// <param name="weight">(out, in), or (in) for one output without a dimension; the input's dtype.</param>
    /// <param name="bias">(out). Default: none.</param>
    /// <returns>(*, out), or (*) for a weight of one dimension; the input's dtype.</returns>
    /// <exception cref="TorchException">The sizes of <paramref name="input"/> and <paramref name="weight"/> do not fit, the bias has another size, or the dtypes differ.</exception>
    public static Tensor Linear(Tensor input, Tensor weight, Tensor? bias = null) => Torch.Aten.Linear(input, weight, bias);

    /// <summary><c>x1^T A x2 + b</c>. Mirrors <c>F.bilinear</c>.</summary>
    /// <param name="input1">(*, in1), floating-point.</param>
    /// <param name="input2">(*, in2), with the same leading sizes.</param>
    /// <param name="weight">(out, in1, in2).</param>
    /// <param name="bias">(out). Default: none.</param>
    /// <returns>(*, out), the inputs' dtype.</returns>
    /// <exception cref="TorchException">The leading sizes differ (nothing is broadcast), a size does not fit the weight, or the dtypes differ.</exception>
    public static Tensor Bilinear(Tensor input1, Tensor input2, Tensor weight, Tensor? bias = null) => Torch.Bilinear(input1, input2, weight, bias);

    /// <summary>Convolution over one dimension. Mirrors <c>F.conv1d</c>.</summary>
    /// <param name="input">(N, in, L) or (in, L).</param>
    /// <param name="weight">(out, in / groups, k).</param>
    /// <param name="bias">(out). Default: none.</param>
    /// <param name="stride">The step, 1 or more. Default: 1.</param>
    /// <param name="padding">Zeros at both ends, or "same" or "valid". Default: 0.</param>
    /// <param name="dilation">The distance of the kernel's elements. Default: 1.</param>
    /// <param name="groups">Into how many groups the channels are split; it divides both numbers of channels. Default: 1.</param>
    /// <returns>(N, out, L') or (out, L'), L' = (L + 2 padding - dilation (k - 1) - 1) / stride + 1, rounded down; the input's dtype.</returns>
    /// <exception cref="TorchException">The channels do not fit the weight and the groups, the kernel is longer than the padded input, "same" comes with a stride, a number is out of range, or the dtypes differ.</exception>
    public static Tensor Conv1d(
        Tensor input, Tensor weight, Tensor? bias = null, IntList stride = default, ConvPadding padding = default, IntList dilation = default, long groups = 1) =>
        padding.Name is { } name
            ? Torch.Conv1d(input, weight, bias, stride, name, dilation, groups)
            : Torch.Conv1d(input, weight, bias, stride, padding.Values, dilation, groups);

    /// <summary>Convolution over two dimensions. Mirrors <c>F.conv2d</c>.</summary>
    /// <param name="input">(N, in, H, W) or (in, H, W).</param>
    /// <param name="weight">(out, in / groups, kH, kW).</param>
    /// <param name="bias">(out). Default: none.</param>
    /// <param name="stride">The step: one number, or one for each dimension. Default: 1.</param>
    /// <param name="padding">Zeros at all sides, or "same" or "valid". Default: 0.</param>
    /// <param name="dilation">The distance of the kernel's elements. Default: 1.</param>
    /// <param name="groups">Into how many groups the channels are split; it divides both numbers of channels. Default: 1.</param>
    /// <returns>(N, out, H', W') or (out, H', W'), each size as in <see cref="Conv1d"/>; the input's dtype.</returns>
    /// <exception cref="TorchException">The channels do not fit the weight and the groups, the kernel is larger than the padded input, "same" comes with a stride, a number is out of range, or the dtypes differ.</exception>
    public static Tensor Conv2d(
        Tensor input, Tensor weight, Tensor? bias = null, IntList stride = default, ConvPadding padding = default, IntList dilation = default, long groups = 1) =>
        padding.Name is { } name
            ? Torch.Conv2d(input, weight, bias, stride, name, dilation, groups)
            : Torch.Conv2d(input, weight, bias, stride, padding.Values, dilation, groups);

    /// <summary>Convolution over three dimensions. Mirrors <c>F.conv3d</c>.</summary>
    /// <param name="input">(N, in, D, H, W) or (in, D, H, W).</param>
    /// <param name="weight">(out, in / groups, kD, kH, kW).</param>
    /// <param name="bias">(out). Default: none.</param>
    /// <param name="stride">The step: one number, or one for each dimension. Default: 1.</param>
    /// <param name="padding">Zeros at all sides, or "same" or "valid". Default: 0.</param>
    /// <param name="dilation">The distance of the kernel's elements. Default: 1.</param>
    /// <param name="groups">Into how many groups the channels are split; it divides both numbers of channels. Default: 1.</param>
    /// <returns>(N, out, D', H', W') or (out, D', H', W'), each size as in <see cref="Conv1d"/>; the input's dtype.</returns>
    /// <exception cref="TorchException">The channels do not fit the weight and the groups, the kernel is larger than the padded input, "same" comes with a stride, a number is out of range, or the dtypes differ.</exception>
    public static Tensor Conv3d(
        Tensor input, Tensor weight, Tensor? bias = null, IntList stride = default, ConvPadding padding = default, IntList dilation = default, long groups = 1) =>
        padding.Name is { } name
            ? Torch.Conv3d(input, weight, bias, stride, name, dilation, groups)
            : Torch.Conv3d(input, weight, bias, stride, padding.Values, dilation, groups);

    /// <summary>Transposed convolution over one dimension. Mirrors <c>F.conv_transpose1d</c>.</summary>
    /// <param name="input">(N, in, L) or (in, L).</param>
    /// <param name="weight">(in, out / groups, k).</param>
    /// <param name="bias">(out). Default: none.</param>
    /// <param name="stride">The step. Default: 1.</param>
    /// <param name="padding">What is cut off at both ends. Default: 0.</param>
    /// <param name="outputPadding">What is added at one end, less than the stride or the dilation. Default: 0.</param>
    /// <param name="groups">Into how many groups the channels are split. Default: 1.</param>
    /// <param name="dilation">The distance of the kernel's elements. Default: 1.</param>
    /// <returns>(N, out, L') or (out, L'), L' = (L - 1) stride - 2 padding + dilation (k - 1) + outputPadding + 1; the input's dtype.</returns>
    /// <exception cref="TorchException">The channels do not fit the weight and the groups, the output padding is too large, a number is out of range, or the dtypes differ.</exception>
    public static Tensor ConvTranspose1d(
        Tensor input, Tensor weight, Tensor? bias = null, IntList stride = default, IntList padding = default, IntList outputPadding = default,
        long groups = 1, IntList dilation = default) =>
        Torch.ConvTranspose1d(input, weight, bias, stride, padding, outputPadding, groups, dilation);

    /// <summary>Transposed convolution over two dimensions. Mirrors <c>F.conv_transpose2d</c>.</summary>
    /// <param name="input">(N, in, H, W) or (in, H, W).</param>
    /// <param name="weight">(in, out / groups, kH, kW).</param>
    /// <param name="bias">(out). Default: none.</param>
    /// <param name="stride">The step. Default: 1.</param>
    /// <param name="padding">What is cut off at all sides. Default: 0.</param>
    /// <param name="outputPadding">What is added at one side, less than the stride or the dilation. Default: 0.</param>
    /// <param name="groups">Into how many groups the channels are split. Default: 1.</param>
    /// <param name="dilation">The distance of the kernel's elements. Default: 1.</param>
    /// <returns>(N, out, H', W') or (out, H', W'), each size as in <see cref="ConvTranspose1d"/>; the input's dtype.</returns>
    /// <exception cref="TorchException">The channels do not fit the weight and the groups, the output padding is too large, a number is out of range, or the dtypes differ.</exception>
    public static Tensor ConvTranspose2d(
        Tensor input, Tensor weight, Tensor? bias = null, IntList stride = default, IntList padding = default, IntList outputPadding = default,
        long groups = 1, IntList dilation = default) =>
        Torch.ConvTranspose2d(input, weight, bias, stride, padding, outputPadding, groups, dilation);

    /// <summary>Transposed convolution over three dimensions. Mirrors <c>F.conv_transpose3d</c>.</summary>
    /// <param name="input">(N, in, D, H, W) or (in, D, H, W).</param>
    /// <param name="weight">(in, out / groups, kD, kH, kW).</param>
    /// <param name="bias">(out). Default: none.</param>
    /// <param name="stride">The step. Default: 1.</param>
    /// <param name="padding">What is cut off at all sides. Default: 0.</param>
    /// <param name="outputPadding">What is added at one side, less than the stride or the dilation. Default: 0.</param>
    /// <param name="groups">Into how many groups the channels are split. Default: 1.</param>
    /// <param name="dilation">The distance of the kernel's elements. Default: 1.</param>
    /// <returns>(N, out, D', H', W') or (out, D', H', W'), each size as in <see cref="ConvTranspose1d"/>; the input's dtype.</returns>
    /// <exception cref="TorchException">The channels do not fit the weight and the groups, the output padding is too large, a number is out of range, or the dtypes differ.</exception>
    public static Tensor ConvTranspose3d(
        Tensor input, Tensor weight, Tensor? bias = null, IntList stride = default, IntList padding = default, IntList outputPadding = default,
        long groups = 1, IntList dilation = default) =>
        Torch.ConvTranspose3d(input, weight, bias, stride, padding, outputPadding, groups, dilation);

    /// <summary>Convolution over a sequence laid out (time, batch, channels). Mirrors <c>F.conv_tbc</c>.</summary>
    /// <param name="input">(T, N, in).</param>
    /// <param name="weight">(k, in, out).</param>
    /// <param name="bias">(out); it cannot be left out, as in Python.</param>
    /// <param name="pad">Time steps added at both ends. Default: 0.</param>
    /// <returns>(T + 2 pad - k + 1, N, out), the input's dtype.</returns>
    /// <exception cref="ArgumentNullException">There is no bias.</exception>
    /// <exception cref="TorchException">Input and weight have not three dimensions each, or the channels do not fit.</exception>
    public static Tensor ConvTbc(Tensor input, Tensor weight, Tensor bias, long pad = 0) => Torch.ConvTbc(input, weight, bias, pad);

    /// <summary>The blocks of an image as columns. Mirrors <c>F.unfold</c>.</summary>
    /// <param name="input">(N, C, H, W) or (C, H, W), floating-point or complex.</param>
    /// <param name="kernelSize">The size of a block: one number, or (kH, kW).</param>
    /// <param name="dilation">The distance of its elements. Default: 1.</param>
    /// <param name="padding">Zeros at all sides. Default: 0.</param>
    /// <param name="stride">The step. Default: 1.</param>
    /// <returns>(N, C kH kW, blocks) or (C kH kW, blocks), the input's dtype.</returns>
    /// <exception cref="ArgumentException">A list has neither one number nor two.</exception>
    /// <exception cref="TorchException">No block fits into the padded image, or the input has another number of dimensions.</exception>
    public static Tensor Unfold(Tensor input, IntList kernelSize, IntList dilation = default, IntList padding = default, IntList stride = default) =>
        Torch.Aten.Im2col(input, Expand(kernelSize, 2, nameof(kernelSize)), Expand(dilation, 2, 1, nameof(dilation)), Expand(padding, 2, 0, nameof(padding)), Expand(stride, 2, 1, nameof(stride)));

    /// <summary>The sum of columns put back as blocks of an image. Mirrors <c>F.fold</c>.</summary>
    /// <param name="input">(N, C kH kW, blocks) or (C kH kW, blocks), floating-point or complex.</param>
    /// <param name="outputSize">The size of the image: one number, or (H, W).</param>
    /// <param name="kernelSize">The size of a block: one number, or (kH, kW).</param>
    /// <param name="dilation">The distance of its elements. Default: 1.</param>
    /// <param name="padding">Zeros at all sides. Default: 0.</param>
    /// <param name="stride">The step. Default: 1.</param>
    /// <returns>(N, C, H, W) or (C, H, W), the input's dtype; where blocks overlap, their sum.</returns>
    /// <exception cref="ArgumentException">A list has neither one number nor two.</exception>
    /// <exception cref="TorchException">The number of columns is not that of the image's blocks, or kH kW does not divide the number of rows.</exception>
    public static Tensor Fold(
        Tensor input, IntList outputSize, IntList kernelSize, IntList dilation = default, IntList padding = default, IntList stride = default) =>
        Torch.Aten.Col2im(input, Expand(outputSize, 2, nameof(outputSize)), Expand(kernelSize, 2, nameof(kernelSize)), Expand(dilation, 2, 1, nameof(dilation)), Expand(padding, 2, 0, nameof(padding)), Expand(stride, 2, 1, nameof(stride)));

    /// <summary>The product of matrices in groups; libtorch 2.10 and later. Mirrors <c>F.grouped_mm</c>.</summary>
    /// <param name="matA">(M, K) or (G, M, K); float32, float16 or bfloat16, each row a multiple of 16 bytes.</param>
    /// <param name="matB">(K, N) or (G, K, N), like <paramref name="matA"/>.</param>
    /// <param name="offs">Where the groups end, (G), int32; needed where a matrix has two dimensions, and only there. Default: none.</param>
    /// <param name="bias">Not supported by libtorch so far. Default: none.</param>
    /// <param name="outDtype">Default: that of <paramref name="matA"/>, and libtorch takes no other so far.</param>
    /// <returns>(G, M, N) for groups of both or of the summed dimension, otherwise (M, N).</returns>
    /// <exception cref="NotSupportedException">The loaded libtorch is older and has no such operator.</exception>
    /// <exception cref="TorchException">The inner sizes differ, offsets are missing or superfluous, a row is not a multiple of 16 bytes, or a bias is given.</exception>
    public static Tensor GroupedMm(Tensor matA, Tensor matB, Tensor? offs = null, Tensor? bias = null, DType? outDtype = null) =>
        Torch.Aten._GroupedMm(matA, matB, offs, bias, outDtype);
}
