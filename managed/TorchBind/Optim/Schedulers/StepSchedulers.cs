using TorchBind.Serialization.Pickle;

namespace TorchBind.Optim.Schedulers;

/// <summary>The rate times gamma every so many epochs. Mirrors <c>torch.optim.lr_scheduler.StepLR</c>.</summary>
public sealed class StepLR : LRScheduler
{
    private long _stepSize;
    private double _gamma;

    /// <summary>Multiplies the rates now and then.</summary>
    /// <param name="optimizer">Whose rates are changed.</param>
    /// <param name="stepSize">Epochs between two changes.</param>
    /// <param name="gamma">The factor; default 0.1.</param>
    /// <param name="lastEpoch">The last epoch that ran; default −1: none.</param>
    public StepLR(Optimizer optimizer, long stepSize, double gamma = 0.1, long lastEpoch = -1)
        : base(optimizer, lastEpoch)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(stepSize);
        _stepSize = stepSize;
        _gamma = gamma;
        InitialStep();
    }

    /// <inheritdoc/>
    protected override double[] GetLr() =>
        LastEpoch == 0 || LastEpoch % _stepSize != 0 ? CurrentRates() : EachRate(rate => rate * _gamma);

    /// <inheritdoc/>
    protected override double[] GetClosedFormLr() => EachBase(rate => rate * Math.Pow(_gamma, LastEpoch / _stepSize));

    private protected override void WriteState(Dictionary<string, object?> state)
    {
        state["step_size"] = _stepSize;
        state["gamma"] = _gamma;
        base.WriteState(state);
    }

    private protected override void ReadState(SchedulerState state)
    {
        base.ReadState(state);
        _stepSize = state.Integer("step_size") ?? _stepSize;
        _gamma = state.Number("gamma") ?? _gamma;
    }
}

/// <summary>The rate times gamma at given epochs. Mirrors <c>torch.optim.lr_scheduler.MultiStepLR</c>.</summary>
public sealed class MultiStepLR : LRScheduler
{
    private SortedDictionary<long, long> _milestones = [];
    private double _gamma;

    /// <summary>Multiplies the rates at milestones.</summary>
    /// <param name="optimizer">Whose rates are changed.</param>
    /// <param name="milestones">The epochs; one that is named twice counts twice.</param>
    /// <param name="gamma">The factor; default 0.1.</param>
    /// <param name="lastEpoch">The last epoch that ran; default −1: none.</param>
    public MultiStepLR(Optimizer optimizer, IEnumerable<long> milestones, double gamma = 0.1, long lastEpoch = -1)
        : base(optimizer, lastEpoch)
    {
        ArgumentNullException.ThrowIfNull(milestones);
        foreach (var milestone in milestones)
            _milestones[milestone] = _milestones.GetValueOrDefault(milestone) + 1;
        _gamma = gamma;
        InitialStep();
    }

    /// <inheritdoc/>
    protected override double[] GetLr() => _milestones.TryGetValue(LastEpoch, out var times)
        ? EachRate(rate => rate * Math.Pow(_gamma, times))
        : CurrentRates();

    /// <inheritdoc/>
    protected override double[] GetClosedFormLr()
    {
        var passed = _milestones.Where(milestone => milestone.Key <= LastEpoch).Sum(static milestone => milestone.Value);
        return EachBase(rate => rate * Math.Pow(_gamma, passed));
    }

    private protected override void WriteState(Dictionary<string, object?> state)
    {
        var counter = new PickleDictionary(PickleDictionaryKind.Counter);
        foreach (var (milestone, times) in _milestones)
            counter[milestone] = times;
        state["milestones"] = counter;
        state["gamma"] = _gamma;
        base.WriteState(state);
    }

    private protected override void ReadState(SchedulerState state)
    {
        base.ReadState(state);
        if (state.TryGet("milestones", out var milestones) && PythonData.TryEntries(milestones, out var entries))
        {
            var read = new SortedDictionary<long, long>();
            foreach (var (milestone, times) in entries)
                read.Add(PythonData.ToInt64(milestone, "milestones"), PythonData.ToInt64(times, "milestones"));
            _milestones = read;
        }
        _gamma = state.Number("gamma") ?? _gamma;
    }
}

/// <summary>The rate times a factor until a number of epochs has passed. Mirrors <c>torch.optim.lr_scheduler.ConstantLR</c>.</summary>
public sealed class ConstantLR : LRScheduler
{
    private double _factor;
    private long _totalIters;

    /// <summary>Lowers the rates at first.</summary>
    /// <param name="optimizer">Whose rates are changed.</param>
    /// <param name="factor">The factor, 0 to 1; default 1/3.</param>
    /// <param name="totalIters">How many epochs it holds; default 5.</param>
    /// <param name="lastEpoch">The last epoch that ran; default −1: none.</param>
    /// <exception cref="ArgumentException">The factor is not between 0 and 1.</exception>
    public ConstantLR(Optimizer optimizer, double factor = 1.0 / 3, long totalIters = 5, long lastEpoch = -1)
        : base(optimizer, lastEpoch)
    {
        if (factor is not (>= 0 and <= 1))
            throw new ArgumentException($"The factor is {PythonData.Format(factor)}; it must lie between 0 and 1.", nameof(factor));
        _factor = factor;
        _totalIters = totalIters;
        InitialStep();
    }

    /// <inheritdoc/>
    protected override double[] GetLr() => LastEpoch == 0
        ? EachRate(rate => rate * _factor)
        : LastEpoch != _totalIters ? CurrentRates() : EachRate(rate => rate * (1.0 / _factor));

    /// <inheritdoc/>
    protected override double[] GetClosedFormLr() => EachBase(rate => rate * (_factor + (LastEpoch >= _totalIters ? 1 : 0) * (1 - _factor)));

    private protected override void WriteState(Dictionary<string, object?> state)
    {
        state["factor"] = _factor;
        state["total_iters"] = _totalIters;
        base.WriteState(state);
    }

    private protected override void ReadState(SchedulerState state)
    {
        base.ReadState(state);
        _factor = state.Number("factor") ?? _factor;
        _totalIters = state.Integer("total_iters") ?? _totalIters;
    }
}

/// <summary>The rate times a factor that grows evenly, for example a warm-up. Mirrors <c>torch.optim.lr_scheduler.LinearLR</c>.</summary>
public sealed class LinearLR : LRScheduler
{
    private double _startFactor;
    private double _endFactor;
    private long _totalIters;

    /// <summary>Goes from one factor to another.</summary>
    /// <param name="optimizer">Whose rates are changed.</param>
    /// <param name="startFactor">The factor at the beginning, above 0 and up to 1; default 1/3.</param>
    /// <param name="endFactor">The factor at the end, 0 to 1; default 1.</param>
    /// <param name="totalIters">After how many epochs the end is reached; default 5.</param>
    /// <param name="lastEpoch">The last epoch that ran; default −1: none.</param>
    /// <exception cref="ArgumentException">A factor is out of its range.</exception>
    public LinearLR(Optimizer optimizer, double startFactor = 1.0 / 3, double endFactor = 1.0, long totalIters = 5, long lastEpoch = -1)
        : base(optimizer, lastEpoch)
    {
        if (startFactor is not (> 0 and <= 1))
            throw new ArgumentException($"startFactor is {PythonData.Format(startFactor)}; it must be above 0 and at most 1.", nameof(startFactor));
        if (endFactor is not (>= 0 and <= 1))
            throw new ArgumentException($"endFactor is {PythonData.Format(endFactor)}; it must lie between 0 and 1.", nameof(endFactor));
        _startFactor = startFactor;
        _endFactor = endFactor;
        _totalIters = totalIters;
        InitialStep();
    }

    /// <inheritdoc/>
    protected override double[] GetLr()
    {
        if (LastEpoch == 0)
            return EachRate(rate => rate * _startFactor);
        if ((FlagsInitialStep && IsInitial) || LastEpoch > _totalIters)
            return CurrentRates();
        return EachRate(rate => rate
            * (1.0 + (_endFactor - _startFactor) / (_totalIters * _startFactor + (LastEpoch - 1) * (_endFactor - _startFactor))));
    }

    /// <inheritdoc/>
    protected override double[] GetClosedFormLr() => EachBase(rate => rate
        * (_startFactor + (_endFactor - _startFactor) * Math.Min(_totalIters, LastEpoch) / _totalIters));

    private protected override void WriteState(Dictionary<string, object?> state)
    {
        state["start_factor"] = _startFactor;
        state["end_factor"] = _endFactor;
        state["total_iters"] = _totalIters;
        base.WriteState(state);
    }

    private protected override void ReadState(SchedulerState state)
    {
        base.ReadState(state);
        _startFactor = state.Number("start_factor") ?? _startFactor;
        _endFactor = state.Number("end_factor") ?? _endFactor;
        _totalIters = state.Integer("total_iters") ?? _totalIters;
    }
}

/// <summary>The rate times gamma in every epoch. Mirrors <c>torch.optim.lr_scheduler.ExponentialLR</c>.</summary>
public sealed class ExponentialLR : LRScheduler
{
    private double _gamma;

    /// <summary>Multiplies the rates at each step.</summary>
    /// <param name="optimizer">Whose rates are changed.</param>
    /// <param name="gamma">The factor.</param>
    /// <param name="lastEpoch">The last epoch that ran; default −1: none.</param>
    public ExponentialLR(Optimizer optimizer, double gamma, long lastEpoch = -1)
        : base(optimizer, lastEpoch)
    {
        _gamma = gamma;
        InitialStep();
    }

    /// <inheritdoc/>
    protected override double[] GetLr() =>
        (FlagsInitialStep ? IsInitial : LastEpoch == 0) ? CurrentRates() : EachRate(rate => rate * _gamma);

    /// <inheritdoc/>
    protected override double[] GetClosedFormLr() => EachBase(rate => rate * Math.Pow(_gamma, LastEpoch));

    private protected override void WriteState(Dictionary<string, object?> state)
    {
        state["gamma"] = _gamma;
        base.WriteState(state);
    }

    private protected override void ReadState(SchedulerState state)
    {
        base.ReadState(state);
        _gamma = state.Number("gamma") ?? _gamma;
    }
}

/// <summary>The rate falls to 0 along a power of the time left. Mirrors <c>torch.optim.lr_scheduler.PolynomialLR</c>.</summary>
public sealed class PolynomialLR : LRScheduler
{
    private long _totalIters;
    private double _power;

    /// <summary>Lets the rates fall to 0.</summary>
    /// <param name="optimizer">Whose rates are changed.</param>
    /// <param name="totalIters">After how many epochs 0 is reached; default 5.</param>
    /// <param name="power">The power; default 1.</param>
    /// <param name="lastEpoch">The last epoch that ran; default −1: none.</param>
    public PolynomialLR(Optimizer optimizer, long totalIters = 5, double power = 1.0, long lastEpoch = -1)
        : base(optimizer, lastEpoch)
    {
        _totalIters = totalIters;
        _power = power;
        InitialStep();
    }

    /// <inheritdoc/>
    protected override double[] GetLr()
    {
        if ((FlagsInitialStep ? IsInitial : LastEpoch == 0) || LastEpoch > _totalIters)
            return CurrentRates();
        var factor = Math.Pow((1.0 - (double)LastEpoch / _totalIters) / (1.0 - (double)(LastEpoch - 1) / _totalIters), _power);
        return EachRate(rate => rate * factor);
    }

    /// <inheritdoc/>
    protected override double[] GetClosedFormLr() => EachBase(rate => rate
        * Math.Pow(1.0 - (double)Math.Min(_totalIters, LastEpoch) / _totalIters, _power));

    private protected override void WriteState(Dictionary<string, object?> state)
    {
        state["total_iters"] = _totalIters;
        state["power"] = _power;
        base.WriteState(state);
    }

    private protected override void ReadState(SchedulerState state)
    {
        base.ReadState(state);
        _totalIters = state.Integer("total_iters") ?? _totalIters;
        _power = state.Number("power") ?? _power;
    }
}
