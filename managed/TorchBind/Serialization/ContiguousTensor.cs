namespace TorchBind.Serialization;

/// <summary>A tensor's elements in row-major order on the CPU, for forms that know nothing else. What had to be copied goes with it.</summary>
internal sealed unsafe class ContiguousTensor : IDisposable
{
    private readonly Tensor _tensor;
    private readonly bool _owned;

    public ContiguousTensor(string name, Tensor tensor)
    {
        if (tensor.Layout != Layout.Strided || tensor.IsNested || tensor.IsQuantized || tensor.IsMeta)
        {
            throw new NotSupportedException(
                $"The tensor '{name}' is {(tensor.IsNested ? "nested" : tensor.IsQuantized ? "quantized" : tensor.IsMeta ? "without data" : "sparse")}; this form holds dense tensors only. Save it with Torch.Save, or its ToDense() or Dequantize() here.");
        }
        if (tensor.Device.Type == DeviceType.Cpu && tensor.IsContiguous() && !tensor.IsConj && !tensor.IsNeg && tensor.HasMemory)
        {
            _tensor = tensor;
        }
        else
        {
            using Tensor detached = tensor.Detach();
            using Tensor here = detached.To(device: Device.Cpu);
            using Tensor conj = here.ResolveConj();
            using Tensor plain = conj.ResolveNeg();
            _tensor = plain.HasMemory ? plain.Contiguous() : plain.Clone();
            _owned = true;
        }
        Name = name;
        DType = tensor.DType;
        Shape = tensor.Shape.ToArray();
        ByteLength = _tensor.Numel() * DType.ItemSize();
    }

    /// <summary>Refuses a state dict with entries that are no tensors, which a form of tensors alone would lose.</summary>
    public static void CheckAll(IEnumerable<KeyValuePair<string, Tensor>> tensors, string form)
    {
        if (tensors is StateDict { Extra: { Count: > 0 } extra })
        {
            throw new NotSupportedException(
                $"The state dict has an entry that is no tensor, '{extra.Keys.First()}', and the form {form} holds tensors only. Save it with Torch.Save, or clear StateDict.Extra to leave such entries out.");
        }
    }

    public string Name { get; }

    public DType DType { get; }

    public long[] Shape { get; }

    public long ByteLength { get; }

    public byte* Data => ByteLength == 0 ? null : (byte*)_tensor.DataPtr();

    public void Dispose()
    {
        if (_owned)
            _tensor.Dispose();
    }
}
