using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace TorchBind.Data;

/// <summary>
/// Makes one batch of samples, by the kind of their parts. What it knows, Python's <c>default_collate</c> does too; arrays of
/// numbers stand for NumPy's arrays.
/// </summary>
internal static class Collation
{
    internal const string Known = "tensors, numbers, strings, arrays, lists, tuples and dictionaries of these";

    /// <summary>The function for these two types; found once per loader, not once per batch.</summary>
    internal static Func<IReadOnlyList<TSample>, TBatch> For<
        TSample, [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TBatch>()
    {
        // The usual types, without boxing a sample.
        if (typeof(TSample) == typeof(Tensor) && typeof(TBatch) == typeof(Tensor))
            return Cast<TSample, TBatch, Tensor, Tensor>(static samples => Stack(samples, static s => s));
        if (typeof(TSample) == typeof(Tensor[]) && typeof(TBatch) == typeof(Tensor[]))
            return Cast<TSample, TBatch, Tensor[], Tensor[]>(Rows);
        if (typeof(TBatch) == typeof((Tensor, Tensor)))
        {
            if (typeof(TSample) == typeof((Tensor, Tensor)))
            {
                return Cast<TSample, TBatch, (Tensor, Tensor), (Tensor, Tensor)>(static samples =>
                    (Stack(samples, static s => s.Item1), Stack(samples, static s => s.Item2)));
            }
            if (typeof(TSample) == typeof((Tensor, long)))
            {
                return Cast<TSample, TBatch, (Tensor, long), (Tensor, Tensor)>(static samples =>
                    (Stack(samples, static s => s.Item1), Torch.Tensor(Column(samples, static s => s.Item2))));
            }
            if (typeof(TSample) == typeof((Tensor, int)))
            {
                return Cast<TSample, TBatch, (Tensor, int), (Tensor, Tensor)>(static samples =>
                    (Stack(samples, static s => s.Item1), Torch.Tensor(Column(samples, static s => (long)s.Item2))));
            }
        }
        return static samples =>
        {
            var boxed = new object?[samples.Count];
            for (var i = 0; i < boxed.Length; i++)
                boxed[i] = samples[i];
            return (TBatch)Collate(boxed, typeof(TBatch));
        };
    }

    private static Func<IReadOnlyList<TSample>, TBatch> Cast<TSample, TBatch, TKnownSample, TKnownBatch>(
        Func<IReadOnlyList<TKnownSample>, TKnownBatch> function) =>
        (Func<IReadOnlyList<TSample>, TBatch>)(object)function;

    private static Tensor Stack<T>(IReadOnlyList<T> samples, Func<T, Tensor> part)
    {
        var tensors = new Tensor[samples.Count];
        for (var i = 0; i < tensors.Length; i++)
            tensors[i] = part(samples[i]) ?? throw Unknown(null);
        return Torch.Stack(tensors);
    }

    private static TPart[] Column<T, TPart>(IReadOnlyList<T> samples, Func<T, TPart> part)
    {
        var column = new TPart[samples.Count];
        for (var i = 0; i < column.Length; i++)
            column[i] = part(samples[i]);
        return column;
    }

    private static Tensor[] Rows(IReadOnlyList<Tensor[]> samples)
    {
        var batch = new Tensor[samples[0].Length];
        foreach (var sample in samples)
        {
            if (sample.Length != batch.Length)
                throw UnequalSizes();
        }
        for (var i = 0; i < batch.Length; i++)
        {
            var part = i;
            batch[i] = Stack(samples, sample => sample[part]);
        }
        return batch;
    }

    private static object Collate(object?[] parts, [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] Type target)
    {
        switch (parts[0])
        {
            case Tensor:
                return Stack(parts, static part => (Tensor)part!);
            case long or int:
                return Torch.Tensor(Column(parts, static part => part is int small ? small : (long)part!));
            case double:
                return Torch.Tensor(Column(parts, static part => (double)part!));
            case float:
                return Torch.Tensor(Column(parts, static part => (float)part!));
            case bool:
                return Torch.Tensor(Column(parts, static part => (bool)part!));
            case byte:
                return Torch.Tensor(Column(parts, static part => (byte)part!));
            case string:
                return Column(parts, static part => (string)part!);
            case float[]:
                return Matrix<float>(parts);
            case double[]:
                return Matrix<double>(parts);
            case long[]:
                return Matrix<long>(parts);
            case int[]:
                return Matrix<int>(parts);
            case byte[]:
                return Matrix<byte>(parts);
            case bool[]:
                return Matrix<bool>(parts);
            case ITuple tuple:
                return Tuple(parts, tuple.Length, target);
            case IDictionary dictionary:
                return Dictionary(parts, dictionary, target);
            case IList list:
                return List(parts, list.Count, target);
            default:
                throw Unknown(parts[0]?.GetType());
        }
    }

    private static Tensor Matrix<T>(object?[] parts) where T : unmanaged
    {
        var width = ((T[])parts[0]!).Length;
        var values = new T[checked(parts.Length * width)];
        for (var i = 0; i < parts.Length; i++)
        {
            var row = (T[])parts[i]!;
            if (row.Length != width)
                throw UnequalSizes();
            row.CopyTo(values, i * width);
        }
        using var flat = Torch.Tensor(values);
        return flat.View((parts.Length, width));
    }

    private static object Tuple(object?[] parts, int length, [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] Type target)
    {
        var types = target.IsGenericType ? target.GetGenericArguments() : [];
        if (types.Length != length || length > 7)
            throw NoRoom(parts[0]!, target);
        var columns = new object[length];
        for (var i = 0; i < length; i++)
            columns[i] = Fit(Collate(Column(parts, part => ((ITuple)part!)[i]), PartOf(types[i])), types[i]);
        return TupleFactory.Make(target, columns);
    }

    [UnconditionalSuppressMessage("Trimming", "IL2068", Justification = "Parts are tuples of the framework, lists and dictionaries; see TupleFactory.")]
    [return: DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)]
    private static Type PartOf(Type type) => type;

    private static object Dictionary(object?[] parts, IDictionary first, Type target)
    {
        var columns = new Dictionary<string, object>(first.Count);
        foreach (var key in first.Keys)
        {
            if (key is not string name)
                throw new ArgumentException($"A sample's dictionary has the key {key} of type {key.GetType()}; keys of samples are strings.");
            columns.Add(name, Collate(Column(parts, part =>
                ((IDictionary)part!).Contains(key) ? ((IDictionary)part!)[key] : throw new ArgumentException($"A sample of the batch has no '{name}'.")), typeof(object)));
        }
        if (target.IsAssignableFrom(typeof(Dictionary<string, object>)) && target != typeof(object))
            return columns;
        if (!target.IsAssignableFrom(typeof(Dictionary<string, Tensor>)))
            throw NoRoom(first, target);
        var tensors = new Dictionary<string, Tensor>(columns.Count);
        foreach (var (name, column) in columns)
            tensors.Add(name, (Tensor)Fit(column, typeof(Tensor)));
        return tensors;
    }

    private static object List(object?[] parts, int length, Type target)
    {
        foreach (var part in parts)
        {
            if (((IList)part!).Count != length)
                throw UnequalSizes();
        }
        var columns = new object[length];
        for (var i = 0; i < length; i++)
            columns[i] = Collate(Column(parts, part => ((IList)part!)[i]), typeof(object));
        if (target == typeof(object[]))
            return columns;
        var tensors = Column(columns, static column => (Tensor)Fit(column, typeof(Tensor)));
        if (target.IsAssignableFrom(typeof(Tensor[])))
            return tensors;
        if (target.IsAssignableFrom(typeof(List<Tensor>)))
            return new List<Tensor>(tensors);
        throw NoRoom(parts[0]!, target);
    }

    private static object Fit(object value, Type target) => target.IsInstanceOfType(value)
        ? value
        : throw new ArgumentException($"A part of the samples collates to {Name(value.GetType())}, and the batch has room for {Name(target)} there.");

    private static ArgumentException NoRoom(object sample, Type target) =>
        new($"Samples of type {Name(sample.GetType())} cannot be collated to a batch of type {Name(target)}: give the loader a collateFn.");

    private static ArgumentException Unknown(Type? type) =>
        new($"default_collate knows {Known}; the samples hold {(type is null ? "null" : Name(type))}. Give the loader a collateFn.");

    private static ArgumentException UnequalSizes() => new("The samples of a batch are lists of different lengths, which do not stack; give a collateFn of your own.");

    private static string Name(Type type) => type.ToString();
}

/// <summary>Makes a tuple of parts that are known at run time.</summary>
internal static class TupleFactory
{
    [UnconditionalSuppressMessage("Trimming", "IL2067", Justification = "The type argument that names the tuple keeps its constructor; a tuple nested inside is built by its code.")]
    internal static object Make([DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] Type type, object[] parts) =>
        Activator.CreateInstance(type, parts) ?? throw new ArgumentException($"{type} cannot be made of {parts.Length} parts.");

    /// <summary>A tuple of the same type with other parts.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2072", Justification = "The tuple exists, so its code is kept; the loader's type argument keeps the constructor.")]
    internal static object Like(ITuple tuple, object[] parts) => Make(tuple.GetType(), parts);
}
