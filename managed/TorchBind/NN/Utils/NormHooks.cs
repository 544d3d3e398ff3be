using System.Runtime.CompilerServices;

namespace TorchBind.NN.Utils;

/// <summary>
/// Weight and spectral normalisation in their older form, which computes the weight before each call and keeps the older names in the state
/// dict. <see cref="Parametrizations"/> has the newer one. Mirrors <c>weight_norm</c> and <c>spectral_norm</c> of <c>torch.nn.utils</c>.
/// </summary>
public static class NormHooks
{
    private static readonly ConditionalWeakTable<Module, Dictionary<(string Kind, string Key), Hook>> s_hooks = [];

    /// <summary>
    /// Splits a weight into its size <c>weight_g</c> and its direction <c>weight_v</c>. Mirrors <c>torch.nn.utils.weight_norm</c>.
    /// </summary>
    /// <param name="module">The module.</param>
    /// <param name="name">The parameter. Default: <c>weight</c>.</param>
    /// <param name="dim">The dimension along which every slice has a size of its own; null: one size for all. Default: 0.</param>
    /// <returns>The module.</returns>
    /// <exception cref="ArgumentException">There is no such parameter.</exception>
    /// <exception cref="InvalidOperationException">The parameter has such a hook already.</exception>
    public static T WeightNorm<T>(T module, string name = "weight", long? dim = 0) where T : Module
    {
        var (key, weight) = Begin(module, name, "weight_norm");
        var at = dim ?? -1;
        module.RegisterParameter(key + "_g", new Parameter(Torch.NormExceptDim(weight, 2, at).Data));
        module.RegisterParameter(key + "_v", new Parameter(weight.Data));
        Tensor Value() => Torch.Aten._WeightNorm((Tensor)module.Registered(key + "_v")!, (Tensor)module.Registered(key + "_g")!, at);
        Install(module, "weight_norm", key, Value(), Value, Value, ["_g", "_v"]);
        return module;
    }

    /// <summary>Makes the normalised weight a parameter again. Mirrors <c>torch.nn.utils.remove_weight_norm</c>.</summary>
    /// <param name="module">The module.</param>
    /// <param name="name">The parameter. Default: <c>weight</c>.</param>
    /// <returns>The module.</returns>
    /// <exception cref="ArgumentException">There is no such hook.</exception>
    public static T RemoveWeightNorm<T>(T module, string name = "weight") where T : Module => Remove(module, name, "weight_norm");

    /// <summary>
    /// Divides a weight, <c>weight_orig</c>, by its largest singular value, which every call in training comes closer to with the buffers
    /// <c>weight_u</c> and <c>weight_v</c>. Mirrors <c>torch.nn.utils.spectral_norm</c>.
    /// </summary>
    /// <param name="module">The module.</param>
    /// <param name="name">The parameter. Default: <c>weight</c>.</param>
    /// <param name="nPowerIterations">Steps of the power method per call. Default: 1.</param>
    /// <param name="eps">The least norm that is divided by. Default: 1e-12.</param>
    /// <param name="dim">The dimension of the outputs. Default: 1 for transposed convolutions, otherwise 0.</param>
    /// <returns>The module.</returns>
    /// <exception cref="ArgumentException">There is no such parameter.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The number of steps is not positive.</exception>
    /// <exception cref="InvalidOperationException">The parameter has such a hook already.</exception>
    public static T SpectralNorm<T>(T module, string name = "weight", int nPowerIterations = 1, double eps = 1e-12, int? dim = null) where T : Module
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(nPowerIterations);
        var (key, weight) = Begin(module, name, "spectral_norm");
        var at = dim ?? (module is ConvTranspose1d or ConvTranspose2d or ConvTranspose3d ? 1 : 0);
        using (Torch.NoGrad())
        {
            var matrix = Matrix(weight, at);
            Tensor Start(long size) => Functional.Normalize(weight.NewEmpty(size).Normal_(0, 1), dim: 0, eps: eps);
            var u = Start(matrix.Size(0));
            var v = Start(matrix.Size(1));
            module.RegisterParameter(key + "_orig", weight);
            module.RegisterBuffer(key + "_u", u);
            module.RegisterBuffer(key + "_v", v);
        }
        Tensor Value(bool iterate)
        {
            var original = (Tensor)module.Registered(key + "_orig")!;
            var u = (Tensor)module.Registered(key + "_u")!;
            var v = (Tensor)module.Registered(key + "_v")!;
            var matrix = Matrix(original, at);
            if (iterate)
            {
                using (Torch.NoGrad())
                {
                    for (var i = 0; i < nPowerIterations; i++)
                    {
                        v.Copy_(Functional.Normalize(Torch.Mv(matrix.Transpose(0, 1), u), dim: 0, eps: eps));
                        u.Copy_(Functional.Normalize(Torch.Mv(matrix, v), dim: 0, eps: eps));
                    }
                }
                // The graph keeps these; the buffers change again.
                u = u.Clone(MemoryFormat.Contiguous);
                v = v.Clone(MemoryFormat.Contiguous);
            }
            return original / Torch.Dot(u, Torch.Mv(matrix, v));
        }
        var hook = Install(module, "spectral_norm", key, weight.Data, () => Value(module.Training), () => Value(false), ["_orig", "_u", "_v"]);
        hook.Handles.Add(module.RegisterStateDictPostHook((_, _, _, metadata) =>
        {
            if (!metadata.TryGetValue("spectral_norm", out var versions) || versions is not IDictionary<string, object?> known)
                metadata["spectral_norm"] = known = new Dictionary<string, object?>();
            known[key + ".version"] = 1L;
        }));
        return module;
    }

    /// <summary>Makes the normalised weight a parameter again. Mirrors <c>torch.nn.utils.remove_spectral_norm</c>.</summary>
    /// <param name="module">The module.</param>
    /// <param name="name">The parameter. Default: <c>weight</c>.</param>
    /// <returns>The module.</returns>
    /// <exception cref="ArgumentException">There is no such hook.</exception>
    public static T RemoveSpectralNorm<T>(T module, string name = "weight") where T : Module => Remove(module, name, "spectral_norm");

    private static Tensor Matrix(Tensor weight, int dim)
    {
        if (dim != 0)
            weight = weight.Permute([dim, .. Enumerable.Range(0, weight.NDim).Where(d => d != dim).Select(static d => (long)d)]);
        return weight.Reshape(weight.Size(0), -1);
    }

    private static (string Key, Parameter Weight) Begin(Module module, string name, string kind)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(name);
        var key = MemberName.ToKey(name);
        if (s_hooks.TryGetValue(module, out var hooks) && hooks.ContainsKey((kind, key)))
            throw new InvalidOperationException($"'{key}' has a {kind} hook already, and one is the most: remove it first.");
        return module.TensorOf(key) switch
        {
            UninitializedParameter { IsInitialized: false } => throw new ArgumentException(
                $"'{key}' has no shape yet: call the module once before {kind}.", nameof(name)),
            Parameter weight when !module.IsComputed(key) => (key, weight),
            _ => throw new ArgumentException($"{module.GetName()} has no parameter '{key}' to normalise.", nameof(name)),
        };
    }

    private static Hook Install(Module module, string kind, string key, Tensor first, Func<Tensor> before, Func<Tensor> last, string[] parts)
    {
        var hook = new Hook(Module.Keep(first), last, parts);
        module.Compute(key, () => hook.Value);
        hook.Handles.Add(module.RegisterForwardPreHook((m, _) =>
        {
            hook.Value = before();
            m.RefreshComputed();
            return null;
        }));
        s_hooks.GetOrCreateValue(module).Add((kind, key), hook);
        return hook;
    }

    private static T Remove<T>(T module, string name, string kind) where T : Module
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(name);
        var key = MemberName.ToKey(name);
        if (!s_hooks.TryGetValue(module, out var hooks) || !hooks.Remove((kind, key), out var hook))
            throw new ArgumentException($"'{key}' of {module.GetName()} has no {kind} hook to remove.", nameof(name));
        using var _ = Torch.NoGrad();
        var value = hook.Last();
        foreach (var handle in hook.Handles)
            handle.Dispose();
        foreach (var part in hook.Parts)
            module.Unregister(key + part);
        module.EndCompute(key, new Parameter(value));
        return module;
    }

    private sealed class Hook(Tensor value, Func<Tensor> last, string[] parts)
    {
        public Tensor Value { get; set; } = value;

        public Func<Tensor> Last => last;

        public string[] Parts => parts;

        public List<HookHandle> Handles { get; } = [];
    }
}
