using System.Globalization;

namespace TorchBind.Serialization.Pickle;

/// <summary>Finds the storage that a persistent id names.</summary>
internal delegate StorageEntry StorageLookup(string key, DType dtype, string location, long byteLength, bool untyped);

/// <summary>
/// Reads torch's own names in a pickle as data: tensors become <see cref="TensorEntry"/>, storages <see cref="StorageEntry"/>,
/// dtypes and devices their .NET counterparts. Whatever a tensor claims about its place in its storage is checked here, before
/// anybody touches memory.
/// </summary>
internal sealed class TorchInterpreter(StorageLookup lookup) : IPickleInterpreter
{
    private readonly Dictionary<string, StorageEntry> _storages = new(StringComparer.Ordinal);
    private readonly List<TensorEntry> _tensors = [];
    private readonly HashSet<PickleGlobal> _names = [];

    /// <summary>Every tensor that was met, parts of sparse ones included.</summary>
    public IReadOnlyList<TensorEntry> Tensors => _tensors;

    /// <summary>Every storage that was met.</summary>
    public IReadOnlyCollection<StorageEntry> Storages => _storages.Values;

    /// <summary>Every class and function that was named, but for those that stand for values.</summary>
    public IReadOnlyCollection<PickleGlobal> Names => _names;

    /// <summary>Answers for persistent ids of the tar form, which are the keys of objects read before.</summary>
    public Func<string, object?>? OldObjects { get; init; }

    /// <summary>Whether storages are named as in the stream form, which adds what part of another storage they are.</summary>
    public bool NamesViews { get; init; }

    /// <summary>Tensor by index for TorchScript's <c>build_tensor_from_id</c>.</summary>
    public IReadOnlyList<TensorEntry>? TensorTable { get; init; }

    public bool TryResolve(PickleGlobal name, out object? value)
    {
        value = name.Module == "torch" && TorchNames.DTypeOf(name.Name) is { } dtype ? dtype : null;
        if (value is null)
            _names.Add(name);
        return value is not null;
    }

    public object? LoadPersistent(PickleReader reader, object? id)
    {
        if (OldObjects is not null)
        {
            if (id is PickleTuple { Count: > 0 } module)
                return module[0];
            string? oldKey = id as string ?? (id as long?)?.ToString(CultureInfo.InvariantCulture);
            return (oldKey is null ? null : OldObjects(oldKey)) ?? throw reader.Corrupt($"the object {PythonEquality.Describe(id)} is not among the file's tensors and storages.");
        }
        if (id is not PickleTuple { Count: > 0 } tuple)
            throw reader.Corrupt($"a persistent id is a {PythonEquality.KindOf(id)}, not the tuple that torch writes.");
        switch (tuple[0])
        {
            case "module" when tuple.Count >= 2:
                return tuple[1]; // the old form kept the source of module classes; only the name matters
            case "storage" when tuple.Count == (NamesViews ? 6 : 5):
                return Storage(reader, tuple);
            default:
                throw reader.Corrupt($"a persistent id names a {PythonEquality.Describe(tuple[0])}, which torch does not write.");
        }
    }

    public bool TryReduce(PickleReader reader, PickleGlobal callable, PickleTuple arguments, out object? result)
    {
        result = callable.Module switch
        {
            "torch._utils" => Rebuild(reader, callable.Name, arguments),
            "torch._tensor" => FromType(reader, callable.Name, arguments),
            "torch" => TorchClass(reader, callable.Name, arguments),
            "torch.nn.parameter" => Parameter(reader, callable.Name, arguments),
            "torch.serialization" when callable.Name == "_get_layout" => LayoutByName(reader, arguments),
            "torch.jit._pickle" => ScriptValue(reader, callable.Name, arguments),
            "numpy.core.multiarray" or "numpy._core.multiarray" => NumpyPickle.Multiarray(reader, callable.Name, arguments),
            "numpy.core.numeric" or "numpy._core.numeric" => NumpyPickle.Numeric(reader, callable.Name, arguments),
            "numpy" => NumpyPickle.Class(reader, callable.Name, arguments),
            _ => null,
        };
        return result is not null;
    }

    public bool TryBuild(PickleReader reader, object target, object? state)
    {
        switch (target)
        {
            case TensorEntry tensor:
                BuildTensor(reader, tensor, state);
                return true;
            case NumpyArray array:
                NumpyPickle.Build(reader, array, state);
                return true;
            case NumpyPickle.TypeDescription type:
                type.Build(reader, state);
                return true;
            default:
                return false;
        }
    }

    private object Storage(PickleReader reader, PickleTuple id)
    {
        if (id[1] is not PickleGlobal type || id[3] is not string location || id[4] is not long count)
            throw reader.Corrupt("a storage's persistent id is not as torch writes it.");
        string key = id[2] switch
        {
            string text => text,
            long number => number.ToString(CultureInfo.InvariantCulture),
            _ => throw reader.Corrupt("a storage has no name."),
        };
        if (!TorchNames.TryStorage(type, out DType dtype, out bool untyped))
            throw reader.Corrupt($"'{type.FullName}' is no storage class.");
        if (count < 0 || count > long.MaxValue / dtype.ItemSize())
            throw reader.Corrupt($"the storage '{key}' claims {count} elements.");
        long bytes = count * dtype.ItemSize();

        if (!_storages.TryGetValue(key, out StorageEntry? storage))
        {
            storage = lookup(key, dtype, location, bytes, untyped);
            _storages.Add(key, storage);
        }
        else if (storage.DType != dtype || storage.ByteLength != bytes || storage.IsUntyped != untyped)
        {
            throw reader.Corrupt($"the storage '{key}' is described in two different ways.");
        }
        return id.Count == 5 || id[5] is null ? storage : StorageView(reader, storage, id[5]);
    }

    private static StorageEntry StorageView(PickleReader reader, StorageEntry root, object? description)
    {
        int item = root.DType.ItemSize();
        if (description is not PickleTuple { Count: 3 } view || view[1] is not long offset || view[2] is not long size
            || offset < 0 || size < 0 || offset > root.ByteLength / item || size > root.ByteLength / item - offset)
        {
            throw reader.Corrupt($"a view of the storage '{root.Key}' reaches outside of it.");
        }
        return new StorageEntry(root.Key, root.DType, root.Location, size * item) { Root = root, RootOffset = offset, IsUntyped = root.IsUntyped };
    }

    private object? Rebuild(PickleReader reader, string name, PickleTuple a)
    {
        switch (name)
        {
            case "_rebuild_tensor" when a.Count == 4:
                return Register(Strided(reader, a, null, null));
            case "_rebuild_tensor_v2" when a.Count is 6 or 7:
                TensorEntry tensor = Strided(reader, a, null, a.Count == 7 ? a[6] : null);
                SetRequiresGrad(reader, tensor, Flag(reader, a[4]));
                CheckHooks(reader, a[5]);
                return Register(tensor);
            case "_rebuild_tensor_v3" when a.Count is 7 or 8:
                tensor = Strided(reader, a, DTypeArgument(reader, a[6]), a.Count == 8 ? a[7] : null);
                SetRequiresGrad(reader, tensor, Flag(reader, a[4]));
                CheckHooks(reader, a[5]);
                return Register(tensor);
            case "_rebuild_parameter" when a.Count == 3:
                CheckHooks(reader, a[2]);
                return AsParameter(reader, a[0], Flag(reader, a[1]), null);
            case "_rebuild_parameter_with_state" when a.Count == 4:
                CheckHooks(reader, a[2]);
                return AsParameter(reader, a[0], Flag(reader, a[1]), a[3]);
            case "_rebuild_qtensor" when a.Count == 7:
                CheckHooks(reader, a[6]);
                return Register(Quantized(reader, a));
            case "_rebuild_sparse_tensor" or "_rebuild_sparse_csr_tensor" when a.Count == 2:
                return Register(Sparse(reader, a));
            case "_rebuild_nested_tensor" when a.Count == 4:
                return Register(Nested(reader, a));
            case "_rebuild_meta_tensor_no_storage" when a.Count == 4:
                long[] shape = Shape(reader, a[1]);
                long[] strides = Shape(reader, a[2]);
                if (strides.Length != shape.Length || Shapes.Count(shape) < 0)
                    throw reader.Corrupt("a meta tensor's shape and strides do not fit.");
                var meta = new TensorEntry(TensorEntryKind.Meta, DTypeArgument(reader, a[0]), shape) { Steps = strides };
                SetRequiresGrad(reader, meta, Flag(reader, a[3]));
                return Register(meta);
            case "_rebuild_tensor" or "_rebuild_tensor_v2" or "_rebuild_tensor_v3" or "_rebuild_parameter" or "_rebuild_parameter_with_state" or "_rebuild_qtensor"
                or "_rebuild_sparse_tensor" or "_rebuild_sparse_csr_tensor" or "_rebuild_nested_tensor" or "_rebuild_meta_tensor_no_storage":
                throw reader.Corrupt($"{name} is called with {a.Count} arguments, which is not how any known PyTorch writes it.");
            default:
                return null;
        }
    }

    // Hooks are functions, which a file cannot carry; what stands for them is a dictionary, nearly always an empty one.
    private static void CheckHooks(PickleReader reader, object? hooks)
    {
        if (hooks is not (PickleDictionary or null))
            throw reader.Corrupt($"the hooks of a tensor are a {PythonEquality.KindOf(hooks)}, not a dictionary.");
    }

    private TensorEntry Register(TensorEntry tensor)
    {
        _tensors.Add(tensor);
        return tensor;
    }

    private static TensorEntry Strided(PickleReader reader, PickleTuple a, DType? dtype, object? metadata)
    {
        if (a[0] is not StorageEntry storage)
            throw reader.Corrupt($"a tensor is made over a {PythonEquality.KindOf(a[0])}, not over a storage.");
        if (a[1] is not long offset)
            throw reader.Corrupt("a tensor's storage offset is no integer.");
        TensorEntry tensor = Over(reader.Corrupt, storage, dtype ?? storage.DType, offset, Shape(reader, a[2]), Shape(reader, a[3]));
        if (metadata is PickleDictionary flags)
        {
            foreach ((object? key, object? value) in flags)
            {
                if (key is not string || value is not bool)
                    throw reader.Corrupt("what is noted of a tensor are not names with booleans.");
            }
            tensor.IsConjugate = flags.TryGetValue("conj", out object? conj) && Flag(reader, conj);
            tensor.IsNegative = flags.TryGetValue("neg", out object? neg) && Flag(reader, neg);
            if (tensor.IsConjugate && !tensor.DType.IsComplex())
                throw reader.Corrupt($"a tensor of {tensor.DType.Name()} is marked as a conjugate.");
        }
        else if (metadata is not null)
        {
            throw reader.Corrupt($"what is noted of a tensor is a {PythonEquality.KindOf(metadata)}, not a dictionary.");
        }
        return tensor;
    }

    /// <summary>A tensor over a storage, once it is known to lie within it.</summary>
    public static TensorEntry Over(Func<string, CheckpointException> corrupt, StorageEntry storage, DType dtype, long offset, long[] shape, long[] strides)
    {
        if (strides.Length != shape.Length)
            throw corrupt($"a tensor has {shape.Length} sizes but {strides.Length} strides.");
        long available = storage.ByteLength / dtype.ItemSize();
        long count = Shapes.Count(shape);
        if (count < 0)
            throw corrupt($"a tensor claims the impossible shape [{string.Join(", ", shape)}].");
        if (offset < 0)
            throw corrupt($"a tensor begins at the negative storage offset {offset}.");
        long extent = count == 0 ? 0 : Shapes.Extent(shape, strides);
        if (extent < 0 || (count > 0 && (offset > available || extent > available - offset)))
        {
            throw corrupt(
                $"a tensor of shape [{string.Join(", ", shape)}] with strides [{string.Join(", ", strides)}] at offset {offset} reaches outside of its storage '{storage.Key}', which holds {available:N0} elements.");
        }
        if (storage.Root is { } root)
        {
            if (storage.RootOffset * storage.DType.ItemSize() % dtype.ItemSize() != 0 || offset > long.MaxValue / 2)
                throw corrupt("a view of a storage is not aligned.");
            offset += storage.RootOffset * storage.DType.ItemSize() / dtype.ItemSize();
            storage = root;
        }
        TensorEntryKind kind = storage.HasData || storage.Location != "meta" ? TensorEntryKind.Strided : TensorEntryKind.Meta;
        return new TensorEntry(kind, dtype, shape) { Storage = storage, StorageOffset = offset, Steps = strides };
    }

    private TensorEntry AsParameter(PickleReader reader, object? data, bool requiresGrad, object? state)
    {
        if (data is not TensorEntry source)
            throw reader.Corrupt($"a parameter is made from a {PythonEquality.KindOf(data)}, not from a tensor.");
        var parameter = new TensorEntry(source.Kind, source.DType, source.Dimensions);
        parameter.Become(source);
        parameter.IsParameter = true;
        SetRequiresGrad(reader, parameter, requiresGrad);
        parameter.State = state;
        return Register(parameter);
    }

    private static void SetRequiresGrad(PickleReader reader, TensorEntry tensor, bool value)
    {
        if (value && !tensor.DType.IsFloatingPoint() && !tensor.DType.IsComplex())
            throw reader.Corrupt($"a tensor of {tensor.DType.Name()} requires gradients, which only floating-point and complex ones can.");
        tensor.RequiresGrad = value;
    }

    private static TensorEntry Quantized(PickleReader reader, PickleTuple a)
    {
        TensorEntry tensor = Strided(reader, a, null, null);
        if (!tensor.DType.IsQuantized())
            throw reader.Corrupt($"a quantized tensor has elements of {tensor.DType.Name()}.");
        if (a[4] is not PickleTuple { Count: > 0 } scheme || scheme[0] is not PickleGlobal { Module: "torch" } name)
            throw reader.Corrupt("a quantized tensor has no scheme.");
        tensor.Quantizer = name.Name switch
        {
            "per_tensor_affine" when scheme.Count == 3 && Number(scheme[1]) is { } scale && scheme[2] is long zero
                => new QuantizerEntry(scale, zero, null, null, 0),
            "per_channel_affine" or "per_channel_affine_float_qparams" when scheme.Count == 4 && scheme[1] is TensorEntry scales
                && scheme[2] is TensorEntry zeros && scheme[3] is long axis && axis >= 0 && axis < tensor.Dimensions.Length
                && scales.Dimensions is [var n] && zeros.Dimensions is [var m] && n == m && n == tensor.Dimensions[axis]
                => new QuantizerEntry(0, 0, scales, zeros, (int)axis),
            _ => throw reader.Corrupt($"a quantized tensor's scheme '{name.Name}' is not as torch writes it."),
        };
        var quantized = new TensorEntry(TensorEntryKind.Quantized, tensor.DType, tensor.Dimensions)
        {
            Storage = tensor.Storage,
            StorageOffset = tensor.StorageOffset,
            Steps = tensor.Steps,
            Quantizer = tensor.Quantizer,
        };
        SetRequiresGrad(reader, quantized, Flag(reader, a[5]));
        return quantized;
    }

    private static TensorEntry Sparse(PickleReader reader, PickleTuple a)
    {
        if (a[0] is not Layout layout || a[1] is not PickleTuple data)
            throw reader.Corrupt("a sparse tensor is not as torch writes it.");
        bool coo = layout == Layout.Sparse;
        int parts = coo ? 2 : 3;
        bool coalescedGiven = coo && data.Count == 4;
        if (layout is not (Layout.Sparse or Layout.SparseCsr or Layout.SparseCsc or Layout.SparseBsr or Layout.SparseBsc)
            || (data.Count != parts + 1 && !coalescedGiven))
        {
            throw reader.Corrupt("a sparse tensor is not as torch writes it.");
        }
        var components = new TensorEntry[parts];
        for (int i = 0; i < parts; i++)
            components[i] = Complete(reader, data[i]);
        long[] shape = Shape(reader, data[parts]);
        if (Shapes.Count(shape) < 0)
            throw reader.Corrupt($"a sparse tensor claims the impossible shape [{string.Join(", ", shape)}].");
        foreach (TensorEntry index in components.AsSpan(0, parts - 1))
        {
            if (index.DType is not (DType.Int64 or DType.Int32))
                throw reader.Corrupt($"a sparse tensor has indices of {index.DType.Name()}.");
        }
        TensorEntry values = components[^1];
        if (coo && (components[0].Dimensions is not [var sparseDimensions, var nonZero] || sparseDimensions > shape.Length
            || values.Dimensions.Length == 0 || values.Dimensions[0] != nonZero
            || !values.Dimensions.AsSpan(1).SequenceEqual(shape.AsSpan((int)sparseDimensions))))
        {
            throw reader.Corrupt("a sparse tensor's indices, values and shape do not fit.");
        }
        bool? coalesced = coalescedGiven ? data[3] as bool? : null;
        return new TensorEntry(TensorEntryKind.Sparse, values.DType, shape) { Layout = layout, Parts = components, IsCoalesced = coalesced };
    }

    private static TensorEntry Nested(PickleReader reader, PickleTuple a)
    {
        TensorEntry[] parts = [Complete(reader, a[0]), Complete(reader, a[1]), Complete(reader, a[2]), Complete(reader, a[3])];
        if (parts[0].Dimensions.Length != 1 || parts[1].DType != DType.Int64 || parts[2].DType != DType.Int64 || parts[3].DType != DType.Int64
            || parts[1].Dimensions is not [var count, _] || !parts[2].Dimensions.AsSpan().SequenceEqual(parts[1].Dimensions)
            || parts[3].Dimensions is not [var offsets] || offsets != count)
        {
            throw reader.Corrupt("a nested tensor's buffer, sizes, strides and offsets do not fit.");
        }
        return new TensorEntry(TensorEntryKind.Nested, parts[0].DType, [count]) { Parts = parts };
    }

    private static TensorEntry Complete(PickleReader reader, object? value)
        => value is TensorEntry { IsComplete: true, Kind: TensorEntryKind.Strided } tensor ? tensor : throw reader.Corrupt("a part of a composed tensor is no plain tensor.");

    // torch._tensor._rebuild_from_type_v2(function, class, arguments, state): a subclass of Tensor, or a tensor with attributes.
    private object? FromType(PickleReader reader, string name, PickleTuple a)
    {
        if (name is not ("_rebuild_from_type_v2" or "_rebuild_from_type") || a.Count != 4
            || a[0] is not PickleGlobal function || function.Module != "torch._utils"
            || a[1] is not PickleGlobal type || a[2] is not PickleTuple arguments)
        {
            return null;
        }
        if (Rebuild(reader, function.Name, arguments) is not TensorEntry tensor)
            return null;
        if (type.FullName is not ("torch.Tensor" or "torch._tensor.Tensor" or "torch.nn.parameter.Parameter"))
            tensor.SubclassName = type.FullName;
        tensor.IsParameter |= type.FullName == "torch.nn.parameter.Parameter";
        tensor.State = a[3];
        return tensor;
    }

    private object? TorchClass(PickleReader reader, string name, PickleTuple a)
    {
        switch (name)
        {
            case "Size" when a.Count <= 1:
                IReadOnlyList<object?>? items = a.Count == 0 ? [] : a[0] as IReadOnlyList<object?>;
                if (items is null)
                    return null;
                reader.ChargeCopy(items.Count);
                return new PickleTuple([.. items]) { IsSize = true };
            case "device" when a.Count is 1 or 2 && a[0] is string type:
                if (a.Count == 1)
                    return TorchNames.DeviceOf(type, -1);
                if (a[1] is not long index)
                    return null;
                return index is >= -1 and <= 127 ? TorchNames.DeviceOf(type, index) : throw reader.Corrupt($"a device has the number {index}.");
            case "Tensor" when a.Count == 0:
                return Register(new TensorEntry(TensorEntryKind.Strided, DType.Float32, [0]) { IsComplete = false });
            default:
                if (a.Count == 0 && name.EndsWith("Tensor", StringComparison.Ordinal)
                    && TorchNames.TryStorage(new PickleGlobal("torch", name[..^6] + "Storage"), out DType dtype, out _))
                {
                    return Register(new TensorEntry(TensorEntryKind.Strided, dtype, [0]) { IsComplete = false });
                }
                return null;
        }
    }

    private object? Parameter(PickleReader reader, string name, PickleTuple a)
    {
        if (name is not ("Parameter" or "Buffer"))
            return null;
        if (a.Count == 0)
            return Register(new TensorEntry(TensorEntryKind.Strided, DType.Float32, [0]) { IsComplete = false, IsParameter = name == "Parameter", RequiresGrad = true });
        if (a[0] is not TensorEntry)
            return null;
        TensorEntry parameter = AsParameter(reader, a[0], name == "Parameter" && (a.Count < 2 || Flag(reader, a[1])), null);
        parameter.IsParameter = name == "Parameter";
        return parameter;
    }

    // The state forms of very old tensors: (storage, offset, size, stride), (data, _, hooks, requires_grad, _) of the time when variables
    // wrapped tensors, and (requires_grad, _, hooks).
    private static void BuildTensor(PickleReader reader, TensorEntry tensor, object? state)
    {
        if (state is PickleTuple { Count: 4 } four && four[0] is StorageEntry)
        {
            TensorEntry made = Strided(reader, four, null, null);
            tensor.Become(made);
        }
        else if (state is PickleTuple { Count: 5 } five && five[0] is TensorEntry { IsComplete: true } data && !ReferenceEquals(data, tensor))
        {
            tensor.Become(data);
            SetRequiresGrad(reader, tensor, five[3] is bool requires ? requires : five[2] is true);
        }
        else if (state is PickleTuple { Count: 3 } three && three[0] is bool requiresGrad)
        {
            SetRequiresGrad(reader, tensor, requiresGrad);
        }
        else
        {
            throw reader.Corrupt($"the state of a tensor is a {PythonEquality.KindOf(state)}, not as any PyTorch writes it.");
        }
    }

    private static object? LayoutByName(PickleReader reader, PickleTuple a)
        => a.Count == 1 && a[0] is string name
            ? TorchNames.LayoutOf(name) ?? throw reader.Corrupt($"'{name}' is no layout.")
            : null;

    // TorchScript's typed containers and its table of tensors.
    private object? ScriptValue(PickleReader reader, string name, PickleTuple a)
    {
        switch (name)
        {
            case "build_intlist" or "build_doublelist" or "build_boollist" or "build_tensorlist" or "restore_type_tag" when a.Count >= 1:
                return a[0];
            case "build_tensor_from_id" when a.Count == 1 && a[0] is long id && TensorTable is { } table:
                return id >= 0 && id < table.Count ? table[(int)id] : throw reader.Corrupt($"the tensor {id} is not in the archive's table.");
            default:
                return null;
        }
    }

    private static long[] Shape(PickleReader reader, object? value)
        => Shapes.From(value) ?? throw reader.Corrupt($"a shape is a {PythonEquality.KindOf(value)}, not a tuple of at most {Shapes.MaxDimensions} integers.");

    private static DType DTypeArgument(PickleReader reader, object? value)
        => value is DType dtype
            ? dtype
            : throw reader.Input.Unsupported(value is PickleGlobal name ? $"the element type {name.FullName} is not known." : "a tensor has no element type.");

    private static bool Flag(PickleReader reader, object? value) => value switch
    {
        bool b => b,
        _ => throw reader.Corrupt($"a flag is a {PythonEquality.KindOf(value)}, not a boolean."),
    };

    private static double? Number(object? value) => value switch
    {
        double d => d,
        long n => n,
        _ => null,
    };
}
