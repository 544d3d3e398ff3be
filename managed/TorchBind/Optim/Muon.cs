namespace TorchBind.Optim;

/// <summary>
/// Momentum whose steps are made orthogonal, for the matrices of hidden layers; biases, embeddings and the like want another
/// optimizer. Mirrors <c>torch.optim.Muon</c>, which Python has since 2.9.
/// </summary>
/// <remarks>
/// With the gradient g of a matrix p, and b its momentum buffer:
/// <code>
/// b ← b + (1 − momentum) · (g − b)
/// u ← g + momentum · (b − g)   with nesterov,   u ← b   without
/// o ← Newton–Schulz iterations that bring u's singular values near 1, in bfloat16
/// p ← p · (1 − lr · weight_decay) − lr · ratio · o
/// </code>
/// State: <c>momentum_buffer</c>.
/// </remarks>
public sealed class Muon : Optimizer
{
    private const double DefaultEps = 1e-7;
    private const int DefaultIterations = 5;
    private static readonly (double A, double B, double C) s_coefficients = (3.4445, -4.7750, 2.0315);

    /// <summary>Changes these parameters.</summary>
    /// <param name="parameters">Matrices: parameters of two dimensions.</param>
    /// <param name="lr">Learning rate; default 0.001.</param>
    /// <param name="weightDecay">Weight decay, on the parameter itself; default 0.1.</param>
    /// <param name="momentum">Momentum factor; default 0.95.</param>
    /// <param name="nesterov">Nesterov's momentum; default true.</param>
    /// <param name="nsCoefficients">The coefficients of the iteration; default (3.4445, −4.775, 2.0315).</param>
    /// <param name="eps">The smallest norm that is divided by; default 1e-7.</param>
    /// <param name="nsSteps">Number of iterations; default 5.</param>
    /// <param name="adjustLrFn">
    /// How the ratio follows from the matrix's shape, a by b: <c>original</c> (the default): √max(1, a/b); <c>match_rms_adamw</c>:
    /// 0.2·√max(a, b); <c>spectral_unclamped</c>: √(a/b).
    /// </param>
    /// <exception cref="ArgumentException">An option is out of its range, or a parameter is no matrix.</exception>
    public Muon(
        IEnumerable<Tensor> parameters, double lr = 1e-3, double weightDecay = 0.1, double momentum = 0.95, bool nesterov = true,
        (double A, double B, double C)? nsCoefficients = null, double eps = DefaultEps, int nsSteps = DefaultIterations, string? adjustLrFn = null)
        : this(Group(parameters), lr, weightDecay, momentum, nesterov, nsCoefficients, eps, nsSteps, adjustLrFn)
    {
    }

    /// <summary>Changes the parameters of these groups; options that a group does not set are those given here.</summary>
    /// <inheritdoc cref="Muon(IEnumerable{Tensor}, double, double, double, bool, ValueTuple{double, double, double}?, double, int, string?)"/>
    public Muon(
        IEnumerable<ParamGroup> parameters, double lr = 1e-3, double weightDecay = 0.1, double momentum = 0.95, bool nesterov = true,
        (double A, double B, double C)? nsCoefficients = null, double eps = DefaultEps, int nsSteps = DefaultIterations, string? adjustLrFn = null)
        : base(parameters, Options(lr, weightDecay, momentum, nesterov, nsCoefficients ?? s_coefficients, eps, nsSteps, adjustLrFn))
    {
        foreach (var parameter in ParamGroups.SelectMany(static group => group.Params))
            Require(parameter.NDim == 2, $"Muon is for matrices, tensors of 2 dimensions; one parameter has the shape {parameter.Shape}.");
    }

    private static Dictionary<string, object?> Options(
        double lr, double weightDecay, double momentum, bool nesterov, (double A, double B, double C) coefficients, double eps, int nsSteps,
        string? adjustLrFn)
    {
        Require(lr >= 0, $"The option lr is {Text(lr)}; it must not be negative.");
        Require(momentum >= 0, $"The option momentum is {Text(momentum)}; it must not be negative.");
        Require(weightDecay >= 0, $"The option weightDecay is {Text(weightDecay)}; it must not be negative.");
        Require(adjustLrFn is null or "original" or "match_rms_adamw" or "spectral_unclamped", $"There is no '{adjustLrFn}'; adjustLrFn is null, 'original', 'match_rms_adamw' or 'spectral_unclamped'.");
        return new()
        {
            ["lr"] = lr,
            ["weight_decay"] = weightDecay,
            ["momentum"] = momentum,
            ["nesterov"] = nesterov,
            ["ns_coefficients"] = coefficients,
            ["eps"] = eps,
            ["ns_steps"] = (long)nsSteps,
            ["adjust_lr_fn"] = adjustLrFn,
        };
    }

    private protected override bool StepIsTensor => false;

    /// <inheritdoc/>
    protected override void Update(ParamGroup group)
    {
        var lr = group.Lr;
        var weightDecay = group.WeightDecay;
        var momentum = group.GetDouble("momentum");
        var nesterov = group.GetFlag("nesterov");
        var coefficients = PythonData.List(group["ns_coefficients"], "ns_coefficients").Select(static c => PythonData.ToDouble(c, "ns_coefficients")).ToArray();
        var eps = group.GetDouble("eps");
        var iterations = group.GetInt64("ns_steps");
        foreach (var parameter in group.Params)
        {
            using var gradient = parameter.Grad;
            if (gradient is null)
                continue;
            if (parameter.DType.IsComplex())
                throw new NotSupportedException("Muon takes real parameters only, and one is complex.");
            RefuseSparse(gradient, "Muon works on dense gradients only, and one is sparse.");
            var state = StateOf(parameter);
            if (!state.ContainsKey("momentum_buffer"))
                state["momentum_buffer"] = ZerosLike(gradient);
            using var scope = new TensorScope();
            var buffer = state.Tensor("momentum_buffer");
            buffer.Lerp_(gradient, 1 - momentum);
            var update = nesterov ? gradient.Lerp(buffer, momentum) : buffer;
            update = Orthogonal(update, coefficients, iterations, eps);
            var rate = lr * Ratio(group["adjust_lr_fn"] as string, parameter.Size(0), parameter.Size(1));
            parameter.Scale_(1 - lr * weightDecay);
            parameter.Add_(update, -rate);
        }
    }

    private static Tensor Orthogonal(Tensor matrix, double[] coefficients, long iterations, double eps)
    {
        Require(iterations < 100, $"Muon takes fewer than 100 iterations, {iterations} were asked for.");
        Require(coefficients.Length == 3, $"Muon takes 3 coefficients, got {coefficients.Length}.");
        var tall = matrix.Size(0) > matrix.Size(1);
        var result = matrix.To(DType.BFloat16);
        if (tall)
            result = result.T;
        result.Div_(result.Norm().Clamp(min: eps));
        for (long i = 0; i < iterations; i++)
        {
            var gram = result.Matmul(result.T);
            var change = Torch.Addmm(gram, gram, gram, beta: coefficients[1], alpha: coefficients[2]);
            result = Torch.Addmm(result, change, result, beta: coefficients[0]);
        }
        return tall ? result.T : result;
    }

    private static double Ratio(string? function, double rows, double columns) => function switch
    {
        null or "original" => Math.Sqrt(Math.Max(1, rows / columns)),
        "match_rms_adamw" => 0.2 * Math.Sqrt(Math.Max(rows, columns)),
        "spectral_unclamped" => Math.Sqrt(rows / columns),
        _ => 1.0,
    };
}
