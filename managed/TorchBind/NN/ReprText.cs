using System.Globalization;

namespace TorchBind.NN;

/// <summary>Values as Python prints them, for <see cref="Module.ExtraRepr"/>.</summary>
internal static class ReprText
{
    public static string Of(bool value) => value ? "True" : "False";

    public static string Of(long value) => value.ToString(CultureInfo.InvariantCulture);

    public static string Of(long? value) => value is { } number ? Of(number) : "None";

    public static string Of(double? value) => value is { } number ? Of(number) : "None";

    public static string Of(string value) => $"'{value}'";

    /// <summary>The shortest digits, as <c>repr</c> of a float: <c>1e-05</c>, <c>0.1</c>, <c>2.0</c>.</summary>
    public static string Of(double value)
    {
        if (double.IsNaN(value))
            return "nan";
        if (double.IsInfinity(value))
            return value > 0 ? "inf" : "-inf";
        var text = value.ToString("E16", CultureInfo.InvariantCulture);
        var power = int.Parse(text.AsSpan(text.IndexOf('E') + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var shortest = value.ToString("R", CultureInfo.InvariantCulture);
        if (shortest.IndexOf('E') is var e && e >= 0)
        {
            if (power is >= -4 and < 16)
                return decimal.Parse(shortest, NumberStyles.Float, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture) is var plain && plain.Contains('.') ? plain : plain + ".0";
            var exponent = int.Parse(shortest.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            return $"{shortest[..e]}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture)}";
        }
        return shortest.Contains('.') ? shortest : shortest + ".0";
    }

    /// <summary>A number written as a Python program would have it: an int without point.</summary>
    public static string Of(Scalar value) => value.IsInteger ? Of(value.ToInt64()) : value.IsBoolean ? Of(value.ToBoolean()) : Of(value.ToDouble());

    /// <summary>A tuple: <c>(3, 3)</c>, <c>(3,)</c>.</summary>
    public static string Of(ReadOnlySpan<long> values)
    {
        var parts = new string[values.Length];
        for (var i = 0; i < parts.Length; i++)
            parts[i] = Of(values[i]);
        return parts.Length == 1 ? $"({parts[0]},)" : $"({string.Join(", ", parts)})";
    }

    /// <summary>One number where it was given as one, otherwise a tuple.</summary>
    public static string OfSize(Shape value) => value.Length == 1 ? Of(value[0]) : Of(value.Span);

    /// <summary>A number that Python programs write without point where they can.</summary>
    public static string OfShort(double value) => double.IsInteger(value) && Math.Abs(value) < 1e15 ? Of((long)value) : Of(value);
}
