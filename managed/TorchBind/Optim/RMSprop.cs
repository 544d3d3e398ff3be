namespace TorchBind.Optim;

/// <summary>Steps scaled by the root of a running average of the squared gradient. Mirrors <c>torch.optim.RMSprop</c>.</summary>
/// <remarks>
/// With the gradient g of a parameter p, v = <c>square_avg</c>:
/// <code>
/// g ← g + weight_decay · p
/// v ← α · v + (1 − α) · g²
/// a ← √v + eps                       centered: a ← √(v − ḡ²) + eps, with ḡ = grad_avg, the running average of g
/// p ← p − lr · g / a                 with momentum: b ← momentum · b + g / a,  p ← p − lr · b
/// </code>
/// State: <c>step</c>, <c>square_avg</c>, with momentum <c>momentum_buffer</c>, centered <c>grad_avg</c>.
/// </remarks>
public sealed class RMSprop : Optimizer
{
    /// <summary>Changes these parameters.</summary>
    /// <param name="parameters">The parameters, for example <c>model.Parameters()</c>.</param>
    /// <param name="lr">Learning rate; default 0.01.</param>
    /// <param name="alpha">α, the share of the old average; default 0.99.</param>
    /// <param name="eps">Added to the denominator; default 1e-8.</param>
    /// <param name="weightDecay">Weight decay (L2 penalty); default 0.</param>
    /// <param name="momentum">Momentum factor; default 0.</param>
    /// <param name="centered">Whether the average gradient is taken off, so that its variance counts.</param>
    /// <param name="forEach">Whether one call treats all parameters; default: on an accelerator.</param>
    /// <param name="maximize">Goes up the gradient instead of down.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or there is no parameter.</exception>
    public RMSprop(
        IEnumerable<Tensor> parameters, double lr = 1e-2, double alpha = 0.99, double eps = 1e-8, double weightDecay = 0,
        double momentum = 0, bool centered = false, bool? forEach = null, bool maximize = false)
        : this(Group(parameters), lr, alpha, eps, weightDecay, momentum, centered, forEach, maximize)
    {
    }

    /// <summary>Changes the parameters of these groups; options that a group does not set are those given here.</summary>
    /// <inheritdoc cref="RMSprop(IEnumerable{Tensor}, double, double, double, double, double, bool, bool?, bool)"/>
    public RMSprop(
        IEnumerable<ParamGroup> parameters, double lr = 1e-2, double alpha = 0.99, double eps = 1e-8, double weightDecay = 0,
        double momentum = 0, bool centered = false, bool? forEach = null, bool maximize = false)
        : base(parameters, Options(lr, alpha, eps, weightDecay, momentum, centered, forEach, maximize))
    {
    }

    private static Dictionary<string, object?> Options(
        double lr, double alpha, double eps, double weightDecay, double momentum, bool centered, bool? forEach, bool maximize)
    {
        Require(lr >= 0, $"The option lr is {Text(lr)}; it must not be negative.");
        Require(eps >= 0, $"The option eps is {Text(eps)}; it must not be negative.");
        Require(momentum >= 0, $"The option momentum is {Text(momentum)}; it must not be negative.");
        Require(weightDecay >= 0, $"The option weightDecay is {Text(weightDecay)}; it must not be negative.");
        Require(alpha >= 0, $"The option alpha is {Text(alpha)}; it must not be negative.");
        return new()
        {
            ["lr"] = lr,
            ["momentum"] = momentum,
            ["alpha"] = alpha,
            ["eps"] = eps,
            ["centered"] = centered,
            ["weight_decay"] = weightDecay,
            ["capturable"] = false,
            ["foreach"] = forEach,
            ["maximize"] = maximize,
            ["differentiable"] = false,
        };
    }

    /// <inheritdoc/>
    protected override void Update(ParamGroup group)
    {
        var lr = group.Lr;
        var alpha = group.GetDouble("alpha");
        var eps = group.GetDouble("eps");
        var weightDecay = group.WeightDecay;
        var momentum = group.GetDouble("momentum");
        var centered = group.GetFlag("centered");
        var maximize = group.GetFlag("maximize");
        if (UsesLists(group))
        {
            UpdateLists(group, lr, alpha, eps, weightDecay, momentum, centered, maximize);
            return;
        }
        foreach (var parameter in group.Params)
        {
            if (parameter.Grad is not { } given)
                continue;
            using var gradient = new StepGradient(given);
            var state = Begun(parameter, given, momentum, centered);
            if (maximize)
                gradient.Negate();
            StepCounter.Increment(state.Tensor("step"));
            if (weightDecay != 0)
                gradient.Add(parameter, weightDecay);
            var complex = parameter.DType.IsComplex();
            using var target = new RealView(parameter, complex);
            using var grad = new RealView(gradient.Value, complex);
            using var square = new RealView(state.Tensor("square_avg"), complex);

            square.Value.Scale_(alpha).Addcmul_(grad.Value, grad.Value, 1 - alpha);
            using var average = centered ? Centered(state.Tensor("grad_avg"), grad.Value, square.Value, alpha, complex) : square.Value.Sqrt();
            average.Add_(eps);
            if (momentum > 0)
            {
                using var buffer = new RealView(state.Tensor("momentum_buffer"), complex);
                buffer.Value.Scale_(momentum).Addcdiv_(grad.Value, average);
                target.Value.Add_(buffer.Value, -lr);
            }
            else
            {
                target.Value.Addcdiv_(grad.Value, average, -lr);
            }
        }
    }

    private ParamState Begun(Tensor parameter, Tensor gradient, double momentum, bool centered)
    {
        RefuseSparse(gradient, "RMSprop works on dense gradients only, and one is sparse.");
        var state = StateOf(parameter);
        if (state.Count > 0)
            return state;
        state["step"] = StepTensor(0);
        state["square_avg"] = ZerosLike(parameter);
        if (momentum > 0)
            state["momentum_buffer"] = ZerosLike(parameter);
        if (centered)
            state["grad_avg"] = ZerosLike(parameter);
        return state;
    }

    private void UpdateLists(
        ParamGroup group, double lr, double alpha, double eps, double weightDecay, double momentum, bool centered, bool maximize)
    {
        foreach (var batch in StepBatch.Of(group, (parameter, gradient) =>
        {
            var state = Begun(parameter, gradient, momentum, centered);
            // What is not used repeats the squares: lists have one length.
            var square = state.Tensor("square_avg");
            return [state.Tensor("step"), square, momentum > 0 ? state.Tensor("momentum_buffer") : square, centered ? state.Tensor("grad_avg") : square];
        }))
        {
            using var owner = batch;
            using var scope = new TensorScope();
            batch.ViewAsReal(except: 0);
            if (maximize)
                batch.Negate();
            batch.CountSteps();
            if (weightDecay != 0)
                batch.AddParams(weightDecay);
            var (square, buffer, mean) = (batch[1], batch[2], batch[3]);
            Torch.Aten._ForeachMul_(square, alpha);
            Torch.Aten._ForeachAddcmul_(square, batch.Grads, batch.Grads, 1 - alpha);
            Tensor[] average;
            if (centered)
            {
                Torch.Aten._ForeachLerp_(mean, batch.Grads, 1 - alpha);
                average = Torch.Aten._ForeachAddcmul(square, mean, mean, -1);
                Torch.Aten._ForeachSqrt_(average);
            }
            else
            {
                average = Torch.Aten._ForeachSqrt(square);
            }
            Torch.Aten._ForeachAdd_(average, eps);
            if (momentum > 0)
            {
                Torch.Aten._ForeachMul_(buffer, momentum);
                Torch.Aten._ForeachAddcdiv_(buffer, batch.Grads, average);
                Torch.Aten._ForeachAdd_(batch.Params, buffer, -lr);
            }
            else
            {
                Torch.Aten._ForeachAddcdiv_(batch.Params, batch.Grads, average, -lr);
            }
        }
    }

    private static Tensor Centered(Tensor mean, Tensor gradient, Tensor square, double alpha, bool complex)
    {
        using var view = new RealView(mean, complex);
        view.Value.Lerp_(gradient, 1 - alpha);
        return square.Addcmul(view.Value, view.Value, -1).Sqrt_();
    }
}
