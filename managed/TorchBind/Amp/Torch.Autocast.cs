using TorchBind.Interop;

namespace TorchBind;

// Mixed precision: which operators run in a shorter dtype is libtorch's table.
public static unsafe partial class Torch
{
    /// <summary>
    /// Until the scope is disposed, operators that gain from it run in a shorter dtype on this thread, others in float32. Mirrors
    /// <c>torch.autocast</c> (and <c>torch.amp.autocast</c>).
    /// </summary>
    /// <param name="deviceType">The kind of device whose operators change.</param>
    /// <param name="dtype">The shorter dtype; default: <see cref="GetAutocastDType"/>, which is bfloat16 for the processor.</param>
    /// <param name="enabled">False switches it off inside the scope.</param>
    /// <param name="cacheEnabled">Whether converted weights are kept until the outermost scope ends; default: as it is.</param>
    /// <returns>Restores the former settings when it is disposed.</returns>
    /// <exception cref="ArgumentException">libtorch has no mixed precision for the kind of device, or not in the dtype.</exception>
    public static AutocastScope Autocast(DeviceType deviceType, DType? dtype = null, bool enabled = true, bool? cacheEnabled = null) =>
        new(deviceType, dtype, enabled, cacheEnabled);

    /// <summary>Whether libtorch has mixed precision for a kind of device. Mirrors <c>torch.amp.is_autocast_available</c>.</summary>
    /// <param name="deviceType">The kind of device; it need not be there.</param>
    /// <returns>Whether <see cref="Autocast"/> takes it.</returns>
    /// <exception cref="TorchException">There is no such kind of device.</exception>
    public static bool IsAutocastAvailable(DeviceType deviceType)
    {
        byte available, enabled;
        int dtype;
        NativeError.Check(NativeMethods.tb_context_autocast((int)deviceType, &available, &enabled, &dtype));
        return available != 0;
    }

    /// <summary>Whether operators of a kind of device run in mixed precision on this thread. Mirrors <c>torch.is_autocast_enabled</c>.</summary>
    /// <param name="deviceType">The kind of device.</param>
    /// <returns>False unless switched on.</returns>
    /// <exception cref="ArgumentException">libtorch has no mixed precision for the kind of device.</exception>
    public static bool IsAutocastEnabled(DeviceType deviceType) => AutocastState(deviceType).Enabled;

    /// <summary>Whether CUDA's operators run in mixed precision on this thread. Mirrors <c>torch.is_autocast_enabled()</c>.</summary>
    /// <returns>False unless switched on.</returns>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static bool IsAutocastEnabled() => IsAutocastEnabled(DeviceType.Cuda);

    /// <summary>Switches mixed precision on this thread; <see cref="Autocast"/> is the scope that restores it. Mirrors <c>torch.set_autocast_enabled</c>.</summary>
    /// <param name="deviceType">The kind of device.</param>
    /// <param name="enabled">Whether it is on.</param>
    /// <exception cref="ArgumentException">libtorch has no mixed precision for the kind of device.</exception>
    public static void SetAutocastEnabled(DeviceType deviceType, bool enabled)
    {
        AutocastState(deviceType);
        NativeError.Check(NativeMethods.tb_context_set_autocast_enabled((int)deviceType, enabled ? (byte)1 : (byte)0));
    }

    /// <summary>The shorter dtype of mixed precision. Mirrors <c>torch.get_autocast_dtype</c>.</summary>
    /// <param name="deviceType">The kind of device.</param>
    /// <returns>bfloat16 for the processor, float16 for CUDA, unless set.</returns>
    /// <exception cref="ArgumentException">libtorch has no mixed precision for the kind of device.</exception>
    public static DType GetAutocastDType(DeviceType deviceType) => AutocastState(deviceType).DType;

    /// <summary>Sets the shorter dtype of mixed precision on this thread. Mirrors <c>torch.set_autocast_dtype</c>.</summary>
    /// <param name="deviceType">The kind of device.</param>
    /// <param name="dtype">The dtype.</param>
    /// <exception cref="ArgumentException">libtorch has no mixed precision for the kind of device.</exception>
    public static void SetAutocastDType(DeviceType deviceType, DType dtype)
    {
        AutocastState(deviceType);
        NativeError.Check(NativeMethods.tb_context_set_autocast_dtype((int)deviceType, (int)dtype));
    }

    /// <summary>Whether mixed precision keeps converted weights. Mirrors <c>torch.is_autocast_cache_enabled</c>.</summary>
    /// <returns>True unless <see cref="SetAutocastCacheEnabled"/> changed it on this thread.</returns>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static bool IsAutocastCacheEnabled()
    {
        byte value;
        NativeError.Check(NativeMethods.tb_context_autocast_cache_enabled(&value));
        return value != 0;
    }

    /// <summary>Sets whether mixed precision keeps converted weights on this thread. Mirrors <c>torch.set_autocast_cache_enabled</c>.</summary>
    /// <param name="enabled">Whether it keeps them; true is the default.</param>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static void SetAutocastCacheEnabled(bool enabled) =>
        NativeError.Check(NativeMethods.tb_context_set_autocast_cache_enabled(enabled ? (byte)1 : (byte)0));

    /// <summary>Forgets the converted weights. Mirrors <c>torch.clear_autocast_cache</c>.</summary>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static void ClearAutocastCache() => NativeError.Check(NativeMethods.tb_context_clear_autocast_cache());

    /// <summary>
    /// Enters one more scope of mixed precision. <see cref="Autocast"/> does so by itself. Mirrors <c>torch.autocast_increment_nesting</c>.
    /// </summary>
    /// <returns>The depth afterwards.</returns>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static int AutocastIncrementNesting() => AutocastNesting(1);

    /// <summary>
    /// Leaves a scope of mixed precision. <see cref="Autocast"/> does so by itself. Mirrors <c>torch.autocast_decrement_nesting</c>.
    /// </summary>
    /// <returns>The depth afterwards; the cache is to be cleared at 0.</returns>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static int AutocastDecrementNesting() => AutocastNesting(-1);

    private static int AutocastNesting(int step)
    {
        int depth;
        NativeError.Check(NativeMethods.tb_context_autocast_nesting(step, &depth));
        return depth;
    }

    private static (bool Enabled, DType DType) AutocastState(DeviceType deviceType)
    {
        byte available, enabled;
        int dtype;
        NativeError.Check(NativeMethods.tb_context_autocast((int)deviceType, &available, &enabled, &dtype));
        return available != 0 ? (enabled != 0, (DType)dtype)
            : throw new ArgumentException($"libtorch has no mixed precision for devices of type {deviceType}.", nameof(deviceType));
    }
}

/// <summary>Ends mixed precision where <see cref="Torch.Autocast"/> began it. A ref struct: the compiler keeps it out of <c>await</c>, which may change the thread.</summary>
public ref struct AutocastScope : IDisposable
{
    private readonly DeviceType _deviceType;
    private readonly bool _enabled, _cache;
    private readonly DType _dtype;
    private bool _active;

    internal AutocastScope(DeviceType deviceType, DType? dtype, bool enabled, bool? cacheEnabled)
    {
        _deviceType = deviceType;
        _enabled = Torch.IsAutocastEnabled(deviceType);
        _dtype = Torch.GetAutocastDType(deviceType);
        _cache = Torch.IsAutocastCacheEnabled();
        var shorter = dtype ?? _dtype;
        if (enabled && shorter is not (DType.BFloat16 or DType.Float16))
            throw new ArgumentException($"Mixed precision runs in bfloat16 or float16, got {shorter.Name()}.", nameof(dtype));
        Torch.SetAutocastEnabled(deviceType, enabled);
        Torch.SetAutocastDType(deviceType, shorter);
        Torch.AutocastIncrementNesting();
        Torch.SetAutocastCacheEnabled(cacheEnabled ?? _cache);
        _active = true;
    }

    /// <summary>Restores what was before. Disposing twice is harmless.</summary>
    public void Dispose()
    {
        if (!_active)
            return;
        _active = false;
        if (Torch.AutocastDecrementNesting() == 0)
            Torch.ClearAutocastCache();
        Torch.SetAutocastEnabled(_deviceType, _enabled);
        Torch.SetAutocastDType(_deviceType, _dtype);
        Torch.SetAutocastCacheEnabled(_cache);
    }
}
