namespace TorchBind.Optim;

/// <summary>
/// Limited-memory BFGS: each step minimises the closure's loss by several evaluations of it. Mirrors <c>torch.optim.LBFGS</c>.
/// </summary>
/// <remarks>
/// It knows one parameter group, on one device, and keeps <c>history_size</c> + 1 vectors of the length of all parameters. Use
/// <see cref="Optimizer.Step(Func{Tensor})"/>: the closure is evaluated more than once.
/// </remarks>
/// <example><code>
/// optimizer.Step(() =>
/// {
///     optimizer.ZeroGrad();
///     var loss = criterion.Call(model.Call(x), y);
///     loss.Backward();
///     return loss;
/// });
/// </code></example>
public sealed class LBFGS : Optimizer
{
    private const int LineSearchEvaluations = 25;

    /// <summary>Changes these parameters.</summary>
    /// <param name="parameters">The parameters, for example <c>model.Parameters()</c>.</param>
    /// <param name="lr">Learning rate; default 1.</param>
    /// <param name="maxIter">Iterations of a step; default 20.</param>
    /// <param name="maxEval">Evaluations of the closure in a step; default 1.25 · <paramref name="maxIter"/>.</param>
    /// <param name="toleranceGrad">A step ends when no element of the gradient is larger; default 1e-7.</param>
    /// <param name="toleranceChange">A step ends when loss or parameters change less; default 1e-9.</param>
    /// <param name="historySize">Number of updates that are remembered; default 100.</param>
    /// <param name="lineSearchFn"><c>strong_wolfe</c>, or null (the default) for steps of length <paramref name="lr"/>.</param>
    /// <param name="maximize">Goes up the gradient instead of down.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or there is no parameter.</exception>
    public LBFGS(
        IEnumerable<Tensor> parameters, double lr = 1, int maxIter = 20, int? maxEval = null, double toleranceGrad = 1e-7,
        double toleranceChange = 1e-9, int historySize = 100, string? lineSearchFn = null, bool maximize = false)
        : this(Group(parameters), lr, maxIter, maxEval, toleranceGrad, toleranceChange, historySize, lineSearchFn, maximize)
    {
    }

    /// <summary>Changes the parameters of this group.</summary>
    /// <inheritdoc cref="LBFGS(IEnumerable{Tensor}, double, int, int?, double, double, int, string?, bool)"/>
    public LBFGS(
        IEnumerable<ParamGroup> parameters, double lr = 1, int maxIter = 20, int? maxEval = null, double toleranceGrad = 1e-7,
        double toleranceChange = 1e-9, int historySize = 100, string? lineSearchFn = null, bool maximize = false)
        : base(parameters, Options(lr, maxIter, maxEval ?? maxIter * 5 / 4, toleranceGrad, toleranceChange, historySize, lineSearchFn, maximize))
    {
        Require(ParamGroups.Count == 1, $"LBFGS treats all parameters as one group and was given {ParamGroups.Count}.");
    }

    private static Dictionary<string, object?> Options(
        double lr, int maxIter, int maxEval, double toleranceGrad, double toleranceChange, int historySize, string? lineSearchFn, bool maximize)
    {
        Require(lr >= 0, $"The option lr is {Text(lr)}; it must not be negative.");
        Require(lineSearchFn is null or "strong_wolfe", $"There is no line search '{lineSearchFn}'; lineSearchFn is 'strong_wolfe' or null.");
        return new()
        {
            ["lr"] = lr,
            ["max_iter"] = (long)maxIter,
            ["max_eval"] = (long)maxEval,
            ["tolerance_grad"] = toleranceGrad,
            ["tolerance_change"] = toleranceChange,
            ["history_size"] = (long)historySize,
            ["line_search_fn"] = lineSearchFn,
            ["maximize"] = maximize,
        };
    }

    private protected override bool StepIsTensor => false;

    /// <inheritdoc/>
    protected override void Update(ParamGroup group) => throw new InvalidOperationException("LBFGS needs a closure: use Step(closure).");

    private IReadOnlyList<Tensor> Parameters => ParamGroups[0].Params;

    /// <inheritdoc/>
    protected override Tensor? StepCore(Func<Tensor>? closure)
    {
        if (closure is null)
            throw new InvalidOperationException("LBFGS needs a closure: use Step(closure).");
        var group = ParamGroups[0];
        var lr = group.Lr;
        var maxIter = group.GetInt64("max_iter");
        var maxEval = group.GetInt64("max_eval");
        var toleranceGrad = group.GetDouble("tolerance_grad");
        var toleranceChange = group.GetDouble("tolerance_change");
        var historySize = (int)group.GetInt64("history_size");
        var lineSearch = group["line_search_fn"] is not null;
        var state = StateOf(Parameters[0]); // of all parameters, under the first
        if (!state.ContainsKey("func_evals"))
            state["func_evals"] = 0L;
        if (!state.ContainsKey("n_iter"))
            state["n_iter"] = 0L;

        var first = Evaluate(closure);
        var loss = Signed(first);
        long evaluations = 1;
        Count(state, "func_evals", 1);
        var gradient = FlatGradient();
        if (IsFlat(gradient, toleranceGrad))
            return first;

        var direction = state.OptionalTensor("d");
        PythonNumber length = state.ContainsKey("t") ? PythonNumber.Of(state["t"]) : default;
        var directions = History(state, "old_dirs");
        var steps = History(state, "old_stps");
        var inverses = History(state, "ro");
        PythonNumber diagonal = state.ContainsKey("H_diag") ? PythonNumber.Of(state["H_diag"]) : 1;
        var previous = state.OptionalTensor("prev_flat_grad");
        double previousLoss = 0;

        for (long iteration = 1; iteration <= maxIter; iteration++)
        {
            Count(state, "n_iter", 1);
            var isFirst = (long)state["n_iter"]! == 1;
            if (isFirst)
            {
                direction = gradient.Neg();
                directions.Clear();
                steps.Clear();
                inverses.Clear();
                diagonal = 1;
            }
            else
            {
                var y = gradient.Sub(previous!);
                var s = Scaled(direction!, length);
                var ys = y.Dot(s);
                if ((PythonNumber)ys > 1e-10)
                {
                    if (directions.Count == historySize)
                    {
                        directions.RemoveAt(0);
                        steps.RemoveAt(0);
                        inverses.RemoveAt(0);
                    }
                    directions.Add(Kept(y));
                    steps.Add(Kept(s));
                    inverses.Add(Kept((Tensor)(1.0 / (PythonNumber)ys).Value));
                    diagonal = ys.Div(y.Dot(y));
                }
                direction = Direction(gradient, directions, steps, inverses, diagonal, state, historySize);
            }

            if (previous is null)
                previous = Kept(gradient.Clone(MemoryFormat.Contiguous));
            else
                previous.Copy_(gradient);
            previousLoss = loss;

            length = isFirst ? PythonNumber.Min(1.0, 1.0 / (PythonNumber)gradient.Abs().Sum()) * lr : lr;
            PythonNumber slope = gradient.Dot(direction);
            if (slope > -toleranceChange)
                break;

            long used = 0;
            var flat = false;
            if (lineSearch)
            {
                var start = Parameters.Select(static parameter => parameter.Clone(MemoryFormat.Contiguous)).ToArray();
                var budget = NewerLineSearch ? maxEval - evaluations : LineSearchEvaluations;
                (loss, gradient, length, used) = StrongWolfe.Search(
                    (x, t, d) => EvaluateAlong(closure, x, t, d), start, length, direction, loss, gradient, slope, toleranceChange, budget);
                Move(length, direction);
                flat = IsFlat(gradient, toleranceGrad);
            }
            else
            {
                Move(length, direction);
                if (iteration != maxIter)
                {
                    // After the last iteration nobody would look at the result.
                    loss = Signed(Evaluate(closure));
                    gradient = FlatGradient();
                    flat = IsFlat(gradient, toleranceGrad);
                    used = 1;
                }
            }
            evaluations += used;
            Count(state, "func_evals", used);
            if (iteration == maxIter || evaluations >= maxEval || flat)
                break;
            if ((PythonNumber)Scaled(direction, length).Abs().Max() <= toleranceChange)
                break;
            if (Math.Abs(loss - previousLoss) < toleranceChange)
                break;
        }

        state["d"] = direction is null ? null : Kept(direction);
        state["t"] = length.Value is Tensor t ? Kept(t) : length.Value;
        state["old_dirs"] = directions;
        state["old_stps"] = steps;
        state["ro"] = inverses;
        // Python's first diagonal is the integer 1.
        state["H_diag"] = diagonal.Value is Tensor h ? Kept(h) : 1L;
        state["prev_flat_grad"] = previous;
        state["prev_loss"] = previousLoss;
        return first;
    }

    // Since 2.14 Python's line search leaves the step's budget of evaluations in force.
    private static bool NewerLineSearch => TorchRelease.AtLeast(2, 14);

    private static Tensor Direction(
        Tensor gradient, List<object?> directions, List<object?> steps, List<object?> inverses, PythonNumber diagonal, ParamState state, int historySize)
    {
        if (!state.ContainsKey("al"))
            state["al"] = new List<object?>(new object?[historySize]);
        var al = (List<object?>)state["al"]!;
        var q = gradient.Neg();
        for (var i = directions.Count - 1; i >= 0; i--)
        {
            var weight = ((Tensor)steps[i]!).Dot(q).Mul((Tensor)inverses[i]!);
            al[i] = Kept(weight);
            q.Add_((Tensor)directions[i]!, -weight.Item<double>());
        }
        var result = diagonal.Value is Tensor scale ? q.Mul(scale) : q.Mul(1);
        for (var i = 0; i < directions.Count; i++)
        {
            using var weight = ((Tensor)directions[i]!).Dot(result).Mul((Tensor)inverses[i]!);
            using var difference = ((Tensor)al[i]!).Sub(weight);
            result.Add_((Tensor)steps[i]!, difference.Item<double>());
        }
        return result;
    }

    private static Tensor Scaled(Tensor direction, PythonNumber length) =>
        length.Value is Tensor factor ? direction.Mul(factor) : direction.Mul((double)length.Value);

    private static bool IsFlat(Tensor gradient, double tolerance) => (PythonNumber)gradient.Abs().Max() <= tolerance;

    private static void Count(ParamState state, string name, long by) => state[name] = PythonData.ToInt64(state[name], name) + by;

    private static List<object?> History(ParamState state, string name) =>
        state.ContainsKey(name) && PythonData.TryItems(state[name], out var items) ? [.. items] : [];

    private bool Maximize => ParamGroups[0].GetFlag("maximize");

    private double Signed(Tensor loss) => Maximize ? -loss.Item<double>() : loss.Item<double>();

    private static Tensor Evaluate(Func<Tensor> closure)
    {
        using (Torch.EnableGrad())
            return closure();
    }

    private (double Loss, Tensor Gradient) EvaluateAlong(Func<Tensor> closure, Tensor[] start, PythonNumber length, Tensor direction)
    {
        Move(length, direction);
        var loss = Signed(Evaluate(closure));
        var gradient = FlatGradient();
        for (var i = 0; i < start.Length; i++)
            Parameters[i].Copy_(start[i]);
        return (loss, gradient);
    }

    private Tensor FlatGradient()
    {
        var parts = new Tensor[Parameters.Count];
        for (var i = 0; i < parts.Length; i++)
        {
            using var gradient = Parameters[i].Grad;
            var part = gradient is null
                ? Torch.ZerosLike(Parameters[i]).View(-1)
                : (gradient.IsSparse ? gradient.ToDense() : gradient).View(-1);
            parts[i] = part.DType.IsComplex() ? Torch.ViewAsReal(part).View(-1) : part;
        }
        var flat = Torch.Cat(parts);
        foreach (var part in parts)
            part.Dispose();
        if (Maximize)
            flat.Neg_();
        return flat;
    }

    private void Move(PythonNumber length, Tensor direction)
    {
        var factor = length.ToDouble();
        long offset = 0;
        foreach (var parameter in Parameters)
        {
            using var target = new RealView(parameter, parameter.DType.IsComplex());
            var count = target.Value.Numel();
            using var part = direction.Narrow(0, offset, count);
            using var shaped = part.ViewAs(target.Value);
            target.Value.Add_(shaped, factor);
            offset += count;
        }
    }
}

/// <summary>A line search that ends where both Wolfe conditions hold, by cubic interpolation. Python's <c>_strong_wolfe</c>.</summary>
internal static class StrongWolfe
{
    private const double Decrease = 1e-4;
    private const double Curvature = 0.9;

    internal delegate (double Loss, Tensor Gradient) Objective(Tensor[] start, PythonNumber length, Tensor direction);

    /// <summary>A point on the line: its distance, loss, gradient and slope.</summary>
    private record struct Point(PythonNumber Length, double Loss, Tensor Gradient, PythonNumber Slope);

    internal static (double Loss, Tensor Gradient, PythonNumber Length, long Evaluations) Search(
        Objective evaluate, Tensor[] start, PythonNumber length, Tensor direction, double loss, Tensor gradient, PythonNumber slope,
        double toleranceChange, long mostEvaluations)
    {
        PythonNumber largest = direction.Abs().Max();
        var origin = new Point(0, loss, gradient.Clone(MemoryFormat.Contiguous), slope);
        var current = Evaluate(length);
        long evaluations = 1;
        long iteration = 0;

        // Until an interval holds a point that serves, or one is found on the way.
        var previous = origin;
        Point low = default, high = default;
        var done = false;
        var bracketed = false;
        while (iteration < mostEvaluations)
        {
            if (current.Loss > loss + Decrease * current.Length * slope || (iteration > 1 && current.Loss >= previous.Loss))
            {
                (low, high, bracketed) = (previous, current, true);
                break;
            }
            if (current.Slope.Abs() <= -Curvature * slope)
            {
                (low, high, done, bracketed) = (current, current, true, true);
                break;
            }
            if (current.Slope >= 0)
            {
                (low, high, bracketed) = (previous, current, true);
                break;
            }
            var shortest = current.Length + 0.01 * (current.Length - previous.Length);
            var longest = current.Length * 10;
            var next = Interpolate(previous, current, (shortest, longest));
            previous = current;
            current = Evaluate(next);
            evaluations++;
            iteration++;
        }
        if (!bracketed)
            (low, high) = (origin, current);

        // Zoom: the interval is kept in order of discovery, `best` says which end has the lower loss.
        Span<Point> bracket = [low, high];
        var (best, worst) = bracket[0].Loss <= bracket[1].Loss ? (0, 1) : (1, 0);
        var stuck = false;
        while (!done && iteration < mostEvaluations)
        {
            if ((bracket[1].Length - bracket[0].Length).Abs() * largest < toleranceChange)
                break;
            length = Interpolate(bracket[0], bracket[1], null);

            // Too near an end twice in a row: a tenth of the interval inside it.
            var least = PythonNumber.Min(bracket[0].Length, bracket[1].Length);
            var most = PythonNumber.Max(bracket[0].Length, bracket[1].Length);
            var margin = 0.1 * (most - least);
            if (PythonNumber.Min(most - length, length - least) < margin)
            {
                if (stuck || length >= most || length <= least)
                {
                    length = (length - most).Abs() < (length - least).Abs() ? most - margin : least + margin;
                    stuck = false;
                }
                else
                {
                    stuck = true;
                }
            }
            else
            {
                stuck = false;
            }

            current = Evaluate(length);
            evaluations++;
            iteration++;
            if (current.Loss > loss + Decrease * length * slope || current.Loss >= bracket[best].Loss)
            {
                bracket[worst] = current;
                (best, worst) = bracket[0].Loss <= bracket[1].Loss ? (0, 1) : (1, 0);
            }
            else
            {
                if (current.Slope.Abs() <= -Curvature * slope)
                    done = true;
                else if (current.Slope * (bracket[worst].Length - bracket[best].Length) >= 0)
                    bracket[worst] = bracket[best];
                bracket[best] = current;
            }
        }
        return (bracket[best].Loss, bracket[best].Gradient, bracket[best].Length, evaluations);

        Point Evaluate(PythonNumber at)
        {
            var (newLoss, newGradient) = evaluate(start, at, direction);
            return new(at, newLoss, newGradient, newGradient.Dot(direction));
        }
    }

    private static PythonNumber Interpolate(Point first, Point second, (PythonNumber Least, PythonNumber Most)? bounds)
    {
        var (x1, x2) = (first.Length, second.Length);
        var (least, most) = bounds ?? (x1 <= x2 ? (x1, x2) : (x2, x1));
        var d1 = first.Slope + second.Slope - 3 * ((PythonNumber)first.Loss - second.Loss) / (x1 - x2);
        var square = d1.Square() - first.Slope * second.Slope;
        if (!(square >= 0))
            return (least + most) / 2.0;
        var d2 = square.Sqrt();
        var position = x1 <= x2
            ? x2 - (x2 - x1) * ((second.Slope + d2 - d1) / (second.Slope - first.Slope + 2 * d2))
            : x1 - (x1 - x2) * ((first.Slope + d2 - d1) / (first.Slope - second.Slope + 2 * d2));
        return PythonNumber.Min(PythonNumber.Max(position, least), most);
    }
}
