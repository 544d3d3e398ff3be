using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace TorchBind.Serialization.Pickle;

/// <summary>A Python tuple.</summary>
public sealed class PickleTuple : IReadOnlyList<object?>
{
    internal static readonly PickleTuple Empty = new([]);
    private readonly object?[] _items;
    private int _hash;

    /// <summary>Makes a tuple of <paramref name="items"/>.</summary>
    public PickleTuple(params object?[] items)
    {
        ArgumentNullException.ThrowIfNull(items);
        _items = items;
        KeyCost cost = KeyCost.One;
        foreach (object? item in items)
            cost = cost.Add(KeyCost.Of(item));
        Cost = cost.Deeper();
    }

    /// <summary>The number of items.</summary>
    public int Count => _items.Length;

    /// <summary>Whether it is a <c>torch.Size</c>, which is a tuple of integers.</summary>
    public bool IsSize { get; init; }

    /// <summary>The item at <paramref name="index"/>.</summary>
    public object? this[int index] => _items[index];

    internal KeyCost Cost { get; }

    internal ReadOnlySpan<object?> Items => _items;

    /// <inheritdoc/>
    public IEnumerator<object?> GetEnumerator() => ((IEnumerable<object?>)_items).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _items.GetEnumerator();

    /// <inheritdoc/>
    public override string ToString() => $"tuple of {Count.ToString(CultureInfo.InvariantCulture)}";

    internal int ValueHash()
    {
        if (_hash == 0)
        {
            HashCode hash = default;
            foreach (object? item in _items)
                hash.Add(PythonEquality.Instance.GetHashCode(item));
            int value = hash.ToHashCode();
            _hash = value == 0 ? 1 : value;
        }
        return _hash;
    }
}

/// <summary>A Python set or frozenset, in the order of the pickle.</summary>
public sealed class PickleSet : IReadOnlyCollection<object?>
{
    private readonly PickleDictionary _items = new();

    /// <summary>Makes an empty set.</summary>
    public PickleSet(bool frozen = false) => IsFrozen = frozen;

    /// <summary>Whether it is a frozenset.</summary>
    public bool IsFrozen { get; }

    /// <summary>The number of members.</summary>
    public int Count => _items.Count;

    internal KeyCost Cost { get; private set; } = KeyCost.One.Deeper();

    /// <summary>Whether <paramref name="item"/> is a member, by Python's equality.</summary>
    public bool Contains(object? item) => _items.ContainsKey(item);

    /// <summary>Adds a member.</summary>
    /// <exception cref="ArgumentException">The item cannot be hashed in Python (a list, dictionary or set).</exception>
    public void Add(object? item)
    {
        _items[item] = null;
        Cost = Cost.Add(KeyCost.Of(item).Deeper());
    }

    /// <inheritdoc/>
    public IEnumerator<object?> GetEnumerator() => _items.Keys.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public override string ToString() => $"{(IsFrozen ? "frozenset" : "set")} of {Count.ToString(CultureInfo.InvariantCulture)}";
}

/// <summary>Which kind of dictionary a <see cref="PickleDictionary"/> is in Python.</summary>
public enum PickleDictionaryKind
{
    /// <summary>A plain <c>dict</c>.</summary>
    Dict,

    /// <summary>A <c>collections.OrderedDict</c>, such as a state dict.</summary>
    OrderedDict,

    /// <summary>A <c>collections.defaultdict</c>.</summary>
    DefaultDict,

    /// <summary>A <c>collections.Counter</c>.</summary>
    Counter,
}

/// <summary>A Python dictionary: keys of any hashable kind, compared as Python compares them, in order of insertion.</summary>
public sealed class PickleDictionary : IReadOnlyCollection<KeyValuePair<object?, object?>>
{
    private const int SmallCount = 8;
    private KeyValuePair<object?, object?>[] _entries = [];
    private Dictionary<Key, int>? _index;
    private int _count;

    /// <summary>Makes an empty dictionary.</summary>
    public PickleDictionary(PickleDictionaryKind kind = PickleDictionaryKind.Dict) => Kind = kind;

    private readonly record struct Key(object? Value)
    {
        public bool Equals(Key other) => PythonEquality.Instance.Equals(Value, other.Value);

        public override int GetHashCode() => PythonEquality.Instance.GetHashCode(Value);
    }

    /// <summary>Which Python class it is.</summary>
    public PickleDictionaryKind Kind { get; }

    /// <summary>Attributes that were set on the dictionary object itself, such as a state dict's <c>_metadata</c>; null if none.</summary>
    public PickleDictionary? Attributes { get; set; }

    /// <summary>The factory of a <c>defaultdict</c>.</summary>
    public object? DefaultFactory { get; init; }

    /// <summary>The number of entries.</summary>
    public int Count => _count;

    /// <summary>The keys, in order.</summary>
    public IEnumerable<object?> Keys
    {
        get
        {
            for (int i = 0; i < _count; i++)
                yield return _entries[i].Key;
        }
    }

    /// <summary>The value under <paramref name="key"/>.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    /// <exception cref="ArgumentException">The key cannot be hashed in Python.</exception>
    public object? this[object? key]
    {
        get => TryGetValue(key, out object? value) ? value : throw new KeyNotFoundException($"The dictionary has no key {PythonEquality.Describe(key)}.");
        set
        {
            if (!PythonEquality.IsHashable(key))
                throw new ArgumentException($"A {PythonEquality.KindOf(key)} cannot be a key: Python cannot hash it.", nameof(key));
            int at = IndexOf(key);
            if (at >= 0)
            {
                _entries[at] = new(_entries[at].Key, value);
                return;
            }
            if (_count == _entries.Length)
                Array.Resize(ref _entries, Math.Max(2, _count * 2));
            _entries[_count] = new(key, value);
            if (_index is not null)
                _index.Add(new Key(key), _count);
            _count++;
            if (_index is null && _count > SmallCount)
            {
                _index = new Dictionary<Key, int>(_count * 2);
                for (int i = 0; i < _count; i++)
                    _index.Add(new Key(_entries[i].Key), i);
            }
        }
    }

    /// <summary>Whether there is an entry for <paramref name="key"/>.</summary>
    public bool ContainsKey(object? key) => IndexOf(key) >= 0;

    /// <summary>Finds the value under <paramref name="key"/>.</summary>
    public bool TryGetValue(object? key, out object? value)
    {
        int at = IndexOf(key);
        value = at >= 0 ? _entries[at].Value : null;
        return at >= 0;
    }

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<object?, object?>> GetEnumerator()
    {
        for (int i = 0; i < _count; i++)
            yield return _entries[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public override string ToString() => $"dictionary of {Count.ToString(CultureInfo.InvariantCulture)}";

    private int IndexOf(object? key)
    {
        if (_count == 0 || !PythonEquality.IsHashable(key))
            return -1;
        if (_index is not null)
            return _index.TryGetValue(new Key(key), out int at) ? at : -1;
        for (int i = 0; i < _count; i++)
        {
            if (PythonEquality.Instance.Equals(_entries[i].Key, key))
                return i;
        }
        return -1;
    }
}

/// <summary>A Python <c>bytearray</c> (a <c>bytes</c> object is a <see cref="T:byte[]"/>).</summary>
/// <param name="Bytes">The bytes.</param>
public sealed record PickleByteArray(byte[] Bytes);

/// <summary>What hashing and comparing a key may cost; kept with tuples and sets so that nested ones are judged without a walk.</summary>
internal readonly record struct KeyCost(long Work, int Depth, bool Hashable)
{
    public static readonly KeyCost One = new(1, 0, true);
    private const long Most = long.MaxValue / 4;

    public static KeyCost Of(object? key) => key switch
    {
        string s => new(s.Length + 1, 0, true),
        byte[] b => new(b.Length + 1, 0, true),
        BigInteger i => new(i.GetByteCount() + 1, 0, true),
        PickleTuple t => t.Cost,
        PickleSet s => s.IsFrozen ? s.Cost : s.Cost with { Hashable = false },
        IList or PickleDictionary or IDictionary or PickleByteArray => new(1, 0, false),
        _ => One,
    };

    public KeyCost Add(KeyCost other) => new(Math.Min(Most, Work + other.Work), Math.Max(Depth, other.Depth), Hashable && other.Hashable);

    public KeyCost Deeper() => this with { Depth = Math.Min(int.MaxValue - 1, Depth) + 1 };
}

/// <summary>
/// Python's equality and hashing for what can be a key: 1, 1.0 and True are one key; strings, bytes, tuples and frozensets compare
/// by content; everything else by identity.
/// </summary>
internal sealed class PythonEquality : IEqualityComparer<object?>
{
    public const int MaxKeyDepth = 100;
    public static readonly PythonEquality Instance = new();

    public static bool IsHashable(object? key) => KeyCost.Of(key) is { Hashable: true, Depth: <= MaxKeyDepth };

    public new bool Equals(object? x, object? y)
    {
        if (ReferenceEquals(x, y))
            return true;
        if (x is null || y is null)
            return false;
        if (x is string s)
            return y is string t && string.Equals(s, t, StringComparison.Ordinal);
        if (IsNumber(x))
            return IsNumber(y) && NumbersEqual(x, y);
        switch (x)
        {
            case byte[] b:
                return y is byte[] c && b.AsSpan().SequenceEqual(c);
            case PickleTuple a:
                if (y is not PickleTuple o || a.Count != o.Count || a.ValueHash() != o.ValueHash())
                    return false;
                for (int i = 0; i < a.Count; i++)
                {
                    if (!Equals(a[i], o[i]))
                        return false;
                }
                return true;
            case PickleSet { IsFrozen: true } a:
                if (y is not PickleSet { IsFrozen: true } f || a.Count != f.Count)
                    return false;
                foreach (object? item in a)
                {
                    if (!f.Contains(item))
                        return false;
                }
                return true;
            default:
                return x.Equals(y);
        }
    }

    public int GetHashCode(object? key)
    {
        switch (key)
        {
            case null:
                return 0x5bd1e995;
            case string s:
                return s.GetHashCode(StringComparison.Ordinal);
            case bool b:
                return HashCode.Combine(b ? 1L : 0L);
            case byte[] bytes:
                HashCode hash = default;
                hash.AddBytes(bytes);
                return hash.ToHashCode();
            case PickleTuple tuple:
                return tuple.ValueHash();
            case PickleSet { IsFrozen: true } set:
                int sum = set.Count;
                foreach (object? item in set)
                    sum += HashCode.Combine(GetHashCode(item));
                return sum;
        }
        if (!IsNumber(key))
            return key.GetHashCode();
        if (key is Complex { Imaginary: 0 } complex)
            key = complex.Real;
        if (key is double d)
        {
            if (d != Math.Floor(d) || double.IsInfinity(d))
                return d.GetHashCode();
            if (Math.Abs(d) < 9e18)
                return HashCode.Combine((long)d);
            return new BigInteger(d).GetHashCode();
        }
        if (key is BigInteger big)
            return big >= long.MinValue && big <= long.MaxValue ? HashCode.Combine((long)big) : big.GetHashCode();
        if (key is Complex z)
            return z.GetHashCode();
        if (key is ulong u && u > long.MaxValue)
            return new BigInteger(u).GetHashCode();
        if (key is float f)
            return GetHashCode((double)f);
        return HashCode.Combine(Convert.ToInt64(key, CultureInfo.InvariantCulture));
    }

    public static string KindOf(object? value) => value switch
    {
        null => "None",
        bool => "bool",
        double or float => "float",
        string => "string",
        byte[] => "bytes",
        TensorEntry or Tensor => "tensor",
        NumpyArray => "NumPy array",
        StorageEntry => "storage",
        PickleByteArray => "bytearray",
        PickleTuple => "tuple",
        PickleSet { IsFrozen: true } => "frozenset",
        PickleSet => "set",
        PickleDictionary { Kind: PickleDictionaryKind.Dict } => "dictionary",
        PickleDictionary d => d.Kind.ToString(),
        IList => "list",
        IDictionary => "dictionary",
        PickleGlobal g => "Python name " + g.FullName,
        PickleObject o => "Python object " + o.TypeName,
        Complex => "complex",
        _ when IsNumber(value) => "int",
        _ => value.GetType().Name,
    };

    public static string Describe(object? value)
    {
        switch (value)
        {
            case null:
                return "None";
            case string s:
                return "\"" + (s.Length > 80 ? string.Concat(s.AsSpan(0, 77), "...") : s) + "\"";
            case bool or double or long or int or BigInteger:
                return Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
            case PickleTuple tuple:
                var text = new StringBuilder("(");
                for (int i = 0; i < tuple.Count && text.Length < 80; i++)
                    text.Append(i > 0 ? ", " : "").Append(tuple[i] is PickleTuple ? "(...)" : Describe(tuple[i]));
                return text.Append(')').ToString();
            default:
                return "of kind " + KindOf(value);
        }
    }

    private static bool IsNumber([NotNullWhen(true)] object? value)
        => value is long or bool or double or int or BigInteger or Complex or float or short or byte or sbyte or ushort or uint or ulong;

    private static bool NumbersEqual(object x, object y)
    {
        if (x is long a && y is long b)
            return a == b;
        if (x is Complex || y is Complex)
        {
            return TryComplex(x, out Complex p) && TryComplex(y, out Complex q) && p == q;
        }
        if (x is double or float || y is double or float)
        {
            if (x is double or float && y is double or float)
                return Convert.ToDouble(x, CultureInfo.InvariantCulture) == Convert.ToDouble(y, CultureInfo.InvariantCulture);
            double real = Convert.ToDouble(x is double or float ? x : y, CultureInfo.InvariantCulture);
            return double.IsFinite(real) && real == Math.Floor(real) && new BigInteger(real) == ToBig(x is double or float ? y : x);
        }
        return ToBig(x) == ToBig(y);
    }

    private static bool TryComplex(object value, out Complex result)
    {
        result = value is Complex c ? c : value is BigInteger i ? new Complex((double)i, 0) : new Complex(Convert.ToDouble(value, CultureInfo.InvariantCulture), 0);
        return true;
    }

    private static BigInteger ToBig(object value)
        => value is BigInteger i ? i : value is ulong u ? u : Convert.ToInt64(value, CultureInfo.InvariantCulture);
}
