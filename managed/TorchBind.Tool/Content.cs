using System.Globalization;
using System.Numerics;
using TorchBind.Serialization;
using TorchBind.Serialization.Pickle;

namespace TorchBind.Tool;

/// <summary>A tensor of a checkpoint with the way to it.</summary>
/// <param name="Name">Keys and indices, joined by dots.</param>
/// <param name="Entry">Its description.</param>
internal sealed record FoundTensor(string Name, TensorEntry Entry);

/// <summary>
/// Keeps a walk through a checkpoint short. What a file refers to from two places is gone through twice, and a small file can make that two to any
/// power: so much of it is enough, and what contains itself is not entered at all.
/// </summary>
internal sealed class Visits
{
    private readonly HashSet<object> _open = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<object> _seen = new(ReferenceEqualityComparer.Instance);
    private long _again = 200_000;

    /// <summary>Whether to go through the parts of a value; then <see cref="Leave"/> has to follow.</summary>
    public bool Enter(object value, IEnumerable<(string Name, object? Value)> parts)
    {
        if (_open.Contains(value))
            return false;
        if (!_seen.Add(value))
        {
            if (_again <= 0)
                return false;
            _again -= 1 + parts.Count();
        }
        return _open.Add(value);
    }

    /// <summary>Ends what <see cref="Enter"/> began.</summary>
    public void Leave(object value) => _open.Remove(value);
}

/// <summary>Goes through what a checkpoint holds.</summary>
internal sealed class Content
{
    private readonly Visits _visits = new();
    private readonly HashSet<object> _seen = new(ReferenceEqualityComparer.Instance);
    private const int MaxDepth = 200;
    private const int MaxName = 2000;

    /// <summary>The tensors in the order of the file; one that occurs under two names is listed twice.</summary>
    public List<FoundTensor> Tensors { get; } = [];

    /// <summary>Names of classes and functions that were left as they are, with the places where they occur.</summary>
    public OrderedDictionary<string, List<string>> Opaque { get; } = new(StringComparer.Ordinal);

    public static Content Of(Checkpoint checkpoint)
    {
        var content = new Content();
        content.Walk(checkpoint.Root.Raw, "", 0);
        return content;
    }

    /// <summary>What hangs below a value, with the name of each part; null for a value without parts.</summary>
    public static IEnumerable<(string Name, object? Value)>? Parts(object? value) => value switch
    {
        PickleDictionary dictionary => dictionary.Select(static e => (Key(e.Key), e.Value)).Concat(Attributes(dictionary)),
        List<object?> list => list.Select(static (item, i) => (Index(i), item)),
        PickleTuple { IsSize: false } tuple => tuple.Select(static (item, i) => (Index(i), item)),
        PickleSet set when set.Any(static i => i is PickleTuple) => set.Select(static (item, i) => (Index(i), item)),
        PickleObject thing => ObjectParts(thing),
        NumpyArray { Objects.Count: > 0 } array => array.Objects.Select(static (item, i) => (Index(i), item)),
        _ => null,
    };

    private static IEnumerable<(string, object?)> Attributes(PickleDictionary dictionary) =>
        dictionary.Attributes?.Where(static a => a.Key is not "_metadata").Select(static a => (Key(a.Key), a.Value)) ?? [];

    private static IEnumerable<(string, object?)> ObjectParts(PickleObject thing)
    {
        for (var i = 0; i < thing.Arguments.Count; i++)
            yield return ($"argument {Index(i)}", thing.Arguments[i]);
        foreach (var (key, value) in thing.KeywordArguments ?? new PickleDictionary())
            yield return (Key(key), value);
        if (thing.State is PickleDictionary attributes)
        {
            foreach (var (key, value) in attributes)
                yield return (Key(key), value);
        }
        else if (thing.State is not null)
        {
            yield return ("state", thing.State);
        }
        for (var i = 0; i < thing.Items.Count; i++)
            yield return (Index(i), thing.Items[i]);
        foreach (var (key, value) in thing.Entries)
            yield return (Key(key), value);
    }

    private static string Index(int i) => i.ToString(CultureInfo.InvariantCulture);

    public static string Key(object? key) => key as string ?? Describe(key);

    /// <summary>A value in a few words.</summary>
    public static string Describe(object? value) => value switch
    {
        null => "None",
        bool b => b ? "True" : "False",
        long or BigInteger => string.Create(CultureInfo.InvariantCulture, $"{value}"),
        double d => d.ToString("R", CultureInfo.InvariantCulture),
        Complex c => string.Create(CultureInfo.InvariantCulture, $"({c.Real:R}{(c.Imaginary < 0 || double.IsNegative(c.Imaginary) ? "" : "+")}{c.Imaginary:R}j)"),
        string s => "'" + Terminal.Clean(s) + "'",
        byte[] bytes => Terminal.Count(bytes.Length, "byte"),
        PickleByteArray array => Terminal.Count(array.Bytes.Length, "byte"),
        TensorEntry tensor => Tensor(tensor),
        NumpyArray array => $"NumPy {array.TypeName} [{string.Join(", ", array.Shape)}]",
        PickleTuple { IsSize: true } size => $"Size([{string.Join(", ", size.Select(Describe))}])",
        PickleTuple tuple => Short("tuple", tuple.Count, tuple, "(", ")"),
        List<object?> list => Short("list", list.Count, list, "[", "]"),
        PickleSet set => Short(set.IsFrozen ? "frozenset" : "set", set.Count, set, "{", "}"),
        PickleDictionary dictionary => $"{KindOf(dictionary)}, {(dictionary.Count == 1 ? "1 entry" : $"{dictionary.Count:N0} entries")}",
        DType dtype => "torch." + dtype.Name(),
        PickleGlobal name => Terminal.Clean(name.FullName),
        PickleObject thing => $"<{Terminal.Clean(thing.TypeName)}>",
        StorageEntry storage => $"storage, {Terminal.Size(storage.ByteLength)}",
        _ => Terminal.Clean(value.ToString() ?? ""),
    };

    private static string KindOf(PickleDictionary dictionary) => dictionary.Count > 0 && dictionary.All(static e => e.Value is TensorEntry) ? "tensors by name" : dictionary.Kind.ToString().ToLowerInvariant();

    // A short list of plain values in full, others by their length.
    private static string Short(string kind, int count, IEnumerable<object?> items, string open, string close) =>
        count <= 8 && items.All(IsPlain) ? $"{open}{string.Join(", ", items.Select(Describe))}{close}" : $"{kind}, {Terminal.Count(count, "item")}";

    /// <summary>Whether <see cref="Describe"/> says all there is.</summary>
    public static bool IsPlain(object? value) => value switch
    {
        PickleTuple { IsSize: false } tuple => tuple.Count <= 8 && tuple.All(static i => i is not PickleTuple && IsPlain(i)),
        List<object?> list => list.Count <= 8 && list.All(static i => i is not (List<object?> or PickleTuple) && IsPlain(i)),
        _ => Parts(value) is null,
    };

    /// <summary>Type, shape, size and what else there is to know about a tensor.</summary>
    public static string Tensor(TensorEntry tensor)
    {
        var notes = new List<string> { $"{tensor.DType.Name()} [{string.Join(", ", tensor.Shape)}]" };
        if (tensor.Kind is not (TensorEntryKind.Strided or TensorEntryKind.Chunked))
            notes.Add(tensor.Kind.ToString().ToLowerInvariant() + (tensor.Layout == Layout.Strided ? "" : $" ({tensor.Layout})"));
        if (tensor.IsParameter)
            notes.Add("parameter");
        if (tensor.SubclassName is { } name)
            notes.Add(Terminal.Clean(name));
        if (tensor.IsConjugate)
            notes.Add("conjugate");
        if (tensor.IsNegative)
            notes.Add("negative");
        if (tensor.Storage is { Location: not "cpu" } storage)
            notes.Add("saved from " + Terminal.Clean(storage.Location));
        notes.Add(Terminal.Size(Bytes(tensor)));
        return string.Join(", ", notes);
    }

    /// <summary>The size of the elements, whatever they are stored in.</summary>
    public static long Bytes(TensorEntry tensor) => tensor.Kind switch
    {
        TensorEntryKind.Meta => 0,
        TensorEntryKind.Sparse or TensorEntryKind.Nested => tensor.Parts.Sum(Bytes),
        _ => Product(tensor.ElementCount, tensor.DType.ItemSize()),
    };

    /// <summary>Whether a copy of the elements would take far more memory than the file has for them: views and sparse tensors can be of any size.</summary>
    public static bool IsFarLarger(TensorEntry tensor)
    {
        long stored = tensor.Storage?.ByteLength ?? tensor.Parts.Sum(Bytes);
        long dense = Product(tensor.ElementCount, tensor.DType.ItemSize());
        return tensor.Kind != TensorEntryKind.Meta && dense > 1L << 28 && dense / 64 > stored;
    }

    private static long Product(long count, int size) => count > long.MaxValue / Math.Max(1, size) ? long.MaxValue : count * size;

    private void Walk(object? value, string path, int depth)
    {
        switch (value)
        {
            case TensorEntry tensor:
                Tensors.Add(new FoundTensor(path, tensor));
                return;
            case PickleObject thing when _seen.Add(thing):
                Note(thing.TypeName, path);
                break;
            case PickleGlobal name:
                Note(name.FullName, path);
                return;
        }
        if (Parts(value) is not { } parts || depth > MaxDepth || !_visits.Enter(value!, parts))
            return;
        foreach (var (name, part) in parts)
            Walk(part, Name(path, name), depth + 1);
        _visits.Leave(value!);
    }

    // Long keys over many tensors would make names of any length together; they are cut where no program's names are as long.
    private static string Name(string path, string name)
    {
        var joined = path.Length == 0 ? name : $"{path}.{name}";
        return joined.Length <= MaxName ? joined : joined[..MaxName];
    }

    private void Note(string type, string path)
    {
        if (!Opaque.TryGetValue(type, out var places))
            Opaque.Add(type, places = []);
        places.Add(path);
    }
}
