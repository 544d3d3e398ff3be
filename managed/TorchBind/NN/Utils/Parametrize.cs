using System.Globalization;

namespace TorchBind.NN.Utils;

/// <summary>A parametrization that can be assigned to: it finds what gives a wanted value. Mirrors the method <c>right_inverse</c>.</summary>
public interface IRightInverse
{
    /// <summary>The tensors from which the parametrization computes <paramref name="value"/>; null where there are none.</summary>
    IReadOnlyList<Tensor>? RightInverse(Tensor value);
}

/// <summary>The parametrizations of one tensor, and the tensors that it is computed from. Mirrors <c>ParametrizationList</c>.</summary>
public sealed partial class ParametrizationList : ModuleList
{
    internal ParametrizationList(Module parametrization, Tensor original, bool @unsafe) : base(parametrization)
    {
        Unsafe = @unsafe;
        var (shape, dtype) = (original.Shape, original.DType);
        using (Torch.NoGrad())
        {
            var inverse = (parametrization as IRightInverse)?.RightInverse(original);
            if (inverse is null || inverse.Count == 1)
            {
                if (inverse?[0] is { } start && !ReferenceEquals(start, original))
                {
                    if (start.DType != dtype)
                        throw new ArgumentException($"A right inverse with one tensor may not change the dtype; {dtype.Name()} became {start.DType.Name()}.", nameof(parametrization));
                    original.Data = start;
                }
                Count1 = 1;
                Add("original", original);
            }
            else
            {
                Count1 = inverse.Count;
                for (var i = 0; i < inverse.Count; i++)
                    Add($"original{i.ToString(CultureInfo.InvariantCulture)}", original is Parameter ? new Parameter(inverse[i], original.RequiresGrad) : inverse[i]);
            }
        }
        if (Unsafe)
            return;
        var value = Compute();
        if (value.DType != dtype || value.Shape != shape)
        {
            throw new ArgumentException(
                $"A parametrization may not change dtype or shape, unless it is registered as unsafe: {dtype.Name()} {shape} became {value.DType.Name()} {value.Shape}.", nameof(parametrization));
        }
    }

    private void Add(string name, Tensor tensor)
    {
        if (tensor is Parameter parameter)
            RegisterParameter(name, parameter);
        else
            RegisterBuffer(name, tensor);
    }

    /// <summary>From here on the value is computed from what the other one is computed from.</summary>
    internal void Take(ParametrizationList other)
    {
        var originals = other.Originals;
        for (var i = 0; i < originals.Count; i++)
            Add(other.IsTensor ? "original" : $"original{i.ToString(CultureInfo.InvariantCulture)}", originals[i]);
    }

    internal bool Unsafe { get; set; }

    private int Count1 { get; }

    internal bool IsTensor => Originals.Count == 1 && Registered("original") is not null;

    /// <summary>The tensors that the value is computed from; these are trained.</summary>
    public IReadOnlyList<Tensor> Originals => Count1 == 1 && Registered("original") is Tensor one
        ? [one]
        : [.. Enumerable.Range(0, Count1).Select(i => (Tensor)Registered($"original{i.ToString(CultureInfo.InvariantCulture)}")!)];

    /// <summary>The value.</summary>
    public Tensor Compute()
    {
        var originals = Originals;
        Tensor? value = null;
        foreach (var module in this)
        {
            value = (module, value) switch
            {
                (Module<Tensor, Tensor> one, null) when originals.Count == 1 => one.Call(originals[0]),
                (Module<Tensor, Tensor, Tensor> two, null) when originals.Count == 2 => two.Call(originals[0], originals[1]),
                (Module<Tensor, Tensor> next, not null) => next.Call(value),
                _ => throw new InvalidOperationException($"The parametrization {module.GetName()} does not take {(value is null ? originals.Count : 1)} tensors."),
            };
        }
        return value!;
    }

    /// <summary>Sets what the value is computed from, so that it becomes the given one. Mirrors <c>right_inverse</c>.</summary>
    /// <exception cref="NotSupportedException">A parametrization has no right inverse.</exception>
    public void Assign(Tensor value)
    {
        using var _ = Torch.NoGrad();
        IReadOnlyList<Tensor> current = [value];
        foreach (var module in this.Reverse())
        {
            current = (module as IRightInverse)?.RightInverse(current[0])
                ?? throw new NotSupportedException($"The parametrization {module.GetName()} has no right inverse.");
        }
        var originals = Originals;
        for (var i = 0; i < originals.Count; i++)
            originals[i].Data = current[i];
    }
}

/// <summary>Parameters computed from others. Mirrors <c>torch.nn.utils.parametrize</c>.</summary>
/// <remarks>
/// While a parameter is parametrized, its property gives the computed value: at every access for the modules of this library, and with each call for
/// other modules.
/// </remarks>
public static class Parametrize
{
    private const string Child = "parametrizations";

    [ThreadStatic]
    private static Dictionary<(Module, string), Tensor>? t_cache;

    /// <summary>Until disposed, this thread computes each parametrized tensor once. Mirrors <c>cached</c>.</summary>
    public static CacheScope Cached() => new(t_cache);

    /// <summary>The scope of <see cref="Cached"/>.</summary>
    public ref struct CacheScope : IDisposable
    {
        private readonly Dictionary<(Module, string), Tensor>? _outer;

        internal CacheScope(Dictionary<(Module, string), Tensor>? outer)
        {
            _outer = outer;
            t_cache ??= [];
        }

        /// <summary>Ends the caching.</summary>
        public readonly void Dispose() => t_cache = _outer;
    }

    /// <summary>Puts a parametrization on a parameter or buffer, or one more. Mirrors <c>register_parametrization</c>.</summary>
    /// <param name="module">The module.</param>
    /// <param name="tensorName">The name: <c>weight</c>, or <c>nameof(Linear.Weight)</c>.</param>
    /// <param name="parametrization">
    /// A module from tensor to tensor, or from two; with <see cref="IRightInverse"/> the value at the beginning stays.
    /// </param>
    /// <param name="unsafe">Whether dtype and shape may change. Default: false.</param>
    /// <returns>The module.</returns>
    /// <exception cref="ArgumentException">There is no such tensor, or the parametrization changes dtype or shape.</exception>
    public static T RegisterParametrization<T>(T module, string tensorName, Module parametrization, bool @unsafe = false) where T : Module
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(tensorName);
        ArgumentNullException.ThrowIfNull(parametrization);
        var key = MemberName.ToKey(tensorName);
        parametrization.Train(module.Training);
        if (Find(module, key) is { } list)
        {
            if (!@unsafe && parametrization is Module<Tensor, Tensor> next)
            {
                var before = list.Compute();
                var after = next.Call(before);
                if (after.DType != before.DType || after.Shape != before.Shape)
                    throw new ArgumentException($"A parametrization may not change dtype or shape, unless it is registered as unsafe: {before.DType.Name()} {before.Shape} became {after.DType.Name()} {after.Shape}.", nameof(parametrization));
            }
            list.Append(parametrization);
            list.Unsafe |= @unsafe;
            return module;
        }
        var original = module.NamedParameters(recurse: false).FirstOrDefault(p => p.Name == key).Parameter
            ?? module.NamedBuffers(recurse: false).FirstOrDefault(b => b.Name == key).Buffer
            ?? throw new ArgumentException($"{module.GetName()} has no parameter and no buffer '{key}'.", nameof(tensorName));
        var created = new ParametrizationList(parametrization, original, @unsafe);
        if (module.Registered(Child) is not ModuleDict<ParametrizationList> all)
            module.RegisterModule(Child, all = new ModuleDict<ParametrizationList>(ReadOnlySpan<(string, ParametrizationList)>.Empty));
        all.Add(key, created);
        module.Compute(key, () => Value(module, key, created));
        return module;
    }

    private static Tensor Value(Module module, string key, ParametrizationList list)
    {
        if (t_cache is not { } cache)
            return list.Compute();
        if (!cache.TryGetValue((module, key), out var value))
            cache[(module, key)] = value = list.Compute();
        return value;
    }

    private static ParametrizationList? Find(Module module, string key) =>
        module.Registered(Child) is ModuleDict<ParametrizationList> all && all.TryGetValue(key, out var list) ? list : null;

    /// <summary>Whether a tensor of the module, or any, is parametrized. Mirrors <c>is_parametrized</c>.</summary>
    /// <param name="module">The module.</param>
    /// <param name="tensorName">The name. Default: any.</param>
    public static bool IsParametrized(Module module, string? tensorName = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        return tensorName is null ? module.Registered(Child) is ModuleDict<ParametrizationList> { Count: > 0 } : Find(module, MemberName.ToKey(tensorName)) is not null;
    }

    /// <summary>The parametrizations of a tensor. Mirrors <c>module.parametrizations.weight</c>.</summary>
    /// <exception cref="ArgumentException">The tensor is not parametrized.</exception>
    public static ParametrizationList Parametrizations(Module module, string tensorName)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(tensorName);
        return Find(module, MemberName.ToKey(tensorName)) ?? throw new ArgumentException($"{module.GetName()} has no parametrization on '{tensorName}'.", nameof(tensorName));
    }

    /// <summary>Gives a parametrized tensor a value. Mirrors <c>module.weight = value</c>.</summary>
    /// <exception cref="ArgumentException">The tensor is not parametrized.</exception>
    /// <exception cref="NotSupportedException">A parametrization has no right inverse.</exception>
    public static void Assign(Module module, string tensorName, Tensor value) => Parametrizations(module, tensorName).Assign(value);

    /// <summary>
    /// Puts the parametrizations of one module on another, which then computes its tensors from the very same originals. Mirrors
    /// <c>transfer_parametrizations_and_params</c>.
    /// </summary>
    /// <param name="fromModule">The module that has them; without any, nothing happens.</param>
    /// <param name="toModule">The module that gets them, and a parameter of each name that it lacks.</param>
    /// <param name="tensorName">The tensor. Default: all that are parametrized.</param>
    /// <returns><paramref name="toModule"/>.</returns>
    /// <exception cref="ArgumentException"><paramref name="fromModule"/> has parametrizations, but none on the tensor.</exception>
    public static T TransferParametrizationsAndParams<T>(Module fromModule, T toModule, string? tensorName = null) where T : Module
    {
        ArgumentNullException.ThrowIfNull(fromModule);
        ArgumentNullException.ThrowIfNull(toModule);
        if (fromModule.Registered(Child) is not ModuleDict<ParametrizationList> { Count: > 0 } all)
            return toModule;
        foreach (var key in tensorName is null ? [.. all.Keys] : new[] { MemberName.ToKey(tensorName) })
        {
            var list = Parametrizations(fromModule, key);
            if (toModule.TensorOf(key) is null)
                toModule.RegisterParameter(key, new Parameter(list.Compute()));
            foreach (var parametrization in list)
                RegisterParametrization(toModule, key, parametrization, list.Unsafe);
            Parametrizations(toModule, key).Take(list);
        }
        return toModule;
    }

    /// <summary>Takes the parametrizations off a tensor. Mirrors <c>remove_parametrizations</c>.</summary>
    /// <param name="module">The module.</param>
    /// <param name="tensorName">The name.</param>
    /// <param name="leaveParametrized">Whether the computed value stays; false: what it was computed from. Default: true.</param>
    /// <returns>The module.</returns>
    /// <exception cref="ArgumentException">The tensor is not parametrized, or was computed from several and should not stay.</exception>
    public static T RemoveParametrizations<T>(T module, string tensorName, bool leaveParametrized = true) where T : Module
    {
        var list = Parametrizations(module, tensorName);
        var key = MemberName.ToKey(tensorName);
        var original = list.Originals[0];
        if (list.IsTensor)
        {
            if (leaveParametrized)
            {
                using var _ = Torch.NoGrad();
                original.Data = list.Compute();
            }
        }
        else if (leaveParametrized)
        {
            var value = list.Compute();
            original = value.RequiresGrad ? new Parameter(value) : value;
        }
        else
        {
            throw new ArgumentException("What is computed from several tensors cannot be left without its parametrization.", nameof(leaveParametrized));
        }
        var all = (ModuleDict<ParametrizationList>)module.Registered(Child)!;
        all.Remove(key);
        if (all.Count == 0)
            module.Unregister(Child);
        module.EndCompute(key, original);
        return module;
    }
}
