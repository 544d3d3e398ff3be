namespace TorchBind.Optim;

/// <summary>
/// Steps scaled by running averages of the gradient and of its square. Mirrors <c>torch.optim.Adam</c>.
/// </summary>
/// <remarks>
/// With the gradient g of a parameter p at step t, m = <c>exp_avg</c>, v = <c>exp_avg_sq</c>:
/// <code>
/// g ← g + weight_decay · p
/// m ← m + (1 − β₁) · (g − m)
/// v ← β₂ · v + (1 − β₂) · g²
/// p ← p − lr / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + eps)
/// </code>
/// With amsgrad the largest v so far (<c>max_exp_avg_sq</c>) takes the place of v in the last line.
/// </remarks>
public class Adam : Optimizer
{
    /// <summary>Changes these parameters.</summary>
    /// <param name="parameters">The parameters, for example <c>model.Parameters()</c>.</param>
    /// <param name="lr">Learning rate; default 0.001.</param>
    /// <param name="betas">β₁ and β₂, the shares of the old averages; default (0.9, 0.999).</param>
    /// <param name="eps">Added to the denominator; default 1e-8.</param>
    /// <param name="weightDecay">Weight decay (L2 penalty); default 0.</param>
    /// <param name="amsgrad">Whether the largest average counts.</param>
    /// <param name="forEach">Whether one call treats all parameters; default: on an accelerator.</param>
    /// <param name="maximize">Goes up the gradient instead of down.</param>
    /// <param name="fused">Whether libtorch's fused kernel makes the whole step; default: no.</param>
    /// <param name="decoupledWeightDecay">Whether the decay acts on the parameter, as in <see cref="AdamW"/>.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or there is no parameter.</exception>
    public Adam(
        IEnumerable<Tensor> parameters, double lr = 1e-3, (double Beta1, double Beta2)? betas = null, double eps = 1e-8,
        double weightDecay = 0, bool amsgrad = false, bool? forEach = null, bool maximize = false, bool? fused = null,
        bool decoupledWeightDecay = false)
        : this(Group(parameters), lr, betas, eps, weightDecay, amsgrad, forEach, maximize, fused, decoupledWeightDecay)
    {
    }

    /// <summary>Changes the parameters of these groups; options that a group does not set are those given here.</summary>
    /// <inheritdoc cref="Adam(IEnumerable{Tensor}, double, ValueTuple{double, double}?, double, double, bool, bool?, bool, bool?, bool)"/>
    public Adam(
        IEnumerable<ParamGroup> parameters, double lr = 1e-3, (double Beta1, double Beta2)? betas = null, double eps = 1e-8,
        double weightDecay = 0, bool amsgrad = false, bool? forEach = null, bool maximize = false, bool? fused = null,
        bool decoupledWeightDecay = false)
        : base(parameters, Options(lr, betas ?? (0.9, 0.999), eps, weightDecay, amsgrad, forEach, maximize, fused, decoupledWeightDecay))
    {
    }

    private static Dictionary<string, object?> Options(
        double lr, (double Beta1, double Beta2) betas, double eps, double weightDecay, bool amsgrad, bool? forEach, bool maximize, bool? fused,
        bool decoupled)
    {
        Require(lr >= 0, $"The option lr is {Text(lr)}; it must not be negative.");
        Require(eps >= 0, $"The option eps is {Text(eps)}; it must not be negative.");
        RequireBetas(betas);
        Require(weightDecay >= 0, $"The option weightDecay is {Text(weightDecay)}; it must not be negative.");
        Require(fused != true || forEach != true, "The options fused and forEach exclude each other: set one of them at most.");
        return new()
        {
            ["lr"] = lr,
            ["betas"] = betas,
            ["eps"] = eps,
            ["weight_decay"] = weightDecay,
            ["amsgrad"] = amsgrad,
            ["maximize"] = maximize,
            ["foreach"] = forEach,
            ["capturable"] = false,
            ["differentiable"] = false,
            ["fused"] = fused,
            ["decoupled_weight_decay"] = decoupled,
        };
    }

    /// <inheritdoc/>
    protected override void Update(ParamGroup group)
    {
        var lr = group.Lr;
        var (beta1, beta2) = group.GetPair("betas");
        var eps = group.GetDouble("eps");
        var weightDecay = group.WeightDecay;
        var amsgrad = group.GetFlag("amsgrad");
        var maximize = group.GetFlag("maximize");
        var decoupled = group.GetFlag("decoupled_weight_decay");
        var fused = group.GetFlag("fused");
        if (fused || UsesLists(group))
        {
            UpdateLists(group, fused, lr, beta1, beta2, eps, weightDecay, amsgrad, maximize, decoupled);
            return;
        }
        foreach (var parameter in group.Params)
        {
            if (parameter.Grad is not { } given)
                continue;
            using var gradient = new StepGradient(given);
            var state = Begun(parameter, given, amsgrad, fused: false);
            if (maximize)
                gradient.Negate();
            var step = StepCounter.Increment(state.Tensor("step"));
            if (weightDecay != 0)
            {
                if (decoupled)
                    parameter.Scale_(1 - lr * weightDecay);
                else
                    gradient.Add(parameter, weightDecay);
            }
            var complex = parameter.DType.IsComplex();
            using var target = new RealView(parameter, complex);
            using var grad = new RealView(gradient.Value, complex);
            using var average = new RealView(state.Tensor("exp_avg"), complex);
            using var square = new RealView(state.Tensor("exp_avg_sq"), complex);

            average.Value.Lerp_(grad.Value, 1 - beta1);
            square.Value.Scale_(beta2).Addcmul_(grad.Value, grad.Value, 1 - beta2);

            var stepSize = lr / (1 - Math.Pow(beta1, step));
            var correction = Math.Pow(1 - Math.Pow(beta2, step), 0.5);
            using var denominator = amsgrad ? LargestRoot(state.Tensor("max_exp_avg_sq"), square.Value, complex) : square.Value.Sqrt();
            denominator.Div_(correction).Add_(eps);
            target.Value.Addcdiv_(average.Value, denominator, -stepSize);
        }
    }

    private ParamState Begun(Tensor parameter, Tensor gradient, bool amsgrad, bool fused)
    {
        RefuseSparse(gradient, "Adam works on dense gradients only, and one is sparse; SparseAdam is for those.");
        var state = StateOf(parameter);
        if (state.Count > 0)
            return state;
        if (fused)
            RefuseFused(parameter);
        state["step"] = fused ? Kept(Torch.Zeros([], DType.Float32, device: parameter.Device)) : StepTensor(0);
        state["exp_avg"] = ZerosLike(parameter);
        state["exp_avg_sq"] = ZerosLike(parameter);
        if (amsgrad)
            state["max_exp_avg_sq"] = ZerosLike(parameter);
        return state;
    }

    private void UpdateLists(
        ParamGroup group, bool fused, double lr, double beta1, double beta2, double eps, double weightDecay, bool amsgrad, bool maximize, bool decoupled)
    {
        foreach (var batch in StepBatch.Of(group, (parameter, gradient) =>
        {
            var state = Begun(parameter, gradient, amsgrad, fused);
            return amsgrad
                ? [state.Tensor("step"), state.Tensor("exp_avg"), state.Tensor("exp_avg_sq"), state.Tensor("max_exp_avg_sq")]
                : [state.Tensor("step"), state.Tensor("exp_avg"), state.Tensor("exp_avg_sq")];
        }))
        {
            using var owner = batch;
            using var scope = new TensorScope();
            if (fused)
            {
                Torch.Aten._ForeachAdd_(batch[0], 1);
                var largest = amsgrad ? batch[3] : [];
                if (decoupled)
                {
                    Torch.Aten._FusedAdamw_(
                        batch.Params, batch.Grads, batch[1], batch[2], largest, batch[0], lr, beta1, beta2, weightDecay, eps, amsgrad, maximize);
                }
                else
                {
                    Torch.Aten._FusedAdam_(
                        batch.Params, batch.Grads, batch[1], batch[2], largest, batch[0], lr, beta1, beta2, weightDecay, eps, amsgrad, maximize);
                }
                continue;
            }
            batch.ViewAsReal(except: 0);
            if (maximize)
                batch.Negate();
            var steps = batch.CountSteps();
            batch.DecayWeights(lr, weightDecay, decoupled);
            batch.UpdateMoments(1, 2, beta1, beta2);
            if (amsgrad)
                Torch.Aten._ForeachMaximum_(batch[3], batch[2]);
            var root = Torch.Aten._ForeachSqrt(batch[amsgrad ? 3 : 2]);
            Torch.Aten._ForeachDiv_(root, StepBatch.Scalars(steps, step => Math.Pow(1 - Math.Pow(beta2, step), 0.5)));
            Torch.Aten._ForeachAdd_(root, eps);
            Torch.Aten._ForeachAddcdiv_(batch.Params, batch[1], root, StepBatch.Scalars(steps, step => lr / (1 - Math.Pow(beta1, step)) * -1));
        }
    }

    private static Tensor LargestRoot(Tensor largest, Tensor square, bool complex)
    {
        using var view = new RealView(largest, complex);
        Torch.Maximum(view.Value, square, @out: view.Value);
        return view.Value.Sqrt();
    }
}

/// <summary>
/// <see cref="Adam"/> whose weight decay acts on the parameter itself: p ← p · (1 − lr · weight_decay) before the step. Mirrors
/// <c>torch.optim.AdamW</c>.
/// </summary>
public sealed class AdamW : Adam
{
    /// <summary>Changes these parameters.</summary>
    /// <param name="parameters">The parameters, for example <c>model.Parameters()</c>.</param>
    /// <param name="lr">Learning rate; default 0.001.</param>
    /// <param name="betas">β₁ and β₂, the shares of the old averages; default (0.9, 0.999).</param>
    /// <param name="eps">Added to the denominator; default 1e-8.</param>
    /// <param name="weightDecay">Weight decay; default 0.01.</param>
    /// <param name="amsgrad">Whether the largest average counts.</param>
    /// <param name="maximize">Goes up the gradient instead of down.</param>
    /// <param name="forEach">Whether one call treats all parameters; default: on an accelerator.</param>
    /// <param name="fused">Whether libtorch's fused kernel makes the whole step; default: no.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or there is no parameter.</exception>
    public AdamW(
        IEnumerable<Tensor> parameters, double lr = 1e-3, (double Beta1, double Beta2)? betas = null, double eps = 1e-8,
        double weightDecay = 1e-2, bool amsgrad = false, bool maximize = false, bool? forEach = null, bool? fused = null)
        : base(parameters, lr, betas, eps, weightDecay, amsgrad, forEach, maximize, fused, decoupledWeightDecay: true)
    {
    }

    /// <summary>Changes the parameters of these groups; options that a group does not set are those given here.</summary>
    /// <inheritdoc cref="AdamW(IEnumerable{Tensor}, double, ValueTuple{double, double}?, double, double, bool, bool, bool?, bool?)"/>
    public AdamW(
        IEnumerable<ParamGroup> parameters, double lr = 1e-3, (double Beta1, double Beta2)? betas = null, double eps = 1e-8,
        double weightDecay = 1e-2, bool amsgrad = false, bool maximize = false, bool? forEach = null, bool? fused = null)
        : base(parameters, lr, betas, eps, weightDecay, amsgrad, forEach, maximize, fused, decoupledWeightDecay: true)
    {
    }
}
