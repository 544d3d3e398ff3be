namespace TorchBind.Optim;

/// <summary>Steps that shrink by the root of the sum of all squared gradients so far. Mirrors <c>torch.optim.Adagrad</c>.</summary>
/// <remarks>
/// With the gradient g of a parameter p at step t, s = <c>sum</c>:
/// <code>
/// g ← g + weight_decay · p
/// s ← s + g²
/// p ← p − lr / (1 + (t − 1) · lr_decay) · g / (√s + eps)
/// </code>
/// Sparse gradients change only the rows that they name. State: <c>step</c>, <c>sum</c>.
/// </remarks>
public sealed class Adagrad : Optimizer
{
    /// <summary>Changes these parameters.</summary>
    /// <param name="parameters">The parameters, for example <c>model.Parameters()</c>.</param>
    /// <param name="lr">Learning rate; default 0.01.</param>
    /// <param name="lrDecay">How fast the learning rate falls; default 0.</param>
    /// <param name="weightDecay">Weight decay (L2 penalty); default 0.</param>
    /// <param name="initialAccumulatorValue">Where the sum of squares begins; default 0.</param>
    /// <param name="eps">Added to the denominator; default 1e-10.</param>
    /// <param name="forEach">Whether one call treats all parameters; default: on an accelerator.</param>
    /// <param name="maximize">Goes up the gradient instead of down.</param>
    /// <param name="fused">Whether libtorch's fused kernel makes the whole step; default: no.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or there is no parameter.</exception>
    public Adagrad(
        IEnumerable<Tensor> parameters, double lr = 1e-2, double lrDecay = 0, double weightDecay = 0,
        double initialAccumulatorValue = 0, double eps = 1e-10, bool? forEach = null, bool maximize = false, bool? fused = null)
        : this(Group(parameters), lr, lrDecay, weightDecay, initialAccumulatorValue, eps, forEach, maximize, fused)
    {
    }

    /// <summary>Changes the parameters of these groups; options that a group does not set are those given here.</summary>
    /// <inheritdoc cref="Adagrad(IEnumerable{Tensor}, double, double, double, double, double, bool?, bool, bool?)"/>
    public Adagrad(
        IEnumerable<ParamGroup> parameters, double lr = 1e-2, double lrDecay = 0, double weightDecay = 0,
        double initialAccumulatorValue = 0, double eps = 1e-10, bool? forEach = null, bool maximize = false, bool? fused = null)
        : base(parameters, Options(lr, lrDecay, weightDecay, initialAccumulatorValue, eps, forEach, maximize, fused))
    {
        foreach (var group in ParamGroups)
        {
            foreach (var parameter in group.Params)
                Begin(StateOf(parameter), parameter, group.GetFlag("fused"));
        }
    }

    private static Dictionary<string, object?> Options(
        double lr, double lrDecay, double weightDecay, double initialAccumulatorValue, double eps, bool? forEach, bool maximize, bool? fused)
    {
        Require(lr >= 0, $"The option lr is {Text(lr)}; it must not be negative.");
        Require(lrDecay >= 0, $"The option lrDecay is {Text(lrDecay)}; it must not be negative.");
        Require(weightDecay >= 0, $"The option weightDecay is {Text(weightDecay)}; it must not be negative.");
        Require(initialAccumulatorValue >= 0, $"The option initialAccumulatorValue is {Text(initialAccumulatorValue)}; it must not be negative.");
        Require(eps >= 0, $"The option eps is {Text(eps)}; it must not be negative.");
        Require(fused != true || forEach != true, "The options fused and forEach exclude each other: set one of them at most.");
        return new()
        {
            ["lr"] = lr,
            ["lr_decay"] = lrDecay,
            ["eps"] = eps,
            ["weight_decay"] = weightDecay,
            ["initial_accumulator_value"] = initialAccumulatorValue,
            ["foreach"] = forEach,
            ["maximize"] = maximize,
            ["differentiable"] = false,
            ["fused"] = fused,
        };
    }

    private void Begin(ParamState state, Tensor parameter, bool fused)
    {
        if (fused)
            RefuseFused(parameter);
        var start = PythonData.ToDouble(Defaults["initial_accumulator_value"], "initial_accumulator_value");
        state["step"] = fused ? Kept(Torch.Zeros([], DType.Float32, device: parameter.Device)) : StepTensor(0);
        state["sum"] = Kept(parameter.DType.IsComplex()
            ? Torch.FullLike(parameter, new System.Numerics.Complex(start, start), memoryFormat: MemoryFormat.Preserve)
            : Torch.FullLike(parameter, start, memoryFormat: MemoryFormat.Preserve));
    }

    /// <inheritdoc/>
    protected override void Update(ParamGroup group)
    {
        var lr = group.Lr;
        var lrDecay = group.GetDouble("lr_decay");
        var eps = group.GetDouble("eps");
        var weightDecay = group.WeightDecay;
        var maximize = group.GetFlag("maximize");
        var fused = group.GetFlag("fused");
        if ((fused || UsesLists(group)) && !(!fused && HasSparseGradient(group)))
        {
            UpdateLists(group, fused, lr, lrDecay, eps, weightDecay, maximize);
            return;
        }
        foreach (var parameter in group.Params)
        {
            if (parameter.Grad is not { } given)
                continue;
            using var gradient = new StepGradient(given);
            var state = StateOf(parameter);
            if (state.Count == 0)
                Begin(state, parameter, fused);
            var step = StepCounter.Increment(state.Tensor("step"));
            if (maximize)
                gradient.Negate();
            if (weightDecay != 0)
            {
                RefuseSparse(given, "With sparse gradients, weightDecay must be 0.");
                gradient.Add(parameter, weightDecay);
            }
            var rate = lr / (1 + (step - 1) * lrDecay);
            if (given.IsSparse)
            {
                UpdateSparse(parameter, gradient.Value, state.Tensor("sum"), rate, eps);
                continue;
            }
            var complex = parameter.DType.IsComplex();
            using var target = new RealView(parameter, complex);
            using var grad = new RealView(gradient.Value, complex);
            using var sum = new RealView(state.Tensor("sum"), complex);
            sum.Value.Addcmul_(grad.Value, grad.Value, 1);
            using var root = sum.Value.Sqrt();
            root.Add_(eps);
            target.Value.Addcdiv_(grad.Value, root, -rate);
        }
    }

    private static bool HasSparseGradient(ParamGroup group)
    {
        foreach (var parameter in group.Params)
        {
            using var gradient = parameter.Grad;
            if (gradient is { IsSparse: true })
                return true;
        }
        return false;
    }

    private void UpdateLists(ParamGroup group, bool fused, double lr, double lrDecay, double eps, double weightDecay, bool maximize)
    {
        foreach (var batch in StepBatch.Of(group, (parameter, gradient) =>
        {
            if (fused)
            {
                RefuseFused(parameter);
                RefuseSparse(gradient, "A fused Adagrad works on dense gradients only, and one is sparse: leave fused off.");
            }
            var state = StateOf(parameter);
            if (state.Count == 0)
                Begin(state, parameter, fused);
            return [state.Tensor("step"), state.Tensor("sum")];
        }))
        {
            using var owner = batch;
            using var scope = new TensorScope();
            if (fused)
            {
                Torch.Aten._ForeachAdd_(batch[0], 1);
                Torch.Aten._FusedAdagrad_(batch.Params, batch.Grads, batch[1], batch[0], lr, lrDecay, weightDecay, eps, maximize);
                continue;
            }
            batch.ViewAsReal(except: 0);
            if (maximize)
                batch.Negate();
            var rates = StepBatch.Scalars(batch.CountSteps(), step => -lr / (1 + (step - 1) * lrDecay));
            if (weightDecay != 0)
                batch.AddParams(weightDecay);
            Torch.Aten._ForeachAddcmul_(batch[1], batch.Grads, batch.Grads, 1);
            var root = Torch.Aten._ForeachSqrt(batch[1]);
            Torch.Aten._ForeachAdd_(root, eps);
            var numerator = batch.Grads;
            if (batch.OwnsGrads)
                Torch.Aten._ForeachMul_(numerator, rates);
            else
                numerator = Torch.Aten._ForeachMul(numerator, rates);
            Torch.Aten._ForeachAddcdiv_(batch.Params, numerator, root);
        }
    }

    private static void UpdateSparse(Tensor parameter, Tensor gradient, Tensor sum, double rate, double eps)
    {
        using var scope = new TensorScope();
        var rows = gradient.Coalesce(); // the update is not linear: each row once
        var values = SparseRows.Values(rows);
        sum.Add_(SparseRows.Like(rows, values.Pow(2)));
        var root = SparseRows.Values(sum.SparseMask(rows)).Sqrt_().Add_(eps);
        parameter.Add_(SparseRows.Like(rows, values / root), -rate);
    }
}
