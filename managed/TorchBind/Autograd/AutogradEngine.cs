using TorchBind.Interop;

namespace TorchBind.Autograd;

/// <summary>The way into libtorch's autograd engine, with the checks that Python makes before it.</summary>
internal static unsafe class AutogradEngine
{
    internal static void Backward(
        ReadOnlySpan<Tensor> tensors, ReadOnlySpan<Tensor?> gradients, bool? retainGraph, bool createGraph, ReadOnlySpan<Tensor> inputs)
    {
        RefuseInTransform();
        Backward(Edges(tensors, nameof(tensors)), gradients, retainGraph, createGraph, Edges(inputs, nameof(inputs)));
    }

    internal static void Backward(
        ReadOnlySpan<GradientEdge> roots, ReadOnlySpan<Tensor?> gradients, bool? retainGraph, bool createGraph, ReadOnlySpan<GradientEdge> inputs)
    {
        Run(roots, gradients, inputs, retainGraph ?? createGraph, createGraph, accumulate: true, allowUnused: true);
    }

    private static void RefuseInTransform()
    {
        if (Transforms.Level.IsActive)
        {
            throw new TorchException("Backward cannot run inside of a function transform: use Torch.Func.Grad or Torch.Func.Vjp there, or call it outside.");
        }
    }

    internal static Tensor[] Grad(
        ReadOnlySpan<Tensor> outputs, ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor?> gradients, bool? retainGraph, bool createGraph,
        bool allowUnused)
    {
        return Run(Edges(outputs, nameof(outputs)), gradients, Edges(inputs, nameof(inputs)), retainGraph ?? createGraph, createGraph,
            accumulate: false, allowUnused);
    }

    /// <summary>One pass. Without <paramref name="accumulate"/> the gradients of the inputs, null where there is none.</summary>
    internal static Tensor[] Run(
        ReadOnlySpan<GradientEdge> roots, ReadOnlySpan<Tensor?> gradients, ReadOnlySpan<GradientEdge> inputs, bool retainGraph, bool createGraph,
        bool accumulate, bool allowUnused)
    {
        var filled = Gradients(roots, gradients);
        return RunFilled(roots, filled, inputs, retainGraph, createGraph, accumulate, allowUnused);
    }

    /// <summary>Several passes as one: the first dimension of the gradients and of the results counts them.</summary>
    internal static Tensor[] RunBatched(
        ReadOnlySpan<GradientEdge> roots, ReadOnlySpan<Tensor?> gradients, ReadOnlySpan<GradientEdge> inputs, bool retainGraph, bool createGraph,
        bool allowUnused)
    {
        if (gradients.Length != roots.Length)
            throw new ArgumentException($"There are {roots.Length} tensors and {gradients.Length} batched gradients; give one for each.", nameof(gradients));
        long count = -1;
        for (var i = 0; i < gradients.Length; i++)
        {
            if (gradients[i] is not { } gradient)
                continue;
            var output = Describe(roots[i]);
            var shape = gradient.Shape;
            if (shape.Rank == 0 || shape[1..] != output.Shape)
            {
                // Python leaves the first dimension out twice in this message.
                throw new TorchException($"With isGradsBatched the first dimension of a gradient counts the passes, and the others are those of the output: gradient {i} "
                    + $"has {(shape.Rank > 1 ? shape[2..] : new Shape())} there, the output {output.Shape}. Batch only some of them with Torch.Func.Vmap.");
            }
            CheckComplex(output.DType, gradient, i);
            if (count >= 0 && shape[0] != count)
            {
                throw new ArgumentException("With isGradsBatched all gradients have as many rows in their first dimension; they have "
                    + $"{count} and {shape[0]}.");
            }
            count = shape[0];
        }
        if (count < 0)
            throw new ArgumentException("With isGradsBatched at least one gradient must be given.");

        long level;
        NativeError.Check(NativeMethods.tb_vmap_mode_enter(&level));
        try
        {
            var batched = new Tensor?[gradients.Length];
            for (var i = 0; i < batched.Length; i++)
                batched[i] = gradients[i] is { } gradient ? Torch.Aten._AddBatchDim(gradient, 0, level) : null;
            var results = RunFilled(roots, batched, inputs, retainGraph, createGraph, accumulate: false, allowUnused);
            for (var i = 0; i < results.Length; i++)
            {
                if (results[i] is not null)
                    results[i] = Torch.Aten._RemoveBatchDim(results[i], level, count, 0);
            }
            return results;
        }
        finally
        {
            NativeError.Check(NativeMethods.tb_vmap_mode_exit());
        }
    }

    private static Tensor[] RunFilled(
        ReadOnlySpan<GradientEdge> roots, ReadOnlySpan<Tensor?> filled, ReadOnlySpan<GradientEdge> inputs, bool retainGraph, bool createGraph,
        bool accumulate, bool allowUnused)
    {
        using var rootEdges = new EdgeBorrow(roots, "tensors");
        using var inputEdges = new EdgeBorrow(inputs, nameof(inputs));
        using var grads = new BorrowList(filled, nameof(filled), optional: true);
        var handles = accumulate ? [] : new nint[inputs.Length];
        int status;
        fixed (tb_gradient_edge* from = rootEdges.Edges, to = inputEdges.Edges)
        fixed (nint* results = handles)
        {
            status = NativeMethods.tb_autograd_run(from, grads.Handles, roots.Length, to, inputs.Length, Byte(retainGraph), Byte(createGraph),
                Byte(accumulate), Byte(allowUnused), results);
        }
        if (status != 0)
            Anomaly.Throw(status);
        return handles.Length == 0 ? [] : Array.ConvertAll(handles, static handle => Tensor.WrapOptional(handle)!);
    }

    internal static GradientEdge[] Edges(ReadOnlySpan<Tensor> tensors, string name)
    {
        var edges = new GradientEdge[tensors.Length];
        for (var i = 0; i < edges.Length; i++)
            edges[i] = tensors[i] ?? throw new ArgumentNullException($"{name}[{i}]", $"Entry {i} of the tensor list '{name}' is null.");
        return edges;
    }

    /// <summary>The gradient of every root: the one given, checked, or ones for a real scalar.</summary>
    private static Tensor?[] Gradients(ReadOnlySpan<GradientEdge> roots, ReadOnlySpan<Tensor?> given)
    {
        if (given.Length != 0 && given.Length != roots.Length)
            throw new ArgumentException($"There are {roots.Length} tensors and {given.Length} gradients; give one for each, or none.", "gradients");
        var result = new Tensor?[roots.Length];
        for (var i = 0; i < result.Length; i++)
        {
            var root = roots[i];
            var gradient = given.Length == 0 ? null : given[i];
            if (gradient is not null)
                Check(Describe(root), gradient, i);
            else if (root.Tensor is not { RequiresGrad: false })
                gradient = Ones(root);
            result[i] = gradient;
        }
        return result;
    }

    private static (Shape Shape, DType DType, Device Device) Describe(GradientEdge root)
    {
        if (root.Tensor is { } tensor)
            return (tensor.IsNested ? new Shape() : tensor.Shape, tensor.DType, tensor.Device);
        var node = root.Node ?? throw new ArgumentException("A gradient edge that was never set leads nowhere.", nameof(root));
        return node.InputMetadata(root.OutputNr);
    }

    private static void Check((Shape Shape, DType DType, Device Device) output, Tensor gradient, int index)
    {
        if (!gradient.IsNested && gradient.Shape != output.Shape)
        {
            throw new TorchException($"Gradient {index} has the shape {gradient.Shape}, its output {output.Shape}; they must agree.");
        }
        CheckComplex(output.DType, gradient, index);
    }

    private static void CheckComplex(DType output, Tensor gradient, int index)
    {
        if (gradient.DType.IsComplex() != output.IsComplex())
        {
            throw new TorchException("Either both a gradient and its output are complex, or neither: gradient "
                + $"{index} is {gradient.DType.Name()}, its output {output.Name()}.");
        }
    }

    private static Tensor Ones(GradientEdge root)
    {
        var (shape, dtype, device) = Describe(root);
        if (shape.Numel != 1)
            throw new TorchException("Without a gradient, Backward starts from outputs with one element only: give one, or take the Sum or Mean first.");
        if (!dtype.IsFloatingPoint())
            throw new TorchException($"Without a gradient, Backward starts from real numbers only, and this is {dtype.Name()}: give one, or take the real part.");
        return root.Tensor is { } tensor
            ? Torch.OnesLike(tensor, memoryFormat: MemoryFormat.Preserve)
            : Torch.Ones(shape, dtype: dtype, device: device);
    }

    internal static byte Byte(bool value) => value ? (byte)1 : (byte)0;

    /// <summary>Holds what edges refer to for one native call.</summary>
    private readonly ref struct EdgeBorrow : IDisposable
    {
        private readonly object[] _held;
        internal readonly tb_gradient_edge[] Edges;

        internal EdgeBorrow(ReadOnlySpan<GradientEdge> edges, string name)
        {
            _held = new object[edges.Length];
            Edges = new tb_gradient_edge[edges.Length];
            try
            {
                for (var i = 0; i < edges.Length; i++)
                {
                    if (edges[i].Tensor is { } tensor)
                    {
                        var handle = tensor.Hold(name);
                        _held[i] = handle;
                        Edges[i].tensor = handle.Value;
                    }
                    else
                    {
                        var node = edges[i].Node ?? throw new ArgumentException("A gradient edge that was never set leads nowhere.", name);
                        var added = false;
                        node.DangerousAddRef(ref added);
                        _held[i] = node;
                        Edges[i].node = node.DangerousGetHandle();
                        Edges[i].input_nr = edges[i].OutputNr;
                    }
                }
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        public void Dispose()
        {
            foreach (var held in _held)
            {
                if (held is TensorHandle tensor)
                    tensor.Release();
                else
                    (held as Node)?.DangerousRelease();
            }
        }
    }
}
