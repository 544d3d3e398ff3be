namespace TorchBind.NN;

/// <summary>What dropouts have in common.</summary>
public abstract partial class DropoutNd : Module<Tensor, Tensor>
{
    private protected DropoutNd(double p, bool inplace)
    {
        if (!(p is >= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(p), p, "Dropout happens with a probability: a number from 0 to 1.");
        P = p;
        Inplace = inplace;
    }

    /// <summary>The probability.</summary>
    public double P { get; set; }

    /// <summary>Whether the input is changed and given back.</summary>
    public bool Inplace { get; set; }

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => $"p={ReprText.Of(P)}, inplace={ReprText.Of(Inplace)}";
}

/// <summary>Sets random elements to zero when training, and scales the rest by 1/(1-p). Shape: any; the output has the input's. Mirrors <c>nn.Dropout</c>.</summary>
/// <param name="p">The probability. Default: 0.5.</param>
/// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
/// <exception cref="ArgumentOutOfRangeException">The probability is not between 0 and 1.</exception>
public partial class Dropout(double p = 0.5, bool inplace = false) : DropoutNd(p, inplace)
{
    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Dropout(input, P, Training, Inplace);
}

/// <summary>Sets random channels to zero when training. Shape: (N, C, L) or (C, L); the output has the input's. Mirrors <c>nn.Dropout1d</c>.</summary>
/// <param name="p">The probability. Default: 0.5.</param>
/// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
/// <exception cref="ArgumentOutOfRangeException">The probability is not between 0 and 1.</exception>
public partial class Dropout1d(double p = 0.5, bool inplace = false) : DropoutNd(p, inplace)
{
    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Dropout1d(input, P, Training, Inplace);
}

/// <summary>Sets random channels to zero when training. Shape: (N, C, H, W) or (N, C, L); the output has the input's. Mirrors <c>nn.Dropout2d</c>.</summary>
/// <param name="p">The probability. Default: 0.5.</param>
/// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
/// <exception cref="ArgumentOutOfRangeException">The probability is not between 0 and 1.</exception>
public partial class Dropout2d(double p = 0.5, bool inplace = false) : DropoutNd(p, inplace)
{
    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Dropout2d(input, P, Training, Inplace);
}

/// <summary>Sets random channels to zero when training. Shape: (N, C, D, H, W) or (C, D, H, W); the output has the input's. Mirrors <c>nn.Dropout3d</c>.</summary>
/// <param name="p">The probability. Default: 0.5.</param>
/// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
/// <exception cref="ArgumentOutOfRangeException">The probability is not between 0 and 1.</exception>
public partial class Dropout3d(double p = 0.5, bool inplace = false) : DropoutNd(p, inplace)
{
    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.Dropout3d(input, P, Training, Inplace);
}

/// <summary>Drops random elements when training and keeps mean and variance, for nets of SELUs. Shape: any; the output has the input's. Mirrors <c>nn.AlphaDropout</c>.</summary>
/// <param name="p">The probability. Default: 0.5.</param>
/// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
/// <exception cref="ArgumentOutOfRangeException">The probability is not between 0 and 1.</exception>
public partial class AlphaDropout(double p = 0.5, bool inplace = false) : DropoutNd(p, inplace)
{
    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.AlphaDropout(input, P, Training);
}

/// <summary>Drops random channels when training and keeps mean and variance, for nets of SELUs. Shape: (N, C, *); the output has the input's. Mirrors <c>nn.FeatureAlphaDropout</c>.</summary>
/// <param name="p">The probability. Default: 0.5.</param>
/// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
/// <exception cref="ArgumentOutOfRangeException">The probability is not between 0 and 1.</exception>
public partial class FeatureAlphaDropout(double p = 0.5, bool inplace = false) : DropoutNd(p, inplace)
{
    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input) => Functional.FeatureAlphaDropout(input, P, Training);
}
