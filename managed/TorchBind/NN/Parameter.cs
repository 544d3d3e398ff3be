using TorchBind.Interop;

namespace TorchBind.NN;

/// <summary>
/// A tensor that a module trains. A field or property that holds one is a parameter of its module. Mirrors <c>torch.nn.Parameter</c>.
/// </summary>
public class Parameter : Tensor
{
    /// <summary>Makes a parameter over the memory of <paramref name="data"/>, which is shared and not copied.</summary>
    /// <param name="data">The values.</param>
    /// <param name="requiresGrad">Whether it is trained. Default: true.</param>
    /// <exception cref="TorchException">Gradients are asked for and the dtype has none.</exception>
    public Parameter(Tensor data, bool requiresGrad = true) : base(Alias(data))
    {
        Module.Keep(this);
        if (requiresGrad)
            RequiresGrad = true;
    }

    /// <summary>Takes over a native tensor as it is, also one with a history: the value of a parametrized parameter.</summary>
    internal Parameter(nint handle) : base(handle)
    {
    }

    /// <summary>A parameter without values yet, to be filled by an initialisation.</summary>
    internal static Parameter Empty(IntList size, Device? device = null, DType? dtype = null, bool requiresGrad = true)
    {
        using var data = Torch.Empty(size, dtype: dtype, device: device);
        return new Parameter(data, requiresGrad);
    }

    /// <summary>The tensor itself where it is a parameter, otherwise a parameter object for the same native tensor, with its history.</summary>
    internal static Parameter View(Tensor tensor)
    {
        if (tensor is Parameter parameter)
            return parameter;
        using var borrow = new Borrow(tensor, nameof(tensor));
        return new Parameter(NativeMethods.tb_tensor_retain(borrow.Handle));
    }

    /// <summary>An owned native tensor on the same memory, without history.</summary>
    internal static unsafe nint Alias(Tensor data)
    {
        using var source = new Borrow(data, nameof(data));
        nint result;
        NativeError.Check(NativeMethods.tb_detach(source.Handle, &result));
        return result;
    }

    /// <summary>The text that Python prints: <c>Parameter containing:</c> and the tensor.</summary>
    public override string ToString() => "Parameter containing:\n" + base.ToString();
}

/// <summary>
/// A tensor that belongs to a module, moves and is saved with it, and is not trained. A field or property that holds one is a buffer of
/// its module, also without <c>[Buffer]</c>. Mirrors <c>torch.nn.Buffer</c>.
/// </summary>
public class Buffer : Tensor
{
    /// <summary>Makes a buffer over the memory of <paramref name="data"/>, which is shared and not copied.</summary>
    /// <param name="data">The values.</param>
    /// <param name="persistent">Whether it is part of the state dict. Default: true.</param>
    public Buffer(Tensor data, bool persistent = true) : base(Parameter.Alias(data))
    {
        Module.Keep(this);
        Persistent = persistent;
    }

    /// <summary>Whether the buffer is part of the state dict.</summary>
    public bool Persistent { get; }
}
