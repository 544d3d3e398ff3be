using System.Runtime.InteropServices;

namespace TorchBind;

/// <summary>
/// One part of an index: an integer, a range, a tensor, a boolean, an ellipsis, or null for a new axis. Made by implicit conversion:
/// <c>x[0, 1..^1, .., mask, null]</c>.
/// </summary>
/// <remarks>A range end of <c>^n</c> counts from the end as in C#, and ranges beyond the end are clipped as in Python.</remarks>
public readonly struct TensorIndex
{
    private const long Absent = long.MinValue;

    private readonly long _start;
    private readonly long _stop;
    private readonly long _step;
    private readonly Kind _kind;

    private enum Kind
    {
        None = 0,
        Ellipsis = 1,
        Integer = 2,
        Boolean = 3,
        Slice = 4,
        Tensor = 5,
    }

    private TensorIndex(Kind kind, long start = 0, long stop = 0, long step = 1, Tensor? tensor = null)
    {
        _kind = kind;
        _start = start;
        _stop = stop;
        _step = step;
        Tensor = tensor;
    }

    internal Tensor? Tensor { get; }

    internal bool IsInteger => _kind == Kind.Integer;

    internal bool IsEllipsis => _kind == Kind.Ellipsis;

    internal long Integer => _start;

    /// <summary>As many full slices as are needed.</summary>
    public static TensorIndex Ellipsis => new(Kind.Ellipsis);

    /// <summary>A new axis of size one.</summary>
    public static TensorIndex NewAxis => new(Kind.None);

    /// <summary>A slice; ends that are null are open. Mirrors Python's <c>start:stop:step</c>.</summary>
    /// <param name="start">The first element; negative numbers count from the end, null: from the beginning.</param>
    /// <param name="stop">Behind the last element; negative numbers count from the end, null: to the end.</param>
    /// <param name="step">The distance between elements, 1 or more.</param>
    /// <returns>The index; ends beyond the tensor are clipped when it is used.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The step is not positive.</exception>
    public static TensorIndex Slice(long? start = null, long? stop = null, long step = 1)
    {
        if (step <= 0)
            throw new ArgumentOutOfRangeException(nameof(step), step, "The step of a slice is greater than zero; use Flip to reverse.");
        return new TensorIndex(Kind.Slice, start ?? Absent, stop ?? Absent, step);
    }

    /// <summary>One element of a dimension, which goes away.</summary>
    public static implicit operator TensorIndex(int index) => new(Kind.Integer, index);
    /// <summary>One element of a dimension, which goes away.</summary>
    public static implicit operator TensorIndex(long index) => new(Kind.Integer, index);
    /// <summary>One element, <c>^1</c> being the last.</summary>
    public static implicit operator TensorIndex(Index index) => new(Kind.Integer, index.IsFromEnd ? -(long)index.Value : index.Value);
    /// <summary>Some elements; <c>..</c> is all.</summary>
    public static implicit operator TensorIndex(Range range) => new(Kind.Slice, End(range.Start, isStop: false), End(range.End, isStop: true));
    /// <summary>Elements by a mask (bool, uint8) or by numbers.</summary>
    public static implicit operator TensorIndex(Tensor? tensor) => tensor is null ? NewAxis : new(Kind.Tensor, tensor: tensor);
    /// <summary>The elements with these numbers, as a list in Python: a copy.</summary>
    public static implicit operator TensorIndex(long[]? indices) => indices is null ? NewAxis : Torch.Tensor(indices);
    /// <summary>The elements with these numbers, as a list in Python: a copy.</summary>
    public static implicit operator TensorIndex(int[]? indices) =>
        indices is null ? NewAxis : Torch.Tensor(Array.ConvertAll(indices, static i => (long)i));
    /// <summary>The elements whose entry is true, as a list in Python: a copy.</summary>
    public static implicit operator TensorIndex(bool[]? mask) => mask is null ? NewAxis : Torch.Tensor(mask);
    /// <summary>A new axis of size one, or of size zero for false.</summary>
    public static implicit operator TensorIndex(bool value) => new(Kind.Boolean, value ? 1 : 0);

    private static long End(Index index, bool isStop) =>
        !index.IsFromEnd ? index.Value
        : index.Value != 0 ? -(long)index.Value
        : isStop ? Absent : long.MaxValue; // ^0 begins behind the last element: an empty slice

    /// <summary>The bounds of a slice; open ends are zero and the largest number.</summary>
    internal bool TryGetSlice(out long start, out long stop, out long step)
    {
        start = _start == Absent ? 0 : _start;
        stop = _stop == Absent ? long.MaxValue : _stop;
        step = _step;
        return _kind == Kind.Slice;
    }

    internal NativeIndex ToNative(nint tensor) => new()
    {
        Kind = (int)_kind,
        A = _start,
        B = _stop,
        C = _step,
        Tensor = tensor,
    };

    /// <summary>The layout of <c>tb_index</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeIndex
    {
        internal int Kind;
        internal int Reserved;
        internal long A;
        internal long B;
        internal long C;
        internal nint Tensor;
    }
}
