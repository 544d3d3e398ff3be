using System.Diagnostics;
using System.Runtime.InteropServices;
using TorchBind.Interop;
using TorchBind.Utils;

namespace TorchBind.Autograd.Transforms;

/// <summary>
/// The function transforms, on functions of any values with tensors inside. What the typed <see cref="Torch.Func"/> stands on.
/// </summary>
internal static class Transform
{
    private const string NoSavedTensorsHooks =
        "Torch.Func.Grad, Vjp, Jacrev and Hessian do not run with hooks on saved tensors: end those before.";

    // ---- vmap

    internal static object? Vmap(
        Func<object?[], object?> func, string name, Dims inDims, Dims outDims, VmapRandomness randomness, long? chunkSize, object?[] args)
    {
        if (randomness is not (VmapRandomness.Error or VmapRandomness.Same or VmapRandomness.Different))
            throw new ArgumentOutOfRangeException(nameof(randomness), randomness, "The randomness is Error, Same or Different.");
        Level.LoadVmapFormulas();
        if (chunkSize <= 0)
            throw new ArgumentException($"chunkSize is {chunkSize}; it must be at least 1, or null for one chunk.", nameof(chunkSize));
        var leaves = new List<object?>();
        var shapes = Array.ConvertAll(args, arg => Tree.Flatten(arg, leaves));
        var dims = inDims.Broadcast(shapes)
            ?? throw new ArgumentException($"inDims, {inDims}, is not built as the arguments of {name} are.");
        for (var i = 0; i < dims.Length; i++)
        {
            if (dims[i] is not { } dim)
                continue;
            if (leaves[i] is not Tensor tensor)
            {
                throw new ArgumentException($"inDims of {name}, {inDims}, has {dim} for a {leaves[i]?.GetType().Name ?? "null"}; what is no tensor takes null.");
            }
            var rank = tensor.NDim;
            if (dim < -rank || dim >= rank)
            {
                throw new ArgumentException($"inDims of {name}, {inDims}, has {dim} for a tensor of {rank} dimensions, which are -{rank} to {rank - 1}.");
            }
            if (dim < 0)
                dims[i] = dim + rank;
        }
        return chunkSize is { } size
            ? Chunked(func, name, dims, [.. leaves], shapes, outDims, randomness, size)
            : Flat(func, name, BatchSize(dims, leaves), dims, leaves, shapes, outDims, randomness);
    }

    private static long BatchSize(int?[] dims, IReadOnlyList<object?> leaves)
    {
        var sizes = new List<long>();
        for (var i = 0; i < dims.Length; i++)
        {
            if (dims[i] is { } dim)
                sizes.Add(((Tensor)leaves[i]!).Size(dim));
        }
        if (sizes.Count == 0)
            throw new ArgumentException("Vmap needs a tensor with a dimension to map over, and inDims names none.");
        if (sizes.Exists(size => size != sizes[0]))
        {
            throw new ArgumentException($"The dimensions to map over must be equally long; they have {string.Join(", ", sizes)}.");
        }
        return sizes[0];
    }

    private static object? Flat(
        Func<object?[], object?> func, string name, long batchSize, int?[] dims, IReadOnlyList<object?> leaves, TreeShape[] shapes, Dims outDims,
        VmapRandomness randomness)
    {
        using var level = Level.Vmap(batchSize, randomness);
        var batched = new object?[leaves.Count];
        for (var i = 0; i < batched.Length; i++)
            batched[i] = dims[i] is { } dim ? Level.AddBatchDim((Tensor)leaves[i]!, dim, level.Number) : leaves[i];
        return Unbatch(func(Build(shapes, batched)), name, outDims, level.Number, batchSize);
    }

    private static object? Unbatch(object? result, string name, Dims outDims, long level, long batchSize)
    {
        var outputs = new List<object?>();
        var shape = Tree.Flatten(result, outputs);
        var dims = OutDims(shape, name, outDims);
        for (var i = 0; i < dims.Length; i++)
        {
            var tensor = outputs[i] as Tensor;
            if (dims[i] is not { } dim)
            {
                if (tensor is not null && Level.IsBatched(tensor))
                    throw new ArgumentException($"outDims has null for a result of {name} that differs from pass to pass.");
                continue;
            }
            if (tensor is null)
            {
                throw new ArgumentException($"{name} gave a {outputs[i]?.GetType().Name ?? "null"}; what is no tensor takes null in outDims.");
            }
            outputs[i] = Level.RemoveBatchDim(tensor, level, batchSize, dim);
        }
        return shape.Build<object?>(CollectionsMarshal.AsSpan(outputs));
    }

    private static int?[] OutDims(TreeShape shape, string name, Dims outDims)
    {
        var dims = shape is LeafShape || !outDims.IsList ? outDims.Broadcast([shape]) : outDims.Broadcast(shape.Children);
        return dims
            ?? throw new ArgumentException($"outDims, {outDims}, is not built as the results of {name} are.");
    }

    private static object? Chunked(
        Func<object?[], object?> func, string name, int?[] dims, object?[] leaves, TreeShape[] shapes, Dims outDims, VmapRandomness randomness, long chunkSize)
    {
        var total = BatchSize(dims, leaves);
        using var state = randomness == VmapRandomness.Same ? Torch.GetRngState() : null;
        TreeShape? shape = null;
        var chunks = new List<List<object?>>();
        for (long start = 0; start < total; start += chunkSize)
        {
            var size = Math.Min(chunkSize, total - start);
            var part = new object?[leaves.Length];
            for (var i = 0; i < part.Length; i++)
                part[i] = dims[i] is { } dim ? ((Tensor)leaves[i]!).Narrow(dim, start, size) : leaves[i];
            if (state is not null)
                Torch.SetRngState(state);
            var outputs = new List<object?>();
            shape = Tree.Flatten(Flat(func, name, size, dims, part, shapes, outDims, randomness), outputs);
            chunks.Add(outputs);
        }
        if (shape is null)
            return Flat(func, name, 0, dims, leaves, shapes, outDims, randomness);
        var outputDims = OutDims(shape, name, outDims);
        var joined = new object?[outputDims.Length];
        for (var i = 0; i < joined.Length; i++)
        {
            joined[i] = outputDims[i] is { } dim
                ? Torch.Cat([.. chunks.Select(chunk => (Tensor)chunk[i]!)], dim)
                : throw new ArgumentException($"With chunkSize every result needs an entry of outDims, and result {i} of {name} has none.");
        }
        return shape.Build<object?>(joined);
    }

    /// <summary>Values of these shapes around the leaves.</summary>
    private static object?[] Build(TreeShape[] shapes, ReadOnlySpan<object?> leaves)
    {
        var values = new object?[shapes.Length];
        for (var i = 0; i < values.Length; i++)
            values[i] = shapes[i].Build(ref leaves);
        return values;
    }

    // ---- grad

    /// <summary>The gradients with respect to some arguments, the value, and what else the function returned.</summary>
    internal static (object?[] Grads, Tensor Value, object? Aux) GradAndValue(
        Func<object?[], object?> func, int[] argnums, bool hasAux, object?[] args)
    {
        using var hooks = Torch.Autograd.Graph.DisableSavedTensorsHooks(NoSavedTensorsHooks);
        using var level = Level.Grad();
        using var mode = Torch.EnableGrad();
        var number = level.Number;
        var wrapped = Array.ConvertAll(args, arg => Tree.Map(arg, tensor => Level.WrapForGrad(tensor, number)));
        var chosen = Choose(argnums, wrapped);
        var inputs = new List<object?>();
        var shapes = Array.ConvertAll(chosen, arg => Tree.Flatten(arg, inputs));
        var differentiable = Differentiable(inputs);

        var output = func(wrapped);
        object? aux = null;
        if (hasAux)
            (output, aux) = SplitAux(output, "GradAndValue");
        if (output is not Tensor value)
            throw new TorchException($"The function must give a tensor to differentiate, not a {output?.GetType().Name ?? "null"}.");
        if (value.NDim != 0)
        {
            throw new TorchException($"The function must give one number, a tensor without dimensions, and this has {value.NDim}; for others there are Vjp and Jacrev.");
        }
        // The pass is recorded: it may itself be inside of a transform, or differentiated after.
        var grads = Grad([value], differentiable, null, retainGraph: false, createGraph: true);
        var unwrapped = Array.ConvertAll(grads, grad => (object?)Level.UnwrapForGrad(grad, number));
        return (Build(shapes, unwrapped), Level.UnwrapForGrad(value, number), Unwrap(aux, number));
    }

    private static (object? Output, object? Aux) SplitAux(object? output, string api) => output is System.Runtime.CompilerServices.ITuple { Length: 2 } pair
        ? (pair[0], pair[1])
        : throw new TorchException($"{api}: with an extra result the function gives a pair, the output and the rest.");

    private static Tensor[] Differentiable(List<object?> leaves)
    {
        var tensors = new Tensor[leaves.Count];
        for (var i = 0; i < tensors.Length; i++)
        {
            tensors[i] = leaves[i] as Tensor
                ?? throw new ArgumentException($"Only tensors can be differentiated by, not a {leaves[i]?.GetType().Name ?? "null"}.");
            Level.RequireGrad(tensors[i]);
        }
        return tensors;
    }

    private static object? Unwrap(object? value, long level) => Tree.Map(value, tensor => Level.UnwrapForGrad(tensor, level));

    /// <summary>As <c>torch.autograd.grad</c>, with zeros where an input has no part, or no output requires a gradient.</summary>
    private static Tensor[] Grad(Tensor[] outputs, Tensor[] inputs, Tensor[]? gradOutputs, bool retainGraph, bool createGraph)
    {
        var differentiable = new List<Tensor>();
        var given = new List<Tensor?>();
        for (var i = 0; i < outputs.Length; i++)
        {
            if (!outputs[i].RequiresGrad)
                continue;
            differentiable.Add(outputs[i]);
            given.Add(gradOutputs?[i]);
        }
        if (differentiable.Count == 0)
            return Array.ConvertAll(inputs, input => Torch.ZerosLike(input));
        var grads = Torch.Autograd.Grad(CollectionsMarshal.AsSpan(differentiable), inputs, CollectionsMarshal.AsSpan(given), retainGraph, createGraph,
            allowUnused: true);
        for (var i = 0; i < grads.Length; i++)
            grads[i] ??= Torch.ZerosLike(inputs[i]);
        return grads;
    }

    private static object?[] Choose(int[] argnums, object?[] args)
    {
        if (argnums.Length == 0)
            throw new TorchException("argnums names no argument.");
        var chosen = Array.ConvertAll(argnums, argnum =>
        {
            if (argnum >= args.Length || argnum < -args.Length)
                throw new TorchException($"argnums has {argnum}, and there are {args.Length} arguments.");
            return argnum < 0 ? argnum + args.Length : argnum;
        });
        if (chosen.Distinct().Count() != chosen.Length)
            throw new TorchException($"argnums names an argument twice: {string.Join(", ", argnums)}.");
        return Array.ConvertAll(chosen, argnum => args[argnum]);
    }

    // ---- vjp

    /// <summary>The value and a function from cotangents to the gradients of the chosen arguments.</summary>
    internal static (object? Value, Func<object?, object?[]> Pullback, object? Aux) Vjp(
        Func<object?[], object?> func, int[]? argnums, bool hasAux, object?[] args)
    {
        using var hooks = Torch.Autograd.Graph.DisableSavedTensorsHooks(NoSavedTensorsHooks);
        using var level = Level.Grad();
        using var mode = Torch.EnableGrad();
        var number = level.Number;
        var wrapped = Array.ConvertAll(args, arg => Tree.Map(arg, tensor => Level.WrapForGrad(tensor, number)));
        var inputs = new List<object?>();
        var shapes = Array.ConvertAll(argnums is null ? wrapped : Choose(argnums, wrapped), arg => Tree.Flatten(arg, inputs));
        var differentiable = Differentiable(inputs);

        var output = func(wrapped);
        object? aux = null;
        if (hasAux)
        {
            (output, aux) = SplitAux(output, "Vjp");
            aux = Unwrap(aux, number);
        }
        var leaves = new List<object?>();
        var outputShape = Tree.Flatten(output, leaves);
        var outputs = OnlyTensors(leaves, "Vjp", "the output");
        foreach (var tensor in outputs)
        {
            var dtype = tensor.DType;
            if (!dtype.IsFloatingPoint() && !dtype.IsComplex())
            {
                throw new TorchException($"Vjp differentiates real and complex floating-point outputs, not {dtype.Name()}.");
            }
        }
        var value = Unwrap(output, number);
        return (value, Pullback, aux);

        object?[] Pullback(object? cotangents)
        {
            var given = new List<object?>();
            if (!Tree.Flatten(cotangents, given).SameAs(outputShape))
                throw new TorchException("The cotangents must be built as the output is.");
            var grads = Grad(outputs, differentiable, [.. given.Cast<Tensor>()], retainGraph: true, createGraph: Torch.IsGradEnabled());
            return Build(shapes, grads);
        }
    }

    private static Tensor[] OnlyTensors(List<object?> leaves, string api, string what)
    {
        if (leaves.Count == 0 || leaves is [null])
            throw new TorchException($"{api}: the function gave nothing.");
        return [.. leaves.Select(leaf => leaf as Tensor
            ?? throw new TorchException($"{api}: {what} must hold tensors only, and has a {leaf?.GetType().Name ?? "null"}."))];
    }

    // ---- jvp

    private const string JvpApi = "Jvp";

    /// <summary>The value and its tangent. Tangents are given for the chosen arguments.</summary>
    internal static (object? Value, object? Tangent, object? Aux) Jvp(
        Func<object?[], object?> func, object?[] args, object?[] tangents, int[]? argnums, bool strict, bool hasAux)
    {
        var chosen = argnums is null ? args : Choose(argnums, args);
        var primals = new List<object?>();
        var shapes = Array.ConvertAll(chosen, arg => Tree.Flatten(arg, primals));
        var given = new List<object?>();
        var tangentShapes = Array.ConvertAll(tangents, tangent => Tree.Flatten(tangent, given));
        if (shapes.Length != tangentShapes.Length || shapes.Zip(tangentShapes).Any(pair => !pair.First.SameAs(pair.Second)))
            throw new TorchException($"{JvpApi}: the tangents must be built as the primals are.");
        Tensors(primals, "primals");
        Tensors(given, "tangents");

        using var level = Level.Jvp();
        var number = level.Number;
        var forward = NativeMethods.tb_autograd_forward_mode_set(1);
        try
        {
            using var dual = DualLevelScope.EnterShared();
            var duals = new object?[primals.Count];
            for (var i = 0; i < duals.Length; i++)
                duals[i] = Torch.Autograd.ForwardAD.MakeDual((Tensor)primals[i]!, (Tensor)given[i]!, DualLevelScope.Shared);
            var built = Build(shapes, duals);
            var all = built;
            if (argnums is not null)
            {
                all = Array.ConvertAll(args, arg => Tree.Map(arg, tensor => Level.WrapForGrad(tensor, number)));
                for (var i = 0; i < argnums.Length; i++)
                    all[argnums[i] < 0 ? argnums[i] + all.Length : argnums[i]] = built[i];
            }
            var output = func(all);
            object? aux = null;
            if (hasAux)
            {
                (output, aux) = SplitAux(output, JvpApi);
                aux = Unwrap(aux, number);
            }
            var leaves = new List<object?>();
            var shape = Tree.Flatten(output, leaves);
            var values = OnlyTensors(leaves, JvpApi, "the output");
            var results = new object?[values.Length];
            var found = new object?[values.Length];
            for (var i = 0; i < values.Length; i++)
            {
                var (primal, tangent) = Torch.Autograd.ForwardAD.UnpackDual(values[i], DualLevelScope.Shared);
                if (tangent is null)
                {
                    if (strict)
                    {
                        throw new TorchException("The output does not depend on the input, which strict forbids.");
                    }
                    tangent = Torch.ZerosLike(primal);
                }
                results[i] = Level.UnwrapForGrad(primal, number);
                found[i] = Level.UnwrapForGrad(tangent, number);
            }
            return (shape.Build<object?>(results), shape.Build<object?>(found), aux);
        }
        finally
        {
            NativeMethods.tb_autograd_forward_mode_set(forward);
        }

        static void Tensors(List<object?> leaves, string name)
        {
            if (leaves.Count == 0)
                throw new TorchException($"{JvpApi}: {name} holds no tensor.");
            if (leaves.Find(leaf => leaf is not Tensor) is { } other)
                throw new TorchException($"{JvpApi}: {name} holds a {other.GetType().Name}, and only tensors can be there.");
        }
    }

    // ---- jacobians

    /// <summary>For each leaf of the output, in place of it, one value shaped as each chosen argument; and what else the function returned.</summary>
    internal static (TreeShape Shape, object?[][] Jacobians, object? Aux) Jacrev(
        Func<object?[], object?> func, int[] argnums, bool hasAux, long? chunkSize, object?[] args)
    {
        if (chunkSize <= 0)
            throw new ArgumentException("chunkSize must be at least 1, or null for one chunk.", nameof(chunkSize));
        RefuseComplex("jacrev", args, "inputs");
        var (output, pullback, aux) = Vjp(func, argnums, hasAux, args);
        var leaves = new List<object?>();
        var outputShape = Tree.Flatten(output, leaves);
        Tensor[] outputs = [.. leaves.Cast<Tensor>()];
        RefuseComplex("jacrev", [output], "outputs");
        long[] sizes = [.. outputs.Select(o => o.Numel())];
        var primals = new List<object?>();
        var shapes = Array.ConvertAll(Choose(argnums, args), arg => Tree.Flatten(arg, primals));

        var chunks = new List<Tensor[]>();
        foreach (var basis in StandardBasis(outputs, sizes, chunkSize))
        {
            if (chunkSize == 1)
            {
                // As a loop would: nothing is vectorised.
                var cotangents = outputShape.Build<object?>(Array.ConvertAll(basis, t => (object?)t.Squeeze(0)));
                chunks.Add([.. Tree.Tensors(pullback(cotangents)).Select(t => t.Unsqueeze(0))]);
            }
            else
            {
                var cotangents = outputShape.Build<object?>(Array.ConvertAll(basis, t => (object?)t));
                chunks.Add([.. Tree.Tensors(Vmap(given => pullback(given[0]), "wrapper", 0, 0, VmapRandomness.Error, null, [cotangents]))]);
            }
        }
        var stacked = chunks is [var only] ? only : [.. primals.Select((_, i) => Torch.Cat([.. chunks.Select(chunk => chunk[i])], 0))];

        var jacobians = new object?[outputs.Length][];
        for (var o = 0; o < outputs.Length; o++)
            jacobians[o] = new object?[primals.Count];
        for (var p = 0; p < primals.Count; p++)
        {
            var parts = stacked[p].Split(sizes, 0);
            for (var o = 0; o < outputs.Length; o++)
                jacobians[o][p] = parts[o].View([.. outputs[o].Shape, .. ((Tensor)primals[p]!).Shape]);
        }
        return (outputShape, Array.ConvertAll(jacobians, row => Build(shapes, row)), aux);
    }

    internal static (TreeShape Shape, object?[][] Jacobians, object? Aux) Jacfwd(
        Func<object?[], object?> func, int[] argnums, bool hasAux, VmapRandomness randomness, object?[] args)
    {
        RefuseComplex("jacfwd", args, "inputs");
        var primals = new List<object?>();
        var shapes = Array.ConvertAll(Choose(argnums, args), arg => Tree.Flatten(arg, primals));
        Tensor[] inputs = [.. primals.Select(p => p as Tensor
            ?? throw new TorchException($"Jacfwd differentiates by tensors only, not by a {p?.GetType().Name ?? "null"}."))];
        long[] sizes = [.. inputs.Select(t => t.Numel())];
        var basis = Build(shapes, [.. StandardBasis(inputs, sizes, null).First()]);

        object? aux = null;
        TreeShape? outputShape = null;
        var results = Vmap(
            tangents =>
            {
                var (value, tangent, more) = Jvp(func, args, tangents, argnums, strict: false, hasAux);
                RefuseComplex("jacfwd", [value], "outputs");
                var found = new List<object?>();
                outputShape = Tree.Flatten(tangent, found);
                return new object?[] { found.ToArray(), hasAux ? more : Array.Empty<object?>() };
            },
            "push_jvp", 0, 0, randomness, null, basis);
        var parts = (object?[])results!;
        // What else was returned comes once for every direction.
        if (hasAux)
            aux = Tree.Map(parts[1], tensor => tensor[0]);

        Tensor[] outputs = [.. ((object?[])parts[0]!).Cast<Tensor>()];
        var jacobians = Array.ConvertAll(outputs, output =>
        {
            var pieces = output.Movedim(0, -1).Split(sizes, -1);
            var row = new object?[inputs.Length];
            for (var i = 0; i < row.Length; i++)
                row[i] = inputs[i].NDim == 0 ? pieces[i].Squeeze(-1) : pieces[i].Unflatten(-1, inputs[i].Shape);
            return Build(shapes, row);
        });
        return (outputShape!, jacobians, aux);
    }

    private static void RefuseComplex(string api, object?[] values, string what)
    {
        var index = 0;
        foreach (var leaf in values.SelectMany(Tree.Flatten))
        {
            if (leaf is Tensor tensor && tensor.DType.IsComplex())
                throw new TorchException($"{api} takes real {what}, and number {index} is complex.");
            index++;
        }
    }

    /// <summary>
    /// The identity matrix over all the elements of the tensors together, split by tensor and, where asked for, in chunks of rows.
    /// </summary>
    internal static IEnumerable<Tensor[]> StandardBasis(Tensor[] tensors, long[] sizes, long? chunkSize)
    {
        var total = sizes.Sum();
        var rows = chunkSize is { } size && size < total ? size : total;
        for (long start = 0; start < total || (start == 0 && total == 0); start += Math.Max(rows, 1))
        {
            var count = Math.Min(rows, total - start);
            var chunk = new Tensor[tensors.Length];
            long before = 0;
            for (var i = 0; i < chunk.Length; i++)
            {
                var part = tensors[i].NewZeros([count, sizes[i]]);
                part.Diagonal(start - before).Fill_(1);
                before += sizes[i];
                chunk[i] = part.View([count, .. tensors[i].Shape]);
            }
            yield return chunk;
        }
    }

    internal static string NameOf(Delegate function) => DiagnosticMethodInfo.Create(function)?.Name ?? "function";
}
