namespace TorchBind.NN;

public static partial class Functional
{
    /// <summary>The negative log likelihood. Mirrors <c>F.nll_loss</c>.</summary>
    /// <param name="input">(N, C, *) or (C): logarithms of probabilities.</param>
    /// <param name="target">(N, *) or (): classes, int64.</param>
    /// <param name="weight">(C): a factor for each class. Default: none.</param>
    /// <param name="ignoreIndex">A class that does not count. Default: -100.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    public static Tensor NllLoss(Tensor input, Tensor target, Tensor? weight = null, long ignoreIndex = -100, Reduction reduction = Reduction.Mean) =>
        Torch.Aten.NllLossNd(input, target, weight, reduction, ignoreIndex);

    /// <summary>The cross entropy of logits and classes. Mirrors <c>F.cross_entropy</c>.</summary>
    /// <param name="input">(N, C, *) or (C): unnormalised logits.</param>
    /// <param name="target">(N, *) or (): classes, int64; or probabilities, of the input's shape.</param>
    /// <param name="weight">(C): a factor for each class. Default: none.</param>
    /// <param name="ignoreIndex">A class that does not count. Default: -100.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <param name="labelSmoothing">The share of the target that is spread over all classes. Default: 0.</param>
    public static Tensor CrossEntropy(Tensor input, Tensor target, Tensor? weight = null, long ignoreIndex = -100, Reduction reduction = Reduction.Mean, double labelSmoothing = 0.0) =>
        Torch.Aten.CrossEntropyLoss(input, target, weight, reduction, ignoreIndex, labelSmoothing);

    /// <summary>The negative log likelihood of a Poisson distribution. Mirrors <c>F.poisson_nll_loss</c>.</summary>
    /// <param name="input">The input.</param>
    /// <param name="target">The target, of the input's shape.</param>
    /// <param name="logInput">Whether the input is the logarithm of the rate. Default: true.</param>
    /// <param name="full">Whether Stirling's term is added. Default: false.</param>
    /// <param name="eps">Added to the rate. Default: 1e-8.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    public static Tensor PoissonNllLoss(Tensor input, Tensor target, bool logInput = true, bool full = false, double eps = 1e-8, Reduction reduction = Reduction.Mean) =>
        Torch.PoissonNllLoss(input, target, logInput, full, eps, reduction);

    /// <summary>The negative log likelihood of Gaussian distributions. Mirrors <c>F.gaussian_nll_loss</c>.</summary>
    /// <param name="input">The input.</param>
    /// <param name="target">The target, of the input's shape.</param>
    /// <param name="var">The variances: of the input's shape, or with the last dimension 1 or left out.</param>
    /// <param name="full">Whether the constant term is added. Default: false.</param>
    /// <param name="eps">The least variance. Default: 1e-6.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <exception cref="ArgumentException">A variance is negative, or the shape does not fit.</exception>
    public static Tensor GaussianNllLoss(Tensor input, Tensor target, Tensor var, bool full = false, double eps = 1e-6, Reduction reduction = Reduction.Mean)
    {
        ArgumentNullException.ThrowIfNull(input);
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

    // One dimension of size 1 where the input has more.
    private static bool Broadcasts(Shape variance, Shape input)
    {
        var sum = 0L;
        for (var i = 0; i < input.Length; i++)
            sum += variance[i] != input[i] ? variance[i] : 0;
        return sum == 1;
    }

    /// <summary>The Kullback-Leibler divergence. Mirrors <c>F.kl_div</c>.</summary>
    /// <param name="input">Logarithms of probabilities.</param>
    /// <param name="target">Probabilities, of the input's shape.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <param name="logTarget">Whether the target is logarithms as well. Default: false.</param>
    public static Tensor KlDiv(Tensor input, Tensor target, KLDivReduction reduction = KLDivReduction.Mean, bool logTarget = false)
    {
        ArgumentNullException.ThrowIfNull(input);
        var reduced = Torch.KlDiv(input, target, (Reduction)(reduction == KLDivReduction.BatchMean ? KLDivReduction.Sum : reduction), logTarget: logTarget);
        return reduction == KLDivReduction.BatchMean && input.NDim != 0 ? reduced / input.Size(0) : reduced;
    }

    /// <summary>The cross entropy of probabilities and yes or no. Mirrors <c>F.binary_cross_entropy</c>.</summary>
    /// <param name="input">Probabilities.</param>
    /// <param name="target">The target, of the input's shape.</param>
    /// <param name="weight">A factor for each element, broadcast. Default: none.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public static Tensor BinaryCrossEntropy(Tensor input, Tensor target, Tensor? weight = null, Reduction reduction = Reduction.Mean)
    {
        CheckSame(input, target);
        if (weight is not null)
            weight = weight.Expand(BroadcastShapes(target.Shape, weight.Shape));
        return Torch.Aten.BinaryCrossEntropy(input, target, weight, reduction);
    }

    /// <summary>The cross entropy of logits and yes or no. Mirrors <c>F.binary_cross_entropy_with_logits</c>.</summary>
    /// <param name="input">Logits.</param>
    /// <param name="target">The target, of the input's shape.</param>
    /// <param name="weight">A factor for each element, broadcast. Default: none.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <param name="posWeight">A factor for positive targets, broadcast. Default: none.</param>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public static Tensor BinaryCrossEntropyWithLogits(Tensor input, Tensor target, Tensor? weight = null, Reduction reduction = Reduction.Mean, Tensor? posWeight = null)
    {
        CheckSame(input, target);
        return Torch.BinaryCrossEntropyWithLogits(input, target, weight, posWeight, reduction);
    }

    /// <summary>The absolute difference, squared where it is small. Mirrors <c>F.smooth_l1_loss</c>.</summary>
    /// <param name="input">The input.</param>
    /// <param name="target">The target, broadcast with the input.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <param name="beta">Where the square becomes the absolute value. Default: 1.</param>
    public static Tensor SmoothL1Loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean, double beta = 1.0)
    {
        var both = Torch.BroadcastTensors([input, target]);
        return beta == 0.0 ? Torch.Aten.L1Loss(both[0], both[1], reduction) : Torch.Aten.SmoothL1Loss(both[0], both[1], reduction, beta);
    }

    /// <summary>The squared difference, linear where it is large. Mirrors <c>F.huber_loss</c>.</summary>
    /// <param name="input">The input.</param>
    /// <param name="target">The target, broadcast with the input.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <param name="delta">Where the square becomes the absolute value. Default: 1.</param>
    /// <param name="weight">A factor for each element. Default: none.</param>
    /// <exception cref="ArgumentException">The weight has another shape.</exception>
    public static Tensor HuberLoss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean, double delta = 1.0, Tensor? weight = null)
    {
        var both = Torch.BroadcastTensors([input, target]);
        if (weight is null)
            return Torch.Aten.HuberLoss(both[0], both[1], reduction, delta);
        CheckWeight(input, weight);
        return Reduce(Torch.Aten.HuberLoss(both[0], both[1], Reduction.None, delta) * weight, reduction);
    }

    /// <summary>The absolute difference. Mirrors <c>F.l1_loss</c>.</summary>
    /// <param name="input">The input.</param>
    /// <param name="target">The target, broadcast with the input.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <param name="weight">A factor for each element. Default: none.</param>
    /// <exception cref="ArgumentException">The weight has another shape.</exception>
    public static Tensor L1Loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean, Tensor? weight = null)
    {
        var both = Torch.BroadcastTensors([input, target]);
        if (weight is null)
            return Torch.Aten.L1Loss(both[0], both[1], reduction);
        CheckWeight(input, weight);
        var weighted = Torch.Abs(both[0] - both[1]) * weight;
        return reduction == Reduction.Mean ? Torch.Sum(weighted) / Torch.Sum(weight) : Reduce(weighted, reduction);
    }

    /// <summary>The squared difference. Mirrors <c>F.mse_loss</c>.</summary>
    /// <param name="input">The input.</param>
    /// <param name="target">The target, broadcast with the input.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <param name="weight">A factor for each element. Default: none.</param>
    /// <exception cref="ArgumentException">The weight has another shape.</exception>
    public static Tensor MseLoss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean, Tensor? weight = null)
    {
        var both = Torch.BroadcastTensors([input, target]);
        if (weight is null)
            return Torch.Aten.MseLoss(both[0], both[1], reduction);
        CheckWeight(input, weight);
        var weighted = Torch.Pow(both[0] - both[1], 2) * weight;
        return reduction == Reduction.Mean ? Torch.Sum(weighted) / Torch.Sum(weight) : Reduce(weighted, reduction);
    }

    /// <summary>The loss of a wrong order. Mirrors <c>F.margin_ranking_loss</c>.</summary>
    /// <param name="input1">The first input.</param>
    /// <param name="input2">The second input.</param>
    /// <param name="target">1 or -1 for each pair.</param>
    /// <param name="margin">The margin. Default: 0.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <exception cref="ArgumentException">The numbers of dimensions differ.</exception>
    public static Tensor MarginRankingLoss(Tensor input1, Tensor input2, Tensor target, double margin = 0, Reduction reduction = Reduction.Mean)
    {
        ArgumentNullException.ThrowIfNull(input1);
        ArgumentNullException.ThrowIfNull(input2);
        ArgumentNullException.ThrowIfNull(target);
        if (input1.NDim != input2.NDim || input1.NDim != target.NDim)
            throw new ArgumentException($"All inputs should have as many dimensions, but got the sizes {input1.Shape}, {input2.Shape} and {target.Shape}.", nameof(target));
        return Torch.MarginRankingLoss(input1, input2, target, margin, reduction);
    }

    /// <summary>The loss of a distance that should be small or large. Mirrors <c>F.hinge_embedding_loss</c>.</summary>
    /// <param name="input">The input.</param>
    /// <param name="target">1 or -1 for each element.</param>
    /// <param name="margin">The margin. Default: 1.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    public static Tensor HingeEmbeddingLoss(Tensor input, Tensor target, double margin = 1.0, Reduction reduction = Reduction.Mean) =>
        Torch.HingeEmbeddingLoss(input, target, margin, reduction);

    /// <summary>The hinge loss of several classes at once. Mirrors <c>F.multilabel_margin_loss</c>.</summary>
    /// <param name="input">(N, C) or (C).</param>
    /// <param name="target">Classes in the front, then -1, of the input's shape.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    public static Tensor MultilabelMarginLoss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) =>
        Torch.Aten.MultilabelMarginLoss(input, target, reduction);

    /// <summary>The logistic loss of 1 and -1. Mirrors <c>F.soft_margin_loss</c>.</summary>
    /// <param name="input">The input.</param>
    /// <param name="target">1 or -1 for each element.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    public static Tensor SoftMarginLoss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) =>
        Torch.Aten.SoftMarginLoss(input, target, reduction);

    /// <summary>The cross entropy of several labels, yes or no each. Mirrors <c>F.multilabel_soft_margin_loss</c>.</summary>
    /// <param name="input">(N, C) or (C): logits.</param>
    /// <param name="target">0 or 1, of the input's shape.</param>
    /// <param name="weight">A factor for each class. Default: none.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
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
    /// <param name="input1">The first input.</param>
    /// <param name="input2">The second input.</param>
    /// <param name="target">1 or -1 for each pair.</param>
    /// <param name="margin">The margin. Default: 0.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    public static Tensor CosineEmbeddingLoss(Tensor input1, Tensor input2, Tensor target, double margin = 0, Reduction reduction = Reduction.Mean) =>
        Torch.CosineEmbeddingLoss(input1, input2, target, margin, reduction);

    /// <summary>The hinge loss of one class among several. Mirrors <c>F.multi_margin_loss</c>.</summary>
    /// <param name="input">(N, C) or (C).</param>
    /// <param name="target">(N) or (): classes, int64.</param>
    /// <param name="p">The power, 1 or 2. Default: 1.</param>
    /// <param name="margin">The margin. Default: 1.</param>
    /// <param name="weight">(C): a factor for each class. Default: none.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <exception cref="ArgumentOutOfRangeException">The power is neither 1 nor 2.</exception>
    public static Tensor MultiMarginLoss(Tensor input, Tensor target, long p = 1, double margin = 1.0, Tensor? weight = null, Reduction reduction = Reduction.Mean)
    {
        if (p is not (1 or 2))
            throw new ArgumentOutOfRangeException(nameof(p), p, "Only the powers 1 and 2 are supported.");
        if (weight is not null && weight.NDim != 1)
            throw new ArgumentException("The weight must be one-dimensional.", nameof(weight));
        return Torch.Aten.MultiMarginLoss(input, target, p, margin, weight, reduction);
    }

    /// <summary>The connectionist temporal classification loss. Mirrors <c>F.ctc_loss</c>.</summary>
    /// <param name="logProbs">(T, N, C) or (T, C).</param>
    /// <param name="targets">(N, S), or all of them one after the other.</param>
    /// <param name="inputLengths">(N) or ().</param>
    /// <param name="targetLengths">(N) or ().</param>
    /// <param name="blank">The class that stands for nothing. Default: 0.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <param name="zeroInfinity">Whether infinite losses count as zero. Default: false.</param>
    public static Tensor CtcLoss(Tensor logProbs, Tensor targets, Tensor inputLengths, Tensor targetLengths, long blank = 0, Reduction reduction = Reduction.Mean, bool zeroInfinity = false) =>
        Torch.CtcLoss(logProbs, targets, inputLengths, targetLengths, blank, reduction, zeroInfinity);

    /// <summary>The loss of connectionist temporal classification, with the lengths as numbers. Mirrors <c>F.ctc_loss</c>.</summary>
    /// <param name="logProbs">(T, N, C) or (T, C): logarithms of probabilities.</param>
    /// <param name="targets">(N, S) or all of them in one row: classes.</param>
    /// <param name="inputLengths">The lengths of the inputs.</param>
    /// <param name="targetLengths">The lengths of the targets.</param>
    /// <param name="blank">The class that stands for nothing. Default: 0.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <param name="zeroInfinity">Whether infinite losses count as zero. Default: false.</param>
    public static Tensor CtcLoss(Tensor logProbs, Tensor targets, IntList inputLengths, IntList targetLengths, long blank = 0, Reduction reduction = Reduction.Mean, bool zeroInfinity = false) =>
        Torch.CtcLoss(logProbs, targets, inputLengths, targetLengths, blank, reduction, zeroInfinity);

    /// <summary>The loss of a distance that should be smaller than another. Mirrors <c>F.triplet_margin_loss</c>.</summary>
    /// <param name="anchor">(N, D) or (D).</param>
    /// <param name="positive">What should be near.</param>
    /// <param name="negative">What should be far.</param>
    /// <param name="margin">The margin. Default: 1.</param>
    /// <param name="p">The power of the norm. Default: 2.</param>
    /// <param name="eps">Added to the differences. Default: 1e-6.</param>
    /// <param name="swap">Whether the distance of positive and negative counts as well. Default: false.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <exception cref="ArgumentOutOfRangeException">The margin is not positive.</exception>
    public static Tensor TripletMarginLoss(Tensor anchor, Tensor positive, Tensor negative, double margin = 1.0, double p = 2, double eps = 1e-6, bool swap = false, Reduction reduction = Reduction.Mean)
    {
        if (margin <= 0)
            throw new ArgumentOutOfRangeException(nameof(margin), margin, "The margin must be greater than 0.");
        return Torch.TripletMarginLoss(anchor, positive, negative, margin, p, eps, swap, reduction);
    }

    /// <summary>The loss of a distance that should be smaller than another, with any distance. Mirrors <c>F.triplet_margin_with_distance_loss</c>.</summary>
    /// <param name="anchor">The anchor.</param>
    /// <param name="positive">What should be near.</param>
    /// <param name="negative">What should be far.</param>
    /// <param name="distanceFunction">The distance. Default: the Euclidean one.</param>
    /// <param name="margin">The margin. Default: 1.</param>
    /// <param name="swap">Whether the distance of positive and negative counts as well. Default: false.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <exception cref="ArgumentOutOfRangeException">The margin is not positive.</exception>
    /// <exception cref="ArgumentException">The numbers of dimensions differ.</exception>
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
