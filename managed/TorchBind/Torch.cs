using TorchBind.Autograd;
using TorchBind.Interop;

namespace TorchBind;

/// <summary>The functions of Python's <c>torch</c> module. Generated operators stand in <c>Generated/</c>.</summary>
public static partial class Torch
{
    /// <summary>Stops recording for autograd on this thread: <c>using (Torch.NoGrad()) { ... }</c>. Mirrors <c>torch.no_grad</c>.</summary>
    public static GradModeScope NoGrad() => new(false);

    /// <summary>Records for autograd on this thread. Mirrors <c>torch.enable_grad</c>.</summary>
    public static GradModeScope EnableGrad() => new(true);

    /// <summary>Records or not, until the scope ends. Mirrors <c>torch.set_grad_enabled</c> as a context manager.</summary>
    public static GradModeScope SetGradEnabled(bool mode) => new(mode);

    /// <summary>Whether this thread records for autograd. Mirrors <c>torch.is_grad_enabled</c>.</summary>
    public static bool IsGradEnabled() => NativeMethods.tb_autograd_grad_mode() != 0;

    /// <summary>Inference mode: faster than <see cref="NoGrad"/>, results can never enter a graph. Mirrors <c>torch.inference_mode</c>.</summary>
    public static InferenceModeScope InferenceMode(bool mode = true) => new(mode);

    /// <summary>Whether this thread is in inference mode. Mirrors <c>torch.is_inference_mode_enabled</c>.</summary>
    public static bool IsInferenceModeEnabled() => NativeMethods.tb_autograd_inference_mode() != 0;

    /// <summary>
    /// Seeds the generators of all devices. The same seed gives the numbers that Python gives. Mirrors <c>torch.manual_seed</c>.
    /// </summary>
    /// <param name="seed">Negative numbers count as their 64-bit pattern, as in Python.</param>
    /// <returns>The processor's default generator.</returns>
    public static Generator ManualSeed(long seed)
    {
        NativeError.Check(NativeMethods.tb_random_manual_seed((ulong)seed));
        return Generator.Default();
    }

    /// <summary>The seed that was set last for the processor. Mirrors <c>torch.initial_seed</c>.</summary>
    public static long InitialSeed()
    {
        using var generator = Generator.Default();
        return generator.InitialSeed();
    }

    /// <summary>Seeds from the system's randomness and returns the seed. Mirrors <c>torch.seed</c>.</summary>
    public static long Seed()
    {
        using var generator = Generator.Default();
        var seed = generator.Seed();
        ManualSeed(seed).Dispose();
        return seed;
    }

    /// <summary>The state of the processor's default generator. Mirrors <c>torch.get_rng_state</c>.</summary>
    public static Tensor GetRngState()
    {
        using var generator = Generator.Default();
        return generator.GetState();
    }

    /// <summary>Restores the state of the processor's default generator. Mirrors <c>torch.set_rng_state</c>.</summary>
    public static void SetRngState(Tensor newState)
    {
        using var generator = Generator.Default();
        generator.SetState(newState);
    }

    /// <summary>Threads that one operation may use. Mirrors <c>torch.get_num_threads</c>.</summary>
    public static unsafe int GetNumThreads()
    {
        int count;
        NativeError.Check(NativeMethods.tb_core_get_num_threads(&count));
        return count;
    }

    /// <summary>Sets the threads that one operation may use. Mirrors <c>torch.set_num_threads</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is not positive.</exception>
    public static void SetNumThreads(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        NativeError.Check(NativeMethods.tb_core_set_num_threads(count));
    }

    /// <summary>Threads for independent operations. Mirrors <c>torch.get_num_interop_threads</c>.</summary>
    public static unsafe int GetNumInteropThreads()
    {
        int count;
        NativeError.Check(NativeMethods.tb_core_get_num_interop_threads(&count));
        return count;
    }

    /// <summary>Sets the threads for independent operations; possible once, before any ran. Mirrors <c>torch.set_num_interop_threads</c>.</summary>
    public static void SetNumInteropThreads(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        NativeError.Check(NativeMethods.tb_core_set_num_interop_threads(count));
    }

    /// <summary>The dtype of new floating-point tensors. Mirrors <c>torch.get_default_dtype</c>.</summary>
    public static unsafe DType GetDefaultDType()
    {
        int dtype;
        NativeError.Check(NativeMethods.tb_core_get_default_dtype(&dtype));
        return (DType)dtype;
    }

    /// <summary>Sets the dtype of new floating-point tensors. Mirrors <c>torch.set_default_dtype</c>.</summary>
    /// <exception cref="ArgumentException">The dtype is not a floating-point one.</exception>
    public static void SetDefaultDType(DType dtype)
    {
        if (!dtype.IsFloatingPoint())
            throw new ArgumentException($"The default dtype is a floating-point one, got {dtype.Name()}.", nameof(dtype));
        NativeError.Check(NativeMethods.tb_core_set_default_dtype((int)dtype));
    }

    /// <summary>Whether operations without a deterministic implementation are refused. Mirrors <c>torch.use_deterministic_algorithms</c>.</summary>
    public static void UseDeterministicAlgorithms(bool mode, bool warnOnly = false) =>
        NativeError.Check(NativeMethods.tb_core_set_deterministic(mode ? (byte)1 : (byte)0, warnOnly ? (byte)1 : (byte)0));

    /// <summary>Whether deterministic algorithms are asked for. Mirrors <c>torch.are_deterministic_algorithms_enabled</c>.</summary>
    public static unsafe bool AreDeterministicAlgorithmsEnabled()
    {
        byte value, warnOnly;
        NativeError.Check(NativeMethods.tb_core_get_deterministic(&value, &warnOnly));
        return value != 0;
    }

    /// <summary>Treats denormal numbers as zero on this thread; false where the processor cannot. Mirrors <c>torch.set_flush_denormal</c>.</summary>
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

    /// <summary>A slice with a step, for indexing: <c>x[Torch.Slice(1, null, 2)]</c> is Python's <c>x[1::2]</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The step is not positive: libtorch has no negative strides.</exception>
    public static TensorIndex Slice(long? start = null, long? stop = null, long step = 1) => TensorIndex.Slice(start, stop, step);
}
