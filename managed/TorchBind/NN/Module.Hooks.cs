namespace TorchBind.NN;

/// <summary>Runs before a module; gives new inputs, or null to keep them.</summary>
/// <param name="module">The module.</param>
/// <param name="inputs">Its inputs.</param>
public delegate object?[]? ForwardPreHook(Module module, object?[] inputs);

/// <summary>Runs after a module; gives a new output, or null to keep it.</summary>
/// <param name="module">The module.</param>
/// <param name="inputs">Its inputs.</param>
/// <param name="output">Its output: what <c>Forward</c> returned.</param>
public delegate object? ForwardHook(Module module, object?[] inputs, object? output);

public abstract partial class Module
{
    private static readonly HookList<ForwardPreHook> s_forwardPreHooks = new();
    private static readonly HookList<ForwardHook> s_forwardHooks = new();

    private HookList<ForwardPreHook>? _forwardPreHooks;
    private HookList<ForwardHookEntry>? _forwardHooks;

    /// <summary>
    /// Runs a hook before every call of the module, with its inputs; what it returns replaces them, unless null. Mirrors
    /// <c>register_forward_pre_hook</c>.
    /// </summary>
    /// <param name="hook">The hook.</param>
    /// <param name="prepend">Whether it runs before the hooks that are there. Default: false.</param>
    /// <returns>Removes the hook.</returns>
    public HookHandle RegisterForwardPreHook(ForwardPreHook hook, bool prepend = false)
    {
        ArgumentNullException.ThrowIfNull(hook);
        return (_forwardPreHooks ??= new()).Add(hook, prepend);
    }

    /// <summary>
    /// Runs a hook after every call of the module, with its inputs and output; what it returns replaces the output, unless null. Mirrors
    /// <c>register_forward_hook</c>.
    /// </summary>
    /// <param name="hook">The hook.</param>
    /// <param name="prepend">Whether it runs before the hooks that are there. Default: false.</param>
    /// <param name="alwaysCall">Whether it runs, with a null output, also when the call throws. Default: false.</param>
    /// <returns>Removes the hook.</returns>
    public HookHandle RegisterForwardHook(ForwardHook hook, bool prepend = false, bool alwaysCall = false)
    {
        ArgumentNullException.ThrowIfNull(hook);
        return (_forwardHooks ??= new()).Add(new ForwardHookEntry(hook, alwaysCall), prepend);
    }

    /// <summary>Runs a hook before every call of every module. Mirrors <c>register_module_forward_pre_hook</c>.</summary>
    public static HookHandle RegisterModuleForwardPreHook(ForwardPreHook hook) => s_forwardPreHooks.Add(hook);

    /// <summary>Runs a hook after every call of every module. Mirrors <c>register_module_forward_hook</c>.</summary>
    public static HookHandle RegisterModuleForwardHook(ForwardHook hook) => s_forwardHooks.Add(hook);

    private sealed record ForwardHookEntry(ForwardHook Hook, bool Always);

    internal bool HasForwardHooks => _forwardHooks is { IsEmpty: false } || _forwardPreHooks is { IsEmpty: false };

    /// <summary>Whether a call has more to do than <c>Forward</c>.</summary>
    private protected bool HasCallHooks => _forwardHooks is not null || _forwardPreHooks is not null || _overlay is not null
        || !s_forwardPreHooks.IsEmpty || !s_forwardHooks.IsEmpty || HasBackwardHooks;

    /// <summary>
    /// Runs a forward computation with the module's hooks: what <c>Call</c> of a module with a signature of its own ends in.
    /// </summary>
    /// <param name="inputs">The inputs, as hooks see them.</param>
    /// <param name="forward">Computes the output of inputs that hooks may have replaced.</param>
    /// <returns>The output, which hooks may have replaced.</returns>
    protected object? CallForward(object?[] inputs, Func<object?[], object?> forward)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(forward);
        RefreshComputed();
        var done = 0;
        try
        {
            var backward = TakeBackwardHooks();
            foreach (var hook in s_forwardPreHooks.Hooks)
                inputs = hook(this, inputs) ?? inputs;
            foreach (var hook in _forwardPreHooks?.Hooks ?? [])
                inputs = hook(this, inputs) ?? inputs;
            inputs = backward?.SetupInputs(inputs) ?? inputs;
            var output = forward(inputs);
            foreach (var hook in s_forwardHooks.Hooks)
                output = hook(this, inputs, output) ?? output;
            foreach (var hook in _forwardHooks?.Hooks ?? [])
            {
                done++;
                output = hook.Hook(this, inputs, output) ?? output;
            }
            return backward is null ? output : backward.SetupOutput(output);
        }
        catch
        {
            var hooks = _forwardHooks?.Hooks ?? [];
            for (var i = done; i < hooks.Length; i++)
            {
                if (!hooks[i].Always)
                    continue;
                try
                {
                    hooks[i].Hook(this, inputs, null);
                }
                catch (Exception)
                {
                    // The first exception is the one that counts.
                }
            }
            throw;
        }
    }

    // Members of foreign classes are plain fields: they receive a parametrized value before each call.
    internal void RefreshComputed()
    {
        if (_overlay is null)
            return;
        foreach (var (member, value) in _overlay.Computed.Values)
        {
            if (member is { Computed: false })
                member.Set(this, Parameter.View(value()));
        }
    }
}
