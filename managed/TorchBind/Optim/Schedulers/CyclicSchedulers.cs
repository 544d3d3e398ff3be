namespace TorchBind.Optim.Schedulers;

/// <summary>The momentum of a group, whichever option of its optimizer that is.</summary>
internal static class GroupMomentum
{
    /// <summary>Whether the optimizer's momentum is β₁.</summary>
    /// <exception cref="ArgumentException">It has no momentum.</exception>
    internal static bool IsBeta1(Optimizer optimizer) => optimizer.Defaults.ContainsKey("betas")
        || (optimizer.Defaults.ContainsKey("momentum")
            ? false
            : throw new ArgumentException($"{optimizer.GetType().Name} has neither momentum nor betas to cycle: set cycleMomentum to false.", nameof(optimizer)));

    internal static void Set(ParamGroup group, bool beta1, double momentum)
    {
        if (beta1)
            group["betas"] = (momentum, group.GetPair("betas").Second);
        else
            group["momentum"] = momentum;
    }

    internal static void Begin(Optimizer optimizer, bool beta1, double[] largest, double[] smallest)
    {
        for (var i = 0; i < largest.Length; i++)
        {
            var group = optimizer.ParamGroups[i];
            Set(group, beta1, largest[i]);
            group["max_momentum"] = largest[i];
            group["base_momentum"] = smallest[i];
        }
    }
}

/// <summary>
/// The rate goes up and down between two bounds, the momentum the other way. Step after every batch. Mirrors
/// <c>torch.optim.lr_scheduler.CyclicLR</c>.
/// </summary>
public sealed class CyclicLR : LRScheduler
{
    private readonly Func<double, double>? _custom;
    private double[] _maxLrs;
    private double _totalSize;
    private double _stepRatio;
    private string _mode;
    private double _gamma;
    private string _scaleMode;
    private bool _cycleMomentum;
    private bool _useBeta1;
    private double[] _baseMomentums = [];
    private double[] _maxMomentums = [];

    /// <summary>Lets rates and momenta go up and down.</summary>
    /// <param name="optimizer">Whose rates are changed.</param>
    /// <param name="baseLr">The smallest rate, for all groups or for each.</param>
    /// <param name="maxLr">The largest rate, for all groups or for each.</param>
    /// <param name="stepSizeUp">Batches on the way up; default 2000.</param>
    /// <param name="stepSizeDown">Batches on the way down; default: as many as up.</param>
    /// <param name="mode">
    /// <c>triangular</c> (default): all cycles alike; <c>triangular2</c>: each half as high as the one before; <c>exp_range</c>:
    /// times gamma to the number of batches.
    /// </param>
    /// <param name="gamma">The factor of <c>exp_range</c>; default 1.</param>
    /// <param name="scaleFn">A function in place of <paramref name="mode"/>.</param>
    /// <param name="scaleMode">What the function gets: the number of the <c>cycle</c> (default) or of the <c>iterations</c>.</param>
    /// <param name="cycleMomentum">Whether the momentum goes down while the rate goes up; default true.</param>
    /// <param name="baseMomentum">The smallest momentum; default 0.8.</param>
    /// <param name="maxMomentum">The largest momentum; default 0.9.</param>
    /// <param name="lastEpoch">The last batch that ran; default −1: none.</param>
    /// <exception cref="ArgumentException">The mode is unknown, or the optimizer has no momentum to go with the rate.</exception>
    public CyclicLR(
        Optimizer optimizer, PerGroup baseLr, PerGroup maxLr, long stepSizeUp = 2000, long? stepSizeDown = null, string mode = "triangular",
        double gamma = 1.0, Func<double, double>? scaleFn = null, string scaleMode = "cycle", bool cycleMomentum = true,
        PerGroup? baseMomentum = null, PerGroup? maxMomentum = null, long lastEpoch = -1)
        : base(Prepare(optimizer, baseLr, lastEpoch), lastEpoch)
    {
        _maxLrs = maxLr.For(optimizer, "max_lr");
        var up = (double)stepSizeUp;
        _totalSize = up + (stepSizeDown ?? up);
        _stepRatio = up / _totalSize;
        if (mode is not ("triangular" or "triangular2" or "exp_range") && scaleFn is null)
            throw new ArgumentException($"There is no mode '{mode}'; give 'triangular', 'triangular2', 'exp_range', or a scaleFn.", nameof(mode));
        _mode = mode;
        _gamma = gamma;
        _custom = scaleFn;
        _scaleMode = scaleFn is not null ? scaleMode : mode == "exp_range" ? "iterations" : "cycle";
        _cycleMomentum = cycleMomentum;
        if (cycleMomentum)
        {
            _useBeta1 = GroupMomentum.IsBeta1(optimizer);
            _baseMomentums = (baseMomentum ?? 0.8).For(optimizer, "base_momentum");
            _maxMomentums = (maxMomentum ?? 0.9).For(optimizer, "max_momentum");
            if (lastEpoch == -1)
                GroupMomentum.Begin(optimizer, _useBeta1, _maxMomentums, _baseMomentums);
        }
        InitialStep();
        BaseLrs = baseLr.For(optimizer, "base_lr");
    }

    private static Optimizer Prepare(Optimizer optimizer, PerGroup baseLr, long lastEpoch)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        var rates = baseLr.For(optimizer, "base_lr");
        for (var i = 0; lastEpoch == -1 && i < rates.Length; i++)
            optimizer.ParamGroups[i].Lr = rates[i];
        return optimizer;
    }

    private double Scale(double x) => _custom is not null ? _custom(x) : _mode switch
    {
        "triangular2" => 1 / Math.Pow(2.0, x - 1),
        "exp_range" => Math.Pow(_gamma, x),
        _ => 1.0,
    };

    /// <inheritdoc/>
    protected override double[] GetLr()
    {
        var cycle = Math.Floor(1 + LastEpoch / _totalSize);
        var x = 1.0 + LastEpoch / _totalSize - cycle;
        var height = x <= _stepRatio ? x / _stepRatio : (x - 1) / (_stepRatio - 1);
        var scale = Scale(_scaleMode == "cycle" ? cycle : LastEpoch);
        var rates = new double[BaseLrs.Count];
        for (var i = 0; i < rates.Length; i++)
            rates[i] = BaseLrs[i] + (_maxLrs[i] - BaseLrs[i]) * height * scale;
        for (var i = 0; _cycleMomentum && i < Groups.Count; i++)
            GroupMomentum.Set(Groups[i], _useBeta1, _maxMomentums[i] - (_maxMomentums[i] - _baseMomentums[i]) * height * scale);
        return rates;
    }

    private protected override void WriteState(Dictionary<string, object?> state)
    {
        state["max_lrs"] = SchedulerState.List(_maxLrs);
        state["total_size"] = _totalSize;
        state["step_ratio"] = _stepRatio;
        state["mode"] = _mode;
        state["gamma"] = _gamma;
        state["scale_mode"] = _scaleMode;
        state["cycle_momentum"] = _cycleMomentum;
        if (_cycleMomentum)
        {
            state["use_beta1"] = _useBeta1;
            state["base_momentums"] = SchedulerState.List(_baseMomentums);
            state["max_momentums"] = SchedulerState.List(_maxMomentums);
        }
        base.WriteState(state);
        state["_scale_fn_custom"] = null;
    }

    private protected override void ReadState(SchedulerState state)
    {
        base.ReadState(state);
        _maxLrs = state.Numbers("max_lrs") ?? _maxLrs;
        _totalSize = state.Number("total_size") ?? _totalSize;
        _stepRatio = state.Number("step_ratio") ?? _stepRatio;
        _mode = state.Text("mode") ?? _mode;
        _gamma = state.Number("gamma") ?? _gamma;
        _scaleMode = state.Text("scale_mode") ?? _scaleMode;
        _cycleMomentum = state.Flag("cycle_momentum") ?? _cycleMomentum;
        _useBeta1 = state.Flag("use_beta1") ?? _useBeta1;
        _baseMomentums = state.Numbers("base_momentums") ?? _baseMomentums;
        _maxMomentums = state.Numbers("max_momentums") ?? _maxMomentums;
    }
}

/// <summary>
/// One cycle over the whole training: the rate goes up, then far down, the momentum the other way. Step after every batch. Mirrors
/// <c>torch.optim.lr_scheduler.OneCycleLR</c>.
/// </summary>
public sealed class OneCycleLR : LRScheduler
{
    private long _totalSteps;
    private Phase[] _phases;
    private bool _cosine;
    private bool _cycleMomentum;
    private bool _useBeta1;

    private sealed record Phase(double EndStep, string StartLr, string EndLr, string StartMomentum, string EndMomentum);

    /// <summary>Lets rates and momenta make one cycle.</summary>
    /// <param name="optimizer">Whose rates are changed.</param>
    /// <param name="maxLr">The largest rate, for all groups or for each.</param>
    /// <param name="totalSteps">Number of batches; default: <paramref name="epochs"/> times <paramref name="stepsPerEpoch"/>.</param>
    /// <param name="epochs">Number of epochs.</param>
    /// <param name="stepsPerEpoch">Batches in an epoch.</param>
    /// <param name="pctStart">The share of the batches on the way up; default 0.3.</param>
    /// <param name="annealStrategy"><c>cos</c> (default) or <c>linear</c>.</param>
    /// <param name="cycleMomentum">Whether the momentum goes down while the rate goes up; default true.</param>
    /// <param name="baseMomentum">The smallest momentum, for all groups or for each; default 0.85.</param>
    /// <param name="maxMomentum">The largest momentum, for all groups or for each; default 0.95.</param>
    /// <param name="divFactor">The first rate is the largest one divided by this; default 25.</param>
    /// <param name="finalDivFactor">The last rate is the first one divided by this; default 1e4.</param>
    /// <param name="threePhase">Whether the way down has a phase of its own back to the first rate.</param>
    /// <param name="lastEpoch">The last batch that ran; default −1: none.</param>
    /// <exception cref="ArgumentException">The number of batches is not known, or an option is out of its range.</exception>
    public OneCycleLR(
        Optimizer optimizer, PerGroup maxLr, long? totalSteps = null, long? epochs = null, long? stepsPerEpoch = null, double pctStart = 0.3,
        string annealStrategy = "cos", bool cycleMomentum = true, PerGroup? baseMomentum = null, PerGroup? maxMomentum = null,
        double divFactor = 25.0, double finalDivFactor = 1e4, bool threePhase = false, long lastEpoch = -1)
        : base(Prepare(optimizer, maxLr, divFactor, finalDivFactor, lastEpoch), lastEpoch)
    {
        _totalSteps = Steps(totalSteps, epochs, stepsPerEpoch);
        if (pctStart is not (>= 0 and <= 1))
            throw new ArgumentException($"pctStart, the share of the rising steps, is {PythonData.Format(pctStart)}; it must lie between 0 and 1.", nameof(pctStart));
        if (annealStrategy is not ("cos" or "linear"))
            throw new ArgumentException($"There is no '{annealStrategy}'; annealStrategy is 'cos' or 'linear'.", nameof(annealStrategy));
        _cosine = annealStrategy == "cos";
        var up = new Phase(pctStart * _totalSteps - 1, "initial_lr", "max_lr", "max_momentum", "base_momentum");
        _phases = threePhase
            ?
            [
                up,
                new Phase(2 * pctStart * _totalSteps - 2, "max_lr", "initial_lr", "base_momentum", "max_momentum"),
                new Phase(_totalSteps - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum"),
            ]
            : [up, new Phase(_totalSteps - 1, "max_lr", "min_lr", "base_momentum", "max_momentum")];
        _cycleMomentum = cycleMomentum;
        if (cycleMomentum)
        {
            _useBeta1 = GroupMomentum.IsBeta1(optimizer);
            var largest = (maxMomentum ?? 0.95).For(optimizer, "max_momentum");
            var smallest = (baseMomentum ?? 0.85).For(optimizer, "base_momentum");
            if (lastEpoch == -1)
                GroupMomentum.Begin(optimizer, _useBeta1, largest, smallest);
        }
        InitialStep();
    }

    private static long Steps(long? totalSteps, long? epochs, long? stepsPerEpoch)
    {
        if (totalSteps is { } total)
            return total > 0 ? total : throw new ArgumentException($"totalSteps is {total}; it must be at least 1.", nameof(totalSteps));
        if (epochs is not { } count || stepsPerEpoch is not { } each)
            throw new ArgumentException("The length of the cycle is missing: give totalSteps, or epochs together with stepsPerEpoch.", nameof(totalSteps));
        if (count <= 0)
            throw new ArgumentException($"epochs is {count}; it must be at least 1.", nameof(epochs));
        return each > 0 ? count * each : throw new ArgumentException($"stepsPerEpoch is {each}; it must be at least 1.", nameof(stepsPerEpoch));
    }

    private static Optimizer Prepare(Optimizer optimizer, PerGroup maxLr, double divFactor, double finalDivFactor, long lastEpoch)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        var largest = maxLr.For(optimizer, "max_lr");
        for (var i = 0; lastEpoch == -1 && i < largest.Length; i++)
        {
            var group = optimizer.ParamGroups[i];
            var first = largest[i] / divFactor;
            group["initial_lr"] = first;
            group["max_lr"] = largest[i];
            group["min_lr"] = first / finalDivFactor;
        }
        return optimizer;
    }

    private double Anneal(double start, double end, double share) => _cosine
        ? end + (start - end) / 2.0 * (Math.Cos(Math.PI * share) + 1)
        : (end - start) * share + start;

    /// <inheritdoc/>
    protected override double[] GetLr()
    {
        if (LastEpoch > _totalSteps)
            throw new InvalidOperationException($"The cycle is over after {_totalSteps} steps, and this would be step {LastEpoch}: make the scheduler with more steps.");
        var start = 0.0;
        var phase = _phases[^1];
        foreach (var candidate in _phases)
        {
            phase = candidate;
            if (LastEpoch <= candidate.EndStep || ReferenceEquals(candidate, _phases[^1]))
                break;
            start = candidate.EndStep;
        }
        var share = (LastEpoch - start) / (phase.EndStep - start);
        var rates = new double[Groups.Count];
        for (var i = 0; i < rates.Length; i++)
        {
            var group = Groups[i];
            rates[i] = Anneal(group.GetDouble(phase.StartLr), group.GetDouble(phase.EndLr), share);
            if (_cycleMomentum)
                GroupMomentum.Set(group, _useBeta1, Anneal(group.GetDouble(phase.StartMomentum), group.GetDouble(phase.EndMomentum), share));
        }
        return rates;
    }

    private protected override void WriteState(Dictionary<string, object?> state)
    {
        state["total_steps"] = _totalSteps;
        state["_schedule_phases"] = _phases.Select(static phase => (object?)new Dictionary<string, object?>
        {
            ["end_step"] = phase.EndStep,
            ["start_lr"] = phase.StartLr,
            ["end_lr"] = phase.EndLr,
            ["start_momentum"] = phase.StartMomentum,
            ["end_momentum"] = phase.EndMomentum,
        }).ToList();
        state["_anneal_func_type"] = _cosine ? "cos" : "linear";
        state["cycle_momentum"] = _cycleMomentum;
        if (_cycleMomentum)
            state["use_beta1"] = _useBeta1;
        base.WriteState(state);
    }

    private protected override void ReadState(SchedulerState state)
    {
        base.ReadState(state);
        _totalSteps = state.Integer("total_steps") ?? _totalSteps;
        if (state.TryGet("_schedule_phases", out var saved))
        {
            _phases = [.. PythonData.List(saved, "_schedule_phases").Select(static item =>
            {
                var phase = PythonData.Named(item, "A schedule phase");
                return new Phase(PythonData.ToDouble(phase["end_step"], "end_step"), (string)phase["start_lr"]!, (string)phase["end_lr"]!,
                    phase.GetValueOrDefault("start_momentum") as string ?? "max_momentum", phase.GetValueOrDefault("end_momentum") as string ?? "max_momentum");
            })];
        }
        _cosine = (state.Text("_anneal_func_type") ?? (_cosine ? "cos" : "linear")) == "cos";
        _cycleMomentum = state.Flag("cycle_momentum") ?? _cycleMomentum;
        _useBeta1 = state.Flag("use_beta1") ?? _useBeta1;
    }
}
