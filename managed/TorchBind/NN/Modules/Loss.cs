namespace TorchBind.NN;

/// <summary>The absolute difference. Shape: any, both the same. Mirrors <c>nn.L1Loss</c>.</summary>
public partial class L1Loss : Module<Tensor, Tensor, Tensor>
{
    /// <summary>Makes the loss.</summary>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    public L1Loss(Reduction reduction = Reduction.Mean)
    {
        Reduction = reduction;
    }

    /// <summary>What is done with the losses.</summary>
    public Reduction Reduction { get; set; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input, Tensor target) => Functional.L1Loss(input, target, Reduction);
}

/// <summary>The negative log likelihood of classes. Shape: (N, C, *) and (N, *). Mirrors <c>nn.NLLLoss</c>.</summary>
public partial class NLLLoss : Module<Tensor, Tensor, Tensor>
{
    /// <summary>Makes the loss.</summary>
    /// <param name="weight">A factor for each class. Default: none.</param>
    /// <param name="ignoreIndex">A class that does not count. Default: -100.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    public NLLLoss(Tensor? weight = null, long ignoreIndex = -100, Reduction reduction = Reduction.Mean)
    {
        Weight = weight;
        IgnoreIndex = ignoreIndex;
        Reduction = reduction;
    }

    /// <summary>A factor for each class.</summary>
    [Buffer]
    public Tensor? Weight { get; set; }

    /// <summary>A class that does not count.</summary>
    public long IgnoreIndex { get; set; }

    /// <summary>What is done with the losses.</summary>
    public Reduction Reduction { get; set; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input, Tensor target) => Functional.NllLoss(input, target, Weight, IgnoreIndex, Reduction);
}

/// <summary>The negative log likelihood of a Poisson distribution. Shape: any, both the same. Mirrors <c>nn.PoissonNLLLoss</c>.</summary>
public partial class PoissonNLLLoss : Module<Tensor, Tensor, Tensor>
{
    /// <summary>Makes the loss.</summary>
    /// <param name="logInput">Whether the input is the logarithm of the rate. Default: true.</param>
    /// <param name="full">Whether Stirling's term is added. Default: false.</param>
    /// <param name="eps">Added to the rate. Default: 1e-8.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    public PoissonNLLLoss(bool logInput = true, bool full = false, double eps = 1e-8, Reduction reduction = Reduction.Mean)
    {
        LogInput = logInput;
        Full = full;
        Eps = eps;
        Reduction = reduction;
    }

    /// <summary>Whether the input is the logarithm of the rate.</summary>
    public bool LogInput { get; set; }

    /// <summary>Whether Stirling's term is added.</summary>
    public bool Full { get; set; }

    /// <summary>Added to the rate.</summary>
    public double Eps { get; set; }

    /// <summary>What is done with the losses.</summary>
    public Reduction Reduction { get; set; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input, Tensor target) => Functional.PoissonNllLoss(input, target, LogInput, Full, Eps, Reduction);
}

/// <summary>The negative log likelihood of Gaussian distributions with given variances. Shape: any, all the same. Mirrors <c>nn.GaussianNLLLoss</c>.</summary>
public partial class GaussianNLLLoss : Module<Tensor, Tensor, Tensor, Tensor>
{
    /// <summary>Makes the loss.</summary>
    /// <param name="full">Whether the constant term is added. Default: false.</param>
    /// <param name="eps">The least variance. Default: 1e-6.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    public GaussianNLLLoss(bool full = false, double eps = 1e-6, Reduction reduction = Reduction.Mean)
    {
        Full = full;
        Eps = eps;
        Reduction = reduction;
    }

    /// <summary>Whether the constant term is added.</summary>
    public bool Full { get; set; }

    /// <summary>The least variance.</summary>
    public double Eps { get; set; }

    /// <summary>What is done with the losses.</summary>
    public Reduction Reduction { get; set; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input, Tensor target, Tensor var) => Functional.GaussianNllLoss(input, target, var, Full, Eps, Reduction);
}

/// <summary>The Kullback-Leibler divergence of logarithms of probabilities from probabilities. Shape: any, both the same. Mirrors <c>nn.KLDivLoss</c>.</summary>
public partial class KLDivLoss : Module<Tensor, Tensor, Tensor>
{
    /// <summary>Makes the loss.</summary>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <param name="logTarget">Whether the target is logarithms as well. Default: false.</param>
    public KLDivLoss(KLDivReduction reduction = KLDivReduction.Mean, bool logTarget = false)
    {
        Reduction = reduction;
        LogTarget = logTarget;
    }

    /// <summary>What is done with the losses.</summary>
    public KLDivReduction Reduction { get; set; }

    /// <summary>Whether the target is logarithms as well.</summary>
    public bool LogTarget { get; set; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input, Tensor target) => Functional.KlDiv(input, target, Reduction, LogTarget);
}

/// <summary>The squared difference. Shape: any, both the same. Mirrors <c>nn.MSELoss</c>.</summary>
public partial class MSELoss : Module<Tensor, Tensor, Tensor>
{
    /// <summary>Makes the loss.</summary>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    public MSELoss(Reduction reduction = Reduction.Mean)
    {
        Reduction = reduction;
    }

    /// <summary>What is done with the losses.</summary>
    public Reduction Reduction { get; set; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input, Tensor target) => Functional.MseLoss(input, target, Reduction);
}

/// <summary>The cross entropy of probabilities and yes or no. Shape: any, both the same. Mirrors <c>nn.BCELoss</c>.</summary>
public partial class BCELoss : Module<Tensor, Tensor, Tensor>
{
    /// <summary>Makes the loss.</summary>
    /// <param name="weight">A factor for each element, broadcast. Default: none.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    public BCELoss(Tensor? weight = null, Reduction reduction = Reduction.Mean)
    {
        Weight = weight;
        Reduction = reduction;
    }

    /// <summary>A factor for each element, broadcast.</summary>
    [Buffer]
    public Tensor? Weight { get; set; }

    /// <summary>What is done with the losses.</summary>
    public Reduction Reduction { get; set; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input, Tensor target) => Functional.BinaryCrossEntropy(input, target, Weight, Reduction);
}

/// <summary>The cross entropy of logits and yes or no. Shape: any, both the same. Mirrors <c>nn.BCEWithLogitsLoss</c>.</summary>
public partial class BCEWithLogitsLoss : Module<Tensor, Tensor, Tensor>
{
    /// <summary>Makes the loss.</summary>
    /// <param name="weight">A factor for each element, broadcast. Default: none.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <param name="posWeight">A factor for positive targets, broadcast. Default: none.</param>
    public BCEWithLogitsLoss(Tensor? weight = null, Reduction reduction = Reduction.Mean, Tensor? posWeight = null)
    {
        Weight = weight;
        Reduction = reduction;
        PosWeight = posWeight;
    }

    /// <summary>A factor for each element, broadcast.</summary>
    [Buffer]
    public Tensor? Weight { get; set; }

    /// <summary>What is done with the losses.</summary>
    public Reduction Reduction { get; set; }

    /// <summary>A factor for positive targets, broadcast.</summary>
    [Buffer]
    public Tensor? PosWeight { get; set; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input, Tensor target) => Functional.BinaryCrossEntropyWithLogits(input, target, Weight, Reduction, PosWeight);
}

/// <summary>The loss of a distance that should be small (1) or large (-1). Shape: any, both the same. Mirrors <c>nn.HingeEmbeddingLoss</c>.</summary>
public partial class HingeEmbeddingLoss : Module<Tensor, Tensor, Tensor>
{
    /// <summary>Makes the loss.</summary>
    /// <param name="margin">The margin. Default: 1.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    public HingeEmbeddingLoss(double margin = 1.0, Reduction reduction = Reduction.Mean)
    {
        Margin = margin;
        Reduction = reduction;
    }

    /// <summary>The margin.</summary>
    public double Margin { get; set; }

    /// <summary>What is done with the losses.</summary>
    public Reduction Reduction { get; set; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input, Tensor target) => Functional.HingeEmbeddingLoss(input, target, Margin, Reduction);
}

/// <summary>The hinge loss of several classes at once. Shape: (N, C) or (C), both. Mirrors <c>nn.MultiLabelMarginLoss</c>.</summary>
public partial class MultiLabelMarginLoss : Module<Tensor, Tensor, Tensor>
{
    /// <summary>Makes the loss.</summary>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    public MultiLabelMarginLoss(Reduction reduction = Reduction.Mean)
    {
        Reduction = reduction;
    }

    /// <summary>What is done with the losses.</summary>
    public Reduction Reduction { get; set; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input, Tensor target) => Functional.MultilabelMarginLoss(input, target, Reduction);
}

/// <summary>The absolute difference, squared where it is small. Shape: any, both the same. Mirrors <c>nn.SmoothL1Loss</c>.</summary>
public partial class SmoothL1Loss : Module<Tensor, Tensor, Tensor>
{
    /// <summary>Makes the loss.</summary>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <param name="beta">Where the square becomes the absolute value. Default: 1.</param>
    public SmoothL1Loss(Reduction reduction = Reduction.Mean, double beta = 1.0)
    {
        Reduction = reduction;
        Beta = beta;
    }

    /// <summary>What is done with the losses.</summary>
    public Reduction Reduction { get; set; }

    /// <summary>Where the square becomes the absolute value.</summary>
    public double Beta { get; set; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input, Tensor target) => Functional.SmoothL1Loss(input, target, Reduction, Beta);
}

/// <summary>The squared difference, linear where it is large. Shape: any, both the same. Mirrors <c>nn.HuberLoss</c>.</summary>
public partial class HuberLoss : Module<Tensor, Tensor, Tensor>
{
    /// <summary>Makes the loss.</summary>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <param name="delta">Where the square becomes the absolute value. Default: 1.</param>
    public HuberLoss(Reduction reduction = Reduction.Mean, double delta = 1.0)
    {
        Reduction = reduction;
        Delta = delta;
    }

    /// <summary>What is done with the losses.</summary>
    public Reduction Reduction { get; set; }

    /// <summary>Where the square becomes the absolute value.</summary>
    public double Delta { get; set; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input, Tensor target) => Functional.HuberLoss(input, target, Reduction, Delta);
}

/// <summary>The logistic loss of 1 and -1. Shape: any, both the same. Mirrors <c>nn.SoftMarginLoss</c>.</summary>
public partial class SoftMarginLoss : Module<Tensor, Tensor, Tensor>
{
    /// <summary>Makes the loss.</summary>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    public SoftMarginLoss(Reduction reduction = Reduction.Mean)
    {
        Reduction = reduction;
    }

    /// <summary>What is done with the losses.</summary>
    public Reduction Reduction { get; set; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input, Tensor target) => Functional.SoftMarginLoss(input, target, Reduction);
}

/// <summary>The cross entropy of logits and classes, or probabilities. Shape: (N, C, *) and (N, *), or both (N, C, *). Mirrors <c>nn.CrossEntropyLoss</c>.</summary>
public partial class CrossEntropyLoss : Module<Tensor, Tensor, Tensor>
{
    /// <summary>Makes the loss.</summary>
    /// <param name="weight">A factor for each class. Default: none.</param>
    /// <param name="ignoreIndex">A class that does not count. Default: -100.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <param name="labelSmoothing">The share of the target that is spread over all classes. Default: 0.</param>
    public CrossEntropyLoss(Tensor? weight = null, long ignoreIndex = -100, Reduction reduction = Reduction.Mean, double labelSmoothing = 0.0)
    {
        Weight = weight;
        IgnoreIndex = ignoreIndex;
        Reduction = reduction;
        LabelSmoothing = labelSmoothing;
    }

    /// <summary>A factor for each class.</summary>
    [Buffer]
    public Tensor? Weight { get; set; }

    /// <summary>A class that does not count.</summary>
    public long IgnoreIndex { get; set; }

    /// <summary>What is done with the losses.</summary>
    public Reduction Reduction { get; set; }

    /// <summary>The share of the target that is spread over all classes.</summary>
    public double LabelSmoothing { get; set; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input, Tensor target) => Functional.CrossEntropy(input, target, Weight, IgnoreIndex, Reduction, LabelSmoothing);
}

/// <summary>The cross entropy of several labels, yes or no each. Shape: (N, C), both. Mirrors <c>nn.MultiLabelSoftMarginLoss</c>.</summary>
public partial class MultiLabelSoftMarginLoss : Module<Tensor, Tensor, Tensor>
{
    /// <summary>Makes the loss.</summary>
    /// <param name="weight">A factor for each class. Default: none.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    public MultiLabelSoftMarginLoss(Tensor? weight = null, Reduction reduction = Reduction.Mean)
    {
        Weight = weight;
        Reduction = reduction;
    }

    /// <summary>A factor for each class.</summary>
    [Buffer]
    public Tensor? Weight { get; set; }

    /// <summary>What is done with the losses.</summary>
    public Reduction Reduction { get; set; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input, Tensor target) => Functional.MultilabelSoftMarginLoss(input, target, Weight, Reduction);
}

/// <summary>The loss of an angle that should be small (1) or large (-1). Shape: (N, D), (N, D) and (N). Mirrors <c>nn.CosineEmbeddingLoss</c>.</summary>
public partial class CosineEmbeddingLoss : Module<Tensor, Tensor, Tensor, Tensor>
{
    /// <summary>Makes the loss.</summary>
    /// <param name="margin">The margin. Default: 0.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    public CosineEmbeddingLoss(double margin = 0.0, Reduction reduction = Reduction.Mean)
    {
        Margin = margin;
        Reduction = reduction;
    }

    /// <summary>The margin.</summary>
    public double Margin { get; set; }

    /// <summary>What is done with the losses.</summary>
    public Reduction Reduction { get; set; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input1, Tensor input2, Tensor target) => Functional.CosineEmbeddingLoss(input1, input2, target, Margin, Reduction);
}

/// <summary>The loss of a wrong order: the first should be larger (1) or smaller (-1). Shape: (N), all. Mirrors <c>nn.MarginRankingLoss</c>.</summary>
public partial class MarginRankingLoss : Module<Tensor, Tensor, Tensor, Tensor>
{
    /// <summary>Makes the loss.</summary>
    /// <param name="margin">The margin. Default: 0.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    public MarginRankingLoss(double margin = 0.0, Reduction reduction = Reduction.Mean)
    {
        Margin = margin;
        Reduction = reduction;
    }

    /// <summary>The margin.</summary>
    public double Margin { get; set; }

    /// <summary>What is done with the losses.</summary>
    public Reduction Reduction { get; set; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input1, Tensor input2, Tensor target) => Functional.MarginRankingLoss(input1, input2, target, Margin, Reduction);
}

/// <summary>The hinge loss of one class among several. Shape: (N, C) and (N). Mirrors <c>nn.MultiMarginLoss</c>.</summary>
public partial class MultiMarginLoss : Module<Tensor, Tensor, Tensor>
{
    /// <summary>Makes the loss.</summary>
    /// <param name="p">The power, 1 or 2. Default: 1.</param>
    /// <param name="margin">The margin. Default: 1.</param>
    /// <param name="weight">A factor for each class. Default: none.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public MultiMarginLoss(long p = 1, double margin = 1.0, Tensor? weight = null, Reduction reduction = Reduction.Mean)
    {
        if (p is not (1 or 2))
            throw new ArgumentOutOfRangeException(nameof(p), p, "Only the powers 1 and 2 are supported.");
        P = p;
        Margin = margin;
        Weight = weight;
        Reduction = reduction;
    }

    /// <summary>The power, 1 or 2.</summary>
    public long P { get; set; }

    /// <summary>The margin.</summary>
    public double Margin { get; set; }

    /// <summary>A factor for each class.</summary>
    [Buffer]
    public Tensor? Weight { get; set; }

    /// <summary>What is done with the losses.</summary>
    public Reduction Reduction { get; set; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input, Tensor target) => Functional.MultiMarginLoss(input, target, P, Margin, Weight, Reduction);
}

/// <summary>The loss of a distance that should be smaller than another. Shape: (N, D) or (D), all. Mirrors <c>nn.TripletMarginLoss</c>.</summary>
public partial class TripletMarginLoss : Module<Tensor, Tensor, Tensor, Tensor>
{
    /// <summary>Makes the loss.</summary>
    /// <param name="margin">The margin, positive. Default: 1.</param>
    /// <param name="p">The power of the norm. Default: 2.</param>
    /// <param name="eps">Added to the differences. Default: 1e-6.</param>
    /// <param name="swap">Whether the distance of positive and negative counts as well. Default: false.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public TripletMarginLoss(double margin = 1.0, double p = 2.0, double eps = 1e-6, bool swap = false, Reduction reduction = Reduction.Mean)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(margin);
        Margin = margin;
        P = p;
        Eps = eps;
        Swap = swap;
        Reduction = reduction;
    }

    /// <summary>The margin, positive.</summary>
    public double Margin { get; set; }

    /// <summary>The power of the norm.</summary>
    public double P { get; set; }

    /// <summary>Added to the differences.</summary>
    public double Eps { get; set; }

    /// <summary>Whether the distance of positive and negative counts as well.</summary>
    public bool Swap { get; set; }

    /// <summary>What is done with the losses.</summary>
    public Reduction Reduction { get; set; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor anchor, Tensor positive, Tensor negative) => Functional.TripletMarginLoss(anchor, positive, negative, Margin, P, Eps, Swap, Reduction);
}

/// <summary>The loss of a distance that should be smaller than another, with any distance. Shape: (N, *), all. Mirrors <c>nn.TripletMarginWithDistanceLoss</c>.</summary>
public partial class TripletMarginWithDistanceLoss : Module<Tensor, Tensor, Tensor, Tensor>
{
    /// <summary>Makes the loss.</summary>
    /// <param name="distanceFunction">The distance. Default: the Euclidean one.</param>
    /// <param name="margin">The margin, positive. Default: 1.</param>
    /// <param name="swap">Whether the distance of positive and negative counts as well. Default: false.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public TripletMarginWithDistanceLoss(Func<Tensor, Tensor, Tensor>? distanceFunction = null, double margin = 1.0, bool swap = false, Reduction reduction = Reduction.Mean)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(margin);
        DistanceFunction = distanceFunction;
        Margin = margin;
        Swap = swap;
        Reduction = reduction;
    }

    /// <summary>The distance.</summary>
    public Func<Tensor, Tensor, Tensor>? DistanceFunction { get; set; }

    /// <summary>The margin, positive.</summary>
    public double Margin { get; set; }

    /// <summary>Whether the distance of positive and negative counts as well.</summary>
    public bool Swap { get; set; }

    /// <summary>What is done with the losses.</summary>
    public Reduction Reduction { get; set; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor anchor, Tensor positive, Tensor negative) => Functional.TripletMarginWithDistanceLoss(anchor, positive, negative, DistanceFunction, Margin, Swap, Reduction);
}

/// <summary>The same as <see cref="NLLLoss"/>. Mirrors <c>nn.NLLLoss2d</c>, which Python deprecates.</summary>
/// <param name="weight">A factor for each class. Default: none.</param>
/// <param name="ignoreIndex">A class that does not count. Default: -100.</param>
/// <param name="reduction">What is done with the losses. Default: their mean.</param>
public partial class NLLLoss2d(Tensor? weight = null, long ignoreIndex = -100, Reduction reduction = Reduction.Mean) : NLLLoss(weight, ignoreIndex, reduction);

/// <summary>The connectionist temporal classification loss. Shape: (T, N, C), (N, S), (N) and (N). Mirrors <c>nn.CTCLoss</c>.</summary>
/// <param name="blank">The class that stands for nothing. Default: 0.</param>
/// <param name="reduction">What is done with the losses. Default: their mean.</param>
/// <param name="zeroInfinity">Whether infinite losses count as zero. Default: false.</param>
public partial class CTCLoss(long blank = 0, Reduction reduction = Reduction.Mean, bool zeroInfinity = false) : Module
{
    /// <summary>The class that stands for nothing.</summary>
    public long Blank { get; set; } = blank;

    /// <summary>What is done with the losses.</summary>
    public Reduction Reduction { get; set; } = reduction;

    /// <summary>Whether infinite losses count as zero.</summary>
    public bool ZeroInfinity { get; set; } = zeroInfinity;

    /// <summary>Runs the module with its hooks.</summary>
    /// <param name="logProbs">(T, N, C) or (T, C).</param>
    /// <param name="targets">(N, S), or all of them one after the other.</param>
    /// <param name="inputLengths">(N) or ().</param>
    /// <param name="targetLengths">(N) or ().</param>
    public Tensor Call(Tensor logProbs, Tensor targets, Tensor inputLengths, Tensor targetLengths) =>
        (Tensor)CallForward([logProbs, targets, inputLengths, targetLengths], inputs => Functional.CtcLoss(
            (Tensor)inputs[0]!, (Tensor)inputs[1]!, (Tensor)inputs[2]!, (Tensor)inputs[3]!, Blank, Reduction, ZeroInfinity))!;
}

/// <summary>A linear layer and the cross entropy of its outputs. Shape: (N, in) or (in), and (N) or (). Mirrors <c>nn.LinearCrossEntropyLoss</c> (libtorch 2.14).</summary>
public partial class LinearCrossEntropyLoss : Module<Tensor, Tensor, Tensor>
{
    /// <summary>Makes the loss.</summary>
    /// <param name="inFeatures">The size of an input.</param>
    /// <param name="numClasses">The number of classes.</param>
    /// <param name="outFeatures">Further dimensions of the target. Default: none.</param>
    /// <param name="bias">Whether the layer has a bias. Default: false.</param>
    /// <param name="device">Where the parameters are. Default: the processor.</param>
    /// <param name="dtype">Their dtype. Default: the default dtype.</param>
    /// <param name="reduction">What is done with the losses. Default: their mean.</param>
    /// <param name="weight">A factor for each class. Default: none.</param>
    /// <param name="ignoreIndex">A class that does not count. Default: -100.</param>
    /// <param name="labelSmoothing">The share of the target that is spread over all classes. Default: 0.</param>
    /// <param name="options">How to compute in chunks of the batch: see <see cref="Functional.LinearCrossEntropy"/>. Default: everything at once.</param>
    /// <exception cref="ArgumentOutOfRangeException">The smoothing is not between 0 and 1.</exception>
    public LinearCrossEntropyLoss(
        long inFeatures, long numClasses, IntList outFeatures = default, bool bias = false, Device? device = null, DType? dtype = null,
        Reduction reduction = Reduction.Mean, Tensor? weight = null, long? ignoreIndex = null, double labelSmoothing = 0.0,
        LinearCrossEntropyOptions? options = null)
    {
        if (!(labelSmoothing is >= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(labelSmoothing), labelSmoothing, "The smoothing must be between 0 and 1.");
        Options = options;
        OutFeatures = outFeatures.IsGiven ? new Shape(outFeatures.Span) : [];
        InFeatures = inFeatures;
        NumClasses = numClasses;
        Weight = weight;
        Reduction = reduction;
        IgnoreIndex = ignoreIndex;
        LabelSmoothing = labelSmoothing;
        Linear = new Linear(inFeatures, numClasses * OutFeatures.Numel, bias, device, dtype);
    }

    /// <summary>The size of an input.</summary>
    public long InFeatures { get; }

    /// <summary>The number of classes.</summary>
    public long NumClasses { get; }

    /// <summary>Further dimensions of the target.</summary>
    public Shape OutFeatures { get; }

    /// <summary>A factor for each class, or null.</summary>
    [Buffer]
    public Tensor? Weight { get; set; }

    /// <summary>What is done with the losses.</summary>
    public Reduction Reduction { get; set; }

    /// <summary>A class that does not count, or null.</summary>
    public long? IgnoreIndex { get; set; }

    /// <summary>The share of the target that is spread over all classes.</summary>
    public double LabelSmoothing { get; set; }

    /// <summary>How to compute in chunks of the batch; null: everything at once.</summary>
    public LinearCrossEntropyOptions? Options { get; set; }

    /// <summary>The layer.</summary>
    public Linear Linear { get; set; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input, Tensor target)
    {
        long[] classes = [NumClasses, .. OutFeatures.ToArray()];
        return Functional.LinearCrossEntropy(input, Linear.Weight.Reshape([.. classes, InFeatures]), target, Linear.Bias?.Reshape(classes), Weight, Reduction, IgnoreIndex, LabelSmoothing, Options);
    }

    /// <inheritdoc/>
    protected internal override string ExtraRepr() =>
        $"in_features={ReprText.Of(InFeatures)}, num_classes={ReprText.Of(NumClasses)}, out_features={ReprText.Of(OutFeatures.Span)}, bias={ReprText.Of(Linear.Bias is not null)}, "
        + $"reduction={MemberName.ToKey(Reduction.ToString())}, ignore_index={ReprText.Of(IgnoreIndex)}, label_smoothing={ReprText.Of(LabelSmoothing)}, options={(Options is null ? "None" : Options)}";
}
