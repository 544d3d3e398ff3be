using TorchBind.Interop;

namespace TorchBind;

// Settings of the whole program.
public static unsafe partial class Torch
{
    /// <summary>The device of new tensors for which none is given. Mirrors <c>torch.get_default_device</c>.</summary>
    /// <remarks>Throws nothing.</remarks>
    /// <returns>The processor, unless <see cref="SetDefaultDevice"/> set another one.</returns>
    public static Device GetDefaultDevice() => OperatorArgument.DefaultDevice is var packed and not -1 ? Device.Unpack(packed) : Device.Cpu;

    /// <summary>
    /// Sets the device of new tensors for which none is given: <c>Torch.Zeros(2)</c>, <c>Torch.Tensor(1)</c>, the layers of a module. For
    /// the whole program, not only this thread. Mirrors <c>torch.set_default_device</c>.
    /// </summary>
    /// <remarks>Throws nothing; a device that is not there makes the functions fail that use it.</remarks>
    /// <param name="device">The device; null: the processor again.</param>
    public static void SetDefaultDevice(Device? device) => Volatile.Write(ref OperatorArgument.DefaultDevice,
        device is { } given && given != Device.Cpu ? ((long)given.Index << 32) | (uint)(int)given.Type : -1);

    /// <summary>The processor's default generator; each read gives a new object for the same one. Mirrors <c>torch.default_generator</c>.</summary>
    public static Generator DefaultGenerator => Generator.Default();

    /// <summary>
    /// In a worker of a data loader the worker's own generator, else null, with which functions take the default one. Mirrors
    /// <c>torch.thread_safe_generator</c>.
    /// </summary>
    /// <remarks>Throws nothing.</remarks>
    /// <returns>The generator, or null outside of a worker.</returns>
    public static Generator? ThreadSafeGenerator() => Data.WorkerInfo.Current?.Generator;

    private static readonly string[] s_matmulPrecisions = ["highest", "high", "medium"];

    /// <summary>How precise products of float32 matrices are: <c>highest</c>, <c>high</c> or <c>medium</c>. Mirrors <c>torch.get_float32_matmul_precision</c>.</summary>
    /// <returns>The name; <c>highest</c> unless set.</returns>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static string GetFloat32MatmulPrecision()
    {
        int value;
        NativeError.Check(NativeMethods.tb_context_float32_matmul_precision(&value));
        return s_matmulPrecisions[value];
    }

    /// <summary>Lets products of float32 matrices use shorter types where the device has them. Mirrors <c>torch.set_float32_matmul_precision</c>.</summary>
    /// <param name="precision"><c>highest</c> (the default), <c>high</c> or <c>medium</c>.</param>
    /// <exception cref="ArgumentException">There is no such precision.</exception>
    public static void SetFloat32MatmulPrecision(string precision)
    {
        var value = Array.IndexOf(s_matmulPrecisions, precision);
        if (value < 0)
            throw new ArgumentException($"There is no precision '{precision}'; choose 'highest', 'high' or 'medium'.", nameof(precision));
        NativeError.Check(NativeMethods.tb_context_set_float32_matmul_precision(value));
    }

    /// <summary>Whether only a warning is written where no deterministic implementation exists. Mirrors <c>torch.is_deterministic_algorithms_warn_only_enabled</c>.</summary>
    /// <returns>What <see cref="UseDeterministicAlgorithms"/> set; false before.</returns>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static bool IsDeterministicAlgorithmsWarnOnlyEnabled()
    {
        byte value, warnOnly;
        NativeError.Check(NativeMethods.tb_core_get_deterministic(&value, &warnOnly));
        return warnOnly != 0;
    }

    /// <summary>
    /// What happens where no deterministic implementation exists: nothing (0), a warning (1) or an exception (2). Mirrors
    /// <c>torch.get_deterministic_debug_mode</c>.
    /// </summary>
    /// <returns>0, 1 or 2; 0 unless set.</returns>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static int GetDeterministicDebugMode() =>
        !AreDeterministicAlgorithmsEnabled() ? 0 : IsDeterministicAlgorithmsWarnOnlyEnabled() ? 1 : 2;

    /// <summary>Sets what happens where no deterministic implementation exists. Mirrors <c>torch.set_deterministic_debug_mode</c>.</summary>
    /// <param name="debugMode">0: nothing, 1: a warning, 2: an exception.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is none of these.</exception>
    public static void SetDeterministicDebugMode(int debugMode)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(debugMode);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(debugMode, 2);
        UseDeterministicAlgorithms(debugMode > 0, warnOnly: debugMode == 1);
    }

    /// <summary>The same by name. Mirrors <c>torch.set_deterministic_debug_mode</c>.</summary>
    /// <param name="debugMode"><c>default</c>, <c>warn</c> or <c>error</c>.</param>
    /// <exception cref="ArgumentException">There is no such mode.</exception>
    public static void SetDeterministicDebugMode(string debugMode) => SetDeterministicDebugMode(debugMode switch
    {
        "default" => 0,
        "warn" => 1,
        "error" => 2,
        _ => throw new ArgumentException($"There is no mode '{debugMode}'; choose 'default', 'warn' or 'error'.", nameof(debugMode)),
    });

    /// <summary>Whether libtorch writes a warning each time, not only the first. Mirrors <c>torch.is_warn_always_enabled</c>.</summary>
    /// <returns>False unless <see cref="SetWarnAlways"/> set it.</returns>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static bool IsWarnAlwaysEnabled()
    {
        byte value;
        NativeError.Check(NativeMethods.tb_context_warn_always(&value));
        return value != 0;
    }

    /// <summary>Makes libtorch write a warning each time, not only the first. Mirrors <c>torch.set_warn_always</c>.</summary>
    /// <param name="b">Whether it does, for the whole program.</param>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static void SetWarnAlways(bool b) => NativeError.Check(NativeMethods.tb_context_set_warn_always(b ? (byte)1 : (byte)0));

    /// <summary>
    /// Sets libtorch's threads up on this thread. They are when the first operator runs; a thread of your own may do so earlier.
    /// Mirrors <c>torch.init_num_threads</c>.
    /// </summary>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static void InitNumThreads() => SetNumThreads(GetNumThreads());

    private static bool BuiltWith(int bit)
    {
        int bits;
        NativeError.Check(NativeMethods.tb_context_built_with(&bits));
        return (bits & bit) != 0;
    }

    /// <summary>Whether this libtorch was built with LAPACK, which most of <see cref="Linalg"/> needs. Mirrors <c>torch.has_lapack</c>.</summary>
    public static bool HasLapack => BuiltWith(1);

    /// <summary>Whether this libtorch was built with Intel's MKL. Mirrors <c>torch.has_mkl</c>.</summary>
    public static bool HasMkl => BuiltWith(2);

    /// <summary>Whether this libtorch was built with OpenMP. Mirrors <c>torch.has_openmp</c>.</summary>
    public static bool HasOpenmp => BuiltWith(4);

    /// <summary>Whether this libtorch uses the newer ABI of the C++ library; the shim has to use the same. Mirrors <c>torch.compiled_with_cxx11_abi</c>.</summary>
    /// <returns>True for every libtorch that Debian or pytorch.org builds today.</returns>
    /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
    public static bool CompiledWithCxx11Abi() => BuiltWith(8);

    /// <summary>Whether this libtorch has Fourier transforms: always. Mirrors <c>torch.has_spectral</c>.</summary>
    public static bool HasSpectral => true;

    public static partial class Sparse
    {
        /// <summary>
        /// Checks, until the scope ends, the indices of every sparse tensor that is made, or stops doing so. For the whole program. Mirrors
        /// <c>torch.sparse.check_sparse_tensor_invariants</c>.
        /// </summary>
        /// <param name="enable">Whether they are checked.</param>
        /// <returns>Restores the former setting when it is disposed.</returns>
        /// <exception cref="LibtorchNotFoundException">No libtorch is loaded, and none can be.</exception>
        public static SparseInvariantsScope CheckSparseTensorInvariants(bool enable = true) => new(enable);
    }
}

/// <summary>Ends what <see cref="Torch.Sparse.CheckSparseTensorInvariants"/> began.</summary>
public unsafe struct SparseInvariantsScope : IDisposable
{
    private readonly byte _previous;
    private bool _active;

    internal SparseInvariantsScope(bool enable)
    {
        byte previous;
        NativeError.Check(NativeMethods.tb_context_check_sparse_invariants(&previous));
        NativeError.Check(NativeMethods.tb_context_set_check_sparse_invariants(enable ? (byte)1 : (byte)0));
        _previous = previous;
        _active = true;
    }

    /// <summary>Whether the indices of new sparse tensors are checked now. Mirrors <c>check_sparse_tensor_invariants.is_enabled</c>.</summary>
    public static bool IsEnabled
    {
        get
        {
            byte value;
            NativeError.Check(NativeMethods.tb_context_check_sparse_invariants(&value));
            return value != 0;
        }
    }

    /// <summary>Restores what was before. Disposing twice is harmless.</summary>
    public void Dispose()
    {
        if (!_active)
            return;
        _active = false;
        NativeError.Check(NativeMethods.tb_context_set_check_sparse_invariants(_previous));
    }
}
