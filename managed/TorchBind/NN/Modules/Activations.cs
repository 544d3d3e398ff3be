namespace TorchBind.NN;

/// <summary>The input where it exceeds a threshold, elsewhere a value. Shape: any; the output has the input's. Mirrors <c>nn.Threshold</c>.</summary>
/// <param name="threshold">The threshold.</param>
/// <param name="value">The value.</param>
/// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
public partial class Threshold(Scalar threshold, Scalar value, bool inplace = false) : Module<Tensor, Tensor>
{
    /// <summary>The threshold.</summary>
    public Scalar ThresholdValue { get; set; } = threshold;

    /// <summary>The value.</summary>
    public Scalar Value { get; set; } = value;

    /// <summary>Whether the input is changed and given back. Default: false.</summary>
    public bool Inplace { get; set; } = inplace;

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Inplace ? Torch.Threshold_(input, ThresholdValue, Value) : Torch.Threshold(input, ThresholdValue, Value);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"threshold={ReprText.Of(ThresholdValue)}, value={ReprText.Of(Value)}{(Inplace ? ", inplace=True" : "")}";
}

/// <summary>The larger of the input and zero. Shape: any; the output has the input's. Mirrors <c>nn.ReLU</c>.</summary>
/// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
public partial class ReLU(bool inplace = false) : Module<Tensor, Tensor>
{
    /// <summary>Whether the input is changed and given back. Default: false.</summary>
    public bool Inplace { get; set; } = inplace;

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Relu(input, Inplace);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => Inplace ? "inplace=True" : "";
}

/// <summary>The input where it is positive, elsewhere a random fraction of it; the mean fraction in evaluation. Shape: any; the output has the input's. Mirrors <c>nn.RReLU</c>.</summary>
/// <param name="lower">The least fraction. Default: 1/8.</param>
/// <param name="upper">The largest fraction. Default: 1/3.</param>
/// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
public partial class RReLU(double lower = 1.0 / 8, double upper = 1.0 / 3, bool inplace = false) : Module<Tensor, Tensor>
{
    /// <summary>The least fraction. Default: 1/8.</summary>
    public double Lower { get; set; } = lower;

    /// <summary>The largest fraction. Default: 1/3.</summary>
    public double Upper { get; set; } = upper;

    /// <summary>Whether the input is changed and given back. Default: false.</summary>
    public bool Inplace { get; set; } = inplace;

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Rrelu(input, Lower, Upper, Training, Inplace);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"lower={ReprText.Of(Lower)}, upper={ReprText.Of(Upper)}{(Inplace ? ", inplace=True" : "")}";
}

/// <summary>The input, cut off at two bounds. Shape: any; the output has the input's. Mirrors <c>nn.Hardtanh</c>.</summary>
public partial class Hardtanh : Module<Tensor, Tensor>
{
    /// <summary>Makes the module.</summary>
    /// <param name="minVal">The lower bound. Default: -1.</param>
    /// <param name="maxVal">The upper bound. Default: 1.</param>
    /// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
    /// <exception cref="ArgumentException">The lower bound is not below the upper one.</exception>
    public Hardtanh(double minVal = -1.0, double maxVal = 1.0, bool inplace = false)
    {
        if (minVal >= maxVal)
            throw new ArgumentException($"minVal ({ReprText.Of(minVal)}) must be less than maxVal ({ReprText.Of(maxVal)}).", nameof(minVal));
        (MinVal, MaxVal, Inplace) = (minVal, maxVal, inplace);
    }

    /// <summary>The lower bound.</summary>
    public double MinVal { get; set; }

    /// <summary>The upper bound.</summary>
    public double MaxVal { get; set; }

    /// <summary>Whether the input is changed and given back.</summary>
    public bool Inplace { get; set; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Hardtanh(input, MinVal, MaxVal, Inplace);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"min_val={ReprText.Of(MinVal)}, max_val={ReprText.Of(MaxVal)}{(Inplace ? ", inplace=True" : "")}";
}

/// <summary>The input, cut off at 0 and 6. Shape: any; the output has the input's. Mirrors <c>nn.ReLU6</c>.</summary>
/// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
public partial class ReLU6(bool inplace = false) : Hardtanh(0, 6, inplace)
{
    /// <inheritdoc/>
    protected internal override string ExtraRepr() => Inplace ? "inplace=True" : "";
}

/// <summary>The logistic function. Shape: any; the output has the input's. Mirrors <c>nn.Sigmoid</c>.</summary>
public partial class Sigmoid : Module<Tensor, Tensor>
{
    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Sigmoid(input);
}

/// <summary>The logistic function, in three straight pieces. Shape: any; the output has the input's. Mirrors <c>nn.Hardsigmoid</c>.</summary>
/// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
public partial class Hardsigmoid(bool inplace = false) : Module<Tensor, Tensor>
{
    /// <summary>Whether the input is changed and given back. Default: false.</summary>
    public bool Inplace { get; set; } = inplace;

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Hardsigmoid(input, Inplace);
}

/// <summary>The hyperbolic tangent. Shape: any; the output has the input's. Mirrors <c>nn.Tanh</c>.</summary>
public partial class Tanh : Module<Tensor, Tensor>
{
    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Tanh(input);
}

/// <summary>The input times its sigmoid. Shape: any; the output has the input's. Mirrors <c>nn.SiLU</c>.</summary>
/// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
public partial class SiLU(bool inplace = false) : Module<Tensor, Tensor>
{
    /// <summary>Whether the input is changed and given back. Default: false.</summary>
    public bool Inplace { get; set; } = inplace;

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Silu(input, Inplace);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => Inplace ? "inplace=True" : "";
}

/// <summary>The input times the hyperbolic tangent of its softplus. Shape: any; the output has the input's. Mirrors <c>nn.Mish</c>.</summary>
/// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
public partial class Mish(bool inplace = false) : Module<Tensor, Tensor>
{
    /// <summary>Whether the input is changed and given back. Default: false.</summary>
    public bool Inplace { get; set; } = inplace;

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Mish(input, Inplace);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => Inplace ? "inplace=True" : "";
}

/// <summary>The input times its hard sigmoid. Shape: any; the output has the input's. Mirrors <c>nn.Hardswish</c>.</summary>
/// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
public partial class Hardswish(bool inplace = false) : Module<Tensor, Tensor>
{
    /// <summary>Whether the input is changed and given back. Default: false.</summary>
    public bool Inplace { get; set; } = inplace;

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Hardswish(input, Inplace);
}

/// <summary>The exponential linear unit. Shape: any; the output has the input's. Mirrors <c>nn.ELU</c>.</summary>
/// <param name="alpha">The factor of the exponential part. Default: 1.</param>
/// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
public partial class ELU(double alpha = 1.0, bool inplace = false) : Module<Tensor, Tensor>
{
    /// <summary>The factor of the exponential part. Default: 1.</summary>
    public double Alpha { get; set; } = alpha;

    /// <summary>Whether the input is changed and given back. Default: false.</summary>
    public bool Inplace { get; set; } = inplace;

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Elu(input, Alpha, Inplace);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"alpha={ReprText.Of(Alpha)}{(Inplace ? ", inplace=True" : "")}";
}

/// <summary>The continuously differentiable exponential linear unit. Shape: any; the output has the input's. Mirrors <c>nn.CELU</c>.</summary>
/// <param name="alpha">The scale. Default: 1.</param>
/// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
public partial class CELU(double alpha = 1.0, bool inplace = false) : Module<Tensor, Tensor>
{
    /// <summary>The scale. Default: 1.</summary>
    public double Alpha { get; set; } = alpha;

    /// <summary>Whether the input is changed and given back. Default: false.</summary>
    public bool Inplace { get; set; } = inplace;

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Celu(input, Alpha, Inplace);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"alpha={ReprText.Of(Alpha)}{(Inplace ? ", inplace=True" : "")}";
}

/// <summary>The scaled exponential linear unit. Shape: any; the output has the input's. Mirrors <c>nn.SELU</c>.</summary>
/// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
public partial class SELU(bool inplace = false) : Module<Tensor, Tensor>
{
    /// <summary>Whether the input is changed and given back. Default: false.</summary>
    public bool Inplace { get; set; } = inplace;

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Selu(input, Inplace);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => Inplace ? "inplace=True" : "";
}

/// <summary>One half of the input times the sigmoid of the other half. Shape: (*, N, *) to (*, N/2, *). Mirrors <c>nn.GLU</c>.</summary>
/// <param name="dim">The dimension that is halved. Default: the last.</param>
public partial class GLU(long dim = -1) : Module<Tensor, Tensor>
{
    /// <summary>The dimension that is halved. Default: the last.</summary>
    public long Dim { get; set; } = dim;

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Glu(input, Dim);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"dim={ReprText.Of(Dim)}";
}

/// <summary>The Gaussian error linear unit. Shape: any; the output has the input's. Mirrors <c>nn.GELU</c>.</summary>
/// <param name="approximate">How it is computed. Default: by the error function.</param>
public partial class GELU(GELUApproximation approximate = GELUApproximation.None) : Module<Tensor, Tensor>
{
    /// <summary>How it is computed. Default: by the error function.</summary>
    public GELUApproximation Approximate { get; set; } = approximate;

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Gelu(input, Approximate);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"approximate={(Approximate == GELUApproximation.Tanh ? "'tanh'" : "'none'")}";
}

/// <summary>The input where it is outside of the bounds, elsewhere zero. Shape: any; the output has the input's. Mirrors <c>nn.Hardshrink</c>.</summary>
/// <param name="lambd">The bound. Default: 0.5.</param>
public partial class Hardshrink(double lambd = 0.5) : Module<Tensor, Tensor>
{
    /// <summary>The bound. Default: 0.5.</summary>
    public double Lambd { get; set; } = lambd;

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Hardshrink(input, Lambd);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => ReprText.Of(Lambd);
}

/// <summary>The input where it is positive, elsewhere a fraction of it. Shape: any; the output has the input's. Mirrors <c>nn.LeakyReLU</c>.</summary>
/// <param name="negativeSlope">The fraction. Default: 0.01.</param>
/// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
public partial class LeakyReLU(double negativeSlope = 0.01, bool inplace = false) : Module<Tensor, Tensor>
{
    /// <summary>The fraction. Default: 0.01.</summary>
    public double NegativeSlope { get; set; } = negativeSlope;

    /// <summary>Whether the input is changed and given back. Default: false.</summary>
    public bool Inplace { get; set; } = inplace;

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.LeakyRelu(input, NegativeSlope, Inplace);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"negative_slope={ReprText.Of(NegativeSlope)}{(Inplace ? ", inplace=True" : "")}";
}

/// <summary>The logarithm of the sigmoid. Shape: any; the output has the input's. Mirrors <c>nn.LogSigmoid</c>.</summary>
public partial class LogSigmoid : Module<Tensor, Tensor>
{
    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Logsigmoid(input);
}

/// <summary>A smooth form of the ReLU. Shape: any; the output has the input's. Mirrors <c>nn.Softplus</c>.</summary>
/// <param name="beta">The sharpness. Default: 1.</param>
/// <param name="threshold">Above it the function is the identity. Default: 20.</param>
public partial class Softplus(double beta = 1.0, double threshold = 20.0) : Module<Tensor, Tensor>
{
    /// <summary>The sharpness. Default: 1.</summary>
    public double Beta { get; set; } = beta;

    /// <summary>Above it the function is the identity. Default: 20.</summary>
    public double Threshold { get; set; } = threshold;

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Softplus(input, Beta, Threshold);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"beta={ReprText.Of(Beta)}, threshold={ReprText.Of(Threshold)}";
}

/// <summary>The input moved towards zero by a bound, zero between. Shape: any; the output has the input's. Mirrors <c>nn.Softshrink</c>.</summary>
/// <param name="lambd">The bound. Default: 0.5.</param>
public partial class Softshrink(double lambd = 0.5) : Module<Tensor, Tensor>
{
    /// <summary>The bound. Default: 0.5.</summary>
    public double Lambd { get; set; } = lambd;

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Softshrink(input, Lambd);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => ReprText.Of(Lambd);
}

/// <summary>The input over one plus its absolute value. Shape: any; the output has the input's. Mirrors <c>nn.Softsign</c>.</summary>
public partial class Softsign : Module<Tensor, Tensor>
{
    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Softsign(input);
}

/// <summary>The input less its hyperbolic tangent. Shape: any; the output has the input's. Mirrors <c>nn.Tanhshrink</c>.</summary>
public partial class Tanhshrink : Module<Tensor, Tensor>
{
    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Tanhshrink(input);
}

/// <summary>The softmax of the negative input. Shape: any; the output has the input's. Mirrors <c>nn.Softmin</c>.</summary>
/// <param name="dim">The dimension. Default (deprecated in Python): 0 for inputs of 0, 1 and 3 dimensions, otherwise 1.</param>
public partial class Softmin(long? dim = null) : Module<Tensor, Tensor>
{
    /// <summary>The dimension. Default (deprecated in Python): 0 for inputs of 0, 1 and 3 dimensions, otherwise 1.</summary>
    public long? Dim { get; set; } = dim;

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Softmin(input, Dim);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"dim={ReprText.Of(Dim)}";
}

/// <summary>The exponentials of the input, divided by their sum along a dimension. Shape: any; the output has the input's. Mirrors <c>nn.Softmax</c>.</summary>
/// <param name="dim">The dimension. Default (deprecated in Python): 0 for inputs of 0, 1 and 3 dimensions, otherwise 1.</param>
public partial class Softmax(long? dim = null) : Module<Tensor, Tensor>
{
    /// <summary>The dimension. Default (deprecated in Python): 0 for inputs of 0, 1 and 3 dimensions, otherwise 1.</summary>
    public long? Dim { get; set; } = dim;

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Softmax(input, Dim);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"dim={ReprText.Of(Dim)}";
}

/// <summary>The logarithm of the softmax. Shape: any; the output has the input's. Mirrors <c>nn.LogSoftmax</c>.</summary>
/// <param name="dim">The dimension. Default (deprecated in Python): 0 for inputs of 0, 1 and 3 dimensions, otherwise 1.</param>
public partial class LogSoftmax(long? dim = null) : Module<Tensor, Tensor>
{
    /// <summary>The dimension. Default (deprecated in Python): 0 for inputs of 0, 1 and 3 dimensions, otherwise 1.</summary>
    public long? Dim { get; set; } = dim;

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.LogSoftmax(input, Dim);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"dim={ReprText.Of(Dim)}";
}
/// <summary>The softmax over the channels of each place. Shape: (N, C, H, W) or (C, H, W). Mirrors <c>nn.Softmax2d</c>.</summary>
public partial class Softmax2d : Module<Tensor, Tensor>
{
    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The input has neither 3 nor 4 dimensions.</exception>
    protected override Tensor Forward(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.NDim is not (3 or 4))
            throw new ArgumentException($"Softmax2d takes images of 3 dimensions, or a batch of 4; this input has {input.NDim}.", nameof(input));
        return Functional.Softmax(input, -3);
    }
}

/// <summary>The input where it is positive, elsewhere a learned fraction of it. Shape: (N, C, *). Mirrors <c>nn.PReLU</c>.</summary>
public partial class PReLU : Module<Tensor, Tensor>
{
    /// <summary>Makes the module.</summary>
    /// <param name="numParameters">1, or the number of channels. Default: 1.</param>
    /// <param name="init">The fraction at the beginning. Default: 0.25.</param>
    /// <param name="device">Where the parameter is. Default: the processor.</param>
    /// <param name="dtype">Its dtype. Default: the default dtype.</param>
    public PReLU(long numParameters = 1, double init = 0.25, Device? device = null, DType? dtype = null)
    {
        NumParameters = numParameters;
        InitialValue = init;
        Weight = Parameter.Empty(numParameters, device, dtype);
        ResetParameters();
    }

    /// <summary>1, or the number of channels.</summary>
    public long NumParameters { get; }

    /// <summary>The fraction at the beginning.</summary>
    public double InitialValue { get; }

    /// <summary>The fractions.</summary>
    public Parameter Weight { get => Effective(field); set; }

    /// <summary>Sets the fractions to the first value.</summary>
    public void ResetParameters() => Init.Constant_(Weight, InitialValue);

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Prelu(input, Weight);

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"num_parameters={ReprText.Of(NumParameters)}";
}
