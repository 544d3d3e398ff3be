using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchBind.Interop;
using TorchBind.Serialization.IO;
using TorchBind.Serialization.Pickle;

namespace TorchBind.Serialization;

/// <summary>
/// Makes tensors out of a checkpoint's descriptions. Each storage is read once, into memory of libtorch's own or not at all where
/// the file is mapped; tensors that shared a storage share it again.
/// </summary>
internal sealed unsafe class TensorLoader
{
    private const long ParallelBytes = 8 << 20;
    private const long PieceLength = 8 << 20;
    private readonly MapLocation? _map;
    private readonly Lock _gate = new();
    private readonly Dictionary<TensorEntry, Tensor> _tensors = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<NumpyArray, Tensor> _arrays = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<StorageEntry, Tensor> _bases = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<StorageEntry, int> _uses = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<StorageEntry, Device> _devices = new(ReferenceEqualityComparer.Instance);

    private long _total; // bytes of all storages
    private long _loaded;

    /// <summary>For a TorchScript archive: which attributes of its classes are parameters and buffers.</summary>
    public Forms.ScriptClasses? ScriptClasses { get; init; }

    /// <summary>Told how many bytes were read of how many.</summary>
    public IProgress<LoadProgress>? Progress { get; init; }

    public TensorLoader(IReadOnlyList<TensorEntry> tensors, MapLocation? map)
    {
        _map = map;
        foreach (TensorEntry tensor in tensors)
        {
            if (tensor.Storage is { } storage && CollectionsMarshal.GetValueRefOrAddDefault(_uses, storage, out _)++ == 0 && storage.HasData)
                _total += storage.ByteLength;
        }
    }

    /// <summary>The tensor of a description; the same one each time, unless it was disposed in between.</summary>
    public Tensor Load(TensorEntry entry)
    {
        lock (_gate)
        {
            if (_tensors.TryGetValue(entry, out Tensor? known) && !known.IsDisposed)
                return known;
            List<Reading> readings = [];
            Tensor tensor = Make(entry, readings);
            Fill(readings);
            return Remember(entry, Finish(entry, tensor));
        }
    }

    /// <summary>Makes all the tensors, reading their storages in parallel.</summary>
    public void LoadAll(IEnumerable<TensorEntry> entries)
    {
        lock (_gate)
        {
            List<Reading> readings = [];
            List<(TensorEntry, Tensor)> made = [];
            foreach (TensorEntry entry in entries)
            {
                // Composed tensors are checked while they are made, so their parts must have their values before.
                if (entry.Kind is not TensorEntryKind.Strided || !OnCpu(entry) || (_tensors.TryGetValue(entry, out Tensor? known) && !known.IsDisposed))
                    continue;
                made.Add((entry, Make(entry, readings)));
            }
            Fill(readings);
            foreach ((TensorEntry entry, Tensor tensor) in made)
                Remember(entry, Finish(entry, tensor));
            foreach (TensorEntry entry in entries)
                Load(entry);
        }
    }

    /// <summary>The only element of a tensor as a number; null if it is complex or has no data.</summary>
    public double? Item(TensorEntry entry)
    {
        if (entry.Kind != TensorEntryKind.Strided || entry.DType.IsComplex())
            return null;
        return Load(entry).Item().To<double>();
    }

    public Tensor FromNumpy(NumpyArray array)
    {
        lock (_gate)
        {
            if (_arrays.TryGetValue(array, out Tensor? known) && !known.IsDisposed)
                return known;
            if (array.DType is not { } dtype)
                throw CheckpointException.WrongKind($"A numpy array of type {array.TypeName} has no counterpart among tensors.");
            long[] shape = array.Dimensions;
            if (array.IsFortranOrder)
                shape = [.. shape.Reverse()];
            Tensor tensor = NewCpu(shape, dtype, out byte* data);
            array.Bytes.Span.CopyTo(new Span<byte>(data, array.Bytes.Length));
            if (array.IsFortranOrder)
            {
                Tensor turned = tensor.Permute([.. Enumerable.Range(0, shape.Length).Reverse().Select(static i => (long)i)]);
                tensor.Dispose();
                tensor = turned;
            }
            _arrays[array] = tensor;
            return tensor;
        }
    }

    // A piece of memory that a storage's bytes are still to be read to.
    private readonly record struct Reading(StorageEntry Storage, nint Data);

    private Tensor Remember(TensorEntry entry, Tensor tensor)
    {
        _tensors[entry] = tensor;
        return tensor;
    }

    private bool OnCpu(TensorEntry entry) => entry.Storage is null || DeviceOf(entry.Storage).Type == DeviceType.Cpu;

    private Device DeviceOf(StorageEntry storage)
    {
        if (!_devices.TryGetValue(storage, out Device device))
        {
            device = MapLocation.Resolve(_map, storage.Location);
            _devices.Add(storage, device);
        }
        return device;
    }

    private Tensor Make(TensorEntry entry, List<Reading> readings) => entry.Kind switch
    {
        TensorEntryKind.Strided when entry.Storage is null => Torch.Empty(entry.Dimensions, dtype: entry.DType),
        TensorEntryKind.Strided => Strided(entry, entry.Storage, readings),
        TensorEntryKind.Meta => Torch.EmptyStrided(entry.Dimensions, entry.Steps, dtype: entry.DType, device: new Device(DeviceType.Meta)),
        TensorEntryKind.Quantized => Quantized(entry, entry.Storage!, readings),
        TensorEntryKind.Sparse => Sparse(entry),
        TensorEntryKind.Chunked => Chunked(entry),
        _ => Nested(entry),
    };

    private static Tensor Finish(TensorEntry entry, Tensor tensor)
    {
        if (entry.IsNegative)
            tensor = Replace(tensor, tensor.Neg());
        if (entry.IsConjugate)
            tensor = Replace(tensor, tensor.Conj());
        if (entry.IsParameter)
            return Replace(tensor, new NN.Parameter(tensor, entry.RequiresGrad));
        if (entry.RequiresGrad)
            tensor.RequiresGrad = true;
        return tensor;
    }

    private static Tensor Replace(Tensor old, Tensor made)
    {
        old.Dispose();
        return made;
    }

    private Tensor Strided(TensorEntry entry, StorageEntry storage, List<Reading> readings)
    {
        Device device = DeviceOf(storage);
        long item = entry.DType.ItemSize();
        bool whole = entry.StorageOffset == 0 && entry.ElementCount * item == storage.ByteLength
            && entry.Steps.AsSpan().SequenceEqual(Shapes.ContiguousStrides(entry.Dimensions));
        if (device.Type == DeviceType.Cpu && whole && _uses.GetValueOrDefault(storage) <= 1 && !_bases.ContainsKey(storage))
        {
            // The usual case, one tensor that is all of its storage: made at once, without a detour.
            byte* mapped = Aligned(storage.MappedPointer, item);
            if (mapped != null)
                return Map(storage, mapped, entry.Dimensions, entry.DType);
            Tensor tensor = NewCpu(entry.Dimensions, entry.DType, out byte* data);
            readings.Add(new Reading(storage, (nint)data));
            return tensor;
        }
        Tensor source = Base(storage, device, item, readings);
        Tensor result = Torch.Empty(0, dtype: entry.DType, device: source.Device);
        result.Set_(source, entry.StorageOffset, entry.Dimensions, entry.Steps);
        return result;
    }

    // All of a storage as bytes, on its device.
    private Tensor Base(StorageEntry storage, Device device, long itemSize, List<Reading> readings)
    {
        if (_bases.TryGetValue(storage, out Tensor? known) && !known.IsDisposed)
            return known;
        byte* mapped = Aligned(storage.MappedPointer, Math.Max(itemSize, storage.DType.ItemSize()));
        Tensor bytes;
        if (mapped != null)
        {
            bytes = Map(storage, mapped, [storage.ByteLength], DType.UInt8);
        }
        else
        {
            bytes = NewCpu([storage.ByteLength], DType.UInt8, out byte* data);
            if (device.Type == DeviceType.Cpu)
                readings.Add(new Reading(storage, (nint)data));
            else
                ReadNow(storage, data);
        }
        if (device.Type != DeviceType.Cpu)
            bytes = Replace(bytes, bytes.To(device: device));
        _bases[storage] = bytes;
        return bytes;
    }

    private Tensor Quantized(TensorEntry entry, StorageEntry storage, List<Reading> readings)
    {
        QuantizerEntry quantizer = entry.Quantizer!;
        Device device = DeviceOf(storage);
        Tensor source = Base(storage, device, entry.DType.ItemSize(), readings);
        Tensor result = quantizer.IsPerChannel
            ? Torch.Aten._EmptyPerChannelAffineQuantized(entry.Dimensions, Load(quantizer.Scales!), Load(quantizer.ZeroPoints!), quantizer.Axis, dtype: entry.DType, device: device)
            : Torch.Aten._EmptyAffineQuantized(entry.Dimensions, dtype: entry.DType, device: device, scale: quantizer.Scale, zeroPoint: quantizer.ZeroPoint);
        result.Set_(source, entry.StorageOffset, entry.Dimensions, entry.Steps);
        return result;
    }

    private Tensor Sparse(TensorEntry entry)
    {
        try
        {
            IntList size = entry.Dimensions;
            return entry.Layout == Layout.Sparse
                ? Torch.SparseCooTensor(Load(entry.Parts[0]), Load(entry.Parts[1]), size, isCoalesced: entry.IsCoalesced)
                : Torch.SparseCompressedTensor(Load(entry.Parts[0]), Load(entry.Parts[1]), Load(entry.Parts[2]), size, dtype: entry.DType, layout: entry.Layout);
        }
        catch (Exception e) when (e is TorchException or ArgumentException)
        {
            throw new CheckpointException(CheckpointProblem.Corrupt, $"A sparse tensor in the checkpoint is not valid: {e.Message}", innerException: e);
        }
    }

    private Tensor Chunked(TensorEntry entry)
    {
        Tensor whole = Torch.Empty(entry.Dimensions, dtype: entry.DType, device: DeviceOf(entry.Parts[0].Storage!));
        for (int i = 0; i < entry.Parts.Length; i++)
        {
            Tensor place = whole.Detach();
            for (int k = 0; k < entry.Dimensions.Length; k++)
                place = Replace(place, place.Narrow(k, entry.PartOffsets[i][k], entry.Parts[i].Dimensions[k]));
            using (place)
            using (Tensor part = Load(entry.Parts[i]).Detach())
                place.Copy_(part);
        }
        return whole;
    }

    private Tensor Nested(TensorEntry entry)
    {
        try
        {
            return Torch.Aten._NestedViewFromBuffer(Load(entry.Parts[0]), Load(entry.Parts[1]), Load(entry.Parts[2]), Load(entry.Parts[3]));
        }
        catch (Exception e) when (e is TorchException or ArgumentException)
        {
            throw new CheckpointException(CheckpointProblem.Corrupt, $"A nested tensor in the checkpoint is not valid: {e.Message}", innerException: e);
        }
    }

    private static byte* Aligned(byte* pointer, long itemSize) => (nint)pointer % Math.Min(itemSize, 8) == 0 ? pointer : null;

    private static Tensor NewCpu(long[] shape, DType dtype, out byte* data)
    {
        nint handle;
        void* pointer;
        CheckSupported(dtype);
        fixed (long* sizes = shape)
            NativeError.Check(NativeMethods.tb_tensor_empty_cpu(sizes, shape.Length, (int)dtype, &handle, &pointer));
        data = (byte*)pointer;
        return Tensor.Wrap(handle);
    }

    // libtorch itself only says that such a type is not initialized.
    private static void CheckSupported(DType dtype)
    {
        int needed = dtype switch { DType.Float8E8M0FNU => 7, DType.Float4E2M1FNx2 => 8, _ => 0 };
        if (needed > 0 && Version.TryParse(Torch.Version, out Version? version) && version < new Version(2, needed))
            throw new NotSupportedException($"The checkpoint holds a tensor of {dtype.Name()}, which libtorch {Torch.Version} does not have; libtorch 2.{needed} and later do.");
    }

    // A tensor over the file's pages; it keeps the mapping alive.
    private Tensor Map(StorageEntry storage, byte* data, long[] shape, DType dtype)
    {
        CheckSupported(dtype);
        ByteSource source = storage.Source!;
        Report(storage.ByteLength);
        source.AddUser();
        nint context = GCHandle.ToIntPtr(GCHandle.Alloc(source));
        nint handle;
        int status;
        fixed (long* sizes = shape)
            status = NativeMethods.tb_tensor_from_blob(data, sizes, shape.Length, null, (int)dtype, (int)DeviceType.Cpu, -1, &ReleaseMapping, (void*)context, &handle);
        if (status != 0)
        {
            Release(context);
            NativeError.Check(status);
        }
        return Tensor.Wrap(handle);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void ReleaseMapping(void* context) => Release((nint)context);

    private static void Release(nint context)
    {
        var handle = GCHandle.FromIntPtr(context);
        ((ByteSource)handle.Target!).ReleaseUser();
        handle.Free();
    }

    private void ReadNow(StorageEntry storage, byte* data)
    {
        storage.ReadTo(data);
        Report(storage.ByteLength);
    }

    // A tensor that was disposed and is made again is read again, which is no more progress.
    private void Report(long bytes)
    {
        if (Progress is { } progress)
            progress.Report(new LoadProgress(Math.Min(Interlocked.Add(ref _loaded, bytes), _total), _total));
    }

    private void Fill(List<Reading> readings)
    {
        long total = 0;
        foreach (Reading reading in readings)
        {
            total += reading.Storage.ByteLength;
            HugePages.Advise((byte*)reading.Data, reading.Storage.ByteLength);
        }
        if (total == 0)
            return;
        if (total < ParallelBytes)
        {
            foreach (Reading reading in readings)
                ReadNow(reading.Storage, (byte*)reading.Data);
            return;
        }
        var pieces = new List<(Reading Reading, long Offset, long Length)>();
        foreach (Reading reading in readings)
        {
            long length = reading.Storage.CanReadParts ? PieceLength : long.MaxValue;
            for (long at = 0; at < reading.Storage.ByteLength; at += Math.Min(length, reading.Storage.ByteLength - at))
                pieces.Add((reading, at, Math.Min(length, reading.Storage.ByteLength - at)));
        }
        try
        {
            Parallel.ForEach(pieces, new ParallelOptions { MaxDegreeOfParallelism = Math.Min(8, Environment.ProcessorCount) }, piece =>
            {
                if (piece.Length == piece.Reading.Storage.ByteLength)
                    piece.Reading.Storage.ReadTo((byte*)piece.Reading.Data);
                else
                    piece.Reading.Storage.ReadPart(piece.Offset, (byte*)piece.Reading.Data + piece.Offset, piece.Length);
                Report(Math.Min(piece.Length, piece.Reading.Storage.ByteLength));
            });
        }
        catch (AggregateException e)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
    }
}
