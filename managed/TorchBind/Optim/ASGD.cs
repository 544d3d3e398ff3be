namespace TorchBind.Optim;

/// <summary>Stochastic gradient descent that also averages the parameters. Mirrors <c>torch.optim.ASGD</c>.</summary>
/// <remarks>
/// With the gradient g of a parameter p at step t, the rate η (<c>eta</c>, first <c>lr</c>), the average a (<c>ax</c>):
/// <code>
/// g ← g + weight_decay · p
/// p ← p · (1 − λ · η) − η · g
/// a ← a + μ · (p − a)
/// η ← lr / (1 + λ · lr · t)^α,   μ ← 1 / max(1, t − t0)
/// </code>
/// The average is in the state, under <c>ax</c>. State: <c>step</c>, <c>eta</c>, <c>mu</c>, <c>ax</c>.
/// </remarks>
public sealed class ASGD : Optimizer
{
    /// <summary>Changes these parameters.</summary>
    /// <param name="parameters">The parameters, for example <c>model.Parameters()</c>.</param>
    /// <param name="lr">Learning rate; default 0.01.</param>
    /// <param name="lambd">λ, the decay; default 1e-4.</param>
    /// <param name="alpha">α, the power by which the rate falls; default 0.75.</param>
    /// <param name="t0">The step at which averaging begins; default 1e6.</param>
    /// <param name="weightDecay">Weight decay (L2 penalty); default 0.</param>
    /// <param name="forEach">Whether one call treats all parameters; default: on an accelerator.</param>
    /// <param name="maximize">Goes up the gradient instead of down.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or there is no parameter.</exception>
    public ASGD(
        IEnumerable<Tensor> parameters, double lr = 1e-2, double lambd = 1e-4, double alpha = 0.75, double t0 = 1e6,
        double weightDecay = 0, bool? forEach = null, bool maximize = false)
        : this(Group(parameters), lr, lambd, alpha, t0, weightDecay, forEach, maximize)
    {
    }

    /// <summary>Changes the parameters of these groups; options that a group does not set are those given here.</summary>
    /// <inheritdoc cref="ASGD(IEnumerable{Tensor}, double, double, double, double, double, bool?, bool)"/>
    public ASGD(
        IEnumerable<ParamGroup> parameters, double lr = 1e-2, double lambd = 1e-4, double alpha = 0.75, double t0 = 1e6,
        double weightDecay = 0, bool? forEach = null, bool maximize = false)
        : base(parameters, Options(lr, lambd, alpha, t0, weightDecay, forEach, maximize))
    {
    }

    private static Dictionary<string, object?> Options(
        double lr, double lambd, double alpha, double t0, double weightDecay, bool? forEach, bool maximize)
    {
        Require(lr >= 0, $"The option lr is {Text(lr)}; it must not be negative.");
        Require(weightDecay >= 0, $"The option weightDecay is {Text(weightDecay)}; it must not be negative.");
        return new()
        {
            ["lr"] = lr,
            ["lambd"] = lambd,
            ["alpha"] = alpha,
            ["t0"] = t0,
            ["weight_decay"] = weightDecay,
            ["foreach"] = forEach,
            ["maximize"] = maximize,
            ["differentiable"] = false,
            ["capturable"] = false,
        };
    }

    /// <inheritdoc/>
    protected override void AfterLoad()
    {
        base.AfterLoad();
        foreach (var state in State.Values)
        {
            foreach (var name in (string[])["eta", "mu"])
            {
                if (state.ContainsKey(name) && state[name] is not Tensor)
                    state[name] = StepTensor(PythonData.ToDouble(state[name], name));
            }
        }
    }

    /// <inheritdoc/>
    protected override void Update(ParamGroup group)
    {
        var lr = group.Lr;
        var lambd = group.GetDouble("lambd");
        var alpha = group.GetDouble("alpha");
        var t0 = group.GetDouble("t0");
        var weightDecay = group.WeightDecay;
        var maximize = group.GetFlag("maximize");
        if (UsesLists(group))
        {
            UpdateLists(group, lr, lambd, alpha, t0, weightDecay, maximize);
            return;
        }
        foreach (var parameter in group.Params)
        {
            if (parameter.Grad is not { } given)
                continue;
            var complex = parameter.DType.IsComplex();
            using var gradient = new StepGradient(given, complex);
            var state = Begun(parameter, given, lr);
            if (maximize)
                gradient.Negate();
            using var target = new RealView(parameter, complex);
            using var average = new RealView(state.Tensor("ax"), complex);
            var eta = state.Tensor("eta");
            var mu = state.Tensor("mu");
            var step = StepCounter.Increment(state.Tensor("step"));
            if (weightDecay != 0)
                gradient.Add(target.Value, weightDecay);

            var rate = eta.Item<double>();
            target.Value.Scale_(1 - lambd * rate);
            target.Value.Add_(gradient.Value, -rate);
            if (mu.Item<double>() != 1)
            {
                using var change = target.Value.Sub(average.Value);
                average.Value.Add_(change.Mul_(mu));
            }
            else
            {
                average.Value.Copy_(target.Value);
            }
            // Through the default dtype, as Python's new tensors go.
            eta.Fill_(Rounded(lr / Math.Pow(1 + lambd * lr * step, alpha)));
            mu.Fill_(Rounded(1 / Math.Max(1, step - t0)));
        }
    }

    private ParamState Begun(Tensor parameter, Tensor gradient, double lr)
    {
        RefuseSparse(gradient, "ASGD works on dense gradients only, and one is sparse.");
        var state = StateOf(parameter);
        if (state.Count > 0)
            return state;
        var device = parameter.Device;
        state["step"] = Kept(Torch.Zeros([], ScalarDType, device: device));
        state["eta"] = Kept(Torch.Full([], lr, dtype: ScalarDType, device: device));
        state["mu"] = Kept(Torch.Ones([], ScalarDType, device: device));
        state["ax"] = ZerosLike(parameter);
        return state;
    }

    private void UpdateLists(ParamGroup group, double lr, double lambd, double alpha, double t0, double weightDecay, bool maximize)
    {
        foreach (var batch in StepBatch.Of(group, (parameter, gradient) =>
        {
            var state = Begun(parameter, gradient, lr);
            return [state.Tensor("step"), state.Tensor("eta"), state.Tensor("mu"), state.Tensor("ax")];
        }))
        {
            using var owner = batch;
            using var scope = new TensorScope();
            batch.ViewAsReal(0, 1, 2);
            if (maximize)
                batch.Negate();
            var steps = batch.CountSteps();
            if (weightDecay != 0)
                batch.AddParams(weightDecay);
            var change = batch.Grads;
            if (weightDecay != 0)
                Torch.Aten._ForeachAdd_(change, batch.Params, lambd);
            else
                change = Torch.Aten._ForeachAdd(change, batch.Params, lambd);
            Torch.Aten._ForeachAddcmul_(batch.Params, change, batch[1], -1);
            var distance = Torch.Aten._ForeachSub(batch.Params, batch[3]);
            Torch.Aten._ForeachAddcmul_(batch[3], distance, batch[2]);
            for (var i = 0; i < steps.Length; i++)
            {
                // Python computes the rates from the tensor of the steps, in its precision.
                var step = batch[0][i];
                batch[1][i].Copy_(lr / (1 + step * (lambd * lr)).Pow(alpha));
                batch[2][i].Fill_(Rounded(1 / Math.Max(1, steps[i] - t0)));
            }
        }
    }

    private static double Rounded(double value) => Torch.GetDefaultDType() == DType.Float64 ? value : (float)value;
}
