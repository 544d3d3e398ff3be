namespace TorchBind.NN;

/// <summary>
/// Splits a batch over several CUDA devices, runs a copy of a module on each, and joins the outputs. Without devices it calls the module.
/// Mirrors <c>nn.DataParallel</c>.
/// </summary>
public partial class DataParallel : Module<Tensor, Tensor>
{
    private readonly Device[] _devices;
    private readonly Device _outputDevice;

    /// <summary>Makes the wrapper.</summary>
    /// <param name="module">The module; its parameters are on the first device.</param>
    /// <param name="deviceIds">The devices. Default: none, the module runs where it is.</param>
    /// <param name="outputDevice">Where the outputs are joined. Default: the first device.</param>
    /// <param name="dim">The dimension that is split. Default: 0.</param>
    public DataParallel(Module<Tensor, Tensor> module, IReadOnlyList<int>? deviceIds = null, int? outputDevice = null, long dim = 0)
    {
        ArgumentNullException.ThrowIfNull(module);
        Module = module;
        Dim = dim;
        _devices = [.. (deviceIds ?? []).Select(static i => new Device(DeviceType.Cuda, i))];
        _outputDevice = outputDevice is { } index ? new Device(DeviceType.Cuda, index) : _devices.FirstOrDefault();
        if (_devices.Length == 1)
            module.To(_devices[0]);
    }

    /// <summary>The module.</summary>
    public Module<Tensor, Tensor> Module { get; set; }

    /// <summary>The dimension that is split.</summary>
    public long Dim { get; }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input)
    {
        if (_devices.Length == 0)
            return Module.Call(input);
        ArgumentNullException.ThrowIfNull(input);
        foreach (var tensor in Module.Parameters().Concat(Module.Buffers()))
        {
            if (tensor.Device != _devices[0])
                throw new InvalidOperationException($"A parameter or buffer lies on {tensor.Device}; move the whole module to {_devices[0]}, the first device, before.");
        }
        if (_devices.Length == 1)
            return Module.Call(input.To(device: _devices[0]));
        var parts = input.Chunk(_devices.Length, Dim);
        var outputs = new Tensor[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            var device = _devices[i];
            outputs[i] = (i == 0 ? Module : Replica(device)).Call(parts[i].To(device: device)).To(device: _outputDevice);
        }
        return Torch.Cat(outputs, Dim);
    }

    // A copy whose parameters are recorded copies of the module's: gradients flow back to those.
    private Module<Tensor, Tensor> Replica(Device device)
    {
        var known = new Dictionary<object, object>(ReferenceEqualityComparer.Instance);
        foreach (var parameter in Module.Parameters())
            known[parameter] = Parameter.View(parameter.To(device: device));
        foreach (var buffer in Module.Buffers())
            known[buffer] = buffer is Buffer b ? new Buffer(b.To(device: device), b.Persistent) : buffer.To(device: device);
        return (Module<Tensor, Tensor>)Module.DeepCopy(known);
    }
}

/// <summary>A module without anything. Mirrors <c>nn.Container</c>, which Python deprecates.</summary>
public partial class Container : Module
{
    /// <summary>Makes the module.</summary>
    /// <param name="modules">Names and children.</param>
    public Container(params ReadOnlySpan<(string Name, Module Module)> modules)
    {
        foreach (var (name, module) in modules)
            RegisterModule(name, module);
    }
}
