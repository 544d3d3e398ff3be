namespace TorchBind.NN;

public static partial class Functional
{
    /// <summary>Continues a tensor beyond its edges. Mirrors <c>F.pad</c>.</summary>
    /// <param name="input">The input, of any shape.</param>
    /// <param name="pad">Pairs of numbers, before and after, the last dimension first: not more pairs than dimensions. Negative numbers cut off.</param>
    /// <param name="mode">How. All but a constant pad one dimension of (N, C, L), two of (N, C, H, W) or three of (N, C, D, H, W), or of these without N. Default: by a constant.</param>
    /// <param name="value">The constant, which only that mode takes. Default: 0.</param>
    /// <returns>The input with other sizes; the input's dtype.</returns>
    /// <exception cref="TorchException">The numbers are not pairs, there are too many, a size becomes negative, a reflection is not shorter than its dimension, or another mode has a value.</exception>
    /// <exception cref="TorchNotImplementedException">The mode does not pad so many dimensions of such an input.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such mode.</exception>
    public static Tensor Pad(Tensor input, IntList pad, PaddingMode mode = PaddingMode.Constant, double? value = null) =>
        Torch.Aten.Pad(input, pad, NameOf(mode), value);

    internal static string NameOf(PaddingMode mode) => mode switch
    {
        PaddingMode.Constant => "constant",
        PaddingMode.Reflect => "reflect",
        PaddingMode.Replicate => "replicate",
        PaddingMode.Circular => "circular",
        _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, "There is no such padding."),
    };

    /// <summary>Changes the size of the last dimensions. Mirrors <c>F.interpolate</c>.</summary>
    /// <param name="input">(N, C, L), (N, C, H, W) or (N, C, D, H, W), floating-point (or uint8).</param>
    /// <param name="size">The new size: one number, or one for each dimension. Either this or the factor is given.</param>
    /// <param name="scaleFactor">The new size over the old: one number, or one for each dimension.</param>
    /// <param name="mode">How values are found. Default: the nearest one.</param>
    /// <param name="alignCorners">Whether corners lie on corners; for the linear and cubic modes alone. Default: false.</param>
    /// <param name="recomputeScaleFactor">Whether the factor is found again from the rounded size. Default: false.</param>
    /// <param name="antialias">Whether to smooth when shrinking; for bilinear and bicubic. Default: false.</param>
    /// <returns>(N, C, ...) with the new size, or the old one times the factor, rounded down; the input's dtype.</returns>
    /// <exception cref="ArgumentException">Not exactly one of size and factor is given, a list has another length, or an option does not belong to the mode.</exception>
    /// <exception cref="NotSupportedException">The mode does not fit the number of dimensions, or does not exist.</exception>
    /// <exception cref="TorchException">A size is not positive.</exception>
    public static Tensor Interpolate(
        Tensor input, IntList size = default, ReadOnlySpan<double> scaleFactor = default, InterpolationMode mode = InterpolationMode.Nearest,
        bool? alignCorners = null, bool? recomputeScaleFactor = null, bool antialias = false)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (mode is InterpolationMode.Nearest or InterpolationMode.Area or InterpolationMode.NearestExact && alignCorners is not null)
            throw new ArgumentException("alignCorners is for the modes linear, bilinear, bicubic and trilinear.", nameof(alignCorners));
        var corners = alignCorners ?? false;
        var dim = input.NDim - 2;
        if (size.IsGiven == scaleFactor.Length > 0)
            throw new ArgumentException("Either the size or the scale factor is to be given, and not both.", nameof(size));
        double[]? factors = null;
        long[]? output = null;
        if (size.IsGiven)
        {
            if (recomputeScaleFactor == true)
                throw new ArgumentException("With a size there is no scale factor that recomputeScaleFactor could compute anew.", nameof(recomputeScaleFactor));
            output = Expand(size, Math.Max(dim, 0), nameof(size));
        }
        else
        {
            if (scaleFactor.Length != 1 && scaleFactor.Length != dim)
                throw new ArgumentException($"The scale factor takes one number or {dim}, got {scaleFactor.Length}.", nameof(scaleFactor));
            factors = new double[Math.Max(dim, 0)];
            for (var i = 0; i < factors.Length; i++)
                factors[i] = scaleFactor[scaleFactor.Length == 1 ? 0 : i];
            if (recomputeScaleFactor == true || mode == InterpolationMode.Area)
            {
                output = new long[factors.Length];
                for (var i = 0; i < output.Length; i++)
                    output[i] = (long)(input.Size(i + 2) * factors[i]);
                factors = null;
            }
        }
        if (antialias && (mode is not (InterpolationMode.Bilinear or InterpolationMode.Bicubic) || dim != 2))
            throw new ArgumentException("antialias is for the modes bilinear and bicubic and a 4-D input.", nameof(antialias));
        return (dim, mode) switch
        {
            (1, InterpolationMode.Nearest) => Torch.Aten.UpsampleNearest1d(input, output, factors),
            (2, InterpolationMode.Nearest) => Torch.Aten.UpsampleNearest2d(input, output, factors),
            (3, InterpolationMode.Nearest) => Torch.Aten.UpsampleNearest3d(input, output, factors),
            (1, InterpolationMode.NearestExact) => Torch.Aten._UpsampleNearestExact1d(input, output, factors),
            (2, InterpolationMode.NearestExact) => Torch.Aten._UpsampleNearestExact2d(input, output, factors),
            (3, InterpolationMode.NearestExact) => Torch.Aten._UpsampleNearestExact3d(input, output, factors),
            (1, InterpolationMode.Area) => AdaptiveAvgPool1d(input, output),
            (2, InterpolationMode.Area) => AdaptiveAvgPool2d(input, output),
            (3, InterpolationMode.Area) => AdaptiveAvgPool3d(input, output),
            (1, InterpolationMode.Linear) => Torch.Aten.UpsampleLinear1d(input, output, corners, factors),
            (2, InterpolationMode.Bilinear) => antialias
                ? Torch.Aten._UpsampleBilinear2dAa(input, output, corners, factors)
                : Torch.Aten.UpsampleBilinear2d(input, output, corners, factors),
            (2, InterpolationMode.Bicubic) => antialias
                ? Torch.Aten._UpsampleBicubic2dAa(input, output, corners, factors)
                : Torch.Aten.UpsampleBicubic2d(input, output, corners, factors),
            (3, InterpolationMode.Trilinear) => Torch.Aten.UpsampleTrilinear3d(input, output, corners, factors),
            _ => throw new NotSupportedException($"An input of {input.NDim} dimensions cannot be interpolated with the mode {mode}."),
        };
    }

    /// <summary>The same as <see cref="Interpolate"/>. Mirrors <c>F.upsample</c>, which Python deprecates.</summary>
    /// <param name="input">(N, C, L), (N, C, H, W) or (N, C, D, H, W).</param>
    /// <param name="size">The new size: one number, or one for each dimension. Either this or the factor is given.</param>
    /// <param name="scaleFactor">The new size over the old: one number, or one for each dimension.</param>
    /// <param name="mode">How values are found. Default: the nearest one.</param>
    /// <param name="alignCorners">Whether corners lie on corners; for the linear and cubic modes alone. Default: false.</param>
    /// <returns>(N, C, ...) with the new size; the input's dtype.</returns>
    /// <exception cref="ArgumentException">Not exactly one of size and factor is given, a list has another length, or corners are given to another mode.</exception>
    /// <exception cref="NotSupportedException">The mode does not fit the number of dimensions, or does not exist.</exception>
    public static Tensor Upsample(
        Tensor input, IntList size = default, ReadOnlySpan<double> scaleFactor = default, InterpolationMode mode = InterpolationMode.Nearest,
        bool? alignCorners = null) => Interpolate(input, size, scaleFactor, mode, alignCorners);

    /// <summary>Enlarges by the nearest values. Mirrors <c>F.upsample_nearest</c>, which Python deprecates.</summary>
    /// <param name="input">(N, C, L), (N, C, H, W) or (N, C, D, H, W).</param>
    /// <param name="size">The new size: one number, or one for each dimension. Either this or the factor is given.</param>
    /// <param name="scaleFactor">The new size over the old: one number, or one for each dimension.</param>
    /// <returns>(N, C, ...) with the new size; the input's dtype.</returns>
    /// <exception cref="ArgumentException">Not exactly one of size and factor is given, or a list has another length.</exception>
    /// <exception cref="NotSupportedException">The input has fewer than three dimensions, or more than five.</exception>
    public static Tensor UpsampleNearest(Tensor input, IntList size = default, ReadOnlySpan<double> scaleFactor = default) =>
        Interpolate(input, size, scaleFactor);

    /// <summary>Enlarges bilinearly, corners on corners. Mirrors <c>F.upsample_bilinear</c>, which Python deprecates.</summary>
    /// <param name="input">(N, C, H, W).</param>
    /// <param name="size">The new size: one number, or two. Either this or the factor is given.</param>
    /// <param name="scaleFactor">The new size over the old: one number, or two.</param>
    /// <returns>(N, C, H', W'), the input's dtype.</returns>
    /// <exception cref="ArgumentException">Not exactly one of size and factor is given, or a list has another length.</exception>
    /// <exception cref="NotSupportedException">The input has not four dimensions.</exception>
    public static Tensor UpsampleBilinear(Tensor input, IntList size = default, ReadOnlySpan<double> scaleFactor = default) =>
        Interpolate(input, size, scaleFactor, InterpolationMode.Bilinear, alignCorners: true);

    /// <summary>Reads an image at given places. Mirrors <c>F.grid_sample</c>.</summary>
    /// <param name="input">(N, C, H, W) or (N, C, D, H, W), floating-point.</param>
    /// <param name="grid">(N, H', W', 2) or (N, D', H', W', 3), the input's dtype: places between -1 and 1, the last dimension's first.</param>
    /// <param name="mode">How it is read between points; bicubic for images alone. Default: bilinearly.</param>
    /// <param name="paddingMode">What lies outside. Default: zeros.</param>
    /// <param name="alignCorners">Whether -1 and 1 are the centres of the corner points. Default: false.</param>
    /// <returns>(N, C, H', W') or (N, C, D', H', W'), the input's dtype.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such mode or padding.</exception>
    /// <exception cref="TorchException">Batches, dtypes or the grid's last size do not fit, the input has another number of dimensions or is empty, or a volume is read bicubically.</exception>
    public static Tensor GridSample(
        Tensor input, Tensor grid, GridSampleMode mode = GridSampleMode.Bilinear, GridSamplePadding paddingMode = GridSamplePadding.Zeros,
        bool? alignCorners = null)
    {
        if (mode is not (GridSampleMode.Bilinear or GridSampleMode.Nearest or GridSampleMode.Bicubic))
            throw new ArgumentOutOfRangeException(nameof(mode), mode, "The mode is Bilinear, Nearest or Bicubic.");
        if (paddingMode is not (GridSamplePadding.Zeros or GridSamplePadding.Border or GridSamplePadding.Reflection))
            throw new ArgumentOutOfRangeException(nameof(paddingMode), paddingMode, "The padding is Zeros, Border or Reflection.");
        return Torch.GridSampler(input, grid, (long)mode, (long)paddingMode, alignCorners ?? false);
    }

    /// <summary>The places that affine maps make of a grid. Mirrors <c>F.affine_grid</c>.</summary>
    /// <param name="theta">(N, 2, 3), or (N, 3, 4) for volumes; floating-point.</param>
    /// <param name="size">The size of the image: (N, C, H, W) or (N, C, D, H, W).</param>
    /// <param name="alignCorners">Whether -1 and 1 are the centres of the corner points. Default: false.</param>
    /// <returns>(N, H, W, 2) or (N, D, H, W, 3), the dtype of <paramref name="theta"/>: a grid for <see cref="GridSample"/>.</returns>
    /// <exception cref="ArgumentException">The matrices have another shape or hold integers, or a size is not positive.</exception>
    /// <exception cref="NotSupportedException">The size has neither 4 numbers nor 5.</exception>
    /// <exception cref="TorchException">There is not one matrix for each image.</exception>
    public static Tensor AffineGrid(Tensor theta, IntList size, bool? alignCorners = null)
    {
        ArgumentNullException.ThrowIfNull(theta);
        var shape = theta.Shape;
        if (!theta.DType.IsFloatingPoint())
            throw new ArgumentException($"theta must hold real floating-point numbers, not {theta.DType.Name()}.", nameof(theta));
        if (size.Length is not (4 or 5))
            throw new NotSupportedException($"A grid is for images of 4 dimensions or volumes of 5; the size has {size.Length}.");
        var n = size.Length - 2;
        if (shape.Length != 3 || shape[-2] != n || shape[-1] != n + 1)
            throw new ArgumentException($"theta holds one {n} x {n + 1} matrix for each image, the shape (N, {n}, {n + 1}); got {shape}.", nameof(theta));
        foreach (var value in size)
        {
            if (value <= 0)
                throw new ArgumentException($"All sizes must be above 0; got {ReprText.Of(size.Span)}.", nameof(size));
        }
        return Torch.AffineGridGenerator(theta, size, alignCorners ?? false);
    }

    /// <summary>Channels become pixels: (*, C r², H, W) to (*, C, H r, W r). Mirrors <c>F.pixel_shuffle</c>.</summary>
    /// <param name="input">(*, C r², H, W).</param>
    /// <param name="upscaleFactor">The factor r, 1 or more.</param>
    /// <returns>(*, C, H r, W r), the input's dtype.</returns>
    /// <exception cref="ArgumentException">The factor is not positive.</exception>
    /// <exception cref="TorchException">r² does not divide the channels, or the input has fewer than three dimensions.</exception>
    public static Tensor PixelShuffle(Tensor input, long upscaleFactor) => Torch.PixelShuffle(input, upscaleFactor);

    /// <summary>Pixels become channels: (*, C, H r, W r) to (*, C r², H, W). Mirrors <c>F.pixel_unshuffle</c>.</summary>
    /// <param name="input">(*, C, H r, W r).</param>
    /// <param name="downscaleFactor">The factor r, 1 or more.</param>
    /// <returns>(*, C r², H, W), the input's dtype.</returns>
    /// <exception cref="ArgumentException">The factor is not positive.</exception>
    /// <exception cref="TorchException">r does not divide height and width, or the input has fewer than three dimensions.</exception>
    public static Tensor PixelUnshuffle(Tensor input, long downscaleFactor) => Torch.PixelUnshuffle(input, downscaleFactor);

    /// <summary>Mixes the channels of groups. Mirrors <c>F.channel_shuffle</c>.</summary>
    /// <param name="input">(N, C, *) with three dimensions or more.</param>
    /// <param name="groups">The number of groups; it divides the channels.</param>
    /// <returns>The input's shape and dtype.</returns>
    /// <exception cref="TorchException">The groups are not positive or do not divide the channels, or the input has fewer than three dimensions.</exception>
    public static Tensor ChannelShuffle(Tensor input, long groups) => Torch.ChannelShuffle(input, groups);

    /// <summary>The same as <see cref="ChannelShuffle"/>, by the native kernel. Mirrors <c>F.native_channel_shuffle</c>.</summary>
    /// <param name="input">(N, C, *) with three dimensions or more.</param>
    /// <param name="groups">The number of groups; it divides the channels, which libtorch 2.6 does not check.</param>
    /// <returns>The input's shape and dtype.</returns>
    /// <exception cref="ArgumentException"><paramref name="groups"/> is not positive.</exception>
    /// <exception cref="TorchException">The groups do not divide the channels, or the input has fewer than three dimensions; not with libtorch 2.6.</exception>
    public static Tensor NativeChannelShuffle(Tensor input, long groups) => Torch.NativeChannelShuffle(input, groups);
}
