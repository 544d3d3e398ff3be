namespace TorchBind.Optim.Schedulers;

/// <summary>
/// Changes the learning rates of an optimizer's groups as epochs (or batches) pass. Call <see cref="Step"/> after the optimizer's
/// step. Mirrors <c>torch.optim.lr_scheduler.LRScheduler</c>.
/// </summary>
/// <remarks>
/// A subclass gives the rates in <see cref="GetLr"/> and calls <see cref="InitialStep"/> at the end of its constructor, which sets the
/// rates of epoch 0.
/// </remarks>
public abstract class LRScheduler
{
    private double[] _lastLr = [];
    private long _stepCount;

    /// <summary>Takes the base rates from the groups.</summary>
    /// <param name="optimizer">Whose rates are changed.</param>
    /// <param name="lastEpoch">
    /// The last epoch that ran; −1, the default: none, the groups' present rates are the base rates. Otherwise the groups hold their
    /// base rates under <c>initial_lr</c>, as a loaded optimizer does.
    /// </param>
    /// <exception cref="ArgumentException"><paramref name="lastEpoch"/> is given, and a group has no <c>initial_lr</c>.</exception>
    protected LRScheduler(Optimizer optimizer, long lastEpoch = -1)
        : this(optimizer)
    {
        for (var i = 0; i < optimizer.ParamGroups.Count; i++)
        {
            var group = optimizer.ParamGroups[i];
            if (lastEpoch == -1)
                group.SetDefault("initial_lr", group.Lr);
            else if (!group.ContainsKey("initial_lr"))
                throw new ArgumentException($"Group {i} has no 'initial_lr', which a scheduler needs that starts after epoch {lastEpoch}: set it, or start with -1.", nameof(lastEpoch));
        }
        BaseLrs = [.. optimizer.ParamGroups.Select(static group => group.GetDouble("initial_lr"))];
        LastEpoch = lastEpoch;
    }

    private protected LRScheduler(Optimizer optimizer)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        Optimizer = optimizer;
        BaseLrs = [];
    }

    /// <summary>Whose rates are changed.</summary>
    public Optimizer Optimizer { get; }

    /// <summary>The number of the epoch whose rates are set: the number of steps made.</summary>
    public long LastEpoch { get; internal set; }

    /// <summary>The rate of each group before any schedule.</summary>
    public IReadOnlyList<double> BaseLrs { get; private protected set; }

    /// <summary>Whether this is the step that the constructor makes.</summary>
    private protected bool IsInitial { get; private set; }

    private protected long StepCount => _stepCount;

    /// <summary>Whether <see cref="InitialStep"/> ran; a combination of schedulers has none unless it begins another combination.</summary>
    private protected bool MadeInitialStep { get; private set; }

    // Until 2.7, Python told the first step by the epoch's number, not by a flag.
    private protected static bool FlagsInitialStep => TorchRelease.AtLeast(2, 8);

    private protected IReadOnlyList<ParamGroup> Groups => Optimizer.ParamGroups;

    /// <summary>The rates that were set last, one per group. Mirrors <c>get_last_lr</c>.</summary>
    public virtual IReadOnlyList<double> GetLastLr() => _lastLr;

    /// <summary>The rates of <see cref="LastEpoch"/>, one per group. The groups still hold those of the epoch before.</summary>
    protected abstract double[] GetLr();

    /// <summary>The rates of <see cref="LastEpoch"/> without knowing those before; null where there is no such formula.</summary>
    protected virtual double[]? GetClosedFormLr() => null;

    /// <summary>Sets the rates of the next epoch. Mirrors <c>step</c>.</summary>
    public virtual void Step()
    {
        _stepCount++;
        LastEpoch++;
        SetRates(GetLr());
    }

    /// <summary>Sets the rates of the first epoch; the last thing that a constructor does.</summary>
    protected void InitialStep()
    {
        _stepCount = 0;
        MadeInitialStep = true;
        IsInitial = true;
        try
        {
            Step();
        }
        finally
        {
            IsInitial = false;
        }
    }

    internal void RepeatInitialStep() => InitialStep();

    /// <summary>Jumps to an epoch, as a schedule does that begins in the middle of another.</summary>
    internal virtual void JumpTo(long epoch)
    {
        if (!FlagsInitialStep)
            _stepCount++;
        LastEpoch = epoch;
        SetRates(GetClosedFormLr() ?? GetLr());
    }

    private protected void SetRates(double[] rates)
    {
        for (var i = 0; i < Groups.Count && i < rates.Length; i++)
            Groups[i].Lr = rates[i];
        TakeRates();
    }

    private protected void TakeRates() => _lastLr = CurrentRates();

    private protected void TakeRates(IReadOnlyList<double> rates) => _lastLr = [.. rates];

    private protected double[] CurrentRates() => [.. Groups.Select(static group => group.Lr)];

    private protected double[] EachRate(Func<double, double> change) => [.. Groups.Select(group => change(group.Lr))];

    private protected double[] EachBase(Func<double, double> change) => [.. BaseLrs.Select(change)];

    /// <summary>
    /// What the scheduler needs to continue, under Python's names. The optimizer is not part of it. Mirrors <c>state_dict</c>.
    /// </summary>
    public Dictionary<string, object?> StateDict()
    {
        var state = new Dictionary<string, object?>();
        WriteState(state);
        return state;
    }

    /// <summary>Takes over a state that <see cref="StateDict"/> or Python's <c>state_dict()</c> gave. Mirrors <c>load_state_dict</c>.</summary>
    /// <param name="stateDict">A dictionary, as <see cref="StateDict"/> makes it or <c>Torch.Load</c> reads it.</param>
    /// <exception cref="ArgumentException">It is no dictionary, or an entry has the wrong kind.</exception>
    public void LoadStateDict(object stateDict)
    {
        ArgumentNullException.ThrowIfNull(stateDict);
        var state = PythonData.Named(PythonData.Plain(stateDict), "A scheduler's state dict");
        try
        {
            ReadState(new SchedulerState(state));
        }
        catch (InvalidOperationException exception)
        {
            throw new ArgumentException(exception.Message, nameof(stateDict), exception);
        }
    }

    private protected virtual void WriteState(Dictionary<string, object?> state)
    {
        state["base_lrs"] = SchedulerState.List(BaseLrs);
        state["last_epoch"] = LastEpoch;
        state["_step_count"] = _stepCount;
        state["_is_initial"] = false;
        state["_get_lr_called_within_step"] = false;
        state["_last_lr"] = SchedulerState.List(_lastLr);
    }

    private protected virtual void ReadState(SchedulerState state)
    {
        BaseLrs = state.Numbers("base_lrs") ?? BaseLrs;
        LastEpoch = state.Integer("last_epoch") ?? LastEpoch;
        _stepCount = state.Integer("_step_count") ?? _stepCount;
        _lastLr = state.Numbers("_last_lr") ?? _lastLr;
    }
}

/// <summary>One number for all parameter groups, or one for each.</summary>
public readonly struct PerGroup
{
    private readonly double _all;
    private readonly IReadOnlyList<double>? _each;

    private PerGroup(double all, IReadOnlyList<double>? each)
    {
        _all = all;
        _each = each;
    }

    /// <summary>The same for all groups.</summary>
    public static implicit operator PerGroup(double value) => new(value, null);

    /// <summary>One for each group.</summary>
    public static implicit operator PerGroup(double[] values) => new(0, values ?? throw new ArgumentNullException(nameof(values)));

    internal double? Common => _each is null ? _all : null;

    internal double[] For(Optimizer optimizer, string name)
    {
        var count = optimizer.ParamGroups.Count;
        if (_each is null)
        {
            var values = new double[count];
            Array.Fill(values, _all);
            return values;
        }
        return _each.Count == count
            ? [.. _each]
            : throw new ArgumentException($"{name} has {_each.Count} values for {count} groups of parameters: give one value, or one for each group.", name);
    }
}

/// <summary>Reads the entries of a scheduler's state that are there.</summary>
internal sealed class SchedulerState(Dictionary<string, object?> entries)
{
    internal static List<object?> List(IEnumerable<double> numbers) => [.. numbers.Select(static number => (object?)number)];

    internal bool TryGet(string name, out object? value) => entries.TryGetValue(name, out value);

    internal double? Number(string name) => entries.TryGetValue(name, out var value) && value is not null ? PythonData.ToDouble(value, name) : null;

    internal long? Integer(string name) => entries.TryGetValue(name, out var value) && value is not null ? PythonData.ToInt64(value, name) : null;

    internal bool? Flag(string name) => entries.TryGetValue(name, out var value) && value is not null ? PythonData.ToBoolean(value) : null;

    internal string? Text(string name) => entries.TryGetValue(name, out var value) ? value as string : null;

    internal double[]? Numbers(string name) => entries.TryGetValue(name, out var value) && value is not null
        ? [.. PythonData.List(value, name).Select(item => PythonData.ToDouble(item, name))]
        : null;
}
