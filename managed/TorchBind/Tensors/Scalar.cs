using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;

namespace TorchBind;

/// <summary>
/// A number of one of Python's kinds: bool, int, float or complex. No allocation; its layout is the one of the C boundary.
/// Mirrors <c>at::Scalar</c>.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public readonly struct Scalar : IEquatable<Scalar>, IFormattable
{
    private const long BoolKind = 0;
    private const long IntKind = 1;
    private const long DoubleKind = 2;
    private const long ComplexKind = 3;

    private readonly long _kind;
    private readonly long _bits;
    private readonly double _imaginary;

    private Scalar(long kind, long bits, double imaginary = 0)
    {
        _kind = kind;
        _bits = bits;
        _imaginary = imaginary;
    }

    /// <summary>The boolean.</summary>
    public static implicit operator Scalar(bool value) => new(BoolKind, value ? 1 : 0);
    /// <summary>The integer.</summary>
    public static implicit operator Scalar(int value) => new(IntKind, value);
    /// <summary>The integer.</summary>
    public static implicit operator Scalar(long value) => new(IntKind, value);
    /// <summary>The number, in double precision.</summary>
    public static implicit operator Scalar(float value) => new(DoubleKind, BitConverter.DoubleToInt64Bits(value));
    /// <summary>The number.</summary>
    public static implicit operator Scalar(double value) => new(DoubleKind, BitConverter.DoubleToInt64Bits(value));
    /// <summary>The number, in double precision.</summary>
    public static implicit operator Scalar(Half value) => (double)value;
    /// <summary>The number, in double precision.</summary>
    public static implicit operator Scalar(BFloat16 value) => (double)(float)value;
    /// <summary>The complex number.</summary>
    public static implicit operator Scalar(Complex value) =>
        new(ComplexKind, BitConverter.DoubleToInt64Bits(value.Real), value.Imaginary);
    /// <summary>The complex number, in double precision.</summary>
    public static implicit operator Scalar(Complex64 value) => (Complex)value;

    /// <summary>Whether this is a boolean.</summary>
    public bool IsBoolean => _kind == BoolKind;
    /// <summary>Whether this is an integer.</summary>
    public bool IsInteger => _kind == IntKind;
    /// <summary>Whether this is a real floating-point number.</summary>
    public bool IsFloatingPoint => _kind == DoubleKind;
    /// <summary>Whether this is complex.</summary>
    public bool IsComplex => _kind == ComplexKind;

    /// <summary>The dtype Python gives a tensor made of this number: bool, int64, the default dtype, or its complex counterpart.</summary>
    public DType DType => _kind switch
    {
        BoolKind => DType.Bool,
        IntKind => DType.Int64,
        DoubleKind => Torch.GetDefaultDType(),
        _ => Torch.GetDefaultDType() switch
        {
            DType.Float64 => DType.Complex128,
            DType.Float16 => DType.Complex32,
            _ => DType.Complex64,
        },
    };

    /// <summary>The value as a double.</summary>
    /// <returns>The number; 1 for true, large integers rounded.</returns>
    /// <exception cref="InvalidCastException">The number is complex with an imaginary part.</exception>
    public double ToDouble() => _kind switch
    {
        DoubleKind => BitConverter.Int64BitsToDouble(_bits),
        ComplexKind when _imaginary == 0 => BitConverter.Int64BitsToDouble(_bits),
        ComplexKind => throw new InvalidCastException($"The complex number {this} has no real value."),
        _ => _bits,
    };

    /// <summary>The value as an integer; a floating-point value is truncated, as Python's <c>int</c> does.</summary>
    /// <returns>The number; 1 for true.</returns>
    /// <exception cref="OverflowException">The value is not finite or outside the range.</exception>
    /// <exception cref="InvalidCastException">The number is complex with an imaginary part.</exception>
    public long ToInt64() => _kind is BoolKind or IntKind ? _bits : checked((long)ToDouble());

    /// <summary>Whether the value differs from zero.</summary>
    /// <returns>True also for NaN.</returns>
    public bool ToBoolean() => _kind is BoolKind or IntKind ? _bits != 0 : ToComplex() != Complex.Zero;

    /// <summary>The value as a complex number.</summary>
    /// <returns>The number, with the imaginary part 0 where it is real.</returns>
    public Complex ToComplex() => _kind == ComplexKind
        ? new Complex(BitConverter.Int64BitsToDouble(_bits), _imaginary)
        : new Complex(ToDouble(), 0);

    /// <summary>The value in a .NET number type.</summary>
    /// <typeparam name="T">
    /// bool, an integer, <see cref="Half"/>, <see cref="BFloat16"/>, float, double, <see cref="Complex"/> or <see cref="Complex64"/>.
    /// </typeparam>
    /// <returns>The value; a fraction is cut off for integers, floats are rounded.</returns>
    /// <exception cref="OverflowException">The value does not fit an integer type.</exception>
    /// <exception cref="NotSupportedException">The type is no number type of tensors.</exception>
    /// <exception cref="InvalidCastException">The number has an imaginary part and the type is real.</exception>
    public T To<T>() where T : unmanaged
    {
        if (typeof(T) == typeof(double)) return (T)(object)ToDouble();
        if (typeof(T) == typeof(float)) return (T)(object)(float)ToDouble();
        if (typeof(T) == typeof(long)) return (T)(object)ToInt64();
        if (typeof(T) == typeof(int)) return (T)(object)checked((int)ToInt64());
        if (typeof(T) == typeof(bool)) return (T)(object)ToBoolean();
        if (typeof(T) == typeof(byte)) return (T)(object)checked((byte)ToInt64());
        if (typeof(T) == typeof(sbyte)) return (T)(object)checked((sbyte)ToInt64());
        if (typeof(T) == typeof(short)) return (T)(object)checked((short)ToInt64());
        if (typeof(T) == typeof(ushort)) return (T)(object)checked((ushort)ToInt64());
        if (typeof(T) == typeof(uint)) return (T)(object)checked((uint)ToInt64());
        if (typeof(T) == typeof(ulong)) return (T)(object)(_kind is BoolKind or IntKind ? (ulong)_bits : checked((ulong)ToDouble()));
        if (typeof(T) == typeof(Half)) return (T)(object)(Half)ToDouble();
        if (typeof(T) == typeof(BFloat16)) return (T)(object)(BFloat16)ToDouble();
        if (typeof(T) == typeof(Complex)) return (T)(object)ToComplex();
        if (typeof(T) == typeof(Complex64)) return (T)(object)(Complex64)ToComplex();
        throw new NotSupportedException($"A number cannot be read as {typeof(T)}.");
    }

    /// <summary>The value as a double; see <see cref="ToDouble"/>.</summary>
    public static explicit operator double(Scalar value) => value.ToDouble();
    /// <summary>The value as a float.</summary>
    public static explicit operator float(Scalar value) => (float)value.ToDouble();
    /// <summary>The value as an integer; see <see cref="ToInt64"/>.</summary>
    public static explicit operator long(Scalar value) => value.ToInt64();
    /// <summary>The value as an integer.</summary>
    public static explicit operator int(Scalar value) => checked((int)value.ToInt64());
    /// <summary>Whether the value differs from zero.</summary>
    public static explicit operator bool(Scalar value) => value.ToBoolean();
    /// <summary>The value as a complex number.</summary>
    public static explicit operator Complex(Scalar value) => value.ToComplex();

    /// <summary>Whether kind and value agree.</summary>
    /// <param name="other">The other number.</param>
    /// <returns>False for 1 and 1.0, whose kinds differ.</returns>
    public bool Equals(Scalar other) => _kind == other._kind && (_kind is BoolKind or IntKind
        ? _bits == other._bits
        : ToComplex().Equals(other.ToComplex()));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Scalar other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_kind, _bits, _imaginary);

    /// <summary>Whether kind and value agree.</summary>
    public static bool operator ==(Scalar left, Scalar right) => left.Equals(right);

    /// <summary>Whether kind or value differ.</summary>
    public static bool operator !=(Scalar left, Scalar right) => !left.Equals(right);

    /// <inheritdoc/>
    public override string ToString() => ToString(null, CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public string ToString(string? format, IFormatProvider? formatProvider) => _kind switch
    {
        BoolKind => _bits != 0 ? "True" : "False",
        IntKind => _bits.ToString(format, formatProvider),
        DoubleKind => ToDouble().ToString(format, formatProvider),
        _ => ToComplex().ToString(format, formatProvider),
    };
}
