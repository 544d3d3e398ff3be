using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace TorchBind.Optim;

/// <summary>
/// Parameters that share their options: learning rate, weight decay and whatever the optimizer knows. Options have Python's names
/// and are found with the indexer (<c>group["momentum"]</c>); options that are not set take the optimizer's defaults when the group
/// is added. Mirrors an entry of <c>Optimizer.param_groups</c>.
/// </summary>
/// <example><code>
/// var optimizer = new SGD([
///     new ParamGroup(model.Body.Parameters()),
///     new ParamGroup(model.Head.Parameters()) { Lr = 0.1, ["momentum"] = 0.5 },
/// ], lr: 0.01, momentum: 0.9);
/// </code></example>
public sealed class ParamGroup : IEnumerable<KeyValuePair<string, object?>>
{
    private readonly OrderedDictionary<string, object?> _options = [];
    private readonly List<Tensor> _params;
    private List<string>? _names;

    /// <summary>A group of parameters.</summary>
    /// <param name="parameters">The parameters, in an order that is the same in each run.</param>
    public ParamGroup(IEnumerable<Tensor> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        _params = [.. parameters];
        for (var i = 0; i < _params.Count; i++)
        {
            if (_params[i] is null)
                throw new ArgumentException($"Parameter {i} is null.", nameof(parameters));
        }
    }

    /// <summary>A group of one parameter.</summary>
    /// <param name="parameter">The parameter.</param>
    public ParamGroup(Tensor parameter)
        : this([parameter])
    {
    }

    /// <summary>A group of named parameters. The names appear in the state dict as <c>param_names</c>.</summary>
    /// <param name="parameters">Names and parameters, for example <c>model.NamedParameters()</c>.</param>
    public ParamGroup(IEnumerable<(string Name, Tensor Parameter)> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        _params = [];
        _names = [];
        foreach (var (name, parameter) in parameters)
        {
            _names.Add(name ?? throw new ArgumentException($"The name of parameter {_names.Count} is null.", nameof(parameters)));
            _params.Add(parameter ?? throw new ArgumentException($"The parameter '{name}' is null.", nameof(parameters)));
        }
    }

    /// <summary>The parameters.</summary>
    public IReadOnlyList<Tensor> Params => _params;

    /// <summary>Their names; null where the group was made without.</summary>
    public IReadOnlyList<string>? ParamNames
    {
        get => _names;
        internal set => _names = value is null ? null : [.. value];
    }

    /// <summary>The learning rate, option <c>lr</c>.</summary>
    /// <exception cref="KeyNotFoundException">It is not set, and the group is not yet an optimizer's.</exception>
    public double Lr
    {
        get => GetDouble("lr");
        set => this["lr"] = value;
    }

    /// <summary>The weight decay, option <c>weight_decay</c>.</summary>
    /// <exception cref="KeyNotFoundException">It is not set, or the optimizer has no such option.</exception>
    public double WeightDecay
    {
        get => GetDouble("weight_decay");
        set => this["weight_decay"] = value;
    }

    /// <summary>The value of an option, by Python's name.</summary>
    /// <param name="option">For example <c>lr</c>, <c>betas</c>, <c>weight_decay</c>.</param>
    /// <exception cref="KeyNotFoundException">There is no such option.</exception>
    public object? this[string option]
    {
        get => TryGetValue(option, out var value) ? value : throw Missing(option);
        set
        {
            ArgumentNullException.ThrowIfNull(option);
            _options[option] = value switch
            {
                float number => (double)number,
                int number => (long)number,
                _ => value,
            };
        }
    }

    /// <summary>Whether there is a value for an option.</summary>
    /// <param name="option">Its name.</param>
    public bool ContainsKey(string option) => _options.ContainsKey(option);

    /// <summary>The value of an option, where there is one.</summary>
    /// <param name="option">Its name.</param>
    /// <param name="value">Its value.</param>
    public bool TryGetValue(string option, out object? value)
    {
        ArgumentNullException.ThrowIfNull(option);
        return _options.TryGetValue(option, out value);
    }

    /// <summary>The options, in the order in which they were set; without parameters and names.</summary>
    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() => _options.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal void SetDefault(string option, object? value)
    {
        if (!_options.ContainsKey(option))
            this[option] = value;
    }

    internal void Replace(IEnumerable<KeyValuePair<string, object?>> options)
    {
        _options.Clear();
        foreach (var (option, value) in options)
            this[option] = value;
    }

    /// <summary>An option as a number.</summary>
    internal double GetDouble(string option) => PythonData.ToDouble(this[option], option);

    internal double GetDouble(string option, double otherwise) =>
        TryGetValue(option, out var value) && value is not null ? PythonData.ToDouble(value, option) : otherwise;

    internal long GetInt64(string option) => PythonData.ToInt64(this[option], option);

    /// <summary>An option as a flag; not set and null count as false.</summary>
    internal bool GetFlag(string option) => TryGetValue(option, out var value) && PythonData.ToBoolean(value);

    internal (double First, double Second) GetPair(string option)
    {
        if (this[option] is ValueTuple<double, double> pair)
            return pair;
        if (PythonData.TryItems(this[option], out var items) && items.Count == 2)
            return (PythonData.ToDouble(items[0], option), PythonData.ToDouble(items[1], option));
        throw new InvalidOperationException($"The option '{option}' is {this[option] ?? "None"}, not a pair of numbers.");
    }

    private static KeyNotFoundException Missing(string option) => new($"The parameter group has no option '{option}'.");

    internal static string Format(object? value) => value switch
    {
        null => "None",
        bool flag => flag ? "True" : "False",
        double number => PythonData.Format(number),
        _ when PythonData.TryItems(value, out var items) => $"({string.Join(", ", items.Select(Format))})",
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
