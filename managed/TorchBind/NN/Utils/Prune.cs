namespace TorchBind.NN.Utils;

/// <summary>How much is pruned: a number of entries, or a share of them.</summary>
public readonly struct PruneAmount
{
    private readonly double _share;
    private readonly long _count;
    private readonly bool _isCount;

    private PruneAmount(double share, long count, bool isCount)
    {
        _share = share;
        _count = count;
        _isCount = isCount;
    }

    /// <summary>A number of entries.</summary>
    public static implicit operator PruneAmount(int count) => new(0, count, true);
    /// <summary>A number of entries.</summary>
    public static implicit operator PruneAmount(long count) => new(0, count, true);
    /// <summary>A share between 0 and 1.</summary>
    public static implicit operator PruneAmount(double share) => new(share, 0, false);

    internal long Of(long size)
    {
        if (_isCount)
        {
            return _count >= 0 && _count <= size
                ? _count
                : throw new ArgumentOutOfRangeException(nameof(size), _count, $"The number of entries to prune must be between 0 and {size}.");
        }
        return _share is >= 0 and <= 1
            ? (long)Math.Round(_share * size, MidpointRounding.ToEven)
            : throw new ArgumentOutOfRangeException(nameof(size), _share, "The share to prune must be between 0 and 1.");
    }
}

/// <summary>What a <see cref="PruningMethod"/> looks at when a parameter is pruned again. Mirrors <c>PRUNING_TYPE</c>.</summary>
public enum PruningType
{
    /// <summary>The entries that are left.</summary>
    Unstructured,
    /// <summary>The channels that are left.</summary>
    Structured,
    /// <summary>Everything.</summary>
    Global,
}

/// <summary>
/// A way of one's own to prune: a mask for a tensor. Mirrors <c>torch.nn.utils.prune.BasePruningMethod</c>.
/// </summary>
/// <example><code>
/// sealed class EveryOther : PruningMethod
/// {
///     protected override Tensor ComputeMask(Tensor t, Tensor defaultMask)
///     {
///         var mask = defaultMask.Clone();
///         mask.View(-1)[Torch.Slice(0, null, 2)].Fill_(0);
///         return mask;
///     }
/// }
/// Prune.Apply(module, "weight", new EveryOther());
/// </code></example>
public abstract class PruningMethod
{
    /// <summary>What the method sees when the parameter is pruned already. Default: the entries that are left.</summary>
    public virtual PruningType PruningType => PruningType.Unstructured;

    /// <summary>The dimension of the channels of a structured method. Default: 0.</summary>
    public virtual int Dim => 0;

    /// <summary>The mask: ones and zeros, of the tensor's shape. Mirrors <c>compute_mask</c>.</summary>
    /// <param name="t">The tensor, or what is left of it.</param>
    /// <param name="defaultMask">The mask so far, of the same shape; not to be changed.</param>
    protected internal abstract Tensor ComputeMask(Tensor t, Tensor defaultMask);
}

/// <summary>
/// Sets entries of parameters to zero and holds them there: the parameter becomes <c>name_orig</c>, beside it stands the buffer
/// <c>name_mask</c>, and the property gives their product. Pruning again prunes what is left. Mirrors <c>torch.nn.utils.prune</c>.
/// </summary>
public static class Prune
{
    /// <summary>Prunes nothing, but makes mask and product. Mirrors <c>prune.identity</c>.</summary>
    public static T Identity<T>(T module, string name) where T : Module => Apply(module, name, null, static (_, mask) => mask, PruningType.Unstructured);

    /// <summary>Prunes in a way of one's own. Mirrors <c>BasePruningMethod.apply</c>.</summary>
    /// <param name="module">The module.</param>
    /// <param name="name">The parameter, <c>weight</c>.</param>
    /// <param name="method">Gives the mask.</param>
    /// <param name="importanceScores">Looked at instead of the parameter, of its shape. Default: the parameter.</param>
    public static T Apply<T>(T module, string name, PruningMethod method, Tensor? importanceScores = null) where T : Module
    {
        ArgumentNullException.ThrowIfNull(method);
        return Apply(module, name, importanceScores, method.ComputeMask, method.PruningType, method.Dim);
    }

    /// <summary>Prunes several parameters as one in a way of one's own, an unstructured one. Mirrors <c>prune.global_unstructured</c>.</summary>
    /// <param name="parameters">Modules and names.</param>
    /// <param name="method">Gives the mask of all entries, one after the other.</param>
    /// <exception cref="ArgumentException">The method is not unstructured.</exception>
    public static void GlobalUnstructured(IEnumerable<(Module Module, string Name)> parameters, PruningMethod method)
    {
        ArgumentNullException.ThrowIfNull(method);
        if (method.PruningType != PruningType.Unstructured)
            throw new ArgumentException("Only unstructured methods prune several parameters as one.", nameof(method));
        Global(parameters, method.ComputeMask);
    }

    /// <summary>Prunes random entries. Mirrors <c>prune.random_unstructured</c>.</summary>
    /// <param name="module">The module.</param>
    /// <param name="name">The parameter, <c>weight</c>.</param>
    /// <param name="amount">How many, or which share.</param>
    public static T RandomUnstructured<T>(T module, string name, PruneAmount amount) where T : Module =>
        Apply(module, name, null, (t, mask) => Random(t, mask, amount), PruningType.Unstructured);

    /// <summary>Prunes the entries of least absolute value. Mirrors <c>prune.l1_unstructured</c>.</summary>
    /// <param name="module">The module.</param>
    /// <param name="name">The parameter, <c>weight</c>.</param>
    /// <param name="amount">How many, or which share.</param>
    /// <param name="importanceScores">Looked at instead of the parameter, of its shape. Default: the parameter.</param>
    public static T L1Unstructured<T>(T module, string name, PruneAmount amount, Tensor? importanceScores = null) where T : Module =>
        Apply(module, name, importanceScores, (t, mask) => Least(t, mask, amount), PruningType.Unstructured);

    /// <summary>Prunes random channels. Mirrors <c>prune.random_structured</c>.</summary>
    /// <param name="module">The module.</param>
    /// <param name="name">The parameter, <c>weight</c>.</param>
    /// <param name="amount">How many, or which share.</param>
    /// <param name="dim">The dimension of the channels.</param>
    public static T RandomStructured<T>(T module, string name, PruneAmount amount, int dim) where T : Module =>
        Apply(module, name, null, (t, mask) =>
        {
            var channels = Channels(t, dim);
            var count = amount.Of(channels);
            if (count == 0)
                return mask;
            var draw = Torch.Rand(channels);
            var keep = draw.Gt(draw.Kthvalue(count).Item1);
            return Channel(t, dim, keep.Nonzero().Squeeze(1)).Mul(mask.To(t.DType));
        }, PruningType.Structured, dim);

    /// <summary>Prunes the channels of least norm. Mirrors <c>prune.ln_structured</c>.</summary>
    /// <param name="module">The module.</param>
    /// <param name="name">The parameter, <c>weight</c>.</param>
    /// <param name="amount">How many, or which share.</param>
    /// <param name="n">The power of the norm.</param>
    /// <param name="dim">The dimension of the channels.</param>
    /// <param name="importanceScores">Looked at instead of the parameter, of its shape. Default: the parameter.</param>
    public static T LnStructured<T>(T module, string name, PruneAmount amount, double n, int dim, Tensor? importanceScores = null) where T : Module =>
        Apply(module, name, importanceScores, (t, mask) =>
        {
            var channels = Channels(t, dim);
            var count = amount.Of(channels);
            if (count == 0)
                return mask;
            var at = dim < 0 ? dim + t.NDim : dim;
            var norm = t.Norm(n, [.. Enumerable.Range(0, t.NDim).Where(d => d != at).Select(static d => (long)d)]);
            return Channel(t, dim, norm.Topk(channels - count, largest: true).Item2).Mul(mask.To(t.DType));
        }, PruningType.Structured, dim);

    /// <summary>Prunes where a mask is zero. Mirrors <c>prune.custom_from_mask</c>.</summary>
    /// <param name="module">The module.</param>
    /// <param name="name">The parameter, <c>weight</c>.</param>
    /// <param name="mask">Ones and zeros, of the parameter's shape.</param>
    /// <exception cref="ArgumentException">The mask has another shape.</exception>
    public static T CustomFromMask<T>(T module, string name, Tensor mask) where T : Module
    {
        ArgumentNullException.ThrowIfNull(mask);
        return Apply(module, name, null, (_, before) => before.Shape == mask.Shape
            ? before.Mul(mask.To(before.DType))
            : throw new ArgumentException($"The mask has the shape {mask.Shape}, the parameter {before.Shape}.", nameof(mask)), PruningType.Global);
    }

    /// <summary>Prunes the entries of least absolute value of several parameters, all compared. Mirrors <c>prune.global_unstructured</c> with <c>L1Unstructured</c>.</summary>
    /// <param name="parameters">Modules and names.</param>
    /// <param name="amount">How many, or which share.</param>
    public static void GlobalL1Unstructured(IEnumerable<(Module Module, string Name)> parameters, PruneAmount amount) =>
        Global(parameters, (t, mask) => Least(t, mask, amount));

    /// <summary>Prunes random entries of several parameters. Mirrors <c>prune.global_unstructured</c> with <c>RandomUnstructured</c>.</summary>
    /// <param name="parameters">Modules and names.</param>
    /// <param name="amount">How many, or which share.</param>
    public static void GlobalRandomUnstructured(IEnumerable<(Module Module, string Name)> parameters, PruneAmount amount) =>
        Global(parameters, (t, mask) => Random(t, mask, amount));

    /// <summary>Makes the pruned values the parameter's own. Mirrors <c>prune.remove</c>.</summary>
    /// <returns>The module.</returns>
    /// <exception cref="ArgumentException">The parameter is not pruned.</exception>
    public static T Remove<T>(T module, string name) where T : Module
    {
        ArgumentNullException.ThrowIfNull(module);
        var key = MemberName.ToKey(name);
        if (module.Registered(key + "_orig") is not Parameter original || !module.IsComputed(key))
            throw new ArgumentException($"'{key}' of {module.GetName()} is not pruned, so there is no pruning to remove.", nameof(name));
        using (Torch.NoGrad())
            original.Data = module.TensorOf(key)!;
        module.Unregister(key + "_orig");
        module.Unregister(key + "_mask");
        module.EndCompute(key, original);
        return module;
    }

    /// <summary>Whether a parameter of the module, or of one below it, is pruned. Mirrors <c>prune.is_pruned</c>.</summary>
    public static bool IsPruned(Module module)
    {
        ArgumentNullException.ThrowIfNull(module);
        return module.NamedBuffers().Any(static b => b.Name.EndsWith("_mask", StringComparison.Ordinal));
    }

    private static T Apply<T>(T module, string name, Tensor? scores, Func<Tensor, Tensor, Tensor> method, PruningType kind, int dim = 0) where T : Module
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(name);
        var key = MemberName.ToKey(name);
        var again = module.Registered(key + "_mask") as Tensor;
        var original = module.Registered(key + "_orig") as Parameter
            ?? module.TensorOf(key) as Parameter
            ?? throw new ArgumentException($"{module.GetName()} has no parameter '{key}'.", nameof(name));
        using var _ = Torch.NoGrad();
        var looked = scores ?? module.TensorOf(key)!.Detach();
        if (looked.Shape != original.Shape)
            throw new ArgumentException($"The scores have the shape {looked.Shape}, the parameter {original.Shape}.", nameof(scores));
        var mask = again is null
            ? method(looked, Torch.OnesLike(original.Detach()))
            : Combine(looked, again.Detach().Clone(MemoryFormat.Contiguous), method, kind, dim);
        if (again is null)
            module.RegisterParameter(key + "_orig", original);
        module.RegisterBuffer(key + "_mask", mask);
        if (again is null)
        {
            module.Compute(key, () =>
            {
                var weight = (Tensor)module.Registered(key + "_orig")!;
                return ((Tensor)module.Registered(key + "_mask")!).To(weight.DType).Mul(weight);
            });
        }
        return module;
    }

    // What was pruned before stays pruned; the method sees the rest.
    private static Tensor Combine(Tensor t, Tensor mask, Func<Tensor, Tensor, Tensor> method, PruningType kind, int dim)
    {
        var result = mask.To(t.DType);
        switch (kind)
        {
            case PruningType.Unstructured:
                var left = mask.Eq(1);
                result[left] = method(t[left], mask[left]).To(result.DType);
                return result;
            case PruningType.Structured:
                var at = dim < 0 ? dim + t.NDim : dim;
                var keep = mask.Sum([.. Enumerable.Range(0, t.NDim).Where(d => d != at).Select(static d => (long)d)]).Ne(0).Nonzero().Squeeze(1);
                return result.IndexCopy(at, keep, method(t.IndexSelect(at, keep), mask.IndexSelect(at, keep)).To(result.DType));
            default:
                return method(t, mask).To(result.DType);
        }
    }

    private static Tensor Random(Tensor t, Tensor mask, PruneAmount amount)
    {
        var count = amount.Of(t.Numel());
        mask = mask.Clone(MemoryFormat.Contiguous);
        if (count != 0)
            mask.View(-1).IndexFill_(0, Torch.RandLike(t).View(-1).Topk(count).Item2, 0);
        return mask;
    }

    private static Tensor Least(Tensor t, Tensor mask, PruneAmount amount)
    {
        var count = amount.Of(t.Numel());
        mask = mask.Clone(MemoryFormat.Contiguous);
        if (count != 0)
            mask.View(-1).IndexFill_(0, Torch.Abs(t).View(-1).Topk(count, largest: false).Item2, 0);
        return mask;
    }

    private static long Channels(Tensor t, int dim)
    {
        if (t.NDim <= 1)
            throw new ArgumentException($"Channels can be pruned of tensors with at least two dimensions, got the shape {t.Shape}.");
        return t.Size(dim);
    }

    private static Tensor Channel(Tensor t, int dim, Tensor kept) => Torch.ZerosLike(t).IndexFill_(dim, kept, 1);

    private static void Global(IEnumerable<(Module Module, string Name)> parameters, Func<Tensor, Tensor, Tensor> method)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        (Module Module, string Key)[] all = [.. parameters.Select(static p => (p.Module, MemberName.ToKey(p.Name)))];
        using var _ = Torch.NoGrad();
        var values = ConvertParameters.ParametersToVector(all.Select(static p => p.Module.TensorOf(p.Key)!.Detach()));
        var before = ConvertParameters.ParametersToVector(all.Select(static p => p.Module.Registered(p.Key + "_mask") as Tensor ?? Torch.OnesLike(p.Module.TensorOf(p.Key)!.Detach())));
        var mask = Combine(values, before, method, PruningType.Unstructured, 0);
        var at = 0L;
        foreach (var (module, key) in all)
        {
            var parameter = module.TensorOf(key)!;
            CustomFromMask(module, key, mask.Narrow(0, at, parameter.Numel()).ViewAs(parameter));
            at += parameter.Numel();
        }
    }
}
