namespace TorchBind.Optim.Schedulers;

/// <summary>
/// The rate falls along half a cosine to its smallest value, and rises again if training goes on. Mirrors
/// <c>torch.optim.lr_scheduler.CosineAnnealingLR</c>.
/// </summary>
/// <remarks>
/// At epoch t: eta_min + (base − eta_min) · (1 + cos(π · t / T_max)) / 2, reached from the rate before, so that other changes of the
/// rate stay in force.
/// </remarks>
public sealed class CosineAnnealingLR : LRScheduler
{
    private long _tMax;
    private double _etaMin;

    /// <summary>Lets the rates fall along a cosine.</summary>
    /// <param name="optimizer">Whose rates are changed.</param>
    /// <param name="tMax">After how many epochs the smallest rate is reached.</param>
    /// <param name="etaMin">The smallest rate; default 0.</param>
    /// <param name="lastEpoch">The last epoch that ran; default −1: none.</param>
    public CosineAnnealingLR(Optimizer optimizer, long tMax, double etaMin = 0.0, long lastEpoch = -1)
        : base(optimizer, lastEpoch)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tMax);
        _tMax = tMax;
        _etaMin = etaMin;
        InitialStep();
    }

    /// <inheritdoc/>
    protected override double[] GetLr()
    {
        if (FlagsInitialStep ? IsInitial : LastEpoch == 0)
            return CurrentRates();
        if (StepCount == 1 && LastEpoch > 0)
            return EachBase(rate => _etaMin + (rate - _etaMin) * (1 + Math.Cos(LastEpoch * Math.PI / _tMax)) / 2);
        if (PythonModulo(LastEpoch - 1 - _tMax, 2 * _tMax) == 0)
        {
            // At the bottom the recursion below would divide by zero.
            return [.. Groups.Select((group, i) => group.Lr + (BaseLrs[i] - _etaMin) * (1 - Math.Cos(Math.PI / _tMax)) / 2)];
        }
        return EachRate(rate => (1 + Math.Cos(Math.PI * LastEpoch / _tMax)) / (1 + Math.Cos(Math.PI * (LastEpoch - 1) / _tMax))
            * (rate - _etaMin) + _etaMin);
    }

    /// <inheritdoc/>
    protected override double[] GetClosedFormLr() =>
        EachBase(rate => _etaMin + (rate - _etaMin) * (1 + Math.Cos(Math.PI * LastEpoch / _tMax)) / 2);

    private static long PythonModulo(long value, long by) => (value % by + by) % by;

    private protected override void WriteState(Dictionary<string, object?> state)
    {
        state["T_max"] = _tMax;
        state["eta_min"] = _etaMin;
        base.WriteState(state);
    }

    private protected override void ReadState(SchedulerState state)
    {
        base.ReadState(state);
        _tMax = state.Integer("T_max") ?? _tMax;
        _etaMin = state.Number("eta_min") ?? _etaMin;
    }
}

/// <summary>
/// The rate falls along half a cosine and then jumps back, in periods that may grow. Mirrors
/// <c>torch.optim.lr_scheduler.CosineAnnealingWarmRestarts</c>.
/// </summary>
public sealed class CosineAnnealingWarmRestarts : LRScheduler
{
    private long _t0;
    private double _ti;
    private long _tMult;
    private double _etaMin;
    private double _tCur;

    /// <summary>Lets the rates fall along cosines.</summary>
    /// <param name="optimizer">Whose rates are changed.</param>
    /// <param name="t0">Epochs of the first period.</param>
    /// <param name="tMult">By how much each period is longer than the one before; default 1.</param>
    /// <param name="etaMin">The smallest rate; default 0.</param>
    /// <param name="lastEpoch">The last epoch that ran; default −1: none.</param>
    /// <exception cref="ArgumentException">A period would have no length.</exception>
    public CosineAnnealingWarmRestarts(Optimizer optimizer, long t0, long tMult = 1, double etaMin = 0.0, long lastEpoch = -1)
        : base(optimizer, lastEpoch)
    {
        if (t0 <= 0)
            throw new ArgumentException($"t0, the length of the first period, is {t0}; it must be at least 1.", nameof(t0));
        if (tMult < 1)
            throw new ArgumentException($"tMult, by which periods grow, is {tMult}; it must be at least 1.", nameof(tMult));
        _t0 = t0;
        _ti = t0;
        _tMult = tMult;
        _etaMin = etaMin;
        _tCur = lastEpoch;
        InitialStep();
    }

    /// <inheritdoc/>
    protected override double[] GetLr() => EachBase(rate => _etaMin + (rate - _etaMin) * (1 + Math.Cos(Math.PI * _tCur / _ti)) / 2);

    /// <inheritdoc/>
    public override void Step()
    {
        if (LastEpoch < 0)
        {
            Step(0);
            return;
        }
        _tCur++;
        if (_tCur >= _ti)
        {
            _tCur = FlagsInitialStep ? _tCur % _ti : _tCur - _ti;
            _ti *= _tMult;
        }
        LastEpoch++;
        SetRates(GetLr());
    }

    /// <summary>Sets the rates of a point in time, which may lie within an epoch: <c>Step(epoch + batch / (double)batches)</c>.</summary>
    /// <param name="epoch">The point in time, from 0.</param>
    /// <exception cref="ArgumentException">It is negative.</exception>
    public void Step(double epoch)
    {
        if (epoch < 0)
            throw new ArgumentException($"The epoch is {epoch}; it must not be negative.", nameof(epoch));
        if (epoch >= _t0)
        {
            if (_tMult == 1)
            {
                _tCur = epoch % _t0;
            }
            else
            {
                var period = (long)(Math.Log(epoch / _t0 * (_tMult - 1) + 1) / Math.Log(_tMult));
                var scale = Power(_tMult, period);
                _tCur = epoch - _t0 * (scale - 1) / (double)(_tMult - 1);
                _ti = _t0 * scale;
            }
        }
        else
        {
            _ti = _t0;
            _tCur = epoch;
        }
        LastEpoch = (long)Math.Floor(epoch);
        SetRates(GetLr());
    }

    internal override void JumpTo(long epoch)
    {
        if (FlagsInitialStep)
            base.JumpTo(epoch);
        else
            Step((double)epoch);
    }

    private static long Power(long value, long exponent)
    {
        long result = 1;
        for (; exponent > 0; exponent--)
            result *= value;
        return result;
    }

    private protected override void WriteState(Dictionary<string, object?> state)
    {
        state["T_0"] = _t0;
        state["T_i"] = Integral(_ti);
        state["T_mult"] = _tMult;
        state["eta_min"] = _etaMin;
        state["T_cur"] = Integral(_tCur);
        base.WriteState(state);
    }

    private static object Integral(double number) => number == Math.Floor(number) ? (long)number : number;

    private protected override void ReadState(SchedulerState state)
    {
        base.ReadState(state);
        _t0 = state.Integer("T_0") ?? _t0;
        _ti = state.Number("T_i") ?? _ti;
        _tMult = state.Integer("T_mult") ?? _tMult;
        _etaMin = state.Number("eta_min") ?? _etaMin;
        _tCur = state.Number("T_cur") ?? _tCur;
    }
}
