namespace TorchBind.NN;

/// <summary>
/// Runs in a backward pass, when the gradients of a module's inputs were computed; gives new ones, or null to keep them. Entries are null for
/// what is no tensor or has no gradient. It may not change its arguments in place.
/// </summary>
/// <param name="module">The module.</param>
/// <param name="gradInput">The gradients of its inputs, in the order of the call.</param>
/// <param name="gradOutput">The gradients of its outputs.</param>
public delegate Tensor?[]? FullBackwardHook(Module module, Tensor[] gradInput, Tensor[] gradOutput);

/// <summary>
/// Runs in a backward pass, before the gradients of a module's inputs are computed; gives new gradients of its outputs, or null to keep them.
/// </summary>
/// <param name="module">The module.</param>
/// <param name="gradOutput">The gradients of its outputs; null for what is no tensor or has no gradient.</param>
public delegate Tensor?[]? FullBackwardPreHook(Module module, Tensor[] gradOutput);

public abstract partial class Module
{
    private static readonly HookList<FullBackwardHook> s_backwardHooks = new();
    private static readonly HookList<FullBackwardPreHook> s_backwardPreHooks = new();

    private HookList<FullBackwardHook>? _backwardHooks;
    private HookList<FullBackwardPreHook>? _backwardPreHooks;

    /// <summary>
    /// Runs a hook in every backward pass through a later call of the module, when the gradients of its inputs were computed; when none of them
    /// requires a gradient, those of its outputs. What it returns replaces the gradients of the inputs, unless null. Mirrors
    /// <c>register_full_backward_hook</c>.
    /// </summary>
    /// <remarks>
    /// The module then computes with views of its inputs and returns views of its outputs; changing either in place is an error. Outputs are a
    /// tensor, a tuple or an array of tensors: tensors deeper inside are not seen. The graph keeps the hook and the module until it is freed: a
    /// module that keeps its own output in a field keeps the graph alive as well.
    /// </remarks>
    /// <param name="hook">The hook.</param>
    /// <param name="prepend">Whether it runs before the hooks that are there. Default: false.</param>
    /// <returns>Removes the hook, for calls that follow.</returns>
    public HookHandle RegisterFullBackwardHook(FullBackwardHook hook, bool prepend = false)
    {
        ArgumentNullException.ThrowIfNull(hook);
        return (_backwardHooks ??= new()).Add(hook, prepend);
    }

    /// <inheritdoc cref="RegisterFullBackwardHook(FullBackwardHook, bool)"/>
    public HookHandle RegisterFullBackwardHook(Action<Module, Tensor[], Tensor[]> hook, bool prepend = false)
    {
        ArgumentNullException.ThrowIfNull(hook);
        return RegisterFullBackwardHook((module, gradInput, gradOutput) =>
        {
            hook(module, gradInput, gradOutput);
            return null;
        }, prepend);
    }

    /// <summary>
    /// Runs a hook in every backward pass through a later call of the module, with the gradients of its outputs; what it returns replaces them,
    /// unless null. Mirrors <c>register_full_backward_pre_hook</c>.
    /// </summary>
    /// <param name="hook">The hook.</param>
    /// <param name="prepend">Whether it runs before the hooks that are there. Default: false.</param>
    /// <returns>Removes the hook, for calls that follow.</returns>
    public HookHandle RegisterFullBackwardPreHook(FullBackwardPreHook hook, bool prepend = false)
    {
        ArgumentNullException.ThrowIfNull(hook);
        return (_backwardPreHooks ??= new()).Add(hook, prepend);
    }

    /// <inheritdoc cref="RegisterFullBackwardPreHook(FullBackwardPreHook, bool)"/>
    public HookHandle RegisterFullBackwardPreHook(Action<Module, Tensor[]> hook, bool prepend = false)
    {
        ArgumentNullException.ThrowIfNull(hook);
        return RegisterFullBackwardPreHook((module, gradOutput) =>
        {
            hook(module, gradOutput);
            return null;
        }, prepend);
    }

    /// <summary>Runs a backward hook for every module. Mirrors <c>register_module_full_backward_hook</c>.</summary>
    public static HookHandle RegisterModuleFullBackwardHook(FullBackwardHook hook) => s_backwardHooks.Add(hook);

    /// <summary>Runs a backward pre-hook for every module. Mirrors <c>register_module_full_backward_pre_hook</c>.</summary>
    public static HookHandle RegisterModuleFullBackwardPreHook(FullBackwardPreHook hook) => s_backwardPreHooks.Add(hook);

    private bool HasBackwardHooks => _backwardHooks is { IsEmpty: false } || _backwardPreHooks is { IsEmpty: false }
        || !s_backwardHooks.IsEmpty || !s_backwardPreHooks.IsEmpty;

    /// <summary>What this call's backward passes will run; null: nothing.</summary>
    private BackwardHooks? TakeBackwardHooks() => HasBackwardHooks
        ? new(this, [.. s_backwardHooks.Hooks, .. _backwardHooks?.Hooks ?? []], [.. s_backwardPreHooks.Hooks, .. _backwardPreHooks?.Hooks ?? []])
        : null;
}
