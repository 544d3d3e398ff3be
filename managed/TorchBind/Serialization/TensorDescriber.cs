using TorchBind.Interop;

namespace TorchBind.Serialization;

/// <summary>Describes living tensors as a checkpoint would, so that writers have one kind of thing to write.</summary>
internal sealed class TensorDescriber : IDisposable
{
    private readonly Dictionary<Tensor, TensorEntry> _tensors = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<long, StorageEntry> _storages = [];
    private readonly List<IDisposable> _owned = [];

    public TensorEntry Describe(Tensor tensor)
    {
        if (!_tensors.TryGetValue(tensor, out TensorEntry? entry))
        {
            entry = Make(tensor);
            entry.RequiresGrad = tensor.RequiresGrad;
            _tensors.Add(tensor, entry);
        }
        return entry;
    }

    /// <summary>The same for a conjugate or negative view, as a plain tensor of the same values.</summary>
    public TensorEntry DescribeResolved(Tensor tensor)
    {
        if (!_tensors.TryGetValue(tensor, out TensorEntry? entry))
        {
            using Tensor detached = tensor.Detach();
            using Tensor conjugated = detached.ResolveConj();
            entry = Make(Own(conjugated.ResolveNeg().Clone()));
            entry.RequiresGrad = tensor.RequiresGrad;
            _tensors.Add(tensor, entry);
        }
        return entry;
    }

    public void Dispose()
    {
        foreach (IDisposable item in _owned)
            item.Dispose();
    }

    private TensorEntry Make(Tensor tensor)
    {
        if (tensor.IsNested)
        {
            Tensor sizes = Torch.Aten._NestedTensorSize(tensor);
            return Composed(tensor, TensorEntryKind.Nested, [sizes.Size(0)], tensor.Values(), sizes, Torch.Aten._NestedTensorStrides(tensor), Torch.Aten._NestedTensorStorageOffsets(tensor));
        }
        long[] shape = tensor.Shape.ToArray();
        switch (tensor.Layout)
        {
            case Layout.Strided:
                break;
            case Layout.Sparse:
                TensorEntry coo = Composed(tensor, TensorEntryKind.Sparse, shape, Torch.Aten._Indices(tensor), Torch.Aten._Values(tensor));
                coo.IsCoalesced = tensor.IsCoalesced();
                return coo;
            case Layout.SparseCsr or Layout.SparseBsr:
                return Composed(tensor, TensorEntryKind.Sparse, shape, tensor.CrowIndices(), tensor.ColIndices(), tensor.Values());
            case Layout.SparseCsc or Layout.SparseBsc:
                return Composed(tensor, TensorEntryKind.Sparse, shape, tensor.CcolIndices(), tensor.RowIndices(), tensor.Values());
            default:
                using (Tensor dense = tensor.ToDense())
                    return Make(Own(dense.Clone()));
        }
        if (tensor.IsMeta)
            return new TensorEntry(TensorEntryKind.Meta, tensor.DType, shape) { Steps = tensor.Stride().ToArray() };
        var entry = new TensorEntry(tensor.IsQuantized ? TensorEntryKind.Quantized : TensorEntryKind.Strided, tensor.DType, shape)
        {
            Steps = tensor.Stride().ToArray(),
            StorageOffset = tensor.StorageOffset(),
            Storage = StorageOf(tensor),
            IsConjugate = tensor.IsConj,
            IsNegative = tensor.IsNeg,
        };
        if (tensor.IsQuantized)
            entry.Quantizer = Quantizer(tensor);
        return entry;
    }

    private TensorEntry Composed(Tensor tensor, TensorEntryKind kind, long[] shape, params Tensor[] parts)
        => new(kind, tensor.DType, shape) { Layout = tensor.IsNested ? Layout.Strided : tensor.Layout, Parts = [.. parts.Select(p => Describe(Own(p.Detach())))] };

    private unsafe QuantizerEntry Quantizer(Tensor tensor)
    {
        int scheme;
        using (var self = new Borrow(tensor))
            NativeError.Check(NativeMethods.tb_qscheme(self.Handle, &scheme));
        switch ((QScheme)scheme)
        {
            case QScheme.PerTensorAffine:
                return new QuantizerEntry(tensor.QScale(), tensor.QZeroPoint(), null, null, 0);
            case QScheme.PerChannelAffine or QScheme.PerChannelAffineFloatQParams:
                return new QuantizerEntry(0, 0, Describe(Own(tensor.QPerChannelScales())), Describe(Own(tensor.QPerChannelZeroPoints())), (int)tensor.QPerChannelAxis());
            default:
                throw new NotSupportedException("A tensor with this quantization scheme cannot be saved; torch.save refuses it too.");
        }
    }

    private StorageEntry StorageOf(Tensor tensor)
    {
        long id = tensor.StorageId();
        if (_storages.TryGetValue(id, out StorageEntry? entry))
            return entry;
        Device device = tensor.Device;
        Tensor onCpu = tensor;
        if (device.Type != DeviceType.Cpu)
        {
            using Storage there = tensor.UntypedStorage();
            using Tensor bytes = Torch.Empty(0, dtype: DType.UInt8, device: device);
            using Tensor plain = tensor.Detach();
            bytes.Set_(plain, 0, there.NBytes, 1);
            onCpu = Own(bytes.To(device: Device.Cpu));
        }
        entry = new StorageEntry("", tensor.DType, device.ToString(), Own(onCpu.UntypedStorage()));
        _storages.Add(id, entry);
        return entry;
    }

    private T Own<T>(T item)
        where T : IDisposable
    {
        _owned.Add(item);
        return item;
    }
}
