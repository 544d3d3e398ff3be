using System.Buffers.Binary;
using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;

namespace TorchBind.Serialization.Pickle;

/// <summary>
/// Writes objects as a pickle of protocol 2, with those opcodes only that <c>torch.load(weights_only=True)</c> accepts. An object
/// that occurs several times is written once and referred to after that, so sharing and cycles survive.
/// </summary>
internal abstract class PickleWriter
{
    private const int MaxDepth = 1000;
    private const int BatchLength = 1000;
    private readonly MemoryStream _bytes = new();
    private readonly Dictionary<object, int> _memo = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, int> _strings = new(StringComparer.Ordinal);
    private readonly Dictionary<(string, string), int> _globals = [];
    private int _memoCount;
    private int _depth;

    /// <summary>Writes <paramref name="root"/> and gives the whole pickle.</summary>
    protected ReadOnlyMemory<byte> WriteAll(object? root)
    {
        _bytes.Write([0x80, 2]);
        Write(root);
        Op('.');
        return _bytes.GetBuffer().AsMemory(0, (int)_bytes.Length);
    }

    /// <summary>Writes an object of a kind that the base class does not know; false if it is not known either.</summary>
    protected abstract bool TryWrite(object value);

    protected void Write(object? value)
    {
        if (value is not null and not (bool or string) && !value.GetType().IsPrimitive && _memo.TryGetValue(value, out int index))
        {
            Get(index);
            return;
        }
        if (++_depth > MaxDepth)
            throw new ArgumentException($"The objects to save are nested more than {MaxDepth} deep.");
        RuntimeHelpers.EnsureSufficientExecutionStack();
        WriteNew(value);
        _depth--;
    }

    protected void Op(char opcode) => _bytes.WriteByte((byte)opcode);

    protected void Op(byte opcode) => _bytes.WriteByte(opcode);

    /// <summary>Remembers the object on top of the stack under <paramref name="key"/>.</summary>
    protected void Memoize(object key) => _memo[key] = Put();

    protected void Mark() => Op('(');

    /// <summary>Ends a tuple of <paramref name="count"/> items; four and more need a mark before the first.</summary>
    protected void EndTuple(int count)
    {
        switch (count)
        {
            case 0:
                Op(')');
                break;
            case 1:
                Op(0x85);
                break;
            case 2:
                Op(0x86);
                break;
            case 3:
                Op(0x87);
                break;
            default:
                Op('t');
                break;
        }
    }

    protected void WriteGlobal(string module, string name)
    {
        if (_globals.TryGetValue((module, name), out int index))
        {
            Get(index);
            return;
        }
        Op('c');
        _bytes.Write(Encoding.UTF8.GetBytes(module));
        Op('\n');
        _bytes.Write(Encoding.UTF8.GetBytes(name));
        Op('\n');
        _globals.Add((module, name), Put());
    }

    protected void WriteString(string value)
    {
        if (_strings.TryGetValue(value, out int index))
        {
            Get(index);
            return;
        }
        byte[] bytes = Surrogates.Encode(value);
        Op('X');
        UInt32((uint)bytes.Length);
        _bytes.Write(bytes);
        _strings.Add(value, Put());
    }

    protected void WriteInt(long value)
    {
        if (value is >= 0 and < 256)
        {
            Op('K');
            _bytes.WriteByte((byte)value);
        }
        else if (value is >= 0 and < 65536)
        {
            Op('M');
            _bytes.Write([(byte)value, (byte)(value >> 8)]);
        }
        else if (value is >= int.MinValue and <= int.MaxValue)
        {
            Op('J');
            UInt32((uint)(int)value);
        }
        else
        {
            WriteBig(value);
        }
    }

    protected void WriteBool(bool value) => Op(value ? (byte)0x88 : (byte)0x89);

    protected void WriteInts(ReadOnlySpan<long> values)
    {
        if (values.Length > 3)
            Mark();
        foreach (long value in values)
            WriteInt(value);
        EndTuple(values.Length);
    }

    /// <summary>An empty <c>OrderedDict</c>, what torch writes where a tensor has no hooks.</summary>
    protected void WriteEmptyOrderedDict()
    {
        WriteGlobal("collections", "OrderedDict");
        Op(')');
        Op('R');
    }

    /// <summary>Writes an <c>OrderedDict</c> with its entries and the attributes set on it.</summary>
    protected void WriteOrderedDict(object identity, IEnumerable<KeyValuePair<object?, object?>> entries, Action? attributes)
    {
        WriteEmptyOrderedDict();
        Memoize(identity);
        WriteEntries(entries);
        if (attributes is not null)
        {
            attributes();
            Op('b');
        }
    }

    protected void WriteEntries(IEnumerable<KeyValuePair<object?, object?>> entries)
    {
        int inBatch = 0;
        foreach ((object? key, object? value) in entries)
        {
            if (inBatch == 0)
                Mark();
            Write(key);
            Write(value);
            if (++inBatch == BatchLength)
            {
                Op('u');
                inBatch = 0;
            }
        }
        if (inBatch > 0)
            Op('u');
    }

    private void WriteNew(object? value)
    {
        switch (value)
        {
            case null:
                Op('N');
                break;
            case bool b:
                WriteBool(b);
                break;
            case string s:
                WriteString(s);
                break;
            case long or int or short or sbyte or byte or ushort or uint:
                WriteInt(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case ulong u:
                WriteBig(u);
                break;
            case Int128 i:
                WriteBig(i);
                break;
            case BigInteger i:
                WriteBig(i);
                break;
            case double d:
                WriteDouble(d);
                break;
            case float f:
                WriteDouble(f);
                break;
            case Half h:
                WriteDouble((double)h);
                break;
            case decimal m:
                WriteDouble((double)m);
                break;
            case char c:
                WriteString(c.ToString());
                break;
            case Complex c:
                WriteGlobal("__builtin__", "complex");
                WriteDouble(c.Real);
                WriteDouble(c.Imaginary);
                Op(0x86);
                Op('R');
                break;
            case byte[] bytes:
                WriteBytes(bytes);
                Memoize(bytes);
                break;
            case PickleByteArray array:
                WriteGlobal("__builtin__", "bytearray");
                WriteLatin1(array.Bytes);
                WriteString("latin-1");
                Op(0x86);
                Op('R');
                Memoize(array);
                break;
            case PickleGlobal global:
                WriteGlobal(global.Module == "builtins" ? "__builtin__" : global.Module, global.Name);
                break;
            case PickleTuple { IsSize: true } size:
                WriteGlobal("torch", "Size");
                WriteTuple(size, null);
                Op(0x85);
                Op('R');
                Memoize(size);
                break;
            case PickleTuple tuple:
                WriteTuple(tuple, tuple);
                break;
            case PickleSet set:
                WriteSet(set, set, set.IsFrozen);
                break;
            case PickleDictionary dictionary:
                WriteDictionary(dictionary);
                break;
            default:
                if (!TryWrite(value) && !TryWriteCollection(value))
                    throw new NotSupportedException(NoCounterpart(value));
                break;
        }
    }

    private static string NoCounterpart(object value) => value is PickleObject opaque
        ? $"The checkpoint holds a Python object of class {opaque.TypeName}, which torch.load(weights_only=True) refuses, so it is not written. Take it out of what is saved."
        : $"An object of type {value.GetType()} cannot be saved in a checkpoint: Python's torch.load knows no counterpart. "
            + "Saved are tensors, state dicts, numbers, booleans, strings, byte arrays, lists, tuples, sets and dictionaries of them, and null.";

    private bool TryWriteCollection(object value)
    {
        switch (value)
        {
            case ITuple tuple:
                object?[] items = new object?[tuple.Length];
                for (int i = 0; i < items.Length; i++)
                    items[i] = tuple[i];
                WriteTuple(items, value);
                return true;
            case IDictionary dictionary:
                Op('}');
                Memoize(value);
                WriteEntries(Entries(dictionary));
                return true;
            case IEnumerable sequence when IsReadOnlyDictionary(value):
                Op('}');
                Memoize(value);
                WriteEntries(Pairs(sequence));
                return true;
            case IEnumerable set when IsSet(value):
                WriteSet(set, value, frozen: false);
                return true;
            case IEnumerable sequence:
                Op(']');
                Memoize(value);
                WriteItems(sequence);
                return true;
            default:
                return false;
        }
    }

    private static bool IsSet(object value) => Implements(value, typeof(ISet<>)) || Implements(value, typeof(IReadOnlySet<>));

    private static bool IsReadOnlyDictionary(object value) => Implements(value, typeof(IReadOnlyDictionary<,>)) || Implements(value, typeof(IDictionary<,>));

    // Trimming may take an interface away that nothing else uses; the object is then written as a list.
    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "A collection that is saved was made through one of its interfaces.")]
    private static bool Implements(object value, Type definition)
    {
        foreach (Type candidate in value.GetType().GetInterfaces())
        {
            if (candidate.IsGenericType && candidate.GetGenericTypeDefinition() == definition)
                return true;
        }
        return false;
    }

    private void WriteDictionary(PickleDictionary dictionary)
    {
        switch (dictionary.Kind)
        {
            case PickleDictionaryKind.Dict:
                Op('}');
                Memoize(dictionary);
                WriteEntries(dictionary);
                break;
            case PickleDictionaryKind.OrderedDict:
                PickleDictionary? attributes = dictionary.Attributes;
                WriteOrderedDict(dictionary, dictionary, attributes is null ? null : () => Write(attributes));
                break;
            case PickleDictionaryKind.Counter:
                WriteGlobal("collections", "Counter");
                Op('}');
                WriteEntries(dictionary);
                Op(0x85);
                Op('R');
                Memoize(dictionary);
                break;
            default:
                WriteGlobal("collections", "defaultdict");
                Write(dictionary.DefaultFactory);
                Op(0x85);
                Op('R');
                Memoize(dictionary);
                WriteEntries(dictionary);
                break;
        }
    }

    private void WriteTuple(IReadOnlyList<object?> items, object? identity)
    {
        if (items.Count > 3)
            Mark();
        foreach (object? item in items)
            Write(item);
        EndTuple(items.Count);
        if (identity is not null && items.Count > 0)
            Memoize(identity);
    }

    private void WriteSet(IEnumerable items, object identity, bool frozen)
    {
        WriteGlobal("__builtin__", frozen ? "frozenset" : "set");
        Op(']');
        WriteItems(items);
        Op(0x85);
        Op('R');
        Memoize(identity);
    }

    private void WriteItems(IEnumerable items)
    {
        int inBatch = 0;
        foreach (object? item in items)
        {
            if (inBatch == 0)
                Mark();
            Write(item);
            if (++inBatch == BatchLength)
            {
                Op('e');
                inBatch = 0;
            }
        }
        if (inBatch > 0)
            Op('e');
    }

    private void WriteDouble(double value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteDoubleBigEndian(bytes, value);
        Op('G');
        _bytes.Write(bytes);
    }

    private void WriteBig(BigInteger value)
    {
        byte[] bytes = value.ToByteArray();
        if (bytes.Length > 255)
            throw new NotSupportedException("An integer of more than 255 bytes cannot be saved: torch.load(weights_only=True) refuses it.");
        Op(0x8a);
        _bytes.WriteByte((byte)bytes.Length);
        _bytes.Write(bytes);
    }

    // Protocol 2 has no opcode for bytes: Python writes them as text, one character a byte, and the call that turns it back.
    private void WriteBytes(byte[] bytes)
    {
        WriteGlobal("_codecs", "encode");
        WriteLatin1(bytes);
        WriteString("latin1");
        Op(0x86);
        Op('R');
    }

    private void WriteLatin1(byte[] bytes)
    {
        byte[] text = Encoding.UTF8.GetBytes(Encoding.Latin1.GetString(bytes));
        Op('X');
        UInt32((uint)text.Length);
        _bytes.Write(text);
        Put();
    }

    private static IEnumerable<KeyValuePair<object?, object?>> Entries(IDictionary dictionary)
    {
        foreach (DictionaryEntry entry in dictionary)
            yield return new(entry.Key, entry.Value);
    }

    // A dictionary that is not an IDictionary: its pairs are generic, and only their names are known here.
    private static IEnumerable<KeyValuePair<object?, object?>> Pairs(IEnumerable sequence)
    {
        foreach (object? pair in sequence)
        {
            yield return pair switch
            {
                KeyValuePair<string, object?> p => new(p.Key, p.Value),
                KeyValuePair<string, Tensor> p => new(p.Key, p.Value),
                KeyValuePair<string, IDictionary<string, object?>> p => new(p.Key, p.Value),
                KeyValuePair<string, long> p => new(p.Key, p.Value),
                KeyValuePair<string, int> p => new(p.Key, p.Value),
                KeyValuePair<string, double> p => new(p.Key, p.Value),
                KeyValuePair<string, float> p => new(p.Key, p.Value),
                KeyValuePair<string, string> p => new(p.Key, p.Value),
                KeyValuePair<string, bool> p => new(p.Key, p.Value),
                KeyValuePair<int, object?> p => new(p.Key, p.Value),
                KeyValuePair<long, object?> p => new(p.Key, p.Value),
                KeyValuePair<object, object?> p => new(p.Key, p.Value),
                _ => throw new NotSupportedException($"A dictionary of {pair?.GetType()} cannot be saved; use a Dictionary<TKey, TValue>."),
            };
        }
    }

    private int Put()
    {
        int index = _memoCount++;
        if (index < 256)
        {
            Op('q');
            _bytes.WriteByte((byte)index);
        }
        else
        {
            Op('r');
            UInt32((uint)index);
        }
        return index;
    }

    private void Get(int index)
    {
        if (index < 256)
        {
            Op('h');
            _bytes.WriteByte((byte)index);
        }
        else
        {
            Op('j');
            UInt32((uint)index);
        }
    }

    private void UInt32(uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        _bytes.Write(bytes);
    }
}
