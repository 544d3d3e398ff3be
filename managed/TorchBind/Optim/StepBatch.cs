namespace TorchBind.Optim;

/// <summary>
/// Parameters of one device and dtype that have a gradient, with their gradients and states as lists: what the operations on lists
/// (<c>_foreach_*</c>) and the fused ones want.
/// </summary>
internal sealed class StepBatch : IDisposable
{
    private readonly List<Tensor> _owned = [];
    private readonly bool _complex;
    private readonly Tensor[][] _states;

    private StepBatch(List<(Tensor Parameter, Tensor Gradient, Tensor[] States)> entries, bool complex)
    {
        Params = [.. entries.Select(static entry => entry.Parameter)];
        Grads = [.. entries.Select(static entry => entry.Gradient)];
        _owned.AddRange(Grads);
        _states = new Tensor[entries[0].States.Length][];
        for (var i = 0; i < _states.Length; i++)
            _states[i] = [.. entries.Select(entry => entry.States[i])];
        _complex = complex;
    }

    /// <summary>The parameters.</summary>
    internal Tensor[] Params { get; private set; }

    /// <summary>Their gradients, or what was made of them.</summary>
    internal Tensor[] Grads { get; private set; }

    /// <summary>Whether <see cref="Grads"/> may be written to.</summary>
    internal bool OwnsGrads { get; private set; }

    /// <summary>One kind of state of all parameters.</summary>
    internal Tensor[] this[int state] => _states[state];

    /// <summary>The parameters of a group that have a gradient, sorted by device and dtype.</summary>
    /// <param name="group">The group.</param>
    /// <param name="states">The states of a parameter, which are made here where it has none.</param>
    internal static List<StepBatch> Of(ParamGroup group, Func<Tensor, Tensor, Tensor[]> states) => Of(group, static (_, _) => true, states);

    /// <summary>The same of those parameters and gradients that a condition chooses.</summary>
    internal static List<StepBatch> Of(ParamGroup group, Func<Tensor, Tensor, bool> chosen, Func<Tensor, Tensor, Tensor[]> states)
    {
        var sorted = new OrderedDictionary<(Device, DType), List<(Tensor, Tensor, Tensor[])>>();
        foreach (var parameter in group.Params)
        {
            if (parameter.Grad is not { } gradient)
                continue;
            if (!chosen(parameter, gradient))
            {
                gradient.Dispose();
                continue;
            }
            var key = (parameter.Device, parameter.DType);
            if (!sorted.TryGetValue(key, out var entries))
                sorted.Add(key, entries = []);
            entries.Add((parameter, gradient, states(parameter, gradient)));
        }
        return [.. sorted.Select(static entry => new StepBatch(entry.Value, entry.Key.Item2.IsComplex()))];
    }

    /// <summary>
    /// Sees complex tensors as pairs of reals; <paramref name="except"/> names states that are numbers. The views belong to the
    /// scope that is open.
    /// </summary>
    internal void ViewAsReal(params ReadOnlySpan<int> except)
    {
        if (!_complex)
            return;
        Params = Array.ConvertAll(Params, Torch.ViewAsReal);
        Grads = Array.ConvertAll(Grads, Torch.ViewAsReal);
        for (var i = 0; i < _states.Length; i++)
        {
            if (!except.Contains(i))
                _states[i] = Array.ConvertAll(_states[i], Torch.ViewAsReal);
        }
    }

    /// <summary>The gradients with the other sign.</summary>
    internal void Negate()
    {
        Grads = Torch.Aten._ForeachNeg(Grads);
        OwnsGrads = true;
    }

    /// <summary>Adds a multiple of the parameters to the gradients.</summary>
    internal void AddParams(double factor)
    {
        if (OwnsGrads)
            Torch.Aten._ForeachAdd_(Grads, Params, factor);
        else
            Grads = Torch.Aten._ForeachAdd(Grads, Params, factor);
        OwnsGrads = true;
    }

    /// <summary>Makes the weights smaller: decoupled, the parameters themselves; else by the gradients.</summary>
    internal void DecayWeights(double lr, double weightDecay, bool decoupled)
    {
        if (weightDecay == 0)
            return;
        if (decoupled)
            Torch.Aten._ForeachMul_(Params, 1 - lr * weightDecay);
        else
            AddParams(weightDecay);
    }

    /// <summary>The running averages of the gradients and of their squares, as Adam and its relatives keep them.</summary>
    internal void UpdateMoments(int first, int second, double beta1, double beta2)
    {
        Torch.Aten._ForeachLerp_(_states[first], Grads, 1 - beta1);
        Torch.Aten._ForeachMul_(_states[second], beta2);
        Torch.Aten._ForeachAddcmul_(_states[second], Grads, Grads, 1 - beta2);
    }

    /// <summary>Adds one to the numbers of steps and returns them.</summary>
    internal double[] CountSteps(int state = 0) => Array.ConvertAll(_states[state], StepCounter.Increment);

    /// <summary>A number for each parameter.</summary>
    internal static Scalar[] Scalars(double[] steps, Func<double, double> number) => Array.ConvertAll(steps, step => (Scalar)number(step));

    public void Dispose()
    {
        foreach (var tensor in _owned)
            tensor.Dispose();
    }
}
