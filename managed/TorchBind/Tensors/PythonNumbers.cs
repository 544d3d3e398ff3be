using System.Globalization;
using System.Numerics;

namespace TorchBind;

/// <summary>Numbers as Python writes them: the digits of exact binary values, ties rounded to even.</summary>
internal static class PythonNumbers
{
    /// <summary>Python's <c>f"{value:.{precision}f}"</c>.</summary>
    internal static string Fixed(double value, int precision)
    {
        if (!double.IsFinite(value))
            return NonFinite(value);
        // .NET rounds a tie away from zero, Python to even. A value lies between two neighbours exactly if its lowest set bit
        // stands right behind the last digit's.
        var (mantissa, exponent) = Decompose(value);
        if (mantissa == 0 || exponent != -(precision + 1))
            return value.ToString("F" + precision.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        var digits = HalfToEven(mantissa * BigInteger.Pow(5, precision), 2).ToString(CultureInfo.InvariantCulture).PadLeft(precision + 1, '0');
        var sign = double.IsNegative(value) ? "-" : "";
        return precision == 0 ? sign + digits : $"{sign}{digits[..^precision]}.{digits[^precision..]}";
    }

    /// <summary>Python's <c>f"{value:.{precision}e}"</c>.</summary>
    internal static string Exponential(double value, int precision)
    {
        if (!double.IsFinite(value))
            return NonFinite(value);
        var text = value.ToString("e" + precision.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        var at = text.IndexOf('e');
        var power = int.Parse(text.AsSpan(at + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var digits = text[..at];
        var (mantissa, exponent) = Decompose(value);
        // The rounded text may have carried into the next power: both places are looked at.
        if (mantissa != 0 && (exponent == power - precision - 1 || exponent == power - precision - 2))
            (digits, power) = ExactDigits(mantissa, exponent, precision, double.IsNegative(value));
        return $"{digits}e{(power < 0 ? '-' : '+')}{Math.Abs(power).ToString("00", CultureInfo.InvariantCulture)}";
    }

    /// <summary>Python's <c>repr(value)</c>: the shortest digits that give the value back.</summary>
    internal static string Repr(double value)
    {
        if (!double.IsFinite(value))
            return NonFinite(value);
        if (value == 0)
            return double.IsNegative(value) ? "-0.0" : "0.0";
        var text = value.ToString("E16", CultureInfo.InvariantCulture);
        var shortest = value.ToString("R", CultureInfo.InvariantCulture);
        var power = int.Parse(text.AsSpan(text.IndexOf('E') + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var end = shortest.IndexOf('E');
        var digits = (end < 0 ? shortest : shortest[..end]).Replace("-", "", StringComparison.Ordinal);
        // Where the point stands in the digits says which power they have, whichever form .NET chose.
        if (end >= 0)
            power = int.Parse(shortest.AsSpan(end + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        else
            power = PowerOf(digits);
        digits = digits.Replace(".", "", StringComparison.Ordinal).TrimStart('0').TrimEnd('0');
        var sign = value < 0 ? "-" : "";
        if (power is < -4 or >= 16)
        {
            var fraction = digits.Length > 1 ? "." + digits[1..] : "";
            return $"{sign}{digits[0]}{fraction}e{(power < 0 ? '-' : '+')}{Math.Abs(power).ToString("00", CultureInfo.InvariantCulture)}";
        }
        if (power < 0)
            return $"{sign}0.{new string('0', -power - 1)}{digits}";
        digits = digits.PadRight(power + 1, '0');
        return $"{sign}{digits[..(power + 1)]}.{(digits.Length > power + 1 ? digits[(power + 1)..] : "0")}";
    }

    private static int PowerOf(string plain)
    {
        var point = plain.IndexOf('.');
        var whole = point < 0 ? plain.Length : point;
        for (var i = 0; i < plain.Length; i++)
        {
            if (plain[i] is not ('0' or '.'))
                return i < whole ? whole - 1 - i : whole - i;
        }
        return 0;
    }

    private static string NonFinite(double value) => double.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";

    /// <summary>The magnitude as an odd integer times a power of two; zero: (0, 0).</summary>
    private static (BigInteger Mantissa, int Exponent) Decompose(double value)
    {
        var bits = BitConverter.DoubleToInt64Bits(value);
        var fraction = bits & 0xFFFFFFFFFFFFF;
        var biased = (int)((bits >> 52) & 0x7FF);
        var mantissa = biased == 0 ? fraction : fraction | (1L << 52);
        if (mantissa == 0)
            return (0, 0);
        var shift = BitOperations.TrailingZeroCount(mantissa);
        return (mantissa >> shift, Math.Max(biased, 1) - 1075 + shift);
    }

    private static (string Digits, int Power) ExactDigits(BigInteger mantissa, int exponent, int precision, bool negative)
    {
        var numerator = exponent > 0 ? mantissa << exponent : mantissa;
        var denominator = exponent < 0 ? BigInteger.One << -exponent : BigInteger.One;
        var limit = BigInteger.Pow(10, precision + 1);
        var power = (int)Math.Floor(BigInteger.Log10(numerator) - BigInteger.Log10(denominator));
        while (Compare(numerator, denominator, power + 1) >= 0)
            power++;
        while (Compare(numerator, denominator, power) < 0)
            power--;
        var scale = precision - power;
        var quotient = scale >= 0
            ? HalfToEven(numerator * BigInteger.Pow(10, scale), denominator)
            : HalfToEven(numerator, denominator * BigInteger.Pow(10, -scale));
        if (quotient == limit)
        {
            quotient /= 10;
            power++;
        }
        var text = quotient.ToString(CultureInfo.InvariantCulture);
        var digits = precision == 0 ? text : $"{text[..1]}.{text[1..]}";
        return (negative ? "-" + digits : digits, power);
    }

    // Compares numerator / denominator with 10^power.
    private static int Compare(BigInteger numerator, BigInteger denominator, int power) => power >= 0
        ? numerator.CompareTo(denominator * BigInteger.Pow(10, power))
        : (numerator * BigInteger.Pow(10, -power)).CompareTo(denominator);

    private static BigInteger HalfToEven(BigInteger numerator, BigInteger denominator)
    {
        var quotient = BigInteger.DivRem(numerator, denominator, out var rest);
        var twice = (rest * 2).CompareTo(denominator);
        return twice > 0 || (twice == 0 && !quotient.IsEven) ? quotient + 1 : quotient;
    }
}
