using TorchBind.Interop;

namespace TorchBind.Autograd.Transforms;

/// <summary>A level of libtorch's function transforms on this thread.</summary>
internal readonly unsafe ref struct Level : IDisposable
{
    private enum Kind
    {
        Grad,
        Jvp,
        Vmap,
    }

    private readonly Kind _kind;

    internal readonly long Number;

    private Level(Kind kind, long number)
    {
        _kind = kind;
        Number = number;
    }

    internal static Level Grad()
    {
        long level;
        NativeError.Check(NativeMethods.tb_func_grad_enter(&level));
        return new Level(Kind.Grad, level);
    }

    internal static Level Jvp()
    {
        long level;
        NativeError.Check(NativeMethods.tb_func_jvp_enter(&level));
        return new Level(Kind.Jvp, level);
    }

    internal static Level Vmap(long batchSize, VmapRandomness randomness)
    {
        long level;
        NativeError.Check(NativeMethods.tb_func_vmap_enter(batchSize, (int)randomness, &level));
        return new Level(Kind.Vmap, level);
    }

    private static bool s_vmapFormulas;
    private static bool s_jvpFormulas;

    /// <summary>Formulas for vectorised tensors that Python adds as well; loaded once.</summary>
    internal static void LoadVmapFormulas()
    {
        if (Volatile.Read(ref s_vmapFormulas))
            return;
        NativeError.Check(NativeMethods.tb_func_load_vmap_formulas());
        Volatile.Write(ref s_vmapFormulas, true);
    }

    /// <summary>Formulas for forward mode that Python adds as well; loaded once.</summary>
    internal static void LoadJvpFormulas()
    {
        if (Volatile.Read(ref s_jvpFormulas))
            return;
        NativeError.Check(NativeMethods.tb_func_load_jvp_formulas());
        Volatile.Write(ref s_jvpFormulas, true);
    }

    public void Dispose() => NativeError.Check(_kind switch
    {
        Kind.Grad => NativeMethods.tb_func_grad_exit(),
        Kind.Jvp => NativeMethods.tb_func_jvp_exit(),
        _ => NativeMethods.tb_func_vmap_exit(),
    });

    /// <summary>The innermost level of the thread.</summary>
    internal static tb_func_layer Top
    {
        get
        {
            tb_func_layer layer;
            NativeError.Check(NativeMethods.tb_func_top(&layer));
            return layer;
        }
    }

    /// <summary>Whether the thread is inside of a transform.</summary>
    internal static bool IsActive => Top.kind != 0;

    /// <summary>What a tensor is inside of transforms, as Python prints it: its levels around its values.</summary>
    internal static string Text(Tensor tensor, PrintOptions options)
    {
        void* guard;
        NativeError.Check(NativeMethods.tb_func_suspend(&guard));
        try
        {
            return Describe(tensor, options);
        }
        finally
        {
            NativeMethods.tb_func_resume(guard);
        }
    }

    private static string Describe(Tensor tensor, PrintOptions options)
    {
        nint inside;
        long level, batchDim;
        using (var self = new Borrow(tensor))
            NativeError.Check(NativeMethods.tb_func_unwrap(self.Handle, &level, &batchDim, &inside));
        if (inside == 0)
            return new TensorFormatter(options).Format(tensor);
        using var value = Tensor.Wrap(inside);
        var text = string.Join('\n', Describe(value, options).Split('\n').Select(static line => string.IsNullOrWhiteSpace(line) ? line : "    " + line));
        return batchDim >= 0 ? $"BatchedTensor(lvl={level}, bdim={batchDim}, value=\n{text}\n)" : $"GradTrackingTensor(lvl={level}, value=\n{text}\n)";
    }

    internal static Tensor WrapForGrad(Tensor tensor, long level)
    {
        using var self = new Borrow(tensor, nameof(tensor));
        nint result;
        NativeError.Check(NativeMethods.tb_func_wrap_for_grad(self.Handle, level, &result));
        return Tensor.Wrap(result);
    }

    internal static Tensor UnwrapForGrad(Tensor tensor, long level)
    {
        using var self = new Borrow(tensor, nameof(tensor));
        nint result;
        NativeError.Check(NativeMethods.tb_func_unwrap_for_grad(self.Handle, level, &result));
        return Tensor.Wrap(result);
    }

    internal static void RequireGrad(Tensor tensor)
    {
        using var self = new Borrow(tensor, nameof(tensor));
        NativeError.Check(NativeMethods.tb_func_require_grad(self.Handle));
    }

    internal static Tensor AddBatchDim(Tensor tensor, int dim, long level)
    {
        using var self = new Borrow(tensor, nameof(tensor));
        nint result;
        NativeError.Check(NativeMethods.tb_func_add_batch_dim(self.Handle, dim, level, &result));
        return Tensor.Wrap(result);
    }

    internal static Tensor RemoveBatchDim(Tensor tensor, long level, long batchSize, int dim)
    {
        using var self = new Borrow(tensor, nameof(tensor));
        nint result;
        NativeError.Check(NativeMethods.tb_func_remove_batch_dim(self.Handle, level, batchSize, dim, &result));
        return Tensor.Wrap(result);
    }

    internal static (Tensor Value, int? Dim) UnwrapBatched(Tensor tensor, long level)
    {
        using var self = new Borrow(tensor, nameof(tensor));
        nint result;
        long dim;
        NativeError.Check(NativeMethods.tb_func_unwrap_batched(self.Handle, level, &result, &dim));
        return (Tensor.Wrap(result), dim < 0 ? null : (int)dim);
    }

    internal static bool IsBatched(Tensor tensor)
    {
        using var self = new Borrow(tensor, nameof(tensor));
        int kind;
        NativeError.Check(NativeMethods.tb_func_kind(self.Handle, &kind));
        return (kind & 1) != 0;
    }
}
