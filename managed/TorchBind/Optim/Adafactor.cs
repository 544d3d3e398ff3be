namespace TorchBind.Optim;

/// <summary>
/// Steps scaled by the root of the squared gradients, of which matrices keep only row and column sums. Mirrors
/// <c>torch.optim.Adafactor</c>.
/// </summary>
/// <remarks>
/// State: <c>step</c>, and <c>row_var</c> and <c>col_var</c> for parameters of two dimensions and more, <c>variance</c> for the
/// others.
/// </remarks>
public sealed class Adafactor : Optimizer
{
    /// <summary>Changes these parameters.</summary>
    /// <param name="parameters">The parameters, for example <c>model.Parameters()</c>; real ones.</param>
    /// <param name="lr">The largest relative step; default 0.01.</param>
    /// <param name="beta2Decay">The power by which the share of new squares falls; default −0.8.</param>
    /// <param name="eps">Lower bounds of the squares (null: the dtype's epsilon) and of the parameter's size; default (null, 0.001).</param>
    /// <param name="d">The bound of a step's size; default 1.</param>
    /// <param name="weightDecay">Weight decay, on the parameter itself; default 0.</param>
    /// <param name="forEach">Whether one call treats all parameters; default: on an accelerator.</param>
    /// <param name="maximize">Goes up the gradient instead of down.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or there is no parameter.</exception>
    public Adafactor(
        IEnumerable<Tensor> parameters, double lr = 1e-2, double beta2Decay = -0.8, (double? Squares, double Size)? eps = null,
        double d = 1.0, double weightDecay = 0, bool? forEach = null, bool maximize = false)
        : this(Group(parameters), lr, beta2Decay, eps, d, weightDecay, forEach, maximize)
    {
    }

    /// <summary>Changes the parameters of these groups; options that a group does not set are those given here.</summary>
    /// <inheritdoc cref="Adafactor(IEnumerable{Tensor}, double, double, ValueTuple{double?, double}?, double, double, bool?, bool)"/>
    public Adafactor(
        IEnumerable<ParamGroup> parameters, double lr = 1e-2, double beta2Decay = -0.8, (double? Squares, double Size)? eps = null,
        double d = 1.0, double weightDecay = 0, bool? forEach = null, bool maximize = false)
        : base(parameters, Options(lr, beta2Decay, eps ?? (null, 1e-3), d, weightDecay, forEach, maximize))
    {
    }

    private static Dictionary<string, object?> Options(
        double lr, double beta2Decay, (double? Squares, double Size) eps, double d, double weightDecay, bool? forEach, bool maximize)
    {
        Require(lr >= 0, $"The option lr is {Text(lr)}; it must not be negative.");
        Require(beta2Decay <= 0, $"The option beta2Decay is {Text(beta2Decay)}; it must not be positive.");
        Require(eps.Squares is not < 0, $"The first number of eps is {Text(eps.Squares ?? 0)}; it must not be negative.");
        Require(eps.Size >= 0, $"The second number of eps is {Text(eps.Size)}; it must not be negative.");
        Require(d >= 1, $"The option d, where updates are clipped, is {Text(d)}; it must be at least 1.");
        Require(weightDecay >= 0, $"The option weightDecay is {Text(weightDecay)}; it must not be negative.");
        return new()
        {
            ["lr"] = lr,
            ["beta2_decay"] = beta2Decay,
            ["eps"] = ((object?)eps.Squares, (object?)eps.Size),
            ["d"] = d,
            ["weight_decay"] = weightDecay,
            ["foreach"] = forEach,
            ["maximize"] = maximize,
        };
    }

    /// <inheritdoc/>
    protected override void Update(ParamGroup group)
    {
        var lr = group.Lr;
        var beta2Decay = group.GetDouble("beta2_decay");
        var bounds = PythonData.List(group["eps"], "eps");
        var eps1 = bounds[0] is null ? (double?)null : PythonData.ToDouble(bounds[0], "eps");
        var eps2 = PythonData.ToDouble(bounds[1], "eps");
        var d = group.GetDouble("d");
        var weightDecay = group.WeightDecay;
        var maximize = group.GetFlag("maximize");
        if (UsesLists(group))
        {
            UpdateLists(group, lr, beta2Decay, eps1, eps2, d, weightDecay, maximize);
            return;
        }
        foreach (var parameter in group.Params)
        {
            if (parameter.Grad is not { } given)
                continue;
            using var gradient = new StepGradient(given);
            var state = Begun(parameter, given);
            if (maximize)
                gradient.Negate();
            // As in Python, the first parameter's dtype decides for all of the group.
            var smallest = eps1 ??= Epsilon(parameter.DType);
            UpdateOne(parameter, gradient.Value, state, lr, beta2Decay, smallest, eps2, d, weightDecay);
        }
    }

    private ParamState Begun(Tensor parameter, Tensor gradient)
    {
        if (parameter.DType.IsComplex())
            throw new NotSupportedException("Adafactor takes real parameters only, and one is complex.");
        RefuseSparse(gradient, "Adafactor works on dense gradients only, and one is sparse.");
        var state = StateOf(parameter);
        if (state.Count > 0)
            return state;
        state["step"] = StepTensor(0);
        if (gradient.NDim <= 1)
        {
            state["variance"] = ZerosLike(gradient);
            return state;
        }
        var rows = gradient.Shape.ToArray();
        rows[^1] = 1;
        state["row_var"] = Kept(gradient.NewZeros(rows));
        var columns = gradient.Shape.ToArray();
        columns[^2] = 1;
        state["col_var"] = Kept(gradient.NewZeros(columns));
        return state;
    }

    private void UpdateLists(
        ParamGroup group, double lr, double beta2Decay, double? eps1, double eps2, double d, double weightDecay, bool maximize)
    {
        foreach (var factored in (bool[])[true, false])
        {
            foreach (var batch in StepBatch.Of(group, (parameter, gradient) => factored == gradient.NDim > 1, (parameter, gradient) =>
            {
                var state = Begun(parameter, gradient);
                return factored
                    ? [state.Tensor("step"), state.Tensor("row_var"), state.Tensor("col_var")]
                    : [state.Tensor("step"), state.Tensor("variance")];
            }))
            {
                using var owner = batch;
                using var scope = new TensorScope();
                var smallest = eps1 ??= Epsilon(batch.Params[0].DType);
                if (maximize)
                    batch.Negate();
                var steps = batch.CountSteps();
                var shares = StepBatch.Scalars(steps, step => Math.Pow(step, beta2Decay));
                var alphas = new double[steps.Length];
                for (var i = 0; i < steps.Length; i++)
                {
                    var parameter = batch.Params[i];
                    alphas[i] = Math.Max(eps2, Length(parameter) / Math.Pow(parameter.Numel(), 0.5)) * Math.Min(lr, 1 / Math.Pow(steps[i], 0.5));
                }
                if (weightDecay != 0)
                    Torch.Aten._ForeachMul_(batch.Params, 1 - lr * weightDecay);
                Tensor[] estimates;
                if (factored)
                {
                    var (rows, columns) = (batch[1], batch[2]);
                    Torch.Aten._ForeachLerp_(rows, MeanSquares(batch.Grads, -1), shares);
                    Torch.Aten._ForeachLerp_(columns, MeanSquares(batch.Grads, -2), shares);
                    estimates = [.. rows.Select((row, i) => row.Matmul(columns[i]))];
                    var means = Array.ConvertAll(rows, static row => row.Mean(-2, keepDim: true));
                    Torch.Aten._ForeachClampMin_(means, smallest);
                    Torch.Aten._ForeachDiv_(estimates, means);
                }
                else
                {
                    Torch.Aten._ForeachLerp_(batch[1], Torch.Aten._ForeachMul(batch.Grads, batch.Grads), shares);
                    estimates = Array.ConvertAll(batch[1], static variance => variance.Clone());
                }
                Torch.Aten._ForeachClampMin_(estimates, smallest * smallest);
                Torch.Aten._ForeachRsqrt_(estimates);
                Torch.Aten._ForeachMul_(estimates, batch.Grads);
                Torch.Aten._ForeachMul_(estimates, [.. estimates.Select((update, i) =>
                    (Scalar)(-alphas[i] / Math.Max(1.0, Length(update) / (Math.Pow(update.Numel(), 0.5) * d))))]);
                Torch.Aten._ForeachAdd_(batch.Params, estimates);
            }
        }
    }

    private static Tensor[] MeanSquares(Tensor[] gradients, int dim)
    {
        var means = Array.ConvertAll(gradients, gradient => Torch.Linalg.VectorNorm(gradient, 2, dim, keepDim: true));
        Torch.Aten._ForeachMul_(means, means);
        Torch.Aten._ForeachDiv_(means, [.. gradients.Select(gradient => (Scalar)gradient.Size(dim))]);
        return means;
    }

    private static void UpdateOne(
        Tensor parameter, Tensor gradient, ParamState state, double lr, double beta2Decay, double eps1, double eps2, double d, double weightDecay)
    {
        using var scope = new TensorScope();
        var step = StepCounter.Increment(state.Tensor("step"));
        var share = Math.Pow(step, beta2Decay);
        var relative = Math.Min(lr, 1 / Math.Pow(step, 0.5));
        var alpha = Math.Max(eps2, Length(parameter) / Math.Pow(parameter.Numel(), 0.5)) * relative;
        if (weightDecay != 0)
            parameter.Scale_(1 - lr * weightDecay);
        Tensor estimate;
        if (gradient.NDim > 1)
        {
            var rows = state.Tensor("row_var").Lerp_(MeanSquare(gradient, -1), share);
            var columns = state.Tensor("col_var").Lerp_(MeanSquare(gradient, -2), share);
            estimate = rows.Matmul(columns);
            estimate.Div_(rows.Mean(-2, keepDim: true).Clamp_(min: eps1));
        }
        else
        {
            estimate = state.Tensor("variance").Lerp_(gradient * gradient, share).Clone();
        }
        // The bound is squared because the root follows.
        var update = estimate.Clamp_(min: eps1 * eps1).Rsqrt_();
        update.Mul_(gradient);
        var size = Math.Max(1.0, Length(update) / (Math.Pow(update.Numel(), 0.5) * d));
        parameter.Add_(update, -alpha / size);
    }

    private static double Epsilon(DType dtype) => dtype switch
    {
        DType.Float64 => Math.BitIncrement(1.0) - 1,
        DType.Float32 => MathF.BitIncrement(1f) - 1f,
        DType.Float16 => Math.Pow(2, -10),
        DType.BFloat16 => Math.Pow(2, -7),
        _ => throw new NotSupportedException($"Adafactor knows no epsilon of {dtype}; give one with eps."),
    };

    private static double Length(Tensor tensor) => tensor.Norm(2).Item<double>();

    // The mean of the squares along a dimension, without a tensor of all squares.
    private static Tensor MeanSquare(Tensor gradient, int dim) =>
        Torch.Linalg.VectorNorm(gradient, 2, dim, keepDim: true).Square_().Div_(gradient.Size(dim));
}
