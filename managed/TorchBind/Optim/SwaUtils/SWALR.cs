using TorchBind.Optim.Schedulers;

namespace TorchBind.Optim.SwaUtils;

/// <summary>
/// Goes from the rates of training to a constant one for stochastic weight averaging. Mirrors
/// <c>torch.optim.swa_utils.SWALR</c>.
/// </summary>
public sealed class SWALR : LRScheduler
{
    private long _annealEpochs;
    private string _annealStrategy;

    /// <summary>Goes to a constant rate.</summary>
    /// <param name="optimizer">Whose rates are changed.</param>
    /// <param name="swaLr">The constant rate, for all groups or for each.</param>
    /// <param name="annealEpochs">Epochs on the way; default 10.</param>
    /// <param name="annealStrategy"><c>cos</c> (default) or <c>linear</c>.</param>
    /// <param name="lastEpoch">The last epoch that ran; default −1: none.</param>
    /// <exception cref="ArgumentException">The strategy is unknown, or the number of epochs negative.</exception>
    public SWALR(Optimizer optimizer, PerGroup swaLr, long annealEpochs = 10, string annealStrategy = "cos", long lastEpoch = -1)
        : base(optimizer, lastEpoch)
    {
        var rates = swaLr.For(optimizer, "swa_lr");
        for (var i = 0; i < rates.Length; i++)
            Groups[i]["swa_lr"] = rates[i];
        if (annealStrategy is not ("cos" or "linear"))
            throw new ArgumentException($"There is no '{annealStrategy}'; annealStrategy is 'cos' or 'linear'.", nameof(annealStrategy));
        if (annealEpochs < 0)
            throw new ArgumentException($"annealEpochs is {annealEpochs}; it must not be negative.", nameof(annealEpochs));
        _annealEpochs = annealEpochs;
        _annealStrategy = annealStrategy;
        InitialStep();
    }

    private double Share(double time) => _annealStrategy == "cos" ? (1 - Math.Cos(Math.PI * time)) / 2 : time;

    /// <inheritdoc/>
    protected override double[] GetLr()
    {
        var step = StepCount - 1;
        if (_annealEpochs == 0)
            step = Math.Max(1, step);
        var epochs = (double)Math.Max(1, _annealEpochs);
        var before = Share(Math.Clamp((step - 1) / epochs, 0, 1));
        var now = Share(Math.Clamp(step / epochs, 0, 1));
        return [.. Groups.Select(group =>
        {
            // The rate of training, out of the mixture that the step before left.
            var swa = group.GetDouble("swa_lr");
            var rate = before == 1 ? swa : (group.Lr - before * swa) / (1 - before);
            return swa * now + rate * (1 - now);
        })];
    }

    private protected override void WriteState(Dictionary<string, object?> state)
    {
        state["anneal_epochs"] = _annealEpochs;
        state["_anneal_strategy"] = _annealStrategy;
        base.WriteState(state);
    }

    private protected override void ReadState(SchedulerState state)
    {
        base.ReadState(state);
        _annealEpochs = state.Integer("anneal_epochs") ?? _annealEpochs;
        _annealStrategy = state.Text("_anneal_strategy") ?? _annealStrategy;
    }
}
