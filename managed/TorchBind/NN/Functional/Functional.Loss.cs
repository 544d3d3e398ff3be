namespace TorchBind.NN;

public static partial class Functional
{
    /// <summary>The negative log likelihood. Mirrors <c>F.nll_loss</c>.</summary>
    /// <param name="input">(N, C, *) or (C): logarithms of probabilities, floating-point.</param>
    /// <param name="target">(N, *) or (): classes, int64 (or uint8).</param>
    /// <param name="weight">(C): a factor for each class; the mean is over the factors then. Default: none.</param>
    /// <param name="ignoreIndex">A class that does not count. Default: -100.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <returns>One number, the mean or the sum; without reduction (N, *) or (). The input's dtype.</returns>
    /// <exception cref="ArgumentException">The batches of input and target differ, or the input has no dimensions.</exception>
    /// <exception cref="TorchIndexException">A class is neither below C nor the ignored one.</exception>
    /// <exception cref="TorchException">The target is not int64, or the weight has not one factor for each class.</exception>
    public static Tensor NllLoss(Tensor input, Tensor target, Tensor? weight = null, long ignoreIndex = -100, Reduction reduction = Reduction.Mean) =>
        Torch.Aten.NllLossNd(input, target, weight, Known(reduction), ignoreIndex);

    /// <summary>The cross entropy of logits and classes. Mirrors <c>F.cross_entropy</c>.</summary>
    /// <param name="input">(N, C, *) or (C): unnormalised logits, floating-point.</param>
    /// <param name="target">(N, *) or (): classes, int64; or probabilities, of the input's shape, floating-point.</param>
    /// <param name="weight">(C): a factor for each class. Default: none.</param>
    /// <param name="ignoreIndex">A class that does not count; not with probabilities. Default: -100.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <param name="labelSmoothing">The share of the target that is spread over all classes, 0 to 1. Default: 0.</param>
    /// <returns>One number, the mean or the sum; without reduction (N, *) or (). The input's dtype.</returns>
    /// <exception cref="ArgumentException">The batches of input and target differ.</exception>
    /// <exception cref="TorchIndexException">A class is neither below C nor the ignored one.</exception>
    /// <exception cref="TorchException">The smoothing is not between 0 and 1, probabilities come with a class to ignore, or they hold integers.</exception>
    public static Tensor CrossEntropy(Tensor input, Tensor target, Tensor? weight = null, long ignoreIndex = -100, Reduction reduction = Reduction.Mean, double labelSmoothing = 0.0) =>
        Torch.Aten.CrossEntropyLoss(input, target, weight, Known(reduction), ignoreIndex, labelSmoothing);

    /// <summary>The negative log likelihood of a Poisson distribution. Mirrors <c>F.poisson_nll_loss</c>.</summary>
    /// <param name="input">The rates, or their logarithms, of any shape.</param>
    /// <param name="target">The counts, broadcast with the input.</param>
    /// <param name="logInput">Whether the input is the logarithm of the rate. Default: true.</param>
    /// <param name="full">Whether Stirling's term is added. Default: false.</param>
    /// <param name="eps">Added to a rate whose logarithm is taken. Default: 1e-8.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <returns>One number, the mean or the sum; without reduction the broadcast shape.</returns>
    /// <exception cref="TorchException">The shapes do not broadcast.</exception>
    public static Tensor PoissonNllLoss(Tensor input, Tensor target, bool logInput = true, bool full = false, double eps = 1e-8, Reduction reduction = Reduction.Mean) =>
        Torch.PoissonNllLoss(input, target, logInput, full, eps, Known(reduction));

    /// <summary>The negative log likelihood of Gaussian distributions. Mirrors <c>F.gaussian_nll_loss</c>.</summary>
    /// <param name="input">The means, of any shape, floating-point.</param>
    /// <param name="target">The target, broadcast with the input.</param>
    /// <param name="var">The variances: of the input's shape, or with the last dimension 1 or left out. Those below <paramref name="eps"/> count as it, which gradients do not see.</param>
    /// <param name="full">Whether the constant term is added. Default: false.</param>
    /// <param name="eps">The least variance. Default: 1e-6.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <returns>One number, the mean or the sum; without reduction the input's shape. The input's dtype.</returns>
    /// <exception cref="ArgumentException">A variance is negative, or the shape does not fit.</exception>
    /// <exception cref="TorchException">Input and target do not broadcast, or the variances hold integers.</exception>
    public static Tensor GaussianNllLoss(Tensor input, Tensor target, Tensor var, bool full = false, double eps = 1e-6, Reduction reduction = Reduction.Mean)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(var);
        if ((bool)var.Lt(0).Any())
            throw new ArgumentException("The variances have negative entries.", nameof(var));
        var size = input.Shape;
        if (var.Shape != size)
        {
            if (size.Length > 0 && size[..^1] == var.Shape)
                var = var.Unsqueeze(-1);
            else if (!(size.Length > 0 && var.NDim == size.Length && (size[..^1] == var.Shape[..^1] && var.Size(-1) == 1 || LibtorchRelease.BroadcastsVariance && Broadcasts(var.Shape, size))))
                throw new ArgumentException($"The variances have the shape {var.Shape}, which does not fit the input's {size}.", nameof(var));
        }
        var = var.Clone();
        using (Torch.NoGrad())
            var.Clamp_(min: eps);
        var loss = 0.5 * (Torch.Log(var) + (input - target).Pow(2) / var);
        if (full)
            loss.Add_(0.5 * Math.Log(2 * Math.PI));
        return Reduce(loss, reduction);
    }

    /// <summary>The negative log likelihood of Gaussian distributions with the same variance. Mirrors <c>F.gaussian_nll_loss</c> with a number (libtorch 2.14).</summary>
    /// <param name="input">The means, of any shape, floating-point.</param>
    /// <param name="target">The target, broadcast with the input.</param>
    /// <param name="var">The variance; below <paramref name="eps"/> it counts as that.</param>
    /// <param name="full">Whether the constant term is added. Default: false.</param>
    /// <param name="eps">The least variance. Default: 1e-6.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <returns>One number, the mean or the sum; without reduction the input's shape. The input's dtype.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The variance is negative.</exception>
    /// <exception cref="TorchException">Input and target do not broadcast.</exception>
    public static Tensor GaussianNllLoss(Tensor input, Tensor target, double var, bool full = false, double eps = 1e-6, Reduction reduction = Reduction.Mean)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(var);
        return GaussianNllLoss(input, target, var * Torch.OnesLike(input), full, eps, reduction);
    }

    // One dimension of size 1 where the input has more.
    private static bool Broadcasts(Shape variance, Shape input)
    {
        var sum = 0L;
        for (var i = 0; i < input.Length; i++)
            sum += variance[i] != input[i] ? variance[i] : 0;
        return sum == 1;
    }

    /// <summary>The Kullback-Leibler divergence. Mirrors <c>F.kl_div</c>.</summary>
    /// <param name="input">Logarithms of probabilities, floating-point.</param>
    /// <param name="target">Probabilities, or their logarithms; broadcast with the input.</param>
    /// <param name="reduction">What is done with the losses; <c>BatchMean</c>, the sum over the size of the batch, is what the mathematics mean. Default: their mean.</param>
    /// <param name="logTarget">Whether the target is logarithms as well. Default: false.</param>
    /// <returns>One number; without reduction the broadcast shape.</returns>
    /// <exception cref="TorchException">The shapes do not broadcast, or the input holds integers or complex numbers.</exception>
    public static Tensor KlDiv(Tensor input, Tensor target, KLDivReduction reduction = KLDivReduction.Mean, bool logTarget = false)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (reduction is not (KLDivReduction.None or KLDivReduction.Mean or KLDivReduction.Sum or KLDivReduction.BatchMean))
            throw new ArgumentOutOfRangeException(nameof(reduction), reduction, "The reduction is None, Mean, Sum or BatchMean.");
        var reduced = Torch.KlDiv(input, target, (Reduction)(reduction == KLDivReduction.BatchMean ? KLDivReduction.Sum : reduction), logTarget: logTarget);
        return reduction == KLDivReduction.BatchMean && input.NDim != 0 ? reduced / input.Size(0) : reduced;
    }

    /// <summary>The cross entropy of probabilities and yes or no. Mirrors <c>F.binary_cross_entropy</c>.</summary>
    /// <param name="input">Probabilities, from 0 to 1, of any shape.</param>
    /// <param name="target">The target, of the input's shape and dtype.</param>
    /// <param name="weight">A factor for each element, broadcast to the target. Default: none.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <returns>One number, the mean or the sum; without reduction the input's shape. The input's dtype.</returns>
    /// <exception cref="ArgumentException">The shapes of input and target differ, or the weight does not broadcast with the target.</exception>
    /// <exception cref="TorchException">A probability is not between 0 and 1, or the dtypes differ.</exception>
    public static Tensor BinaryCrossEntropy(Tensor input, Tensor target, Tensor? weight = null, Reduction reduction = Reduction.Mean)
    {
        CheckSame(input, target);
        if (weight is not null)
            weight = weight.Expand(BroadcastShapes(target.Shape, weight.Shape));
        return Torch.Aten.BinaryCrossEntropy(input, target, weight, Known(reduction));
    }

    /// <summary>The cross entropy of logits and yes or no. Mirrors <c>F.binary_cross_entropy_with_logits</c>.</summary>
    /// <param name="input">Logits, of any shape.</param>
    /// <param name="target">The target, of the input's shape; floating-point.</param>
    /// <param name="weight">A factor for each element, broadcast. Default: none.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <param name="posWeight">A factor for positive targets, broadcast. Default: none.</param>
    /// <returns>One number, the mean or the sum; without reduction the input's shape. The input's dtype.</returns>
    /// <exception cref="ArgumentException">The shapes of input and target differ.</exception>
    /// <exception cref="TorchException">The target holds integers, or a factor does not broadcast with the input.</exception>
    public static Tensor BinaryCrossEntropyWithLogits(Tensor input, Tensor target, Tensor? weight = null, Reduction reduction = Reduction.Mean, Tensor? posWeight = null)
    {
        CheckSame(input, target);
        return Torch.BinaryCrossEntropyWithLogits(input, target, weight, posWeight, Known(reduction));
    }

    /// <summary>The absolute difference, squared where it is small. Mirrors <c>F.smooth_l1_loss</c>.</summary>
    /// <param name="input">The input, of any shape, floating-point.</param>
    /// <param name="target">The target, broadcast with the input.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <param name="beta">Where the square becomes the absolute value, not negative; 0: the absolute value everywhere. Default: 1.</param>
    /// <returns>One number, the mean or the sum; without reduction the broadcast shape. The common dtype.</returns>
    /// <exception cref="TorchException">The shapes do not broadcast, or <paramref name="beta"/> is negative.</exception>
    public static Tensor SmoothL1Loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean, double beta = 1.0)
    {
        var both = Broadcast(input, target);
        return beta == 0.0 ? Torch.Aten.L1Loss(both[0], both[1], Known(reduction)) : Torch.Aten.SmoothL1Loss(both[0], both[1], Known(reduction), beta);
    }

    /// <summary>The squared difference, linear where it is large. Mirrors <c>F.huber_loss</c>.</summary>
    /// <param name="input">The input, of any shape, floating-point.</param>
    /// <param name="target">The target, broadcast with the input.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <param name="delta">Where the square becomes the absolute value, above 0. Default: 1.</param>
    /// <param name="weight">A factor for each element, of the input's shape; the mean is over the elements all the same. Default: none.</param>
    /// <returns>One number, the mean or the sum; without reduction the broadcast shape. The common dtype.</returns>
    /// <exception cref="ArgumentException">The weight has another shape.</exception>
    /// <exception cref="TorchException">The shapes do not broadcast, or <paramref name="delta"/> is not above 0.</exception>
    public static Tensor HuberLoss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean, double delta = 1.0, Tensor? weight = null)
    {
        var both = Broadcast(input, target);
        if (weight is null)
            return Torch.Aten.HuberLoss(both[0], both[1], Known(reduction), delta);
        CheckWeight(input, weight);
        return Reduce(Torch.Aten.HuberLoss(both[0], both[1], Reduction.None, delta) * weight, reduction);
    }

    /// <summary>The absolute difference. Mirrors <c>F.l1_loss</c>.</summary>
    /// <param name="input">The input, of any shape.</param>
    /// <param name="target">The target, broadcast with the input.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <param name="weight">A factor for each element, of the input's shape; the mean is over the factors then. Default: none.</param>
    /// <returns>One number, the mean or the sum; without reduction the broadcast shape. The common dtype.</returns>
    /// <exception cref="ArgumentException">The weight has another shape.</exception>
    /// <exception cref="TorchException">The shapes do not broadcast.</exception>
    public static Tensor L1Loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean, Tensor? weight = null)
    {
        var both = Broadcast(input, target);
        if (weight is null)
            return Torch.Aten.L1Loss(both[0], both[1], Known(reduction));
        CheckWeight(input, weight);
        var weighted = Torch.Abs(both[0] - both[1]) * weight;
        return reduction == Reduction.Mean ? Torch.Sum(weighted) / Torch.Sum(weight) : Reduce(weighted, reduction);
    }

    /// <summary>The squared difference. Mirrors <c>F.mse_loss</c>.</summary>
    /// <param name="input">The input, of any shape, floating-point.</param>
    /// <param name="target">The target, broadcast with the input.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <param name="weight">A factor for each element, of the input's shape; the mean is over the factors then. Default: none.</param>
    /// <returns>One number, the mean or the sum; without reduction the broadcast shape. The common dtype.</returns>
    /// <exception cref="ArgumentException">The weight has another shape.</exception>
    /// <exception cref="TorchException">The shapes do not broadcast.</exception>
    public static Tensor MseLoss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean, Tensor? weight = null)
    {
        var both = Broadcast(input, target);
        if (weight is null)
            return Torch.Aten.MseLoss(both[0], both[1], Known(reduction));
        CheckWeight(input, weight);
        var weighted = Torch.Pow(both[0] - both[1], 2) * weight;
        return reduction == Reduction.Mean ? Torch.Sum(weighted) / Torch.Sum(weight) : Reduce(weighted, reduction);
    }

    /// <summary>The loss of a wrong order. Mirrors <c>F.margin_ranking_loss</c>.</summary>
    /// <param name="input1">The first input, (N) or ().</param>
    /// <param name="input2">The second input, like the first.</param>
    /// <param name="target">For each pair 1 where the first input should be larger, -1 where the second.</param>
    /// <param name="margin">The margin. Default: 0.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <returns>One number, the mean or the sum; without reduction the broadcast shape.</returns>
    /// <exception cref="ArgumentException">The numbers of dimensions differ.</exception>
    /// <exception cref="TorchException">The shapes do not broadcast.</exception>
    public static Tensor MarginRankingLoss(Tensor input1, Tensor input2, Tensor target, double margin = 0, Reduction reduction = Reduction.Mean)
    {
        ArgumentNullException.ThrowIfNull(input1);
        ArgumentNullException.ThrowIfNull(input2);
        ArgumentNullException.ThrowIfNull(target);
        if (input1.NDim != input2.NDim || input1.NDim != target.NDim)
            throw new ArgumentException($"All inputs should have as many dimensions, but got the sizes {input1.Shape}, {input2.Shape} and {target.Shape}.", nameof(target));
        return Torch.MarginRankingLoss(input1, input2, target, margin, Known(reduction));
    }

    /// <summary>The loss of a distance that should be small or large. Mirrors <c>F.hinge_embedding_loss</c>.</summary>
    /// <param name="input">Distances, of any shape.</param>
    /// <param name="target">1 for each distance that should be small, -1 for each that should be large; broadcast with the input.</param>
    /// <param name="margin">The margin. Default: 1.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <returns>One number, the mean or the sum; without reduction the broadcast shape.</returns>
    /// <exception cref="TorchException">The shapes do not broadcast.</exception>
    public static Tensor HingeEmbeddingLoss(Tensor input, Tensor target, double margin = 1.0, Reduction reduction = Reduction.Mean) =>
        Torch.HingeEmbeddingLoss(input, target, margin, Known(reduction));

    /// <summary>The hinge loss of several classes at once. Mirrors <c>F.multilabel_margin_loss</c>.</summary>
    /// <param name="input">(N, C) or (C), floating-point.</param>
    /// <param name="target">Classes in the front, then -1; of the input's shape, int64.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <returns>One number, the mean or the sum; without reduction (N) or (). The input's dtype.</returns>
    /// <exception cref="TorchException">The shapes differ, the input has more than two dimensions, the target is not int64, or holds a class that is not below C.</exception>
    public static Tensor MultilabelMarginLoss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) =>
        Torch.Aten.MultilabelMarginLoss(input, target, Known(reduction));

    /// <summary>The logistic loss of 1 and -1. Mirrors <c>F.soft_margin_loss</c>.</summary>
    /// <param name="input">The input, of any shape, floating-point.</param>
    /// <param name="target">1 or -1 for each element; broadcast with the input.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <returns>One number, the mean or the sum; without reduction the broadcast shape.</returns>
    /// <exception cref="TorchException">The shapes do not broadcast.</exception>
    public static Tensor SoftMarginLoss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) =>
        Torch.Aten.SoftMarginLoss(input, target, Known(reduction));

    /// <summary>The cross entropy of several labels, yes or no each. Mirrors <c>F.multilabel_soft_margin_loss</c>.</summary>
    /// <param name="input">(*, C): logits, floating-point.</param>
    /// <param name="target">0 or 1, of the input's shape.</param>
    /// <param name="weight">(C): a factor for each class. Default: none.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <returns>One number, the mean or the sum; without reduction (*).</returns>
    /// <exception cref="TorchException">The shapes do not broadcast, also not that of the weight.</exception>
    /// <exception cref="TorchIndexException">The input has no dimensions.</exception>
    public static Tensor MultilabelSoftMarginLoss(Tensor input, Tensor target, Tensor? weight = null, Reduction reduction = Reduction.Mean)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(target);
        var loss = -((target * Logsigmoid(input)) + ((1 - target) * Logsigmoid(-input)));
        if (weight is not null)
            loss = loss * weight;
        var classes = input.NDim - 1;
        return Reduce(loss.Sum(classes) / input.Size(classes), reduction);
    }

    /// <summary>The loss of an angle that should be small or large. Mirrors <c>F.cosine_embedding_loss</c>.</summary>
    /// <param name="input1">The first input, (N, D) or (D).</param>
    /// <param name="input2">The second input, broadcast with the first.</param>
    /// <param name="target">1 for each pair that should be alike, -1 for each that should not: (N) or ().</param>
    /// <param name="margin">The margin. Default: 0.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <returns>One number, the mean or the sum; without reduction (N) or ().</returns>
    /// <exception cref="TorchException">The shapes do not broadcast, or the target has more than one dimension.</exception>
    public static Tensor CosineEmbeddingLoss(Tensor input1, Tensor input2, Tensor target, double margin = 0, Reduction reduction = Reduction.Mean) =>
        Torch.CosineEmbeddingLoss(input1, input2, target, margin, Known(reduction));

    /// <summary>The hinge loss of one class among several. Mirrors <c>F.multi_margin_loss</c>.</summary>
    /// <param name="input">(N, C) or (C), floating-point.</param>
    /// <param name="target">(N) or (): classes, int64.</param>
    /// <param name="p">The power, 1 or 2. Default: 1.</param>
    /// <param name="margin">The margin. Default: 1.</param>
    /// <param name="weight">(C): a factor for each class. Default: none.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <returns>One number, the mean or the sum; without reduction (N) or (). The input's dtype.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The power is neither 1 nor 2.</exception>
    /// <exception cref="ArgumentException">The weight has not one dimension.</exception>
    /// <exception cref="TorchException">The target is not int64, has not one class for each input or one that is not below C, or the weight has not one factor for each class.</exception>
    public static Tensor MultiMarginLoss(Tensor input, Tensor target, long p = 1, double margin = 1.0, Tensor? weight = null, Reduction reduction = Reduction.Mean)
    {
        if (p is not (1 or 2))
            throw new ArgumentOutOfRangeException(nameof(p), p, "Only the powers 1 and 2 are supported.");
        if (weight is not null && weight.NDim != 1)
            throw new ArgumentException("The weight must be one-dimensional.", nameof(weight));
        return Torch.Aten.MultiMarginLoss(input, target, p, margin, weight, Known(reduction));
    }

    /// <summary>The loss of connectionist temporal classification, with the lengths in tensors. Mirrors <c>F.ctc_loss</c>.</summary>
    /// <param name="logProbs">(T, N, C) or (T, C): logarithms of probabilities, float32 or float64.</param>
    /// <param name="targets">(N, S), or all of them one after the other: classes from 0 to C - 1, which libtorch does not check.</param>
    /// <param name="inputLengths">(N) or (), integers: how much of T each input fills.</param>
    /// <param name="targetLengths">(N) or (), integers.</param>
    /// <param name="blank">The class that stands for nothing. Default: 0.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean, each divided by the length of its target.</param>
    /// <param name="zeroInfinity">Whether infinite losses count as zero. Default: false.</param>
    /// <returns>One number, the mean or the sum; without reduction (N) or (). The dtype of <paramref name="logProbs"/>.</returns>
    /// <exception cref="TorchException">There is not one length for each input, a length exceeds T or S, lengths are no integers, or <paramref name="blank"/> is not below C.</exception>
    public static Tensor CtcLoss(Tensor logProbs, Tensor targets, Tensor inputLengths, Tensor targetLengths, long blank = 0, Reduction reduction = Reduction.Mean, bool zeroInfinity = false) =>
        Torch.CtcLoss(logProbs, targets, inputLengths, targetLengths, blank, Known(reduction), zeroInfinity);

    /// <summary>The loss of connectionist temporal classification, with the lengths as numbers. Mirrors <c>F.ctc_loss</c>.</summary>
    /// <param name="logProbs">(T, N, C) or (T, C): logarithms of probabilities, float32 or float64.</param>
    /// <param name="targets">(N, S), or all of them one after the other: classes from 0 to C - 1, which libtorch does not check.</param>
    /// <param name="inputLengths">For each input, how much of T it fills.</param>
    /// <param name="targetLengths">For each target, its length.</param>
    /// <param name="blank">The class that stands for nothing. Default: 0.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean, each divided by the length of its target.</param>
    /// <param name="zeroInfinity">Whether infinite losses count as zero. Default: false.</param>
    /// <returns>One number, the mean or the sum; without reduction (N) or (). The dtype of <paramref name="logProbs"/>.</returns>
    /// <exception cref="TorchException">There is not one length for each input, a length exceeds T or S, or <paramref name="blank"/> is not below C.</exception>
    public static Tensor CtcLoss(Tensor logProbs, Tensor targets, IntList inputLengths, IntList targetLengths, long blank = 0, Reduction reduction = Reduction.Mean, bool zeroInfinity = false) =>
        Torch.CtcLoss(logProbs, targets, inputLengths, targetLengths, blank, Known(reduction), zeroInfinity);

    /// <summary>The loss of a distance that should be smaller than another. Mirrors <c>F.triplet_margin_loss</c>.</summary>
    /// <param name="anchor">(N, D) or (D).</param>
    /// <param name="positive">What should be near, with as many dimensions as the anchor.</param>
    /// <param name="negative">What should be far, with as many dimensions as the anchor.</param>
    /// <param name="margin">The margin, above 0. Default: 1.</param>
    /// <param name="p">The power of the norm. Default: 2.</param>
    /// <param name="eps">Added to the differences. Default: 1e-6.</param>
    /// <param name="swap">Whether the distance of positive and negative counts as well. Default: false.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <returns>One number, the mean or the sum; without reduction (N) or ().</returns>
    /// <exception cref="ArgumentOutOfRangeException">The margin is not above 0.</exception>
    /// <exception cref="TorchException">The numbers of dimensions differ, or the shapes do not broadcast.</exception>
    public static Tensor TripletMarginLoss(Tensor anchor, Tensor positive, Tensor negative, double margin = 1.0, double p = 2, double eps = 1e-6, bool swap = false, Reduction reduction = Reduction.Mean)
    {
        if (margin <= 0)
            throw new ArgumentOutOfRangeException(nameof(margin), margin, "The margin must be greater than 0.");
        return Torch.TripletMarginLoss(anchor, positive, negative, margin, p, eps, swap, Known(reduction));
    }

    /// <summary>The loss of a distance that should be smaller than another, with any distance. Mirrors <c>F.triplet_margin_with_distance_loss</c>.</summary>
    /// <param name="anchor">The anchor, as the distance takes it: (N, D) or (D) for the default.</param>
    /// <param name="positive">What should be near, with as many dimensions.</param>
    /// <param name="negative">What should be far, with as many dimensions.</param>
    /// <param name="distanceFunction">The distance, of two tensors. Default: <see cref="PairwiseDistance"/>.</param>
    /// <param name="margin">The margin, above 0. Default: 1.</param>
    /// <param name="swap">Whether the distance of positive and negative counts as well. Default: false.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <returns>One number, the mean or the sum; without reduction what the distance gives, (N) or ().</returns>
    /// <exception cref="ArgumentOutOfRangeException">The margin is not positive.</exception>
    /// <exception cref="ArgumentException">The numbers of dimensions differ.</exception>
    /// <exception cref="TorchException">The shapes do not fit the distance.</exception>
    public static Tensor TripletMarginWithDistanceLoss(Tensor anchor, Tensor positive, Tensor negative, Func<Tensor, Tensor, Tensor>? distanceFunction = null, double margin = 1.0, bool swap = false, Reduction reduction = Reduction.Mean)
    {
        ArgumentNullException.ThrowIfNull(anchor);
        ArgumentNullException.ThrowIfNull(positive);
        ArgumentNullException.ThrowIfNull(negative);
        if (margin <= 0)
            throw new ArgumentOutOfRangeException(nameof(margin), margin, "The margin must be greater than 0.");
        if (anchor.NDim != positive.NDim || anchor.NDim != negative.NDim)
            throw new ArgumentException($"Anchor, positive and negative are to have as many dimensions, but have {anchor.NDim}, {positive.NDim} and {negative.NDim}.", nameof(anchor));
        distanceFunction ??= static (x, y) => Torch.PairwiseDistance(x, y);
        var near = distanceFunction(anchor, positive);
        var far = distanceFunction(anchor, negative);
        if (swap)
            far = Torch.Minimum(far, distanceFunction(positive, negative));
        return Reduce(Torch.ClampMin(margin + near - far, 0), reduction);
    }

    private static Tensor[] Broadcast(Tensor input, Tensor target)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(target);
        return Torch.BroadcastTensors([input, target]);
    }

    private static void CheckSame(Tensor input, Tensor target)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(target);
        if (target.Shape != input.Shape)
            throw new ArgumentException($"Input and target are compared entry by entry and must have one shape; they have {input.Shape} and {target.Shape}.", nameof(target));
    }

    private static void CheckWeight(Tensor input, Tensor weight)
    {
        if (weight.Shape != input.Shape)
            throw new ArgumentException($"Each entry of the input has a weight, so their shapes must agree; they are {input.Shape} and {weight.Shape}.", nameof(weight));
    }

    private static long[] BroadcastShapes(Shape x, Shape y)
    {
        var size = new long[Math.Max(x.Length, y.Length)];
        for (var i = 1; i <= size.Length; i++)
        {
            var a = i <= x.Length ? x[-i] : 1;
            var b = i <= y.Length ? y[-i] : 1;
            if (a != b && a != 1 && b != 1)
                throw new ArgumentException($"The shapes {x} and {y} cannot be broadcast together.");
            size[^i] = a == 1 ? b : a;
        }
        return size;
    }
}
