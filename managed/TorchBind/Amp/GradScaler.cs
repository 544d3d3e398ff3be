using TorchBind.Optim;

namespace TorchBind.Amp;

/// <summary>
/// Multiplies the loss before the backward pass, so that small gradients survive half precision, and divides the gradients again
/// before the step; a step with gradients that are not finite is left out. Mirrors <c>torch.amp.GradScaler</c>.
/// </summary>
/// <example><code>
/// scaler.Scale(loss).Backward();
/// scaler.Unscale_(optimizer);            // only where gradients are looked at, for example to clip them
/// scaler.Step(optimizer);
/// scaler.Update();
/// </code></example>
public sealed class GradScaler : IDisposable
{
    private const string Hint = "Call Scale on the loss before its backward pass.";

    private readonly Device _device;
    private Dictionary<Optimizer, Progress> _optimizers = [];
    private double _initialScale;
    private long _initialGrowth;
    private Tensor? _scale;
    private Tensor? _growth;

    /// <summary>Makes a scaler.</summary>
    /// <param name="device">The device of the gradients; default: CUDA, where the scaler is switched off if there is none.</param>
    /// <param name="initScale">The first factor; default 65536.</param>
    /// <param name="growthFactor">By how much it grows after <paramref name="growthInterval"/> good steps; default 2.</param>
    /// <param name="backoffFactor">By how much it shrinks after a step that was left out; default 0.5.</param>
    /// <param name="growthInterval">Good steps until it grows; default 2000.</param>
    /// <param name="enabled">False: nothing is scaled, and <see cref="Step"/> is the optimizer's.</param>
    /// <exception cref="ArgumentException">A factor is out of its range.</exception>
    public GradScaler(
        Device? device = null, double initScale = 65536.0, double growthFactor = 2.0, double backoffFactor = 0.5, long growthInterval = 2000,
        bool enabled = true)
    {
        _device = device ?? new Device(DeviceType.Cuda);
        IsEnabled = enabled && (_device.Type != DeviceType.Cuda || CudaIsThere());
        if (!IsEnabled)
            return;
        if (growthFactor <= 1)
            throw new ArgumentException($"The growth factor is {PythonData.Format(growthFactor)}; to grow the scale it must be above 1.", nameof(growthFactor));
        if (backoffFactor >= 1)
            throw new ArgumentException($"The backoff factor is {PythonData.Format(backoffFactor)}; to shrink the scale it must be below 1.", nameof(backoffFactor));
        _initialScale = initScale;
        GrowthFactor = growthFactor;
        BackoffFactor = backoffFactor;
        GrowthInterval = growthInterval;
    }

    private enum Stage
    {
        Ready,
        Unscaled,
        Stepped,
    }

    private sealed class Progress
    {
        internal Stage Stage;

        /// <summary>For each device with gradients, a float: 0 unless a gradient was not finite.</summary>
        internal readonly Dictionary<Device, Tensor> FoundInf = [];
    }

    /// <summary>Whether anything is scaled. Mirrors <c>is_enabled</c>.</summary>
    public bool IsEnabled { get; }

    /// <summary>By how much the factor grows. Mirrors <c>get_growth_factor</c>.</summary>
    public double GrowthFactor { get; set; }

    /// <summary>By how much the factor shrinks. Mirrors <c>get_backoff_factor</c>.</summary>
    public double BackoffFactor { get; set; }

    /// <summary>Good steps until the factor grows. Mirrors <c>get_growth_interval</c>.</summary>
    public long GrowthInterval { get; set; }

    private static unsafe bool CudaIsThere()
    {
        byte available;
        Interop.NativeError.Check(Interop.NativeMethods.tb_core_device_available((int)DeviceType.Cuda, &available));
        return available != 0;
    }

    /// <summary>The factor; 1 when switched off. Mirrors <c>get_scale</c>.</summary>
    public double GetScale() => !IsEnabled ? 1.0 : _scale is null ? _initialScale : _scale.Item<double>();

    private long GrowthTracker => !IsEnabled ? 0 : _growth is null ? _initialGrowth : _growth.Item<long>();

    /// <summary>The loss, or any output, times the factor. Mirrors <c>scale</c>.</summary>
    /// <param name="outputs">What <c>Backward</c> will be called on.</param>
    public Tensor Scale(Tensor outputs)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        if (!IsEnabled)
            return outputs;
        if (_scale is null)
        {
            var device = outputs.Device;
            _scale = Optimizer.Kept(Torch.Full([], _initialScale, dtype: DType.Float32, device: device));
            _growth = Optimizer.Kept(Torch.Full([], _initialGrowth, dtype: DType.Int32, device: device));
        }
        if (_scale.Device == outputs.Device)
            return outputs * _scale;
        using var there = _scale.To(device: outputs.Device, nonBlocking: true);
        return outputs * there;
    }

    /// <summary>Several outputs times the factor.</summary>
    /// <param name="outputs">What <c>Backward</c> will be called on.</param>
    public Tensor[] Scale(IEnumerable<Tensor> outputs)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        return [.. outputs.Select(Scale)];
    }

    /// <summary>
    /// Divides the gradients of an optimizer's parameters by the factor, in place, so that they can be looked at or clipped before
    /// <see cref="Step"/>. Mirrors <c>unscale_</c>.
    /// </summary>
    /// <param name="optimizer">Whose parameters.</param>
    /// <exception cref="InvalidOperationException">It was done already, or nothing was scaled.</exception>
    /// <exception cref="NotSupportedException">A gradient is in half precision.</exception>
    public void Unscale_(Optimizer optimizer)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        if (!IsEnabled)
            return;
        var scale = Required(_scale, "Unscale_");
        var progress = Of(optimizer);
        if (progress.Stage == Stage.Unscaled)
            throw new InvalidOperationException("The gradients of this optimizer are unscaled already: Unscale_ may run once between two calls of Update.");
        if (progress.Stage == Stage.Stepped)
            throw new InvalidOperationException("This optimizer made its step already: Unscale_ belongs before Step.");
        // In double precision: the reciprocal of a large float may be too small for one.
        using (var wide = scale.To(DType.Float64))
        using (var inverse = wide.Reciprocal_().To(DType.Float32))
            UnscaleGradients(optimizer, inverse, progress.FoundInf, allowHalf: false);
        progress.Stage = Stage.Unscaled;
    }

    private static void UnscaleGradients(Optimizer optimizer, Tensor inverse, Dictionary<Device, Tensor> foundInf, bool allowHalf)
    {
        foreach (var old in foundInf.Values)
            old.Dispose();
        foundInf.Clear();
        using var mode = Torch.NoGrad();
        var groups = new Dictionary<(Device, DType), List<Tensor>>();
        var opened = new List<Tensor>();
        try
        {
            foreach (var parameter in optimizer.ParamGroups.SelectMany(static group => group.Params))
            {
                if (parameter.Grad is not { } gradient)
                    continue;
                opened.Add(gradient);
                if (!allowHalf && gradient.DType == DType.Float16)
                    throw new NotSupportedException("A gradient is float16: keep the parameters in float32 and let autocast shorten what is computed.");
                var values = gradient;
                if (gradient.IsSparse)
                {
                    if (gradient.DType == DType.Float16)
                    {
                        // Rows that come twice could overflow when they are added up later.
                        opened.Add(gradient = gradient.Coalesce());
                        parameter.Grad = gradient;
                    }
                    opened.Add(values = SparseRows.Values(gradient));
                }
                var key = (values.Device, values.DType);
                if (!groups.TryGetValue(key, out var list))
                    groups.Add(key, list = []);
                list.Add(values);
            }
            foreach (var ((device, _), gradients) in groups)
            {
                if (!foundInf.TryGetValue(device, out var found))
                    foundInf.Add(device, found = Optimizer.Kept(Torch.Full([], 0.0, dtype: DType.Float32, device: device)));
                using var there = inverse.To(device: device, nonBlocking: true, copy: true);
                Torch.Aten._AmpForeachNonFiniteCheckAndUnscale_(gradients.ToArray(), found, there);
            }
        }
        finally
        {
            foreach (var tensor in opened)
                tensor.Dispose();
        }
    }

    /// <summary>
    /// The optimizer's step, on gradients divided by the factor, unless one of them is infinite or not a number. Mirrors
    /// <c>step</c>.
    /// </summary>
    /// <param name="optimizer">Whose step.</param>
    /// <returns>Whether the step was made.</returns>
    /// <exception cref="InvalidOperationException">It was made already since the last <see cref="Update(double?)"/>, or nothing was scaled.</exception>
    public bool Step(Optimizer optimizer)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        if (!IsEnabled)
        {
            optimizer.Step();
            return true;
        }
        Required(_scale, "Step");
        var progress = Of(optimizer);
        if (progress.Stage == Stage.Stepped)
            throw new InvalidOperationException("This optimizer made its step already: call Update before the next one.");
        if (progress.Stage == Stage.Ready)
            Unscale_(optimizer);
        if (progress.FoundInf.Count == 0)
            throw new InvalidOperationException("No parameter of this optimizer has a gradient: there is nothing to step by.");
        var finite = progress.FoundInf.Values.Sum(static found => found.Item<double>()) == 0;
        if (finite)
            optimizer.Step();
        progress.Stage = Stage.Stepped;
        return finite;
    }

    /// <summary>Adjusts the factor after the step, or sets it. Mirrors <c>update</c>.</summary>
    /// <param name="newScale">The new factor; null: it grows or shrinks by what was found.</param>
    /// <exception cref="InvalidOperationException">There was no step.</exception>
    public void Update(double? newScale = null)
    {
        if (!IsEnabled)
            return;
        var scale = Required(_scale, "Update");
        using var mode = Torch.NoGrad();
        if (newScale is { } value)
        {
            scale.Fill_(value);
        }
        else
        {
            Tensor? combined = null;
            foreach (var found in _optimizers.Values.SelectMany(static progress => progress.FoundInf.Values))
            {
                var here = found.To(device: scale.Device, nonBlocking: true, copy: true);
                if (combined is null)
                {
                    combined = here;
                    continue;
                }
                combined.Add_(here);
                here.Dispose();
            }
            if (combined is null)
                throw new InvalidOperationException("There was no step since the last update: call Step, or Unscale_, before Update.");
            Torch.Aten._AmpUpdateScale_(scale, _growth!, combined, GrowthFactor, BackoffFactor, GrowthInterval);
            combined.Dispose();
        }
        Forget();
    }

    private void Forget()
    {
        foreach (var found in _optimizers.Values.SelectMany(static progress => progress.FoundInf.Values))
            found.Dispose();
        _optimizers = [];
    }

    /// <summary>What the scaler needs to continue, under Python's names; empty when switched off. Mirrors <c>state_dict</c>.</summary>
    public Dictionary<string, object?> StateDict() => !IsEnabled ? [] : new()
    {
        ["scale"] = GetScale(),
        ["growth_factor"] = GrowthFactor,
        ["backoff_factor"] = BackoffFactor,
        ["growth_interval"] = GrowthInterval,
        ["_growth_tracker"] = GrowthTracker,
    };

    /// <summary>Takes over a state that <see cref="StateDict"/> or Python's <c>state_dict()</c> gave. Mirrors <c>load_state_dict</c>.</summary>
    /// <param name="stateDict">A dictionary, as <see cref="StateDict"/> makes it or <c>Torch.Load</c> reads it.</param>
    /// <exception cref="ArgumentException">It is no scaler's state, or that of one that was switched off.</exception>
    public void LoadStateDict(object stateDict)
    {
        ArgumentNullException.ThrowIfNull(stateDict);
        if (!IsEnabled)
            return;
        var state = PythonData.Named(PythonData.Plain(stateDict), "A scaler's state dict");
        if (state.Count == 0)
        {
            throw new ArgumentException("The state dict is empty, as that of a disabled scaler is: it says nothing for an enabled one.",
                nameof(stateDict));
        }
        double Number(string name) => state.TryGetValue(name, out var value)
            ? PythonData.ToDouble(value, name)
            : throw new ArgumentException($"The state dict has no '{name}'.", nameof(stateDict));
        _initialScale = Number("scale");
        GrowthFactor = Number("growth_factor");
        BackoffFactor = Number("backoff_factor");
        GrowthInterval = (long)Number("growth_interval");
        _initialGrowth = (long)Number("_growth_tracker");
        _scale?.Fill_(_initialScale);
        _growth?.Fill_(_initialGrowth);
    }

    private Progress Of(Optimizer optimizer)
    {
        if (!_optimizers.TryGetValue(optimizer, out var progress))
            _optimizers.Add(optimizer, progress = new Progress());
        return progress;
    }

    private static Tensor Required(Tensor? tensor, string function) =>
        tensor ?? throw new InvalidOperationException($"{function} has nothing to work on, because nothing was scaled yet. {Hint}");

    /// <summary>Frees the scaler's tensors.</summary>
    public void Dispose()
    {
        Forget();
        _scale?.Dispose();
        _growth?.Dispose();
    }
}
