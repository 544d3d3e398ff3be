using TorchBind.Serialization;

namespace TorchBind.NN;

public abstract partial class Module
{
    private const string ExtraStateKey = "_extra_state";

    private HookList<Action<Module, string, bool>>? _stateDictPreHooks;
    private HookList<Action<Module, StateDict, string, IDictionary<string, object?>>>? _stateDictPostHooks;
    private HookList<Action<Module, StateDictLoad>>? _loadPreHooks;
    private HookList<Action<Module, IncompatibleKeys>>? _loadPostHooks;

    /// <summary>Whether the module has extra state (<see cref="GetExtraState"/>). Default: false.</summary>
    protected virtual bool HasExtraState => false;

    /// <summary>State that is no parameter and no buffer, for the state dict: a tensor, or what a checkpoint can hold. Mirrors <c>get_extra_state</c>.</summary>
    /// <exception cref="NotSupportedException">The module has none.</exception>
    protected virtual object? GetExtraState() => throw new NotSupportedException($"{GetName()} says that it has extra state and does not override GetExtraState.");

    /// <summary>Takes over what <see cref="GetExtraState"/> gave. Mirrors <c>set_extra_state</c>.</summary>
    /// <param name="state">The state, as the checkpoint holds it.</param>
    /// <exception cref="NotSupportedException">The module has none.</exception>
    protected virtual void SetExtraState(object? state) => throw new NotSupportedException($"{GetName()} says that it has extra state and does not override SetExtraState.");

    /// <summary>
    /// All parameters and persistent buffers with their names, in Python's order: own parameters, own buffers, extra state, then the
    /// children. The tensors share the module's memory. Mirrors <c>Module.state_dict</c>.
    /// </summary>
    /// <param name="destination">Where to add them; default: a new state dict.</param>
    /// <param name="prefix">Put before every name. Default: nothing.</param>
    /// <param name="keepVars">True: the parameters themselves; false: detached tensors. Default: false.</param>
    /// <exception cref="ArgumentException">The destination has an entry of the same name.</exception>
    public StateDict StateDict(StateDict? destination = null, string prefix = "", bool keepVars = false)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        destination ??= new StateDict();
        AddState(destination, prefix, keepVars);
        return destination;
    }

    private void AddState(StateDict destination, string prefix, bool keepVars)
    {
        var metadata = new OrderedDictionary<string, object?>(StringComparer.Ordinal) { ["version"] = StateVersion };
        destination.Metadata[prefix.Length > 0 ? prefix[..^1] : ""] = metadata;
        foreach (var hook in _stateDictPreHooks?.Hooks ?? [])
            hook(this, prefix, keepVars);
        SaveToStateDict(destination, prefix, keepVars);
        foreach (var (key, child) in OwnModules())
            child?.AddState(destination, $"{prefix}{key}.", keepVars);
        foreach (var hook in _stateDictPostHooks?.Hooks ?? [])
            hook(this, destination, prefix, metadata);
    }

    /// <summary>Adds this module's own state, not its children's. Override to add or to leave out. Mirrors <c>_save_to_state_dict</c>.</summary>
    /// <param name="destination">Where to.</param>
    /// <param name="prefix">Put before every name.</param>
    /// <param name="keepVars">Whether to add the tensors themselves instead of detached ones.</param>
    protected virtual void SaveToStateDict(StateDict destination, string prefix, bool keepVars)
    {
        ArgumentNullException.ThrowIfNull(destination);
        destination.Known();
        foreach (var (key, parameter) in OwnParameters())
        {
            destination.Add(prefix + key, keepVars || parameter is UninitializedParameter { IsInitialized: false } ? parameter : parameter.Detach());
            destination.MarkParameter(prefix + key);
        }
        foreach (var (key, buffer, persistent) in OwnBuffers())
        {
            if (persistent)
                destination.Add(prefix + key, keepVars ? buffer : buffer.Detach());
        }
        if (!HasExtraState)
            return;
        var extra = GetExtraState();
        if (extra is Tensor tensor)
            destination.Add(prefix + ExtraStateKey, tensor);
        else
            destination.Extra[prefix + ExtraStateKey] = extra;
    }

    /// <summary>
    /// Copies a state dict into the module. Everything is checked first: where a check fails, nothing was changed. Dtypes and devices of the
    /// module stay (<paramref name="assign"/>: become the state dict's). Mirrors <c>Module.load_state_dict</c>.
    /// </summary>
    /// <param name="stateDict">The state dict.</param>
    /// <param name="strict">Whether the names must agree exactly. Shapes always must. Default: true.</param>
    /// <param name="assign">
    /// Whether to share the state dict's memory, with its dtype and device, instead of copying. The module's parameters stay the same objects, so optimizers
    /// that know them go on, and so does one with several names that all get the same; in Python each name gets an object of its own. Default: false.
    /// </param>
    /// <returns>The names that were missing and those that were not expected; both empty when strict.</returns>
    /// <exception cref="StateDictException">Names (when strict) or shapes disagree; the message lists them all, as Python's does.</exception>
    public IncompatibleKeys LoadStateDict(StateDict stateDict, bool strict = true, bool assign = false)
    {
        ArgumentNullException.ThrowIfNull(stateDict);
        var load = new StateDictLoad(stateDict, assign);
        load.Run(this);
        var errors = load.Errors;
        if (strict && load.Unexpected.Count > 0)
            errors.Insert(0, $"Unexpected key(s) in state_dict: {Quoted(load.Unexpected)}. ");
        if (strict && load.Missing.Count > 0)
            errors.Insert(0, $"Missing key(s) in state_dict: {Quoted(load.Missing)}. ");
        if (errors.Count > 0)
        {
            throw new StateDictException(
                $"Error(s) in loading state_dict for {GetName()}:\n\t{string.Join("\n\t", errors)}", [.. load.Missing], [.. load.Unexpected]);
        }
        load.Commit();
        return new IncompatibleKeys(load.Missing, load.Unexpected);
    }

    private static string Quoted(IEnumerable<string> keys) => string.Join(", ", keys.Select(static k => $"\"{k}\""));

    /// <summary>
    /// Checks this module's own part of a state dict, not its children's, and plans the copies. Override to translate the state of
    /// older versions before the base is called. Mirrors <c>_load_from_state_dict</c>.
    /// </summary>
    /// <param name="load">The entries at hand and the lists of what is wrong with them.</param>
    protected internal virtual void LoadFromStateDict(StateDictLoad load)
    {
        ArgumentNullException.ThrowIfNull(load);
        foreach (var hook in _loadPreHooks?.Hooks ?? [])
            hook(this, load);
        var state = new HashSet<string>(StringComparer.Ordinal);
        var own = OwnParameters().Select(static p => (p.Key, Value: (Tensor)p.Value))
            .Concat(OwnBuffers().Where(static b => b.Persistent).Select(static b => (b.Key, b.Value)));
        foreach (var (key, tensor) in own.ToArray())
        {
            state.Add(key);
            var name = load.Prefix + key;
            if (load.State.TryGetValue(name, out var saved))
                load.Plan(this, key, tensor, saved);
            else if (load.State.Extra.TryGetValue(name, out var other))
                load.Errors.Add($"While copying the parameter named \"{name}\", expected torch.Tensor or Tensor-like object from checkpoint but received <class '{PythonClass(other)}'>");
            else
                load.Missing.Add(name);
        }
        var extraKey = load.Prefix + ExtraStateKey;
        var hasExtra = load.State.ContainsKey(extraKey) || load.State.Extra.ContainsKey(extraKey);
        if (HasExtraState)
        {
            if (hasExtra)
            {
                var value = load.State.TryGetValue(extraKey, out var tensor) ? tensor : load.State.Extra[extraKey];
                load.Plan(() => SetExtraState(value));
            }
            else
            {
                load.Missing.Add(extraKey);
            }
        }
        else if (hasExtra)
        {
            load.Unexpected.Add(extraKey);
        }
        var children = OwnModules().Select(static c => c.Key).ToHashSet(StringComparer.Ordinal);
        foreach (var name in load.State.Keys.Concat(load.State.Extra.Keys))
        {
            if (!name.StartsWith(load.Prefix, StringComparison.Ordinal) || name == extraKey)
                continue;
            var rest = name.AsSpan(load.Prefix.Length);
            var dot = rest.IndexOf('.');
            var known = dot < 0 ? state.Contains(rest.ToString()) : children.Contains(rest[..dot].ToString());
            if (!known)
                load.Unexpected.Add(name);
        }
    }

    private static string PythonClass(object? value) => value switch
    {
        null => "NoneType",
        string => "str",
        bool => "bool",
        long or int => "int",
        double or float => "float",
        _ => Serialization.Pickle.PythonEquality.KindOf(value),
    };

    internal IEnumerable<(string Key, Module? Module)> LoadChildren() => OwnModules();

    internal void RunLoadPostHooks(IncompatibleKeys keys)
    {
        foreach (var hook in _loadPostHooks?.Hooks ?? [])
            hook(this, keys);
    }

    /// <summary>Runs a hook before the state dict is made: module, prefix, keepVars. Mirrors <c>register_state_dict_pre_hook</c>.</summary>
    public HookHandle RegisterStateDictPreHook(Action<Module, string, bool> hook) => (_stateDictPreHooks ??= new()).Add(hook);

    /// <summary>
    /// Runs a hook that may change the state dict after the module's part was added: module, state dict, prefix, the module's metadata.
    /// Mirrors <c>register_state_dict_post_hook</c>.
    /// </summary>
    public HookHandle RegisterStateDictPostHook(Action<Module, StateDict, string, IDictionary<string, object?>> hook) =>
        (_stateDictPostHooks ??= new()).Add(hook);

    /// <summary>Runs a hook before the module's part of a state dict is checked. Mirrors <c>register_load_state_dict_pre_hook</c>.</summary>
    public HookHandle RegisterLoadStateDictPreHook(Action<Module, StateDictLoad> hook) => (_loadPreHooks ??= new()).Add(hook);

    /// <summary>
    /// Runs a hook after the module and all below it were checked, before anything is copied; it may change the lists of names. Mirrors
    /// <c>register_load_state_dict_post_hook</c>, which runs after the copy.
    /// </summary>
    public HookHandle RegisterLoadStateDictPostHook(Action<Module, IncompatibleKeys> hook) => (_loadPostHooks ??= new()).Add(hook);
}

/// <summary>What <see cref="Module.LoadStateDict"/> found missing and unexpected.</summary>
/// <param name="MissingKeys">Names that the module has and the state dict lacks.</param>
/// <param name="UnexpectedKeys">Names that the state dict has and the module lacks.</param>
public sealed record IncompatibleKeys(IList<string> MissingKeys, IList<string> UnexpectedKeys)
{
    /// <summary><c>&lt;All keys matched successfully&gt;</c>, or both lists.</summary>
    public override string ToString() => MissingKeys.Count == 0 && UnexpectedKeys.Count == 0
        ? "<All keys matched successfully>"
        : $"_IncompatibleKeys(missing_keys=[{string.Join(", ", MissingKeys.Select(static k => $"'{k}'"))}], unexpected_keys=[{string.Join(", ", UnexpectedKeys.Select(static k => $"'{k}'"))}])";
}

/// <summary>A state dict does not fit a module. The message has Python's form.</summary>
public sealed class StateDictException : TorchException
{
    internal StateDictException(string message, IReadOnlyList<string> missing, IReadOnlyList<string> unexpected) : base(message)
    {
        MissingKeys = missing;
        UnexpectedKeys = unexpected;
    }

    /// <summary>Names that the module has and the state dict lacks.</summary>
    public IReadOnlyList<string> MissingKeys { get; }

    /// <summary>Names that the state dict has and the module lacks.</summary>
    public IReadOnlyList<string> UnexpectedKeys { get; }
}

/// <summary>One run of <see cref="Module.LoadStateDict"/>: the entries that a module sees, and what is wrong with them so far.</summary>
public sealed class StateDictLoad
{
    private readonly IDictionary<string, IDictionary<string, object?>> _metadata;
    private readonly List<Action> _plan = [];
    private readonly List<Action> _actions = [];
    private readonly Dictionary<Tensor, (Tensor? Saved, int Names)> _assigned = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Tensor, int> _names = new(ReferenceEqualityComparer.Instance);

    internal StateDictLoad(StateDict state, bool assign)
    {
        // A copy: modules may change what they see.
        State = Select(state, "");
        _metadata = state.Metadata;
        Assign = assign;
    }

    /// <summary>The entries below the module. May be changed.</summary>
    public StateDict State { get; private set; }

    /// <summary>What stands before the module's own names: empty, or ending in a dot.</summary>
    public string Prefix { get; private set; } = "";

    /// <summary>Whether tensors are taken over instead of copied.</summary>
    public bool Assign { get; }

    /// <summary>The version of the module's state; null where the state dict does not say.</summary>
    public long? Version => _metadata.TryGetValue(Prefix.Length > 0 ? Prefix[..^1] : "", out var notes) && notes.TryGetValue("version", out var version)
        ? version switch { long l => l, int i => i, _ => null }
        : null;

    /// <summary>Names that modules have and the state dict lacks.</summary>
    public IList<string> Missing { get; } = [];

    /// <summary>Names that the state dict has and no module.</summary>
    public IList<string> Unexpected { get; } = [];

    /// <summary>Other errors.</summary>
    public IList<string> Errors { get; } = [];

    internal void Run(Module module)
    {
        if (Assign && Prefix.Length == 0)
        {
            foreach (var (_, parameter) in module.NamedParameters(removeDuplicate: false))
                _names[parameter] = _names.GetValueOrDefault(parameter) + 1;
            foreach (var (_, buffer) in module.NamedBuffers(removeDuplicate: false))
                _names[buffer] = _names.GetValueOrDefault(buffer) + 1;
        }
        module.LoadFromStateDict(this);
        var (state, prefix) = (State, Prefix);
        foreach (var (key, child) in module.LoadChildren().ToArray())
        {
            if (child is null)
                continue;
            Prefix = $"{prefix}{key}.";
            State = Select(state, Prefix);
            Run(child);
        }
        (State, Prefix) = (state, prefix);
        module.RunLoadPostHooks(new IncompatibleKeys(Missing, Unexpected));
    }

    private static StateDict Select(StateDict state, string prefix)
    {
        var selected = new StateDict();
        foreach (var (key, tensor) in state)
        {
            if (key.StartsWith(prefix, StringComparison.Ordinal))
                selected.Add(key, tensor);
        }
        foreach (var (key, value) in state.Extra)
        {
            if (key.StartsWith(prefix, StringComparison.Ordinal))
                selected.Extra[key] = value;
        }
        return selected;
    }

    internal void Plan(Action action) => _actions.Add(action);

    internal void Plan(Module module, string key, Tensor target, Tensor saved)
    {
        var lazy = target as UninitializedParameter is { IsInitialized: false } parameter ? parameter : null;
        var lazyBuffer = target as UninitializedBuffer is { IsInitialized: false } buffer ? buffer : null;
        if (lazy is null && lazyBuffer is null)
        {
            // Scalars were saved with one dimension before PyTorch 0.4.
            if (target.NDim == 0 && saved.NDim == 1 && saved.Size(0) > 0)
                saved = saved[0];
            if (saved.Shape != target.Shape)
            {
                Errors.Add($"size mismatch for {Prefix}{key}: copying a param with shape torch.Size({saved.Shape}) from checkpoint, "
                    + $"the shape in current model is torch.Size({target.Shape}).");
                return;
            }
        }
        else if (saved is UninitializedParameter { IsInitialized: false } or UninitializedBuffer { IsInitialized: false })
        {
            return;
        }
        if (!(Assign ? CanBeAssigned(target, saved, out var reason) : CanBeCopied(target, saved, out reason)))
        {
            Errors.Add($"While copying the parameter named \"{Prefix}{key}\", whose dimensions in the model are torch.Size({target.Shape}) and whose dimensions in the "
                + $"checkpoint are torch.Size({saved.Shape}), an exception occurred : ('{reason}',).");
            return;
        }
        if (Assign)
        {
            if (!_assigned.TryGetValue(target, out var earlier))
                _assigned.Add(target, (saved, 1));
            else if (earlier.Saved is { } first && SameElements(first, saved))
                _assigned[target] = (first, earlier.Names + 1);
            else
                _assigned[target] = (null, 0);
        }
        _plan.Add(() =>
        {
            using var _ = Torch.NoGrad();
            lazy?.Materialize(saved.Shape);
            lazyBuffer?.Materialize(saved.Shape);
            if (!Assign)
                target.Copy_(saved);
            else if (StaysOne(target) && target.IsMeta == saved.IsMeta && target.Layout == saved.Layout)
                target.Data = saved;
            else if (target is Parameter)
                module.SetMember(key, new Parameter(saved, target.RequiresGrad));
            else
                module.SetMember(key, target is Buffer b ? new Buffer(saved, b.Persistent) : saved.Detach());
        });
    }

    // Tensors of different kinds are tried on memory of their own: what libtorch refuses, it refuses before the module is touched.
    private static bool CanBeCopied(Tensor target, Tensor saved, out string reason)
    {
        reason = "";
        if (target.Layout == Layout.Strided && saved.Layout == Layout.Strided && target.IsMeta == saved.IsMeta && !target.IsQuantized && !saved.IsQuantized
            && !target.IsNested && !saved.IsNested)
        {
            return true;
        }
        try
        {
            using var _ = Torch.NoGrad();
            using var scope = new TensorScope();
            target.Detach().Clone().Copy_(saved);
            return true;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            reason = exception.Message;
            return false;
        }
    }

    // A tensor with several names in the module stays one where all of them get the same; otherwise each name gets an object of its own.
    private bool StaysOne(Tensor target) => _assigned[target] is { Saved: not null } assigned && assigned.Names == _names.GetValueOrDefault(target, 1);

    private static bool CanBeAssigned(Tensor target, Tensor saved, out string reason)
    {
        reason = "Only Tensors of floating point and complex dtype can require gradients";
        return !target.RequiresGrad || saved.DType.IsFloatingPoint() || saved.DType.IsComplex();
    }

    private static bool SameElements(Tensor x, Tensor y) => ReferenceEquals(x, y)
        || (x.HasStorage && y.HasStorage && !x.IsMeta && x.StorageId() == y.StorageId() && x.StorageOffset() == y.StorageOffset() && x.Stride() == y.Stride() && x.DType == y.DType);

    internal void Commit()
    {
        // What modules do with state of their own may fail; tensors are copied after it.
        foreach (var action in _actions)
            action();
        foreach (var action in _plan)
            action();
    }
}
