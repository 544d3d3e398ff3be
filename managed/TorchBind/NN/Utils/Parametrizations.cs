namespace TorchBind.NN.Utils;

/// <summary>How an orthogonal matrix is computed.</summary>
public enum OrthogonalMap
{
    /// <summary>By the exponential of a skew-symmetric matrix: <c>'matrix_exp'</c>.</summary>
    MatrixExp,
    /// <summary>By Cayley's map of a skew-symmetric matrix: <c>'cayley'</c>.</summary>
    Cayley,
    /// <summary>By Householder's reflections: <c>'householder'</c>.</summary>
    Householder,
}

/// <summary>Ready-made parametrizations. Mirrors <c>torch.nn.utils.parametrizations</c>.</summary>
public static class Parametrizations
{
    /// <summary>Splits a weight into its length and its direction. Mirrors <c>parametrizations.weight_norm</c>.</summary>
    /// <param name="module">The module.</param>
    /// <param name="name">The parameter. Default: <c>weight</c>.</param>
    /// <param name="dim">The dimension that has lengths of its own; null: one length for all. Default: 0.</param>
    /// <returns>The module.</returns>
    public static T WeightNorm<T>(T module, string name = "weight", long? dim = 0) where T : Module
    {
        Parametrize.RegisterParametrization(module, name, new WeightNormParametrization(dim ?? -1), @unsafe: true);
        var key = MemberName.ToKey(name);
        // States of the older weight_norm name the two parts otherwise.
        module.RegisterLoadStateDictPreHook((_, load) =>
        {
            var (g, v) = ($"{load.Prefix}{key}_g", $"{load.Prefix}{key}_v");
            if (!load.State.TryGetValue(g, out var length) || !load.State.TryGetValue(v, out var direction))
                return;
            load.State.Remove(g);
            load.State.Remove(v);
            load.State[$"{load.Prefix}parametrizations.{key}.original0"] = length;
            load.State[$"{load.Prefix}parametrizations.{key}.original1"] = direction;
        });
        return module;
    }

    /// <summary>Divides a weight by its largest singular value, found by power iteration. Mirrors <c>parametrizations.spectral_norm</c>.</summary>
    /// <param name="module">The module.</param>
    /// <param name="name">The parameter. Default: <c>weight</c>.</param>
    /// <param name="nPowerIterations">The iterations at each access when training. Default: 1.</param>
    /// <param name="eps">The least divisor. Default: 1e-12.</param>
    /// <param name="dim">The dimension of the outputs. Default: 0, for transposed convolutions 1.</param>
    /// <returns>The module.</returns>
    /// <exception cref="ArgumentException">There is no such parameter or dimension.</exception>
    public static T SpectralNorm<T>(T module, string name = "weight", int nPowerIterations = 1, double eps = 1e-12, int? dim = null) where T : Module
    {
        ArgumentNullException.ThrowIfNull(module);
        var weight = Weight(module, name);
        return Parametrize.RegisterParametrization(
            module, name, new SpectralNormParametrization(weight, nPowerIterations, dim ?? (module is ConvTranspose1d or ConvTranspose2d or ConvTranspose3d ? 1 : 0), eps));
    }

    /// <summary>Makes a matrix, or a batch of them, orthogonal or unitary. Mirrors <c>parametrizations.orthogonal</c>.</summary>
    /// <param name="module">The module.</param>
    /// <param name="name">The parameter. Default: <c>weight</c>.</param>
    /// <param name="orthogonalMap">How. Default: the exponential for square and complex matrices, otherwise reflections.</param>
    /// <param name="useTrivialization">Whether the computation starts from the value at the beginning. Default: true.</param>
    /// <returns>The module.</returns>
    /// <exception cref="ArgumentException">There is no such parameter, or it is no matrix.</exception>
    public static T Orthogonal<T>(T module, string name = "weight", OrthogonalMap? orthogonalMap = null, bool useTrivialization = true) where T : Module
    {
        ArgumentNullException.ThrowIfNull(module);
        var weight = Weight(module, name);
        if (weight.NDim < 2)
            throw new ArgumentException($"Only matrices, and batches of them, can be orthogonal; '{name}' has {weight.NDim} dimensions.", nameof(name));
        var map = orthogonalMap ?? (weight.Size(-2) == weight.Size(-1) || weight.DType.IsComplex() ? OrthogonalMap.MatrixExp : OrthogonalMap.Householder);
        return Parametrize.RegisterParametrization(module, name, new OrthogonalParametrization(weight, map, useTrivialization), @unsafe: true);
    }

    private static Tensor Weight(Module module, string name) => module.TensorOf(MemberName.ToKey(name))
        ?? throw new ArgumentException($"{module.GetName()} has no parameter and no buffer '{name}'.", nameof(name));
}

internal sealed partial class WeightNormParametrization(long dim) : Module<Tensor, Tensor, Tensor>, IRightInverse
{
    protected override Tensor Forward(Tensor weightG, Tensor weightV) => Torch.Aten._WeightNorm(weightV, weightG, dim);

    public IReadOnlyList<Tensor> RightInverse(Tensor value) => [Torch.NormExceptDim(value, 2, dim), value];

    protected internal override string GetName() => "_WeightNorm";
}

internal sealed partial class SpectralNormParametrization : Module<Tensor, Tensor>, IRightInverse
{
    private readonly int _iterations;
    private readonly int _dim;
    private readonly double _eps;

    [Buffer, Name("_u")]
    private readonly Tensor? _u;

    [Buffer, Name("_v")]
    private readonly Tensor? _v;

    internal SpectralNormParametrization(Tensor weight, int iterations, int dim, double eps)
    {
        if (dim >= weight.NDim || dim < -weight.NDim)
            throw new ArgumentOutOfRangeException(nameof(dim), dim, $"The dimension is expected in the range [{-weight.NDim}, {weight.NDim - 1}].");
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(iterations);
        _iterations = iterations;
        _dim = dim >= 0 ? dim : dim + weight.NDim;
        _eps = eps;
        if (weight.NDim <= 1)
            return;
        using var _ = Torch.NoGrad();
        var matrix = Matrix(weight);
        var u = matrix.NewEmpty(matrix.Size(0)).Normal_(0, 1);
        var v = matrix.NewEmpty(matrix.Size(1)).Normal_(0, 1);
        _u = Keep(Functional.Normalize(u, dim: 0, eps: eps));
        _v = Keep(Functional.Normalize(v, dim: 0, eps: eps));
        Iterate(matrix, 15);
    }

    private Tensor Matrix(Tensor weight)
    {
        if (_dim != 0)
            weight = weight.Permute([_dim, .. Enumerable.Range(0, weight.NDim).Where(d => d != _dim).Select(static d => (long)d)]);
        return weight.Flatten(1);
    }

    private void Iterate(Tensor matrix, int times)
    {
        using var _ = Torch.NoGrad();
        for (var i = 0; i < times; i++)
        {
            _u!.Copy_(Functional.Normalize(Torch.Mv(matrix, _v!), dim: 0, eps: _eps));
            _v!.Copy_(Functional.Normalize(Torch.Mv(matrix.H, _u), dim: 0, eps: _eps));
        }
    }

    protected override Tensor Forward(Tensor weight)
    {
        if (weight.NDim == 1)
            return Functional.Normalize(weight, dim: 0, eps: _eps);
        var matrix = Matrix(weight);
        if (Training)
            Iterate(matrix, _iterations);
        var u = _u!.Clone(MemoryFormat.Contiguous);
        var v = _v!.Clone(MemoryFormat.Contiguous);
        return weight / Torch.Vdot(u, Torch.Mv(matrix, v));
    }

    public IReadOnlyList<Tensor> RightInverse(Tensor value) => [value];

    protected internal override string GetName() => "_SpectralNorm";
}

internal sealed partial class OrthogonalParametrization : Module<Tensor, Tensor>, IRightInverse
{
    private readonly Shape _shape;
    private readonly OrthogonalMap _map;
    private readonly bool _trivialize;

    [Buffer]
    private Tensor? _base = null;

    internal OrthogonalParametrization(Tensor weight, OrthogonalMap map, bool trivialize)
    {
        if (weight.DType.IsComplex() && map == OrthogonalMap.Householder)
            throw new ArgumentException("Reflections do not support complex tensors.", nameof(map));
        _shape = weight.Shape;
        _map = map;
        _trivialize = trivialize;
    }

    protected override Tensor Forward(Tensor x)
    {
        var (n, k) = (x.Size(-2), x.Size(-1));
        var transposed = n < k;
        if (transposed)
        {
            x = x.MT;
            (n, k) = (k, n);
        }
        Tensor q;
        if (_map != OrthogonalMap.Householder)
        {
            x = x.Tril();
            if (n != k)
            {
                long[] size = [.. x.Shape.ToArray()[..^2], -1, -1];
                x = Torch.Cat([x, x.NewZeros((n, n - k)).Expand(size)], dim: -1);
            }
            var a = x - x.MH;
            if (_map == OrthogonalMap.MatrixExp)
            {
                q = Torch.MatrixExp(a);
            }
            else
            {
                var one = Torch.Eye(n, dtype: a.DType, device: a.Device);
                q = Torch.Linalg.Solve(Torch.Add(one, a, alpha: -0.5), Torch.Add(one, a, alpha: 0.5));
            }
            if (n != k)
                q = q.Narrow(-1, 0, k);
        }
        else
        {
            var a = x.Tril(-1);
            var tau = 2.0 / (1.0 + (a * a).Sum(-2));
            q = Torch.Linalg.HouseholderProduct(a, tau);
            q = q * x.Diagonal(dim1: -2, dim2: -1).To(DType.Int32).Unsqueeze(-2);
        }
        if (_trivialize && _base is not null)
            q = _base.Matmul(q);
        return transposed ? q.MT : q;
    }

    public IReadOnlyList<Tensor>? RightInverse(Tensor value)
    {
        using var _ = Torch.NoGrad();
        if (value.Shape != _shape)
            throw new ArgumentException($"The parametrized tensor has the shape {_shape}, the one to assign {value.Shape}.", nameof(value));
        var q = value;
        var (n, k) = (q.Size(-2), q.Size(-1));
        var transposed = n < k;
        if (transposed)
        {
            q = q.MT;
            (n, k) = (k, n);
        }
        if (!_trivialize)
        {
            if (_map != OrthogonalMap.Householder)
                return null;
            var (a, tau) = Torch.Geqrf(q);
            var diagonal = a.Diagonal(dim1: -2, dim2: -1);
            diagonal.Sign_();
            diagonal[tau.Eq(0.0)] = -diagonal[tau.Eq(0.0)];
            return [transposed ? a.MT : a];
        }
        if (n == k)
        {
            q = IsOrthogonal(q) ? q.Clone() : MakeOrthogonal(q);
        }
        else
        {
            long[] size = [.. q.Shape.ToArray()[..^2], n, n - k];
            q = MakeOrthogonal(Torch.Cat([q, Torch.Randn(size, dtype: q.DType, device: q.Device)], dim: -1));
        }
        _base = Keep(q);
        var start = Torch.ZerosLike(value);
        start.Diagonal(dim1: -2, dim2: -1).Fill_(-1.0);
        return [start];
    }

    private static bool IsOrthogonal(Tensor q)
    {
        var (n, k) = (q.Size(-2), q.Size(-1));
        var epsilon = q.DType switch
        {
            DType.Float64 or DType.Complex128 => Math.ScaleB(1, -52),
            DType.Float16 => Math.ScaleB(1, -10),
            DType.BFloat16 => Math.ScaleB(1, -7),
            _ => Math.ScaleB(1, -23),
        };
        return Torch.Allclose(q.MH.Matmul(q), Torch.Eye(k, dtype: q.DType, device: q.Device), atol: 10.0 * n * epsilon);
    }

    private static Tensor MakeOrthogonal(Tensor a)
    {
        var (x, tau) = Torch.Geqrf(a);
        var q = Torch.Linalg.HouseholderProduct(x, tau);
        q.Mul_(x.Diagonal(dim1: -2, dim2: -1).Sgn().Unsqueeze(-2));
        return q;
    }

    protected internal override string GetName() => "_Orthogonal";
}
