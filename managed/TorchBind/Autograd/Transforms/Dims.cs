using System.Collections;
using System.Globalization;
using System.Runtime.CompilerServices;
using TorchBind.Utils;

namespace TorchBind.Autograd.Transforms;

/// <summary>
/// Which dimension of tensors a <see cref="Torch.Func.Vmap{T, TResult}"/> maps over: one number for all, null for none, or a list with an entry for
/// each argument (or result, or part of one), which may be lists again: <c>0</c>, <c>(0, null)</c>, <c>[0, null, [1, 0]]</c>.
/// </summary>
[CollectionBuilder(typeof(Dims), nameof(Create))]
public readonly struct Dims : IEnumerable<Dims>
{
    private readonly Dims[]? _parts;
    private readonly int _dim;
    private readonly bool _isNone;

    private Dims(Dims[]? parts, int? dim)
    {
        _parts = parts;
        _dim = dim ?? 0;
        _isNone = parts is null && dim is null;
    }

    /// <summary>Not mapped over.</summary>
    public static Dims None => new(null, null);

    /// <summary>One entry for each part.</summary>
    public static Dims Create(ReadOnlySpan<Dims> parts) => new(parts.ToArray(), null);

    /// <summary>The same dimension of everything.</summary>
    public static implicit operator Dims(int dim) => new(null, dim);
    /// <summary>The same dimension of everything; null: nothing is mapped over.</summary>
    public static implicit operator Dims(int? dim) => new(null, dim);
    /// <summary>Of two parts.</summary>
    public static implicit operator Dims((int?, int?) dims) => new([dims.Item1, dims.Item2], null);
    /// <summary>Of three parts.</summary>
    public static implicit operator Dims((int?, int?, int?) dims) => new([dims.Item1, dims.Item2, dims.Item3], null);
    /// <summary>Of four parts.</summary>
    public static implicit operator Dims((int?, int?, int?, int?) dims) => new([dims.Item1, dims.Item2, dims.Item3, dims.Item4], null);

    internal bool IsList => _parts is not null;

    internal int? Value => _isNone ? null : _dim;

    /// <summary>One entry for each leaf of values of these shapes; null when a list does not fit.</summary>
    internal int?[]? Broadcast(IReadOnlyList<TreeShape> shapes)
    {
        var flat = new List<int?>();
        if (_parts is null)
        {
            foreach (var shape in shapes)
                Repeat(Value, shape.Leaves, flat);
            return [.. flat];
        }
        if (_parts.Length != shapes.Count)
            return null;
        for (var i = 0; i < _parts.Length; i++)
        {
            if (!_parts[i].Append(shapes[i], flat))
                return null;
        }
        return [.. flat];
    }

    private bool Append(TreeShape shape, List<int?> flat)
    {
        if (_parts is null)
        {
            Repeat(Value, shape.Leaves, flat);
            return true;
        }
        if (shape is LeafShape || Broadcast(shape.Children) is not { } parts)
            return false;
        flat.AddRange(parts);
        return true;
    }

    private static void Repeat(int? value, int count, List<int?> flat)
    {
        for (var i = 0; i < count; i++)
            flat.Add(value);
    }

    /// <summary>The parts; one for a single number.</summary>
    public IEnumerator<Dims> GetEnumerator() => (_parts ?? [this]).AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>As Python writes it: <c>0</c>, <c>None</c>, <c>(0, None)</c>.</summary>
    public override string ToString() => _parts is null
        ? Value?.ToString(CultureInfo.InvariantCulture) ?? "None"
        : $"({string.Join(", ", _parts)}{(_parts.Length == 1 ? "," : "")})";
}

/// <summary>What random operations do under a <see cref="Torch.Func.Vmap{T, TResult}"/>. The values are libtorch's.</summary>
public enum VmapRandomness
{
    /// <summary>They are an error. Python's <c>"error"</c>.</summary>
    Error = 0,

    /// <summary>Every entry of the batch sees the same numbers. Python's <c>"same"</c>.</summary>
    Same = 1,

    /// <summary>Every entry sees its own. Python's <c>"different"</c>.</summary>
    Different = 2,
}
