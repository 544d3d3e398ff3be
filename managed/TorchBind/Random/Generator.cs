using System.Runtime.InteropServices;
using TorchBind.Interop;

namespace TorchBind;

/// <summary>A random number generator. Mirrors <c>torch.Generator</c>.</summary>
public sealed unsafe class Generator : SafeHandle
{
    /// <summary>Creates a generator with libtorch's default seed.</summary>
    /// <param name="device">Its device; default: the processor.</param>
    /// <exception cref="TorchException">The device is not there.</exception>
    public Generator(Device device = default) : this(New(device)) { }

    internal Generator(nint handle) : base(0, ownsHandle: true) => SetHandle(handle);

    internal static Generator Wrap(nint handle) => new(handle);

    private static nint New(Device device)
    {
        nint handle;
        NativeError.Check(NativeMethods.tb_generator_new((int)device.Type, device.Index, &handle));
        return handle;
    }

    /// <summary>The generator that operations use when none is given. Mirrors <c>torch.default_generator</c>.</summary>
    /// <param name="device">The device; default: the processor.</param>
    /// <returns>A new object for the same generator.</returns>
    /// <exception cref="TorchException">libtorch was built without support for the device, or it has no generator.</exception>
    public static Generator Default(Device device = default)
    {
        nint handle;
        NativeError.Check(NativeMethods.tb_generator_default((int)device.Type, device.Index, &handle));
        return new Generator(handle);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        NativeMethods.tb_generator_free(handle);
        return true;
    }

    /// <summary>Sets the seed. Mirrors <c>Generator.manual_seed</c>.</summary>
    /// <param name="seed">Negative numbers count as their 64-bit pattern, as in Python.</param>
    /// <returns>This generator.</returns>
    /// <exception cref="ObjectDisposedException">The generator was disposed.</exception>
    public Generator ManualSeed(long seed)
    {
        using var self = new HandleBorrow(this);
        NativeError.Check(NativeMethods.tb_generator_manual_seed(self.Handle, (ulong)seed));
        return this;
    }

    /// <summary>The seed that was set last. Mirrors <c>Generator.initial_seed</c>.</summary>
    /// <returns>The seed as a 64-bit pattern: one beyond <see cref="long.MaxValue"/> is negative.</returns>
    /// <exception cref="ObjectDisposedException">The generator was disposed.</exception>
    public long InitialSeed()
    {
        using var self = new HandleBorrow(this);
        ulong seed;
        NativeError.Check(NativeMethods.tb_generator_initial_seed(self.Handle, &seed));
        return (long)seed;
    }

    /// <summary>Sets a seed from the system's randomness and returns it. Mirrors <c>Generator.seed</c>.</summary>
    /// <returns>The new seed.</returns>
    /// <exception cref="ObjectDisposedException">The generator was disposed.</exception>
    public long Seed()
    {
        using var self = new HandleBorrow(this);
        ulong seed;
        NativeError.Check(NativeMethods.tb_generator_seed(self.Handle, &seed));
        return (long)seed;
    }

    /// <summary>The state, as a uint8 tensor. Mirrors <c>Generator.get_state</c>.</summary>
    /// <returns>One dimension, on the processor; 5056 bytes for a generator of the processor. A copy.</returns>
    /// <exception cref="ObjectDisposedException">The generator was disposed.</exception>
    public Tensor GetState()
    {
        using var self = new HandleBorrow(this);
        nint state;
        NativeError.Check(NativeMethods.tb_generator_get_state(self.Handle, &state));
        return Tensor.Wrap(state);
    }

    /// <summary>Restores a state. Mirrors <c>Generator.set_state</c>.</summary>
    /// <param name="state">What <see cref="GetState"/> gave, of a generator of the same kind of device.</param>
    /// <exception cref="TorchTypeException">The state is no uint8 tensor on the processor.</exception>
    /// <exception cref="TorchException">The state is of another size or kind.</exception>
    /// <exception cref="ArgumentNullException">The state is null.</exception>
    public void SetState(Tensor state)
    {
        using var self = new HandleBorrow(this);
        using var tensor = new Borrow(state, nameof(state));
        NativeError.Check(NativeMethods.tb_generator_set_state(self.Handle, tensor.Handle));
    }

    /// <summary>The generator's device.</summary>
    public Device Device
    {
        get
        {
            using var self = new HandleBorrow(this);
            long device;
            NativeError.Check(NativeMethods.tb_generator_device(self.Handle, &device));
            return Device.Unpack(device);
        }
    }
}
