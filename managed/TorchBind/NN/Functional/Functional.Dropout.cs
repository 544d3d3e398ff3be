namespace TorchBind.NN;

public static partial class Functional
{
    /// <summary>Sets random elements to zero and scales the rest by 1/(1-p). Mirrors <c>F.dropout</c>.</summary>
    /// <param name="input">The input, of any shape; floating-point when training.</param>
    /// <param name="p">The probability of an element to become zero. Default: 0.5.</param>
    /// <param name="training">False: the input is given back as it is. Default: true.</param>
    /// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
    /// <returns>The input's shape and dtype; <paramref name="input"/> itself if in place.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The probability is not between 0 and 1.</exception>
    /// <exception cref="TorchException">When training: the input holds integers; or in place, and it is a leaf that requires a gradient.</exception>
    public static Tensor Dropout(Tensor input, double p = 0.5, bool training = true, bool inplace = false)
    {
        CheckProbability(p);
        return inplace ? Torch.Dropout_(input, p, training) : Torch.Dropout(input, p, training);
    }

    /// <summary>Dropout that keeps mean and variance, for nets of SELUs. Mirrors <c>F.alpha_dropout</c>.</summary>
    /// <param name="input">The input, of any shape; floating-point when training.</param>
    /// <param name="p">The probability of an element to be dropped. Default: 0.5.</param>
    /// <param name="training">False: the input is given back as it is. Default: false.</param>
    /// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
    /// <returns>The input's shape and dtype; <paramref name="input"/> itself if in place.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The probability is not between 0 and 1.</exception>
    /// <exception cref="TorchException">When training: the input holds integers; or in place, and it is a leaf that requires a gradient.</exception>
    public static Tensor AlphaDropout(Tensor input, double p = 0.5, bool training = false, bool inplace = false)
    {
        CheckProbability(p);
        return inplace ? Torch.AlphaDropout_(input, p, training) : Torch.AlphaDropout(input, p, training);
    }

    /// <summary>Alpha dropout of whole channels. Mirrors <c>F.feature_alpha_dropout</c>.</summary>
    /// <param name="input">(N, C, *); a channel is dropped as a whole.</param>
    /// <param name="p">The probability of a channel to be dropped. Default: 0.5.</param>
    /// <param name="training">False: the input is given back as it is. Default: false.</param>
    /// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
    /// <returns>The input's shape and dtype; <paramref name="input"/> itself if in place.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The probability is not between 0 and 1.</exception>
    /// <exception cref="TorchException">When training: the input has fewer than two dimensions or holds integers; or in place, and it is a leaf that requires a gradient.</exception>
    public static Tensor FeatureAlphaDropout(Tensor input, double p = 0.5, bool training = false, bool inplace = false)
    {
        CheckProbability(p);
        return inplace ? Torch.FeatureAlphaDropout_(input, p, training) : Torch.FeatureAlphaDropout(input, p, training);
    }

    /// <summary>Dropout of whole channels of (N, C, L) or (C, L). Mirrors <c>F.dropout1d</c>.</summary>
    /// <param name="input">(N, C, L) or (C, L), floating-point.</param>
    /// <param name="p">The probability of a channel to become zero. Default: 0.5.</param>
    /// <param name="training">False: the input is given back as it is. Default: true.</param>
    /// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
    /// <returns>The input's shape and dtype; <paramref name="input"/> itself if in place.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The probability is not between 0 and 1.</exception>
    /// <exception cref="ArgumentException">The input has another number of dimensions.</exception>
    /// <exception cref="TorchException">In place, and the input is a leaf that requires a gradient; or, when training, the input holds integers.</exception>
    public static Tensor Dropout1d(Tensor input, double p = 0.5, bool training = true, bool inplace = false)
    {
        CheckProbability(p);
        ArgumentNullException.ThrowIfNull(input);
        if (input.NDim is not (2 or 3))
            throw new ArgumentException($"Dropout1d takes an input (C, L), or a batch (N, C, L); this one has {input.NDim} dimensions.", nameof(input));
        return Features(input, batched: input.NDim == 3, p, training, inplace);
    }

    /// <summary>Dropout of whole channels of (N, C, H, W); three dimensions count as (N, C, L). Mirrors <c>F.dropout2d</c>.</summary>
    /// <param name="input">(N, C, H, W) or (N, C, L), floating-point. Python warns at three dimensions; other numbers from two on are taken as (N, C, *).</param>
    /// <param name="p">The probability of a channel to become zero. Default: 0.5.</param>
    /// <param name="training">False: the input is given back as it is. Default: true.</param>
    /// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
    /// <returns>The input's shape and dtype; <paramref name="input"/> itself if in place.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The probability is not between 0 and 1.</exception>
    /// <exception cref="TorchException">When training: the input has fewer than two dimensions or holds integers; or in place, and it is a leaf that requires a gradient.</exception>
    public static Tensor Dropout2d(Tensor input, double p = 0.5, bool training = true, bool inplace = false)
    {
        CheckProbability(p);
        return Features(input, batched: true, p, training, inplace);
    }

    /// <summary>Dropout of whole channels of (N, C, D, H, W) or (C, D, H, W). Mirrors <c>F.dropout3d</c>.</summary>
    /// <param name="input">(N, C, D, H, W), or (C, D, H, W) and any other number of dimensions without a batch; floating-point.</param>
    /// <param name="p">The probability of a channel to become zero. Default: 0.5.</param>
    /// <param name="training">False: the input is given back as it is. Default: true.</param>
    /// <param name="inplace">Whether the input is changed and given back. Default: false.</param>
    /// <returns>The input's shape and dtype; <paramref name="input"/> itself if in place.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The probability is not between 0 and 1.</exception>
    /// <exception cref="TorchException">When training: the input has no dimensions or holds integers; or in place, and it is a leaf that requires a gradient.</exception>
    public static Tensor Dropout3d(Tensor input, double p = 0.5, bool training = true, bool inplace = false)
    {
        CheckProbability(p);
        ArgumentNullException.ThrowIfNull(input);
        return Features(input, batched: input.NDim == 5, p, training, inplace);
    }

    private static Tensor Features(Tensor input, bool batched, double p, bool training, bool inplace)
    {
        if (!batched)
            input = inplace ? input.Unsqueeze_(0) : input.Unsqueeze(0);
        var result = inplace ? Torch.FeatureDropout_(input, p, training) : Torch.FeatureDropout(input, p, training);
        return batched ? result : inplace ? result.Squeeze_(0) : result.Squeeze(0);
    }
}
