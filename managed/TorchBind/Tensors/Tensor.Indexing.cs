using TorchBind.Interop;

namespace TorchBind;

public partial class Tensor
{
    /// <summary>
    /// Reads or writes a part. Integers, ranges and null give a view; tensors give a copy. Mirrors Python's <c>x[...]</c>.
    /// </summary>
    /// <param name="indices">One index per dimension; those that are left out take all.</param>
    /// <returns>
    /// The part: a view, or a copy where an index is a tensor or an array. Set: the value is broadcast to it and converted to this dtype.
    /// </returns>
    /// <exception cref="TorchIndexException">An index is out of range, or there are more indices than dimensions.</exception>
    /// <exception cref="TorchException">Set: the value does not broadcast to the part, or the tensor is a leaf that requires a gradient.</exception>
    [System.Runtime.CompilerServices.IndexerName("Element")] // Item is Python's item()
    public unsafe Tensor this[params ReadOnlySpan<TensorIndex> indices]
    {
        get
        {
            using var self = new Borrow(this);
            nint result;
            // The general path has the better message; it is asked only when the direct call fails.
            if (indices.Length == 1 && indices[0].TryGetSlice(out var start, out var stop, out var step)
                && NativeMethods.tb_slice_Tensor(self.Handle, 0, start, 1, stop, 1, step, &result) == 0)
            {
                return Wrap(result);
            }
            using var parts = new IndexBorrow(indices);
            NativeError.Check(NativeMethods.tb_tensor_index(self.Handle, parts.Pointer, parts.Length, &result));
            return Wrap(result);
        }
        set
        {
            using var self = new Borrow(this);
            using var parts = new IndexBorrow(indices);
            using var source = new Borrow(value, nameof(value));
            NativeError.Check(NativeMethods.tb_tensor_index_put(self.Handle, parts.Pointer, parts.Length, source.Handle));
        }
    }

    /// <summary>Reads or writes one entry of the first dimension. Mirrors Python's <c>x[i]</c>.</summary>
    /// <param name="index">The entry; negative numbers count from the end.</param>
    /// <returns>A view without the first dimension. Set: the value is broadcast to it.</returns>
    /// <exception cref="TorchIndexException">The index is out of range, or the tensor has no dimension.</exception>
    /// <exception cref="TorchException">Set: the value does not broadcast to the entry, or the tensor is a leaf that requires a gradient.</exception>
    [System.Runtime.CompilerServices.IndexerName("Element")]
    public unsafe Tensor this[long index]
    {
        get
        {
            using var self = new Borrow(this);
            nint result;
            // The general path has the better message; it is asked only when the direct call fails.
            if (NativeMethods.tb_select_int(self.Handle, 0, index, &result) != 0)
                return this[(TensorIndex)index];
            return Wrap(result);
        }
        set => this[(TensorIndex)index] = value;
    }

    /// <summary>Reads or writes by one tensor, a mask or numbers; null is a new axis. Mirrors Python's <c>x[mask]</c>.</summary>
    /// <param name="index">A mask, bool or uint8, whose shape is that of the first dimensions; or integers of any shape.</param>
    /// <returns>A copy of the elements: as many as the mask has true ones, or one per number.</returns>
    /// <exception cref="TorchIndexException">The mask has another shape, or a number is out of range.</exception>
    /// <exception cref="TorchException">
    /// Set: the value does not broadcast to the elements, or the tensor is a leaf that requires a gradient.
    /// </exception>
    // Before the span: to the compiler, null alone would be an empty span.
    [System.Runtime.CompilerServices.OverloadResolutionPriority(1)]
    [System.Runtime.CompilerServices.IndexerName("Element")]
    public Tensor this[Tensor? index]
    {
        get => this[(TensorIndex)index];
        set => this[(TensorIndex)index] = value;
    }

    /// <summary>Assigns a number by one tensor, a mask or numbers; null is a new axis. Mirrors <c>x[index] = value</c>.</summary>
    /// <param name="value">The number; converted to the dtype of this tensor.</param>
    /// <param name="index">A mask, bool or uint8, whose shape is that of the first dimensions; or integers of any shape.</param>
    /// <returns>This tensor.</returns>
    /// <exception cref="TorchIndexException">
    /// The mask has another shape, a number is out of range, or the index is neither integer nor bool.
    /// </exception>
    /// <exception cref="TorchException">The value does not fit the dtype, or the tensor is a leaf that requires a gradient.</exception>
    [System.Runtime.CompilerServices.OverloadResolutionPriority(1)]
    public Tensor SetItem(Scalar value, Tensor? index) => SetItem(value, (TensorIndex)index);

    /// <summary>Assigns a number to a part. Mirrors <c>x[...] = value</c>.</summary>
    /// <param name="value">The number; converted to the dtype of this tensor.</param>
    /// <param name="indices">The part, as in the indexer.</param>
    /// <returns>This tensor.</returns>
    /// <exception cref="TorchIndexException">
    /// An index is out of range, there are more indices than dimensions, or a mask has another shape.
    /// </exception>
    /// <exception cref="TorchException">
    /// The value does not fit the dtype, elements share memory, or the tensor is a leaf that requires a gradient.
    /// </exception>
    public unsafe Tensor SetItem(Scalar value, params ReadOnlySpan<TensorIndex> indices)
    {
        using var self = new Borrow(this);
        using var parts = new IndexBorrow(indices);
        NativeError.Check(NativeMethods.tb_tensor_index_put_scalar(self.Handle, parts.Pointer, parts.Length, &value));
        return this;
    }

    /// <summary>The native form of an index, with its tensors held for the call.</summary>
    private unsafe ref struct IndexBorrow : IDisposable
    {
        private const int InlineCapacity = 8;

        [System.Runtime.CompilerServices.InlineArray(InlineCapacity)]
        private struct Inline { private TensorIndex.NativeIndex _first; }

        private readonly ReadOnlySpan<TensorIndex> _indices;
        private readonly TensorHandle?[]? _held;
        private Inline _inline;

        public IndexBorrow(ReadOnlySpan<TensorIndex> indices)
        {
            if (indices.Length > InlineCapacity)
                _more = new TensorIndex.NativeIndex[indices.Length];
            _indices = indices;
            for (var i = 0; i < indices.Length; i++)
            {
                nint handle = 0;
                if (indices[i].Tensor is { } tensor)
                {
                    _held ??= new TensorHandle?[indices.Length];
                    try
                    {
                        _held[i] = tensor.Hold($"indices[{i}]");
                    }
                    catch
                    {
                        Dispose();
                        throw;
                    }
                    handle = _held[i]!.Value;
                }
                if (_more is null)
                    _inline[i] = indices[i].ToNative(handle);
                else
                    _more[i] = indices[i].ToNative(handle);
            }
            if (_more is not null)
                _pin = System.Runtime.InteropServices.GCHandle.Alloc(_more, System.Runtime.InteropServices.GCHandleType.Pinned);
        }

        private readonly TensorIndex.NativeIndex[]? _more;
        private System.Runtime.InteropServices.GCHandle _pin;

        public readonly long Length => _indices.Length;

        public readonly tb_index* Pointer => _more is not null
            ? (tb_index*)_pin.AddrOfPinnedObject()
            : (tb_index*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref System.Runtime.CompilerServices.Unsafe.AsRef(in _inline));

        public readonly void Dispose()
        {
            if (_pin.IsAllocated)
                _pin.Free();
            if (_held is null)
                return;
            foreach (var handle in _held)
                handle?.Release();
        }
    }
}
