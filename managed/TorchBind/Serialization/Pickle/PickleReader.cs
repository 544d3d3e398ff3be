using System.Globalization;
using System.Numerics;
using System.Text;

namespace TorchBind.Serialization.Pickle;

/// <summary>
/// What a pickle's names and persistent ids stand for. Each member answers for the names that it knows as data and passes on the
/// rest, which stay inert.
/// </summary>
internal interface IPickleInterpreter
{
    /// <summary>The object that calling <paramref name="callable"/> would make; false leaves it opaque.</summary>
    bool TryReduce(PickleReader reader, PickleGlobal callable, PickleTuple arguments, out object? result);

    /// <summary>Puts <paramref name="state"/> into an object that <see cref="TryReduce"/> made; false if it is none of those.</summary>
    bool TryBuild(PickleReader reader, object target, object? state);

    /// <summary>A name that stands for a value by itself, such as <c>torch.float32</c>.</summary>
    bool TryResolve(PickleGlobal name, out object? value);

    /// <summary>The object that a persistent id names.</summary>
    object? LoadPersistent(PickleReader reader, object? id);
}

/// <summary>
/// Reads Python pickles of protocols 0 to 5 into plain objects. It is a loop over opcodes with a stack of its own, so nesting costs
/// no call depth; every length is checked before memory is taken for it; work and copies are bounded by the bytes that were read;
/// and a name in the file never becomes code, only a <see cref="PickleGlobal"/> or a <see cref="PickleObject"/>.
/// </summary>
internal sealed class PickleReader
{
    private readonly PickleInput _input;
    private readonly IPickleInterpreter? _interpreter;
    private readonly Dictionary<long, object?> _memo = [];
    private readonly Dictionary<string, string> _interned = new(StringComparer.Ordinal);
    private readonly List<object?> _stack = [];
    private readonly List<int> _marks = [];
    private long _work;
    private long _copied;

    private PickleReader(PickleInput input, IPickleInterpreter? interpreter)
    {
        _input = input;
        _interpreter = interpreter;
    }

    public PickleInput Input => _input;

    /// <summary>Reads one pickle; <paramref name="input"/> is left behind its end.</summary>
    public static object? Read(PickleInput input, IPickleInterpreter? interpreter = null) => new PickleReader(input, interpreter).Run();

    /// <summary>Counts work (hashing, comparing) whose amount the bytes read so far do not already bound.</summary>
    public void Charge(long work)
    {
        _work += Math.Min(work, long.MaxValue / 4);
        if (_work > (64L << 20) + _input.Consumed * 32)
            throw _input.Limit("it asks for more work than its size warrants; it was made to stall its readers.");
    }

    /// <summary>Counts items that are copied from one object into another.</summary>
    public void ChargeCopy(long items)
    {
        _copied += items;
        if (_copied > 100_000 + _input.Consumed * 4)
            throw _input.Limit("it copies objects over and over; it was made to exhaust memory.");
    }

    public CheckpointException Corrupt(string message) => _input.Corrupt(message);

    /// <summary>Puts an entry into a dictionary; a key that Python could not hash is an error.</summary>
    public void Set(PickleDictionary dictionary, object? key, object? value)
    {
        KeyCost cost = KeyCost.Of(key);
        if (!cost.Hashable)
            throw Corrupt($"a {PythonEquality.KindOf(key)} is used as a key, which Python cannot hash.");
        if (cost.Depth > PythonEquality.MaxKeyDepth)
            throw _input.Limit("a key is nested too deeply.");
        Charge(cost.Work * 2);
        dictionary[key] = value;
    }

    public void Add(PickleSet set, object? item)
    {
        KeyCost cost = KeyCost.Of(item);
        if (!cost.Hashable)
            throw Corrupt($"a {PythonEquality.KindOf(item)} is put into a set, but Python cannot hash it.");
        if (cost.Depth >= PythonEquality.MaxKeyDepth)
            throw _input.Limit("a member of a set is nested too deeply.");
        Charge(cost.Work * 2);
        set.Add(item);
    }

    /// <summary>Fills a dictionary from a dictionary or a list of pairs, as its Python constructor would.</summary>
    public void Fill(PickleDictionary target, object? source)
    {
        switch (source)
        {
            case PickleDictionary from:
                ChargeCopy(from.Count);
                foreach (KeyValuePair<object?, object?> pair in from)
                    Set(target, pair.Key, pair.Value);
                break;
            case List<object?> or PickleTuple:
                IReadOnlyList<object?> pairs = (IReadOnlyList<object?>)source;
                ChargeCopy(pairs.Count);
                for (int i = 0; i < pairs.Count; i++)
                {
                    if (pairs[i] is List<object?> { Count: 2 } list)
                        Set(target, list[0], list[1]);
                    else if (pairs[i] is PickleTuple { Count: 2 } tuple)
                        Set(target, tuple[0], tuple[1]);
                    else
                        throw Corrupt("a dictionary is made from items that are not pairs.");
                }
                break;
            default:
                throw Corrupt($"a dictionary is made from a {PythonEquality.KindOf(source)}.");
        }
    }

    private object? Run()
    {
        while (true)
        {
            byte opcode = _input.ReadByte();
            switch (opcode)
            {
                case 0x80: // PROTO
                    int protocol = _input.ReadByte();
                    if (protocol > 5)
                        throw _input.Unsupported($"it is of protocol {protocol}; 0 to 5 are known.");
                    break;
                case 0x95: // FRAME: how much to read at once
                    if (_input.ReadLength64() > _input.End - _input.Position)
                        throw Corrupt("a frame is longer than what is left.");
                    break;
                case (byte)'.':
                    return Pop();
                case (byte)'(':
                    _marks.Add(_stack.Count);
                    break;
                case (byte)'0':
                    if (_marks.Count > 0 && _marks[^1] == _stack.Count)
                        _marks.RemoveAt(_marks.Count - 1);
                    else
                        Pop();
                    break;
                case (byte)'1':
                    DropToMark(Mark());
                    break;
                case (byte)'2':
                    Push(Top());
                    break;
                case (byte)'N':
                    Push(null);
                    break;
                case 0x88:
                    Push(Boxed.True);
                    break;
                case 0x89:
                    Push(Boxed.False);
                    break;
                case (byte)'K':
                    Push(Boxed.Small(_input.ReadByte()));
                    break;
                case (byte)'M':
                    Push((long)_input.ReadUInt16());
                    break;
                case (byte)'J':
                    Push((long)_input.ReadInt32());
                    break;
                case (byte)'I':
                    Push(TextInteger(booleans: true));
                    break;
                case (byte)'L':
                    Push(TextInteger(booleans: false));
                    break;
                case 0x8a:
                    Push(LittleEndianInteger(_input.ReadBytes(_input.ReadByte())));
                    break;
                case 0x8b:
                    Push(LittleEndianInteger(_input.ReadBytes(_input.ReadInt32())));
                    break;
                case (byte)'G':
                    Push(_input.ReadDoubleBigEndian());
                    break;
                case (byte)'F':
                    Push(TextFloat());
                    break;
                case (byte)'X':
                    Push(Intern(_input.ReadUtf8(_input.ReadUInt32())));
                    break;
                case 0x8c:
                    Push(Intern(_input.ReadUtf8(_input.ReadByte())));
                    break;
                case 0x8d:
                    Push(_input.ReadUtf8(_input.ReadLength64()));
                    break;
                case (byte)'V':
                    Push(RawUnicodeEscape(_input.ReadLine()));
                    break;
                case (byte)'U':
                    Push(OldString(_input.ReadBytes(_input.ReadByte())));
                    break;
                case (byte)'T':
                    Push(OldString(_input.ReadBytes(_input.ReadInt32())));
                    break;
                case (byte)'S':
                    Push(OldString(QuotedString(_input.ReadLine())));
                    break;
                case (byte)'C':
                    Push(_input.ReadBytes(_input.ReadByte()));
                    break;
                case (byte)'B':
                    Push(_input.ReadBytes(_input.ReadUInt32()));
                    break;
                case 0x8e:
                    Push(_input.ReadBytes(_input.ReadLength64()));
                    break;
                case 0x96:
                    Push(new PickleByteArray(_input.ReadBytes(_input.ReadLength64())));
                    break;
                case (byte)')':
                    Push(PickleTuple.Empty);
                    break;
                case (byte)'t':
                    int mark = Mark();
                    object?[] items = _stack.Count == mark ? [] : [.. _stack[mark..]];
                    DropToMark(mark);
                    Push(items.Length == 0 ? PickleTuple.Empty : new PickleTuple(items));
                    break;
                case 0x85:
                    Push(new PickleTuple([Pop()]));
                    break;
                case 0x86:
                    object? second = Pop();
                    Push(new PickleTuple(Pop(), second));
                    break;
                case 0x87:
                    object? third = Pop();
                    second = Pop();
                    Push(new PickleTuple(Pop(), second, third));
                    break;
                case (byte)']':
                    Push(new List<object?>());
                    break;
                case (byte)'l':
                    mark = Mark();
                    var list = new List<object?>(_stack.Count - mark);
                    for (int i = mark; i < _stack.Count; i++)
                        list.Add(_stack[i]);
                    DropToMark(mark);
                    Push(list);
                    break;
                case (byte)'a':
                    object? value = Pop();
                    Append(Top(), value);
                    break;
                case (byte)'e':
                    mark = Mark();
                    object? target = Below(mark);
                    for (int i = mark; i < _stack.Count; i++)
                        Append(target, _stack[i]);
                    DropToMark(mark);
                    break;
                case (byte)'}':
                    Push(new PickleDictionary());
                    break;
                case (byte)'d':
                    mark = Mark();
                    var made = new PickleDictionary();
                    SetItems(made, mark);
                    DropToMark(mark);
                    Push(made);
                    break;
                case (byte)'s':
                    value = Pop();
                    object? key = Pop();
                    SetItem(Top(), key, value);
                    break;
                case (byte)'u':
                    mark = Mark();
                    SetItems(Below(mark), mark);
                    DropToMark(mark);
                    break;
                case 0x8f:
                    Push(new PickleSet());
                    break;
                case 0x90:
                    mark = Mark();
                    target = Below(mark);
                    for (int i = mark; i < _stack.Count; i++)
                    {
                        if (target is PickleSet set)
                            Add(set, _stack[i]);
                        else if (target is PickleObject opaque)
                            opaque.Append(_stack[i]);
                        else
                            throw Corrupt($"members are added to a {PythonEquality.KindOf(target)}.");
                    }
                    DropToMark(mark);
                    break;
                case 0x91:
                    mark = Mark();
                    var frozen = new PickleSet(frozen: true);
                    for (int i = mark; i < _stack.Count; i++)
                        Add(frozen, _stack[i]);
                    DropToMark(mark);
                    Push(frozen);
                    break;
                case (byte)'g':
                    Push(Get(TextIndex()));
                    break;
                case (byte)'h':
                    Push(Get(_input.ReadByte()));
                    break;
                case (byte)'j':
                    Push(Get(_input.ReadUInt32()));
                    break;
                case (byte)'p':
                    _memo[TextIndex()] = Top();
                    break;
                case (byte)'q':
                    _memo[_input.ReadByte()] = Top();
                    break;
                case (byte)'r':
                    _memo[_input.ReadUInt32()] = Top();
                    break;
                case 0x94:
                    _memo[_memo.Count] = Top();
                    break;
                case (byte)'c':
                    string module = _input.ReadUtf8Line();
                    Push(Global(module, _input.ReadUtf8Line()));
                    break;
                case 0x93:
                    object? name = Pop();
                    if (Pop() is not string moduleName || name is not string globalName)
                        throw Corrupt("a global's module or name is not a string.");
                    Push(Global(moduleName, globalName));
                    break;
                case (byte)'R':
                    object? arguments = Pop();
                    object? callable = Pop();
                    Push(Reduce(callable, arguments as PickleTuple ?? throw Corrupt("the arguments of a call are not a tuple."), null));
                    break;
                case 0x81: // NEWOBJ
                    arguments = Pop();
                    callable = Pop();
                    Push(Reduce(Class(callable), arguments as PickleTuple ?? throw Corrupt("the arguments of a class are not a tuple."), null));
                    break;
                case 0x92: // NEWOBJ_EX
                    object? keywords = Pop();
                    arguments = Pop();
                    callable = Pop();
                    Push(Reduce(
                        Class(callable),
                        arguments as PickleTuple ?? throw Corrupt("the arguments of a class are not a tuple."),
                        keywords as PickleDictionary ?? throw Corrupt("the keyword arguments of a class are not a dictionary.")));
                    break;
                case (byte)'i': // INST
                    module = _input.ReadUtf8Line();
                    callable = Global(module, _input.ReadUtf8Line());
                    mark = Mark();
                    var given = new PickleTuple([.. _stack[mark..]]);
                    DropToMark(mark);
                    Push(Reduce(callable, given, null));
                    break;
                case (byte)'o': // OBJ
                    mark = Mark();
                    if (_stack.Count == mark)
                        throw Corrupt("an object has no class.");
                    callable = _stack[mark];
                    given = new PickleTuple([.. _stack[(mark + 1)..]]);
                    DropToMark(mark);
                    Push(Reduce(callable, given, null));
                    break;
                case (byte)'b':
                    object? state = Pop();
                    Build(Top(), state);
                    break;
                case (byte)'P':
                    Push(Persistent(_input.ReadUtf8Line()));
                    break;
                case (byte)'Q':
                    Push(Persistent(Pop()));
                    break;
                case 0x82 or 0x83 or 0x84:
                    throw _input.Unsupported("it uses copyreg's extension registry, whose meaning is not in the file.");
                case 0x97 or 0x98:
                    throw _input.Unsupported("it refers to out-of-band buffers, which are not in the file.");
                default:
                    throw Corrupt($"0x{opcode:x2} is no pickle opcode.");
            }
        }
    }

    private void Push(object? value) => _stack.Add(value);

    private int Fence => _marks.Count > 0 ? _marks[^1] : 0;

    private object? Pop()
    {
        int last = _stack.Count - 1;
        if (last < Fence)
            throw Corrupt("the stack is empty.");
        object? value = _stack[last];
        _stack.RemoveAt(last);
        return value;
    }

    private object? Top() => _stack.Count > Fence ? _stack[^1] : throw Corrupt("the stack is empty.");

    private int Mark() => _marks.Count > 0 ? _marks[^1] : throw Corrupt("no mark is set.");

    private object? Below(int mark)
    {
        int fence = _marks.Count > 1 ? _marks[^2] : 0;
        return mark > fence ? _stack[mark - 1] : throw Corrupt("nothing stands before the mark.");
    }

    private void DropToMark(int mark)
    {
        _stack.RemoveRange(mark, _stack.Count - mark);
        _marks.RemoveAt(_marks.Count - 1);
    }

    private object? Get(long index) => _memo.TryGetValue(index, out object? value) ? value : throw Corrupt($"nothing was remembered under {index}.");

    private string Intern(string text)
    {
        if (text.Length > 32)
            return text;
        if (_interned.TryGetValue(text, out string? same))
            return same;
        if (_interned.Count < 4096)
            _interned.Add(text, text);
        return text;
    }

    private object? Global(string module, string name)
    {
        module = module switch { "__builtin__" => "builtins", "copy_reg" => "copyreg", _ => module };
        var global = new PickleGlobal(Intern(module), Intern(name));
        return _interpreter is not null && _interpreter.TryResolve(global, out object? value) ? value : global;
    }

    private object? Persistent(object? id)
        => _interpreter is not null ? _interpreter.LoadPersistent(this, id) : throw _input.Unsupported("it refers to objects outside of it (persistent ids), which a plain pickle does not have.");

    private void Append(object? target, object? item)
    {
        if (target is List<object?> list)
            list.Add(item);
        else if (target is PickleObject opaque)
            opaque.Append(item);
        else
            throw Corrupt($"an item is appended to a {PythonEquality.KindOf(target)}.");
    }

    private void SetItem(object? target, object? key, object? value)
    {
        if (target is PickleDictionary dictionary)
            Set(dictionary, key, value);
        else if (target is PickleObject opaque)
            opaque.Set(key, value);
        else
            throw Corrupt($"an entry is put into a {PythonEquality.KindOf(target)}.");
    }

    private void SetItems(object? target, int mark)
    {
        if ((_stack.Count - mark) % 2 != 0)
            throw Corrupt("a key has no value.");
        for (int i = mark; i < _stack.Count; i += 2)
            SetItem(target, _stack[i], _stack[i + 1]);
    }

    // A name whose objects are made without a call must be one of a class, where it is known what it names.
    private object? Class(object? callable) => callable is PickleGlobal
    { Module: "torch._utils" or "_codecs" or "copyreg" or "torch.jit._pickle" } or PickleGlobal { FullName: "torch.serialization._get_layout" }
        ? throw Corrupt($"{callable} is a function, but is used as a class.")
        : callable;

    private object? Reduce(object? callable, PickleTuple arguments, PickleDictionary? keywords)
    {
        if (callable is not (PickleGlobal or PickleObject))
            throw Corrupt($"a {PythonEquality.KindOf(callable)} is called like a function.");
        if (callable is PickleGlobal global && keywords is null)
        {
            // copyreg's helpers only wrap the class they are given.
            if (global.Module == "copyreg" && arguments.Count > 0 && arguments[0] is PickleGlobal { Module: not "copyreg" } inner)
            {
                if (global.Name == "__newobj__")
                    return Reduce(inner, new PickleTuple(arguments.Items[1..].ToArray()), null);
                if (global.Name == "_reconstructor" && arguments.Count == 3)
                {
                    return arguments[1] is PickleGlobal { FullName: "builtins.object" }
                        ? Reduce(inner, PickleTuple.Empty, null)
                        : Reduce(inner, new PickleTuple(arguments[2]), null);
                }
            }
            if (_interpreter is not null && _interpreter.TryReduce(this, global, arguments, out object? result))
                return result;
            if (PythonBuiltins.TryReduce(this, global, arguments, out result))
                return result;
        }
        return new PickleObject(callable, arguments, keywords);
    }

    private void Build(object? target, object? state)
    {
        switch (target)
        {
            case PickleObject opaque:
                opaque.State = state;
                return;
            case PickleDictionary { Kind: PickleDictionaryKind.OrderedDict or PickleDictionaryKind.Counter } dictionary:
                if (state is PickleTuple { Count: 2 } both)
                    state = both[0];
                if (state is not PickleDictionary attributes)
                    throw Corrupt($"the attributes of a dictionary are a {PythonEquality.KindOf(state)}.");
                if (dictionary.Attributes is null)
                    dictionary.Attributes = attributes;
                else
                    Fill(dictionary.Attributes, attributes);
                return;
            case not null when _interpreter is not null && _interpreter.TryBuild(this, target, state):
                return;
            default:
                throw Corrupt($"state is put into a {PythonEquality.KindOf(target)}.");
        }
    }

    private long TextIndex()
    {
        byte[] line = _input.ReadLine();
        return long.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out long index) ? index : throw Corrupt("a memo index is no number.");
    }

    private object TextInteger(bool booleans)
    {
        byte[] bytes = _input.ReadLine();
        ReadOnlySpan<byte> line = bytes;
        if (booleans && line.SequenceEqual("01"u8))
            return Boxed.True;
        if (booleans && line.SequenceEqual("00"u8))
            return Boxed.False;
        if (line.Length > 0 && line[^1] == 'L')
            line = line[..^1];
        if (long.TryParse(line, NumberStyles.AllowLeadingSign | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out long value))
            return value;
        if (line.Length > 4300)
            throw _input.Limit("a number written in text has more than 4,300 digits.");
        return BigInteger.TryParse(Encoding.ASCII.GetString(line), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out BigInteger big)
            ? big
            : throw Corrupt("an integer is no number.");
    }

    private double TextFloat()
    {
        byte[] line = _input.ReadLine();
        string text = Encoding.ASCII.GetString(line).Trim();
        return text.TrimStart('+', '-').ToLowerInvariant() switch
        {
            "nan" => double.NaN,
            "inf" or "infinity" => text[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity,
            _ => double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out double value)
                ? value
                : throw Corrupt("a float is no number."),
        };
    }

    private static object LittleEndianInteger(byte[] bytes)
    {
        if (bytes.Length <= 8)
        {
            long value = 0;
            for (int i = bytes.Length - 1; i >= 0; i--)
                value = (value << 8) | bytes[i];
            int unused = 64 - bytes.Length * 8;
            return unused == 64 ? 0L : (value << unused) >> unused;
        }
        var big = new BigInteger(bytes);
        return big >= long.MinValue && big <= long.MaxValue ? (long)big : big;
    }

    // Python 2 wrote its byte strings so. torch.load takes them for UTF-8; what is not stays bytes.
    private object OldString(byte[] bytes)
    {
        try
        {
            return Intern(new UTF8Encoding(false, true).GetString(bytes));
        }
        catch (DecoderFallbackException)
        {
            return bytes;
        }
    }

    private byte[] QuotedString(byte[] line)
    {
        ReadOnlySpan<byte> text = line;
        while (text.Length > 0 && text[^1] is (byte)'\r' or (byte)' ')
            text = text[..^1];
        if (text.Length < 2 || text[0] != text[^1] || text[0] is not ((byte)'\'' or (byte)'"'))
            throw Corrupt("a string is not quoted.");
        text = text[1..^1];
        if (!text.Contains((byte)'\\'))
            return text.ToArray();
        var bytes = new MemoryStream(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                bytes.WriteByte(text[i]);
                continue;
            }
            if (++i == text.Length)
                throw Corrupt("a string ends in a backslash.");
            switch (text[i])
            {
                case (byte)'x':
                    if (i + 2 >= text.Length || !byte.TryParse(text.Slice(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte hex))
                        throw Corrupt("a string has a bad escape.");
                    bytes.WriteByte(hex);
                    i += 2;
                    break;
                case >= (byte)'0' and <= (byte)'7':
                    int octal = 0;
                    int digits = 0;
                    while (digits < 3 && i < text.Length && text[i] is >= (byte)'0' and <= (byte)'7')
                    {
                        octal = octal * 8 + text[i++] - '0';
                        digits++;
                    }
                    i--;
                    bytes.WriteByte((byte)octal);
                    break;
                default:
                    int simple = "abfnrtv\\'\"".IndexOf((char)text[i], StringComparison.Ordinal);
                    if (simple < 0)
                        bytes.WriteByte((byte)'\\');
                    bytes.WriteByte(simple < 0 ? text[i] : (byte)"\a\b\f\n\r\t\v\\'\""[simple]);
                    break;
            }
        }
        return bytes.ToArray();
    }

    private string RawUnicodeEscape(byte[] line)
    {
        if (Array.IndexOf(line, (byte)'\\') < 0)
            return Encoding.Latin1.GetString(line);
        var text = new StringBuilder(line.Length);
        for (int i = 0; i < line.Length; i++)
        {
            int digits = line[i] == '\\' && i + 1 < line.Length ? line[i + 1] switch { (byte)'u' => 4, (byte)'U' => 8, _ => 0 } : 0;
            if (digits == 0)
            {
                text.Append((char)line[i]);
                continue;
            }
            if (i + 2 + digits > line.Length
                || !uint.TryParse(line.AsSpan(i + 2, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint code)
                || code > 0x10FFFF)
            {
                throw Corrupt("a string has a bad escape.");
            }
            if (code < 0x10000)
                text.Append((char)code);
            else
                text.Append(char.ConvertFromUtf32((int)code));
            i += 1 + digits;
        }
        return text.ToString();
    }
}

/// <summary>Boxes that are made once.</summary>
internal static class Boxed
{
    public static readonly object True = true;
    public static readonly object False = false;
    private static readonly object[] Numbers = [.. Enumerable.Range(0, 256).Select(i => (object)(long)i)];

    public static object Small(byte value) => Numbers[value];
}

/// <summary>The classes of Python's own library that pickles make by a call, as data.</summary>
internal static class PythonBuiltins
{
    public static bool TryReduce(PickleReader reader, PickleGlobal callable, PickleTuple arguments, out object? result)
    {
        result = callable.Module switch
        {
            "builtins" => Builtin(reader, callable.Name, arguments),
            "collections" => Collection(reader, callable.Name, arguments),
            "_codecs" when callable.Name == "encode" => Encode(reader, arguments),
            _ => null,
        };
        return result is not null;
    }

    private static object? Builtin(PickleReader reader, string name, PickleTuple arguments)
    {
        object? first = arguments.Count > 0 ? arguments[0] : null;
        switch (name)
        {
            case "set" or "frozenset" when arguments.Count == 0 || Items(first) is not null:
                var set = new PickleSet(name == "frozenset");
                if (Items(first) is { } members)
                {
                    reader.ChargeCopy(members.Count);
                    foreach (object? item in members)
                        reader.Add(set, item);
                }
                return set;
            case "list" when arguments.Count == 0 || Items(first) is not null:
                if (Items(first) is not { } items)
                    return new List<object?>();
                reader.ChargeCopy(items.Count);
                return new List<object?>(items);
            case "dict" when arguments.Count <= 1:
                var dictionary = new PickleDictionary();
                if (arguments.Count == 1)
                    reader.Fill(dictionary, first);
                return dictionary;
            case "bytes" when arguments.Count == 0:
                return Array.Empty<byte>();
            case "bytearray" when arguments.Count == 0:
                return new PickleByteArray([]);
            case "bytearray" when arguments.Count == 1 && first is byte[] bytes:
                return new PickleByteArray(bytes);
            case "bytearray" when arguments.Count == 2 && Encode(reader, arguments) is byte[] encoded:
                return new PickleByteArray(encoded);
            case "complex" when arguments.Count == 2:
                return new Complex(Real(reader, first), Real(reader, arguments[1]));
            default:
                return null;
        }
    }

    private static object? Collection(PickleReader reader, string name, PickleTuple arguments)
    {
        switch (name)
        {
            case "OrderedDict" when arguments.Count <= 1:
                var ordered = new PickleDictionary(PickleDictionaryKind.OrderedDict);
                if (arguments.Count == 1)
                    reader.Fill(ordered, arguments[0]);
                return ordered;
            case "Counter" when arguments.Count <= 1:
                var counter = new PickleDictionary(PickleDictionaryKind.Counter);
                if (arguments.Count == 1)
                    reader.Fill(counter, arguments[0]);
                return counter;
            case "defaultdict" when arguments.Count <= 2:
                var withDefault = new PickleDictionary(PickleDictionaryKind.DefaultDict) { DefaultFactory = arguments.Count > 0 ? arguments[0] : null };
                if (arguments.Count == 2)
                    reader.Fill(withDefault, arguments[1]);
                return withDefault;
            default:
                return null;
        }
    }

    private static byte[]? Encode(PickleReader reader, PickleTuple arguments)
    {
        if (arguments.Count is not (1 or 2) || arguments[0] is not string text)
            return null;
        string encoding = arguments.Count == 2 ? (arguments[1] as string ?? "").Replace('_', '-').ToLowerInvariant() : "utf-8";
        reader.ChargeCopy(text.Length / 4);
        switch (encoding)
        {
            case "latin1" or "latin-1" or "iso-8859-1":
                byte[] bytes = GC.AllocateUninitializedArray<byte>(text.Length);
                for (int i = 0; i < bytes.Length; i++)
                {
                    if (text[i] > 255)
                        throw reader.Corrupt("a byte string holds a character beyond 255.");
                    bytes[i] = (byte)text[i];
                }
                return bytes;
            case "utf-8" or "utf8" or "ascii":
                return Surrogates.Encode(text);
            default:
                throw reader.Input.Unsupported($"a byte string is written as text in the encoding '{encoding}', which torch does not use.");
        }
    }

    private static IReadOnlyCollection<object?>? Items(object? value) => value switch
    {
        List<object?> list => list,
        PickleTuple tuple => tuple,
        PickleSet set => set,
        _ => null,
    };

    private static double Real(PickleReader reader, object? value) => value switch
    {
        double d => d,
        long i => i,
        _ => throw reader.Corrupt("a complex number has a part that is no number."),
    };
}
