using System.Runtime.InteropServices;

namespace TorchBind.Interop;

/// <summary>Owns a reference to a TorchScript object, module or not.</summary>
internal sealed class ScriptHandle : SafeHandle
{
    public ScriptHandle(nint handle) : base(0, ownsHandle: true) => SetHandle(handle);

    public override bool IsInvalid => handle == 0;

    /// <summary>The native object's address, which tells objects apart.</summary>
    public nint Address => handle;

    protected override bool ReleaseHandle()
    {
        NativeMethods.tb_object_free(handle);
        return true;
    }
}

/// <summary>Owns a compilation unit.</summary>
internal sealed class UnitHandle : SafeHandle
{
    public UnitHandle(nint handle) : base(0, ownsHandle: true) => SetHandle(handle);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        NativeMethods.tb_unit_free(handle);
        return true;
    }
}
