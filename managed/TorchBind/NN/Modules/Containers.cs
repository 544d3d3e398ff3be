using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace TorchBind.NN;

/// <summary>
/// Runs modules one after the other. They are called <c>0</c>, <c>1</c> and so on, or as they are named. Mirrors <c>nn.Sequential</c>.
/// </summary>
public partial class Sequential : Module<Tensor, Tensor>, IEnumerable<Module<Tensor, Tensor>>
{
    [Unregistered]
    private List<(string Key, Module<Tensor, Tensor> Module)> _items = [];

    /// <summary>Makes the module.</summary>
    /// <param name="modules">The modules, in their order.</param>
    [System.Runtime.CompilerServices.OverloadResolutionPriority(1)]
    public Sequential(params ReadOnlySpan<Module<Tensor, Tensor>> modules)
    {
        foreach (var module in modules)
            Append(module);
    }

    /// <summary>Makes the module with names, as Python does from an <c>OrderedDict</c>.</summary>
    /// <param name="modules">Names and modules, in their order.</param>
    /// <exception cref="ArgumentException">A name occurs twice, is empty, or has a dot.</exception>
    public Sequential(params ReadOnlySpan<(string Name, Module<Tensor, Tensor> Module)> modules)
    {
        foreach (var (name, module) in modules)
            Add(name, module);
    }

    /// <summary>The number of modules.</summary>
    public int Count => _items.Count;

    /// <summary>The module at a place.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such place.</exception>
    public Module<Tensor, Tensor> this[int index]
    {
        get => _items[At(index)].Module;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            _items[At(index)] = (_items[At(index)].Key, value);
        }
    }

    /// <summary>The module at a place, also counted from the end.</summary>
    public Module<Tensor, Tensor> this[Index index]
    {
        get => this[index.GetOffset(Count)];
        set => this[index.GetOffset(Count)] = value;
    }

    /// <summary>A part, with the same modules.</summary>
    public Sequential this[Range range]
    {
        get
        {
            var (offset, length) = range.GetOffsetAndLength(Count);
            var part = new Sequential();
            part._items.AddRange(_items.GetRange(offset, length));
            return part;
        }
    }

    /// <summary>The module with a name.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public Module<Tensor, Tensor> this[string name]
    {
        get => _items.Find(i => i.Key == name).Module ?? throw new KeyNotFoundException($"The Sequential has no module '{name}'; it has: {string.Join(", ", _items.Select(static i => i.Key))}.");
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            var at = _items.FindIndex(i => i.Key == name);
            if (at < 0)
                Add(name, value);
            else
                _items[at] = (name, value);
        }
    }

    private int At(int index)
    {
        if (index < -Count || index >= Count)
            throw new ArgumentOutOfRangeException(nameof(index), index, $"The index {index} is out of range: there are {Count} modules.");
        return index < 0 ? index + Count : index;
    }

    /// <summary>Adds a module at the end. Mirrors <c>append</c>.</summary>
    /// <returns>This module.</returns>
    public Sequential Append(Module<Tensor, Tensor> module)
    {
        ArgumentNullException.ThrowIfNull(module);
        Add(Count.ToString(CultureInfo.InvariantCulture), module);
        return this;
    }

    /// <summary>Adds a module at the end; what collection initialisers call.</summary>
    public void Add(Module<Tensor, Tensor> module) => Append(module);

    /// <summary>Adds a module with a name at the end.</summary>
    /// <exception cref="ArgumentException">The name is taken, empty, or has a dot.</exception>
    public void Add(string name, Module<Tensor, Tensor> module)
    {
        ArgumentNullException.ThrowIfNull(module);
        if (!MemberName.IsValid(name) || _items.Exists(i => i.Key == name))
            throw new ArgumentException($"'{name}' cannot be a name: it must not be empty, have no dot and not be taken.", nameof(name));
        _items.Add((name, module));
    }

    /// <summary>Adds modules at the end. Mirrors <c>extend</c>.</summary>
    /// <returns>This module.</returns>
    public Sequential Extend(IEnumerable<Module<Tensor, Tensor>> modules)
    {
        ArgumentNullException.ThrowIfNull(modules);
        foreach (var module in modules.ToArray())
            Append(module);
        return this;
    }

    /// <summary>Puts a module in at a place; those behind move on. Mirrors <c>insert</c>.</summary>
    /// <returns>This module.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such place.</exception>
    public Sequential Insert(int index, Module<Tensor, Tensor> module)
    {
        ArgumentNullException.ThrowIfNull(module);
        if (index < -Count || index > Count)
            throw new ArgumentOutOfRangeException(nameof(index), index, $"The index {index} is out of range: there are {Count} modules.");
        _items.Insert(index < 0 ? index + Count : index, ("", module));
        Renumber();
        return this;
    }

    /// <summary>Takes out the module at a place and gives it back. Mirrors <c>pop</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such place.</exception>
    public Module<Tensor, Tensor> Pop(int index = -1)
    {
        var at = At(index);
        var module = _items[at].Module;
        _items.RemoveAt(at);
        Renumber();
        return module;
    }

    /// <summary>Takes out the module at a place.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such place.</exception>
    public void RemoveAt(int index) => Pop(index);

    // As in Python, places that moved are named anew, and names of one's own are lost with that.
    private void Renumber()
    {
        for (var i = 0; i < _items.Count; i++)
            _items[i] = (i.ToString(CultureInfo.InvariantCulture), _items[i].Module);
    }

    internal override IEnumerable<KeyValuePair<string, Module?>> DynamicModules() => _items.Select(static i => KeyValuePair.Create(i.Key, (Module?)i.Module));

    internal override bool SetDynamicModule(string key, Module? value)
    {
        var at = _items.FindIndex(i => i.Key == key);
        if (at < 0)
            return false;
        _items[at] = (key, value as Module<Tensor, Tensor>
            ?? throw new InvalidOperationException($"A Sequential holds modules from tensor to tensor, not a {value?.GetName() ?? "null"}."));
        return true;
    }

    private protected override void CopyDynamicModules(Dictionary<object, object> known)
    {
        _items = [.. _items.Select(i => (i.Key, (Module<Tensor, Tensor>)i.Module.DeepCopy(known)))];
    }

    /// <inheritdoc/>
    protected override Tensor Forward(Tensor input)
    {
        foreach (var (_, module) in _items)
            input = module.Call(input);
        return input;
    }

    /// <summary>The modules, in their order.</summary>
    public IEnumerator<Module<Tensor, Tensor>> GetEnumerator() => _items.Select(static i => i.Module).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>A list of modules, called <c>0</c>, <c>1</c> and so on. Mirrors <c>nn.ModuleList</c>.</summary>
/// <typeparam name="T">What the modules are.</typeparam>
public partial class ModuleList<T> : Module, IReadOnlyList<T> where T : Module
{
    [Unregistered]
    private List<T> _items = [];

    /// <summary>Makes the list.</summary>
    public ModuleList(params ReadOnlySpan<T> modules)
    {
        foreach (var module in modules)
            Append(module);
    }

    /// <summary>Makes the list.</summary>
    public ModuleList(IEnumerable<T> modules) => Extend(modules);

    /// <summary>The number of modules.</summary>
    public int Count => _items.Count;

    /// <summary>The module at a place; negative numbers count from the end.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such place.</exception>
    public T this[int index]
    {
        get => _items[At(index)];
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            _items[At(index)] = value;
        }
    }

    /// <summary>A part, with the same modules.</summary>
    public ModuleList<T> this[Range range]
    {
        get
        {
            var (offset, length) = range.GetOffsetAndLength(Count);
            return new ModuleList<T>(_items.GetRange(offset, length));
        }
    }

    private int At(int index)
    {
        if (index < -Count || index >= Count)
            throw new ArgumentOutOfRangeException(nameof(index), index, $"The index {index} is out of range: there are {Count} modules.");
        return index < 0 ? index + Count : index;
    }

    /// <summary>Adds a module at the end. Mirrors <c>append</c>.</summary>
    /// <returns>This list.</returns>
    public ModuleList<T> Append(T module)
    {
        ArgumentNullException.ThrowIfNull(module);
        _items.Add(module);
        return this;
    }

    /// <summary>Adds a module at the end; what collection initialisers call.</summary>
    public void Add(T module) => Append(module);

    /// <summary>Adds modules at the end. Mirrors <c>extend</c>.</summary>
    /// <returns>This list.</returns>
    public ModuleList<T> Extend(IEnumerable<T> modules)
    {
        ArgumentNullException.ThrowIfNull(modules);
        foreach (var module in modules.ToArray())
            Append(module);
        return this;
    }

    /// <summary>Puts a module in at a place. Mirrors <c>insert</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such place.</exception>
    public void Insert(int index, T module)
    {
        ArgumentNullException.ThrowIfNull(module);
        _items.Insert(index < 0 ? index + Count : index, module);
    }

    /// <summary>Takes out the module at a place and gives it back. Mirrors <c>pop</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such place.</exception>
    public T Pop(int index = -1)
    {
        var at = At(index);
        var module = _items[at];
        _items.RemoveAt(at);
        return module;
    }

    /// <summary>Takes out the module at a place.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such place.</exception>
    public void RemoveAt(int index) => Pop(index);

    internal override IEnumerable<KeyValuePair<string, Module?>> DynamicModules() =>
        _items.Select(static (m, i) => KeyValuePair.Create(i.ToString(CultureInfo.InvariantCulture), (Module?)m));

    internal override bool SetDynamicModule(string key, Module? value)
    {
        if (!int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var at) || at >= Count)
            return false;
        _items[at] = value as T ?? throw new InvalidOperationException($"The list holds {typeof(T).Name}, not a {value?.GetName() ?? "null"}.");
        return true;
    }

    private protected override void CopyDynamicModules(Dictionary<object, object> known) => _items = [.. _items.Select(m => (T)m.DeepCopy(known))];

    /// <summary>The modules, in their order.</summary>
    public IEnumerator<T> GetEnumerator() => _items.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The modules; neighbours that print alike on one line.</summary>
    public override string ToString()
    {
        var lines = new List<string>();
        for (var i = 0; i < Count;)
        {
            var text = _items[i].ToString();
            var end = i + 1;
            while (end < Count && _items[end].ToString() == text)
                end++;
            lines.Add(end == i + 1
                ? string.Create(CultureInfo.InvariantCulture, $"({i}): {Indent(text)}")
                : string.Create(CultureInfo.InvariantCulture, $"({i}-{end - 1}): {end - i} x {Indent(text)}"));
            i = end;
        }
        return Assemble(lines, 0);
    }
}

/// <summary>A list of modules of any class. Mirrors <c>nn.ModuleList</c>.</summary>
public partial class ModuleList : ModuleList<Module>
{
    /// <summary>Makes the list.</summary>
    public ModuleList(params ReadOnlySpan<Module> modules) : base(modules)
    {
    }

    /// <summary>Makes the list.</summary>
    public ModuleList(IEnumerable<Module> modules) : base(modules)
    {
    }
}

/// <summary>Modules by name, in the order in which they were added. Mirrors <c>nn.ModuleDict</c>.</summary>
/// <typeparam name="T">What the modules are.</typeparam>
public partial class ModuleDict<T> : Module, IReadOnlyDictionary<string, T> where T : Module
{
    [Unregistered]
    private OrderedDictionary<string, T> _items = new(StringComparer.Ordinal);

    /// <summary>Makes the dictionary.</summary>
    /// <exception cref="ArgumentException">A name occurs twice, is empty, or has a dot.</exception>
    public ModuleDict(params ReadOnlySpan<(string Name, T Module)> modules)
    {
        foreach (var (name, module) in modules)
            Add(name, module);
    }

    /// <summary>Makes the dictionary.</summary>
    /// <exception cref="ArgumentException">A name is empty or has a dot.</exception>
    public ModuleDict(IEnumerable<KeyValuePair<string, T>> modules) => Update(modules);

    /// <summary>The number of modules.</summary>
    public int Count => _items.Count;

    /// <summary>The names, in order.</summary>
    public IEnumerable<string> Keys => _items.Keys;

    /// <summary>The modules, in order.</summary>
    public IEnumerable<T> Values => _items.Values;

    /// <summary>The module with a name.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    /// <exception cref="ArgumentException">Set: the name is empty or has a dot.</exception>
    public T this[string key]
    {
        get => _items.TryGetValue(key, out var module) ? module : throw new KeyNotFoundException($"The ModuleDict has no module '{key}'; it has: {string.Join(", ", _items.Keys)}.");
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            CheckName(key);
            _items[key] = value;
        }
    }

    private static void CheckName(string key)
    {
        if (!MemberName.IsValid(key))
            throw new ArgumentException($"'{key}' cannot be a name: it must not be empty and must have no dot.", nameof(key));
    }

    /// <summary>Adds a module.</summary>
    /// <exception cref="ArgumentException">The name is taken, empty, or has a dot.</exception>
    public void Add(string key, T module)
    {
        ArgumentNullException.ThrowIfNull(module);
        CheckName(key);
        _items.Add(key, module);
    }

    /// <summary>Adds or replaces modules. Mirrors <c>update</c>.</summary>
    /// <exception cref="ArgumentException">A name is empty or has a dot.</exception>
    public void Update(IEnumerable<KeyValuePair<string, T>> modules)
    {
        ArgumentNullException.ThrowIfNull(modules);
        foreach (var (key, module) in modules)
            this[key] = module;
    }

    /// <summary>Takes out a module and gives it back. Mirrors <c>pop</c>.</summary>
    /// <exception cref="KeyNotFoundException">There is none of this name.</exception>
    public T Pop(string key)
    {
        var module = this[key];
        _items.Remove(key);
        return module;
    }

    /// <summary>Takes out a module; false if there is none of this name.</summary>
    public bool Remove(string key) => _items.Remove(key);

    /// <summary>Takes out all modules. Mirrors <c>clear</c>.</summary>
    public void Clear() => _items.Clear();

    /// <summary>Whether there is a module of this name.</summary>
    public bool ContainsKey(string key) => _items.ContainsKey(key);

    /// <summary>Finds the module of this name.</summary>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out T value) => _items.TryGetValue(key, out value);

    internal override IEnumerable<KeyValuePair<string, Module?>> DynamicModules() => _items.Select(static i => KeyValuePair.Create(i.Key, (Module?)i.Value));

    internal override bool SetDynamicModule(string key, Module? value)
    {
        if (!_items.ContainsKey(key))
            return false;
        _items[key] = value as T ?? throw new InvalidOperationException($"The dictionary holds {typeof(T).Name}, not a {value?.GetName() ?? "null"}.");
        return true;
    }

    private protected override void CopyDynamicModules(Dictionary<object, object> known)
    {
        var copies = new OrderedDictionary<string, T>(StringComparer.Ordinal);
        foreach (var (key, module) in _items)
            copies.Add(key, (T)module.DeepCopy(known));
        _items = copies;
    }

    /// <summary>Names and modules, in order.</summary>
    public IEnumerator<KeyValuePair<string, T>> GetEnumerator() => _items.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>Modules of any class by name. Mirrors <c>nn.ModuleDict</c>.</summary>
public partial class ModuleDict : ModuleDict<Module>
{
    /// <summary>Makes the dictionary.</summary>
    public ModuleDict(params ReadOnlySpan<(string Name, Module Module)> modules) : base(modules)
    {
    }

    /// <summary>Makes the dictionary.</summary>
    public ModuleDict(IEnumerable<KeyValuePair<string, Module>> modules) : base(modules)
    {
    }
}

/// <summary>
/// A list of parameters, called <c>0</c>, <c>1</c> and so on. Tensors that are added become parameters. Mirrors <c>nn.ParameterList</c>.
/// </summary>
public partial class ParameterList : Module, IReadOnlyList<Parameter>
{
    private int _count;

    /// <summary>Makes the list.</summary>
    public ParameterList(params ReadOnlySpan<Tensor> values)
    {
        foreach (var value in values)
            Append(value);
    }

    /// <summary>Makes the list.</summary>
    public ParameterList(IEnumerable<Tensor> values) => Extend(values);

    /// <summary>The number of parameters.</summary>
    public int Count => _count;

    /// <summary>The parameter at a place; negative numbers count from the end.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such place.</exception>
    public Parameter this[int index]
    {
        get => (Parameter)(TensorOf(Key(index)) ?? throw new InvalidOperationException($"The parameter {index} was removed."));
        set => RegisterParameter(Key(index), value);
    }

    private string Key(int index)
    {
        if (index < -_count || index >= _count)
            throw new ArgumentOutOfRangeException(nameof(index), index, $"The index {index} is out of range: there are {_count} parameters.");
        return (index < 0 ? index + _count : index).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Adds a parameter at the end; another tensor becomes one. Mirrors <c>append</c>.</summary>
    /// <returns>This list.</returns>
    public ParameterList Append(Tensor value)
    {
        ArgumentNullException.ThrowIfNull(value);
        RegisterParameter(_count.ToString(CultureInfo.InvariantCulture), value as Parameter ?? new Parameter(value));
        _count++;
        return this;
    }

    /// <summary>Adds a parameter at the end; what collection initialisers call.</summary>
    public void Add(Tensor value) => Append(value);

    /// <summary>Adds parameters at the end. Mirrors <c>extend</c>.</summary>
    /// <returns>This list.</returns>
    public ParameterList Extend(IEnumerable<Tensor> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        foreach (var value in values.ToArray())
            Append(value);
        return this;
    }

    /// <summary>The parameters, in their order.</summary>
    public IEnumerator<Parameter> GetEnumerator()
    {
        for (var i = 0; i < _count; i++)
            yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => string.Join("\n", this.Select(static (p, i) => $"  ({i}): {ParameterText(p, $"torch.{p.DType.Name()}")}"));

    internal static string ParameterText(Parameter parameter, string type) =>
        $"Parameter containing: [{type} of size {string.Join("x", parameter.Shape)}{(parameter.IsCuda ? $" ({parameter.Device})" : "")}]";

    internal static string TypeName(Tensor tensor) => (tensor.IsCuda ? "torch.cuda." : "torch.") + tensor.DType switch
    {
        DType.Float32 => "FloatTensor",
        DType.Float64 => "DoubleTensor",
        DType.Float16 => "HalfTensor",
        DType.BFloat16 => "BFloat16Tensor",
        DType.Int64 => "LongTensor",
        DType.Complex64 => "ComplexFloatTensor",
        DType.Complex128 => "ComplexDoubleTensor",
        var other => other.Name(),
    };
}

/// <summary>Parameters by name. Tensors that are added become parameters. Mirrors <c>nn.ParameterDict</c>.</summary>
public partial class ParameterDict : Module, IReadOnlyDictionary<string, Parameter>
{
    private List<string> _keys = [];

    private protected override void CopyDynamicModules(Dictionary<object, object> known) => _keys = [.. _keys];

    /// <summary>Makes the dictionary.</summary>
    /// <exception cref="ArgumentException">A name occurs twice, is empty, or has a dot.</exception>
    public ParameterDict(params ReadOnlySpan<(string Name, Tensor Value)> parameters)
    {
        foreach (var (name, value) in parameters)
            Add(name, value);
    }

    /// <summary>The number of parameters.</summary>
    public int Count => _keys.Count;

    /// <summary>The names, in order.</summary>
    public IEnumerable<string> Keys => _keys;

    /// <summary>The parameters, in order.</summary>
    public IEnumerable<Parameter> Values => _keys.Select(k => this[k]);

    /// <summary>The parameter with a name.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    /// <exception cref="ArgumentException">Set: the name is empty or has a dot.</exception>
    public Parameter this[string key]
    {
        get => TryGetValue(key, out var value) ? value : throw new KeyNotFoundException($"The ParameterDict has no parameter '{key}'; it has: {string.Join(", ", _keys)}.");
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            RegisterParameter(key, value);
            if (!_keys.Contains(key))
                _keys.Add(key);
        }
    }

    /// <summary>Adds a parameter; another tensor becomes one.</summary>
    /// <exception cref="ArgumentException">The name is taken, empty, or has a dot.</exception>
    public void Add(string key, Tensor value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (_keys.Contains(key))
            throw new ArgumentException($"There is a parameter '{key}' already.", nameof(key));
        this[key] = value as Parameter ?? new Parameter(value);
    }

    /// <summary>Adds or replaces parameters. Mirrors <c>update</c>.</summary>
    public void Update(IEnumerable<KeyValuePair<string, Parameter>> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        foreach (var (key, value) in parameters)
            this[key] = value;
    }

    /// <summary>Takes out a parameter and gives it back. Mirrors <c>pop</c>.</summary>
    /// <exception cref="KeyNotFoundException">There is none of this name.</exception>
    public Parameter Pop(string key)
    {
        var value = this[key];
        Remove(key);
        return value;
    }

    /// <summary>Takes out a parameter; false if there is none of this name.</summary>
    public bool Remove(string key) => _keys.Remove(key) && Unregister(key);

    /// <summary>Takes out all parameters. Mirrors <c>clear</c>.</summary>
    public void Clear()
    {
        foreach (var key in _keys.ToArray())
            Remove(key);
    }

    /// <summary>Whether there is a parameter of this name.</summary>
    public bool ContainsKey(string key) => _keys.Contains(key);

    /// <summary>Finds the parameter of this name.</summary>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out Parameter value)
    {
        value = _keys.Contains(key) ? TensorOf(key) as Parameter : null;
        return value is not null;
    }

    /// <summary>Names and parameters, in order.</summary>
    public IEnumerator<KeyValuePair<string, Parameter>> GetEnumerator() => _keys.Select(k => KeyValuePair.Create(k, this[k])).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    protected internal override string ExtraRepr() => string.Join("\n", this.Select(static p => $"  ({p.Key}): {ParameterList.ParameterText(p.Value, ParameterList.TypeName(p.Value))}"));
}
