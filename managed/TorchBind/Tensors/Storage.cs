using System.Runtime.InteropServices;
using TorchBind.Interop;

namespace TorchBind;

/// <summary>A block of memory that tensors share. Mirrors <c>torch.UntypedStorage</c>.</summary>
public sealed class Storage : SafeHandle
{
    internal Storage(nint handle) : base(0, ownsHandle: true) => SetHandle(handle);

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        NativeMethods.tb_storage_free(handle);
        return true;
    }

    /// <summary>Size in bytes. Mirrors <c>UntypedStorage.nbytes()</c>.</summary>
    public unsafe long NBytes
    {
        get
        {
            using var self = new HandleBorrow(this);
            long bytes;
            NativeError.Check(NativeMethods.tb_storage_nbytes(self.Handle, &bytes));
            return bytes;
        }
    }

    /// <summary>Address of the first byte; valid while the storage lives. Mirrors <c>UntypedStorage.data_ptr()</c>.</summary>
    /// <returns>The address; 0 for a storage without memory, such as one of the device <c>meta</c>.</returns>
    /// <exception cref="ObjectDisposedException">The storage was disposed.</exception>
    public unsafe nint DataPtr()
    {
        using var self = new HandleBorrow(this);
        void* data;
        NativeError.Check(NativeMethods.tb_storage_data_ptr(self.Handle, &data));
        return (nint)data;
    }
}
