namespace TorchBind.NN;

/// <summary>
/// A softmax for very many classes: the frequent ones in one short list, the others in clusters with smaller layers. Shape: (N, in) or
/// (in), and (N) or (). Mirrors <c>nn.AdaptiveLogSoftmaxWithLoss</c>.
/// </summary>
public partial class AdaptiveLogSoftmaxWithLoss : Module
{
    /// <summary>Makes the module.</summary>
    /// <param name="inFeatures">The size of an input.</param>
    /// <param name="nClasses">The number of classes, the frequent ones first.</param>
    /// <param name="cutoffs">Where clusters begin, rising.</param>
    /// <param name="divValue">By how much each cluster's layer is smaller. Default: 4.</param>
    /// <param name="headBias">Whether the head has a bias. Default: false.</param>
    /// <param name="device">Where the parameters are. Default: the processor.</param>
    /// <param name="dtype">Their dtype. Default: the default dtype.</param>
    /// <exception cref="ArgumentException">The cutoffs do not rise from 1 to less than the number of classes.</exception>
    public AdaptiveLogSoftmaxWithLoss(
        long inFeatures, long nClasses, IntList cutoffs, double divValue = 4.0, bool headBias = false, Device? device = null, DType? dtype = null)
    {
        if (cutoffs.Length <= 0)
            throw new ArgumentException("There must be at least one cutoff.", nameof(cutoffs));
        var previous = 0L;
        foreach (var cutoff in cutoffs)
        {
            if (cutoff <= previous || cutoff > nClasses - 1)
                throw new ArgumentException($"Each cutoff must be greater than the one before, the first above 0, the last below the number of classes.", nameof(cutoffs));
            previous = cutoff;
        }
        InFeatures = inFeatures;
        NClasses = nClasses;
        Cutoffs = [.. cutoffs.Span, nClasses];
        DivValue = divValue;
        var clusters = Cutoffs.Count - 1;
        Head = new Linear(inFeatures, Cutoffs[0] + clusters, headBias, device, dtype);
        Tail = [];
        for (var i = 0; i < clusters; i++)
        {
            var hidden = (long)Math.Floor(inFeatures / Math.Pow(divValue, i + 1));
            Tail.Append(new Sequential(
                new Linear(inFeatures, hidden, false, device, dtype), new Linear(hidden, Cutoffs[i + 1] - Cutoffs[i], false, device, dtype)));
        }
    }

    /// <summary>The size of an input.</summary>
    public long InFeatures { get; }

    /// <summary>The number of classes.</summary>
    public long NClasses { get; }

    /// <summary>Where clusters begin, and the number of classes.</summary>
    public IReadOnlyList<long> Cutoffs { get; }

    /// <summary>By how much each cluster's layer is smaller.</summary>
    public double DivValue { get; }

    /// <summary>The layer of the frequent classes and of the clusters.</summary>
    public Linear Head { get; set; }

    /// <summary>The layers of the clusters.</summary>
    public ModuleList<Sequential> Tail { get; set; }

    private int Short => (int)Cutoffs[0];

    /// <summary>Draws all parameters anew.</summary>
    public void ResetParameters()
    {
        Head.ResetParameters();
        foreach (var cluster in Tail)
        {
            foreach (var layer in cluster)
                ((Linear)layer).ResetParameters();
        }
    }

    /// <summary>Runs the module with its hooks.</summary>
    /// <param name="input">(N, in) or (in).</param>
    /// <param name="target">(N) or (): classes, int64.</param>
    /// <returns>The logarithms of the targets' probabilities, (N) or (), and the mean loss.</returns>
    /// <exception cref="ArgumentException">Shapes do not fit, or a class is out of range.</exception>
    public (Tensor Output, Tensor Loss) Call(Tensor input, Tensor target) =>
        ((Tensor, Tensor))CallForward([input, target], x => Forward((Tensor)x[0]!, (Tensor)x[1]!))!;

    private (Tensor, Tensor) Forward(Tensor input, Tensor target)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(target);
        if (target.NDim > 1 || input.NDim != target.NDim + 1 || (target.NDim == 1 && input.Size(0) != target.Size(0)))
            throw new ArgumentException($"A target of shape (N) expects an input of shape (N, in), one of shape () an input (in); got {target.Shape} and {input.Shape}.", nameof(target));
        var batched = target.NDim > 0;
        if (!batched)
        {
            input = input.Unsqueeze(0);
            target = target.Unsqueeze(0);
        }
        var batch = target.Size(0);
        var used = 0L;
        var output = input.NewZeros(batch);
        var places = target.NewEmpty(batch);
        for (var i = 0; i < Cutoffs.Count; i++)
        {
            var low = i == 0 ? 0 : Cutoffs[i - 1];
            var mask = target.Ge(low).BitwiseAnd(target.Lt(Cutoffs[i]));
            var rows = mask.Nonzero().Squeeze();
            if (rows.Numel() == 0)
                continue;
            if (i == 0)
            {
                places.IndexCopy_(0, rows, target[mask]);
            }
            else
            {
                var relative = target[mask] - low;
                var logits = Tail[i - 1].Call(input.IndexSelect(0, rows));
                places.IndexFill_(0, rows, Short + i - 1);
                var local = Functional.LogSoftmax(logits, 1).Gather(1, relative.Unsqueeze(1));
                output.IndexCopy_(0, rows, local.Squeeze(1));
            }
            used += rows.Numel();
        }
        if (used != batch)
            throw new ArgumentException($"The classes are 0 to {NClasses - 1}; the target has some from {target.Min().Item()} to {target.Max().Item()}.", nameof(target));
        var head = Functional.LogSoftmax(Head.Call(input), 1);
        output.Add_(head.Gather(1, places.Unsqueeze(1)).Squeeze());
        var loss = (-output).Mean();
        return (batched ? output : output.Squeeze(0), loss);
    }

    private Tensor FullLogProb(Tensor input, Tensor head)
    {
        var result = input.NewEmpty((head.Size(0), NClasses));
        var logProb = Functional.LogSoftmax(head, 1);
        result[.., ..Short] = logProb[.., ..Short];
        for (var i = 0; i < Tail.Count; i++)
        {
            var cluster = Functional.LogSoftmax(Tail[i].Call(input), 1);
            result[.., (int)Cutoffs[i]..(int)Cutoffs[i + 1]] = cluster + logProb[.., Short + i].Unsqueeze(1);
        }
        return result;
    }

    /// <summary>The logarithms of all classes' probabilities, (N, classes). Mirrors <c>log_prob</c>.</summary>
    /// <param name="input">(N, in).</param>
    public Tensor LogProb(Tensor input) => FullLogProb(input, Head.Call(input));

    /// <summary>The most probable classes, (N). Mirrors <c>predict</c>.</summary>
    /// <param name="input">(N, in).</param>
    public Tensor Predict(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var head = Head.Call(input);
        var output = Torch.Argmax(head, dim: 1);
        var others = output.Ge(Short);
        if (!(bool)others.Any())
            return output;
        if ((bool)others.All())
            return Torch.Argmax(FullLogProb(input, head), dim: 1);
        output[others] = Torch.Argmax(FullLogProb(input[others], head[others]), dim: 1);
        return output;
    }
}
