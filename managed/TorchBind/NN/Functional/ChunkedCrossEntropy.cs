using TorchBind.Autograd;

namespace TorchBind.NN;

/// <summary>
/// The loss and the gradients of a linear layer with cross entropy, a chunk of the batch at a time: what one chunk needs is used again for the next.
/// The order of the operations and their dtypes are those of <c>F.linear_cross_entropy</c> with options, so that the bits are the same.
/// </summary>
internal sealed class ChunkedCrossEntropy
{
    /// <summary>What does not depend on the tensors' values.</summary>
    internal sealed record Plan(Reduction Reduction, long IgnoreIndex, long ChunkSize, bool Compact, DType AccDType, bool AllowRetainGraph, bool Input, bool Weight, bool Bias);

    /// <summary>The loss, and the gradients that were asked for.</summary>
    internal sealed record Result(Tensor Loss, Tensor? Input, Tensor? Weight, Tensor? Bias);

    private readonly Plan _plan;
    private readonly Tensor _input, _linearWeight, _target;
    private readonly Tensor? _linearBias, _classWeight, _lossGrad;
    private readonly DType _dtype, _acc, _rowDType, _logitsDType, _gradInputDType;
    private readonly bool _probabilities, _mixed, _stageWeightGrad;
    private readonly Tensor _logits, _scratch;

    private ChunkedCrossEntropy(Plan plan, Tensor input, Tensor linearWeight, Tensor target, Tensor? linearBias, Tensor? classWeight, Tensor? lossGrad)
    {
        (_plan, _input, _linearWeight, _target, _linearBias, _classWeight, _lossGrad) = (plan, input, linearWeight, target, linearBias, classWeight, lossGrad);
        (_dtype, _acc) = (input.DType, plan.AccDType);
        _probabilities = target.DType.IsFloatingPoint();
        _mixed = _dtype != _acc;
        if (_mixed && !(_dtype is DType.Float16 or DType.BFloat16 && _acc == DType.Float32))
            throw new ArgumentException($"Sums in {_acc.Name()} do not go with inputs of {_dtype.Name()}: float32 goes with float16 and bfloat16.", "options");
        _gradInputDType = _mixed && !plan.Compact ? _acc : _dtype;
        _logitsDType = !_mixed || (_dtype == DType.Float16 && plan.Compact) ? _dtype : _acc;
        _rowDType = _mixed ? _acc : _dtype;
        _stageWeightGrad = plan.Weight && !(plan.Compact && _logitsDType == _dtype);
        _logits = Torch.Empty([plan.ChunkSize, Classes], dtype: _logitsDType, device: input.Device);
        _scratch = Torch.Empty([plan.ChunkSize], dtype: _logitsDType, device: input.Device);
    }

    private long Batches => _input.Size(0);
    private long Features => _input.Size(1);
    private long Classes => _linearWeight.Size(0);

    internal static Result Compute(Plan plan, Tensor input, Tensor linearWeight, Tensor target, Tensor? linearBias, Tensor? classWeight, Tensor? lossGrad = null)
    {
        var self = new ChunkedCrossEntropy(plan, input, linearWeight, target, linearBias, classWeight, lossGrad);
        return plan.Reduction == Reduction.None && lossGrad is null ? new Result(self.Losses(), null, null, null) : self.Run();
    }

    // ---- a chunk

    private IEnumerable<(long Start, long Size)> Chunks()
    {
        for (long start = 0; start < Batches; start += _plan.ChunkSize)
            yield return (start, Math.Min(_plan.ChunkSize, Batches - start));
    }

    /// <summary>The layer's outputs for a chunk, with the largest of each row taken off.</summary>
    private Tensor Shifted(Tensor input, Tensor linearWeight, Tensor? bias)
    {
        var logits = _logits.Narrow(0, 0, input.Size(0));
        Torch.Mm(input, linearWeight.T, @out: logits);
        if (bias is not null)
            logits.Add_(bias);
        var most = _scratch.Narrow(0, 0, input.Size(0)).Unsqueeze(1);
        Torch.Amax(logits, dim: 1, keepDim: true, @out: most);
        return logits.Sub_(most);
    }

    // A sum over many classes does not fit into float16.
    private Tensor SumOfExponentials(Tensor logits) => logits.Exp_().Sum(1, dtype: _dtype == DType.Float16 ? DType.Float32 : _acc);

    private Tensor Quotient(Tensor numerator, Tensor denominator) =>
        Torch.Div(numerator, denominator, @out: _scratch.Narrow(0, 0, numerator.Size(0)));

    private static Tensor As(Tensor tensor, DType dtype) => tensor.DType == dtype ? tensor : tensor.To(dtype);

    // ---- rows of class indices

    private (Tensor Target, Tensor Mask) Rows()
    {
        var mask = _target.Eq(_plan.IgnoreIndex);
        // What is ignored is no class: it must not be looked up.
        return (_plan.IgnoreIndex < 0 || _plan.IgnoreIndex >= Classes ? Torch.Where(mask, 0, _target) : _target, mask);
    }

    /// <summary>The factor of each row: its class's weight, negative and divided as the reduction has it; as it is for the losses themselves.</summary>
    private Tensor Factors(Tensor target, Tensor mask)
    {
        var factors = _classWeight switch
        {
            null => mask.LogicalNot().To(_rowDType),
            { } weight when target.Numel() > weight.Numel() => Torch.Where(mask, 0, weight.To(_rowDType).IndexSelect(0, target)),
            { } weight => Torch.Where(mask, 0, weight.IndexSelect(0, target).To(_rowDType)),
        };
        switch (_plan.Reduction)
        {
            case Reduction.Mean:
                var sum = factors.Sum();
                factors.Div_(Torch.Where(sum.Eq(0), double.NaN, -sum));
                break;
            case Reduction.Sum:
                factors.Neg_();
                break;
            default:
                if (_lossGrad is not null)
                    factors.Neg_().Mul_(_lossGrad.To(factors.DType));
                break;
        }
        return factors;
    }

    private Tensor Losses()
    {
        var losses = Torch.Empty([Batches], dtype: _dtype, device: _input.Device);
        var (target, mask) = Rows();
        var factors = Factors(target, mask);
        var (weight, bias) = (As(_linearWeight, _logitsDType), _linearBias is null ? null : As(_linearBias, _logitsDType));
        foreach (var (start, size) in Chunks())
        {
            using var scope = new TensorScope();
            var logits = Shifted(As(_input.Narrow(0, start, size), _logitsDType), weight, bias);
            var own = logits.Gather(1, target.Narrow(0, start, size).Unsqueeze(1)).Squeeze(1);
            var sum = SumOfExponentials(logits);
            sum.Log_().Sub_(own.To(sum.DType)).Mul_(factors.Narrow(0, start, size).To(sum.DType));
            losses.Narrow(0, start, size).Copy_(sum);
        }
        return losses;
    }

    // ---- loss and gradients

    private Result Run()
    {
        var device = _input.Device;
        var loss = Torch.Zeros([], dtype: _mixed && _dtype == DType.Float16 ? _acc : _dtype, device: device);
        var gradInput = _plan.Input ? Torch.Empty(_input.Shape, dtype: _gradInputDType, device: device) : null;
        var gradWeight = _plan.Weight ? Torch.Zeros(_linearWeight.Shape, dtype: _dtype, device: device) : null;
        var gradBias = _plan.Bias ? Torch.Zeros([Classes], dtype: _dtype, device: device) : null;
        var staged = _stageWeightGrad ? Torch.Empty([Classes, Features], dtype: _acc, device: device) : null;
        var (weight, bias) = (As(_linearWeight, _logitsDType), _linearBias is null ? null : As(_linearBias, _logitsDType));
        if (_plan.Reduction == Reduction.Mean && Batches == 0)
            loss.Fill_(double.NaN);
        Tensor? factors = null, target = _target;
        if (!_probabilities)
        {
            (target, var mask) = Rows();
            factors = Factors(target, mask);
        }
        foreach (var (start, size) in Chunks())
        {
            using var scope = new TensorScope();
            var input = _input.Narrow(0, start, size);
            // Both products of a mixed computation want the wider numbers, which the row factors then overwrite.
            var wide = As(input, _acc);
            var logits = Shifted(_logitsDType == _dtype ? input : wide, weight, bias);
            var part = new Part(input, wide, logits, target!.Narrow(0, start, size), gradInput?.Narrow(0, start, size), gradWeight,
                gradBias is null ? null : _mixed ? Torch.Zeros([Classes], dtype: _acc, device: device) : gradBias, staged, weight);
            if (factors is null)
                OfProbabilities(part, loss);
            else
                OfClasses(part, loss, factors.Narrow(0, start, size));
            if (_mixed)
                gradBias?.Add_(part.GradBias!.To(_dtype));
        }
        return new Result(As(loss, _dtype), gradInput is null ? null : As(gradInput, _dtype), gradWeight, gradBias);
    }

    private sealed record Part(
        Tensor Input, Tensor Wide, Tensor Logits, Tensor Target, Tensor? GradInput, Tensor? GradWeight, Tensor? GradBias, Tensor? Staged, Tensor Weight);

    private bool WantsGradients => _plan.Input || _plan.Weight || _plan.Bias;

    private void OfClasses(Part part, Tensor loss, Tensor factors)
    {
        var logits = part.Logits;
        loss.Add_(factors.Dot(logits.Gather(1, part.Target.Unsqueeze(1)).Squeeze(1).To(factors.DType)));
        var sum = SumOfExponentials(logits);
        if (WantsGradients)
            Torch.Mul(logits, Quotient(factors, sum).Unsqueeze(1), @out: logits);
        loss.Sub_(factors.To(sum.DType).Dot(sum.Log_()));
        if (part.GradBias is { } gradBias)
        {
            gradBias.Sub_(logits.Sum(0, dtype: _rowDType));
            gradBias.IndexAdd_(0, part.Target, factors);
        }
        if (part.GradInput is { } gradInput)
        {
            InLogitsDType(gradInput, result =>
            {
                Torch.Mul(part.Weight.IndexSelect(0, part.Target), factors.To(result.DType).Unsqueeze(1), @out: result);
                Torch.Addmm(result, logits, part.Weight, alpha: -1, @out: result);
            });
        }
        if (part.GradWeight is not { } gradWeight)
            return;
        if (part.Staged is { } staged)
        {
            Torch.Mm(As(logits, _acc).T, part.Wide, @out: staged);
            staged.IndexAdd_(0, part.Target, Weighted(part, factors), alpha: -1);
            gradWeight.Sub_(staged);
        }
        else
        {
            gradWeight.Addmm_(logits.T, part.Input, alpha: -1);
            gradWeight.IndexAdd_(0, part.Target, As(Weighted(part, factors), _dtype));
        }
    }

    // The rows times their factors, where there is memory that nobody needs any more.
    private Tensor Weighted(Part part, Tensor factors)
    {
        if (_mixed)
            return part.Wide.Mul_(factors.Unsqueeze(1));
        return Classes >= Features
            ? Torch.Mul(part.Wide, factors.Unsqueeze(1), @out: part.Logits.Narrow(1, 0, Features))
            : part.Wide * factors.Unsqueeze(1);
    }

    private void OfProbabilities(Part part, Tensor loss)
    {
        var logits = part.Logits;
        var scale = _plan.Reduction == Reduction.Mean ? 1.0 / Batches : 1.0;
        var weighted = _classWeight is { } weight ? part.Target.To(_logitsDType) * As(weight, _logitsDType).Unsqueeze(0) : As(part.Target, _logitsDType);
        // float16 holds no sum of this many.
        var own = _logitsDType == DType.Float16
            ? Torch.Einsum("bv,bv->b", weighted, logits).Sum(dtype: DType.Float32)
            : weighted.Reshape(-1).Dot(logits.Reshape(-1));
        loss.Sub_(own, alpha: scale);
        var factors = weighted.Sum(1, dtype: _rowDType).Mul_(scale);
        var sum = SumOfExponentials(logits);
        if (WantsGradients)
            Torch.Mul(logits, Quotient(factors, sum).Unsqueeze(1), @out: logits);
        loss.Add_(factors.To(sum.DType).Dot(sum.Log_()));
        if (!WantsGradients)
            return;
        logits.Sub_(weighted, alpha: scale);
        part.GradBias?.Add_(logits.Sum(0, dtype: _rowDType));
        if (part.GradInput is { } gradInput)
            InLogitsDType(gradInput, result => Torch.Mm(logits, part.Weight, @out: result));
        if (part.GradWeight is not { } gradWeight)
            return;
        if (part.Staged is { } staged)
        {
            Torch.Mm(As(logits, _acc).T, part.Wide, @out: staged);
            gradWeight.Add_(staged);
        }
        else
        {
            gradWeight.Addmm_(logits.T, part.Input);
        }
    }

    private void InLogitsDType(Tensor result, Action<Tensor> compute)
    {
        if (result.DType == _logitsDType)
        {
            compute(result);
            return;
        }
        var wide = Torch.Empty(result.Shape, dtype: _logitsDType, device: result.Device);
        compute(wide);
        result.Copy_(wide);
    }
}

/// <summary>One loss for the batch: the forward has computed the gradients, the pass multiplies them.</summary>
internal sealed class ReducedCrossEntropy : Function<ReducedCrossEntropy, Tensor, Tensor, Tensor, Tensor?, Tensor?, ChunkedCrossEntropy.Plan, Tensor>
{
    private ChunkedCrossEntropy.Result? _result;
    private bool _again;

    protected override bool OnceDifferentiable => true;

    protected override Tensor Forward(FunctionContext ctx, Tensor input, Tensor linearWeight, Tensor target, Tensor? linearBias, Tensor? weight, ChunkedCrossEntropy.Plan plan)
    {
        var result = ChunkedCrossEntropy.Compute(plan, input, linearWeight, target, linearBias, weight);
        (_result, _again) = (result, plan.AllowRetainGraph);
        return result.Loss;
    }

    protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs)
    {
        var (_, input, weight, bias) = _result ?? throw new TorchException(
            $"The gradients of a chunked LinearCrossEntropy are used up by the first pass; with {nameof(LinearCrossEntropyOptions)}.{nameof(LinearCrossEntropyOptions.AllowRetainGraph)} they stay.");
        if (_again)
            return [input is null ? null : input * gradOutputs[0], weight is null ? null : weight * gradOutputs[0], null, bias is null ? null : bias * gradOutputs[0], null, null];
        _result = null;
        return [input?.Mul_(gradOutputs[0]), weight?.Mul_(gradOutputs[0]), null, bias?.Mul_(gradOutputs[0]), null, null];
    }
}

/// <summary>A loss for each row: the gradients depend on theirs, and are computed in the pass.</summary>
internal sealed class UnreducedCrossEntropy : Function<UnreducedCrossEntropy, Tensor, Tensor, Tensor, Tensor?, Tensor?, ChunkedCrossEntropy.Plan, Tensor>
{
    private ChunkedCrossEntropy.Plan? _plan;

    protected override bool OnceDifferentiable => true;

    protected override Tensor Forward(FunctionContext ctx, Tensor input, Tensor linearWeight, Tensor target, Tensor? linearBias, Tensor? weight, ChunkedCrossEntropy.Plan plan)
    {
        _plan = plan;
        ctx.SaveForBackward(input, linearWeight, target, linearBias, weight);
        return ChunkedCrossEntropy.Compute(plan, input, linearWeight, target, linearBias, weight).Loss;
    }

    protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs)
    {
        var saved = ctx.SavedTensors;
        var (_, input, weight, bias) = ChunkedCrossEntropy.Compute(_plan!, saved[0]!, saved[1]!, saved[2]!, saved[3], saved[4], gradOutputs[0]);
        return [input, weight, null, bias, null, null];
    }
}
