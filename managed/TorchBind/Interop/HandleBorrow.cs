using System.Runtime.InteropServices;

namespace TorchBind.Interop;

/// <summary>Holds a native object that is no tensor (generator, storage, node) for one native call.</summary>
internal readonly ref struct HandleBorrow : IDisposable
{
    private readonly SafeHandle? _owner;

    /// <summary>The native handle; 0 for an optional object that was not given.</summary>
    public readonly nint Handle;

    /// <summary>Borrows a required object.</summary>
    public HandleBorrow(SafeHandle owner, string name = "this")
    {
        ArgumentNullException.ThrowIfNull(owner, name);
        var entered = false;
        if (owner.IsClosed)
            throw new ObjectDisposedException(owner.GetType().Name, $"The {owner.GetType().Name} was disposed.");
        owner.DangerousAddRef(ref entered);
        _owner = owner;
        Handle = owner.DangerousGetHandle();
    }

    /// <summary>Borrows an object that may be null.</summary>
    public static HandleBorrow Optional(SafeHandle? owner, string name = "handle") => owner is null ? default : new HandleBorrow(owner, name);

    /// <summary>Ends the call's hold.</summary>
    public void Dispose() => _owner?.DangerousRelease();
}
