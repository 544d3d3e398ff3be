namespace TorchBind.Serialization.Pickle;

/// <summary>
/// The name of a Python class or function that a pickle mentions. It is a name and nothing else: TorchBind never looks it up and
/// never runs anything for it.
/// </summary>
public sealed class PickleGlobal : IEquatable<PickleGlobal>
{
    /// <summary>Makes a name.</summary>
    public PickleGlobal(string module, string name)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(name);
        Module = module;
        Name = name;
    }

    /// <summary>The Python module, for example <c>collections</c>.</summary>
    public string Module { get; }

    /// <summary>The name in the module, for example <c>OrderedDict</c>.</summary>
    public string Name { get; }

    /// <summary>Module and name joined by a dot.</summary>
    public string FullName => Module + "." + Name;

    /// <inheritdoc/>
    public bool Equals(PickleGlobal? other) => other is not null && Name == other.Name && Module == other.Module;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PickleGlobal);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Module, Name);

    /// <inheritdoc/>
    public override string ToString() => FullName;
}

/// <summary>
/// A Python object whose class TorchBind does not interpret, as the pickle describes it: what would be called, with which
/// arguments, and which state and items would be put into it. Nothing of this is ever carried out.
/// </summary>
public sealed class PickleObject
{
    private List<object?>? _items;
    private List<KeyValuePair<object?, object?>>? _entries;

    internal PickleObject(object? callable, PickleTuple arguments, PickleDictionary? keywordArguments = null)
    {
        Callable = callable;
        Arguments = arguments;
        KeywordArguments = keywordArguments;
    }

    /// <summary>What would make the object: nearly always a <see cref="PickleGlobal"/>, the class or a function.</summary>
    public object? Callable { get; }

    /// <summary>The name of the class or function, or a question mark where it is itself a made object.</summary>
    public string TypeName => Callable is PickleGlobal global ? global.FullName : "?";

    /// <summary>The arguments it would be made with.</summary>
    public PickleTuple Arguments { get; }

    /// <summary>The keyword arguments, where the pickle has some.</summary>
    public PickleDictionary? KeywordArguments { get; }

    /// <summary>The state: usually a dictionary of attributes. A tuple of two holds attributes and slots.</summary>
    public object? State { get; internal set; }

    /// <summary>What would be appended to it, if it is a kind of list.</summary>
    public IReadOnlyList<object?> Items => _items ?? (IReadOnlyList<object?>)[];

    /// <summary>What would be put into it by key, if it is a kind of dictionary.</summary>
    public IReadOnlyList<KeyValuePair<object?, object?>> Entries => _entries ?? (IReadOnlyList<KeyValuePair<object?, object?>>)[];

    /// <summary>The attribute <paramref name="name"/> of the object's state.</summary>
    public bool TryGetAttribute(string name, out object? value)
    {
        if (State is PickleDictionary plain && plain.TryGetValue(name, out value))
            return true;
        if (State is PickleTuple { Count: 2 } both
            && ((both[0] is PickleDictionary attributes && attributes.TryGetValue(name, out value))
                || (both[1] is PickleDictionary slots && slots.TryGetValue(name, out value))))
        {
            return true;
        }
        value = null;
        return false;
    }

    /// <inheritdoc/>
    public override string ToString() => $"<{TypeName}>";

    internal void Append(object? item) => (_items ??= []).Add(item);

    internal void Set(object? key, object? value) => (_entries ??= []).Add(new(key, value));
}
