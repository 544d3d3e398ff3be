namespace TorchBind;

/// <summary>
/// The iteration behind <see cref="Torch.Lobpcg"/>: locally optimal block preconditioned conjugate gradients, in the basic form and in the
/// one with an orthogonal basis selection (Duersch, Shao, Yang and Gu 2018).
/// </summary>
internal sealed class LobpcgSolver
{
    internal sealed record Settings(
        int Wanted, int Iterations, double Tolerance, bool Largest, bool Orthogonal, int OuterLimit, int InnerLimit, double OrthogonalTolerance,
        double DropTolerance, double ReplaceTolerance, bool Drops);

    private readonly Tensor _a;
    private readonly Tensor? _b;
    private readonly Tensor? _preconditioner;
    private readonly Settings _settings;
    private readonly int _size; // of the block of iterates
    private readonly Tensor _space; // iterates, directions, residuals, side by side
    private readonly double _aNorm;
    private readonly double _bNorm;
    private Tensor _residual;
    private int _spaceEnd;
    private int _converged;

    internal LobpcgSolver(Tensor a, Tensor? b, Tensor x, Tensor? preconditioner, Settings settings)
    {
        _a = a;
        _b = b;
        _preconditioner = preconditioner;
        _settings = settings;
        _size = (int)x.Size(-1);
        // Iterates are overwritten: the caller's stay.
        X = x.Clone();
        E = Torch.Zeros([_size], x.DType, device: x.Device);
        _residual = Torch.ZerosLike(x);
        _space = Torch.Zeros([x.Size(0), 3L * _size], x.DType, device: x.Device);
        var scale = 1 / Norm(x);
        _aNorm = Norm(Product(_a, x)) * scale;
        _bNorm = Norm(Product(_b, x)) * scale;
    }

    /// <summary>The eigenvalues found.</summary>
    internal Tensor E { get; }

    /// <summary>The eigenvectors found, in columns.</summary>
    internal Tensor X { get; private set; }

    internal void Run()
    {
        var left = _settings.Iterations;
        Start();
        left--;
        while (left != 0 && _converged < _settings.Wanted)
        {
            Continue();
            left--;
        }
    }

    private void Start()
    {
        var transform = RayleighRitz(X);
        var (values, vectors) = Eigen(Quadratic(Quadratic(_a, X), transform), _settings.Largest);
        X = X.Matmul(transform.Matmul(vectors));
        if (!_settings.Orthogonal)
            E.Copy_(values);
        CountConverged();
        Extend(null, _settings.Orthogonal ? Orthogonal(_residual, X) : Product(_preconditioner, _residual));
    }

    private void Continue()
    {
        var first = _converged;
        var basis = _space[.., first.._spaceEnd];
        Tensor directions;
        Tensor values, vectors;
        var kept = _size - first;
        if (_settings.Orthogonal)
        {
            (values, vectors) = Eigen(Product(basis.MT, Product(_a, basis)), _settings.Largest);
            X[.., first..] = basis.Matmul(vectors[.., ..kept]);
            directions = basis.Matmul(vectors[.., kept..].Matmul(Torch.Linalg.Qr(vectors[..kept, kept..].MT).Q));
        }
        else
        {
            var transform = RayleighRitz(basis);
            (values, vectors) = Eigen(Quadratic(Quadratic(_a, basis), transform), _settings.Largest);
            X[.., first..] = basis.Matmul(transform.Matmul(vectors[.., ..kept]));
            directions = basis.Matmul(transform.Matmul(vectors[.., _size..(2 * _size - first)]));
        }
        E[first..] = values[..kept];
        CountConverged();
        var residual = _residual[.., _converged..];
        if (_settings.Orthogonal)
        {
            Place(X, 0);
            Place(directions, _size);
            var ready = _size + (int)directions.Size(-1);
            var fresh = Orthogonal(residual, _space[.., ..ready]);
            Place(fresh, ready);
            _spaceEnd = ready + (int)fresh.Size(-1);
        }
        else
        {
            Extend(directions, Product(_preconditioner, residual));
        }
    }

    private void Extend(Tensor? directions, Tensor fresh)
    {
        Place(X, 0);
        var at = _size;
        if (directions is not null)
        {
            Place(directions, at);
            at += (int)directions.Size(-1);
        }
        Place(fresh, at);
        _spaceEnd = at + (int)fresh.Size(-1);
    }

    private void Place(Tensor columns, int at) => _space[.., at..(at + (int)columns.Size(-1))] = columns;

    private void CountConverged()
    {
        _residual = Product(_a, X) - Product(_b, X) * E;
        var errors = Torch.Linalg.VectorNorm(_residual, 2, 0) * (Torch.Linalg.VectorNorm(X, 2, 0) * (_aNorm + E * _bNorm)).Reciprocal();
        // In order: a pair behind one that has not converged does not count.
        var count = 0;
        foreach (var small in (errors < _settings.Tolerance).Cpu().ToArray<bool>())
        {
            if (!small)
                break;
            count++;
        }
        if (count < _converged)
            throw new TorchException($"The number of converged eigenpairs fell from {_converged} to {count}: the iteration does not converge.");
        _converged = count;
    }

    // R with (S R)^T B (S R) = 1, upper triangular.
    private Tensor RayleighRitz(Tensor s)
    {
        var gram = Quadratic(_b, s);
        var row = gram.Diagonal(0, -2, -1).Pow(-0.5);
        var column = row.Reshape(row.Size(0), 1);
        var factor = Torch.Linalg.Cholesky(gram * row * column, upper: true);
        return Torch.Linalg.SolveTriangular(factor, row.DiagEmbed(), upper: true, left: false);
    }

    // B-orthonormal columns with the span of u.
    private Tensor Orthonormal(Tensor u, bool drop, double tolerance)
    {
        if (u.Numel() == 0)
            return u;
        var gram = Quadratic(_b, u);
        var diagonal = gram.Diagonal(0, -2, -1);
        var filled = Torch.Where(diagonal.Abs() != 0)[0];
        if (filled.Size(0) < diagonal.Size(0))
        {
            u = u[.., filled];
            if (u.Numel() == 0)
                return u;
            gram = Quadratic(_b, u);
            diagonal = gram.Diagonal(0, -2, -1);
        }
        var column = diagonal.Pow(-0.5).Reshape(diagonal.Size(0), 1);
        var (values, vectors) = Eigen(gram * column * column.MT, largest: false);
        var threshold = tolerance * values.Abs().Max();
        if (drop)
        {
            var keep = Torch.Where(values > threshold)[0];
            (values, vectors, column) = (values[keep], vectors[.., keep], column[keep]);
        }
        else
        {
            values[Torch.Where(values < threshold)[0]] = threshold;
        }
        return (u * column.MT).Matmul(vectors * values.Pow(-0.5));
    }

    // B-orthonormal columns with the span of u that are B-orthogonal to v.
    private Tensor Orthogonal(Tensor u, Tensor v)
    {
        var norm = Torch.Linalg.VectorNorm(Product(_b, v));
        var overlap = v.MT.Matmul(Product(_b, u));
        for (var i = 0; i < _settings.OuterLimit; i++)
        {
            u -= v.Matmul(overlap);
            var drop = false;
            var tolerance = _settings.DropTolerance;
            Tensor projected = u;
            for (var j = 0; j < _settings.InnerLimit; j++)
            {
                if (_settings.Drops)
                {
                    u = Orthonormal(u, drop, tolerance);
                    (drop, tolerance) = (true, _settings.ReplaceTolerance);
                }
                else
                {
                    u = Orthonormal(u, drop: false, _settings.ReplaceTolerance);
                }
                if (u.Numel() == 0)
                    return u;
                projected = Product(_b, u);
                var gram = u.MT.Matmul(projected);
                var rest = Norm(gram - Torch.Eye(gram.Size(-1), dtype: gram.DType, device: gram.Device));
                if (rest / (double)(Torch.Linalg.VectorNorm(projected) * Torch.Linalg.VectorNorm(u)) < _settings.OrthogonalTolerance)
                    break;
            }
            overlap = v.MT.Matmul(projected);
            if (Norm(overlap) / (double)(norm * Torch.Linalg.VectorNorm(u)) < _settings.OrthogonalTolerance)
                break;
            if (_a.Size(-1) < u.Size(-1) + v.Size(-1))
                throw new TorchException($"{u.Size(-1)} + {v.Size(-1)} columns do not fit into {_a.Size(-1)} dimensions: ask for fewer eigenpairs.");
        }
        return u;
    }

    private static Tensor Product(Tensor? a, Tensor b) => Torch.MatrixProduct(a, b);

    // s^T a s
    private static Tensor Quadratic(Tensor? a, Tensor s) => s.MT.Matmul(Product(a, s));

    private static double Norm(Tensor x) => Torch.Linalg.VectorNorm(x).Item<double>();

    private static (Tensor Values, Tensor Vectors) Eigen(Tensor a, bool largest)
    {
        var (values, vectors) = Torch.Linalg.Eigh(a, "U");
        return largest ? (values.Flip(-1), vectors.Flip(-1)) : (values, vectors);
    }
}

public static partial class Torch
{
    /// <summary>
    /// The largest or smallest eigenvalues of large symmetric positive definite matrices, and their eigenvectors, by iteration. Mirrors
    /// <c>torch.lobpcg</c>, without trackers. A matrix that requires gradients is made symmetric first, and so is its gradient.
    /// </summary>
    /// <param name="a">Matrices (..., m, m), dense, or a sparse one.</param>
    /// <param name="k">How many; default: the columns of <paramref name="x"/>, else 1.</param>
    /// <param name="b">The right side of a generalized problem; default: the identity.</param>
    /// <param name="x">First guesses (..., m, n); default: random ones of the default generator.</param>
    /// <param name="n">How many vectors are iterated where no guesses are given; default <paramref name="k"/>.</param>
    /// <param name="iK">A preconditioner: an approximate inverse of <paramref name="a"/>. Only for the basic method.</param>
    /// <param name="niter">The most iterations; default 1000, -1 for no limit.</param>
    /// <param name="tol">The residual at which a pair counts as converged; default the square root of the dtype's precision.</param>
    /// <param name="largest">Whether the largest are wanted.</param>
    /// <param name="method"><c>ortho</c> (robust) or <c>basic</c>.</param>
    /// <param name="orthoIMax">Outer steps of an orthogonalisation.</param>
    /// <param name="orthoJMax">Inner steps of an orthogonalisation.</param>
    /// <param name="orthoTol">When an orthogonalisation is good enough; default <paramref name="tol"/>.</param>
    /// <param name="orthoTolDrop">Below which share a direction is dropped; default <paramref name="tol"/>.</param>
    /// <param name="orthoTolReplace">Below which share an eigenvalue is replaced; default <paramref name="tol"/>.</param>
    /// <param name="orthoUseDrop">Whether directions are dropped.</param>
    /// <returns>Eigenvalues (..., k) and eigenvectors (..., m, k).</returns>
    /// <exception cref="ArgumentException">Shapes do not fit, or m is smaller than three times the vectors iterated.</exception>
    /// <exception cref="NotSupportedException">In a backward pass: <paramref name="a"/> is sparse, or there is a <paramref name="b"/>.</exception>
    public static (Tensor E, Tensor X) Lobpcg(
        Tensor a, int? k = null, Tensor? b = null, Tensor? x = null, int? n = null, Tensor? iK = null, int? niter = null, double? tol = null,
        bool largest = true, string method = "ortho", int orthoIMax = 3, int orthoJMax = 3, double? orthoTol = null, double? orthoTolDrop = null,
        double? orthoTolReplace = null, bool orthoUseDrop = false)
    {
        ArgumentNullException.ThrowIfNull(a);
        var shape = a.Shape;
        if (shape.Rank < 2 || shape[-1] != shape[-2])
            throw new ArgumentException($"A square matrix is needed, got shape {shape}.", nameof(a));
        if (b is not null && b.Shape != shape)
            throw new ArgumentException($"Both matrices have one shape, got {shape} and {b.Shape}.", nameof(b));
        if (method is not ("ortho" or "basic"))
            throw new ArgumentException($"There is no method '{method}'; choose 'ortho' or 'basic'.", nameof(method));
        var dtype = FloatingDType(a);
        var size = shape[-1];
        var wanted = k ?? (int)(x?.Size(-1) ?? 1);
        var block = (int)(x?.Size(-1) ?? n ?? wanted);
        if (size < 3L * block)
            throw new ArgumentException($"The matrix has {size} rows; {block} vectors need at least {3L * block}.", nameof(a));
        var tolerance = tol ?? Math.Sqrt(dtype == DType.Float64 ? 2.23e-16 : 1.2e-07);
        var settings = new LobpcgSolver.Settings(wanted, niter ?? 1000, tolerance, largest, method == "ortho", orthoIMax, orthoJMax,
            orthoTol ?? tolerance, orthoTolDrop ?? tolerance, orthoTolReplace ?? tolerance, orthoUseDrop);

        (Tensor, Tensor) Solve(Tensor matrix, Tensor? right, Tensor? guess)
        {
            guess ??= Randn([size, block], dtype: dtype, device: a.Device);
            if (guess.Shape != new Shape(size, block))
                throw new ArgumentException($"The guesses have shape {guess.Shape}, {new Shape(size, block)} is needed.", nameof(x));
            var solver = new LobpcgSolver(matrix, right, guess, iK, settings);
            solver.Run();
            return (solver.E[..wanted], solver.X[.., ..wanted]);
        }

        (Tensor, Tensor) SolveAll(Tensor matrix, Tensor? right)
        {
            using var _ = NoGrad();
            if (shape.Rank == 2)
                return Solve(matrix, right, x);
            var outer = shape[..^2];
            var values = new List<Tensor>();
            var vectors = new List<Tensor>();
            var (matrices, rights, guesses) = (matrix.Reshape(-1, size, size), right?.Reshape(-1, size, size), x?.Reshape(-1, size, block));
            for (long i = 0; i < matrices.Size(0); i++)
            {
                var (value, vector) = Solve(matrices[i], rights?[i], guesses?[i]);
                values.Add(value);
                vectors.Add(vector);
            }
            return (Stack([.. values]).Reshape([.. outer, wanted]), Stack([.. vectors]).Reshape([.. outer, size, wanted]));
        }

        return a.RequiresGrad || b is { RequiresGrad: true }
            ? LobpcgFunction.Apply((a + a.MT) / 2, b is null ? null : (b + b.MT) / 2, largest, SolveAll)
            : SolveAll(a, b);
    }
}
