using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using TorchBind.Interop;
using TorchBind.Utils;

namespace TorchBind.Autograd;

/// <summary>
/// An operation with a gradient formula of its own. Derive from the class with as many type arguments as the operation has arguments, between
/// the class itself and the type of the result, and call <c>Apply</c>:
/// <code>
/// sealed class Scale : Function&lt;Scale, Tensor, double, Tensor&gt;
/// {
///     private double _factor;
///
///     protected override Tensor Forward(FunctionContext ctx, Tensor x, double factor)
///     {
///         _factor = factor;
///         return x * factor;
///     }
///
///     protected override Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs) => [gradOutputs[0] * _factor, null];
/// }
///
/// var y = Scale.Apply(x, 2.0);
/// </code>
/// Every application makes an object of its own, so fields hold what the backward needs beside tensors.
/// Mirrors <c>torch.autograd.Function</c>.
/// </summary>
public abstract class Function
{
    private protected Function() { }

    /// <summary>
    /// The gradients of the arguments from those of the results. One for each argument of the forward, null for what is no tensor or needs none; an
    /// array or tuple of tensors counts once for each tensor. Trailing nulls may be more. Recorded when the pass creates a graph: then it is what is
    /// differentiated again. Mirrors <c>Function.backward</c>.
    /// </summary>
    /// <param name="ctx">What the forward kept.</param>
    /// <param name="gradOutputs">
    /// One for each result. Null for a result that is no tensor and, after <see cref="FunctionContext.SetMaterializeGrads"/>(false), for a gradient
    /// that did not arrive.
    /// </param>
    protected virtual Tensor?[] Backward(FunctionContext ctx, Tensor[] gradOutputs) => throw new NotImplementedException(
        $"{GetType().Name} has no gradient: override Backward.");

    /// <summary>
    /// The tangents of the results from those of the arguments, for forward-mode differentiation. Mirrors <c>Function.jvp</c>.
    /// </summary>
    /// <param name="ctx">What the forward kept.</param>
    /// <param name="gradInputs">One for each argument, as <see cref="Backward"/> returns them; null for what has no tangent.</param>
    protected virtual Tensor?[] Jvp(FunctionContext ctx, Tensor[] gradInputs) => throw new NotImplementedException(
        $"{GetType().Name} has no forward mode: override Jvp.");

    /// <summary>
    /// Whether <see cref="Backward"/> cannot itself be differentiated: then it is not recorded, and differentiating twice is an error.
    /// Mirrors <c>@once_differentiable</c>.
    /// </summary>
    protected virtual bool OnceDifferentiable => false;

    /// <summary>
    /// How the forward runs where mixed precision is on; null, the default, as any other code. Mirrors <c>@torch.amp.custom_fwd</c>.
    /// </summary>
    protected virtual CustomFwd? CustomFwd => null;

    /// <summary>
    /// The kind of device for which <see cref="Backward"/> runs in the mixed precision that the forward ran in; null, the default, in that of the
    /// thread at the time of the pass. Goes with <see cref="CustomFwd"/>. Mirrors <c>@torch.amp.custom_bwd</c>.
    /// </summary>
    protected virtual DeviceType? CustomBwd => null;

    /// <summary>The name of the node: the class's name and <c>Backward</c>.</summary>
    protected virtual string NodeName => GetType().Name + "Backward";

    internal unsafe TResult Run<TResult>(ReadOnlySpan<object?> places, Func<FunctionContext, TResult> forward)
    {
        if (Transforms.Level.IsActive)
        {
            throw new TorchException($"{GetType().Name} cannot be transformed (Vmap, Grad, Jvp and the others), as custom functions know nothing of transforms: apply it outside of the transform, or compute the same with operators, which autograd can transform.");
        }
        var precision = CustomFwd;
        if (precision is null && CustomBwd is not null)
            throw new InvalidOperationException($"{GetType().Name} overrides CustomBwd, which restores what CustomFwd has seen: override CustomFwd too.");
        var mixed = precision is not null && Torch.IsAutocastEnabled(precision.DeviceType);
        var full = mixed && precision!.CastInputs is not null;
        if (precision is not null)
            _backwardPrecision = (mixed && !full, Torch.GetAutocastDType(precision.DeviceType));

        var arguments = new FunctionArguments(places);
        var application = new Application(this, arguments);
        var ctx = application.Context;
        var inputs = arguments.Tensors();
        FunctionContext.FunctionHandle handle;
        using (var borrowed = new BorrowList(inputs, "arguments"))
        {
            var calls = new tb_function_calls { backward = &OnBackward, jvp = &OnJvp, destroy = &HookCallbacks.Destroy };
            var context = HookCallbacks.Own(application);
            nint function;
            byte recorded;
            fixed (byte* name = Encoding.UTF8.GetBytes(NodeName + "\0"))
            {
                HookCallbacks.Check(
                    NativeMethods.tb_function_begin(borrowed.Handles, borrowed.Length, name, &calls, context, &function, &recorded), context);
            }
            handle = new FunctionContext.FunctionHandle(function);
        }

        var gradMode = NativeMethods.tb_autograd_grad_mode_set(0);
        var forwardMode = NativeMethods.tb_autograd_forward_mode_set(0);
        TResult result;
        try
        {
            _castInputs = full ? precision : null;
            using var scope = full ? Torch.Autocast(precision!.DeviceType, enabled: false) : default;
            result = forward(ctx);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
        finally
        {
            NativeMethods.tb_autograd_grad_mode_set(gradMode);
            NativeMethods.tb_autograd_forward_mode_set(forwardMode);
        }
        ctx.Attach(handle);
        return Finish(handle, application, result);
    }

    // What CustomFwd casts to while the forward runs, and what CustomBwd restores.
    private CustomFwd? _castInputs;
    private (bool Enabled, DType DType) _backwardPrecision;

    /// <summary>An argument as the forward gets it: <see cref="CustomFwd"/> may want other floating-point numbers.</summary>
    private protected T Input<T>(T argument) => _castInputs is { CastInputs: { } dtype, DeviceType: var device }
        ? Tree.Map(argument, x => x.IsFloatingPoint() && x.DType != DType.Float64 && x.Device.Type == device ? x.To(dtype) : x)
        : argument;

    private static unsafe TResult Finish<TResult>(FunctionContext.FunctionHandle handle, Application application, TResult result)
    {
        var ctx = application.Context;
        var leaves = new List<object?>();
        var shape = Tree.Flatten(result, leaves);
        var outputs = new Tensor?[leaves.Count];
        for (var i = 0; i < outputs.Length; i++)
            outputs[i] = leaves[i] as Tensor;
        application.OutputCount = outputs.Length;
        var wrapped = new nint[outputs.Length];
        ctx.InForward = true;
        try
        {
            using var self = new HandleBorrow(handle);
            using var raw = new BorrowList(outputs, "result", optional: true);
            using var dirty = new BorrowList(ctx.Dirty, nameof(FunctionContext.MarkDirty));
            using var nonDifferentiable = new BorrowList(ctx.NonDifferentiable, nameof(FunctionContext.MarkNonDifferentiable));
            using var saved = new BorrowList(ctx.ToSave, nameof(FunctionContext.SaveForBackward), optional: true);
            fixed (nint* results = wrapped)
            {
                NativeError.Check(NativeMethods.tb_function_finish(self.Handle, raw.Handles, raw.Length, dirty.Handles, dirty.Length,
                    nonDifferentiable.Handles, nonDifferentiable.Length, saved.Handles, saved.Length, AutogradEngine.Byte(ctx.MaterializeGrads), results));
            }
            // libtorch mostly gives back what it was given: the same object then, as in Python.
            var changed = false;
            for (var i = 0; i < wrapped.Length; i++)
            {
                if (wrapped[i] == 0)
                    continue;
                if (wrapped[i] == raw.Handles[i])
                {
                    NativeMethods.tb_tensor_free(wrapped[i]);
                    continue;
                }
                changed = true;
                leaves[i] = Tensor.Wrap(wrapped[i]);
            }
            return changed ? shape.Build<TResult>(CollectionsMarshal.AsSpan(leaves)) : result;
        }
        finally
        {
            ctx.InForward = false;
            ctx.FinishForward();
        }
    }

    /// <summary>The gradients of the tensors among the arguments.</summary>
    private Tensor?[] RunBackward(Application application, Tensor[] grads)
    {
        Tensor?[] results;
        using var scope = CustomBwd is { } device ? Torch.Autocast(device, _backwardPrecision.DType, _backwardPrecision.Enabled) : default;
        if (OnceDifferentiable)
        {
            using (Torch.NoGrad())
                results = Backward(application.Context, grads);
            if (Torch.IsGradEnabled() && Array.Exists(grads, static grad => grad is { RequiresGrad: true }))
                results = DelayedError(results);
        }
        else
        {
            results = Backward(application.Context, grads);
        }
        return application.Arguments.TensorsOf(results ?? throw new TorchException($"{GetType().Name}.Backward returned null; it returns an array."),
            (expected, got) => $"{NodeName} takes {expected} inputs and gave {got} gradients back; it gives one, or null, for each.",
            position => $"{NodeName} gave a gradient at position {position}, where the input was no tensor; it must be null.");
    }

    private static unsafe Tensor?[] DelayedError(Tensor?[] results)
    {
        var given = new Tensor?[results.Length];
        for (var i = 0; i < given.Length; i++)
            given[i] = results[i]?.Detach().RequiresGrad_();
        var handles = new nint[given.Length];
        using var borrowed = new BorrowList(given, nameof(results), optional: true);
        fixed (nint* wrapped = handles)
        fixed (byte* message = "the backward of this function runs once and cannot be differentiated again\0"u8)
            NativeError.Check(NativeMethods.tb_autograd_delayed_error(message, borrowed.Handles, borrowed.Length, wrapped));
        return Array.ConvertAll(handles, Tensor.WrapOptional);
    }

    /// <summary>One use of the function: what its node in the graph owns.</summary>
    private sealed class Application
    {
        internal Application(Function function, FunctionArguments arguments)
        {
            Function = function;
            Arguments = arguments;
            Context = new FunctionContext(arguments.NeedGrad());
        }

        internal Function Function { get; }
        internal FunctionArguments Arguments { get; }
        internal FunctionContext Context { get; }
        internal int OutputCount { get; set; }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe int OnBackward(void* context, nint* grads, long length, nint* results, long resultLength)
    {
        try
        {
            var application = HookCallbacks.Target<Application>(context);
            HookCallbacks.Give(application.Function.RunBackward(application, HookCallbacks.Lent(grads, length)), results);
            return 0;
        }
        catch (Exception exception)
        {
            return HookCallbacks.Failed(exception);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe int OnJvp(void* context, nint* tangents, long length, nint* results, long resultLength)
    {
        try
        {
            var application = HookCallbacks.Target<Application>(context);
            var given = application.Arguments.Spread(HookCallbacks.Lent(tangents, length));
            var found = application.Function.Jvp(application.Context, given)
                ?? throw new TorchException($"{application.Function.GetType().Name}.Jvp returned null; it returns an array.");
            if (found.Length != resultLength)
                throw new TorchException($"{application.Function.GetType().Name}.Jvp gave {found.Length} tangents for {resultLength} results.");
            HookCallbacks.Give(found, results);
            return 0;
        }
        catch (Exception exception)
        {
            return HookCallbacks.Failed(exception);
        }
    }
}

/// <summary>What <see cref="Function.CustomFwd"/> wants where mixed precision is on for a kind of device.</summary>
/// <param name="DeviceType">The kind of device.</param>
/// <param name="CastInputs">
/// The dtype that floating-point tensors of the device, float64 aside, are given in; the forward then runs without mixed precision. Default: they
/// come as they are, and mixed precision stays on.
/// </param>
public sealed record CustomFwd(DeviceType DeviceType, DType? CastInputs = null);

/// <summary>The arguments of one application, taken apart: one place for each tensor, and one for whatever is no tensor.</summary>
internal sealed class FunctionArguments
{
    private readonly List<object?> _places = [];
    private bool[] _isTensor = [];

    internal FunctionArguments(ReadOnlySpan<object?> arguments)
    {
        foreach (var argument in arguments)
            Tree.Flatten(argument, _places);
    }

    /// <summary>The tensors; from here on the arguments themselves are not held any more.</summary>
    internal Tensor[] Tensors()
    {
        _isTensor = new bool[_places.Count];
        var tensors = new List<Tensor>(_places.Count);
        for (var i = 0; i < _isTensor.Length; i++)
        {
            if (_places[i] is not Tensor tensor)
                continue;
            _isTensor[i] = true;
            tensors.Add(tensor);
        }
        _places.Clear();
        return [.. tensors];
    }

    internal bool[] NeedGrad()
    {
        var needed = new bool[_places.Count];
        for (var i = 0; i < needed.Length; i++)
            needed[i] = _places[i] is Tensor { RequiresGrad: true };
        return needed;
    }

    /// <summary>One entry for each tensor, out of one for each place.</summary>
    internal Tensor?[] TensorsOf(Tensor?[] values, Func<int, int, string> wrongCount, Func<int, string> notATensor)
    {
        var count = values.Length;
        // Trailing nulls are as good as nothing.
        while (count > _isTensor.Length && values[count - 1] is null)
            count--;
        if (count != _isTensor.Length)
            throw new TorchException(wrongCount(_isTensor.Length, values.Length));
        var tensors = new List<Tensor?>(count);
        for (var i = 0; i < count; i++)
        {
            if (_isTensor[i])
                tensors.Add(values[i]);
            else if (values[i] is not null)
                throw new TorchException(notATensor(i + 1));
        }
        return [.. tensors];
    }

    /// <summary>One entry for each place, out of one for each tensor.</summary>
    internal Tensor[] Spread(Tensor[] tensors)
    {
        var values = new Tensor[_isTensor.Length];
        for (int i = 0, next = 0; i < values.Length; i++)
        {
            if (_isTensor[i])
                values[i] = tensors[next++];
        }
        return values;
    }
}
