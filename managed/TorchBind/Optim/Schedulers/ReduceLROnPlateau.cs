using System.Globalization;

namespace TorchBind.Optim.Schedulers;

/// <summary>
/// Lowers the rates when a metric has stopped to improve. Mirrors <c>torch.optim.lr_scheduler.ReduceLROnPlateau</c>.
/// </summary>
/// <example><code>scheduler.Step(validationLoss);</code></example>
public sealed class ReduceLROnPlateau : LRScheduler
{
    private double _factor;
    private double? _defaultMinLr;
    private double[] _minLrs;
    private long _patience;
    private long _cooldown;
    private long _cooldownCounter;
    private string _mode;
    private double _threshold;
    private string _thresholdMode;
    private double _best;
    private long _badEpochs;
    private double _eps;

    /// <summary>Watches a metric.</summary>
    /// <param name="optimizer">Whose rates are changed.</param>
    /// <param name="mode"><c>min</c> (default): less is better; <c>max</c>: more is.</param>
    /// <param name="factor">The factor of a reduction, below 1; default 0.1.</param>
    /// <param name="patience">How many epochs without an improvement pass without consequence; default 10.</param>
    /// <param name="threshold">How much better counts as better; default 1e-4.</param>
    /// <param name="thresholdMode"><c>rel</c> (default): by that share of the best value; <c>abs</c>: by that amount.</param>
    /// <param name="cooldown">Epochs after a reduction that do not count; default 0.</param>
    /// <param name="minLr">The smallest rate, for all groups or for each; default 0.</param>
    /// <param name="eps">A reduction by less is not made; default 1e-8.</param>
    /// <exception cref="ArgumentException">The factor is not below 1, or a mode is unknown.</exception>
    public ReduceLROnPlateau(
        Optimizer optimizer, string mode = "min", double factor = 0.1, long patience = 10, double threshold = 1e-4, string thresholdMode = "rel",
        long cooldown = 0, PerGroup minLr = default, double eps = 1e-8)
        : base(optimizer)
    {
        if (factor >= 1.0)
            throw new ArgumentException($"The factor is {PythonData.Format(factor)}; to reduce the rate it must be below 1.", nameof(factor));
        CheckModes(mode, thresholdMode);
        _factor = factor;
        _defaultMinLr = minLr.Common;
        _minLrs = minLr.For(optimizer, "min_lr");
        _patience = patience;
        _cooldown = cooldown;
        _mode = mode;
        _threshold = threshold;
        _thresholdMode = thresholdMode;
        _eps = eps;
        _best = Worst;
        TakeRates();
    }

    private double Worst => _mode == "min" ? double.PositiveInfinity : double.NegativeInfinity;

    /// <summary>The best value of the metric so far.</summary>
    public double Best => _best;

    /// <summary>Epochs without an improvement.</summary>
    public long NumBadEpochs => _badEpochs;

    private static void CheckModes(string mode, string thresholdMode)
    {
        if (mode is not ("min" or "max"))
            throw new ArgumentException($"There is no mode '{mode}'; it is 'min' or 'max'.", nameof(mode));
        if (thresholdMode is not ("rel" or "abs"))
            throw new ArgumentException($"There is no threshold mode '{thresholdMode}'; it is 'rel' or 'abs'.", nameof(thresholdMode));
    }

    /// <inheritdoc/>
    protected override double[] GetLr() => throw new NotSupportedException("The rates of ReduceLROnPlateau follow from the metric.");

    /// <summary>Not for this scheduler: use <see cref="Step(double)"/>.</summary>
    /// <exception cref="InvalidOperationException">Always.</exception>
    public override void Step() => throw new InvalidOperationException("ReduceLROnPlateau needs the metric: use Step(metric).");

    /// <summary>Looks at the metric of an epoch. Mirrors <c>step(metrics)</c>.</summary>
    /// <param name="metrics">The value, for example the validation loss.</param>
    public void Step(double metrics)
    {
        LastEpoch++;
        if (IsBetter(metrics))
        {
            _best = metrics;
            _badEpochs = 0;
        }
        else
        {
            _badEpochs++;
        }
        if (_cooldownCounter > 0)
        {
            _cooldownCounter--;
            _badEpochs = 0;
        }
        if (_badEpochs > _patience)
        {
            Reduce();
            _cooldownCounter = _cooldown;
            _badEpochs = 0;
        }
        TakeRates();
    }

    /// <summary>Looks at the metric of an epoch.</summary>
    /// <param name="metrics">A tensor of one element.</param>
    public void Step(Tensor metrics)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        Step(metrics.Item<double>());
    }

    private bool IsBetter(double value) => (_mode, _thresholdMode) switch
    {
        ("min", "rel") => value < _best * (1.0 - _threshold),
        ("min", _) => value < _best - _threshold,
        (_, "rel") => value > _best * (_threshold + 1.0),
        _ => value > _best + _threshold,
    };

    private void Reduce()
    {
        if (_minLrs.Length != Groups.Count)
        {
            if (_defaultMinLr is not { } smallest)
            {
                throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture,
                    $"The optimizer has {Groups.Count} parameter groups, and minLr was given for {_minLrs.Length}: a group was added since."));
            }
            _minLrs = [.. Groups.Select(_ => smallest)];
        }
        for (var i = 0; i < Groups.Count; i++)
        {
            var old = Groups[i].Lr;
            var reduced = Math.Max(old * _factor, _minLrs[i]);
            if (old - reduced > _eps)
                Groups[i].Lr = reduced;
        }
    }

    private protected override void WriteState(Dictionary<string, object?> state)
    {
        state["factor"] = _factor;
        state["default_min_lr"] = _defaultMinLr;
        state["min_lrs"] = SchedulerState.List(_minLrs);
        state["patience"] = _patience;
        state["cooldown"] = _cooldown;
        state["cooldown_counter"] = _cooldownCounter;
        state["eps"] = _eps;
        state["last_epoch"] = LastEpoch;
        state["_last_lr"] = SchedulerState.List(GetLastLr());
        state["mode_worse"] = Worst;
        state["mode"] = _mode;
        state["threshold"] = _threshold;
        state["threshold_mode"] = _thresholdMode;
        state["best"] = _best;
        state["num_bad_epochs"] = _badEpochs;
    }

    private protected override void ReadState(SchedulerState state)
    {
        var mode = state.Text("mode") ?? _mode;
        var thresholdMode = state.Text("threshold_mode") ?? _thresholdMode;
        CheckModes(mode, thresholdMode);
        base.ReadState(state);
        (_mode, _thresholdMode) = (mode, thresholdMode);
        _factor = state.Number("factor") ?? _factor;
        if (state.TryGet("default_min_lr", out _))
            _defaultMinLr = state.Number("default_min_lr");
        _minLrs = state.Numbers("min_lrs") ?? _minLrs;
        _patience = state.Integer("patience") ?? _patience;
        _cooldown = state.Integer("cooldown") ?? _cooldown;
        _cooldownCounter = state.Integer("cooldown_counter") ?? _cooldownCounter;
        _eps = state.Number("eps") ?? _eps;
        _threshold = state.Number("threshold") ?? _threshold;
        _best = state.Number("best") ?? _best;
        _badEpochs = state.Integer("num_bad_epochs") ?? _badEpochs;
    }
}
