using System.Runtime.CompilerServices;
using TorchBind.NN;

namespace TorchBind.Optim.SwaUtils;

/// <summary>
/// A copy of a model whose parameters are averages of those that the model had: stochastic weight averaging, or an exponential
/// moving average with <see cref="Averaging.GetEmaMultiAvgFn"/>. Mirrors <c>torch.optim.swa_utils.AveragedModel</c>.
/// </summary>
/// <typeparam name="TIn">The model's input.</typeparam>
/// <typeparam name="TOut">The model's output.</typeparam>
/// <example><code>
/// var average = new AveragedModel(model, multiAvgFn: Averaging.GetEmaMultiAvgFn(0.999));
/// ...
/// optimizer.Step();
/// average.UpdateParameters(model);
/// </code></example>
public partial class AveragedModel<TIn, TOut> : Module<TIn, TOut>
{
    private readonly Func<Tensor, Tensor, Tensor, Tensor>? _avgFn;
    private readonly Action<IReadOnlyList<Tensor>, IReadOnlyList<Tensor>, Tensor>? _multiAvgFn;
    private readonly bool _useBuffers;

    /// <summary>Copies a model.</summary>
    /// <param name="model">The model; it is copied and not changed.</param>
    /// <param name="device">Where the averages are; default: where the model is.</param>
    /// <param name="avgFn">
    /// The new average of a parameter, from the old average, the model's parameter and the number of models so far; default: the mean
    /// of all.
    /// </param>
    /// <param name="multiAvgFn">The same for lists of parameters, in place; excludes <paramref name="avgFn"/>.</param>
    /// <param name="useBuffers">Whether buffers are averaged too, rather than copied.</param>
    /// <exception cref="ArgumentException">Both functions are given.</exception>
    public AveragedModel(
        Module<TIn, TOut> model, Device? device = null, Func<Tensor, Tensor, Tensor, Tensor>? avgFn = null,
        Action<IReadOnlyList<Tensor>, IReadOnlyList<Tensor>, Tensor>? multiAvgFn = null, bool useBuffers = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (avgFn is not null && multiAvgFn is not null)
            throw new ArgumentException("avgFn and multiAvgFn exclude each other: give one of them, or neither for the mean.", nameof(multiAvgFn));
        Module = model.Clone();
        if (device is { } target)
            Module.To(target);
        NAveraged = Torch.Tensor(0L, dtype: DType.Int64, device: device);
        _avgFn = avgFn;
        _multiAvgFn = multiAvgFn;
        _useBuffers = useBuffers;
    }

    /// <summary>How many models were averaged.</summary>
    [Buffer]
    public Tensor NAveraged { get; set; }

    /// <summary>The model with the averages.</summary>
    public Module<TIn, TOut> Module { get; set; }

    /// <inheritdoc/>
    protected override TOut Forward(TIn input) => Module.Call(input);

    /// <summary>Takes the model's present parameters into the averages. Mirrors <c>update_parameters</c>.</summary>
    /// <param name="model">The model that is trained.</param>
    /// <exception cref="ArgumentException">It has not the parameters of the model that was copied.</exception>
    public void UpdateParameters(Module model)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var mode = Torch.NoGrad();
        using var scope = new TensorScope();
        var averages = Averaged(Module);
        var current = Averaged(model);
        if (averages.Length != current.Length)
            throw new ArgumentException($"The model has {current.Length} parameters, the averaged one {averages.Length}.", nameof(model));
        var first = NAveraged.Item<long>() == 0;
        for (var i = 0; i < averages.Length; i++)
        {
            averages[i] = averages[i].Detach();
            current[i] = current[i].Detach().To(device: averages[i].Device);
            if (first)
                averages[i].Copy_(current[i]);
        }
        if (!first)
            Average(averages, current);
        if (!_useBuffers)
        {
            foreach (var (average, buffer) in Module.Buffers().Zip(model.Buffers()))
                average.Detach().Copy_(buffer.Detach().To(device: average.Device));
        }
        NAveraged.Add_(1);
    }

    private Tensor[] Averaged(Module model) => _useBuffers ? [.. model.Parameters(), .. model.Buffers()] : [.. model.Parameters()];

    private void Average(Tensor[] averages, Tensor[] current)
    {
        foreach (var group in Enumerable.Range(0, averages.Length).GroupBy(i => (averages[i].Device, averages[i].DType)))
        {
            var count = NAveraged.To(device: group.Key.Device);
            var onAccelerator = group.Key.Device.Type is DeviceType.Cuda or DeviceType.Xpu or DeviceType.PrivateUse1;
            if (_multiAvgFn is not null || (_avgFn is null && onAccelerator))
            {
                var update = _multiAvgFn ?? Averaging.GetSwaMultiAvgFn();
                update([.. group.Select(i => averages[i])], [.. group.Select(i => current[i])], count);
                continue;
            }
            var average = _avgFn ?? Averaging.GetSwaAvgFn();
            foreach (var i in group)
                averages[i].Copy_(average(averages[i], current[i], count));
        }
    }
}

/// <summary>
/// An <see cref="AveragedModel{TIn, TOut}"/> of a model from tensor to tensor. Mirrors <c>torch.optim.swa_utils.AveragedModel</c>.
/// </summary>
/// <param name="model">The model; it is copied and not changed.</param>
/// <param name="device">Where the averages are; default: where the model is.</param>
/// <param name="avgFn">The new average of a parameter; default: the mean of all.</param>
/// <param name="multiAvgFn">The same for lists of parameters, in place; excludes <paramref name="avgFn"/>.</param>
/// <param name="useBuffers">Whether buffers are averaged too, rather than copied.</param>
public sealed partial class AveragedModel(
    Module<Tensor, Tensor> model, Device? device = null, Func<Tensor, Tensor, Tensor, Tensor>? avgFn = null,
    Action<IReadOnlyList<Tensor>, IReadOnlyList<Tensor>, Tensor>? multiAvgFn = null, bool useBuffers = false)
    : AveragedModel<Tensor, Tensor>(model, device, avgFn, multiAvgFn, useBuffers);

/// <summary>The functions of <c>torch.optim.swa_utils</c>.</summary>
public static class Averaging
{
    /// <summary>The mean of all models so far. Mirrors <c>get_swa_avg_fn</c>.</summary>
    public static Func<Tensor, Tensor, Tensor, Tensor> GetSwaAvgFn() =>
        static (average, current, count) => average + (current - average) / (count + 1);

    /// <summary>The exponential moving average of the models. Mirrors <c>get_ema_avg_fn</c>.</summary>
    /// <param name="decay">The share of the old average; default 0.999.</param>
    /// <exception cref="ArgumentException">It is not between 0 and 1.</exception>
    public static Func<Tensor, Tensor, Tensor, Tensor> GetEmaAvgFn(double decay = 0.999)
    {
        CheckDecay(decay);
        return (average, current, _) => decay * average + (1 - decay) * current;
    }

    /// <summary>The mean of all models so far, for lists, in place. Mirrors <c>get_swa_multi_avg_fn</c>.</summary>
    public static Action<IReadOnlyList<Tensor>, IReadOnlyList<Tensor>, Tensor> GetSwaMultiAvgFn() => static (averages, current, count) =>
    {
        Tensor[] old = [.. averages];
        Tensor[] seen = [.. current];
        if (IsInexact(old[0]))
        {
            // In the precision in which Python divides one by a tensor.
            using var share = 1 / (count + 1);
            Torch.Aten._ForeachLerp_(old, seen, share.Item());
            return;
        }
        var differences = Torch.Aten._ForeachSub(seen, old);
        var divisor = count + 1;
        Torch.Aten._ForeachAddcdiv_(old, differences, [.. old.Select(_ => divisor)]);
    };

    /// <summary>The exponential moving average of the models, for lists, in place. Mirrors <c>get_ema_multi_avg_fn</c>.</summary>
    /// <param name="decay">The share of the old average; default 0.999.</param>
    /// <exception cref="ArgumentException">It is not between 0 and 1.</exception>
    public static Action<IReadOnlyList<Tensor>, IReadOnlyList<Tensor>, Tensor> GetEmaMultiAvgFn(double decay = 0.999)
    {
        CheckDecay(decay);
        return (averages, current, _) =>
        {
            if (IsInexact(averages[0]))
            {
                Torch.Aten._ForeachLerp_([.. averages], [.. current], 1 - decay);
                return;
            }
            for (var i = 0; i < averages.Count; i++)
                averages[i].Copy_(averages[i] * decay + current[i] * (1 - decay));
        };
    }

    /// <summary>
    /// Computes the running statistics of a model's batch normalisations anew, by running it on data. Mirrors <c>update_bn</c>.
    /// </summary>
    /// <typeparam name="T">A batch: a tensor, or a tuple or list whose first part is the input.</typeparam>
    /// <param name="loader">The data.</param>
    /// <param name="model">The model.</param>
    /// <param name="device">Where inputs are taken to; default: they stay.</param>
    /// <exception cref="ArgumentException">A batch holds no tensor.</exception>
    public static void UpdateBn<T>(IEnumerable<T> loader, Module<Tensor, Tensor> model, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(loader);
        ArgumentNullException.ThrowIfNull(model);
        var layers = model.Modules().OfType<BatchNorm>().Select(static layer => (Layer: layer, layer.Momentum)).ToArray();
        if (layers.Length == 0)
            return;
        using var mode = Torch.NoGrad();
        var training = model.Training;
        model.Train();
        foreach (var (layer, _) in layers)
        {
            layer.ResetRunningStats();
            layer.Momentum = null; // the mean over all batches
        }
        foreach (var batch in loader)
        {
            var input = Input(batch);
            if (device is { } target)
                input = input.To(device: target);
            model.Call(input);
        }
        foreach (var (layer, momentum) in layers)
            layer.Momentum = momentum;
        model.Train(training);
    }

    private static Tensor Input(object? batch) => batch switch
    {
        Tensor tensor => tensor,
        ITuple { Length: > 0 } tuple => Input(tuple[0]),
        IReadOnlyList<Tensor> { Count: > 0 } list => list[0],
        _ => throw new ArgumentException($"A batch of type {batch?.GetType().ToString() ?? "null"} has no input: give tensors, or tuples that begin with one."),
    };

    private static bool IsInexact(Tensor tensor) => tensor.DType.IsFloatingPoint() || tensor.DType.IsComplex();

    private static void CheckDecay(double decay)
    {
        if (decay is not (>= 0 and <= 1))
            throw new ArgumentException($"The decay is {PythonData.Format(decay)}; it must lie between 0 and 1.", nameof(decay));
    }
}
