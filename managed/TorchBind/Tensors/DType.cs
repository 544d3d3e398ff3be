using System.Numerics;

namespace TorchBind;

/// <summary>Element types, with the numbers of <c>c10::ScalarType</c>. Mirrors <c>torch.dtype</c>.</summary>
public enum DType
{
    /// <summary><c>torch.uint8</c></summary>
    UInt8 = 0,
    /// <summary><c>torch.int8</c></summary>
    Int8 = 1,
    /// <summary><c>torch.int16</c></summary>
    Int16 = 2,
    /// <summary><c>torch.int32</c></summary>
    Int32 = 3,
    /// <summary><c>torch.int64</c></summary>
    Int64 = 4,
    /// <summary><c>torch.float16</c></summary>
    Float16 = 5,
    /// <summary><c>torch.float32</c></summary>
    Float32 = 6,
    /// <summary><c>torch.float64</c></summary>
    Float64 = 7,
    /// <summary><c>torch.complex32</c></summary>
    Complex32 = 8,
    /// <summary><c>torch.complex64</c></summary>
    Complex64 = 9,
    /// <summary><c>torch.complex128</c></summary>
    Complex128 = 10,
    /// <summary><c>torch.bool</c></summary>
    Bool = 11,
    /// <summary><c>torch.qint8</c></summary>
    QInt8 = 12,
    /// <summary><c>torch.quint8</c></summary>
    QUInt8 = 13,
    /// <summary><c>torch.qint32</c></summary>
    QInt32 = 14,
    /// <summary><c>torch.bfloat16</c></summary>
    BFloat16 = 15,
    /// <summary><c>torch.quint4x2</c></summary>
    QUInt4x2 = 16,
    /// <summary><c>torch.quint2x4</c></summary>
    QUInt2x4 = 17,
    /// <summary><c>torch.bits1x8</c></summary>
    Bits1x8 = 18,
    /// <summary><c>torch.bits2x4</c></summary>
    Bits2x4 = 19,
    /// <summary><c>torch.bits4x2</c></summary>
    Bits4x2 = 20,
    /// <summary><c>torch.bits8</c></summary>
    Bits8 = 21,
    /// <summary><c>torch.bits16</c></summary>
    Bits16 = 22,
    /// <summary><c>torch.float8_e5m2</c></summary>
    Float8E5M2 = 23,
    /// <summary><c>torch.float8_e4m3fn</c></summary>
    Float8E4M3FN = 24,
    /// <summary><c>torch.float8_e5m2fnuz</c></summary>
    Float8E5M2FNUZ = 25,
    /// <summary><c>torch.float8_e4m3fnuz</c></summary>
    Float8E4M3FNUZ = 26,
    /// <summary><c>torch.uint16</c></summary>
    UInt16 = 27,
    /// <summary><c>torch.uint32</c></summary>
    UInt32 = 28,
    /// <summary><c>torch.uint64</c></summary>
    UInt64 = 29,
    /// <summary><c>torch.uint1</c>: a name for 1 bits in a byte; libtorch has hardly an operator for it</summary>
    UInt1 = 30,
    /// <summary><c>torch.uint2</c>: a name for 2 bits in a byte; libtorch has hardly an operator for it</summary>
    UInt2 = 31,
    /// <summary><c>torch.uint3</c>: a name for 3 bits in a byte; libtorch has hardly an operator for it</summary>
    UInt3 = 32,
    /// <summary><c>torch.uint4</c>: a name for 4 bits in a byte; libtorch has hardly an operator for it</summary>
    UInt4 = 33,
    /// <summary><c>torch.uint5</c>: a name for 5 bits in a byte; libtorch has hardly an operator for it</summary>
    UInt5 = 34,
    /// <summary><c>torch.uint6</c>: a name for 6 bits in a byte; libtorch has hardly an operator for it</summary>
    UInt6 = 35,
    /// <summary><c>torch.uint7</c>: a name for 7 bits in a byte; libtorch has hardly an operator for it</summary>
    UInt7 = 36,
    /// <summary><c>torch.int1</c>: a name for 1 bits in a byte; libtorch has hardly an operator for it</summary>
    Int1 = 37,
    /// <summary><c>torch.int2</c>: a name for 2 bits in a byte; libtorch has hardly an operator for it</summary>
    Int2 = 38,
    /// <summary><c>torch.int3</c>: a name for 3 bits in a byte; libtorch has hardly an operator for it</summary>
    Int3 = 39,
    /// <summary><c>torch.int4</c>: a name for 4 bits in a byte; libtorch has hardly an operator for it</summary>
    Int4 = 40,
    /// <summary><c>torch.int5</c>: a name for 5 bits in a byte; libtorch has hardly an operator for it</summary>
    Int5 = 41,
    /// <summary><c>torch.int6</c>: a name for 6 bits in a byte; libtorch has hardly an operator for it</summary>
    Int6 = 42,
    /// <summary><c>torch.int7</c>: a name for 7 bits in a byte; libtorch has hardly an operator for it</summary>
    Int7 = 43,
    /// <summary><c>torch.float8_e8m0fnu</c> (libtorch 2.7 and later)</summary>
    Float8E8M0FNU = 44,
    /// <summary><c>torch.float4_e2m1fn_x2</c> (libtorch 2.8 and later)</summary>
    Float4E2M1FNx2 = 45,
    /// <summary><c>torch.bcomplex32</c> (libtorch 2.14 and later)</summary>
    BComplex32 = 46,
}

/// <summary>Properties of a <see cref="DType"/>.</summary>
public static class DTypeExtensions
{
    /// <summary>The name as Python prints it, without <c>torch.</c>: <c>float32</c>.</summary>
    /// <param name="dtype">The dtype.</param>
    /// <returns>The name; the number as text for one that is not defined.</returns>
    public static string Name(this DType dtype) => dtype switch
    {
        DType.Float8E5M2 => "float8_e5m2",
        DType.Float8E4M3FN => "float8_e4m3fn",
        DType.Float8E5M2FNUZ => "float8_e5m2fnuz",
        DType.Float8E4M3FNUZ => "float8_e4m3fnuz",
        DType.Float8E8M0FNU => "float8_e8m0fnu",
        DType.Float4E2M1FNx2 => "float4_e2m1fn_x2",
        _ => dtype.ToString().ToLowerInvariant(),
    };

    /// <summary>Bytes of one element; for packed types, of one packed byte. Mirrors <c>dtype.itemsize</c>.</summary>
    /// <param name="dtype">The dtype.</param>
    /// <returns>1, 2, 4, 8 or 16.</returns>
    public static int ItemSize(this DType dtype) => dtype switch
    {
        DType.Int16 or DType.Float16 or DType.BFloat16 or DType.UInt16 or DType.Bits16 => 2,
        DType.Int32 or DType.Float32 or DType.QInt32 or DType.UInt32 or DType.Complex32 or DType.BComplex32 => 4,
        DType.Int64 or DType.Float64 or DType.UInt64 or DType.Complex64 => 8,
        DType.Complex128 => 16,
        _ => 1,
    };

    /// <summary>Whether the type is a real floating-point type. Mirrors <c>dtype.is_floating_point</c>.</summary>
    /// <param name="dtype">The dtype.</param>
    /// <returns>True for the floats of 64 bits and fewer.</returns>
    public static bool IsFloatingPoint(this DType dtype) => dtype is DType.Float16 or DType.Float32 or DType.Float64
        or DType.BFloat16 or DType.Float8E5M2 or DType.Float8E4M3FN or DType.Float8E5M2FNUZ or DType.Float8E4M3FNUZ
        or DType.Float8E8M0FNU or DType.Float4E2M1FNx2;

    /// <summary>Whether the type is complex. Mirrors <c>dtype.is_complex</c>.</summary>
    /// <param name="dtype">The dtype.</param>
    /// <returns>True for pairs of floats.</returns>
    public static bool IsComplex(this DType dtype) => dtype is DType.Complex32 or DType.Complex64 or DType.Complex128 or DType.BComplex32;

    /// <summary>Whether the type is a quantized integer.</summary>
    /// <param name="dtype">The dtype.</param>
    /// <returns>True for <c>qint8</c>, <c>quint8</c>, <c>qint32</c> and the packed ones.</returns>
    public static bool IsQuantized(this DType dtype) =>
        dtype is DType.QInt8 or DType.QUInt8 or DType.QInt32 or DType.QUInt4x2 or DType.QUInt2x4;

    /// <summary>Whether the type holds signed values. Mirrors <c>dtype.is_signed</c>.</summary>
    /// <param name="dtype">The dtype.</param>
    /// <returns>False for unsigned integers, quantized or not, and bool.</returns>
    public static bool IsSigned(this DType dtype) => dtype is not (DType.UInt8 or DType.UInt16 or DType.UInt32 or DType.UInt64
        or DType.Bool or DType.QUInt8 or DType.QUInt4x2 or DType.QUInt2x4
        or (>= DType.UInt1 and <= DType.UInt7));

    /// <summary>The dtype whose elements have the layout of <typeparamref name="T"/>.</summary>
    /// <typeparam name="T">A .NET type, such as float or <see cref="BFloat16"/>.</typeparam>
    /// <returns>The dtype.</returns>
    /// <exception cref="NotSupportedException">No dtype corresponds to the type.</exception>
    public static DType Of<T>() where T : unmanaged => TryOf(typeof(T)) ?? throw new NotSupportedException(
        $"No tensor dtype has elements of type {typeof(T)}; use bool, byte, sbyte, short, ushort, int, uint, long, ulong, "
        + "Half, BFloat16, float, double, Complex64 or System.Numerics.Complex.");

    internal static DType? TryOf(Type type) =>
        type == typeof(float) ? DType.Float32
        : type == typeof(double) ? DType.Float64
        : type == typeof(long) ? DType.Int64
        : type == typeof(int) ? DType.Int32
        : type == typeof(byte) ? DType.UInt8
        : type == typeof(bool) ? DType.Bool
        : type == typeof(sbyte) ? DType.Int8
        : type == typeof(short) ? DType.Int16
        : type == typeof(ushort) ? DType.UInt16
        : type == typeof(uint) ? DType.UInt32
        : type == typeof(ulong) ? DType.UInt64
        : type == typeof(Half) ? DType.Float16
        : type == typeof(BFloat16) ? DType.BFloat16
        : type == typeof(Complex) ? DType.Complex128
        : type == typeof(Complex64) ? DType.Complex64
        : null;

    /// <summary>
    /// The .NET type with the layout of this dtype's elements; null where there is none. Quantized types read as their integers.
    /// </summary>
    /// <param name="dtype">The dtype.</param>
    /// <returns>The type, or null, e.g. for the 8-bit floats.</returns>
    public static Type? ClrType(this DType dtype) => dtype switch
    {
        DType.UInt8 or DType.QUInt8 => typeof(byte),
        DType.Int8 or DType.QInt8 => typeof(sbyte),
        DType.Int16 => typeof(short),
        DType.Int32 or DType.QInt32 => typeof(int),
        DType.Int64 => typeof(long),
        DType.Float16 => typeof(Half),
        DType.BFloat16 => typeof(BFloat16),
        DType.Float32 => typeof(float),
        DType.Float64 => typeof(double),
        DType.Complex64 => typeof(Complex64),
        DType.Complex128 => typeof(Complex),
        DType.Bool => typeof(bool),
        DType.UInt16 => typeof(ushort),
        DType.UInt32 => typeof(uint),
        DType.UInt64 => typeof(ulong),
        _ => null,
    };
}
