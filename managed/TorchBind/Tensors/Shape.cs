using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using TorchBind.Interop;

namespace TorchBind;

/// <summary>The sizes of a tensor, or its strides. A value: up to five dimensions take no allocation. Mirrors <c>torch.Size</c>.</summary>
[CollectionBuilder(typeof(Shape), nameof(Create))]
public readonly struct Shape : IReadOnlyList<long>, IEquatable<Shape>
{
    internal const int InlineCapacity = 5;

    [InlineArray(InlineCapacity)]
    private struct Inline { private long _first; }

    private readonly Inline _inline;
    private readonly long[]? _rest; // all of them, when there are more than fit
    private readonly int _length;

    /// <summary>Copies the sizes.</summary>
    public Shape(params ReadOnlySpan<long> sizes)
    {
        _length = sizes.Length;
        if (sizes.Length <= InlineCapacity)
            sizes.CopyTo(_inline);
        else
            _rest = sizes.ToArray();
    }

    /// <summary>The sizes, or the strides, of a tensor that is held; its hold ends here.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static unsafe Shape OfHeld(TensorHandle held, bool strides)
    {
        Unsafe.SkipInit(out Shape result);
        Unsafe.AsRef(in result._rest) = null;
        var sizes = (long*)Unsafe.AsPointer(ref Unsafe.AsRef(in result._inline));
        var length = strides
            ? NativeMethods.tb_tensor_strides(held.Value, sizes, InlineCapacity)
            : NativeMethods.tb_tensor_sizes(held.Value, sizes, InlineCapacity);
        if ((ulong)length > InlineCapacity)
            return OfMany(held, strides);
        Unsafe.AsRef(in result._length) = (int)length;
        // Last: this interlocked step waits until what was written is in place, and the copies, wide loads, need not wait once more.
        held.Release();
        return result;
    }

    // More dimensions than fit, or an error: a layout without strides.
    private static unsafe Shape OfMany(TensorHandle held, bool strides)
    {
        const int Capacity = 64; // libtorch's own limit
        var values = stackalloc long[Capacity];
        long dim;
        try
        {
            NativeError.Check(strides
                ? NativeMethods.tb_tensor_strides_checked(held.Value, values, Capacity, &dim)
                : NativeMethods.tb_tensor_sizes_checked(held.Value, values, Capacity, &dim));
        }
        finally
        {
            held.Release();
        }
        return new Shape(new ReadOnlySpan<long>(values, (int)Math.Min(dim, Capacity)));
    }

    /// <summary>Copies the sizes; what collection expressions call.</summary>
    /// <param name="sizes">The sizes.</param>
    /// <returns>The shape.</returns>
    public static Shape Create(ReadOnlySpan<long> sizes) => new(sizes);

    /// <summary>Number of dimensions.</summary>
    public int Length => _length;

    /// <summary>Number of dimensions.</summary>
    public int Rank => _length;

    int IReadOnlyCollection<long>.Count => _length;

    /// <summary>The size of a dimension; negative numbers count from the end, as in Python.</summary>
    /// <exception cref="TorchIndexException">There is no such dimension.</exception>
    public long this[int dim]
    {
        get
        {
            var i = dim < 0 ? dim + _length : dim;
            if ((uint)i >= (uint)_length)
                ThrowOutOfRange(dim);
            return _rest is null ? _inline[i] : _rest[i];
        }
    }

    /// <summary>The size of a dimension.</summary>
    public long this[Index dim] => this[dim.GetOffset(_length)];

    /// <summary>Some of the dimensions.</summary>
    public Shape this[Range range]
    {
        get
        {
            var (offset, length) = range.GetOffsetAndLength(_length);
            return new Shape(Span.Slice(offset, length));
        }
    }

    /// <summary>The number of elements of a tensor of this shape: the product.</summary>
    /// <exception cref="OverflowException">The product exceeds 64 bits.</exception>
    public long Numel
    {
        get
        {
            var product = 1L;
            foreach (var size in Span)
                product = checked(product * size);
            return product;
        }
    }

    [UnscopedRef]
    internal ReadOnlySpan<long> Span => _rest ?? ((ReadOnlySpan<long>)_inline)[.._length];

    /// <summary>A copy as an array.</summary>
    /// <returns>A new array of <see cref="Length"/> sizes.</returns>
    public long[] ToArray() => Span.ToArray();

    /// <summary>Two dimensions: <c>var (rows, columns) = x.Shape;</c></summary>
    /// <param name="dim0">The first size.</param>
    /// <param name="dim1">The second size.</param>
    /// <exception cref="InvalidOperationException">There are more or fewer.</exception>
    public void Deconstruct(out long dim0, out long dim1)
    {
        Expect(2);
        (dim0, dim1) = (this[0], this[1]);
    }

    /// <summary>Three dimensions.</summary>
    /// <param name="dim0">The first size.</param>
    /// <param name="dim1">The second size.</param>
    /// <param name="dim2">The third size.</param>
    /// <exception cref="InvalidOperationException">There are more or fewer.</exception>
    public void Deconstruct(out long dim0, out long dim1, out long dim2)
    {
        Expect(3);
        (dim0, dim1, dim2) = (this[0], this[1], this[2]);
    }

    /// <summary>Four dimensions.</summary>
    /// <param name="dim0">The first size.</param>
    /// <param name="dim1">The second size.</param>
    /// <param name="dim2">The third size.</param>
    /// <param name="dim3">The fourth size.</param>
    /// <exception cref="InvalidOperationException">There are more or fewer.</exception>
    public void Deconstruct(out long dim0, out long dim1, out long dim2, out long dim3)
    {
        Expect(4);
        (dim0, dim1, dim2, dim3) = (this[0], this[1], this[2], this[3]);
    }

    private void Expect(int length)
    {
        if (_length != length)
            throw new InvalidOperationException($"The shape {this} has {_length} dimensions, {length} are asked for.");
    }

    private void ThrowOutOfRange(int dim) => throw new TorchIndexException(_length == 0
        ? $"Dimension {dim} is asked of a shape without dimensions."
        : $"Dimension {dim} is out of range for the shape {this}: it goes from {-_length} to {_length - 1}.");

    /// <summary>Enumerates the sizes.</summary>
    /// <returns>The enumerator, a value.</returns>
    public Enumerator GetEnumerator() => new(this);

    IEnumerator<long> IEnumerable<long>.GetEnumerator() => GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public bool Equals(Shape other) => Span.SequenceEqual(other.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Shape other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var size in Span)
            hash.Add(size);
        return hash.ToHashCode();
    }

    /// <summary>Whether all sizes agree.</summary>
    public static bool operator ==(Shape left, Shape right) => left.Equals(right);

    /// <summary>Whether any size differs.</summary>
    public static bool operator !=(Shape left, Shape right) => !left.Equals(right);

    /// <summary>The sizes.</summary>
    public static implicit operator Shape(long[] sizes) => new(sizes);

    /// <summary><c>[2, 3]</c>, as Python prints the list.</summary>
    public override string ToString()
    {
        var parts = new string[_length];
        for (var i = 0; i < parts.Length; i++)
            parts[i] = this[i].ToString(CultureInfo.InvariantCulture);
        return $"[{string.Join(", ", parts)}]";
    }

    /// <summary>Enumerates the sizes of a <see cref="Shape"/>.</summary>
    public struct Enumerator : IEnumerator<long>
    {
        private readonly Shape _shape;
        private int _index;

        internal Enumerator(Shape shape)
        {
            _shape = shape;
            _index = -1;
        }

        /// <inheritdoc/>
        public readonly long Current => _shape[_index];

        readonly object IEnumerator.Current => Current;

        /// <inheritdoc/>
        public bool MoveNext() => ++_index < _shape._length;

        /// <inheritdoc/>
        public void Reset() => _index = -1;

        /// <inheritdoc/>
        public readonly void Dispose() { }
    }
}
