using System.Collections;

namespace TorchBind.Optim;

/// <summary>
/// What an optimizer keeps for one parameter (momentum, averages, number of steps), under Python's names. Mirrors
/// <c>Optimizer.state[p]</c>.
/// </summary>
public sealed class ParamState : IReadOnlyCollection<KeyValuePair<string, object?>>
{
    // A handful of entries, looked up in every step by constant names: comparing references comes first.
    private string[] _names = new string[4];
    private object?[] _values = new object?[4];

    internal ParamState()
    {
    }

    /// <summary>The number of entries.</summary>
    public int Count { get; private set; }

    /// <summary>The entry under a name: a <see cref="Tensor"/>, a number, null, or a list of these.</summary>
    /// <param name="name">For example <c>step</c>, <c>exp_avg</c>, <c>momentum_buffer</c>.</param>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public object? this[string name]
    {
        get => IndexOf(name) is var at and >= 0 ? _values[at] : throw new KeyNotFoundException($"The optimizer's state has no '{name}'.");
        set
        {
            ArgumentNullException.ThrowIfNull(name);
            var at = IndexOf(name);
            if (at < 0)
            {
                if (Count == _names.Length)
                {
                    Array.Resize(ref _names, Count * 2);
                    Array.Resize(ref _values, Count * 2);
                }
                at = Count++;
                _names[at] = name;
            }
            _values[at] = value;
        }
    }

    /// <summary>Whether there is an entry under a name.</summary>
    /// <param name="name">The name.</param>
    public bool ContainsKey(string name) => IndexOf(name) >= 0;

    /// <summary>The tensor under a name.</summary>
    /// <param name="name">The name.</param>
    /// <exception cref="KeyNotFoundException">There is no entry of that name.</exception>
    /// <exception cref="InvalidOperationException">The entry is no tensor.</exception>
    public Tensor Tensor(string name) => this[name] as Tensor
        ?? throw new InvalidOperationException($"The entry '{name}' of the optimizer's state is no tensor.");

    /// <summary>The tensor under a name; null where there is no entry, or it is None.</summary>
    internal Tensor? OptionalTensor(string name) => IndexOf(name) is var at and >= 0 ? _values[at] as Tensor : null;

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
            yield return new(_names[i], _values[i]);
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private int IndexOf(string name)
    {
        for (var i = 0; i < Count; i++)
        {
            if (ReferenceEquals(_names[i], name))
                return i;
        }
        for (var i = 0; i < Count; i++)
        {
            if (_names[i] == name)
                return i;
        }
        return -1;
    }
}
