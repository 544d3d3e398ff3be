namespace TorchBind.Optim;

/// <summary>
/// Resilient backpropagation: only the signs of the gradient count, and each element has its own step size. Mirrors
/// <c>torch.optim.Rprop</c>.
/// </summary>
/// <remarks>
/// With the gradient g of a parameter p, the one before (<c>prev</c>) and the step sizes s (<c>step_size</c>, first <c>lr</c>):
/// where g and prev have the same sign, s grows by η⁺; where they differ, s shrinks by η⁻ and g counts as 0; s stays within
/// <c>step_sizes</c>. Then p ← p − sign(g) · s. State: <c>step</c>, <c>prev</c>, <c>step_size</c>.
/// </remarks>
public sealed class Rprop : Optimizer
{
    /// <summary>Changes these parameters.</summary>
    /// <param name="parameters">The parameters, for example <c>model.Parameters()</c>.</param>
    /// <param name="lr">The first step size; default 0.01.</param>
    /// <param name="etas">η⁻ and η⁺, by which step sizes shrink and grow; default (0.5, 1.2).</param>
    /// <param name="stepSizes">The smallest and the largest step size; default (1e-6, 50).</param>
    /// <param name="forEach">Whether one call treats all parameters; default: on an accelerator.</param>
    /// <param name="maximize">Goes up the gradient instead of down.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or there is no parameter.</exception>
    public Rprop(
        IEnumerable<Tensor> parameters, double lr = 1e-2, (double EtaMinus, double EtaPlus)? etas = null,
        (double Smallest, double Largest)? stepSizes = null, bool? forEach = null, bool maximize = false)
        : this(Group(parameters), lr, etas, stepSizes, forEach, maximize)
    {
    }

    /// <summary>Changes the parameters of these groups; options that a group does not set are those given here.</summary>
    /// <inheritdoc cref="Rprop(IEnumerable{Tensor}, double, ValueTuple{double, double}?, ValueTuple{double, double}?, bool?, bool)"/>
    public Rprop(
        IEnumerable<ParamGroup> parameters, double lr = 1e-2, (double EtaMinus, double EtaPlus)? etas = null,
        (double Smallest, double Largest)? stepSizes = null, bool? forEach = null, bool maximize = false)
        : base(parameters, Options(lr, etas ?? (0.5, 1.2), stepSizes ?? (1e-6, 50), forEach, maximize))
    {
    }

    private static Dictionary<string, object?> Options(
        double lr, (double EtaMinus, double EtaPlus) etas, (double Smallest, double Largest) stepSizes, bool? forEach, bool maximize)
    {
        Require(lr >= 0, $"The option lr is {Text(lr)}; it must not be negative.");
        Require(etas.EtaMinus is > 0 and < 1 && etas.EtaPlus > 1, $"The etas are {Text(etas.EtaMinus)} and {Text(etas.EtaPlus)}; the first must lie between 0 and 1, the second above 1.");
        return new()
        {
            ["lr"] = lr,
            ["etas"] = etas,
            ["step_sizes"] = stepSizes,
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
        var (etaMinus, etaPlus) = group.GetPair("etas");
        var (smallest, largest) = group.GetPair("step_sizes");
        var maximize = group.GetFlag("maximize");
        if (UsesLists(group))
        {
            UpdateLists(group, lr, etaMinus, etaPlus, smallest, largest, maximize);
            return;
        }
        foreach (var parameter in group.Params)
        {
            if (parameter.Grad is not { } given)
                continue;
            using var gradient = new StepGradient(given);
            var complex = parameter.DType.IsComplex();
            var state = Begun(parameter, given, lr);
            if (maximize)
                gradient.Negate();
            StepCounter.Increment(state.Tensor("step"));
            using var target = new RealView(parameter, complex);
            using var grad = new RealView(gradient.Value, complex);
            using var previous = new RealView(state.Tensor("prev"), complex);
            using var sizes = new RealView(state.Tensor("step_size"), complex);

            using var factor = grad.Value.Mul(previous.Value);
            SignToFactor(factor.Sign_(), etaMinus, etaPlus);
            sizes.Value.Mul_(factor).Clamp_(smallest, largest);

            // Where the sign turned, there is no step now and no previous gradient next time.
            using var turned = factor.Eq(etaMinus);
            using var used = grad.Value.Clone(MemoryFormat.Preserve);
            used.MaskedFill_(turned, 0);
            using var sign = used.Sign();
            target.Value.Addcmul_(sign, sizes.Value, -1);
            previous.Value.Copy_(used);
        }
    }

    private static void SignToFactor(Tensor sign, double etaMinus, double etaPlus)
    {
        using var same = sign.Gt(0);
        using var other = sign.Lt(0);
        using var none = sign.Eq(0);
        sign.MaskedFill_(same, etaPlus).MaskedFill_(other, etaMinus).MaskedFill_(none, 1);
    }

    private ParamState Begun(Tensor parameter, Tensor gradient, double lr)
    {
        RefuseSparse(gradient, "Rprop works on dense gradients only, and one is sparse.");
        var state = StateOf(parameter);
        if (state.Count > 0)
            return state;
        state["step"] = StepTensor(0);
        state["prev"] = ZerosLike(parameter);
        state["step_size"] = Kept(Torch.FullLike(gradient, parameter.DType.IsComplex() ? new System.Numerics.Complex(lr, lr) : (Scalar)lr));
        return state;
    }

    private void UpdateLists(ParamGroup group, double lr, double etaMinus, double etaPlus, double smallest, double largest, bool maximize)
    {
        foreach (var batch in StepBatch.Of(group, (parameter, gradient) =>
        {
            var state = Begun(parameter, gradient, lr);
            return [state.Tensor("step"), state.Tensor("prev"), state.Tensor("step_size")];
        }))
        {
            using var owner = batch;
            using var scope = new TensorScope();
            batch.CountSteps();
            batch.ViewAsReal(except: 0);
            var (previous, sizes) = (batch[1], batch[2]);
            var factors = Torch.Aten._ForeachMul(batch.Grads, previous);
            if (maximize)
                Torch.Aten._ForeachNeg_(factors);
            Torch.Aten._ForeachCopy_(previous, batch.Grads);
            if (maximize)
                Torch.Aten._ForeachNeg_(previous);
            Torch.Aten._ForeachSign_(factors);
            foreach (var factor in factors)
                SignToFactor(factor, etaMinus, etaPlus);
            Torch.Aten._ForeachMul_(sizes, factors);
            for (var i = 0; i < sizes.Length; i++)
            {
                sizes[i].Clamp_(smallest, largest);
                previous[i].MaskedFill_(factors[i].Eq(etaMinus), 0);
            }
            Torch.Aten._ForeachAddcmul_(batch.Params, Array.ConvertAll(previous, static gradient => gradient.Sign()), sizes, -1);
        }
    }
}
