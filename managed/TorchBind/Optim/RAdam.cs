namespace TorchBind.Optim;

/// <summary>
/// <see cref="Adam"/> that begins with plain momentum and scales its steps once the average of the squares can be trusted. Mirrors
/// <c>torch.optim.RAdam</c>.
/// </summary>
/// <remarks>
/// With the gradient g of a parameter p at step t, m = <c>exp_avg</c>, v = <c>exp_avg_sq</c>:
/// <code>
/// m ← m + (1 − β₁) · (g − m),   v ← β₂ · v + (1 − β₂) · g²,   m̂ = m / (1 − β₁ᵗ)
/// ρ∞ = 2 / (1 − β₂) − 1,        ρ = ρ∞ − 2 · t · β₂ᵗ / (1 − β₂ᵗ)
/// ρ > 5:  r = √((ρ − 4)(ρ − 2) ρ∞ / ((ρ∞ − 4)(ρ∞ − 2) ρ)),   p ← p − m̂ · lr · √(1 − β₂ᵗ) / (√v + eps) · r
/// else:   p ← p − m̂ · lr
/// </code>
/// State: <c>step</c>, <c>exp_avg</c>, <c>exp_avg_sq</c>.
/// </remarks>
public sealed class RAdam : Optimizer
{
    /// <summary>Changes these parameters.</summary>
    /// <param name="parameters">The parameters, for example <c>model.Parameters()</c>.</param>
    /// <param name="lr">Learning rate; default 0.001.</param>
    /// <param name="betas">β₁ and β₂, the shares of the old averages; default (0.9, 0.999).</param>
    /// <param name="eps">Added to the denominator; default 1e-8.</param>
    /// <param name="weightDecay">Weight decay (L2 penalty); default 0.</param>
    /// <param name="decoupledWeightDecay">Whether the decay acts on the parameter, as in <see cref="AdamW"/>.</param>
    /// <param name="forEach">Whether one call treats all parameters; default: on an accelerator.</param>
    /// <param name="maximize">Goes up the gradient instead of down.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or there is no parameter.</exception>
    public RAdam(
        IEnumerable<Tensor> parameters, double lr = 1e-3, (double Beta1, double Beta2)? betas = null, double eps = 1e-8,
        double weightDecay = 0, bool decoupledWeightDecay = false, bool? forEach = null, bool maximize = false)
        : this(Group(parameters), lr, betas, eps, weightDecay, decoupledWeightDecay, forEach, maximize)
    {
    }

    /// <summary>Changes the parameters of these groups; options that a group does not set are those given here.</summary>
    /// <inheritdoc cref="RAdam(IEnumerable{Tensor}, double, ValueTuple{double, double}?, double, double, bool, bool?, bool)"/>
    public RAdam(
        IEnumerable<ParamGroup> parameters, double lr = 1e-3, (double Beta1, double Beta2)? betas = null, double eps = 1e-8,
        double weightDecay = 0, bool decoupledWeightDecay = false, bool? forEach = null, bool maximize = false)
        : base(parameters, Options(lr, betas ?? (0.9, 0.999), eps, weightDecay, decoupledWeightDecay, forEach, maximize))
    {
    }

    private static Dictionary<string, object?> Options(
        double lr, (double Beta1, double Beta2) betas, double eps, double weightDecay, bool decoupled, bool? forEach, bool maximize)
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
            ["maximize"] = maximize,
            ["foreach"] = forEach,
            ["capturable"] = false,
            ["decoupled_weight_decay"] = decoupled,
            ["differentiable"] = false,
        };
    }

    /// <inheritdoc/>
    protected override void Update(ParamGroup group)
    {
        var lr = group.Lr;
        var (beta1, beta2) = group.GetPair("betas");
        var eps = group.GetDouble("eps");
        var weightDecay = group.WeightDecay;
        var decoupled = group.GetFlag("decoupled_weight_decay");
        var maximize = group.GetFlag("maximize");
        if (UsesLists(group))
        {
            UpdateLists(group, lr, beta1, beta2, eps, weightDecay, decoupled, maximize);
            return;
        }
        foreach (var parameter in group.Params)
        {
            if (parameter.Grad is not { } given)
                continue;
            var complex = parameter.DType.IsComplex();
            using var gradient = new StepGradient(given, complex);
            var state = Begun(parameter, given);
            using var target = new RealView(parameter, complex);
            if (maximize)
                gradient.Negate();
            var step = StepCounter.Increment(state.Tensor("step"));
            if (weightDecay != 0)
            {
                if (decoupled)
                    target.Value.Scale_(1 - lr * weightDecay);
                else
                    gradient.Add(target.Value, weightDecay);
            }
            using var average = new RealView(state.Tensor("exp_avg"), complex);
            using var square = new RealView(state.Tensor("exp_avg_sq"), complex);

            average.Value.Lerp_(gradient.Value, 1 - beta1);
            square.Value.Scale_(beta2).Addcmul_(gradient.Value, gradient.Value, 1 - beta2);
            var correction2 = 1 - Math.Pow(beta2, step);
            using var change = average.Value.Div(1 - Math.Pow(beta1, step));
            change.Scale_(lr);
            var length = Length(beta2, step);
            if (length > 5.0)
            {
                using var root = square.Value.Sqrt();
                // The correction over the root, as Python divides a number by a tensor.
                root.Add_(eps).Reciprocal_().Scale_(Math.Pow(correction2, 0.5));
                change.Mul_(root).Scale_(Rectification(beta2, length));
            }
            target.Value.Add_(change, -1.0);
        }
    }

    // The number of squares that the average counts, at most and at this step.
    private static double MostLength(double beta2) => 2 / (1 - beta2) - 1;

    private static double Length(double beta2, double step) =>
        MostLength(beta2) - 2 * step * Math.Pow(beta2, step) / (1 - Math.Pow(beta2, step));

    private static double Rectification(double beta2, double length)
    {
        var most = MostLength(beta2);
        return Math.Pow((length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length), 0.5);
    }

    private ParamState Begun(Tensor parameter, Tensor gradient)
    {
        RefuseSparse(gradient, "RAdam works on dense gradients only, and one is sparse.");
        var state = StateOf(parameter);
        if (state.Count > 0)
            return state;
        state["step"] = StepTensor(0);
        state["exp_avg"] = ZerosLike(parameter);
        state["exp_avg_sq"] = ZerosLike(parameter);
        return state;
    }

    private void UpdateLists(
        ParamGroup group, double lr, double beta1, double beta2, double eps, double weightDecay, bool decoupled, bool maximize)
    {
        foreach (var batch in StepBatch.Of(group, (parameter, gradient) =>
        {
            var state = Begun(parameter, gradient);
            return [state.Tensor("step"), state.Tensor("exp_avg"), state.Tensor("exp_avg_sq")];
        }))
        {
            using var owner = batch;
            using var scope = new TensorScope();
            var steps = batch.CountSteps();
            batch.ViewAsReal(except: 0);
            if (maximize)
                batch.Negate();
            batch.DecayWeights(lr, weightDecay, decoupled);
            batch.UpdateMoments(1, 2, beta1, beta2);
            var plain = new Scalar[steps.Length];
            var adaptive = new Scalar[steps.Length];
            for (var i = 0; i < steps.Length; i++)
            {
                var length = Length(beta2, steps[i]);
                var rectification = length > 5 ? Rectification(beta2, length) : 0;
                var correction = 1 - Math.Pow(beta1, steps[i]);
                plain[i] = lr * (rectification > 0 ? 0 : 1.0) / correction * -1;
                adaptive[i] = Math.Pow(1 - Math.Pow(beta2, steps[i]), 0.5) * (lr * rectification / correction) * -1;
            }
            // Where the average does not count yet, the division by zero gives an infinity whose reciprocal is zero.
            var factor = Torch.Aten._ForeachSqrt(batch[2]);
            Torch.Aten._ForeachAdd_(factor, eps);
            Torch.Aten._ForeachDiv_(factor, adaptive);
            Torch.Aten._ForeachReciprocal_(factor);
            Torch.Aten._ForeachAdd_(factor, plain);
            Torch.Aten._ForeachAddcmul_(batch.Params, batch[1], factor);
        }
    }
}
