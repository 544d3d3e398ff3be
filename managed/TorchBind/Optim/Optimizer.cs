using System.Globalization;
using System.Text;

namespace TorchBind.Optim;

/// <summary>
/// Changes parameters by their gradients. A subclass says how: <see cref="SGD"/>, <see cref="Adam"/> and the others do what
/// Python's do, operation by operation, so that the same gradients give the same bits. Mirrors <c>torch.optim.Optimizer</c>.
/// </summary>
/// <remarks>
/// Nothing has to be disposed. <see cref="Dispose()"/> frees the state (momentum, averages) at once instead of when the garbage
/// collector comes by.
/// </remarks>
/// <example><code>
/// var optimizer = new SGD(model.Parameters(), lr: 0.01, momentum: 0.9);
/// foreach (var (x, y) in loader)
/// {
///     optimizer.ZeroGrad();
///     criterion.Call(model.Call(x), y).Backward();
///     optimizer.Step();
/// }
/// </code></example>
public abstract class Optimizer : IDisposable
{
    private static readonly HookList<Action<Optimizer>> s_preHooks = new();
    private static readonly HookList<Action<Optimizer>> s_postHooks = new();

    private readonly List<ParamGroup> _groups = [];
    private readonly Dictionary<Tensor, ParamState> _state = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, object?> _defaults = [];
    private readonly HookList<Action<Optimizer>> _preHooks = new();
    private readonly HookList<Action<Optimizer>> _postHooks = new();
    private readonly HookList<Action<Optimizer>> _stateDictPreHooks = new();
    private readonly HookList<Func<Optimizer, Dictionary<string, object?>, Dictionary<string, object?>?>> _stateDictPostHooks = new();
    private readonly HookList<Func<Optimizer, object, object?>> _loadPreHooks = new();
    private readonly HookList<Action<Optimizer>> _loadPostHooks = new();

    /// <summary>Takes the parameters and the options that groups do not set themselves.</summary>
    /// <param name="groups">The parameter groups; at least one.</param>
    /// <param name="defaults">Names (as Python has them) and values of the options.</param>
    /// <exception cref="ArgumentException">There is no parameter, one is no leaf of the graph, or one is in two groups.</exception>
    protected Optimizer(IEnumerable<ParamGroup> groups, IEnumerable<KeyValuePair<string, object?>> defaults)
    {
        ArgumentNullException.ThrowIfNull(groups);
        ArgumentNullException.ThrowIfNull(defaults);
        foreach (var (option, value) in defaults)
            _defaults.Add(option, value);
        foreach (var group in groups)
            AddParamGroup(group);
        if (_groups.Count == 0)
            throw new ArgumentException("There is nothing to optimise: the list of parameters is empty.", nameof(groups));
    }

    /// <summary>The options of groups that do not set them. Mirrors <c>Optimizer.defaults</c>.</summary>
    public IReadOnlyDictionary<string, object?> Defaults => _defaults;

    /// <summary>The parameter groups. Mirrors <c>Optimizer.param_groups</c>.</summary>
    public IReadOnlyList<ParamGroup> ParamGroups => _groups;

    /// <summary>
    /// What is kept for each parameter; empty until its first step. Mirrors <c>Optimizer.state</c>.
    /// </summary>
    public IReadOnlyDictionary<Tensor, ParamState> State => _state;

    /// <summary>How often <see cref="Step()"/> ran; schedulers look at it.</summary>
    internal long StepCalls { get; private set; }

    /// <summary>Adds parameters to be changed from now on. Mirrors <c>Optimizer.add_param_group</c>.</summary>
    /// <param name="group">The parameters; options that it does not set take the optimizer's defaults.</param>
    /// <exception cref="ArgumentException">
    /// A parameter is no leaf of the graph, or already has a group; or this group has names and others have none.
    /// </exception>
    public void AddParamGroup(ParamGroup group)
    {
        ArgumentNullException.ThrowIfNull(group);
        var differentiable = _defaults.TryGetValue("differentiable", out var flag) && PythonData.ToBoolean(flag);
        foreach (var parameter in group.Params)
        {
            if (!differentiable && !parameter.IsLeaf)
                throw new ArgumentException("A parameter was computed from other tensors, so its gradient is not kept: give leaves of the graph, or detach it.", nameof(group));
        }
        foreach (var other in _groups)
        {
            if (group.ParamNames is null != other.ParamNames is null)
            {
                throw new ArgumentException(group.ParamNames is null
                    ? "The parameters of the other groups have names, those of this group have none: name all or none."
                    : "The parameters of this group have names, those of the other groups have none: name all or none.", nameof(group));
            }
        }
        var known = new HashSet<Tensor>(_groups.SelectMany(static other => other.Params), ReferenceEqualityComparer.Instance);
        if (group.Params.Any(known.Contains))
            throw new ArgumentException("A parameter of this group belongs to another group already; each may be in one only.", nameof(group));
        foreach (var (option, value) in _defaults)
            group.SetDefault(option, value);
        _groups.Add(group);
    }

    /// <summary>Forgets the gradients. Mirrors <c>Optimizer.zero_grad</c>.</summary>
    /// <param name="setToNone">
    /// True, the default: gradients become null, and a parameter that gets none is left alone by the next step. False: they become
    /// zero.
    /// </param>
    public void ZeroGrad(bool setToNone = true)
    {
        foreach (var group in _groups)
        {
            foreach (var parameter in group.Params)
            {
                if (setToNone)
                {
                    parameter.Grad = null;
                    continue;
                }
                using var grad = parameter.Grad;
                if (grad is null)
                    continue;
                if (grad.IsLeaf)
                    grad.RequiresGrad_(false);
                else
                    grad.Detach_();
                grad.Zero_();
            }
        }
    }

    /// <summary>Changes the parameters once, by their gradients. Mirrors <c>Optimizer.step</c>.</summary>
    public void Step() => Run(null);

    /// <summary>
    /// Lets <paramref name="closure"/> compute the loss and the gradients, then changes the parameters. Mirrors
    /// <c>Optimizer.step(closure)</c>.
    /// </summary>
    /// <param name="closure">Clears the gradients, computes the loss, calls <c>Backward</c> and returns the loss.</param>
    /// <returns>The loss.</returns>
    public Tensor Step(Func<Tensor> closure)
    {
        ArgumentNullException.ThrowIfNull(closure);
        return Run(closure)!;
    }

    private Tensor? Run(Func<Tensor>? closure)
    {
        s_preHooks.Call(this);
        _preHooks.Call(this);
        Tensor? loss;
        using (Torch.SetGradEnabled(_defaults.TryGetValue("differentiable", out var flag) && PythonData.ToBoolean(flag)))
            loss = StepCore(closure);
        StepCalls++;
        _postHooks.Call(this);
        s_postHooks.Call(this);
        return loss;
    }

    /// <summary>One step: the closure, if there is one, then <see cref="Update"/> of each group. Nothing is recorded.</summary>
    /// <param name="closure">Computes loss and gradients; null: the gradients are there.</param>
    /// <returns>The closure's loss.</returns>
    protected virtual Tensor? StepCore(Func<Tensor>? closure)
    {
        Tensor? loss = null;
        if (closure is not null)
        {
            using (Torch.EnableGrad())
                loss = closure();
        }
        foreach (var group in _groups)
            Update(group);
        return loss;
    }

    /// <summary>Changes the parameters of one group by their gradients.</summary>
    /// <param name="group">The group.</param>
    protected abstract void Update(ParamGroup group);

    /// <summary>What is kept for a parameter; made empty at the first call.</summary>
    /// <param name="parameter">The parameter.</param>
    protected ParamState StateOf(Tensor parameter)
    {
        if (!_state.TryGetValue(parameter, out var state))
            _state.Add(parameter, state = new ParamState());
        return state;
    }

    /// <summary>Runs a function before every step of this optimizer.</summary>
    /// <param name="hook">The function.</param>
    /// <returns>Dispose it to remove the function.</returns>
    public IDisposable RegisterStepPreHook(Action<Optimizer> hook) => _preHooks.Add(hook);

    /// <summary>Runs a function after every step of this optimizer.</summary>
    /// <param name="hook">The function.</param>
    /// <returns>Dispose it to remove the function.</returns>
    public IDisposable RegisterStepPostHook(Action<Optimizer> hook) => _postHooks.Add(hook);

    /// <summary>Runs a function before every step of any optimizer. Mirrors <c>register_optimizer_step_pre_hook</c>.</summary>
    /// <param name="hook">The function.</param>
    /// <returns>Dispose it to remove the function.</returns>
    public static IDisposable RegisterOptimizerStepPreHook(Action<Optimizer> hook) => s_preHooks.Add(hook);

    /// <summary>Runs a function after every step of any optimizer. Mirrors <c>register_optimizer_step_post_hook</c>.</summary>
    /// <param name="hook">The function.</param>
    /// <returns>Dispose it to remove the function.</returns>
    public static IDisposable RegisterOptimizerStepPostHook(Action<Optimizer> hook) => s_postHooks.Add(hook);

    /// <summary>Runs a function before <see cref="StateDict"/>.</summary>
    /// <param name="hook">The function.</param>
    /// <param name="prepend">Whether it runs before those that are there.</param>
    /// <returns>Dispose it to remove the function.</returns>
    public IDisposable RegisterStateDictPreHook(Action<Optimizer> hook, bool prepend = false) => _stateDictPreHooks.Add(hook, prepend);

    /// <summary>Runs a function on the result of <see cref="StateDict"/>; what it returns, unless null, takes its place.</summary>
    /// <param name="hook">The function.</param>
    /// <param name="prepend">Whether it runs before those that are there.</param>
    /// <returns>Dispose it to remove the function.</returns>
    public IDisposable RegisterStateDictPostHook(
        Func<Optimizer, Dictionary<string, object?>, Dictionary<string, object?>?> hook, bool prepend = false) =>
        _stateDictPostHooks.Add(hook, prepend);

    /// <summary>
    /// Runs a function on what <see cref="LoadStateDict"/> was given; what it returns, unless null, takes its place.
    /// </summary>
    /// <param name="hook">The function.</param>
    /// <param name="prepend">Whether it runs before those that are there.</param>
    /// <returns>Dispose it to remove the function.</returns>
    public IDisposable RegisterLoadStateDictPreHook(Func<Optimizer, object, object?> hook, bool prepend = false) => _loadPreHooks.Add(hook, prepend);

    /// <summary>Runs a function after <see cref="LoadStateDict"/>.</summary>
    /// <param name="hook">The function.</param>
    /// <param name="prepend">Whether it runs before those that are there.</param>
    /// <returns>Dispose it to remove the function.</returns>
    public IDisposable RegisterLoadStateDictPostHook(Action<Optimizer> hook, bool prepend = false) => _loadPostHooks.Add(hook, prepend);

    /// <summary>
    /// The state in Python's structure: <c>state</c>, a dictionary from the parameter's number to its entries, and
    /// <c>param_groups</c>, a list of the groups' options with the numbers of their parameters under <c>params</c>. The tensors
    /// are the optimizer's own, not copies. Mirrors <c>Optimizer.state_dict</c>.
    /// </summary>
    public Dictionary<string, object?> StateDict()
    {
        _stateDictPreHooks.Call(this);
        var numbers = new Dictionary<Tensor, long>(ReferenceEqualityComparer.Instance);
        var groups = new List<object?>(_groups.Count);
        long start = 0;
        foreach (var group in _groups)
        {
            var packed = new Dictionary<string, object?>();
            foreach (var (option, value) in group)
                packed.Add(option, value);
            if (group.ParamNames is { } names)
                packed.Add("param_names", new List<object?>(names));
            var members = new List<object?>(group.Params.Count);
            for (var i = 0; i < group.Params.Count; i++)
            {
                numbers.TryAdd(group.Params[i], start + i);
                members.Add(numbers[group.Params[i]]);
            }
            start += members.Count;
            packed.Add("params", members);
            groups.Add(packed);
        }
        var states = new Dictionary<long, object?>();
        foreach (var (parameter, state) in _state)
        {
            var entries = new Dictionary<string, object?>();
            foreach (var (name, value) in state)
                entries.Add(name, value);
            states.Add(numbers[parameter], entries);
        }
        var result = new Dictionary<string, object?> { ["state"] = states, ["param_groups"] = groups };
        foreach (var hook in _stateDictPostHooks)
            result = hook(this, result) ?? result;
        return result;
    }

    /// <summary>
    /// Takes over a state that <see cref="StateDict"/> or Python's <c>state_dict()</c> gave: the options of the groups and what is
    /// kept for each parameter, in the parameters' order. Tensors are copied, to the parameter's device and, except for
    /// <c>step</c>, its dtype. Everything is checked before anything is changed. Mirrors <c>Optimizer.load_state_dict</c>.
    /// </summary>
    /// <param name="stateDict">A dictionary, as <see cref="StateDict"/> makes it or <c>Torch.Load</c> reads it.</param>
    /// <exception cref="ArgumentException">It is no optimizer's state, or its groups do not fit this optimizer's.</exception>
    public void LoadStateDict(object stateDict)
    {
        ArgumentNullException.ThrowIfNull(stateDict);
        foreach (var hook in _loadPreHooks)
            stateDict = hook(this, stateDict) ?? stateDict;

        var parts = PythonData.Named(PythonData.Plain(stateDict), "An optimizer's state dict");
        if (!parts.TryGetValue("state", out var savedState) || !parts.TryGetValue("param_groups", out var savedGroups))
        {
            throw new ArgumentException("An optimizer's state dict holds 'state' and 'param_groups'; this one holds "
                + $"{string.Join(", ", parts.Keys.Take(8).Select(static key => $"'{key}'"))}.", nameof(stateDict));
        }
        var groups = PythonData.List(savedGroups, "param_groups").Select(static group => PythonData.Named(group, "An entry of param_groups")).ToArray();
        if (groups.Length != _groups.Count)
        {
            throw new ArgumentException($"The state dict describes {groups.Length} groups of parameters, the optimizer has {_groups.Count}.", nameof(stateDict));
        }
        var parameters = new Dictionary<long, (Tensor Parameter, bool StepOnDevice)>();
        for (var i = 0; i < groups.Length; i++)
        {
            var members = PythonData.List(groups[i].GetValueOrDefault("params"), "params");
            if (members.Count != _groups[i].Params.Count)
            {
                throw new ArgumentException($"Group {i} has {members.Count} parameters in the state dict and {_groups[i].Params.Count} here.", nameof(stateDict));
            }
            var onDevice = PythonData.ToBoolean(groups[i].GetValueOrDefault("fused")) || PythonData.ToBoolean(groups[i].GetValueOrDefault("capturable"));
            for (var j = 0; j < members.Count; j++)
                parameters[PythonData.ToInt64(members[j], "params")] = (_groups[i].Params[j], onDevice);
        }
        if (!PythonData.TryEntries(savedState, out var states))
            throw new ArgumentException($"The entry 'state' should be a dictionary; it is {PythonData.Kind(savedState)}.", nameof(stateDict));
        var loaded = new Dictionary<Tensor, ParamState>(ReferenceEqualityComparer.Instance);
        using (Torch.NoGrad())
        {
            foreach (var (key, entries) in states)
            {
                if (!parameters.TryGetValue(PythonData.ToInt64(key, "state"), out var target))
                    continue;
                var state = new ParamState();
                foreach (var (name, value) in PythonData.Named(entries, $"The state of parameter {key}"))
                    state[name] = Adopt(value, name, target.Parameter, target.StepOnDevice);
                loaded[target.Parameter] = state;
            }
        }

        // The tensors that were here may be in a state dict that somebody holds: they are not freed by hand.
        _state.Clear();
        foreach (var (parameter, state) in loaded)
            _state.Add(parameter, state);
        for (var i = 0; i < groups.Length; i++)
        {
            if (groups[i].Remove("param_names", out var names))
                _groups[i].ParamNames = [.. PythonData.List(names, "param_names").Select(static name => name?.ToString() ?? "")];
            groups[i].Remove("params");
            _groups[i].Replace(groups[i]);
            foreach (var (option, value) in _defaults)
                _groups[i].SetDefault(option, value);
        }
        AfterLoad();
        _loadPostHooks.Call(this);
    }

    /// <summary>Completes a state that was loaded, for example one of an older version.</summary>
    protected virtual void AfterLoad()
    {
        foreach (var state in _state.Values)
        {
            // Old files hold the number of steps as a plain number.
            if (state.Count > 0 && StepIsTensor && state.ContainsKey("step") && state["step"] is not Tensor)
                state["step"] = StepTensor(PythonData.ToDouble(state["step"], "step"));
        }
    }

    /// <summary>Whether the number of steps is kept as a tensor, as most of Python's optimizers do.</summary>
    private protected virtual bool StepIsTensor => true;

    private static object? Adopt(object? value, string? name, Tensor parameter, bool stepOnDevice)
    {
        switch (value)
        {
            case Tensor tensor when name == "step":
                return Kept(stepOnDevice ? tensor.To(device: parameter.Device, dtype: DType.Float32, copy: true) : tensor.Clone());
            case Tensor tensor:
                return Kept(parameter.DType.IsFloatingPoint()
                    ? tensor.To(device: parameter.Device, dtype: parameter.DType, copy: true)
                    : tensor.To(device: parameter.Device, copy: true));
        }
        if (PythonData.TryItems(value, out var items))
            return items.Select(item => Adopt(item, null, parameter, stepOnDevice)).ToList();
        return value;
    }

    /// <summary>A tensor that outlives the scopes that are open now: state belongs to the optimizer.</summary>
    internal static Tensor Kept(Tensor tensor)
    {
        TensorScope.Escape(tensor);
        return tensor;
    }

    /// <summary>The dtype of numbers that are kept as tensors.</summary>
    private protected static DType ScalarDType => Torch.GetDefaultDType() == DType.Float64 ? DType.Float64 : DType.Float32;

    private protected static Tensor StepTensor(double value) => Kept(Torch.Tensor(value, dtype: ScalarDType));

    private protected static Tensor ZerosLike(Tensor parameter) => Kept(Torch.ZerosLike(parameter, memoryFormat: MemoryFormat.Preserve));

    /// <summary>Frees the state. The parameters are not the optimizer's and stay.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the state.</summary>
    /// <param name="disposing">Always true: tensors finalize themselves.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (!disposing)
            return;
        foreach (var state in _state.Values)
            Free(state);
        _state.Clear();
    }

    private static void Free(ParamState state)
    {
        foreach (var (_, value) in state)
            FreeValue(value);
    }

    private static void FreeValue(object? value)
    {
        if (value is Tensor tensor)
            tensor.Dispose();
        else if (PythonData.TryItems(value, out var items))
            items.ToList().ForEach(FreeValue);
    }

    /// <summary>The class and the options of each group, as Python prints them.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(GetType().Name).Append(" (");
        for (var i = 0; i < _groups.Count; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"\nParameter Group {i}\n");
            var options = _groups[i].ToList();
            if (_groups[i].ParamNames is { } names)
                options.Add(new("param_names", names));
            foreach (var (option, value) in options.OrderBy(static option => option.Key, StringComparer.Ordinal))
                text.Append(CultureInfo.InvariantCulture, $"    {option}: {ParamGroup.Format(value)}\n");
        }
        return text.Append(')').ToString();
    }

    private protected static ParamGroup[] Group(IEnumerable<Tensor> parameters) =>
        new ParamGroup(parameters) is { Params.Count: > 0 } group ? [group] : [];

    private protected static void Require(bool condition, string message)
    {
        if (!condition)
            throw new ArgumentException(message);
    }

    private protected static void RequireBetas((double Beta1, double Beta2) betas)
    {
        Require(betas.Beta1 is >= 0 and < 1, $"The first of the betas is {Text(betas.Beta1)}; it must be at least 0 and below 1.");
        Require(betas.Beta2 is >= 0 and < 1, $"The second of the betas is {Text(betas.Beta2)}; it must be at least 0 and below 1.");
    }

    /// <summary>Whether the operations on lists do the step: as the group says, else where the parameters are on an accelerator.</summary>
    private protected static bool UsesLists(ParamGroup group)
    {
        if (group.TryGetValue("foreach", out var wanted) && wanted is not null)
            return PythonData.ToBoolean(wanted);
        if (group.TryGetValue("fused", out var fused) && fused is not null)
            return false;
        foreach (var parameter in group.Params)
        {
            if (parameter.Device.Type is not (DeviceType.Cuda or DeviceType.Xpu or DeviceType.PrivateUse1))
                return false;
        }
        return true;
    }

    private protected static void RefuseFused(Tensor parameter)
    {
        if (!parameter.DType.IsFloatingPoint())
            throw new NotSupportedException($"A fused step takes real floating-point parameters, and one is {parameter.DType}: leave fused off.");
    }

    private protected static void RefuseSparse(Tensor gradient, string message)
    {
        if (gradient.IsSparse)
            throw new NotSupportedException(message);
    }

    /// <summary>A number in an error message, as Python writes it.</summary>
    private protected static string Text(double number) => PythonData.Format(number);
}

/// <summary>Functions that were registered and may be removed, in order.</summary>
internal sealed class HookList<T> where T : Delegate
{
    private readonly Lock _gate = new();
    private T[] _hooks = [];

    /// <summary>Those that are there now; hooks may register and remove hooks meanwhile.</summary>
    public ReadOnlySpan<T>.Enumerator GetEnumerator() => ((ReadOnlySpan<T>)_hooks).GetEnumerator();

    internal IDisposable Add(T hook, bool prepend = false)
    {
        ArgumentNullException.ThrowIfNull(hook);
        // A copy of its own, so that a function registered twice is removed once.
        var entry = (T)hook.Clone();
        lock (_gate)
            _hooks = prepend ? [entry, .. _hooks] : [.. _hooks, entry];
        return new Removal(this, entry);
    }

    private sealed class Removal(HookList<T> list, T entry) : IDisposable
    {
        public void Dispose()
        {
            lock (list._gate)
                list._hooks = Array.FindAll(list._hooks, hook => !ReferenceEquals(hook, entry));
        }
    }
}

internal static class HookCalls
{
    internal static void Call(this HookList<Action<Optimizer>> hooks, Optimizer optimizer)
    {
        foreach (var hook in hooks)
            hook(optimizer);
    }
}
