using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using TorchBind.Interop;

namespace TorchBind.Autograd;

/// <summary>
/// Until disposed, hooks see what operations of this thread save for their backward. Made by
/// <see cref="Torch.Autograd.Graph.SavedTensorsHooks{T}(Func{Tensor, T}, Func{T, Tensor})"/>.
/// </summary>
public unsafe ref struct SavedTensorsHooksScope : IDisposable
{
    private bool _active;

    internal SavedTensorsHooksScope(SavedTensorHooks hooks)
    {
        hooks.Push();
        _active = true;
    }

    /// <summary>Takes the hooks away; what they packed is still unpacked by them. Disposing twice is harmless.</summary>
    public void Dispose()
    {
        if (!_active)
            return;
        _active = false;
        NativeError.Check(NativeMethods.tb_saved_tensor_hooks_pop());
    }
}

/// <summary>A pair of hooks on saved tensors.</summary>
internal abstract unsafe class SavedTensorHooks
{
    /// <summary>What is kept instead of the tensor.</summary>
    internal abstract object? Pack(Tensor tensor);

    /// <summary>The tensor again, as often as it is asked for.</summary>
    internal abstract Tensor Unpack(object? packed);

    /// <summary>The graph has let go of what was packed.</summary>
    internal virtual void Dropped(object? packed) { }

    /// <summary>Whether the tensor objects that pass through here belong to nobody else, and are disposed at once.</summary>
    internal virtual bool OwnsTensors => false;

    internal void Push()
    {
        var calls = new tb_saved_tensor_hooks { pack = &OnPack, unpack = &OnUnpack, drop = &OnDrop, destroy = &HookCallbacks.Destroy };
        var context = HookCallbacks.Own(this);
        HookCallbacks.Check(NativeMethods.tb_saved_tensor_hooks_push(&calls, context), context);
    }

    private sealed record Packed(SavedTensorHooks Hooks, object? Value);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnPack(void* context, nint handle, void** packed)
    {
        // What is packed outlives a scope that the operation runs in.
        var thread = PerThread.Current;
        var scope = thread.Scope;
        thread.Scope = null;
        try
        {
            var hooks = HookCallbacks.Target<SavedTensorHooks>(context);
            var tensor = HookCallbacks.Lent(handle)!;
            try
            {
                *packed = HookCallbacks.Own(new Packed(hooks, hooks.Pack(tensor)));
            }
            finally
            {
                if (hooks.OwnsTensors)
                    tensor.Dispose();
            }
            return 0;
        }
        catch (Exception exception)
        {
            return HookCallbacks.Failed(exception);
        }
        finally
        {
            thread.Scope = scope;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnUnpack(void* context, void* packed, nint* tensor)
    {
        try
        {
            var hooks = HookCallbacks.Target<SavedTensorHooks>(context);
            var result = hooks.Unpack(HookCallbacks.Target<Packed>(packed).Value)
                ?? throw new TorchTypeException("the hook that unpacks a saved tensor gave null");
            *tensor = HookCallbacks.Give(result);
            if (hooks.OwnsTensors)
                result.Dispose();
            return 0;
        }
        catch (Exception exception)
        {
            return HookCallbacks.Failed(exception);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnDrop(void* packed)
    {
        var handle = GCHandle.FromIntPtr((nint)packed);
        var (hooks, value) = (Packed)handle.Target!;
        handle.Free();
        hooks.Dropped(value);
    }
}

/// <summary>A pair of hooks that the user gave.</summary>
internal sealed class DelegateHooks<T>(Func<Tensor, T> pack, Func<T, Tensor> unpack) : SavedTensorHooks
{
    internal override object? Pack(Tensor tensor) => pack(tensor);

    internal override Tensor Unpack(object? packed) => unpack((T)packed!);
}

/// <summary>
/// Until disposed, hooks on saved tensors are refused on this thread. Made by <see cref="Torch.Autograd.Graph.DisableSavedTensorsHooks"/>.
/// </summary>
public unsafe ref struct DisableSavedTensorsHooksScope : IDisposable
{
    private readonly string? _previous;
    private bool _active;

    internal DisableSavedTensorsHooksScope(string message)
    {
        _previous = Set(message);
        _active = true;
    }

    /// <summary>Restores what held before. Disposing twice is harmless.</summary>
    public void Dispose()
    {
        if (!_active)
            return;
        _active = false;
        Set(_previous);
    }

    private static string? Set(string? message)
    {
        byte* previous;
        fixed (byte* text = message is null ? null : Encoding.UTF8.GetBytes(message + "\0"))
            NativeError.Check(NativeMethods.tb_saved_tensor_hooks_disable(text, &previous));
        return previous == null ? null : NativeText.Take(previous);
    }
}
