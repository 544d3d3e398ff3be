using System.Globalization;
using TorchBind.Serialization.Pickle;

namespace TorchBind.Serialization;

/// <summary>How the data of a <see cref="TensorEntry"/> is kept.</summary>
public enum TensorEntryKind
{
    /// <summary>Elements in a storage, addressed by strides.</summary>
    Strided,

    /// <summary>Quantized elements in a storage.</summary>
    Quantized,

    /// <summary>Indices and values, one of the sparse layouts.</summary>
    Sparse,

    /// <summary>A nested tensor: one buffer that holds several tensors.</summary>
    Nested,

    /// <summary>Shape and type without data.</summary>
    Meta,

    /// <summary>Put together from parts, as distributed checkpoints keep it.</summary>
    Chunked,
}

/// <summary>The description of one tensor in a checkpoint: its type, its shape and where its elements lie.</summary>
public sealed class TensorEntry
{
    internal TensorEntry(TensorEntryKind kind, DType dtype, long[] shape)
    {
        Kind = kind;
        DType = dtype;
        Dimensions = shape;
    }

    /// <summary>How the data is kept.</summary>
    public TensorEntryKind Kind { get; private set; }

    /// <summary>The element type.</summary>
    public DType DType { get; private set; }

    /// <summary>The size of each dimension.</summary>
    public IReadOnlyList<long> Shape => Dimensions;

    /// <summary>The distance between neighbours in each dimension, in elements; empty for kinds without strides.</summary>
    public IReadOnlyList<long> Strides => Steps;

    /// <summary>Where the first element stands in the storage, in elements.</summary>
    public long StorageOffset { get; internal set; }

    /// <summary>The storage the elements lie in; null for sparse, nested and meta tensors.</summary>
    public StorageEntry? Storage { get; internal set; }

    /// <summary>The memory layout.</summary>
    public Layout Layout { get; internal set; } = Layout.Strided;

    /// <summary>Whether autograd records operations on it.</summary>
    public bool RequiresGrad { get; internal set; }

    /// <summary>Whether it was saved as an <c>nn.Parameter</c>.</summary>
    public bool IsParameter { get; internal set; }

    /// <summary>Whether the elements are to be read as the conjugates of what is stored.</summary>
    public bool IsConjugate { get; internal set; }

    /// <summary>Whether the elements are to be read as the negatives of what is stored.</summary>
    public bool IsNegative { get; internal set; }

    /// <summary>The number of elements.</summary>
    public long ElementCount => Product(Dimensions);

    /// <summary>The name of the tensor's Python class, if it is not <c>Tensor</c> or <c>Parameter</c>.</summary>
    public string? SubclassName { get; internal set; }

    /// <summary>Attributes that were set on the tensor object.</summary>
    public object? State { get; internal set; }

    internal long[] Dimensions { get; private set; }

    internal long[] Steps { get; set; } = [];

    /// <summary>Scale and zero point of a quantized tensor, or tensors of them with the axis they go along.</summary>
    internal QuantizerEntry? Quantizer { get; set; }

    /// <summary>What a sparse or nested tensor consists of: indices and values, or buffer, sizes, strides and offsets.</summary>
    internal TensorEntry[] Parts { get; set; } = [];

    /// <summary>Where in a chunked tensor its parts begin.</summary>
    internal long[][] PartOffsets { get; set; } = [];

    internal bool? IsCoalesced { get; set; }

    /// <summary>False while a pickle has named the tensor but not yet said what is in it.</summary>
    internal bool IsComplete { get; set; } = true;

    /// <inheritdoc/>
    public override string ToString()
        => string.Create(CultureInfo.InvariantCulture, $"{DType.Name()}[{string.Join(", ", Dimensions)}]");

    internal static long Product(long[] shape)
    {
        long product = 1;
        foreach (long size in shape)
            product *= size; // the interpreter has checked that this does not overflow
        return product;
    }

    /// <summary>Takes over everything that describes <paramref name="other"/>.</summary>
    internal void Become(TensorEntry other)
    {
        Kind = other.Kind;
        DType = other.DType;
        Dimensions = other.Dimensions;
        Steps = other.Steps;
        StorageOffset = other.StorageOffset;
        Storage = other.Storage;
        Layout = other.Layout;
        IsConjugate = other.IsConjugate;
        IsNegative = other.IsNegative;
        Quantizer = other.Quantizer;
        Parts = other.Parts;
        PartOffsets = other.PartOffsets;
        IsCoalesced = other.IsCoalesced;
        IsComplete = other.IsComplete;
    }
}

/// <summary>The parameters of a quantized tensor: one scale and zero point, or one of each per slice along an axis.</summary>
internal sealed record QuantizerEntry(double Scale, long ZeroPoint, TensorEntry? Scales, TensorEntry? ZeroPoints, int Axis)
{
    public bool IsPerChannel => Scales is not null;
}

/// <summary>A NumPy array in a checkpoint, with its bytes.</summary>
public sealed class NumpyArray
{
    private long[] _shape = [];

    internal NumpyArray()
    {
    }

    /// <summary>NumPy's name of the element type with its byte order, such as <c>&lt;f8</c>; <c>|O</c> for an array of objects.</summary>
    public string TypeName { get; private set; } = "|O";

    /// <summary>The matching tensor type, null if there is none.</summary>
    public DType? DType { get; private set; }

    /// <summary>The size of each dimension.</summary>
    public IReadOnlyList<long> Shape => _shape;

    /// <summary>Whether the first index varies fastest.</summary>
    public bool IsFortranOrder { get; private set; }

    /// <summary>The elements, little-endian; empty for an array of objects.</summary>
    public ReadOnlyMemory<byte> Bytes { get; private set; }

    /// <summary>The elements of an array of objects; empty for others.</summary>
    public IReadOnlyList<object?> Objects { get; private set; } = [];

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"numpy {TypeName}[{string.Join(", ", _shape)}]");

    internal long[] Dimensions => _shape;

    internal void Fill(string typeName, DType? dtype, long[] shape, bool fortranOrder, byte[] bytes)
    {
        TypeName = typeName;
        DType = dtype;
        _shape = shape;
        IsFortranOrder = fortranOrder;
        Bytes = bytes;
    }

    internal void FillObjects(long[] shape, bool fortranOrder, IReadOnlyList<object?> items)
    {
        _shape = shape;
        IsFortranOrder = fortranOrder;
        Objects = items;
    }
}

/// <summary>Helpers for what pickles hold where a shape is expected.</summary>
internal static class Shapes
{
    public const int MaxDimensions = 64;

    /// <summary>Integers out of a tuple, list or Size; null if it is not such.</summary>
    public static long[]? From(object? value)
    {
        IReadOnlyList<object?>? items = value switch { PickleTuple t => t, List<object?> l => l, _ => null };
        if (items is null || items.Count > MaxDimensions)
            return null;
        long[] shape = items.Count == 0 ? [] : new long[items.Count];
        for (int i = 0; i < shape.Length; i++)
        {
            if (items[i] is not long size)
                return null;
            shape[i] = size;
        }
        return shape;
    }

    /// <summary>The number of elements, or -1 if a size is negative or the number does not fit.</summary>
    public static long Count(ReadOnlySpan<long> shape)
    {
        Int128 product = 1;
        bool empty = false;
        foreach (long size in shape)
        {
            if (size < 0)
                return -1;
            empty |= size == 0;
            if (size > 0)
                product *= size;
            if (product > long.MaxValue)
                return -1;
        }
        return empty ? 0 : (long)product;
    }

    /// <summary>One more than the largest element index that is reached from the offset, or -1 if it does not fit or a stride is negative.</summary>
    public static long Extent(ReadOnlySpan<long> shape, ReadOnlySpan<long> strides)
    {
        Int128 last = 0;
        for (int i = 0; i < shape.Length; i++)
        {
            if (strides[i] < 0)
                return -1;
            last += (Int128)(shape[i] - 1) * strides[i];
            if (last > long.MaxValue - 1)
                return -1;
        }
        return (long)last + 1;
    }

    public static long[] ContiguousStrides(ReadOnlySpan<long> shape)
    {
        long[] strides = new long[shape.Length];
        long step = 1;
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            strides[i] = step;
            step = unchecked(step * Math.Max(1, shape[i]));
        }
        return strides;
    }
}
