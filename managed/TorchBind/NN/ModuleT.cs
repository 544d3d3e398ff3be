namespace TorchBind.NN;

/// <summary>A module with one input. Override <see cref="Forward"/>, call <see cref="Call"/>.</summary>
/// <typeparam name="TIn">The input, most often <see cref="Tensor"/>.</typeparam>
/// <typeparam name="TOut">The output, most often <see cref="Tensor"/>.</typeparam>
public abstract class Module<TIn, TOut> : Module
{
    /// <summary>Computes the output. Called by <see cref="Call"/>, which also runs the hooks.</summary>
    /// <param name="input">The input.</param>
    protected abstract TOut Forward(TIn input);

    /// <summary>Runs the module with its hooks. Mirrors <c>Module.__call__</c>.</summary>
    /// <param name="input">The input.</param>
    public TOut Call(TIn input) => HasCallHooks ? (TOut)CallForward([input], inputs => Forward((TIn)inputs[0]!))! : Forward(input);

    /// <summary>Runs a hook before every call; what it returns replaces the input, unless null. Mirrors <c>register_forward_pre_hook</c>.</summary>
    /// <returns>Removes the hook.</returns>
    public HookHandle RegisterForwardPreHook(Func<Module, TIn, TIn?> hook, bool prepend = false)
    {
        ArgumentNullException.ThrowIfNull(hook);
        return RegisterForwardPreHook((module, inputs) => hook(module, (TIn)inputs[0]!) is { } input ? [input] : null, prepend);
    }

    /// <summary>Runs a hook before every call. Mirrors <c>register_forward_pre_hook</c>.</summary>
    /// <returns>Removes the hook.</returns>
    public HookHandle RegisterForwardPreHook(Action<Module, TIn> hook, bool prepend = false)
    {
        ArgumentNullException.ThrowIfNull(hook);
        return RegisterForwardPreHook((ForwardPreHook)((module, inputs) =>
        {
            hook(module, (TIn)inputs[0]!);
            return null;
        }), prepend);
    }

    /// <summary>Runs a hook after every call; what it returns replaces the output, unless null. Mirrors <c>register_forward_hook</c>.</summary>
    /// <returns>Removes the hook.</returns>
    public HookHandle RegisterForwardHook(Func<Module, TIn, TOut, TOut?> hook, bool prepend = false)
    {
        ArgumentNullException.ThrowIfNull(hook);
        return RegisterForwardHook((ForwardHook)((module, inputs, output) => hook(module, (TIn)inputs[0]!, (TOut)output!)), prepend);
    }

    /// <summary>Runs a hook after every call. Mirrors <c>register_forward_hook</c>.</summary>
    /// <returns>Removes the hook.</returns>
    public HookHandle RegisterForwardHook(Action<Module, TIn, TOut> hook, bool prepend = false)
    {
        ArgumentNullException.ThrowIfNull(hook);
        return RegisterForwardHook((ForwardHook)((module, inputs, output) =>
        {
            hook(module, (TIn)inputs[0]!, (TOut)output!);
            return null;
        }), prepend);
    }
}

/// <summary>A module with two inputs. Override <see cref="Forward"/>, call <see cref="Call"/>.</summary>
/// <typeparam name="T1">The first input.</typeparam>
/// <typeparam name="T2">The second input.</typeparam>
/// <typeparam name="TOut">The output.</typeparam>
public abstract class Module<T1, T2, TOut> : Module
{
    /// <summary>Computes the output. Called by <see cref="Call"/>, which also runs the hooks.</summary>
    /// <param name="input1">The first input.</param>
    /// <param name="input2">The second input.</param>
    protected abstract TOut Forward(T1 input1, T2 input2);

    /// <summary>Runs the module with its hooks. Mirrors <c>Module.__call__</c>.</summary>
    /// <param name="input1">The first input.</param>
    /// <param name="input2">The second input.</param>
    public TOut Call(T1 input1, T2 input2) =>
        HasCallHooks ? (TOut)CallForward([input1, input2], inputs => Forward((T1)inputs[0]!, (T2)inputs[1]!))! : Forward(input1, input2);

    /// <summary>Runs a hook after every call; what it returns replaces the output, unless null. Mirrors <c>register_forward_hook</c>.</summary>
    /// <returns>Removes the hook.</returns>
    public HookHandle RegisterForwardHook(Func<Module, T1, T2, TOut, TOut?> hook, bool prepend = false)
    {
        ArgumentNullException.ThrowIfNull(hook);
        return RegisterForwardHook((ForwardHook)((module, inputs, output) => hook(module, (T1)inputs[0]!, (T2)inputs[1]!, (TOut)output!)), prepend);
    }
}

/// <summary>A module with three inputs. Override <see cref="Forward"/>, call <see cref="Call"/>.</summary>
/// <typeparam name="T1">The first input.</typeparam>
/// <typeparam name="T2">The second input.</typeparam>
/// <typeparam name="T3">The third input.</typeparam>
/// <typeparam name="TOut">The output.</typeparam>
public abstract class Module<T1, T2, T3, TOut> : Module
{
    /// <summary>Computes the output. Called by <see cref="Call"/>, which also runs the hooks.</summary>
    /// <param name="input1">The first input.</param>
    /// <param name="input2">The second input.</param>
    /// <param name="input3">The third input.</param>
    protected abstract TOut Forward(T1 input1, T2 input2, T3 input3);

    /// <summary>Runs the module with its hooks. Mirrors <c>Module.__call__</c>.</summary>
    /// <param name="input1">The first input.</param>
    /// <param name="input2">The second input.</param>
    /// <param name="input3">The third input.</param>
    public TOut Call(T1 input1, T2 input2, T3 input3) => HasCallHooks
        ? (TOut)CallForward([input1, input2, input3], inputs => Forward((T1)inputs[0]!, (T2)inputs[1]!, (T3)inputs[2]!))!
        : Forward(input1, input2, input3);
}
