using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using TorchBind.Serialization;
using TorchBind.Serialization.Pickle;

namespace TorchBind.Optim;

/// <summary>
/// Reads what a state dict may hold, whether it was made here (dictionaries, lists, tuples of .NET) or comes from a file that
/// Python wrote.
/// </summary>
internal static class PythonData
{
    /// <summary>A value out of a checkpoint as plain objects: its tensors loaded, its dictionaries as pairs, its tuples as tuples.</summary>
    internal static object? Plain(object? value)
    {
        if (value is not CheckpointValue checkpoint)
            return value;
        switch (checkpoint.Kind)
        {
            case CheckpointValueKind.Tensor or CheckpointValueKind.Array:
                return checkpoint.AsTensor();
            case CheckpointValueKind.Dictionary:
                return checkpoint.Entries.Select(static entry => new KeyValuePair<object?, object?>(entry.Key.Raw, Plain(entry.Value))).ToList();
            case CheckpointValueKind.List:
                return checkpoint.Select(Plain).ToList();
            case CheckpointValueKind.Tuple:
                return new PickleTuple([.. checkpoint.Select(Plain)]);
            default:
                return checkpoint.Raw;
        }
    }

    /// <summary>The entries of anything like a dictionary.</summary>
    internal static bool TryEntries(object? value, [NotNullWhen(true)] out IEnumerable<KeyValuePair<object?, object?>>? entries)
    {
        entries = value switch
        {
            IEnumerable<KeyValuePair<object?, object?>> pairs => pairs,
            IDictionary dictionary => Entries(dictionary),
            IEnumerable<KeyValuePair<string, object?>> pairs => pairs.Select(static pair => new KeyValuePair<object?, object?>(pair.Key, pair.Value)),
            _ => null,
        };
        return entries is not null;
    }

    private static IEnumerable<KeyValuePair<object?, object?>> Entries(IDictionary dictionary)
    {
        foreach (DictionaryEntry entry in dictionary)
            yield return new(entry.Key, entry.Value);
    }

    /// <summary>The entries of a dictionary whose keys are texts.</summary>
    /// <exception cref="ArgumentException">The value is no such dictionary.</exception>
    internal static Dictionary<string, object?> Named(object? value, string what)
    {
        if (!TryEntries(value, out var entries))
            throw new ArgumentException($"{what} should be a dictionary; it is {Kind(value)}.");
        var named = new Dictionary<string, object?>();
        foreach (var (key, entry) in entries)
            named[key as string ?? throw new ArgumentException($"{what} has the key {key ?? "None"}; its keys should be texts.")] = entry;
        return named;
    }

    /// <summary>The items of a list or tuple of any kind.</summary>
    internal static bool TryItems(object? value, [NotNullWhen(true)] out IReadOnlyList<object?>? items)
    {
        items = value switch
        {
            string or Tensor or IEnumerable<KeyValuePair<object?, object?>> or IDictionary => null,
            IReadOnlyList<object?> list => list,
            ITuple tuple => Items(tuple),
            IList list => [.. list.Cast<object?>()],
            _ => null,
        };
        return items is not null;
    }

    private static object?[] Items(ITuple tuple)
    {
        var items = new object?[tuple.Length];
        for (var i = 0; i < items.Length; i++)
            items[i] = tuple[i];
        return items;
    }

    /// <exception cref="ArgumentException">The value is no list.</exception>
    internal static IReadOnlyList<object?> List(object? value, string what) =>
        TryItems(value, out var items) ? items : throw new ArgumentException($"{what} should be a list; it is {Kind(value)}.");

    internal static double ToDouble(object? value, string what) => value switch
    {
        double number => number,
        long number => number,
        int number => number,
        float number => number,
        bool flag => flag ? 1 : 0,
        Tensor tensor => tensor.Item<double>(),
        _ => throw new InvalidOperationException($"The option '{what}' is {value ?? "None"}, not a number."),
    };

    internal static long ToInt64(object? value, string what) => value switch
    {
        long number => number,
        int number => number,
        bool flag => flag ? 1 : 0,
        double number when number == Math.Floor(number) => (long)number,
        Tensor tensor => tensor.Item<long>(),
        _ => throw new InvalidOperationException($"The option '{what}' is {value ?? "None"}, not an integer."),
    };

    /// <summary>Python's truth of a flag.</summary>
    internal static bool ToBoolean(object? value) => value switch
    {
        bool flag => flag,
        null => false,
        long number => number != 0,
        int number => number != 0,
        double number => number != 0,
        _ => true,
    };

    /// <summary>A number as Python prints it.</summary>
    internal static string Format(double number)
    {
        if (double.IsNaN(number))
            return "nan";
        if (double.IsInfinity(number))
            return number > 0 ? "inf" : "-inf";
        var magnitude = Math.Abs(number);
        if (magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e16))
        {
            // Shortest digits that read back, exponent with sign and two digits: 1e-08.
            var text = number.ToString("E16", CultureInfo.InvariantCulture);
            for (var digits = 0; digits <= 16; digits++)
            {
                text = number.ToString("E" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
                if (double.Parse(text, CultureInfo.InvariantCulture) == number)
                    break;
            }
            var at = text.IndexOf('E', StringComparison.Ordinal);
            var exponent = int.Parse(text.AsSpan(at + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            return $"{text[..at]}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }
        var plain = number.ToString("R", CultureInfo.InvariantCulture);
        if (plain.Contains('E', StringComparison.Ordinal))
            plain = ((decimal)number).ToString(CultureInfo.InvariantCulture);
        return plain.Contains('.', StringComparison.Ordinal) ? plain : plain + ".0";
    }

    internal static string Kind(object? value) => value is null ? "None" : value.GetType().ToString();
}
