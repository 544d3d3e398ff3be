using System.Collections;
using System.Globalization;
using System.Numerics;
using TorchBind.Serialization.Pickle;

namespace TorchBind.Serialization;

/// <summary>What a <see cref="CheckpointValue"/> is.</summary>
public enum CheckpointValueKind
{
    /// <summary>Python's <c>None</c>.</summary>
    None,

    /// <summary>A truth value.</summary>
    Boolean,

    /// <summary>An integer of any size.</summary>
    Integer,

    /// <summary>A floating-point number.</summary>
    Float,

    /// <summary>A complex number.</summary>
    Complex,

    /// <summary>A text.</summary>
    String,

    /// <summary>Bytes, or a byte array.</summary>
    Bytes,

    /// <summary>A tensor.</summary>
    Tensor,

    /// <summary>A NumPy array.</summary>
    Array,

    /// <summary>A list.</summary>
    List,

    /// <summary>A tuple.</summary>
    Tuple,

    /// <summary>A set.</summary>
    Set,

    /// <summary>A dictionary, among them state dicts.</summary>
    Dictionary,

    /// <summary>A shape.</summary>
    Size,

    /// <summary>An element type.</summary>
    DType,

    /// <summary>A device.</summary>
    Device,

    /// <summary>The name of a class or function.</summary>
    Name,

    /// <summary>An object of a Python class that TorchBind does not interpret; its attributes can be read.</summary>
    Object,

    /// <summary>Something else, such as a storage.</summary>
    Other,
}

/// <summary>
/// A value in a checkpoint, and the way to what is in it: <c>(Tensor)checkpoint["optimizer"]["state"][0]["exp_avg"]</c>. Asking for what is
/// not there, or for another kind than it is, gives a <see cref="CheckpointException"/> that names the place.
/// </summary>
public sealed class CheckpointValue : IEnumerable<CheckpointValue>
{
    private readonly TensorLoader? _loader;
    private readonly string _path;

    internal CheckpointValue(object? raw, TensorLoader? loader, string path)
    {
        Raw = raw;
        _loader = loader;
        _path = path;
    }

    /// <summary>
    /// The value itself: null, a <see cref="bool"/>, <see cref="long"/>, <see cref="BigInteger"/>, <see cref="double"/>, <see cref="System.Numerics.Complex"/>,
    /// <see cref="string"/>, byte array, <see cref="List{T}"/> of objects, <see cref="PickleTuple"/>, <see cref="PickleSet"/>, <see cref="PickleDictionary"/>,
    /// <see cref="PickleByteArray"/>, <see cref="TensorEntry"/>, <see cref="StorageEntry"/>, <see cref="NumpyArray"/>, <see cref="TorchBind.DType"/>, <see cref="TorchBind.Device"/>,
    /// <see cref="TorchBind.Layout"/>, <see cref="PickleGlobal"/> or <see cref="PickleObject"/>.
    /// </summary>
    public object? Raw { get; }

    /// <summary>What it is.</summary>
    public CheckpointValueKind Kind => Raw switch
    {
        null => CheckpointValueKind.None,
        bool => CheckpointValueKind.Boolean,
        long or BigInteger => CheckpointValueKind.Integer,
        double => CheckpointValueKind.Float,
        Complex => CheckpointValueKind.Complex,
        string => CheckpointValueKind.String,
        byte[] or PickleByteArray => CheckpointValueKind.Bytes,
        TensorEntry => CheckpointValueKind.Tensor,
        NumpyArray => CheckpointValueKind.Array,
        List<object?> => CheckpointValueKind.List,
        PickleTuple { IsSize: true } => CheckpointValueKind.Size,
        PickleTuple => CheckpointValueKind.Tuple,
        PickleSet => CheckpointValueKind.Set,
        PickleDictionary => CheckpointValueKind.Dictionary,
        DType => CheckpointValueKind.DType,
        Device => CheckpointValueKind.Device,
        PickleGlobal => CheckpointValueKind.Name,
        PickleObject => CheckpointValueKind.Object,
        _ => CheckpointValueKind.Other,
    };

    /// <summary>Whether it is Python's <c>None</c>.</summary>
    public bool IsNone => Raw is null;

    /// <summary>The number of items of a list, tuple, set or dictionary.</summary>
    /// <exception cref="CheckpointException">It is none of these.</exception>
    public int Count => Raw switch
    {
        List<object?> list => list.Count,
        PickleTuple tuple => tuple.Count,
        PickleSet set => set.Count,
        PickleDictionary dictionary => dictionary.Count,
        _ => throw Wrong("a list, tuple, set or dictionary"),
    };

    /// <summary>The keys of a dictionary, in order.</summary>
    /// <exception cref="CheckpointException">It is no dictionary.</exception>
    public IEnumerable<CheckpointValue> Keys => Raw is PickleDictionary dictionary ? dictionary.Keys.Select(Child) : throw Wrong("a dictionary");

    /// <summary>The entries of a dictionary, in order.</summary>
    /// <exception cref="CheckpointException">It is no dictionary.</exception>
    public IEnumerable<KeyValuePair<CheckpointValue, CheckpointValue>> Entries => Raw is PickleDictionary dictionary
        ? dictionary.Select(pair => new KeyValuePair<CheckpointValue, CheckpointValue>(Child(pair.Key), At(pair.Key, pair.Value)))
        : throw Wrong("a dictionary");

    /// <summary>The value under a key of a dictionary, or the attribute of an object.</summary>
    /// <exception cref="CheckpointException">There is no such entry; the message lists what there is.</exception>
    public CheckpointValue this[string key]
        => TryGetValue(key, out CheckpointValue? value) ? value : throw Missing(key);

    /// <summary>The value under an integer key of a dictionary, or the item of a list or tuple; negative ones count from its end.</summary>
    /// <exception cref="CheckpointException">There is no such entry.</exception>
    public CheckpointValue this[long index]
    {
        get
        {
            if (Raw is PickleDictionary dictionary)
                return dictionary.TryGetValue(index, out object? value) ? At(index, value) : throw Missing(index);
            if (Raw is not (List<object?> or PickleTuple))
                throw Wrong("a list, tuple or dictionary");
            IReadOnlyList<object?> list = (IReadOnlyList<object?>)Raw;
            long at = index < 0 ? index + list.Count : index;
            return at >= 0 && at < list.Count
                ? At(index, list[(int)at])
                : throw CheckpointException.NotFound($"{_path} has {list.Count} items; there is none at {index.ToString(CultureInfo.InvariantCulture)}.");
        }
    }

    /// <summary>Finds the value under a key of a dictionary, or the attribute of an object.</summary>
    /// <exception cref="CheckpointException">It is neither a dictionary nor an object.</exception>
    public bool TryGetValue(string key, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out CheckpointValue? value)
    {
        ArgumentNullException.ThrowIfNull(key);
        object? found;
        bool there = Raw switch
        {
            PickleDictionary dictionary => dictionary.TryGetValue(key, out found),
            PickleObject opaque => opaque.TryGetAttribute(key, out found),
            _ => throw Wrong("a dictionary or object"),
        };
        value = there ? At(key, found) : null;
        return there;
    }

    /// <summary>The items of a list, tuple or set, or the values of a dictionary.</summary>
    /// <exception cref="CheckpointException">It is none of these.</exception>
    public IEnumerator<CheckpointValue> GetEnumerator()
    {
        switch (Raw)
        {
            case List<object?> list:
                return list.Select((item, i) => At((long)i, item)).GetEnumerator();
            case PickleTuple tuple:
                return tuple.Select((item, i) => At((long)i, item)).GetEnumerator();
            case PickleSet set:
                return set.Select(Child).GetEnumerator();
            case PickleDictionary dictionary:
                return dictionary.Select(pair => At(pair.Key, pair.Value)).GetEnumerator();
            default:
                throw Wrong("a list, tuple, set or dictionary");
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The tensor. Asking twice gives the same object; tensors that shared memory when they were saved share it again.</summary>
    /// <exception cref="CheckpointException">It is no tensor, or its data is missing or damaged.</exception>
    public Tensor AsTensor() => Raw switch
    {
        TensorEntry entry => Loader.Load(entry),
        NumpyArray array => Loader.FromNumpy(array),
        _ => throw Wrong("a tensor"),
    };

    /// <summary>
    /// A state dict of the tensors of a dictionary. Entries that are no tensors go to <see cref="StateDict.Extra"/>. Of a whole module that was
    /// saved as such, it is what the module's <c>state_dict()</c> would give.
    /// </summary>
    /// <exception cref="CheckpointException">It is no dictionary of tensors; the message says what it holds.</exception>
    public StateDict AsStateDict() => StateDictReader.Read(Raw, Loader, _path);

    /// <summary>
    /// The value with living tensors in the place of their descriptions, all the way down: a <see cref="Tensor"/>, a <see cref="PickleDictionary"/>, a
    /// <see cref="List{T}"/>, a <see cref="PickleTuple"/> and so on. This is what <c>optimizer.LoadStateDict</c> takes.
    /// </summary>
    /// <exception cref="CheckpointException">The data of a tensor is missing or damaged.</exception>
    public object? ToObject() => Live(Raw, new Dictionary<object, object>(ReferenceEqualityComparer.Instance), 0);

    private object? Live(object? value, Dictionary<object, object> made, int depth)
    {
        if (depth > 500)
            throw CheckpointException.Limit($"{_path} is nested more than 500 deep.");
        if (value is not null && made.TryGetValue(value, out object? known))
            return known;
        switch (value)
        {
            case TensorEntry entry:
                return Loader.Load(entry);
            case PickleDictionary dictionary:
                var entries = new PickleDictionary(dictionary.Kind) { DefaultFactory = dictionary.DefaultFactory, Attributes = dictionary.Attributes };
                made.Add(dictionary, entries);
                foreach ((object? key, object? item) in dictionary)
                    entries[key] = Live(item, made, depth + 1);
                return entries;
            case List<object?> list:
                var items = new List<object?>(list.Count);
                made.Add(list, items);
                foreach (object? item in list)
                    items.Add(Live(item, made, depth + 1));
                return items;
            case PickleTuple tuple:
                object?[] members = new object?[tuple.Count];
                for (int i = 0; i < members.Length; i++)
                    members[i] = Live(tuple[i], made, depth + 1);
                var living = new PickleTuple(members) { IsSize = tuple.IsSize };
                // Only now, since a tuple cannot be filled later. One that contains itself does so through a list, which is known by then.
                made[tuple] = living;
                return living;
            case PickleSet set when set.Any(static item => item is TensorEntry or PickleTuple):
                var held = new PickleSet(set.IsFrozen);
                made.Add(set, held);
                foreach (object? item in set)
                    held.Add(Live(item, made, depth + 1));
                return held;
            default:
                return value;
        }
    }

    /// <summary>The integer.</summary>
    /// <exception cref="CheckpointException">It is no integer, nor a tensor of one integer, or does not fit into 64 bits.</exception>
    public long AsInt64() => Raw switch
    {
        long value => value,
        bool value => value ? 1 : 0,
        BigInteger => throw CheckpointException.WrongKind($"{_path} is an integer that does not fit into 64 bits; take it from Raw."),
        TensorEntry { ElementCount: 1 } entry => Loader.Item(entry) is { } item && item == Math.Floor(item) ? (long)item : throw Wrong("an integer"),
        _ => throw Wrong("an integer"),
    };

    /// <summary>The number.</summary>
    /// <exception cref="CheckpointException">It is no number, nor a tensor of one.</exception>
    public double AsDouble() => Raw switch
    {
        double value => value,
        long value => value,
        BigInteger value => (double)value,
        bool value => value ? 1 : 0,
        TensorEntry { ElementCount: 1 } entry when Loader.Item(entry) is { } item => item,
        _ => throw Wrong("a number"),
    };

    /// <summary>The truth value.</summary>
    /// <exception cref="CheckpointException">It is none.</exception>
    public bool AsBoolean() => Raw is bool value ? value : throw Wrong("a truth value");

    /// <summary>The text.</summary>
    /// <exception cref="CheckpointException">It is none.</exception>
    public string AsString() => Raw as string ?? throw Wrong("a text");

    /// <summary>The bytes.</summary>
    /// <exception cref="CheckpointException">They are none.</exception>
    public byte[] AsBytes() => Raw switch
    {
        byte[] bytes => bytes,
        PickleByteArray array => array.Bytes,
        _ => throw Wrong("bytes"),
    };

    /// <summary>The tensor, as <see cref="AsTensor"/>.</summary>
    /// <exception cref="CheckpointException">It is no tensor, or its data is missing or damaged.</exception>
    public static explicit operator Tensor(CheckpointValue value) => NotNull(value).AsTensor();

    /// <summary>The state dict, as <see cref="AsStateDict"/>.</summary>
    /// <exception cref="CheckpointException">It is no dictionary of tensors.</exception>
    public static explicit operator StateDict(CheckpointValue value) => NotNull(value).AsStateDict();

    /// <summary>The integer, as <see cref="AsInt64"/>.</summary>
    /// <exception cref="CheckpointException">It is no integer, or does not fit.</exception>
    public static explicit operator long(CheckpointValue value) => NotNull(value).AsInt64();

    /// <summary>The integer, as <see cref="AsInt64"/>, if it fits.</summary>
    /// <exception cref="CheckpointException">It is no integer, or does not fit.</exception>
    public static explicit operator int(CheckpointValue value)
    {
        long wide = NotNull(value).AsInt64();
        return wide is >= int.MinValue and <= int.MaxValue ? (int)wide : throw CheckpointException.WrongKind($"{value._path} is {wide}, which does not fit into an int.");
    }

    /// <summary>The number, as <see cref="AsDouble"/>.</summary>
    /// <exception cref="CheckpointException">It is no number.</exception>
    public static explicit operator double(CheckpointValue value) => NotNull(value).AsDouble();

    /// <summary>The number, as <see cref="AsDouble"/>, rounded.</summary>
    /// <exception cref="CheckpointException">It is no number.</exception>
    public static explicit operator float(CheckpointValue value) => (float)NotNull(value).AsDouble();

    /// <summary>The truth value, as <see cref="AsBoolean"/>.</summary>
    /// <exception cref="CheckpointException">It is none.</exception>
    public static explicit operator bool(CheckpointValue value) => NotNull(value).AsBoolean();

    /// <summary>The text, as <see cref="AsString"/>.</summary>
    /// <exception cref="CheckpointException">It is none.</exception>
    public static explicit operator string(CheckpointValue value) => NotNull(value).AsString();

    /// <summary>A short description: the value of a number or text, the kind and size of the rest.</summary>
    public override string ToString() => Raw switch
    {
        null or bool or long or double or BigInteger or string => PythonEquality.Describe(Raw),
        _ => Raw.ToString() ?? "",
    };

    private TensorLoader Loader => _loader ?? throw new InvalidOperationException("The value does not belong to a checkpoint.");

    private static CheckpointValue NotNull(CheckpointValue? value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return value;
    }

    private CheckpointValue Child(object? raw) => new(raw, _loader, _path);

    private CheckpointValue At(object? key, object? raw) => new(raw, _loader, $"{_path}[{PythonEquality.Describe(key)}]");

    private CheckpointException Wrong(string wanted) => CheckpointException.WrongKind($"{_path} is not {wanted} but a {PythonEquality.KindOf(Raw)}.");

    private CheckpointException Missing(object key)
    {
        IEnumerable<object?> keys = Raw is PickleDictionary dictionary ? dictionary.Keys : (Raw as PickleObject)?.State is PickleDictionary state ? state.Keys : [];
        object?[] first = [.. keys.Take(12)];
        string there = first.Length == 0 ? "It is empty." : $"There are {string.Join(", ", first.Select(PythonEquality.Describe))}{(keys.Skip(12).Any() ? ", ..." : "")}.";
        return CheckpointException.NotFound($"{_path} has no entry {PythonEquality.Describe(key)}. {there}");
    }
}
