namespace TorchBind.Optim;

/// <summary>Steps scaled by the ratio of two running averages, of past steps and of gradients. Mirrors <c>torch.optim.Adadelta</c>.</summary>
/// <remarks>
/// With the gradient g of a parameter p, v = <c>square_avg</c>, u = <c>acc_delta</c>:
/// <code>
/// g ← g + weight_decay · p
/// v ← ρ · v + (1 − ρ) · g²
/// d ← √(u + eps) / √(v + eps) · g
/// u ← ρ · u + (1 − ρ) · d²
/// p ← p − lr · d
/// </code>
/// State: <c>step</c>, <c>square_avg</c>, <c>acc_delta</c>.
/// </remarks>
public sealed class Adadelta : Optimizer
{
    /// <summary>Changes these parameters.</summary>
    /// <param name="parameters">The parameters, for example <c>model.Parameters()</c>.</param>
    /// <param name="lr">Factor of the step; default 1.</param>
    /// <param name="rho">ρ, the share of the old averages; default 0.9.</param>
    /// <param name="eps">Added under the roots; default 1e-6.</param>
    /// <param name="weightDecay">Weight decay (L2 penalty); default 0.</param>
    /// <param name="forEach">Whether one call treats all parameters; default: on an accelerator.</param>
    /// <param name="maximize">Goes up the gradient instead of down.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or there is no parameter.</exception>
    public Adadelta(
        IEnumerable<Tensor> parameters, double lr = 1.0, double rho = 0.9, double eps = 1e-6, double weightDecay = 0,
        bool? forEach = null, bool maximize = false)
        : this(Group(parameters), lr, rho, eps, weightDecay, forEach, maximize)
    {
    }

    /// <summary>Changes the parameters of these groups; options that a group does not set are those given here.</summary>
    /// <inheritdoc cref="Adadelta(IEnumerable{Tensor}, double, double, double, double, bool?, bool)"/>
    public Adadelta(
        IEnumerable<ParamGroup> parameters, double lr = 1.0, double rho = 0.9, double eps = 1e-6, double weightDecay = 0,
        bool? forEach = null, bool maximize = false)
        : base(parameters, Options(lr, rho, eps, weightDecay, forEach, maximize))
    {
    }

    private static Dictionary<string, object?> Options(double lr, double rho, double eps, double weightDecay, bool? forEach, bool maximize)
    {
        Require(lr >= 0, $"The option lr is {Text(lr)}; it must not be negative.");
        Require(rho is >= 0 and <= 1, $"The option rho is {Text(rho)}; it must lie between 0 and 1.");
        Require(eps >= 0, $"The option eps is {Text(eps)}; it must not be negative.");
        Require(weightDecay >= 0, $"The option weightDecay is {Text(weightDecay)}; it must not be negative.");
        return new()
        {
            ["lr"] = lr,
            ["rho"] = rho,
            ["eps"] = eps,
            ["weight_decay"] = weightDecay,
            ["maximize"] = maximize,
            ["capturable"] = false,
            ["foreach"] = forEach,
            ["differentiable"] = false,
        };
    }

    /// <inheritdoc/>
    protected override void Update(ParamGroup group)
    {
        var lr = group.Lr;
        var rho = group.GetDouble("rho");
        var eps = group.GetDouble("eps");
        var weightDecay = group.WeightDecay;
        var maximize = group.GetFlag("maximize");
        if (UsesLists(group))
        {
            UpdateLists(group, lr, rho, eps, weightDecay, maximize);
            return;
        }
        foreach (var parameter in group.Params)
        {
            if (parameter.Grad is not { } given)
                continue;
            using var gradient = new StepGradient(given);
            var state = Begun(parameter, given);
            StepCounter.Increment(state.Tensor("step"));
            if (maximize)
                gradient.Negate();
            if (weightDecay != 0)
                gradient.Add(parameter, weightDecay);
            var complex = parameter.DType.IsComplex();
            using var target = new RealView(parameter, complex);
            using var grad = new RealView(gradient.Value, complex);
            using var square = new RealView(state.Tensor("square_avg"), complex);
            using var steps = new RealView(state.Tensor("acc_delta"), complex);

            square.Value.Scale_(rho).Addcmul_(grad.Value, grad.Value, 1 - rho);
            using var root = square.Value.Add(eps);
            root.Sqrt_();
            using var delta = steps.Value.Add(eps);
            delta.Sqrt_().Div_(root).Mul_(grad.Value);
            steps.Value.Scale_(rho).Addcmul_(delta, delta, 1 - rho);
            target.Value.Add_(delta, -lr);
        }
    }

    private ParamState Begun(Tensor parameter, Tensor gradient)
    {
        RefuseSparse(gradient, "Adadelta works on dense gradients only, and one is sparse.");
        var state = StateOf(parameter);
        if (state.Count > 0)
            return state;
        state["step"] = StepTensor(0);
        state["square_avg"] = ZerosLike(parameter);
        state["acc_delta"] = ZerosLike(parameter);
        return state;
    }

    private void UpdateLists(ParamGroup group, double lr, double rho, double eps, double weightDecay, bool maximize)
    {
        foreach (var batch in StepBatch.Of(group, (parameter, gradient) =>
        {
            var state = Begun(parameter, gradient);
            return [state.Tensor("step"), state.Tensor("square_avg"), state.Tensor("acc_delta")];
        }))
        {
            using var owner = batch;
            using var scope = new TensorScope();
            batch.ViewAsReal(except: 0);
            batch.CountSteps();
            if (maximize)
                batch.Negate();
            if (weightDecay != 0)
                batch.AddParams(weightDecay);
            var (square, sum) = (batch[1], batch[2]);
            Torch.Aten._ForeachMul_(square, rho);
            Torch.Aten._ForeachAddcmul_(square, batch.Grads, batch.Grads, 1 - rho);
            var root = Torch.Aten._ForeachAdd(square, eps);
            Torch.Aten._ForeachSqrt_(root);
            var deltas = Torch.Aten._ForeachAdd(sum, eps);
            Torch.Aten._ForeachSqrt_(deltas);
            Torch.Aten._ForeachDiv_(deltas, root);
            Torch.Aten._ForeachMul_(deltas, batch.Grads);
            Torch.Aten._ForeachMul_(sum, rho);
            Torch.Aten._ForeachAddcmul_(sum, deltas, deltas, 1 - rho);
            Torch.Aten._ForeachAdd_(batch.Params, deltas, -lr);
        }
    }
}
