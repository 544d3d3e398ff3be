namespace TorchBind.NN;

/// <summary>
/// A parameter whose shape is known only later: lazy modules have them until their first call. Mirrors
/// <c>torch.nn.parameter.UninitializedParameter</c>.
/// </summary>
public sealed class UninitializedParameter : Parameter
{
    private Device? _device;
    private DType? _dtype;

    /// <summary>Makes a parameter without shape.</summary>
    /// <param name="requiresGrad">Whether it is trained. Default: true.</param>
    /// <param name="device">Where it will be. Default: the processor.</param>
    /// <param name="dtype">Its dtype. Default: the default dtype.</param>
    public UninitializedParameter(bool requiresGrad = true, Device? device = null, DType? dtype = null)
        : base(Torch.Empty([0], dtype: dtype, device: device), requiresGrad)
    {
        _device = device;
        _dtype = dtype;
    }

    /// <summary>Whether the parameter has its shape.</summary>
    public bool IsInitialized { get; private set; }

    /// <summary>Gives the parameter its shape; the values are not initialised. Mirrors <c>materialize</c>.</summary>
    /// <param name="shape">The shape.</param>
    /// <param name="device">Default: the one given at the making.</param>
    /// <param name="dtype">Default: the one given at the making.</param>
    /// <exception cref="InvalidOperationException">The parameter has its shape already.</exception>
    public void Materialize(IntList shape, Device? device = null, DType? dtype = null)
    {
        if (IsInitialized)
            throw new InvalidOperationException("The parameter has its shape already.");
        using var data = Torch.Empty(shape, dtype: dtype ?? _dtype, device: device ?? _device);
        Data = data;
        IsInitialized = true;
    }

    internal UninitializedParameter Fresh() => new(RequiresGrad, _device, _dtype);

    /// <summary>Remembers where a module that is moved wants its parameter.</summary>
    internal void Convert(Func<Tensor, Tensor> convert)
    {
        using var example = Torch.Empty([0], dtype: _dtype, device: _device);
        using var converted = convert(example);
        (_device, _dtype) = (converted.Device, converted.DType);
        Data = converted;
    }

    /// <summary>The text that Python prints.</summary>
    public override string ToString() => IsInitialized ? base.ToString() : "<UninitializedParameter>";
}

/// <summary>
/// A buffer whose shape is known only later. Mirrors <c>torch.nn.parameter.UninitializedBuffer</c>.
/// </summary>
public sealed class UninitializedBuffer : Buffer
{
    private readonly Device? _device;
    private readonly DType? _dtype;

    /// <summary>Makes a buffer without shape.</summary>
    /// <param name="device">Where it will be. Default: the processor.</param>
    /// <param name="dtype">Its dtype. Default: the default dtype.</param>
    /// <param name="persistent">Whether it is part of the state dict. Default: true.</param>
    public UninitializedBuffer(Device? device = null, DType? dtype = null, bool persistent = true)
        : base(Torch.Empty([0], dtype: dtype, device: device), persistent)
    {
        _device = device;
        _dtype = dtype;
    }

    internal UninitializedBuffer Fresh() => new(_device, _dtype, Persistent);

    /// <summary>Whether the buffer has its shape.</summary>
    public bool IsInitialized { get; private set; }

    /// <summary>Gives the buffer its shape; the values are not initialised. Mirrors <c>materialize</c>.</summary>
    /// <exception cref="InvalidOperationException">The buffer has its shape already.</exception>
    public void Materialize(IntList shape, Device? device = null, DType? dtype = null)
    {
        if (IsInitialized)
            throw new InvalidOperationException("The buffer has its shape already.");
        using var data = Torch.Empty(shape, dtype: dtype ?? _dtype ?? DType, device: device ?? _device ?? Device);
        Data = data;
        IsInitialized = true;
    }
}
