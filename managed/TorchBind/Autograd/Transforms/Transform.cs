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
        "torch.func.{grad, vjp, jacrev, hessian} don't yet support saved tensor hooks. Please open an issue with your use case.";

    // ---- vmap

    internal static object? Vmap(
        Func<object?[], object?> func, string name, Dims inDims, Dims outDims, VmapRandomness randomness, long? chunkSize, object?[] args)
    {
        Level.LoadVmapFormulas();
        if (chunkSize <= 0)
            throw new ArgumentException($"vmap: chunk_size should be None or greater than 0. (got {chunkSize})", nameof(chunkSize));
        var leaves = new List<object?>();
        var shapes = Array.ConvertAll(args, arg => Tree.Flatten(arg, leaves));
        var dims = inDims.Broadcast(shapes)
            ?? throw new ArgumentException($"vmap({name}, in_dims={inDims}, ...)(<inputs>): in_dims is not compatible with the structure of `inputs`.");
        for (var i = 0; i < dims.Length; i++)
        {
            if (dims[i] is not { } dim)
                continue;
            if (leaves[i] is not Tensor tensor)
            {
                throw new ArgumentException($"vmap({name}, in_dims={inDims}, ...)(<inputs>): Got in_dim={dim} for an input but the input is of type "
                    + $"{leaves[i]?.GetType().Name ?? "null"}. We cannot vmap over non-Tensor arguments, please use None as the respective in_dim");
            }
            var rank = tensor.NDim;
            if (dim < -rank || dim >= rank)
            {
                throw new ArgumentException($"vmap({name}, in_dims={inDims}, ...)(<inputs>): Got in_dim={dim} for some input, but that input is a Tensor of "
                    + $"dimensionality {rank} so expected in_dim to satisfy -{rank} <= in_dim < {rank}.");
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
            throw new ArgumentException("vmap: Expected at least one Tensor to vmap over");
        if (sizes.Exists(size => size != sizes[0]))
        {
            throw new ArgumentException("vmap: Expected all tensors to have the same size in the mapped dimension, got sizes "
                + $"[{string.Join(", ", sizes)}] for the mapped dimension");
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
                    throw new ArgumentException($"vmap({name}, ...): `{name}` can not return a BatchedTensor when out_dim is None");
                continue;
            }
            if (tensor is null)
            {
                throw new ArgumentException($"vmap({name}, ...): `{name}` must only return Tensors, got type {outputs[i]?.GetType().Name ?? "null"}. Did you "
                    + "mean to set out_dims= to None for output?");
            }
            outputs[i] = Level.RemoveBatchDim(tensor, level, batchSize, dim);
        }
        return shape.Build<object?>(CollectionsMarshal.AsSpan(outputs));
    }

    private static int?[] OutDims(TreeShape shape, string name, Dims outDims)
    {
        var dims = shape is LeafShape || !outDims.IsList ? outDims.Broadcast([shape]) : outDims.Broadcast(shape.Children);
        return dims
            ?? throw new ArgumentException($"vmap({name}, ..., out_dims={outDims})(<inputs>): out_dims is not compatible with the structure of `outputs`.");
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
                : throw new ArgumentException($"vmap({name}, ...): with chunk_size every output has an out_dim, output {i} has none.");
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
            (output, aux) = SplitAux(output, "grad_and_value(f)(*args)");
        if (output is not Tensor value)
            throw new TorchException($"grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got {output?.GetType().Name ?? "null"}");
        if (value.NDim != 0)
        {
            throw new TorchException($"grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, got tensor with {value.NDim} dims. Maybe you "
                + "wanted to use the vjp or jacrev APIs instead?");
        }
        // The pass is recorded: it may itself be inside of a transform, or differentiated after.
        var grads = Grad([value], differentiable, null, retainGraph: false, createGraph: true);
        var unwrapped = Array.ConvertAll(grads, grad => (object?)Level.UnwrapForGrad(grad, number));
        return (Build(shapes, unwrapped), Level.UnwrapForGrad(value, number), Unwrap(aux, number));
    }

    private static (object? Output, object? Aux) SplitAux(object? output, string api) => output is System.Runtime.CompilerServices.ITuple { Length: 2 } pair
        ? (pair[0], pair[1])
        : throw new TorchException($"{api}: output of function f should be a tuple: (output, aux) if has_aux is True");

    private static Tensor[] Differentiable(List<object?> leaves)
    {
        var tensors = new Tensor[leaves.Count];
        for (var i = 0; i < tensors.Length; i++)
        {
            tensors[i] = leaves[i] as Tensor
                ?? throw new ArgumentException($"Thing passed to transform API must be Tensor, got {leaves[i]?.GetType().Name ?? "null"}");
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
            throw new TorchException("argnums must be non-empty");
        var chosen = Array.ConvertAll(argnums, argnum =>
        {
            if (argnum >= args.Length || argnum < -args.Length)
                throw new TorchException($"Got argnum={argnum}, but only {args.Length} positional inputs");
            return argnum < 0 ? argnum + args.Length : argnum;
        });
        if (chosen.Distinct().Count() != chosen.Length)
            throw new TorchException($"argnums elements must be unique, got ({string.Join(", ", argnums)})");
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
            (output, aux) = SplitAux(output, "vjp(f, *primals)");
            aux = Unwrap(aux, number);
        }
        var leaves = new List<object?>();
        var outputShape = Tree.Flatten(output, leaves);
        var outputs = OnlyTensors(leaves, "vjp(f, *primals)", "f(*primals)");
        foreach (var tensor in outputs)
        {
            var dtype = tensor.DType;
            if (!dtype.IsFloatingPoint() && !dtype.IsComplex())
            {
                throw new TorchException($"vjp(f, ...): All outputs of f must be floating-point or complex Tensors, got Tensor with dtype "
                    + $"torch.{dtype.Name()}");
            }
        }
        var value = Unwrap(output, number);
        return (value, Pullback, aux);

        object?[] Pullback(object? cotangents)
        {
            var given = new List<object?>();
            if (!Tree.Flatten(cotangents, given).SameAs(outputShape))
                throw new TorchException("Expected pytree structure of cotangents to be the same as pytree structure of outputs to the function.");
            var grads = Grad(outputs, differentiable, [.. given.Cast<Tensor>()], retainGraph: true, createGraph: Torch.IsGradEnabled());
            return Build(shapes, grads);
        }
    }

    private static Tensor[] OnlyTensors(List<object?> leaves, string api, string what)
    {
        if (leaves.Count == 0 || leaves is [null])
            throw new TorchException($"{api}: Expected f to be a function that has non-empty output");
        return [.. leaves.Select(leaf => leaf as Tensor
            ?? throw new TorchException($"{api}: expected {what} to return only tensors, got unsupported type {leaf?.GetType().Name ?? "null"}"))];
    }

    // ---- jvp

    private const string JvpApi = "jvp(f, primals, tangents)";

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
            throw new TorchException($"{JvpApi}: Expected primals and tangents to have the same python structure.");
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
            var values = OnlyTensors(leaves, JvpApi, "f(*args)");
            var results = new object?[values.Length];
            var found = new object?[values.Length];
            for (var i = 0; i < values.Length; i++)
            {
                var (primal, tangent) = Torch.Autograd.ForwardAD.UnpackDual(values[i], DualLevelScope.Shared);
                if (tangent is null)
                {
                    if (strict)
                    {
                        throw new TorchException("jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. This is not allowed "
                            + "with strict=True.");
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
                throw new TorchException($"{JvpApi}: Expected {name} to contain at least one Tensor.");
            if (leaves.Find(leaf => leaf is not Tensor) is { } other)
                throw new TorchException($"{JvpApi}: Expected {name} to only contain Tensors, got {other.GetType().Name}");
        }
    }

    // ---- jacobians

    /// <summary>For each leaf of the output, in place of it, one value shaped as each chosen argument; and what else the function returned.</summary>
    internal static (TreeShape Shape, object?[][] Jacobians, object? Aux) Jacrev(
        Func<object?[], object?> func, int[] argnums, bool hasAux, long? chunkSize, object?[] args)
    {
        if (chunkSize <= 0)
            throw new ArgumentException("jacrev: `chunk_size` should be greater than 0.", nameof(chunkSize));
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
            ?? throw new TorchException($"jacfwd: expected the chosen arguments to hold only tensors, got {p?.GetType().Name ?? "null"}"))];
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
                throw new TorchException($"{api}: Expected all {what} to be real but received complex tensor at flattened input idx: {index}");
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
