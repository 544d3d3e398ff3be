namespace TorchBind.Optim.Schedulers;

/// <summary>The base rate times a function of the epoch. Mirrors <c>torch.optim.lr_scheduler.LambdaLR</c>.</summary>
/// <example><code>var warmUp = new LambdaLR(optimizer, step => Math.Min(1.0, (step + 1) / 1000.0));</code></example>
public sealed class LambdaLR : LRScheduler
{
    private readonly Func<long, double>[] _functions;

    /// <summary>One function for all groups.</summary>
    /// <param name="optimizer">Whose rates are changed.</param>
    /// <param name="lrLambda">From the epoch's number to the factor.</param>
    /// <param name="lastEpoch">The last epoch that ran; default −1: none.</param>
    public LambdaLR(Optimizer optimizer, Func<long, double> lrLambda, long lastEpoch = -1)
        : this(optimizer, LambdaList.Repeat(optimizer, lrLambda), lastEpoch)
    {
    }

    /// <summary>A function for each group.</summary>
    /// <param name="optimizer">Whose rates are changed.</param>
    /// <param name="lrLambdas">For each group, from the epoch's number to the factor.</param>
    /// <param name="lastEpoch">The last epoch that ran; default −1: none.</param>
    /// <exception cref="ArgumentException">There is not one function per group.</exception>
    public LambdaLR(Optimizer optimizer, IReadOnlyList<Func<long, double>> lrLambdas, long lastEpoch = -1)
        : base(optimizer, lastEpoch)
    {
        _functions = LambdaList.Check(optimizer, lrLambdas);
        InitialStep();
    }

    /// <inheritdoc/>
    protected override double[] GetLr() => [.. BaseLrs.Select((rate, i) => rate * _functions[i](LastEpoch))];

    private protected override void WriteState(Dictionary<string, object?> state)
    {
        base.WriteState(state);
        state["lr_lambdas"] = LambdaList.Nothing(_functions); // functions are not saved
    }
}

/// <summary>The present rate times a function of the epoch. Mirrors <c>torch.optim.lr_scheduler.MultiplicativeLR</c>.</summary>
public sealed class MultiplicativeLR : LRScheduler
{
    private readonly Func<long, double>[] _functions;

    /// <summary>One function for all groups.</summary>
    /// <param name="optimizer">Whose rates are changed.</param>
    /// <param name="lrLambda">From the epoch's number to the factor.</param>
    /// <param name="lastEpoch">The last epoch that ran; default −1: none.</param>
    public MultiplicativeLR(Optimizer optimizer, Func<long, double> lrLambda, long lastEpoch = -1)
        : this(optimizer, LambdaList.Repeat(optimizer, lrLambda), lastEpoch)
    {
    }

    /// <summary>A function for each group.</summary>
    /// <param name="optimizer">Whose rates are changed.</param>
    /// <param name="lrLambdas">For each group, from the epoch's number to the factor.</param>
    /// <param name="lastEpoch">The last epoch that ran; default −1: none.</param>
    /// <exception cref="ArgumentException">There is not one function per group.</exception>
    public MultiplicativeLR(Optimizer optimizer, IReadOnlyList<Func<long, double>> lrLambdas, long lastEpoch = -1)
        : base(optimizer, lastEpoch)
    {
        _functions = LambdaList.Check(optimizer, lrLambdas);
        InitialStep();
    }

    /// <inheritdoc/>
    protected override double[] GetLr() => (FlagsInitialStep ? !IsInitial : LastEpoch > 0)
        ? [.. Groups.Select((group, i) => group.Lr * _functions[i](LastEpoch))]
        : CurrentRates();

    private protected override void WriteState(Dictionary<string, object?> state)
    {
        base.WriteState(state);
        state["lr_lambdas"] = LambdaList.Nothing(_functions);
    }
}

internal static class LambdaList
{
    internal static Func<long, double>[] Repeat(Optimizer optimizer, Func<long, double> function)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        ArgumentNullException.ThrowIfNull(function);
        return [.. optimizer.ParamGroups.Select(_ => function)];
    }

    internal static Func<long, double>[] Check(Optimizer optimizer, IReadOnlyList<Func<long, double>> functions)
    {
        ArgumentNullException.ThrowIfNull(functions);
        return functions.Count == optimizer.ParamGroups.Count
            ? [.. functions]
            : throw new ArgumentException($"{functions.Count} functions were given for {optimizer.ParamGroups.Count} groups of parameters: give one for each.", nameof(functions));
    }

    internal static List<object?> Nothing(Func<long, double>[] functions) => [.. functions.Select(static _ => (object?)null)];
}
