namespace TorchBind.Optim;

/// <summary><see cref="Adam"/> with the infinity norm in place of the squares. Mirrors <c>torch.optim.Adamax</c>.</summary>
/// <remarks>
/// With the gradient g of a parameter p at step t, m = <c>exp_avg</c>, u = <c>exp_inf</c>:
/// <code>
/// g ← g + weight_decay · p
/// m ← m + (1 − β₁) · (g − m)
/// u ← max(β₂ · u, |g| + eps)
/// p ← p − lr / (1 − β₁ᵗ) · m / u
/// </code>
/// State: <c>step</c>, <c>exp_avg</c>, <c>exp_inf</c>.
/// </remarks>
public sealed class Adamax : Optimizer
{
    /// <summary>Changes these parameters.</summary>
    /// <param name="parameters">The parameters, for example <c>model.Parameters()</c>.</param>
    /// <param name="lr">Learning rate; default 0.002.</param>
    /// <param name="betas">β₁ and β₂, the shares of the old average and norm; default (0.9, 0.999).</param>
    /// <param name="eps">Added to the size of the gradient; default 1e-8.</param>
    /// <param name="weightDecay">Weight decay (L2 penalty); default 0.</param>
    /// <param name="forEach">Whether one call treats all parameters; default: on an accelerator.</param>
    /// <param name="maximize">Goes up the gradient instead of down.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or there is no parameter.</exception>
    public Adamax(
        IEnumerable<Tensor> parameters, double lr = 2e-3, (double Beta1, double Beta2)? betas = null, double eps = 1e-8,
        double weightDecay = 0, bool? forEach = null, bool maximize = false)
        : this(Group(parameters), lr, betas, eps, weightDecay, forEach, maximize)
    {
    }

    /// <summary>Changes the parameters of these groups; options that a group does not set are those given here.</summary>
    /// <inheritdoc cref="Adamax(IEnumerable{Tensor}, double, ValueTuple{double, double}?, double, double, bool?, bool)"/>
    public Adamax(
        IEnumerable<ParamGroup> parameters, double lr = 2e-3, (double Beta1, double Beta2)? betas = null, double eps = 1e-8,
        double weightDecay = 0, bool? forEach = null, bool maximize = false)
        : base(parameters, Options(lr, betas ?? (0.9, 0.999), eps, weightDecay, forEach, maximize))
    {
    }

    private static Dictionary<string, object?> Options(
        double lr, (double Beta1, double Beta2) betas, double eps, double weightDecay, bool? forEach, bool maximize)
    {
        Require(lr >= 0, $"The option lr is {Text(lr)}; it must not be negative.");
        Require(eps >= 0, $"The option eps is {Text(eps)}; it must not be negative.");
        RequireBetas(betas);
        Require(weightDecay >= 0, $"The option weightDecay is {Text(weightDecay)}; it must not be negative.");
        return new()
        {
            ["lr"] = lr,
            ["betas"] = betas,
            ["eps"] = eps,
            ["weight_decay"] = weightDecay,
            ["foreach"] = forEach,
            ["maximize"] = maximize,
            ["differentiable"] = false,
            ["capturable"] = false,
        };
    }

    /// <inheritdoc/>
    protected override void Update(ParamGroup group)
    {
        var lr = group.Lr;
        var (beta1, beta2) = group.GetPair("betas");
        var eps = group.GetDouble("eps");
        var weightDecay = group.WeightDecay;
        var maximize = group.GetFlag("maximize");
        if (UsesLists(group))
        {
            UpdateLists(group, lr, beta1, beta2, eps, weightDecay, maximize);
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
            var step = StepCounter.Increment(state.Tensor("step"));
            if (weightDecay != 0)
                gradient.Add(parameter, weightDecay);
            var complex = parameter.DType.IsComplex();
            using var target = new RealView(parameter, complex);
            using var grad = new RealView(gradient.Value, complex);
            using var average = new RealView(state.Tensor("exp_avg"), complex);
            using var norm = new RealView(state.Tensor("exp_inf"), complex);

            average.Value.Lerp_(grad.Value, 1 - beta1);
            norm.Value.Scale_(beta2);
            using var size = grad.Value.Abs();
            size.Add_(eps);
            Torch.Maximum(norm.Value, size, @out: norm.Value);
            var rate = lr / (1 - Math.Pow(beta1, step));
            target.Value.Addcdiv_(average.Value, norm.Value, -rate);
        }
    }

    private ParamState Begun(Tensor parameter, Tensor gradient)
    {
        RefuseSparse(gradient, "Adamax works on dense gradients only, and one is sparse.");
        var state = StateOf(parameter);
        if (state.Count > 0)
            return state;
        state["step"] = StepTensor(0);
        state["exp_avg"] = ZerosLike(parameter);
        state["exp_inf"] = ZerosLike(parameter);
        return state;
    }

    private void UpdateLists(ParamGroup group, double lr, double beta1, double beta2, double eps, double weightDecay, bool maximize)
    {
        foreach (var batch in StepBatch.Of(group, (parameter, gradient) =>
        {
            var state = Begun(parameter, gradient);
            return [state.Tensor("step"), state.Tensor("exp_avg"), state.Tensor("exp_inf")];
        }))
        {
            using var owner = batch;
            using var scope = new TensorScope();
            batch.ViewAsReal(except: 0);
            if (maximize)
                batch.Negate();
            var steps = batch.CountSteps();
            if (weightDecay != 0)
                batch.AddParams(weightDecay);
            Torch.Aten._ForeachLerp_(batch[1], batch.Grads, 1 - beta1);
            Torch.Aten._ForeachMul_(batch[2], beta2);
            var sizes = batch.Grads;
            if (batch.OwnsGrads)
                Torch.Aten._ForeachAbs_(sizes);
            else
                sizes = Torch.Aten._ForeachAbs(sizes);
            Torch.Aten._ForeachAdd_(sizes, eps);
            Torch.Aten._ForeachMaximum_(batch[2], sizes);
            Torch.Aten._ForeachAddcdiv_(batch.Params, batch[1], batch[2], StepBatch.Scalars(steps, step => lr / (1 - Math.Pow(beta1, step)) * -1));
        }
    }
}
