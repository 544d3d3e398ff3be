namespace TorchBind.Optim.Schedulers;

/// <summary>Schedulers that take over from each other at given epochs. Mirrors <c>torch.optim.lr_scheduler.SequentialLR</c>.</summary>
/// <example><code>
/// var schedule = new SequentialLR(optimizer,
///     [new LinearLR(optimizer, totalIters: 5), new CosineAnnealingLR(optimizer, tMax: 95)], milestones: [5]);
/// </code></example>
public sealed class SequentialLR : LRScheduler
{
    private readonly LRScheduler[] _schedulers;
    private long[] _milestones;

    /// <summary>Joins schedulers one after the other.</summary>
    /// <param name="optimizer">Whose rates are changed.</param>
    /// <param name="schedulers">The schedulers, all of this optimizer.</param>
    /// <param name="milestones">The epochs at which the second and each further one begins, ascending.</param>
    /// <param name="lastEpoch">The last epoch that ran; default −1: none.</param>
    /// <exception cref="ArgumentException">
    /// There is no scheduler, one belongs to another optimizer or needs a metric, or the numbers do not fit.
    /// </exception>
    public SequentialLR(Optimizer optimizer, IEnumerable<LRScheduler> schedulers, IEnumerable<long> milestones, long lastEpoch = -1)
        : base(optimizer)
    {
        _schedulers = SchedulerList.Check(nameof(SequentialLR), optimizer, schedulers);
        ArgumentNullException.ThrowIfNull(milestones);
        _milestones = [.. milestones];
        if (_milestones.Length != _schedulers.Length - 1)
        {
            throw new ArgumentException($"A milestone lies between each two schedulers: {_schedulers.Length} schedulers take {_schedulers.Length - 1} milestones, "
                + $"got {_milestones.Length}.", nameof(milestones));
        }
        LastEpoch = lastEpoch + 1;
        // Each scheduler made its first step when it was made: undone, but for the one that begins.
        foreach (var group in Groups)
            group.Lr = group.GetDouble("initial_lr");
        Undo();
        var first = _schedulers[FlagsInitialStep ? Index(0) : 0];
        first.RepeatInitialStep();
        TakeRates(first.GetLastLr());
    }

    /// <summary>The schedulers.</summary>
    public IReadOnlyList<LRScheduler> Schedulers => _schedulers;

    internal void Undo() => SchedulerList.Undo(_schedulers);

    private int Index(long epoch) => _milestones.Count(milestone => milestone <= epoch);

    /// <inheritdoc/>
    protected override double[] GetLr() => throw new NotSupportedException("A SequentialLR has no rates of its own.");

    /// <inheritdoc/>
    public override void Step()
    {
        LastEpoch++;
        var index = Index(LastEpoch);
        var scheduler = _schedulers[index];
        if (index > 0 && _milestones[index - 1] == LastEpoch)
            scheduler.JumpTo(0);
        else
            scheduler.Step();
        TakeRates(scheduler.GetLastLr());
    }

    private protected override void WriteState(Dictionary<string, object?> state)
    {
        state["_milestones"] = _milestones.Select(static milestone => (object?)milestone).ToList();
        state["last_epoch"] = LastEpoch;
        if (MadeInitialStep)
            state["_step_count"] = StepCount;
        state["_last_lr"] = SchedulerState.List(GetLastLr());
        state["_schedulers"] = _schedulers.Select(static scheduler => (object?)scheduler.StateDict()).ToList();
    }

    private protected override void ReadState(SchedulerState state)
    {
        base.ReadState(state);
        if (state.Numbers("_milestones") is { } milestones)
            _milestones = Array.ConvertAll(milestones, static milestone => (long)milestone);
        SchedulerList.Read(state, _schedulers);
    }
}

/// <summary>Schedulers that step together; each changes what the ones before it left. Mirrors <c>torch.optim.lr_scheduler.ChainedScheduler</c>.</summary>
public sealed class ChainedScheduler : LRScheduler
{
    private readonly LRScheduler[] _schedulers;

    /// <summary>Joins schedulers side by side.</summary>
    /// <param name="schedulers">The schedulers, all of one optimizer.</param>
    /// <param name="optimizer">That optimizer; default: the first scheduler's.</param>
    /// <exception cref="ArgumentException">There is no scheduler, or one belongs to another optimizer or needs a metric.</exception>
    public ChainedScheduler(IEnumerable<LRScheduler> schedulers, Optimizer? optimizer = null)
        : this([.. schedulers ?? throw new ArgumentNullException(nameof(schedulers))], optimizer)
    {
    }

    private ChainedScheduler(LRScheduler[] schedulers, Optimizer? optimizer)
        : base(optimizer ?? schedulers.FirstOrDefault()?.Optimizer
            ?? throw new ArgumentException("There is no scheduler to chain: the list is empty."))
    {
        _schedulers = SchedulerList.Check(nameof(ChainedScheduler), Optimizer, schedulers);
        TakeRates();
    }

    /// <summary>The schedulers.</summary>
    public IReadOnlyList<LRScheduler> Schedulers => _schedulers;

    internal void Undo() => SchedulerList.Undo(_schedulers);

    /// <inheritdoc/>
    protected override double[] GetLr() => throw new NotSupportedException("A ChainedScheduler has no rates of its own.");

    /// <inheritdoc/>
    public override void Step()
    {
        foreach (var scheduler in _schedulers)
            scheduler.Step();
        TakeRates();
    }

    private protected override void WriteState(Dictionary<string, object?> state)
    {
        if (MadeInitialStep)
            state["_step_count"] = StepCount;
        state["_last_lr"] = SchedulerState.List(GetLastLr());
        state["_schedulers"] = _schedulers.Select(static scheduler => (object?)scheduler.StateDict()).ToList();
    }

    private protected override void ReadState(SchedulerState state)
    {
        base.ReadState(state);
        SchedulerList.Read(state, _schedulers);
    }
}

internal static class SchedulerList
{
    internal static LRScheduler[] Check(string owner, Optimizer optimizer, IEnumerable<LRScheduler> schedulers)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        ArgumentNullException.ThrowIfNull(schedulers);
        LRScheduler[] list = [.. schedulers];
        if (list.Length == 0)
            throw new ArgumentException($"{owner} was given no scheduler; it needs one at least.", nameof(schedulers));
        for (var i = 0; i < list.Length; i++)
        {
            if (list[i] is null)
                throw new ArgumentException($"The scheduler at index {i} is null.", nameof(schedulers));
            if (list[i] is ReduceLROnPlateau)
            {
                throw new ArgumentException($"{owner} does not support ReduceLROnPlateau, whose step needs a metric, but got one at index {i}.",
                    nameof(schedulers));
            }
            if (!ReferenceEquals(list[i].Optimizer, optimizer))
            {
                throw new ArgumentException($"The {list[i].GetType().Name} at index {i} drives an optimizer of its own; all schedulers of a {owner} must share one.", nameof(schedulers));
            }
        }
        return list;
    }

    internal static void Undo(LRScheduler[] schedulers)
    {
        foreach (var scheduler in schedulers)
        {
            if (scheduler is SequentialLR sequential)
                sequential.Undo();
            else if (scheduler is ChainedScheduler chained)
                chained.Undo();
            else
                scheduler.LastEpoch--;
        }
    }

    internal static void Read(SchedulerState state, LRScheduler[] schedulers)
    {
        if (!state.TryGet("_schedulers", out var saved))
            return;
        var states = PythonData.List(saved, "_schedulers");
        if (states.Count != schedulers.Length)
            throw new ArgumentException($"The state holds {states.Count} schedulers, here are {schedulers.Length}.");
        for (var i = 0; i < schedulers.Length; i++)
            schedulers[i].LoadStateDict(states[i] ?? throw new ArgumentException($"The state of scheduler {i} is None."));
    }
}
