namespace TorchBind.Optim;

/// <summary>
/// Stochastic gradient descent, with momentum if wanted. Mirrors <c>torch.optim.SGD</c>.
/// </summary>
/// <remarks>
/// With the gradient g of a parameter p, and b its momentum buffer:
/// <code>
/// g ← g + weight_decay · p
/// b ← momentum · b + (1 − dampening) · g      (first step: b ← g)
/// g ← g + momentum · b   with nesterov,   g ← b   without
/// p ← p − lr · g
/// </code>
/// State: <c>momentum_buffer</c>, with momentum only.
/// </remarks>
public sealed class SGD : Optimizer
{
    /// <summary>Changes these parameters.</summary>
    /// <param name="parameters">The parameters, for example <c>model.Parameters()</c>.</param>
    /// <param name="lr">Learning rate; default 0.001.</param>
    /// <param name="momentum">Momentum factor; default 0.</param>
    /// <param name="dampening">How much of a new gradient the momentum leaves out; default 0.</param>
    /// <param name="weightDecay">Weight decay (L2 penalty); default 0.</param>
    /// <param name="nesterov">Nesterov's momentum; needs a momentum and no dampening.</param>
    /// <param name="maximize">Goes up the gradient instead of down.</param>
    /// <param name="forEach">Whether one call treats all parameters; default: on an accelerator.</param>
    /// <param name="fused">Whether libtorch's fused kernel makes the whole step; default: no.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or there is no parameter.</exception>
    public SGD(
        IEnumerable<Tensor> parameters, double lr = 1e-3, double momentum = 0, double dampening = 0, double weightDecay = 0,
        bool nesterov = false, bool maximize = false, bool? forEach = null, bool? fused = null)
        : this(Group(parameters), lr, momentum, dampening, weightDecay, nesterov, maximize, forEach, fused)
    {
    }

    /// <summary>Changes the parameters of these groups; options that a group does not set are those given here.</summary>
    /// <inheritdoc cref="SGD(IEnumerable{Tensor}, double, double, double, double, bool, bool, bool?, bool?)"/>
    public SGD(
        IEnumerable<ParamGroup> parameters, double lr = 1e-3, double momentum = 0, double dampening = 0, double weightDecay = 0,
        bool nesterov = false, bool maximize = false, bool? forEach = null, bool? fused = null)
        : base(parameters, Options(lr, momentum, dampening, weightDecay, nesterov, maximize, forEach, fused))
    {
    }

    private static Dictionary<string, object?> Options(
        double lr, double momentum, double dampening, double weightDecay, bool nesterov, bool maximize, bool? forEach, bool? fused)
    {
        Require(lr >= 0, $"The option lr is {Text(lr)}; it must not be negative.");
        Require(momentum >= 0, $"The option momentum is {Text(momentum)}; it must not be negative.");
        Require(weightDecay >= 0, $"The option weightDecay is {Text(weightDecay)}; it must not be negative.");
        Require(!nesterov || (momentum > 0 && dampening == 0), $"With nesterov, momentum must be above 0 and dampening 0; they are {Text(momentum)} and {Text(dampening)}.");
        Require(fused != true || forEach != true, "The options fused and forEach exclude each other: set one of them at most.");
        return new()
        {
            ["lr"] = lr,
            ["momentum"] = momentum,
            ["dampening"] = dampening,
            ["weight_decay"] = weightDecay,
            ["nesterov"] = nesterov,
            ["maximize"] = maximize,
            ["foreach"] = forEach,
            ["differentiable"] = false,
            ["fused"] = fused,
        };
    }

    /// <inheritdoc/>
    protected override void Update(ParamGroup group)
    {
        var lr = group.Lr;
        var momentum = group.GetDouble("momentum");
        var dampening = group.GetDouble("dampening");
        var weightDecay = group.WeightDecay;
        var nesterov = group.GetFlag("nesterov");
        var maximize = group.GetFlag("maximize");
        if (group.GetFlag("fused"))
        {
            UpdateFused(group, lr, momentum, dampening, weightDecay, nesterov, maximize);
            return;
        }
        if (UsesLists(group))
        {
            UpdateLists(group, lr, momentum, dampening, weightDecay, nesterov, maximize);
            return;
        }
        foreach (var parameter in group.Params)
        {
            if (parameter.Grad is not { } given)
                continue;
            using var gradient = new StepGradient(given);
            if (maximize)
                gradient.Negate();
            if (weightDecay != 0)
                gradient.Add(parameter, weightDecay);
            if (momentum == 0)
            {
                parameter.Add_(gradient.Value, -lr);
                continue;
            }
            var state = StateOf(parameter);
            var buffer = state.OptionalTensor("momentum_buffer");
            if (buffer is null)
            {
                if (!nesterov)
                {
                    state["momentum_buffer"] = buffer = Kept(gradient.Take());
                    parameter.Add_(buffer, -lr);
                    continue;
                }
                state["momentum_buffer"] = buffer = Kept(gradient.Value.Clone());
            }
            else
            {
                buffer.Scale_(momentum).Add_(gradient.Value, 1 - dampening);
            }
            if (nesterov)
                gradient.Add(buffer, momentum);
            parameter.Add_(nesterov ? gradient.Value : buffer, -lr);
        }
    }

    private void UpdateLists(ParamGroup group, double lr, double momentum, double dampening, double weightDecay, bool nesterov, bool maximize)
    {
        foreach (var batch in StepBatch.Of(group, static (_, _) => []))
        {
            using var owner = batch;
            using var scope = new TensorScope();
            var sparse = batch.Grads.Any(static gradient => gradient.IsSparse);
            if (maximize)
                batch.Negate();
            if (weightDecay != 0)
                batch.AddParams(weightDecay);
            var steps = batch.Grads;
            if (momentum != 0)
            {
                var states = Array.ConvertAll(batch.Params, StateOf);
                var buffers = Array.ConvertAll(states, static state => state.OptionalTensor("momentum_buffer")!);
                if (Array.IndexOf(buffers, null) < 0)
                {
                    Torch.Aten._ForeachMul_(buffers, momentum);
                    Torch.Aten._ForeachAdd_(buffers, batch.Grads, 1 - dampening);
                }
                else
                {
                    for (var i = 0; i < buffers.Length; i++)
                    {
                        if (buffers[i] is null)
                            states[i]["momentum_buffer"] = buffers[i] = Kept(batch.Grads[i].Clone());
                        else
                            buffers[i].Scale_(momentum).Add_(batch.Grads[i], 1 - dampening);
                    }
                }
                if (nesterov)
                {
                    // In place, as in Python: without weight decay the parameters' own gradients change.
                    Torch.Aten._ForeachAdd_(batch.Grads, buffers, momentum);
                }
                else
                {
                    steps = buffers;
                }
            }
            if (!sparse)
            {
                Torch.Aten._ForeachAdd_(batch.Params, steps, -lr);
                continue;
            }
            for (var i = 0; i < steps.Length; i++)
                batch.Params[i].Add_(steps[i], -lr);
        }
    }

    private void UpdateFused(ParamGroup group, double lr, double momentum, double dampening, double weightDecay, bool nesterov, bool maximize)
    {
        // The kernel treats a first step of all parameters; a parameter that comes later begins at zero.
        var first = momentum != 0 && group.Params.All(parameter =>
            !State.TryGetValue(parameter, out var state) || state.OptionalTensor("momentum_buffer") is null);
        foreach (var batch in StepBatch.Of(group, (parameter, gradient) =>
        {
            RefuseFused(parameter);
            RefuseSparse(gradient, "A fused SGD works on dense gradients only, and one is sparse: leave fused off.");
            if (momentum == 0)
                return [];
            var state = StateOf(parameter);
            if (state.OptionalTensor("momentum_buffer") is null)
                state["momentum_buffer"] = ZerosLike(gradient);
            return [state.Tensor("momentum_buffer")];
        }))
        {
            using var owner = batch;
            Torch.Aten._FusedSgd_(batch.Params, batch.Grads, momentum == 0 ? [] : batch[0], weightDecay, momentum, lr, dampening, nesterov, maximize, first);
        }
    }
}
