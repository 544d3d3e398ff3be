using System.Globalization;

namespace TorchBind.Serialization.Pickle;

/// <summary>Writes the pickle of a checkpoint, and collects the storages that its tensors lie in.</summary>
internal sealed class TorchPickler : PickleWriter
{
    private readonly TensorDescriber _describer;
    private readonly SaveOptions _options;
    private readonly HashSet<StorageEntry> _mixed;
    private readonly Dictionary<StorageEntry, Slot> _slots = new(ReferenceEqualityComparer.Instance);
    private readonly List<StorageEntry> _storages = [];
    private readonly List<TensorEntry> _tensors = [];
    private bool _plain;

    private sealed record Slot(string Key, DType DType, bool Untyped);

    private sealed class MixedStorageException(StorageEntry storage) : Exception
    {
        public StorageEntry Storage { get; } = storage;
    }

    private TorchPickler(TensorDescriber describer, SaveOptions options, HashSet<StorageEntry> mixed)
    {
        _describer = describer;
        _options = options;
        _mixed = mixed;
    }

    /// <summary>The pickle, and the storages in the order of their numbers.</summary>
    public static (ReadOnlyMemory<byte> Pickle, IReadOnlyList<StorageEntry> Storages) Write(object? root, TensorDescriber describer, SaveOptions options)
    {
        (ReadOnlyMemory<byte> pickle, IReadOnlyList<StorageEntry> storages, _) = WriteApart(root, describer, options);
        return (pickle, storages);
    }

    /// <summary>The same, with the tensors that the pickle of the tar form refers to by the numbers <see cref="TarKey"/>.</summary>
    public static (ReadOnlyMemory<byte> Pickle, IReadOnlyList<StorageEntry> Storages, IReadOnlyList<TensorEntry> Tensors) WriteApart(object? root, TensorDescriber describer, SaveOptions options)
    {
        var mixed = new HashSet<StorageEntry>(ReferenceEqualityComparer.Instance);
        while (true)
        {
            try
            {
                var pickler = new TorchPickler(describer, options, mixed);
                return (pickler.WriteAll(root), pickler._storages, pickler._tensors);
            }
            catch (MixedStorageException e) when (!options.ForOldReaders && !options.TarForm && mixed.Add(e.Storage))
            {
                // Tensors of two types on one storage: once more, with that storage as plain bytes.
            }
            catch (MixedStorageException)
            {
                throw new NotSupportedException($"Two tensors of different element types share memory. {(options.TarForm ? "The tar form cannot say" : "PyTorch 1.13 cannot read")} that; save a Clone() of one of them.");
            }
        }
    }

    /// <summary>The number that stands for a storage or a tensor in the tar form, where both are counted together.</summary>
    public static long TarKey(int index, bool storage) => 2L * index + (storage ? 2 : 1);

    protected override bool TryWrite(object value)
    {
        switch (value)
        {
            case Tensor tensor:
                TensorEntry entry = _options.ForOldReaders && tensor is { Layout: Layout.Strided, IsNested: false } && (tensor.IsConj || tensor.IsNeg)
                    ? _describer.DescribeResolved(tensor)
                    : _describer.Describe(tensor);
                WriteTensor(entry, entry.RequiresGrad && !_plain, tensor is NN.Parameter && !_plain, tensor);
                return true;
            case TensorEntry description:
                WriteTensor(description, description.RequiresGrad, description.IsParameter, description);
                return true;
            case StateDict state:
                WriteStateDict(state);
                return true;
            case CheckpointValue inner:
                Write(inner.Raw);
                return true;
            case Checkpoint checkpoint:
                Write(checkpoint.Root.Raw);
                return true;
            case DType dtype:
                WriteGlobal("torch", dtype.Name());
                return true;
            case Device device:
                WriteGlobal("torch", "device");
                WriteString(device.Type.ToString().ToLowerInvariant());
                if (device.Index >= 0)
                    WriteInt(device.Index);
                EndTuple(device.Index >= 0 ? 2 : 1);
                Op('R');
                return true;
            case Layout layout:
                WriteLayout(layout);
                return true;
            case Shape shape:
                WriteGlobal("torch", "Size");
                WriteInts(shape.ToArray());
                EndTuple(1);
                Op('R');
                return true;
            case Scalar scalar:
                Write(scalar.IsBoolean ? scalar.To<bool>() : scalar.IsInteger ? scalar.To<long>() : scalar.IsComplex ? scalar.To<System.Numerics.Complex>() : scalar.To<double>());
                return true;
            case NumpyArray:
                throw new NotSupportedException("A NumPy array is not saved, because torch.load(weights_only=True) refuses it. Save its AsTensor() instead.");
            default:
                return false;
        }
    }

    // As Module.state_dict() gives them: tensors without autograd, versions as an attribute of the dictionary.
    private void WriteStateDict(StateDict state)
    {
        bool outer = _plain;
        _plain = true;
        IEnumerable<KeyValuePair<object?, object?>> entries = state
            .Select(static pair => new KeyValuePair<object?, object?>(pair.Key, pair.Value))
            .Concat(state.Extra.Select(static pair => new KeyValuePair<object?, object?>(pair.Key, pair.Value)));
        WriteOrderedDict(state, entries, state.Metadata.Count == 0 ? null : () =>
        {
            Op('}');
            Mark();
            WriteString("_metadata");
            WriteOrderedDict(state.Metadata, state.Metadata.Select(static pair => new KeyValuePair<object?, object?>(pair.Key, pair.Value)), null);
            Op('u');
        });
        _plain = outer;
    }

    private void WriteTensor(TensorEntry tensor, bool requiresGrad, bool parameter, object identity)
    {
        if (parameter)
        {
            WriteGlobal("torch._utils", "_rebuild_parameter");
            WriteData(tensor, false);
            WriteBool(requiresGrad);
            WriteEmptyOrderedDict();
            EndTuple(3);
            Op('R');
        }
        else
        {
            WriteData(tensor, requiresGrad);
        }
        Memoize(identity);
    }

    private void WriteData(TensorEntry tensor, bool requiresGrad)
    {
        switch (tensor.Kind)
        {
            case TensorEntryKind.Strided when _options.TarForm:
                WriteReference(tensor, requiresGrad);
                break;
            case TensorEntryKind.Quantized or TensorEntryKind.Nested or TensorEntryKind.Meta when _options.TarForm:
                throw new NotSupportedException($"The tar form of 2016 has no {tensor.Kind.ToString().ToLowerInvariant()} tensors; save without TarForm.");
            case TensorEntryKind.Strided:
                WriteStrided(tensor, requiresGrad);
                break;
            case TensorEntryKind.Quantized:
                WriteQuantized(tensor, requiresGrad);
                break;
            case TensorEntryKind.Sparse:
                WriteSparse(tensor);
                break;
            case TensorEntryKind.Nested when _options.StreamForm:
                throw new NotSupportedException("PyTorch cannot read a nested tensor from the stream form; save without StreamForm.");
            case TensorEntryKind.Nested:
                WriteGlobal("torch._utils", "_rebuild_nested_tensor");
                Mark();
                foreach (TensorEntry part in tensor.Parts)
                    WriteTensor(part, false, false, part);
                EndTuple(4);
                Op('R');
                break;
            default:
                WriteGlobal("torch._utils", "_rebuild_meta_tensor_no_storage");
                Mark();
                WriteGlobal("torch", tensor.DType.Name());
                WriteInts(tensor.Dimensions);
                WriteInts(tensor.Steps);
                WriteBool(requiresGrad);
                EndTuple(4);
                Op('R');
                break;
        }
    }

    // In the tar form tensors stand apart, and the pickle only names them.
    private void WriteReference(TensorEntry tensor, bool requiresGrad)
    {
        if (requiresGrad)
            throw new NotSupportedException("The tensors of the tar form of 2016 do not say that they require gradients; save a Detach() of them, or a Parameter.");
        if (tensor.IsConjugate || tensor.IsNegative)
            throw new NotSupportedException("The tar form of 2016 has no conjugate or negative views; save ResolveConj().ResolveNeg() of the tensor.");
        StorageEntry storage = tensor.Storage ?? throw new NotSupportedException("A tensor without a storage cannot be saved.");
        if (SlotOf(storage, tensor.DType).Untyped)
            throw new NotSupportedException($"The tar form of 2016 has no storage for {tensor.DType.Name()}; convert the tensor.");
        WriteString(TarKey(_tensors.Count, storage: false).ToString(CultureInfo.InvariantCulture));
        Op('Q');
        _tensors.Add(tensor);
    }

    private void WriteStrided(TensorEntry tensor, bool requiresGrad)
    {
        StorageEntry storage = tensor.Storage ?? throw new NotSupportedException("A tensor without a storage cannot be saved.");
        Slot slot = SlotOf(storage, tensor.DType);
        bool v3 = slot.Untyped;
        if (v3 && _options.ForOldReaders)
            throw new NotSupportedException($"PyTorch 1.13 has no storage for {tensor.DType.Name()}; convert the tensor or save without ForOldReaders.");
        if (v3 && _options.StreamForm)
            throw new NotSupportedException($"The stream form has no storage for {tensor.DType.Name()}, nor for memory that tensors of different types share; convert the tensor or save without StreamForm.");
        bool flags = tensor.IsConjugate || tensor.IsNegative;
        if (flags && _options.ForOldReaders)
            throw new NotSupportedException("PyTorch 1.13 cannot read conjugate or negative views; save ResolveConj().ResolveNeg() of the tensor.");
        WriteGlobal("torch._utils", v3 ? "_rebuild_tensor_v3" : "_rebuild_tensor_v2");
        Mark();
        WritePersistentId(storage, slot);
        WriteInt(tensor.StorageOffset);
        WriteInts(tensor.Dimensions);
        WriteInts(tensor.Steps);
        WriteBool(requiresGrad);
        WriteEmptyOrderedDict();
        if (v3)
            WriteGlobal("torch", tensor.DType.Name());
        if (flags)
        {
            Op('}');
            Mark();
            if (tensor.IsConjugate)
            {
                WriteString("conj");
                WriteBool(true);
            }
            if (tensor.IsNegative)
            {
                WriteString("neg");
                WriteBool(true);
            }
            Op('u');
        }
        EndTuple(6);
        Op('R');
    }

    private void WriteQuantized(TensorEntry tensor, bool requiresGrad)
    {
        StorageEntry storage = tensor.Storage!;
        WriteGlobal("torch._utils", "_rebuild_qtensor");
        Mark();
        WritePersistentId(storage, SlotOf(storage, tensor.DType));
        WriteInt(tensor.StorageOffset);
        WriteInts(tensor.Dimensions);
        WriteInts(tensor.Steps);
        QuantizerEntry quantizer = tensor.Quantizer!;
        if (quantizer.IsPerChannel)
        {
            Mark();
            WriteGlobal("torch", "per_channel_affine");
            WriteTensor(quantizer.Scales!, false, false, quantizer.Scales!);
            WriteTensor(quantizer.ZeroPoints!, false, false, quantizer.ZeroPoints!);
            WriteInt(quantizer.Axis);
            EndTuple(4);
        }
        else
        {
            WriteGlobal("torch", "per_tensor_affine");
            Write(quantizer.Scale);
            WriteInt(quantizer.ZeroPoint);
            EndTuple(3);
        }
        WriteBool(requiresGrad);
        WriteEmptyOrderedDict();
        EndTuple(6);
        Op('R');
    }

    private void WriteSparse(TensorEntry tensor)
    {
        WriteGlobal("torch._utils", "_rebuild_sparse_tensor");
        WriteLayout(tensor.Layout);
        Mark();
        foreach (TensorEntry part in tensor.Parts)
            WriteTensor(part, false, false, part);
        WriteSize(tensor.Dimensions);
        if (tensor.Layout == Layout.Sparse && !_options.ForOldReaders)
            WriteBool(tensor.IsCoalesced ?? false);
        Op('t');
        EndTuple(2);
        Op('R');
    }

    private void WriteSize(long[] sizes)
    {
        WriteGlobal("torch", "Size");
        WriteInts(sizes);
        EndTuple(1);
        Op('R');
    }

    private void WriteLayout(Layout layout)
    {
        WriteGlobal("torch.serialization", "_get_layout");
        WriteString(TorchNames.NameOf(layout));
        EndTuple(1);
        Op('R');
    }

    private void WritePersistentId(StorageEntry storage, Slot slot)
    {
        Mark();
        WriteString("storage");
        if (slot.Untyped)
            WriteGlobal("torch.storage", "UntypedStorage");
        else
            WriteGlobal("torch", TorchNames.StorageOf(slot.DType)!);
        WriteString(slot.Key);
        WriteString(storage.Location);
        storage.WrittenItemSize = slot.Untyped ? 1 : slot.DType.ItemSize();
        WriteInt(storage.ByteLength / storage.WrittenItemSize);
        // The stream form has a place for views of storages, which torch no longer makes.
        if (_options.StreamForm)
            Write(null);
        EndTuple(_options.StreamForm ? 6 : 5);
        Op('Q');
    }

    private Slot SlotOf(StorageEntry storage, DType dtype)
    {
        if (!_slots.TryGetValue(storage, out Slot? slot))
        {
            bool untyped = _mixed.Contains(storage) || TorchNames.StorageOf(dtype) is null || storage.ByteLength % dtype.ItemSize() != 0;
            slot = new Slot(_storages.Count.ToString(CultureInfo.InvariantCulture), dtype, untyped);
            _slots.Add(storage, slot);
            _storages.Add(storage);
        }
        if (!slot.Untyped && slot.DType != dtype)
            throw new MixedStorageException(storage);
        return slot;
    }
}
