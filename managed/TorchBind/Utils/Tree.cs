using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TorchBind.Utils;

/// <summary>
/// Values with tensors inside: a tensor, an array, list or tuple of such values, a dictionary by name, or anything else, which is a leaf by itself.
/// They are taken apart into leaves and a shape, and put together again around other leaves. What <c>torch.utils._pytree</c> does.
/// </summary>
internal static class Tree
{
    /// <summary>Appends the leaves, in order, and returns the shape. A null is one leaf.</summary>
    internal static TreeShape Flatten(object? value, List<object?> leaves)
    {
        switch (value)
        {
            case Tensor or string or null:
                break;
            case ITuple tuple:
                var items = new TreeShape[tuple.Length];
                for (var i = 0; i < items.Length; i++)
                    items[i] = Flatten(tuple[i], leaves);
                return new TupleShape(tuple.GetType(), items);
            case IDictionary dictionary:
                var keys = new List<object>(dictionary.Count);
                var values = new List<TreeShape>(dictionary.Count);
                foreach (DictionaryEntry entry in dictionary)
                {
                    keys.Add(entry.Key);
                    values.Add(Flatten(entry.Value, leaves));
                }
                return new DictionaryShape(dictionary.GetType(), [.. keys], [.. values]);
            case IList list when HoldsTensors(list):
                var elements = new TreeShape[list.Count];
                for (var i = 0; i < elements.Length; i++)
                    elements[i] = Flatten(list[i], leaves);
                return list is Array ? new ArrayShape(list.GetType().GetElementType()!, elements) : new ListShape(list.GetType(), elements);
        }
        leaves.Add(value);
        return LeafShape.Instance;
    }

    /// <summary>The leaves, in order.</summary>
    internal static List<object?> Flatten(object? value)
    {
        var leaves = new List<object?>();
        Flatten(value, leaves);
        return leaves;
    }

    /// <summary>The tensors among the leaves, in order.</summary>
    internal static IEnumerable<Tensor> Tensors(object? value) => value is Tensor tensor ? [tensor] : Flatten(value).OfType<Tensor>();

    /// <summary>A value of the same shape with every tensor replaced.</summary>
    internal static T Map<T>(T value, Func<Tensor, Tensor> map)
    {
        if (value is Tensor tensor)
            return (T)(object)map(tensor);
        var leaves = new List<object?>();
        var shape = Flatten(value, leaves);
        for (var i = 0; i < leaves.Count; i++)
        {
            if (leaves[i] is Tensor leaf)
                leaves[i] = map(leaf);
        }
        return shape.Build<T>(CollectionsMarshal.AsSpan(leaves));
    }

    // Lists of numbers and the like are leaves by themselves.
    private static bool HoldsTensors(IList list) => list is not Array { Rank: > 1 }
        && (list is IEnumerable<Tensor?> or object?[] or IEnumerable<ITuple> || (list.Count != 0 && list[0] is Tensor or ITuple or IDictionary or IList));
}

/// <summary>How a value is made of its leaves.</summary>
internal abstract class TreeShape
{
    /// <summary>Why collections may be made by reflection.</summary>
    private protected const string Constructors = "A value is rebuilt with a constructor of the type of the value it was taken from.";

    /// <summary>The parts of a value that is no leaf, in order.</summary>
    internal virtual IReadOnlyList<TreeShape> Children => [];

    /// <summary>Number of leaves.</summary>
    internal virtual int Leaves => Children.Sum(static child => child.Leaves);

    /// <summary>The value around these leaves.</summary>
    internal T Build<T>(ReadOnlySpan<object?> leaves)
    {
        var rest = leaves;
        var result = Build(ref rest);
        return (T)result!;
    }

    internal abstract object? Build(ref ReadOnlySpan<object?> leaves);

    /// <summary>Whether values of both shapes have their leaves in the same places.</summary>
    internal bool SameAs(TreeShape other)
    {
        if (Children.Count != other.Children.Count || this is LeafShape != other is LeafShape)
            return false;
        for (var i = 0; i < Children.Count; i++)
        {
            if (!Children[i].SameAs(other.Children[i]))
                return false;
        }
        return this is not DictionaryShape mine || (other is DictionaryShape theirs && mine.Keys.SequenceEqual(theirs.Keys));
    }

    private protected object?[] BuildChildren(ref ReadOnlySpan<object?> leaves)
    {
        var items = new object?[Children.Count];
        for (var i = 0; i < items.Length; i++)
            items[i] = Children[i].Build(ref leaves);
        return items;
    }
}

/// <summary>A tensor, or what is no collection.</summary>
internal sealed class LeafShape : TreeShape
{
    internal static readonly LeafShape Instance = new();

    internal override int Leaves => 1;

    internal override object? Build(ref ReadOnlySpan<object?> leaves)
    {
        var leaf = leaves[0];
        leaves = leaves[1..];
        return leaf;
    }
}

/// <summary>A tuple.</summary>
internal sealed class TupleShape(Type type, TreeShape[] items) : TreeShape
{
    internal override IReadOnlyList<TreeShape> Children => items;

    [UnconditionalSuppressMessage("Trimming", "IL2067", Justification = Constructors)]
    internal override object? Build(ref ReadOnlySpan<object?> leaves)
    {
        var values = BuildChildren(ref leaves);
        // The usual ones without reflection.
        if (type == typeof((Tensor, Tensor)))
            return ((Tensor)values[0]!, (Tensor)values[1]!);
        if (type == typeof((Tensor, Tensor, Tensor)))
            return ((Tensor)values[0]!, (Tensor)values[1]!, (Tensor)values[2]!);
        if (type == typeof((Tensor, Tensor, Tensor, Tensor)))
            return ((Tensor)values[0]!, (Tensor)values[1]!, (Tensor)values[2]!, (Tensor)values[3]!);
        // What an LSTM returns.
        if (type == typeof((Tensor, (Tensor, Tensor))))
            return ((Tensor)values[0]!, ((Tensor, Tensor))values[1]!);
        // The eighth item of a tuple is a tuple of the rest.
        if (values.Length > 7)
            throw new NotSupportedException("Tuples of more than seven values are not supported here; nest them, or use an array.");
        return Activator.CreateInstance(type, values);
    }
}

/// <summary>A dictionary.</summary>
internal sealed class DictionaryShape(Type type, object[] keys, TreeShape[] values) : TreeShape
{
    internal override IReadOnlyList<TreeShape> Children => values;

    internal IReadOnlyList<object> Keys => keys;

    [UnconditionalSuppressMessage("Trimming", "IL2067", Justification = Constructors)]
    internal override object? Build(ref ReadOnlySpan<object?> leaves)
    {
        var built = type == typeof(Dictionary<string, Tensor>)
            ? new Dictionary<string, Tensor>(keys.Length)
            : (IDictionary)(Activator.CreateInstance(type) ?? throw new NotSupportedException($"{type} cannot be made empty."));
        var items = BuildChildren(ref leaves);
        for (var i = 0; i < items.Length; i++)
            built[keys[i]] = items[i];
        return built;
    }
}

/// <summary>An array.</summary>
internal sealed class ArrayShape(Type element, TreeShape[] items) : TreeShape
{
    internal override IReadOnlyList<TreeShape> Children => items;

    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = "The array type is that of the value the shape was taken from.")]
    internal override object? Build(ref ReadOnlySpan<object?> leaves)
    {
        var values = BuildChildren(ref leaves);
        if (element == typeof(object))
            return values;
        if (element == typeof(Tensor))
            return Array.ConvertAll(values, static value => (Tensor)value!);
        var built = Array.CreateInstance(element, values.Length);
        Array.Copy(values, built, values.Length);
        return built;
    }
}

/// <summary>A list.</summary>
internal sealed class ListShape(Type type, TreeShape[] items) : TreeShape
{
    internal override IReadOnlyList<TreeShape> Children => items;

    [UnconditionalSuppressMessage("Trimming", "IL2067", Justification = Constructors)]
    internal override object? Build(ref ReadOnlySpan<object?> leaves)
    {
        var values = BuildChildren(ref leaves);
        var built = type == typeof(List<Tensor>)
            ? new List<Tensor>(values.Length)
            : (IList)(Activator.CreateInstance(type) ?? throw new NotSupportedException($"{type} cannot be made empty."));
        foreach (var value in values)
            built.Add(value);
        return built;
    }
}
