namespace TorchBind.Optim;

/// <summary>
/// <see cref="Adam"/> for sparse gradients: only the averages and parameters of the rows that a gradient names are changed. Mirrors
/// <c>torch.optim.SparseAdam</c>.
/// </summary>
/// <remarks>State: <c>step</c> (a number, not a tensor), <c>exp_avg</c>, <c>exp_avg_sq</c>.</remarks>
public sealed class SparseAdam : Optimizer
{
    /// <summary>Changes these parameters.</summary>
    /// <param name="parameters">The parameters: dense and real; their gradients are sparse.</param>
    /// <param name="lr">Learning rate; default 0.001.</param>
    /// <param name="betas">β₁ and β₂, the shares of the old averages; default (0.9, 0.999).</param>
    /// <param name="eps">Added to the denominator; default 1e-8.</param>
    /// <param name="maximize">Goes up the gradient instead of down.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or a parameter is sparse or complex.</exception>
    public SparseAdam(
        IEnumerable<Tensor> parameters, double lr = 1e-3, (double Beta1, double Beta2)? betas = null, double eps = 1e-8, bool maximize = false)
        : this(Group(parameters), lr, betas, eps, maximize)
    {
    }

    /// <summary>Changes the parameters of these groups; options that a group does not set are those given here.</summary>
    /// <inheritdoc cref="SparseAdam(IEnumerable{Tensor}, double, ValueTuple{double, double}?, double, bool)"/>
    public SparseAdam(
        IEnumerable<ParamGroup> parameters, double lr = 1e-3, (double Beta1, double Beta2)? betas = null, double eps = 1e-8, bool maximize = false)
        : base(parameters, Options(lr, betas ?? (0.9, 0.999), eps, maximize))
    {
        for (var i = 0; i < ParamGroups.Count; i++)
        {
            for (var j = 0; j < ParamGroups[i].Params.Count; j++)
            {
                var parameter = ParamGroups[i].Params[j];
                Require(!parameter.IsSparse, $"Parameter {j} of group {i} is sparse; for SparseAdam only the gradients are sparse, the parameters are dense.");
                Require(!parameter.DType.IsComplex(), $"Parameter {j} of group {i} is complex; SparseAdam takes real ones only.");
            }
        }
    }

    private static Dictionary<string, object?> Options(double lr, (double Beta1, double Beta2) betas, double eps, bool maximize)
    {
        Require(lr > 0, $"The option lr is {Text(lr)}; it must be greater than 0.");
        Require(eps > 0, $"The option eps is {Text(eps)}; it must be greater than 0.");
        RequireBetas(betas);
        return new() { ["lr"] = lr, ["betas"] = betas, ["eps"] = eps, ["maximize"] = maximize };
    }

    private protected override bool StepIsTensor => false;

    /// <inheritdoc/>
    protected override void Update(ParamGroup group)
    {
        var lr = group.Lr;
        var (beta1, beta2) = group.GetPair("betas");
        var eps = group.GetDouble("eps");
        var maximize = group.GetFlag("maximize");
        foreach (var parameter in group.Params)
        {
            if (parameter.Grad is not { } given)
                continue;
            using var gradient = new StepGradient(given);
            if (!given.IsSparse)
                throw new NotSupportedException("SparseAdam met a dense gradient; dense gradients are for Adam.");
            var state = StateOf(parameter);
            if (state.Count == 0)
            {
                state["step"] = 0L;
                state["exp_avg"] = ZerosLike(parameter);
                state["exp_avg_sq"] = ZerosLike(parameter);
            }
            var step = PythonData.ToInt64(state["step"], "step") + 1;
            state["step"] = step;
            if (maximize)
                gradient.Negate();
            UpdateRows(parameter, gradient.Value, state.Tensor("exp_avg"), state.Tensor("exp_avg_sq"), step, lr, beta1, beta2, eps);
        }
    }

    private static void UpdateRows(
        Tensor parameter, Tensor gradient, Tensor average, Tensor square, long step, double lr, double beta1, double beta2, double eps)
    {
        using var scope = new TensorScope();
        var rows = gradient.Coalesce(); // the update is not linear: each row once
        var values = SparseRows.Values(rows);
        if (values.Numel() == 0)
            return;

        // old ← old + (1 − β) · (new − old), the change first
        var oldAverage = SparseRows.Values(average.SparseMask(rows));
        var averageChange = values.Sub(oldAverage).Scale_(1 - beta1);
        average.Add_(SparseRows.Like(rows, averageChange));
        var oldSquare = SparseRows.Values(square.SparseMask(rows));
        var squareChange = values.Pow(2).Sub_(oldSquare).Scale_(1 - beta2);
        square.Add_(SparseRows.Like(rows, squareChange));

        var numerator = averageChange.Add_(oldAverage);
        var denominator = squareChange.Add_(oldSquare).Sqrt_().Add_(eps);
        var stepSize = lr * Math.Sqrt(1 - Math.Pow(beta2, step)) / (1 - Math.Pow(beta1, step));
        parameter.Add_(SparseRows.Like(rows, numerator.Div_(denominator) * -stepSize));
    }
}
