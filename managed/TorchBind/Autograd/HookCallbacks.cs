using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using TorchBind.Interop;
using TorchBind.Utils.Hooks;

namespace TorchBind.Autograd;

/// <summary>Hangs managed hooks on tensors and nodes. libtorch owns the delegate, through a handle, until the hook is gone.</summary>
internal static unsafe class HookCallbacks
{
    /// <summary>Where an exception that passed through the engine names the node that was running.</summary>
    internal const string OperationKey = "Operation";

    internal static RemovableHandle Register(Tensor tensor, Func<Tensor, Tensor?> hook)
    {
        using var self = new Borrow(tensor);
        var context = Own(hook);
        nint registered;
        fixed (byte* name = Name(hook))
            Check(NativeMethods.tb_tensor_register_hook(self.Handle, name, &OnTensor, &Destroy, context, &registered), context);
        return Handle(registered);
    }

    internal static RemovableHandle RegisterPostAccumulate(Tensor tensor, Action<Tensor> hook)
    {
        using var self = new Borrow(tensor);
        // Not the tensor itself: its native side owns the hook.
        var context = Own(new PostAccumulate(new WeakReference<Tensor>(tensor), hook));
        nint registered;
        Check(NativeMethods.tb_tensor_register_post_accumulate_grad_hook(self.Handle, &OnAccumulated, &Destroy, context, &registered), context);
        return Handle(registered);
    }

    internal static RemovableHandle Register(Node node, Func<Tensor[], Tensor[], Tensor?[]?> hook)
    {
        using var self = new HandleBorrow(node);
        var context = Own(hook);
        nint registered;
        fixed (byte* name = Name(hook))
            Check(NativeMethods.tb_node_register_hook(self.Handle, name, &OnNode, &Destroy, context, &registered), context);
        return Handle(registered);
    }

    internal static RemovableHandle Register(Node node, Func<Tensor[], Tensor?[]?> hook)
    {
        using var self = new HandleBorrow(node);
        var context = Own(hook);
        nint registered;
        fixed (byte* name = Name(hook))
            Check(NativeMethods.tb_node_register_prehook(self.Handle, name, &BeforeNode, &Destroy, context, &registered), context);
        return Handle(registered);
    }

    private sealed record PostAccumulate(WeakReference<Tensor> Tensor, Action<Tensor> Hook);

    private sealed class HookHandle : SafeHandle
    {
        internal HookHandle(nint handle) : base(0, ownsHandle: true) => SetHandle(handle);

        public override bool IsInvalid => handle == 0;

        internal void Remove() => NativeMethods.tb_hook_remove(handle);

        protected override bool ReleaseHandle()
        {
            NativeMethods.tb_hook_free(handle);
            return true;
        }
    }

    private static RemovableHandle Handle(nint registered)
    {
        var handle = new HookHandle(registered);
        return new RemovableHandle(() =>
        {
            using (handle)
                handle.Remove();
        });
    }

    internal static void* Own(object target) => (void*)GCHandle.ToIntPtr(GCHandle.Alloc(target));

    internal static T Target<T>(void* context) where T : class => (T)GCHandle.FromIntPtr((nint)context).Target!;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    internal static void Destroy(void* context) => GCHandle.FromIntPtr((nint)context).Free();

    /// <summary>Throws on failure, and frees the context that libtorch did not take over.</summary>
    internal static void Check(int status, void* context)
    {
        if (status == 0)
            return;
        GCHandle.FromIntPtr((nint)context).Free();
        NativeError.Check(status);
    }

    /// <summary>
    /// Keeps a callback's exception for the call into the engine that it interrupts, with the name of the node that was running in its data.
    /// </summary>
    internal static int Failed(Exception exception)
    {
        try
        {
            nint node;
            if (NativeMethods.tb_autograd_current_node(&node) == 0 && node != 0)
            {
                using var running = new Node(node);
                // The innermost node counts, where a pass runs inside of another.
                if (!exception.Data.Contains(OperationKey))
                    exception.Data[OperationKey] = running.Name;
            }
        }
        catch
        {
            // An exception whose data cannot be written to surfaces without the name.
        }
        return NativeError.StoreCallbackException(exception);
    }

    private static byte[] Name(Delegate hook) => Encoding.UTF8.GetBytes((System.Diagnostics.DiagnosticMethodInfo.Create(hook)?.Name ?? "hook") + "\0");

    /// <summary>A managed tensor for a handle that is only lent; null for an undefined one.</summary>
    internal static Tensor? Lent(nint handle) => handle == 0 ? null : Tensor.Wrap(NativeMethods.tb_tensor_retain(handle));

    internal static Tensor[] Lent(nint* handles, long length)
    {
        var tensors = new Tensor[length];
        for (var i = 0; i < tensors.Length; i++)
            tensors[i] = Lent(handles[i])!;
        return tensors;
    }

    /// <summary>A reference of its own to a tensor, for the native side; 0 for null.</summary>
    internal static nint Give(Tensor? tensor)
    {
        if (tensor is null)
            return 0;
        using var borrow = new Borrow(tensor, nameof(tensor));
        return NativeMethods.tb_tensor_retain(borrow.Handle);
    }

    /// <summary>The same for a list, which is given whole or, when a tensor was disposed, not at all.</summary>
    internal static void Give(ReadOnlySpan<Tensor?> tensors, nint* handles)
    {
        var given = 0;
        try
        {
            for (; given < tensors.Length; given++)
                handles[given] = Give(tensors[given]);
        }
        catch
        {
            for (var i = 0; i < given; i++)
            {
                NativeMethods.tb_tensor_free(handles[i]);
                handles[i] = 0;
            }
            throw;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnTensor(void* context, nint grad, nint* replacement)
    {
        try
        {
            *replacement = Give(Target<Func<Tensor, Tensor?>>(context)(Lent(grad)!));
            return 0;
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnAccumulated(void* context, nint leaf, nint* replacement)
    {
        try
        {
            var (reference, hook) = Target<PostAccumulate>(context);
            // The object that the hook was registered on, so that it can serve as a key.
            hook(reference.TryGetTarget(out var tensor) && !tensor.IsDisposed ? tensor : Lent(leaf)!);
            return 0;
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnNode(
        void* context, nint* gradInputs, long inputLength, nint* gradOutputs, long outputLength, byte* replaced, nint* results)
    {
        try
        {
            var given = Target<Func<Tensor[], Tensor[], Tensor?[]?>>(context)(Lent(gradInputs, inputLength), Lent(gradOutputs, outputLength));
            Replace(given, inputLength, replaced, results);
            return 0;
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int BeforeNode(void* context, nint* grads, long length, byte* replaced, nint* results)
    {
        try
        {
            Replace(Target<Func<Tensor[], Tensor?[]?>>(context)(Lent(grads, length)), length, replaced, results);
            return 0;
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    private static void Replace(Tensor?[]? given, long length, byte* replaced, nint* results)
    {
        if (given is null)
            return;
        if (given.Length != length)
            throw new TorchException($"hook has returned an incorrect number of values (got {given.Length}, but expected {length})");
        Give(given, results);
        *replaced = 1;
    }
}
