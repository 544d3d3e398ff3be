using System.Collections;
using System.Globalization;
using System.Numerics;

namespace TorchBind.Jit;

/// <summary>What a <see cref="ScriptValue"/> is.</summary>
public enum ScriptValueKind
{
    /// <summary>Python's <c>None</c>.</summary>
    None,

    /// <summary>A truth value.</summary>
    Boolean,

    /// <summary>An integer.</summary>
    Integer,

    /// <summary>A floating-point number.</summary>
    Float,

    /// <summary>A complex number.</summary>
    Complex,

    /// <summary>A text.</summary>
    String,

    /// <summary>A tensor.</summary>
    Tensor,

    /// <summary>A list.</summary>
    List,

    /// <summary>A tuple, with or without names.</summary>
    Tuple,

    /// <summary>A dictionary.</summary>
    Dictionary,

    /// <summary>An instance of a TorchScript class.</summary>
    Object,

    /// <summary>A TorchScript module.</summary>
    Module,

    /// <summary>A device.</summary>
    Device,

    /// <summary>A member of an enumeration.</summary>
    Enumeration,

    /// <summary>A random number generator.</summary>
    Generator,

    /// <summary>Something without a counterpart, such as a stream.</summary>
    Other,
}

/// <summary>
/// A value that goes into TorchScript or comes out of it. Tensors, numbers, texts and arrays convert by themselves; tuples, lists of lists and
/// dictionaries are made with <see cref="Tuple"/>, <see cref="List"/> and <see cref="Dictionary"/>. An integer serves where a float is asked for, an
/// array where a tuple is.
/// </summary>
/// <example>
/// <code>
/// ScriptValue result = module.Call(images, 0.5, ScriptValue.Dictionary(("mode", "fast")));
/// Tensor scores = (Tensor)result["scores"];
/// </code>
/// </example>
public sealed class ScriptValue : IReadOnlyList<ScriptValue>
{
    private readonly string[]? _fields;
    private readonly ScriptValue[] _items;
    private readonly string? _name;

    private ScriptValue(ScriptValueKind kind, object? value, ScriptValue[]? items = null, string? name = null, string[]? fields = null, int elementKind = -1)
    {
        Kind = kind;
        Value = value;
        _items = items ?? [];
        _name = name;
        _fields = fields;
        ElementKind = elementKind;
    }

    /// <summary>Python's <c>None</c>: an optional argument that is not given.</summary>
    public static ScriptValue None { get; } = new(ScriptValueKind.None, null);

    /// <summary>What it is.</summary>
    public ScriptValueKind Kind { get; }

    /// <summary>Whether it is <c>None</c>.</summary>
    public bool IsNone => Kind == ScriptValueKind.None;

    /// <summary>
    /// The value of a single one: null, <see cref="bool"/>, <see cref="long"/>, <see cref="double"/>, <see cref="System.Numerics.Complex"/>,
    /// <see cref="string"/>, <see cref="TorchBind.Tensor"/>, <see cref="ScriptObject"/>, <see cref="ScriptModule"/>, <see cref="TorchBind.Device"/> or
    /// <see cref="TorchBind.Generator"/>. Null for lists, tuples and dictionaries, whose items are enumerated.
    /// </summary>
    public object? Value { get; }

    /// <summary>The name of a named tuple's or an enumeration's class; null for others.</summary>
    public string? TypeName => _name;

    /// <summary>The names of a named tuple's fields; empty for others. Of an enumeration's member, its name alone.</summary>
    public IReadOnlyList<string> FieldNames => _fields ?? [];

    /// <summary>The number of items of a list or tuple, of entries of a dictionary; 0 for single values.</summary>
    public int Count => Kind == ScriptValueKind.Dictionary ? _items.Length / 2 : _items.Length;

    /// <summary>The kind of the items that an empty list was declared with; -1 where it is not known.</summary>
    internal int ElementKind { get; }

    /// <summary>Items, or keys and values by turns.</summary>
    internal ReadOnlySpan<ScriptValue> Parts => _items;

    /// <summary>The item of a list or tuple; the value under an integer key of a dictionary.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such item.</exception>
    /// <exception cref="KeyNotFoundException">There is no such key.</exception>
    /// <exception cref="InvalidOperationException">It has no items.</exception>
    public ScriptValue this[int index]
    {
        get
        {
            if (Kind == ScriptValueKind.Dictionary)
                return Find(index);
            if (Kind is not (ScriptValueKind.List or ScriptValueKind.Tuple))
                throw Wrong("a list, tuple or dictionary");
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, _items.Length);
            return _items[index];
        }
    }

    /// <summary>The value under a key of a dictionary; the field of a named tuple.</summary>
    /// <exception cref="KeyNotFoundException">There is no such key or field; the message lists what there is.</exception>
    /// <exception cref="InvalidOperationException">It has neither keys nor fields.</exception>
    public ScriptValue this[string key]
    {
        get
        {
            ArgumentNullException.ThrowIfNull(key);
            if (Kind == ScriptValueKind.Dictionary)
                return Find(key);
            if (Kind != ScriptValueKind.Tuple || _fields is null)
                throw Wrong("a dictionary or named tuple");
            var at = Array.IndexOf(_fields, key);
            return at >= 0 ? _items[at] : throw new KeyNotFoundException($"{_name} has no field '{key}'; it has {string.Join(", ", _fields)}.");
        }
    }

    /// <summary>The entries of a dictionary, in order.</summary>
    /// <exception cref="InvalidOperationException">It is no dictionary.</exception>
    public IEnumerable<KeyValuePair<ScriptValue, ScriptValue>> Entries => Kind == ScriptValueKind.Dictionary
        ? Enumerable.Range(0, Count).Select(i => KeyValuePair.Create(_items[2 * i], _items[2 * i + 1]))
        : throw Wrong("a dictionary");

    private ScriptValue Find(object key)
    {
        foreach (var (name, value) in Entries)
        {
            if (key is int number ? name.Value is long known && known == number : Equals(name.Value, key))
                return value;
        }
        throw new KeyNotFoundException($"The dictionary has no key {key}; it has {string.Join(", ", Entries.Select(static e => e.Key.ToString()))}.");
    }

    // ---- making

    /// <summary>A list.</summary>
    public static ScriptValue List(params ReadOnlySpan<ScriptValue> items) => new(ScriptValueKind.List, null, Checked(items));

    /// <summary>A tuple.</summary>
    public static ScriptValue Tuple(params ReadOnlySpan<ScriptValue> items) => new(ScriptValueKind.Tuple, null, Checked(items));

    /// <summary>A named tuple; where the script expects one of its own, an ordinary tuple serves as well.</summary>
    /// <param name="typeName">The class's name.</param>
    /// <param name="fields">The fields in their order.</param>
    public static ScriptValue NamedTuple(string typeName, params ReadOnlySpan<(string Name, ScriptValue Value)> fields)
    {
        ArgumentException.ThrowIfNullOrEmpty(typeName);
        var names = new string[fields.Length];
        var items = new ScriptValue[fields.Length];
        for (var i = 0; i < fields.Length; i++)
            (names[i], items[i]) = (fields[i].Name, fields[i].Value ?? None);
        return new ScriptValue(ScriptValueKind.Tuple, null, items, typeName, names);
    }

    /// <summary>A dictionary.</summary>
    public static ScriptValue Dictionary(params ReadOnlySpan<(ScriptValue Key, ScriptValue Value)> entries)
    {
        var items = new ScriptValue[2 * entries.Length];
        for (var i = 0; i < entries.Length; i++)
            (items[2 * i], items[2 * i + 1]) = (entries[i].Key ?? None, entries[i].Value ?? None);
        return new ScriptValue(ScriptValueKind.Dictionary, null, items);
    }

    private static ScriptValue[] Checked(ReadOnlySpan<ScriptValue> items)
    {
        var copy = items.ToArray();
        for (var i = 0; i < copy.Length; i++)
            copy[i] ??= None;
        return copy;
    }

    internal static ScriptValue Single(ScriptValueKind kind, object? value) => new(kind, value);

    internal static ScriptValue Composed(ScriptValueKind kind, ScriptValue[] items, string? name = null, string[]? fields = null, int elementKind = -1) =>
        new(kind, null, items, name, fields, elementKind);

    /// <summary>
    /// The value for an object: what converts by itself, and arrays, lists, tuples (<c>(x, 1)</c>) and dictionaries of such.
    /// </summary>
    /// <exception cref="NotSupportedException">The object has no counterpart in TorchScript; the message names its type.</exception>
    public static ScriptValue From(object? value)
    {
        switch (value)
        {
            case null: return None;
            case ScriptValue known: return known;
            case Tensor tensor: return tensor;
            case bool boolean: return boolean;
            case int number: return number;
            case long number: return number;
            case short or ushort or sbyte or byte or uint: return Convert.ToInt64(value, CultureInfo.InvariantCulture);
            case float number: return number;
            case double number: return number;
            case Half number: return (double)number;
            case Complex number: return number;
            case Scalar { IsBoolean: true } number: return number.ToBoolean();
            case Scalar { IsInteger: true } number: return number.ToInt64();
            case Scalar { IsComplex: true } number: return number.ToComplex();
            case Scalar number: return number.ToDouble();
            case string text: return text;
            case Device device: return device;
            case DType or Layout or MemoryFormat or Reduction: return Convert.ToInt64(value, CultureInfo.InvariantCulture);
            case Generator generator: return generator;
            case ScriptObject instance: return instance;
            case ScriptModule module: return module;
            case Shape shape: return shape.ToArray();
            case System.Runtime.CompilerServices.ITuple tuple:
                var items = new ScriptValue[tuple.Length];
                for (var i = 0; i < items.Length; i++)
                    items[i] = From(tuple[i]);
                return new ScriptValue(ScriptValueKind.Tuple, null, items);
            case IDictionary dictionary:
                var entries = new List<ScriptValue>();
                foreach (DictionaryEntry entry in dictionary)
                {
                    entries.Add(From(entry.Key));
                    entries.Add(From(entry.Value));
                }
                return new ScriptValue(ScriptValueKind.Dictionary, null, [.. entries]);
            case IEnumerable list:
                return new ScriptValue(ScriptValueKind.List, null, [.. list.Cast<object?>().Select(From)], elementKind: ElementKindOf(value));
            default:
                throw new NotSupportedException($"A {value.GetType()} has no counterpart in libtorch.");
        }
    }

    /// <summary>
    /// The value as .NET has it: null, a single one's <see cref="Value"/>, an array for a list (of its items' type, where all have one) and for a
    /// tuple, a dictionary. Named tuples and members of enumerations stay as they are.
    /// </summary>
    internal object? ToObject()
    {
        switch (Kind)
        {
            case ScriptValueKind.Tuple when _fields is null:
                return Array.ConvertAll(_items, static item => item.ToObject());
            case ScriptValueKind.Dictionary:
                return Entries.ToDictionary(static entry => entry.Key.ToObject()!, static entry => entry.Value.ToObject());
            case ScriptValueKind.List:
                return (Interop.tb_value_kind)ElementKind switch
                {
                    Interop.tb_value_kind.TB_VALUE_TENSOR when Array.TrueForAll(_items, static item => !item.IsNone) => Items<Tensor>(),
                    Interop.tb_value_kind.TB_VALUE_INT => Items<long>(),
                    Interop.tb_value_kind.TB_VALUE_DOUBLE => Items<double>(),
                    Interop.tb_value_kind.TB_VALUE_BOOL => Items<bool>(),
                    Interop.tb_value_kind.TB_VALUE_COMPLEX => Items<Complex>(),
                    Interop.tb_value_kind.TB_VALUE_STRING => Items<string>(),
                    _ => Array.ConvertAll(_items, static item => item.ToObject()),
                };
            case ScriptValueKind.Tuple or ScriptValueKind.Enumeration:
                return this;
            default:
                return Value;
        }

        T[] Items<T>() => Array.ConvertAll(_items, static item => (T)item.Value!);
    }

    private static int ElementKindOf(object list) => list switch
    {
        IEnumerable<long> or IEnumerable<int> => (int)Interop.tb_value_kind.TB_VALUE_INT,
        IEnumerable<double> or IEnumerable<float> => (int)Interop.tb_value_kind.TB_VALUE_DOUBLE,
        IEnumerable<bool> => (int)Interop.tb_value_kind.TB_VALUE_BOOL,
        IEnumerable<Complex> => (int)Interop.tb_value_kind.TB_VALUE_COMPLEX,
        IEnumerable<string> => (int)Interop.tb_value_kind.TB_VALUE_STRING,
        _ => -1,
    };

    /// <summary>The tensor as a value; null is <c>None</c>.</summary>
    public static implicit operator ScriptValue(Tensor? value) => value is null ? None : new(ScriptValueKind.Tensor, value);

    /// <summary>A truth value.</summary>
    public static implicit operator ScriptValue(bool value) => new(ScriptValueKind.Boolean, value);

    /// <summary>An integer.</summary>
    public static implicit operator ScriptValue(int value) => new(ScriptValueKind.Integer, (long)value);

    /// <summary>An integer.</summary>
    public static implicit operator ScriptValue(long value) => new(ScriptValueKind.Integer, value);

    /// <summary>A floating-point number.</summary>
    public static implicit operator ScriptValue(double value) => new(ScriptValueKind.Float, value);

    /// <summary>A complex number.</summary>
    public static implicit operator ScriptValue(Complex value) => new(ScriptValueKind.Complex, value);

    /// <summary>A text; null is <c>None</c>.</summary>
    public static implicit operator ScriptValue(string? value) => value is null ? None : new(ScriptValueKind.String, value);

    /// <summary>A device.</summary>
    public static implicit operator ScriptValue(Device value) => new(ScriptValueKind.Device, value);

    /// <summary>An element type, which TorchScript keeps as an integer.</summary>
    public static implicit operator ScriptValue(DType value) => new(ScriptValueKind.Integer, (long)value);

    /// <summary>A generator; null is <c>None</c>.</summary>
    public static implicit operator ScriptValue(Generator? value) => value is null ? None : new(ScriptValueKind.Generator, value);

    /// <summary>An instance of a TorchScript class; null is <c>None</c>.</summary>
    public static implicit operator ScriptValue(ScriptObject? value) => value is null ? None : new(ScriptValueKind.Object, value);

    /// <summary>A module; null is <c>None</c>.</summary>
    public static implicit operator ScriptValue(ScriptModule? value) => value is null ? None : new(ScriptValueKind.Module, value);

    /// <summary>A list of tensors; null is <c>None</c>.</summary>
    public static implicit operator ScriptValue(Tensor[]? value) => From(value);

    /// <summary>A list of integers; null is <c>None</c>.</summary>
    public static implicit operator ScriptValue(long[]? value) => From(value);

    /// <summary>A list of integers; null is <c>None</c>.</summary>
    public static implicit operator ScriptValue(int[]? value) => From(value);

    /// <summary>A list of floating-point numbers; null is <c>None</c>.</summary>
    public static implicit operator ScriptValue(double[]? value) => From(value);

    /// <summary>A list of truth values; null is <c>None</c>.</summary>
    public static implicit operator ScriptValue(bool[]? value) => From(value);

    /// <summary>A list of texts; null is <c>None</c>.</summary>
    public static implicit operator ScriptValue(string[]? value) => From(value);

    // ---- taking

    /// <summary>The tensor.</summary>
    /// <exception cref="InvalidCastException">It is none; the message says what it is.</exception>
    public static explicit operator Tensor(ScriptValue value) => value.Take<Tensor>("a tensor");

    /// <summary>The truth value.</summary>
    /// <exception cref="InvalidCastException">It is none.</exception>
    public static explicit operator bool(ScriptValue value) => value.Take<bool>("a truth value");

    /// <summary>The integer.</summary>
    /// <exception cref="InvalidCastException">It is none.</exception>
    public static explicit operator long(ScriptValue value) => value.Take<long>("an integer");

    /// <summary>The integer.</summary>
    /// <exception cref="InvalidCastException">It is none.</exception>
    /// <exception cref="OverflowException">It does not fit.</exception>
    public static explicit operator int(ScriptValue value) => checked((int)value.Take<long>("an integer"));

    /// <summary>The number, also an integer.</summary>
    /// <exception cref="InvalidCastException">It is none.</exception>
    public static explicit operator double(ScriptValue value) => value is { Value: long number } ? number : value.Take<double>("a number");

    /// <summary>The complex number.</summary>
    /// <exception cref="InvalidCastException">It is none.</exception>
    public static explicit operator Complex(ScriptValue value) => value.Take<Complex>("a complex number");

    /// <summary>The text.</summary>
    /// <exception cref="InvalidCastException">It is none.</exception>
    public static explicit operator string(ScriptValue value) => value.Take<string>("a text");

    /// <summary>The device.</summary>
    /// <exception cref="InvalidCastException">It is none.</exception>
    public static explicit operator Device(ScriptValue value) => value.Take<Device>("a device");

    /// <summary>The object.</summary>
    /// <exception cref="InvalidCastException">It is none.</exception>
    public static explicit operator ScriptObject(ScriptValue value) => value.Take<ScriptObject>("an object");

    /// <summary>The module.</summary>
    /// <exception cref="InvalidCastException">It is none.</exception>
    public static explicit operator ScriptModule(ScriptValue value) => value.Take<ScriptModule>("a module");

    /// <summary>The items of a list or tuple as an array of one type: <c>ToArray&lt;long&gt;()</c>, <c>ToArray&lt;Tensor&gt;()</c>.</summary>
    /// <exception cref="InvalidCastException">It is no list or tuple, or an item is of another type.</exception>
    public T[] ToArray<T>()
    {
        if (Kind is not (ScriptValueKind.List or ScriptValueKind.Tuple))
            throw Wrong("a list or tuple");
        return [.. _items.Select(static item => item.Value is T value ? value : throw item.Wrong(typeof(T).Name))];
    }

    /// <summary>Takes a pair apart: <c>var (boxes, scores) = module.Call(x);</c></summary>
    /// <exception cref="InvalidCastException">It does not have two items.</exception>
    public void Deconstruct(out ScriptValue first, out ScriptValue second)
    {
        if (_items.Length != 2 || Kind == ScriptValueKind.Dictionary)
            throw Wrong("a pair");
        (first, second) = (_items[0], _items[1]);
    }

    /// <summary>Takes three items apart.</summary>
    /// <exception cref="InvalidCastException">It does not have three items.</exception>
    public void Deconstruct(out ScriptValue first, out ScriptValue second, out ScriptValue third)
    {
        if (_items.Length != 3)
            throw Wrong("a tuple of three");
        (first, second, third) = (_items[0], _items[1], _items[2]);
    }

    private T Take<T>(string wanted) => Value is T value ? value : throw Wrong(wanted);

    private InvalidCastException Wrong(string wanted) => new($"The value is not {wanted}; it is {Describe()}.");

    private string Describe() => Kind switch
    {
        ScriptValueKind.None => "None",
        ScriptValueKind.List or ScriptValueKind.Tuple or ScriptValueKind.Dictionary => string.Create(CultureInfo.InvariantCulture, $"a {(_name is null ? Kind.ToString().ToLowerInvariant() : _name)} of {Count}"),
        _ => $"a {Kind.ToString().ToLowerInvariant()}",
    };

    /// <summary>The items of a list or tuple, the keys of a dictionary.</summary>
    public IEnumerator<ScriptValue> GetEnumerator() =>
        (Kind == ScriptValueKind.Dictionary ? Entries.Select(static e => e.Key) : _items).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The value, much as Python prints it; of a tensor its type and shape.</summary>
    public override string ToString() => Kind switch
    {
        ScriptValueKind.None => "None",
        ScriptValueKind.Boolean => (bool)Value! ? "True" : "False",
        ScriptValueKind.Float => ((double)Value!).ToString("R", CultureInfo.InvariantCulture),
        ScriptValueKind.String => $"'{Value}'",
        ScriptValueKind.Tensor when Value is Tensor tensor => $"{tensor.DType.Name()}{tensor.Shape}",
        ScriptValueKind.List => $"[{string.Join(", ", (IEnumerable<ScriptValue>)_items)}]",
        ScriptValueKind.Tuple when _fields is not null => $"{_name}({string.Join(", ", _fields.Zip(_items, static (f, i) => $"{f}={i}"))})",
        ScriptValueKind.Tuple => $"({string.Join(", ", (IEnumerable<ScriptValue>)_items)}{(_items.Length == 1 ? "," : "")})",
        ScriptValueKind.Dictionary => $"{{{string.Join(", ", Entries.Select(static e => $"{e.Key}: {e.Value}"))}}}",
        ScriptValueKind.Enumeration => $"{_name}.{_fields![0]}",
        _ => string.Create(CultureInfo.InvariantCulture, $"{Value}"),
    };
}
