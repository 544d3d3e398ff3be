namespace TorchBind;

// Approximate decompositions of large matrices: torch._lowrank.
public static partial class Torch
{
    /// <summary>
    /// The singular value decomposition of a matrix of low rank, approximated by a random subspace (Halko, Martinsson and Tropp 2009,
    /// algorithm 5.1). The default generator is used. Mirrors <c>torch.svd_lowrank</c>.
    /// </summary>
    /// <param name="a">Matrices <c>(*, m, n)</c>, floating-point, dense or sparse.</param>
    /// <param name="q">A little more than the rank.</param>
    /// <param name="niter">Subspace iterations; a negative number counts as none, as in Python.</param>
    /// <param name="m">Matrices that are subtracted first; they broadcast to the shape of <paramref name="a"/>.</param>
    /// <returns>U <c>(*, m, q)</c>, S <c>(*, q)</c>, V <c>(*, n, q)</c>, of the dtype of <paramref name="a"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="q"/> is negative.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="a"/> is null.</exception>
    /// <exception cref="TorchIndexException"><paramref name="a"/> has fewer than 2 dimensions.</exception>
    /// <exception cref="TorchException"><paramref name="a"/> is an integer tensor, or <paramref name="m"/> does not broadcast.</exception>
    public static (Tensor U, Tensor S, Tensor V) SvdLowrank(Tensor a, long q = 6, int niter = 2, Tensor? m = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentOutOfRangeException.ThrowIfNegative(q);
        m = m?.BroadcastTo(a.Shape);
        var wide = a.Size(-2) < a.Size(-1);
        if (wide)
            (a, m) = (a.MH, m?.MH);
        var basis = ApproximateBasis(a, q, niter, m);
        var reduced = Linalg.Svd(Minus(MatrixProduct(basis.MH, a), m is null ? null : MatrixProduct(basis.MH, m)), fullMatrices: false);
        var (u, v) = (basis.Matmul(reduced.U), reduced.Vh.MH);
        return wide ? (v, reduced.S, u) : (u, reduced.S, v);
    }

    /// <summary>
    /// The principal components of the rows of a matrix, approximated like <see cref="SvdLowrank"/>. Mirrors <c>torch.pca_lowrank</c>.
    /// </summary>
    /// <param name="a">Matrices <c>(*, m, n)</c>, floating-point, dense or sparse; each row an observation.</param>
    /// <param name="q">How many components; null: 6, or as many as there can be.</param>
    /// <param name="center">Subtracts the mean of each column first.</param>
    /// <param name="niter">Subspace iterations.</param>
    /// <returns>U <c>(*, m, q)</c>, S <c>(*, q)</c>, and in V <c>(*, n, q)</c> the components, of the dtype of <paramref name="a"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many components, or a number is negative.</exception>
    /// <exception cref="ArgumentException">A sparse tensor that is no matrix is to be centred.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="a"/> is null.</exception>
    /// <exception cref="TorchIndexException"><paramref name="a"/> has fewer than 2 dimensions.</exception>
    /// <exception cref="TorchException"><paramref name="a"/> is an integer tensor.</exception>
    public static (Tensor U, Tensor S, Tensor V) PcaLowrank(Tensor a, long? q = null, bool center = true, int niter = 2)
    {
        ArgumentNullException.ThrowIfNull(a);
        var (rows, columns) = (a.Size(-2), a.Size(-1));
        var most = Math.Min(rows, columns);
        var components = q ?? Math.Min(6, most);
        ArgumentOutOfRangeException.ThrowIfNegative(components, nameof(q));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(components, most, nameof(q));
        ArgumentOutOfRangeException.ThrowIfNegative(niter);
        if (!center)
            return SvdLowrank(a, components, niter);
        if (!a.IsSparse)
            return SvdLowrank(a - a.Mean(-2, keepDim: true), components, niter);
        if (a.NDim != 2)
            throw new ArgumentException($"A sparse tensor of {a.NDim} dimensions cannot be centred; a matrix can.", nameof(a));
        var dtype = FloatingDType(a);
        var means = Sparse.Sum(a, [-2]) / rows;
        var filled = means.Indices()[0];
        var positions = Zeros([2, filled.Size(0)], filled.DType, device: filled.Device);
        positions[0] = filled;
        var column = SparseCooTensor(positions, means.Values(), (columns, 1), dtype, device: a.Device);
        var mean = Sparse.Mm(column, Ones([1, rows], dtype, device: a.Device)).MT;
        return SvdLowrank(a, components, niter, mean);
    }

    // Q with q orthonormal columns whose span nearly holds that of a - m: algorithm 4.4.
    private static Tensor ApproximateBasis(Tensor a, long q, int niter, Tensor? m)
    {
        var dtype = a.DType.IsComplex() ? a.DType : FloatingDType(a);
        var random = Randn([a.Size(-1), q], dtype: dtype, device: a.Device);
        var basis = Orthonormal(random, a, m);
        for (var i = 0; i < niter; i++)
        {
            basis = Orthonormal(basis, a.MH, m?.MH);
            basis = Orthonormal(basis, a, m);
        }
        return basis;

        static Tensor Orthonormal(Tensor x, Tensor a, Tensor? m) =>
            Linalg.Qr(Minus(MatrixProduct(a, x), m is null ? null : MatrixProduct(m, x))).Q;
    }

    private static Tensor Minus(Tensor left, Tensor? right) => right is null ? left : left - right;

    private static DType FloatingDType(Tensor a) =>
        a.DType is DType.Float16 or DType.BFloat16 or DType.Float32 or DType.Float64 ? a.DType : DType.Float32;

    // The left factor may be sparse, or null for the identity.
    internal static Tensor MatrixProduct(Tensor? a, Tensor b) => a is null ? b : a.IsSparse ? Sparse.Mm(a, b) : a.Matmul(b);
}
