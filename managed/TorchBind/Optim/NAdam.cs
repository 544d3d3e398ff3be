namespace TorchBind.Optim;

/// <summary><see cref="Adam"/> with Nesterov's momentum. Mirrors <c>torch.optim.NAdam</c>.</summary>
/// <remarks>
/// With the gradient g of a parameter p at step t, m = <c>exp_avg</c>, v = <c>exp_avg_sq</c>:
/// <code>
/// μₜ = β₁ · (1 − ½ · 0.96^(t · momentum_decay))          μ̄ₜ = μ₁ · μ₂ ⋯ μₜ = mu_product
/// m ← m + (1 − β₁) · (g − m),   v ← β₂ · v + (1 − β₂) · g²
/// d ← √(v / (1 − β₂ᵗ)) + eps
/// p ← p − lr · (1 − μₜ) / (1 − μ̄ₜ) · g / d − lr · μₜ₊₁ / (1 − μ̄ₜ₊₁) · m / d
/// </code>
/// State: <c>step</c>, <c>mu_product</c>, <c>exp_avg</c>, <c>exp_avg_sq</c>.
/// </remarks>
public sealed class NAdam : Optimizer
{
    /// <summary>Changes these parameters.</summary>
    /// <param name="parameters">The parameters, for example <c>model.Parameters()</c>.</param>
    /// <param name="lr">Learning rate; default 0.002.</param>
    /// <param name="betas">β₁ and β₂, the shares of the old averages; default (0.9, 0.999).</param>
    /// <param name="eps">Added to the denominator; default 1e-8.</param>
    /// <param name="weightDecay">Weight decay (L2 penalty); default 0.</param>
    /// <param name="momentumDecay">How fast the momentum grows; default 0.004.</param>
    /// <param name="decoupledWeightDecay">Whether the decay acts on the parameter, as in <see cref="AdamW"/>.</param>
    /// <param name="forEach">Whether one call treats all parameters; default: on an accelerator.</param>
    /// <param name="maximize">Goes up the gradient instead of down.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or there is no parameter.</exception>
    public NAdam(
        IEnumerable<Tensor> parameters, double lr = 2e-3, (double Beta1, double Beta2)? betas = null, double eps = 1e-8,
        double weightDecay = 0, double momentumDecay = 4e-3, bool decoupledWeightDecay = false, bool? forEach = null, bool maximize = false)
        : this(Group(parameters), lr, betas, eps, weightDecay, momentumDecay, decoupledWeightDecay, forEach, maximize)
    {
    }

    /// <summary>Changes the parameters of these groups; options that a group does not set are those given here.</summary>
    /// <inheritdoc cref="NAdam(IEnumerable{Tensor}, double, ValueTuple{double, double}?, double, double, double, bool, bool?, bool)"/>
    public NAdam(
        IEnumerable<ParamGroup> parameters, double lr = 2e-3, (double Beta1, double Beta2)? betas = null, double eps = 1e-8,
        double weightDecay = 0, double momentumDecay = 4e-3, bool decoupledWeightDecay = false, bool? forEach = null, bool maximize = false)
        : base(parameters, Options(lr, betas ?? (0.9, 0.999), eps, weightDecay, momentumDecay, decoupledWeightDecay, forEach, maximize))
    {
    }

    private static Dictionary<string, object?> Options(
        double lr, (double Beta1, double Beta2) betas, double eps, double weightDecay, double momentumDecay, bool decoupled, bool? forEach,
        bool maximize)
    {
        Require(lr >= 0, $"The option lr is {Text(lr)}; it must not be negative.");
        Require(eps >= 0, $"The option eps is {Text(eps)}; it must not be negative.");
        RequireBetas(betas);
        Require(weightDecay >= 0, $"The option weightDecay is {Text(weightDecay)}; it must not be negative.");
        Require(momentumDecay >= 0, $"The option momentumDecay is {Text(momentumDecay)}; it must not be negative.");
        return new()
        {
            ["lr"] = lr,
            ["betas"] = betas,
            ["eps"] = eps,
            ["weight_decay"] = weightDecay,
            ["momentum_decay"] = momentumDecay,
            ["decoupled_weight_decay"] = decoupled,
            ["maximize"] = maximize,
            ["foreach"] = forEach,
            ["capturable"] = false,
            ["differentiable"] = false,
        };
    }

    /// <inheritdoc/>
    protected override void AfterLoad()
    {
        base.AfterLoad();
        foreach (var state in State.Values)
        {
            if (state.ContainsKey("mu_product") && state["mu_product"] is not Tensor)
                state["mu_product"] = StepTensor(PythonData.ToDouble(state["mu_product"], "mu_product"));
        }
    }

    /// <inheritdoc/>
    protected override void Update(ParamGroup group)
    {
        var lr = group.Lr;
        var (beta1, beta2) = group.GetPair("betas");
        var eps = group.GetDouble("eps");
        var weightDecay = group.WeightDecay;
        var momentumDecay = group.GetDouble("momentum_decay");
        var decoupled = group.GetFlag("decoupled_weight_decay");
        var maximize = group.GetFlag("maximize");
        if (UsesLists(group))
        {
            UpdateLists(group, lr, beta1, beta2, eps, weightDecay, momentumDecay, decoupled, maximize);
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

            var mu = Mu(beta1, momentumDecay, step);
            var muNext = Mu(beta1, momentumDecay, step + 1);
            var product = state.Tensor("mu_product").Scale_(mu).Item<double>();
            average.Value.Lerp_(gradient.Value, 1 - beta1);
            square.Value.Scale_(beta2).Addcmul_(gradient.Value, gradient.Value, 1 - beta2);
            using var denominator = square.Value.Div(1 - Math.Pow(beta2, step));
            denominator.Sqrt_().Add_(eps);
            target.Value.Addcdiv_(gradient.Value, denominator, -lr * (1.0 - mu) / (1.0 - product));
            target.Value.Addcdiv_(average.Value, denominator, -lr * muNext / (1.0 - product * muNext));
        }
    }

    private static double Mu(double beta1, double momentumDecay, double step) => beta1 * (1.0 - 0.5 * Math.Pow(0.96, step * momentumDecay));

    private ParamState Begun(Tensor parameter, Tensor gradient)
    {
        RefuseSparse(gradient, "NAdam works on dense gradients only, and one is sparse.");
        var state = StateOf(parameter);
        if (state.Count > 0)
            return state;
        state["step"] = StepTensor(0);
        state["mu_product"] = StepTensor(1);
        state["exp_avg"] = ZerosLike(parameter);
        state["exp_avg_sq"] = ZerosLike(parameter);
        return state;
    }

    private void UpdateLists(
        ParamGroup group, double lr, double beta1, double beta2, double eps, double weightDecay, double momentumDecay, bool decoupled, bool maximize)
    {
        foreach (var batch in StepBatch.Of(group, (parameter, gradient) =>
        {
            var state = Begun(parameter, gradient);
            return [state.Tensor("step"), state.Tensor("mu_product"), state.Tensor("exp_avg"), state.Tensor("exp_avg_sq")];
        }))
        {
            using var owner = batch;
            using var scope = new TensorScope();
            batch.ViewAsReal(0, 1);
            if (maximize)
                batch.Negate();
            var steps = batch.CountSteps();
            batch.DecayWeights(lr, weightDecay, decoupled);
            batch.UpdateMoments(2, 3, beta1, beta2);
            var root = Torch.Aten._ForeachSqrt(batch[3]);
            Torch.Aten._ForeachMul_(batch[1], StepBatch.Scalars(steps, step => Mu(beta1, momentumDecay, step)));
            Torch.Aten._ForeachDiv_(root, StepBatch.Scalars(steps, step => Math.Pow(1 - Math.Pow(beta2, step), 0.5)));
            Torch.Aten._ForeachAdd_(root, eps);
            var products = Array.ConvertAll(batch[1], static product => product.Item<double>());
            var gradientSteps = new Scalar[steps.Length];
            var averageSteps = new Scalar[steps.Length];
            for (var i = 0; i < steps.Length; i++)
            {
                var next = Mu(beta1, momentumDecay, steps[i] + 1);
                gradientSteps[i] = lr * (1.0 - Mu(beta1, momentumDecay, steps[i])) / (1.0 - products[i]) * -1;
                averageSteps[i] = lr * next / (1.0 - products[i] * next) * -1;
            }
            Torch.Aten._ForeachAddcdiv_(batch.Params, batch.Grads, root, gradientSteps);
            Torch.Aten._ForeachAddcdiv_(batch.Params, batch[2], root, averageSteps);
        }
    }
}
