using System.Runtime.InteropServices;
using TorchBind.Interop;

namespace TorchBind;

/// <summary>
/// A tensor on its way to another library: a <c>DLManagedTensor</c> that shares the memory. Whoever takes it with <see cref="Take"/> calls its
/// deleter; disposing one that nobody took does so. Mirrors the capsule of <c>torch.to_dlpack</c>.
/// </summary>
public sealed unsafe class DlpackCapsule : SafeHandle
{
    internal DlpackCapsule(nint managed, bool versioned) : base(0, ownsHandle: true)
    {
        SetHandle(managed);
        IsVersioned = versioned;
    }

    /// <summary>Whether the struct is a <c>DLManagedTensorVersioned</c> (DLPack 1.0 and later).</summary>
    public bool IsVersioned { get; }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Hands the struct over; the capsule is empty afterwards.</summary>
    /// <returns>The address of the struct. Its <c>deleter</c> has to be called once.</returns>
    /// <exception cref="ObjectDisposedException">The capsule was disposed.</exception>
    /// <exception cref="InvalidOperationException">The struct was taken before.</exception>
    public nint Take()
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        var managed = Interlocked.Exchange(ref handle, 0);
        return managed != 0 ? managed : throw new InvalidOperationException("A DLPack capsule can be taken once.");
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        NativeMethods.tb_dlpack_free((void*)handle, IsVersioned ? (byte)1 : (byte)0);
        return true;
    }
}

public static partial class Torch
{
    /// <summary>The tensor for another library that speaks DLPack; both then share its memory. Mirrors <c>torch.to_dlpack</c>.</summary>
    /// <param name="tensor">A dense tensor with data that requires no gradient.</param>
    /// <param name="versioned">Makes the struct of DLPack 1.x instead of the older one.</param>
    /// <returns>The capsule; the tensor's memory lives until it is disposed, or its receiver is done.</returns>
    /// <exception cref="TorchException">
    /// The tensor requires a gradient, is sparse, quantized or on the device <c>meta</c>, or has a pending conjugation or negation.
    /// </exception>
    /// <exception cref="ArgumentNullException">The tensor is null.</exception>
    public static unsafe DlpackCapsule ToDlpack(Tensor tensor, bool versioned = false)
    {
        using var self = new Borrow(tensor, nameof(tensor));
        void* managed;
        NativeError.Check(NativeMethods.tb_dlpack_export(self.Handle, versioned ? (byte)1 : (byte)0, &managed));
        return new DlpackCapsule((nint)managed, versioned);
    }

    /// <summary>A tensor over the memory of another library's. Mirrors <c>torch.from_dlpack</c>.</summary>
    /// <param name="extTensor">What <see cref="ToDlpack"/> or another library gave; it is empty afterwards.</param>
    /// <returns>Shape, strides and dtype as the other library has them.</returns>
    /// <exception cref="TorchException">libtorch has no such dtype or device.</exception>
    /// <exception cref="ArgumentNullException">The capsule is null.</exception>
    /// <exception cref="ObjectDisposedException">The capsule was disposed.</exception>
    /// <exception cref="InvalidOperationException">The capsule was taken before.</exception>
    public static Tensor FromDlpack(DlpackCapsule extTensor)
    {
        ArgumentNullException.ThrowIfNull(extTensor);
        var managed = extTensor.Take();
        try
        {
            return FromDlpack(managed, extTensor.IsVersioned);
        }
        catch
        {
            new DlpackCapsule(managed, extTensor.IsVersioned).Dispose();
            throw;
        }
    }

    /// <summary>A tensor over the memory of a <c>DLManagedTensor</c>. Mirrors <c>torch.from_dlpack</c>.</summary>
    /// <param name="managedTensor">The struct's address. On success the tensor owns it and calls its deleter; otherwise it stays the caller's.</param>
    /// <param name="versioned">Whether it is a <c>DLManagedTensorVersioned</c>.</param>
    /// <returns>Shape, strides and dtype as the struct says.</returns>
    /// <exception cref="ArgumentNullException">The address is 0.</exception>
    /// <exception cref="TorchException">libtorch has no such dtype or device.</exception>
    /// <exception cref="ArgumentException">The struct is of a later version of DLPack.</exception>
    public static unsafe Tensor FromDlpack(nint managedTensor, bool versioned = false)
    {
        if (managedTensor == 0)
            throw new ArgumentNullException(nameof(managedTensor));
        nint result;
        NativeError.Check(NativeMethods.tb_dlpack_import((void*)managedTensor, versioned ? (byte)1 : (byte)0, &result));
        return TorchBind.Tensor.Wrap(result);
    }
}
