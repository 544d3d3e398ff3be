using System.Globalization;
using System.Numerics;

namespace TorchBind;

/// <summary>A 16-bit float with the exponent of <see cref="float"/> and 8 bits of precision. Mirrors <c>torch.bfloat16</c>.</summary>
public readonly struct BFloat16 : IEquatable<BFloat16>, IComparable<BFloat16>, IFormattable
{
    private readonly ushort _bits;

    private BFloat16(ushort bits) => _bits = bits;

    /// <summary>The value with the given bits.</summary>
    /// <param name="bits">Sign, 8 bits of exponent, 7 of fraction.</param>
    /// <returns>The value.</returns>
    public static BFloat16 FromBits(ushort bits) => new(bits);

    /// <summary>The bits of the value.</summary>
    /// <returns>Sign, 8 bits of exponent, 7 of fraction.</returns>
    public ushort ToBits() => _bits;

    /// <summary>Rounds to the nearest, ties to even, as libtorch does.</summary>
    public static explicit operator BFloat16(float value)
    {
        if (float.IsNaN(value))
            return new BFloat16(0x7FC0);
        var bits = BitConverter.SingleToUInt32Bits(value);
        return new BFloat16((ushort)((bits + (((bits >> 16) & 1) + 0x7FFF)) >> 16));
    }

    /// <summary>Rounds to the nearest, by way of <see cref="float"/>, as libtorch does.</summary>
    public static explicit operator BFloat16(double value) => (BFloat16)(float)value;

    /// <summary>Exact.</summary>
    public static implicit operator float(BFloat16 value) => BitConverter.UInt32BitsToSingle((uint)value._bits << 16);

    /// <inheritdoc/>
    public bool Equals(BFloat16 other) => ((float)this).Equals(other);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is BFloat16 other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => ((float)this).GetHashCode();

    /// <inheritdoc/>
    public int CompareTo(BFloat16 other) => ((float)this).CompareTo(other);

    /// <inheritdoc/>
    public override string ToString() => ((float)this).ToString(CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public string ToString(string? format, IFormatProvider? formatProvider) => ((float)this).ToString(format, formatProvider);

    /// <summary>Whether the values are equal; NaN is not.</summary>
    public static bool operator ==(BFloat16 left, BFloat16 right) => (float)left == right;

    /// <summary>Whether the values differ.</summary>
    public static bool operator !=(BFloat16 left, BFloat16 right) => (float)left != right;

    /// <summary>Whether left is less.</summary>
    public static bool operator <(BFloat16 left, BFloat16 right) => (float)left < right;

    /// <summary>Whether left is greater.</summary>
    public static bool operator >(BFloat16 left, BFloat16 right) => (float)left > right;

    /// <summary>Whether left is less or equal.</summary>
    public static bool operator <=(BFloat16 left, BFloat16 right) => (float)left <= right;

    /// <summary>Whether left is greater or equal.</summary>
    public static bool operator >=(BFloat16 left, BFloat16 right) => (float)left >= right;
}

/// <summary>Two floats: the element of a <c>torch.complex64</c> tensor.</summary>
public readonly record struct Complex64(float Real, float Imaginary)
{
    /// <summary>Exact.</summary>
    public static implicit operator Complex(Complex64 value) => new(value.Real, value.Imaginary);

    /// <summary>Rounds both parts to float.</summary>
    public static explicit operator Complex64(Complex value) => new((float)value.Real, (float)value.Imaginary);
}
