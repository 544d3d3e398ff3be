using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TorchBind;

/// <summary>
/// A list of integers as an argument: sizes, dimensions, strides. Made from a number, a tuple, an array, a span, a
/// <see cref="Shape"/> or a collection expression, without allocation. <c>default</c> means that the argument is not given.
/// </summary>
[CollectionBuilder(typeof(IntListBuilder), nameof(IntListBuilder.Create))]
public readonly ref struct IntList
{
    [InlineArray(Shape.InlineCapacity)]
    private struct Inline { private long _first; }

    private readonly ReadOnlySpan<long> _span;
    private readonly Inline _inline;
    private readonly int _inlineLength; // > 0: the values are in _inline
    private readonly bool _given;

    /// <summary>A list over the span, which is not copied.</summary>
    public IntList(ReadOnlySpan<long> values)
    {
        _span = values;
        _given = true;
    }

    private IntList(long v0, long v1 = 0, long v2 = 0, long v3 = 0, int length = 1)
    {
        _inline[0] = v0;
        _inline[1] = v1;
        _inline[2] = v2;
        _inline[3] = v3;
        _inlineLength = length;
        _given = true;
    }

    private IntList(scoped in Shape shape)
    {
        _given = true;
        if (shape.Length is > 0 and <= Shape.InlineCapacity)
        {
            shape.Span.CopyTo(_inline);
            _inlineLength = shape.Length;
        }
        else
        {
            _span = shape.ToArray();
        }
    }

    /// <summary>Whether the argument was given.</summary>
    public bool IsGiven => _given;

    /// <summary>Number of values; -1 when the argument is not given.</summary>
    public int Length => !_given ? -1 : _inlineLength > 0 ? _inlineLength : _span.Length;

    /// <summary>The values; empty when the argument is not given.</summary>
    [UnscopedRef]
    public ReadOnlySpan<long> Span => _inlineLength > 0 ? ((ReadOnlySpan<long>)_inline)[.._inlineLength] : _span;

    [UnscopedRef]
    internal ref readonly long Reference =>
        ref _inlineLength > 0 ? ref Unsafe.As<Inline, long>(ref Unsafe.AsRef(in _inline)) : ref MemoryMarshal.GetReference(_span);

    /// <summary>This list, or the other one when the argument is not given.</summary>
    internal IntList Or(ReadOnlySpan<long> standard) => _given ? this : new IntList(standard);

    /// <summary>A list of one.</summary>
    public static implicit operator IntList(int value) => new(value);
    /// <summary>A list of one.</summary>
    public static implicit operator IntList(long value) => new(value);
    /// <summary>A list of two.</summary>
    public static implicit operator IntList((long, long) values) => new(values.Item1, values.Item2, length: 2);
    /// <summary>A list of three.</summary>
    public static implicit operator IntList((long, long, long) values) => new(values.Item1, values.Item2, values.Item3, length: 3);
    /// <summary>A list of four.</summary>
    public static implicit operator IntList((long, long, long, long) values) =>
        new(values.Item1, values.Item2, values.Item3, values.Item4, 4);
    /// <summary>The array's values; null: not given.</summary>
    public static implicit operator IntList(long[]? values) => values is null ? default : new((ReadOnlySpan<long>)values);
    /// <summary>A copy of the array's values; null: not given.</summary>
    public static implicit operator IntList(int[]? values) =>
        values is null ? default : new((ReadOnlySpan<long>)Array.ConvertAll(values, static v => (long)v));
    /// <summary>The span's values.</summary>
    public static implicit operator IntList(ReadOnlySpan<long> values) => new(values);
    /// <summary>The span's values.</summary>
    public static implicit operator IntList(Span<long> values) => new(values);
    /// <summary>The sizes.</summary>
    public static implicit operator IntList(Shape shape) => new(in shape);

    /// <summary>Enumerates the values.</summary>
    /// <returns>The enumerator; of nothing when the argument is not given.</returns>
    [UnscopedRef]
    public ReadOnlySpan<long>.Enumerator GetEnumerator() => Span.GetEnumerator();
}

/// <summary>Makes an <see cref="IntList"/> of a collection expression.</summary>
public static class IntListBuilder
{
    /// <summary>A list over the values.</summary>
    /// <param name="values">The values; not copied.</param>
    /// <returns>The list, also given when it is empty.</returns>
    public static IntList Create(ReadOnlySpan<long> values) => new(values);
}
