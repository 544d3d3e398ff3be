namespace TorchBind.NN;

public static partial class Functional
{
    /// <summary>The input where it exceeds the threshold, elsewhere a value. Mirrors <c>F.threshold</c>.</summary>
    /// <param name="input">The input, of any shape.</param>
    /// <param name="threshold">The number that elements are compared with.</param>
    /// <param name="value">What takes the place of elements that do not exceed it.</param>
    /// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
    /// <returns>The input's shape and dtype; <paramref name="input"/> itself if in place.</returns>
    /// <exception cref="TorchNotImplementedException">The input is bool or complex.</exception>
    /// <exception cref="TorchException">In place, and the input is a leaf that requires a gradient.</exception>
    public static Tensor Threshold(Tensor input, Scalar threshold, Scalar value, bool inplace = false) => inplace ? Torch.Threshold_(input, threshold, value) : Torch.Threshold(input, threshold, value);

    /// <summary>The larger of the input and zero. Mirrors <c>F.relu</c>.</summary>
    /// <param name="input">The input, of any shape.</param>
    /// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
    /// <returns>The input's shape and dtype; <paramref name="input"/> itself if in place.</returns>
    /// <exception cref="TorchNotImplementedException">The input is bool or complex.</exception>
    /// <exception cref="TorchException">In place, and the input is a leaf that requires a gradient.</exception>
    public static Tensor Relu(Tensor input, bool inplace = false) => inplace ? Torch.Relu_(input) : Torch.Relu(input);

    /// <summary>The larger of the input and zero, in place. Mirrors <c>F.relu_</c>.</summary>
    /// <param name="input">The input, of any shape; it is changed.</param>
    /// <returns><paramref name="input"/>.</returns>
    /// <exception cref="TorchNotImplementedException">The input is bool or complex.</exception>
    /// <exception cref="TorchException">The input is a leaf that requires a gradient.</exception>
    public static Tensor Relu_(Tensor input) => Torch.Relu_(input);

    /// <summary>The input where it exceeds the threshold, elsewhere a value, in place. Mirrors <c>F.threshold_</c>.</summary>
    /// <param name="input">The input, of any shape; it is changed.</param>
    /// <param name="threshold">The number that elements are compared with.</param>
    /// <param name="value">What takes the place of elements that do not exceed it.</param>
    /// <returns><paramref name="input"/>.</returns>
    /// <exception cref="TorchNotImplementedException">The input is bool or complex.</exception>
    /// <exception cref="TorchException">The input is a leaf that requires a gradient.</exception>
    public static Tensor Threshold_(Tensor input, Scalar threshold, Scalar value) => Torch.Threshold_(input, threshold, value);

    /// <summary>One half of the input times the sigmoid of the other half. Mirrors <c>F.glu</c>.</summary>
    /// <param name="input">The input; the size of the dimension is even.</param>
    /// <param name="dim">The dimension that is halved. Default: the last.</param>
    /// <returns>The input's shape with half the size in <paramref name="dim"/>, its dtype.</returns>
    /// <exception cref="TorchException">The size of the dimension is odd, or the input has no dimensions.</exception>
    /// <exception cref="TorchIndexException">The input has no such dimension.</exception>
    public static Tensor Glu(Tensor input, long dim = -1) => Torch.Aten.Glu(input, dim);

    /// <summary>The input, cut off at two bounds. Mirrors <c>F.hardtanh</c>.</summary>
    /// <param name="input">The input, of any shape.</param>
    /// <param name="minVal">The lower bound. Default: -1.</param>
    /// <param name="maxVal">The upper bound. Default: 1.</param>
    /// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
    /// <returns>The input's shape and dtype; <paramref name="input"/> itself if in place.</returns>
    /// <exception cref="ArgumentException">The lower bound exceeds the upper one.</exception>
    /// <exception cref="TorchException">The input is unsigned and a bound negative; or in place, and the input is a leaf that requires a gradient.</exception>
    /// <exception cref="TorchNotImplementedException">The input is bool or complex.</exception>
    public static Tensor Hardtanh(Tensor input, double minVal = -1.0, double maxVal = 1.0, bool inplace = false)
    {
        if (minVal > maxVal)
            throw new ArgumentException($"minVal ({minVal}) cannot be greater than maxVal ({maxVal}).", nameof(minVal));
        return inplace ? Torch.Aten.Hardtanh_(input, minVal, maxVal) : Torch.Aten.Hardtanh(input, minVal, maxVal);
    }

    /// <summary>The input, cut off at two bounds, in place. Bounds that cross are not refused, as in Python: all becomes the upper one. Mirrors <c>F.hardtanh_</c>.</summary>
    /// <param name="input">The input, of any shape; it is changed.</param>
    /// <param name="minVal">The lower bound. Default: -1.</param>
    /// <param name="maxVal">The upper bound. Default: 1.</param>
    /// <returns><paramref name="input"/>.</returns>
    /// <exception cref="TorchException">The input is a leaf that requires a gradient, or is unsigned and a bound negative.</exception>
    /// <exception cref="TorchNotImplementedException">The input is bool or complex.</exception>
    public static Tensor Hardtanh_(Tensor input, double minVal = -1.0, double maxVal = 1.0) => Torch.Aten.Hardtanh_(input, minVal, maxVal);

    /// <summary>The input, cut off at 0 and 6. Mirrors <c>F.relu6</c>.</summary>
    /// <param name="input">The input, of any shape.</param>
    /// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
    /// <returns>The input's shape and dtype; <paramref name="input"/> itself if in place.</returns>
    /// <exception cref="TorchNotImplementedException">The input is bool or complex.</exception>
    /// <exception cref="TorchException">In place, and the input is a leaf that requires a gradient.</exception>
    public static Tensor Relu6(Tensor input, bool inplace = false) => inplace ? Torch.Aten.Relu6_(input) : Torch.Aten.Relu6(input);

    /// <summary>The exponential linear unit. Mirrors <c>F.elu</c>.</summary>
    /// <param name="input">The input, of any shape, floating-point.</param>
    /// <param name="alpha">The factor of the exponential part. Default: 1.</param>
    /// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
    /// <returns>The input's shape and dtype; <paramref name="input"/> itself if in place.</returns>
    /// <exception cref="TorchNotImplementedException">The input holds integers or complex numbers.</exception>
    /// <exception cref="TorchException">In place, and the input is a leaf that requires a gradient.</exception>
    public static Tensor Elu(Tensor input, double alpha = 1.0, bool inplace = false) => inplace ? Torch.Aten.Elu_(input, alpha) : Torch.Aten.Elu(input, alpha);

    /// <summary>The exponential linear unit, in place. Mirrors <c>F.elu_</c>.</summary>
    /// <param name="input">The input, of any shape, floating-point; it is changed.</param>
    /// <param name="alpha">The factor of the exponential part. Default: 1.</param>
    /// <returns><paramref name="input"/>.</returns>
    /// <exception cref="TorchNotImplementedException">The input holds integers or complex numbers.</exception>
    /// <exception cref="TorchException">The input is a leaf that requires a gradient.</exception>
    public static Tensor Elu_(Tensor input, double alpha = 1.0) => Torch.Aten.Elu_(input, alpha);

    /// <summary>The scaled exponential linear unit. Mirrors <c>F.selu</c>.</summary>
    /// <param name="input">The input, of any shape, floating-point.</param>
    /// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
    /// <returns>The input's shape and dtype; <paramref name="input"/> itself if in place.</returns>
    /// <exception cref="TorchNotImplementedException">The input holds integers or complex numbers.</exception>
    /// <exception cref="TorchException">In place, and the input is a leaf that requires a gradient.</exception>
    public static Tensor Selu(Tensor input, bool inplace = false) => inplace ? Torch.Selu_(input) : Torch.Selu(input);

    /// <summary>The scaled exponential linear unit, in place. Mirrors <c>F.selu_</c>.</summary>
    /// <param name="input">The input, of any shape, floating-point; it is changed.</param>
    /// <returns><paramref name="input"/>.</returns>
    /// <exception cref="TorchNotImplementedException">The input holds integers or complex numbers.</exception>
    /// <exception cref="TorchException">The input is a leaf that requires a gradient.</exception>
    public static Tensor Selu_(Tensor input) => Torch.Selu_(input);

    /// <summary>The continuously differentiable exponential linear unit. Mirrors <c>F.celu</c>.</summary>
    /// <param name="input">The input, of any shape, floating-point.</param>
    /// <param name="alpha">The scale, not zero. Default: 1.</param>
    /// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
    /// <returns>The input's shape and dtype; <paramref name="input"/> itself if in place.</returns>
    /// <exception cref="TorchException"><paramref name="alpha"/> is zero; or in place, and the input is a leaf that requires a gradient.</exception>
    /// <exception cref="TorchNotImplementedException">The input holds integers or complex numbers.</exception>
    public static Tensor Celu(Tensor input, double alpha = 1.0, bool inplace = false) => inplace ? Torch.Celu_(input, alpha) : Torch.Celu(input, alpha);

    /// <summary>The continuously differentiable exponential linear unit, in place. Mirrors <c>F.celu_</c>.</summary>
    /// <param name="input">The input, of any shape, floating-point; it is changed.</param>
    /// <param name="alpha">The scale, not zero. Default: 1.</param>
    /// <returns><paramref name="input"/>.</returns>
    /// <exception cref="TorchException"><paramref name="alpha"/> is zero, or the input is a leaf that requires a gradient.</exception>
    /// <exception cref="TorchNotImplementedException">The input holds integers or complex numbers.</exception>
    public static Tensor Celu_(Tensor input, double alpha = 1.0) => Torch.Celu_(input, alpha);

    /// <summary>The input where it is positive, elsewhere a fraction of it. Mirrors <c>F.leaky_relu</c>.</summary>
    /// <param name="input">The input, of any shape, floating-point.</param>
    /// <param name="negativeSlope">The fraction. Default: 0.01.</param>
    /// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
    /// <returns>The input's shape and dtype; <paramref name="input"/> itself if in place.</returns>
    /// <exception cref="TorchNotImplementedException">The input holds integers.</exception>
    /// <exception cref="TorchException">In place, and the input is a leaf that requires a gradient.</exception>
    public static Tensor LeakyRelu(Tensor input, double negativeSlope = 0.01, bool inplace = false) => inplace ? Torch.Aten.LeakyRelu_(input, negativeSlope) : Torch.Aten.LeakyRelu(input, negativeSlope);

    /// <summary>The input where it is positive, elsewhere a fraction of it, in place. Mirrors <c>F.leaky_relu_</c>.</summary>
    /// <param name="input">The input, of any shape, floating-point; it is changed.</param>
    /// <param name="negativeSlope">The fraction. Default: 0.01.</param>
    /// <returns><paramref name="input"/>.</returns>
    /// <exception cref="TorchNotImplementedException">The input holds integers.</exception>
    /// <exception cref="TorchException">The input is a leaf that requires a gradient.</exception>
    public static Tensor LeakyRelu_(Tensor input, double negativeSlope = 0.01) => Torch.Aten.LeakyRelu_(input, negativeSlope);

    /// <summary>The input where it is positive, elsewhere a learned fraction of it. Mirrors <c>F.prelu</c>.</summary>
    /// <param name="input">(N, C, *), or with fewer dimensions where there is one fraction.</param>
    /// <param name="weight">The fractions: (C), or (1) or () for all channels; the input's dtype.</param>
    /// <returns>The input's shape and dtype.</returns>
    /// <exception cref="TorchException">The number of fractions is neither 1 nor that of the channels, the weight has 2 dimensions or more, or the dtypes differ.</exception>
    public static Tensor Prelu(Tensor input, Tensor weight) => Torch.Prelu(input, weight);

    /// <summary>The input where it is positive, elsewhere a random fraction of it, or the mean fraction when not training. Mirrors <c>F.rrelu</c>.</summary>
    /// <param name="input">The input, of any shape, floating-point.</param>
    /// <param name="lower">The least fraction. Default: 1/8.</param>
    /// <param name="upper">The largest fraction. Default: 1/3.</param>
    /// <param name="training">Whether random fractions are drawn. Default: false.</param>
    /// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
    /// <returns>The input's shape and dtype; <paramref name="input"/> itself if in place.</returns>
    /// <exception cref="TorchException"><paramref name="lower"/> exceeds <paramref name="upper"/>; or in place, and the input is a leaf that requires a gradient.</exception>
    /// <exception cref="TorchNotImplementedException">The input holds integers.</exception>
    public static Tensor Rrelu(Tensor input, double lower = 1.0 / 8, double upper = 1.0 / 3, bool training = false, bool inplace = false) => inplace ? Torch.Rrelu_(input, lower, upper, training) : Torch.Rrelu(input, lower, upper, training);

    /// <summary>The input where it is positive, elsewhere a random fraction of it, in place. Mirrors <c>F.rrelu_</c>.</summary>
    /// <param name="input">The input, of any shape, floating-point; it is changed.</param>
    /// <param name="lower">The least fraction. Default: 1/8.</param>
    /// <param name="upper">The largest fraction. Default: 1/3.</param>
    /// <param name="training">Whether random fractions are drawn. Default: false.</param>
    /// <returns><paramref name="input"/>.</returns>
    /// <exception cref="TorchException"><paramref name="lower"/> exceeds <paramref name="upper"/>, or the input is a leaf that requires a gradient.</exception>
    /// <exception cref="TorchNotImplementedException">The input holds integers.</exception>
    public static Tensor Rrelu_(Tensor input, double lower = 1.0 / 8, double upper = 1.0 / 3, bool training = false) => Torch.Rrelu_(input, lower, upper, training);

    /// <summary>The logarithm of the sigmoid. Mirrors <c>F.logsigmoid</c>.</summary>
    /// <param name="input">The input, of any shape, floating-point.</param>
    /// <returns>The input's shape and dtype.</returns>
    /// <exception cref="TorchNotImplementedException">The input holds integers.</exception>
    public static Tensor Logsigmoid(Tensor input) => Torch.Aten.LogSigmoid(input);

    /// <summary>The Gaussian error linear unit. Mirrors <c>F.gelu</c>.</summary>
    /// <param name="input">The input, of any shape, floating-point.</param>
    /// <param name="approximate">How it is computed. Default: by the error function.</param>
    /// <returns>The input's shape and dtype.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such approximation.</exception>
    /// <exception cref="TorchNotImplementedException">The input holds integers.</exception>
    public static Tensor Gelu(Tensor input, GELUApproximation approximate = GELUApproximation.None) => Torch.Aten.Gelu(input, approximate switch
    {
        GELUApproximation.None => "none",
        GELUApproximation.Tanh => "tanh",
        _ => throw new ArgumentOutOfRangeException(nameof(approximate), approximate, "The approximation is None or Tanh."),
    });

    /// <summary>The input where its absolute value exceeds a bound, elsewhere zero. Mirrors <c>F.hardshrink</c>.</summary>
    /// <param name="input">The input, of any shape, floating-point.</param>
    /// <param name="lambd">The bound. Default: 0.5.</param>
    /// <returns>The input's shape and dtype.</returns>
    /// <exception cref="TorchNotImplementedException">The input holds integers.</exception>
    public static Tensor Hardshrink(Tensor input, double lambd = 0.5) => Torch.Hardshrink(input, lambd);

    /// <summary>The input moved towards zero by a bound, zero between. Mirrors <c>F.softshrink</c>.</summary>
    /// <param name="input">The input, of any shape, floating-point.</param>
    /// <param name="lambd">The bound, not negative. Default: 0.5.</param>
    /// <returns>The input's shape and dtype.</returns>
    /// <exception cref="TorchException">The bound is negative.</exception>
    /// <exception cref="TorchNotImplementedException">The input holds integers.</exception>
    public static Tensor Softshrink(Tensor input, double lambd = 0.5) => Torch.Aten.Softshrink(input, lambd);

    /// <summary>The input less its hyperbolic tangent. Mirrors <c>F.tanhshrink</c>.</summary>
    /// <param name="input">The input, of any shape.</param>
    /// <returns>The input's shape and dtype; float32 for integers.</returns>
    /// <exception cref="TorchNotImplementedException">The input is bool.</exception>
    public static Tensor Tanhshrink(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return input - input.Tanh();
    }

    /// <summary>The input over one plus its absolute value. Mirrors <c>F.softsign</c>.</summary>
    /// <param name="input">The input, of any shape.</param>
    /// <returns>The input's shape and dtype; float32 for integers.</returns>
    /// <exception cref="TorchNotImplementedException">The input is bool.</exception>
    public static Tensor Softsign(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return input / (input.Abs() + 1);
    }

    /// <summary>A smooth form of the ReLU. Mirrors <c>F.softplus</c>.</summary>
    /// <param name="input">The input, of any shape, floating-point.</param>
    /// <param name="beta">The sharpness. Default: 1.</param>
    /// <param name="threshold">Where <paramref name="beta"/> times the input exceeds it, the function is the identity. Default: 20.</param>
    /// <returns>The input's shape and dtype.</returns>
    /// <exception cref="TorchNotImplementedException">The input holds integers.</exception>
    public static Tensor Softplus(Tensor input, double beta = 1.0, double threshold = 20.0) => Torch.Aten.Softplus(input, beta, threshold);

    /// <summary>The hyperbolic tangent. Mirrors <c>F.tanh</c>.</summary>
    /// <param name="input">The input, of any shape.</param>
    /// <returns>The input's shape and dtype; float32 for integers and bool.</returns>
    /// <exception cref="ObjectDisposedException">The input is disposed; every dtype is taken.</exception>
    public static Tensor Tanh(Tensor input) => Torch.Tanh(input);

    /// <summary>The logistic function. Mirrors <c>F.sigmoid</c>.</summary>
    /// <param name="input">The input, of any shape.</param>
    /// <returns>The input's shape and dtype; float32 for integers and bool.</returns>
    /// <exception cref="ObjectDisposedException">The input is disposed; every dtype is taken.</exception>
    public static Tensor Sigmoid(Tensor input) => Torch.Sigmoid(input);

    /// <summary>The logistic function, in three straight pieces. Mirrors <c>F.hardsigmoid</c>.</summary>
    /// <param name="input">The input, of any shape, floating-point.</param>
    /// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
    /// <returns>The input's shape and dtype; <paramref name="input"/> itself if in place.</returns>
    /// <exception cref="TorchNotImplementedException">The input holds integers.</exception>
    /// <exception cref="TorchException">In place, and the input is a leaf that requires a gradient.</exception>
    public static Tensor Hardsigmoid(Tensor input, bool inplace = false) => inplace ? Torch.Aten.Hardsigmoid_(input) : Torch.Aten.Hardsigmoid(input);

    /// <summary>The input times its sigmoid. Mirrors <c>F.silu</c>.</summary>
    /// <param name="input">The input, of any shape, floating-point.</param>
    /// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
    /// <returns>The input's shape and dtype; <paramref name="input"/> itself if in place.</returns>
    /// <exception cref="TorchNotImplementedException">The input holds integers.</exception>
    /// <exception cref="TorchException">In place, and the input is a leaf that requires a gradient.</exception>
    public static Tensor Silu(Tensor input, bool inplace = false) => inplace ? Torch.Aten.Silu_(input) : Torch.Aten.Silu(input);

    /// <summary>The input times the hyperbolic tangent of its softplus. Mirrors <c>F.mish</c>.</summary>
    /// <param name="input">The input, of any shape, floating-point.</param>
    /// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
    /// <returns>The input's shape and dtype; <paramref name="input"/> itself if in place.</returns>
    /// <exception cref="TorchNotImplementedException">The input holds integers.</exception>
    /// <exception cref="TorchException">In place, and the input is a leaf that requires a gradient.</exception>
    public static Tensor Mish(Tensor input, bool inplace = false) => inplace ? Torch.Aten.Mish_(input) : Torch.Aten.Mish(input);

    /// <summary>The input times its hard sigmoid. Mirrors <c>F.hardswish</c>.</summary>
    /// <param name="input">The input, of any shape, floating-point.</param>
    /// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
    /// <returns>The input's shape and dtype; <paramref name="input"/> itself if in place.</returns>
    /// <exception cref="TorchNotImplementedException">The input holds integers.</exception>
    /// <exception cref="TorchException">In place, and the input is a leaf that requires a gradient.</exception>
    public static Tensor Hardswish(Tensor input, bool inplace = false) => inplace ? Torch.Aten.Hardswish_(input) : Torch.Aten.Hardswish(input);

    /// <summary>The exponentials of the input, divided by their sum along a dimension. Mirrors <c>F.softmax</c>.</summary>
    /// <param name="input">The input, of any shape, floating-point unless <paramref name="dtype"/> is.</param>
    /// <param name="dim">The dimension. Default (deprecated in Python): 0 for inputs of 0, 1 and 3 dimensions, otherwise 1.</param>
    /// <param name="dtype">A dtype to which the input is cast before. Default: the input's.</param>
    /// <returns>The input's shape; the dtype asked for, or the input's. It sums to 1 along the dimension.</returns>
    /// <exception cref="TorchIndexException">The input has no such dimension.</exception>
    /// <exception cref="TorchNotImplementedException">The input holds integers, and no dtype is given.</exception>
    public static Tensor Softmax(Tensor input, long? dim = null, DType? dtype = null) => Torch.Softmax(input, dim ?? SoftmaxDim(input), dtype);

    /// <summary>The softmax of the negative input. Mirrors <c>F.softmin</c>.</summary>
    /// <param name="input">The input, of any shape, floating-point unless <paramref name="dtype"/> is.</param>
    /// <param name="dim">The dimension. Default (deprecated in Python): 0 for inputs of 0, 1 and 3 dimensions, otherwise 1.</param>
    /// <param name="dtype">A dtype to which the input is cast before. Default: the input's.</param>
    /// <returns>The input's shape; the dtype asked for, or the input's. It sums to 1 along the dimension.</returns>
    /// <exception cref="TorchIndexException">The input has no such dimension.</exception>
    /// <exception cref="TorchNotImplementedException">The input is bool, or holds integers and no dtype is given.</exception>
    public static Tensor Softmin(Tensor input, long? dim = null, DType? dtype = null) => Torch.Softmax(-input, dim ?? SoftmaxDim(input), dtype);

    /// <summary>The logarithm of the softmax. Mirrors <c>F.log_softmax</c>.</summary>
    /// <param name="input">The input, of any shape, floating-point unless <paramref name="dtype"/> is.</param>
    /// <param name="dim">The dimension. Default (deprecated in Python): 0 for inputs of 0, 1 and 3 dimensions, otherwise 1.</param>
    /// <param name="dtype">A dtype to which the input is cast before. Default: the input's.</param>
    /// <returns>The input's shape; the dtype asked for, or the input's.</returns>
    /// <exception cref="TorchIndexException">The input has no such dimension.</exception>
    /// <exception cref="TorchNotImplementedException">The input holds integers, and no dtype is given.</exception>
    public static Tensor LogSoftmax(Tensor input, long? dim = null, DType? dtype = null) => Torch.LogSoftmax(input, dim ?? SoftmaxDim(input), dtype);

    /// <summary>A differentiable sample of a categorical distribution. Mirrors <c>F.gumbel_softmax</c>.</summary>
    /// <param name="logits">Unnormalised logarithms of probabilities, of any shape, floating-point.</param>
    /// <param name="tau">The temperature. Default: 1.</param>
    /// <param name="hard">Whether the sample is one-hot, with the gradient of the soft one. Default: false.</param>
    /// <param name="dim">The dimension of the categories. Default: the last.</param>
    /// <returns>The shape and dtype of the logits: positive numbers that sum to 1 along the dimension, or a single 1.</returns>
    /// <exception cref="TorchIndexException">The logits have no such dimension.</exception>
    /// <exception cref="TorchException">The logits hold integers.</exception>
    public static Tensor GumbelSoftmax(Tensor logits, double tau = 1, bool hard = false, long dim = -1)
    {
        ArgumentNullException.ThrowIfNull(logits);
        var gumbels = -Torch.EmptyLike(logits, memoryFormat: MemoryFormat.Contiguous).Exponential_().Log();
        gumbels = (logits + gumbels) / tau;
        var soft = gumbels.Softmax(dim);
        if (!hard)
            return soft;
        var (_, index) = soft.Max(dim, keepDim: true);
        var one = Torch.ZerosLike(logits, memoryFormat: MemoryFormat.Contiguous).Scatter_(dim, index, 1.0);
        return one - soft.Detach() + soft;
    }

    private static long SoftmaxDim(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return input.NDim is 0 or 1 or 3 ? 0 : 1;
    }
}
