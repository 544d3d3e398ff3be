using TorchBind.Autograd;
using TorchBind.Interop;

namespace TorchBind;

/// <summary>The functions of Python's <c>torch</c> module. Generated operators stand in <c>Generated/</c>.</summary>
public static partial class Torch
{
    /// <summary>Stops recording for autograd on this thread: <c>using (Torch.NoGrad()) { ... }</c>. Mirrors <c>torch.no_grad</c>.</summary>
    /// <returns>Restores the former mode when it is disposed.</returns>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static GradModeScope NoGrad() => new(false);

    /// <summary>Records for autograd on this thread. Mirrors <c>torch.enable_grad</c>.</summary>
    /// <returns>Restores the former mode when it is disposed.</returns>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static GradModeScope EnableGrad() => new(true);

    /// <summary>Records or not, until the scope ends. Mirrors <c>torch.set_grad_enabled</c> as a context manager.</summary>
    /// <param name="mode">True: this thread records.</param>
    /// <returns>Restores the former mode when it is disposed.</returns>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static GradModeScope SetGradEnabled(bool mode) => new(mode);

    /// <summary>Whether this thread records for autograd. Mirrors <c>torch.is_grad_enabled</c>.</summary>
    /// <returns>True unless a scope or inference mode says otherwise.</returns>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static bool IsGradEnabled() => NativeMethods.tb_autograd_grad_mode() != 0;

    /// <summary>Inference mode: faster than <see cref="NoGrad"/>, results can never enter a graph. Mirrors <c>torch.inference_mode</c>.</summary>
    /// <param name="mode">False leaves inference mode inside of another scope.</param>
    /// <returns>Restores the former mode when it is disposed.</returns>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static InferenceModeScope InferenceMode(bool mode = true) => new(mode);

    /// <summary>Whether this thread is in inference mode. Mirrors <c>torch.is_inference_mode_enabled</c>.</summary>
    /// <returns>False unless a scope says otherwise.</returns>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static bool IsInferenceModeEnabled() => NativeMethods.tb_autograd_inference_mode() != 0;

    /// <summary>
    /// Seeds the generators of all devices. The same seed gives the numbers that Python gives. Mirrors <c>torch.manual_seed</c>.
    /// </summary>
    /// <param name="seed">Negative numbers count as their 64-bit pattern, as in Python.</param>
    /// <returns>The processor's default generator, in a new object.</returns>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static Generator ManualSeed(long seed)
    {
        NativeError.Check(NativeMethods.tb_random_manual_seed((ulong)seed));
        return Generator.Default();
    }

    /// <summary>The seed that was set last for the processor. Mirrors <c>torch.initial_seed</c>.</summary>
    /// <returns>The seed as a 64-bit pattern: one beyond <see cref="long.MaxValue"/> is negative.</returns>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static long InitialSeed()
    {
        using var generator = Generator.Default();
        return generator.InitialSeed();
    }

    /// <summary>Seeds from the system's randomness and returns the seed. Mirrors <c>torch.seed</c>.</summary>
    /// <returns>The new seed of the generators of all devices.</returns>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static long Seed()
    {
        using var generator = Generator.Default();
        var seed = generator.Seed();
        ManualSeed(seed).Dispose();
        return seed;
    }

    /// <summary>The state of the processor's default generator. Mirrors <c>torch.get_rng_state</c>.</summary>
    /// <returns>Shape <c>(5056)</c>, uint8, on the processor; a copy.</returns>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static Tensor GetRngState()
    {
        using var generator = Generator.Default();
        return generator.GetState();
    }

    /// <summary>Restores the state of the processor's default generator. Mirrors <c>torch.set_rng_state</c>.</summary>
    /// <param name="newState">What <see cref="GetRngState"/> gave.</param>
    /// <exception cref="ArgumentNullException">The state is null.</exception>
    /// <exception cref="TorchTypeException">The state is no uint8 tensor on the processor.</exception>
    /// <exception cref="TorchException">The state has another size, or holds no state.</exception>
    public static void SetRngState(Tensor newState)
    {
        ArgumentNullException.ThrowIfNull(newState);
        using var generator = Generator.Default();
        generator.SetState(newState);
    }

    /// <summary>Threads that one operation may use. Mirrors <c>torch.get_num_threads</c>.</summary>
    /// <returns>The number; as many as there are cores, unless it was set or <c>OMP_NUM_THREADS</c> says otherwise.</returns>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static unsafe int GetNumThreads()
    {
        int count;
        NativeError.Check(NativeMethods.tb_core_get_num_threads(&count));
        return count;
    }

    /// <summary>Sets the threads that one operation may use. Mirrors <c>torch.set_num_threads</c>.</summary>
    /// <param name="count">The number, 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is not positive.</exception>
    public static void SetNumThreads(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        NativeError.Check(NativeMethods.tb_core_set_num_threads(count));
    }

    /// <summary>Threads for independent operations. Mirrors <c>torch.get_num_interop_threads</c>.</summary>
    /// <returns>The number; as many as there are cores, unless it was set.</returns>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static unsafe int GetNumInteropThreads()
    {
        int count;
        NativeError.Check(NativeMethods.tb_core_get_num_interop_threads(&count));
        return count;
    }

    /// <summary>Sets the threads for independent operations; possible once, before any ran. Mirrors <c>torch.set_num_interop_threads</c>.</summary>
    /// <param name="count">The number, 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is not positive.</exception>
    /// <exception cref="TorchException">The number was set before, or such threads ran already.</exception>
    public static void SetNumInteropThreads(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        NativeError.Check(NativeMethods.tb_core_set_num_interop_threads(count));
    }

    /// <summary>The dtype of new floating-point tensors. Mirrors <c>torch.get_default_dtype</c>.</summary>
    /// <returns>float32, unless <see cref="SetDefaultDType"/> set another one.</returns>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static unsafe DType GetDefaultDType()
    {
        int dtype;
        NativeError.Check(NativeMethods.tb_core_get_default_dtype(&dtype));
        return (DType)dtype;
    }

    /// <summary>Sets the dtype of new floating-point tensors. Mirrors <c>torch.set_default_dtype</c>.</summary>
    /// <param name="dtype">float16, bfloat16, float32 or float64.</param>
    /// <exception cref="ArgumentException">The dtype is none of these.</exception>
    public static void SetDefaultDType(DType dtype)
    {
        if (dtype is not (DType.Float16 or DType.BFloat16 or DType.Float32 or DType.Float64))
            throw new ArgumentException($"The default dtype is float16, bfloat16, float32 or float64, got {dtype.Name()}.", nameof(dtype));
        NativeError.Check(NativeMethods.tb_core_set_default_dtype((int)dtype));
    }

    /// <summary>
    /// Sets whether operations without a deterministic implementation are refused. Mirrors <c>torch.use_deterministic_algorithms</c>.
    /// </summary>
    /// <param name="mode">Whether they are; false is the default of the program.</param>
    /// <param name="warnOnly">Writes a warning instead.</param>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static void UseDeterministicAlgorithms(bool mode, bool warnOnly = false) =>
        NativeError.Check(NativeMethods.tb_core_set_deterministic(mode ? (byte)1 : (byte)0, warnOnly ? (byte)1 : (byte)0));

    /// <summary>Whether deterministic algorithms are asked for. Mirrors <c>torch.are_deterministic_algorithms_enabled</c>.</summary>
    /// <returns>What <see cref="UseDeterministicAlgorithms"/> set; false before.</returns>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static unsafe bool AreDeterministicAlgorithmsEnabled()
    {
        byte value, warnOnly;
        NativeError.Check(NativeMethods.tb_core_get_deterministic(&value, &warnOnly));
        return value != 0;
    }

    /// <summary>Treats denormal numbers as zero on this thread, or no longer. Mirrors <c>torch.set_flush_denormal</c>.</summary>
    /// <param name="mode">Whether they count as zero.</param>
    /// <returns>Whether the processor can do so.</returns>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static unsafe bool SetFlushDenormal(bool mode)
    {
        byte supported;
        NativeError.Check(NativeMethods.tb_core_set_flush_denormal(mode ? (byte)1 : (byte)0, &supported));
        return supported != 0;
    }

    /// <summary>The version of the libtorch that was loaded, e.g. <c>2.6.0</c>. Mirrors <c>torch.__version__</c>.</summary>
    public static unsafe string Version => System.Runtime.InteropServices.Marshal.PtrToStringUTF8((nint)NativeMethods.tb_built_for_version())!;

    /// <summary>All elements, for indexing: <c>x[Torch.Ellipsis, 0]</c>. Mirrors Python's <c>...</c>.</summary>
    public static TensorIndex Ellipsis => TensorIndex.Ellipsis;

    /// <summary>A slice with a step, for indexing: <c>x[Torch.Slice(1, null, 2)]</c>. Mirrors Python's <c>x[1::2]</c>.</summary>
    /// <param name="start">The first element; negative numbers count from the end, null: from the beginning.</param>
    /// <param name="stop">Behind the last element; negative numbers count from the end, null: to the end.</param>
    /// <param name="step">The distance between elements, 1 or more.</param>
    /// <returns>The index; ends beyond the tensor are clipped when it is used.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The step is not positive: libtorch has no negative strides.</exception>
    public static TensorIndex Slice(long? start = null, long? stop = null, long step = 1) => TensorIndex.Slice(start, stop, step);
}
