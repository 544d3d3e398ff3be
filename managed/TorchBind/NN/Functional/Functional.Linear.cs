namespace TorchBind.NN;

public static partial class Functional
{
    /// <summary><c>x A^T + b</c>. Mirrors <c>F.linear</c>.</summary>
    /// <param name="input">(*, in).</param>
    /// <param name="weight">(out, in).</param>
    /// <param name="bias">(out). Default: none.</param>
    public static Tensor Linear(Tensor input, Tensor weight, Tensor? bias = null) => Torch.Aten.Linear(input, weight, bias);

    /// <summary><c>x1^T A x2 + b</c>. Mirrors <c>F.bilinear</c>.</summary>
    /// <param name="input1">(*, in1).</param>
    /// <param name="input2">(*, in2).</param>
    /// <param name="weight">(out, in1, in2).</param>
    /// <param name="bias">(out). Default: none.</param>
    public static Tensor Bilinear(Tensor input1, Tensor input2, Tensor weight, Tensor? bias = null) => Torch.Bilinear(input1, input2, weight, bias);

    /// <summary>Convolution over one dimension. Mirrors <c>F.conv1d</c>.</summary>
    /// <param name="input">(N, in, L) or (in, L).</param>
    /// <param name="weight">(out, in / groups, k).</param>
    /// <param name="bias">(out). Default: none.</param>
    /// <param name="stride">The step. Default: 1.</param>
    /// <param name="padding">Zeros at both ends, or "same" or "valid". Default: 0.</param>
    /// <param name="dilation">The distance of the kernel's elements. Default: 1.</param>
    /// <param name="groups">Into how many groups the channels are split. Default: 1.</param>
    public static Tensor Conv1d(
        Tensor input, Tensor weight, Tensor? bias = null, IntList stride = default, ConvPadding padding = default, IntList dilation = default, long groups = 1) =>
        padding.Name is { } name
            ? Torch.Conv1d(input, weight, bias, stride, name, dilation, groups)
            : Torch.Conv1d(input, weight, bias, stride, padding.Values, dilation, groups);

    /// <summary>Convolution over two dimensions. Mirrors <c>F.conv2d</c>.</summary>
    /// <param name="input">(N, in, H, W) or (in, H, W).</param>
    /// <param name="weight">(out, in / groups, kH, kW).</param>
    /// <param name="bias">(out). Default: none.</param>
    /// <param name="stride">The step. Default: 1.</param>
    /// <param name="padding">Zeros at all sides, or "same" or "valid". Default: 0.</param>
    /// <param name="dilation">The distance of the kernel's elements. Default: 1.</param>
    /// <param name="groups">Into how many groups the channels are split. Default: 1.</param>
    public static Tensor Conv2d(
        Tensor input, Tensor weight, Tensor? bias = null, IntList stride = default, ConvPadding padding = default, IntList dilation = default, long groups = 1) =>
        padding.Name is { } name
            ? Torch.Conv2d(input, weight, bias, stride, name, dilation, groups)
            : Torch.Conv2d(input, weight, bias, stride, padding.Values, dilation, groups);

    /// <summary>Convolution over three dimensions. Mirrors <c>F.conv3d</c>.</summary>
    /// <param name="input">(N, in, D, H, W) or (in, D, H, W).</param>
    /// <param name="weight">(out, in / groups, kD, kH, kW).</param>
    /// <param name="bias">(out). Default: none.</param>
    /// <param name="stride">The step. Default: 1.</param>
    /// <param name="padding">Zeros at all sides, or "same" or "valid". Default: 0.</param>
    /// <param name="dilation">The distance of the kernel's elements. Default: 1.</param>
    /// <param name="groups">Into how many groups the channels are split. Default: 1.</param>
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
    /// <param name="outputPadding">What is added at one end. Default: 0.</param>
    /// <param name="groups">Into how many groups the channels are split. Default: 1.</param>
    /// <param name="dilation">The distance of the kernel's elements. Default: 1.</param>
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
    /// <param name="outputPadding">What is added at one side. Default: 0.</param>
    /// <param name="groups">Into how many groups the channels are split. Default: 1.</param>
    /// <param name="dilation">The distance of the kernel's elements. Default: 1.</param>
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
    /// <param name="outputPadding">What is added at one side. Default: 0.</param>
    /// <param name="groups">Into how many groups the channels are split. Default: 1.</param>
    /// <param name="dilation">The distance of the kernel's elements. Default: 1.</param>
    public static Tensor ConvTranspose3d(
        Tensor input, Tensor weight, Tensor? bias = null, IntList stride = default, IntList padding = default, IntList outputPadding = default,
        long groups = 1, IntList dilation = default) =>
        Torch.ConvTranspose3d(input, weight, bias, stride, padding, outputPadding, groups, dilation);

    /// <summary>Convolution over a sequence laid out (time, batch, channels). Mirrors <c>F.conv_tbc</c>.</summary>
    /// <param name="input">(T, N, in).</param>
    /// <param name="weight">(k, in, out).</param>
    /// <param name="bias">(out).</param>
    /// <param name="pad">Time steps added at both ends. Default: 0.</param>
    public static Tensor ConvTbc(Tensor input, Tensor weight, Tensor bias, long pad = 0) => Torch.ConvTbc(input, weight, bias, pad);

    /// <summary>The blocks of an image as columns. Mirrors <c>F.unfold</c>.</summary>
    /// <param name="input">(N, C, H, W) or (C, H, W).</param>
    /// <param name="kernelSize">The size of a block.</param>
    /// <param name="dilation">The distance of its elements. Default: 1.</param>
    /// <param name="padding">Zeros at all sides. Default: 0.</param>
    /// <param name="stride">The step. Default: 1.</param>
    public static Tensor Unfold(Tensor input, IntList kernelSize, IntList dilation = default, IntList padding = default, IntList stride = default) =>
        Torch.Aten.Im2col(input, Expand(kernelSize, 2, nameof(kernelSize)), Expand(dilation, 2, 1, nameof(dilation)), Expand(padding, 2, 0, nameof(padding)), Expand(stride, 2, 1, nameof(stride)));

    /// <summary>The sum of columns put back as blocks of an image. Mirrors <c>F.fold</c>.</summary>
    /// <param name="input">(N, C * kH * kW, blocks) or without N.</param>
    /// <param name="outputSize">The size of the image.</param>
    /// <param name="kernelSize">The size of a block.</param>
    /// <param name="dilation">The distance of its elements. Default: 1.</param>
    /// <param name="padding">Zeros at all sides. Default: 0.</param>
    /// <param name="stride">The step. Default: 1.</param>
    public static Tensor Fold(
        Tensor input, IntList outputSize, IntList kernelSize, IntList dilation = default, IntList padding = default, IntList stride = default) =>
        Torch.Aten.Col2im(input, Expand(outputSize, 2, nameof(outputSize)), Expand(kernelSize, 2, nameof(kernelSize)), Expand(dilation, 2, 1, nameof(dilation)), Expand(padding, 2, 0, nameof(padding)), Expand(stride, 2, 1, nameof(stride)));

    /// <summary>The product of matrices in groups; libtorch 2.10 and later. Mirrors <c>F.grouped_mm</c>.</summary>
    /// <param name="matA">(M, K) or (G, M, K).</param>
    /// <param name="matB">(K, N) or (G, K, N).</param>
    /// <param name="offs">Where the groups end, int32. Default: none.</param>
    /// <param name="bias">Default: none.</param>
    /// <param name="outDtype">Default: the input's.</param>
    /// <exception cref="NotSupportedException">The loaded libtorch has no such operator.</exception>
    public static Tensor GroupedMm(Tensor matA, Tensor matB, Tensor? offs = null, Tensor? bias = null, DType? outDtype = null) =>
        Torch.Aten._GroupedMm(matA, matB, offs, bias, outDtype);
}
