using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;

namespace TorchBind.Serialization;

/// <summary>
/// Tensors by name, in order: what a module's <c>state_dict()</c> is in Python. It also carries the version numbers
/// (<see cref="Metadata"/>) that Python keeps beside the tensors.
/// </summary>
public sealed class StateDict : IReadOnlyDictionary<string, Tensor>, IDisposable
{
    private readonly OrderedDictionary<string, Tensor> _tensors = new(StringComparer.Ordinal);

    /// <summary>Makes an empty state dict.</summary>
    public StateDict()
    {
    }

    /// <summary>Makes a state dict of <paramref name="tensors"/>, in their order.</summary>
    /// <exception cref="ArgumentException">A name occurs twice.</exception>
    public StateDict(IEnumerable<KeyValuePair<string, Tensor>> tensors)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        foreach ((string key, Tensor tensor) in tensors)
            Add(key, tensor);
    }

    /// <summary>The number of tensors.</summary>
    public int Count => _tensors.Count;

    /// <summary>The names, in order.</summary>
    public IEnumerable<string> Keys => _tensors.Keys;

    /// <summary>The tensors, in order.</summary>
    public IEnumerable<Tensor> Values => _tensors.Values;

    /// <summary>
    /// Python's <c>_metadata</c>: for each submodule's name (the model itself has the empty one) its version and whatever else it
    /// notes. <c>metadata["layer1.0.bn1"]["version"]</c> is 2 for batch normalisation.
    /// </summary>
    public IDictionary<string, IDictionary<string, object?>> Metadata { get; } = new OrderedDictionary<string, IDictionary<string, object?>>(StringComparer.Ordinal);

    /// <summary>Entries that are no tensors: what modules with <c>get_extra_state</c> in Python put under <c>..._extra_state</c>.</summary>
    public IDictionary<string, object?> Extra { get; } = new OrderedDictionary<string, object?>(StringComparer.Ordinal);

    /// <summary>
    /// Which of the tensors are parameters, where their origin says so: a module, a TorchScript or <c>torch.export</c> archive, a checkpoint that keeps
    /// <c>nn.Parameter</c>. Null where nothing says so, as in the usual file of a state dict.
    /// </summary>
    public ISet<string>? ParameterNames { get; private set; }

    /// <summary>Notes that the tensor of this name is a parameter.</summary>
    internal void MarkParameter(string key) => Known().Add(key);

    /// <summary>The names of the parameters, none so far where nothing was known.</summary>
    internal ISet<string> Known() => ParameterNames ??= new HashSet<string>(StringComparer.Ordinal);

    /// <summary>The tensor named <paramref name="key"/>.</summary>
    /// <exception cref="KeyNotFoundException">There is none of this name; the message tells the nearest ones.</exception>
    public Tensor this[string key]
    {
        get => TryGetValue(key, out Tensor? tensor) ? tensor : throw new KeyNotFoundException(NotFoundMessage(key));
        set
        {
            ArgumentNullException.ThrowIfNull(key);
            ArgumentNullException.ThrowIfNull(value);
            _tensors[key] = value;
        }
    }

    /// <summary>Adds a tensor at the end.</summary>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public void Add(string key, Tensor value)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(value);
        if (!_tensors.TryAdd(key, value))
            throw new ArgumentException($"The state dict already has a tensor named '{key}'.", nameof(key));
    }

    /// <summary>Removes a tensor, without disposing it; false if there is none of this name.</summary>
    public bool Remove(string key) => _tensors.Remove(key);

    /// <summary>Whether there is a tensor named <paramref name="key"/>.</summary>
    public bool ContainsKey(string key) => _tensors.ContainsKey(key);

    /// <summary>Finds the tensor named <paramref name="key"/>.</summary>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out Tensor value) => _tensors.TryGetValue(key, out value);

    /// <summary>The names and tensors, in order.</summary>
    public IEnumerator<KeyValuePair<string, Tensor>> GetEnumerator() => _tensors.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>
    /// The same tensors without a prefix that wrappers add, such as <c>module.</c> (DataParallel) or <c>_orig_mod.</c>
    /// (<c>torch.compile</c>). Names that do not begin with it stay as they are.
    /// </summary>
    /// <exception cref="ArgumentException">The prefix is empty, or two entries get the same name.</exception>
    public StateDict RemovePrefix(string prefix)
    {
        ArgumentException.ThrowIfNullOrEmpty(prefix);
        // The metadata speaks of modules, whose own name is the prefix without its dot.
        string module = prefix.TrimEnd('.');
        return Rename(
            key => key.StartsWith(prefix, StringComparison.Ordinal) ? key[prefix.Length..] : key,
            name => name == module ? "" : name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : name.Length == 0 ? null : name);
    }

    /// <summary>The same tensors with <paramref name="prefix"/> before every name.</summary>
    /// <exception cref="ArgumentException">The prefix is empty.</exception>
    public StateDict AddPrefix(string prefix)
    {
        ArgumentException.ThrowIfNullOrEmpty(prefix);
        string module = prefix.TrimEnd('.');
        return Rename(key => prefix + key, name => name.Length == 0 ? module : prefix + name);
    }

    /// <summary>The same tensors under new names; an entry whose new name is null is left out.</summary>
    /// <exception cref="ArgumentException">Two entries get the same name.</exception>
    public StateDict Rename(Func<string, string?> newName)
    {
        ArgumentNullException.ThrowIfNull(newName);
        return Rename(newName, static name => name);
    }

    /// <summary>
    /// The same tensors with every match of a regular expression in their names replaced:
    /// <c>state.RenameKeys(@"^bert\.", "encoder.")</c>.
    /// </summary>
    /// <exception cref="ArgumentException">The pattern is not valid, or two entries get the same name.</exception>
    public StateDict RenameKeys([StringSyntax(StringSyntaxAttribute.Regex)] string pattern, string replacement)
    {
        ArgumentNullException.ThrowIfNull(replacement);
        var expression = new Regex(pattern, RegexOptions.CultureInvariant);
        return Rename(key => expression.Replace(key, replacement));
    }

    /// <summary>Disposes every tensor.</summary>
    public void Dispose()
    {
        foreach (Tensor tensor in _tensors.Values)
            tensor.Dispose();
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"StateDict with {Count} tensors");

    private StateDict Rename(Func<string, string?> newName, Func<string, string?> newModuleName)
    {
        var renamed = new StateDict();
        if (ParameterNames is not null)
            renamed.Known();
        foreach ((string key, Tensor tensor) in _tensors)
        {
            if (newName(key) is not { } name)
                continue;
            renamed.Add(name, tensor);
            if (ParameterNames?.Contains(key) == true)
                renamed.MarkParameter(name);
        }
        foreach ((string key, object? value) in Extra)
        {
            if (newName(key) is { } name)
                renamed.Extra[name] = value;
        }
        foreach ((string module, IDictionary<string, object?> note) in Metadata)
        {
            if (newModuleName(module) is { } name)
                renamed.Metadata[name] = note;
        }
        return renamed;
    }

    private string NotFoundMessage(string key)
    {
        int dot = key.LastIndexOf('.');
        string last = dot < 0 ? key : key[(dot + 1)..];
        string[] near = [.. _tensors.Keys.Where(k => k.EndsWith(key, StringComparison.Ordinal) || key.EndsWith(k, StringComparison.Ordinal)
            || string.Equals(k, key, StringComparison.OrdinalIgnoreCase)).Take(3)];
        if (near.Length == 0)
            near = [.. _tensors.Keys.Where(k => k.EndsWith(last, StringComparison.Ordinal)).Take(3)];
        string hint = near.Length > 0 ? $" Did you mean {string.Join(" or ", near.Select(static n => $"'{n}'"))}?" : "";
        return $"The state dict has no tensor named '{key}' among its {Count}.{hint}";
    }
}
