using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ArmCrc32 = System.Runtime.Intrinsics.Arm.Crc32;

namespace TorchBind.Serialization.Zip;

/// <summary>The CRC-32 of zip archives (polynomial 0x04C11DB7, reflected), by the fastest way this processor has.</summary>
internal static class Crc32
{
    private const uint Polynomial = 0xEDB88320;
    private static readonly uint[] Tables = MakeTables();

    /// <summary>The CRC of <paramref name="bytes"/> appended to what has the CRC <paramref name="crc"/> (0 for nothing).</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        uint state = ~crc;
        if (Pclmulqdq.IsSupported && Sse2.IsSupported && bytes.Length >= 128)
        {
            int folded = bytes.Length & ~15;
            state = Fold(state, bytes[..folded]);
            bytes = bytes[folded..];
        }
        else if (ArmCrc32.Arm64.IsSupported)
        {
            while (bytes.Length >= 8)
            {
                state = ArmCrc32.Arm64.ComputeCrc32(state, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
                bytes = bytes[8..];
            }
        }
        return ~Table(state, bytes);
    }

    /// <summary>The plain way, sixteen tables at a time; the others are tested against it.</summary>
    public static uint AppendByTable(uint crc, ReadOnlySpan<byte> bytes) => ~Table(~crc, bytes);

    /// <summary>The CRC of two blocks in a row, from the CRC of each and the length of the second.</summary>
    public static uint Combine(uint first, uint second, long secondLength)
    {
        if (secondLength <= 0)
            return first;
        // x^(8 * length) modulo the polynomial, by repeated squaring; then the first block's CRC is shifted by it.
        uint power = 1u << 31;
        uint square = 1u << 23; // x^8
        for (ulong n = (ulong)secondLength; n != 0; n >>= 1)
        {
            if ((n & 1) != 0)
                power = Multiply(square, power);
            square = Multiply(square, square);
        }
        return Multiply(power, first) ^ second;
    }

    private static uint Multiply(uint a, uint b)
    {
        uint product = 0;
        for (uint bit = 1u << 31; bit != 0; bit >>= 1)
        {
            if ((a & bit) != 0)
                product ^= b;
            b = (b & 1) != 0 ? (b >> 1) ^ Polynomial : b >> 1;
        }
        return product;
    }

    private static uint Table(uint state, ReadOnlySpan<byte> bytes)
    {
        uint[] t = Tables;
        while (bytes.Length >= 16)
        {
            uint a = BinaryPrimitives.ReadUInt32LittleEndian(bytes) ^ state;
            uint b = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            uint c = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
            uint d = BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]);
            state = t[15 * 256 + (byte)a] ^ t[14 * 256 + (byte)(a >> 8)] ^ t[13 * 256 + (byte)(a >> 16)] ^ t[12 * 256 + (a >> 24)]
                ^ t[11 * 256 + (byte)b] ^ t[10 * 256 + (byte)(b >> 8)] ^ t[9 * 256 + (byte)(b >> 16)] ^ t[8 * 256 + (b >> 24)]
                ^ t[7 * 256 + (byte)c] ^ t[6 * 256 + (byte)(c >> 8)] ^ t[5 * 256 + (byte)(c >> 16)] ^ t[4 * 256 + (c >> 24)]
                ^ t[3 * 256 + (byte)d] ^ t[2 * 256 + (byte)(d >> 8)] ^ t[256 + (byte)(d >> 16)] ^ t[d >> 24];
            bytes = bytes[16..];
        }
        foreach (byte b in bytes)
            state = t[(byte)(state ^ b)] ^ (state >> 8);
        return state;
    }

    // Carry-less multiplication folds 64 bytes at a time into four 128-bit remainders, then those into one, then that into 32 bits.
    // The constants are powers of x modulo the polynomial, bit-reflected: x^(4*128±32), x^(128±32), x^64, and for the last step
    // the polynomial itself with its quotient (Barrett).
    private static uint Fold(uint state, ReadOnlySpan<byte> bytes)
    {
        ref byte p = ref MemoryMarshal.GetReference(bytes);
        int length = bytes.Length;
        Vector128<ulong> x0 = Vector128.LoadUnsafe(ref p).AsUInt64();
        Vector128<ulong> x1 = Vector128.LoadUnsafe(ref p, 16).AsUInt64();
        Vector128<ulong> x2 = Vector128.LoadUnsafe(ref p, 32).AsUInt64();
        Vector128<ulong> x3 = Vector128.LoadUnsafe(ref p, 48).AsUInt64();
        x0 ^= Vector128.CreateScalar(state).AsUInt64();
        p = ref Unsafe.Add(ref p, 64);
        length -= 64;

        Vector128<ulong> k = Vector128.Create(0x154442bd4UL, 0x1c6e41596UL);
        while (length >= 64)
        {
            x0 = FoldOne(x0, k) ^ Vector128.LoadUnsafe(ref p).AsUInt64();
            x1 = FoldOne(x1, k) ^ Vector128.LoadUnsafe(ref p, 16).AsUInt64();
            x2 = FoldOne(x2, k) ^ Vector128.LoadUnsafe(ref p, 32).AsUInt64();
            x3 = FoldOne(x3, k) ^ Vector128.LoadUnsafe(ref p, 48).AsUInt64();
            p = ref Unsafe.Add(ref p, 64);
            length -= 64;
        }
        k = Vector128.Create(0x1751997d0UL, 0x0ccaa009eUL);
        x0 = FoldOne(x0, k) ^ x1;
        x0 = FoldOne(x0, k) ^ x2;
        x0 = FoldOne(x0, k) ^ x3;
        while (length >= 16)
        {
            x0 = FoldOne(x0, k) ^ Vector128.LoadUnsafe(ref p).AsUInt64();
            p = ref Unsafe.Add(ref p, 16);
            length -= 16;
        }

        Vector128<ulong> low32 = Vector128.Create(0xFFFFFFFFUL, 0UL);
        x1 = Pclmulqdq.CarrylessMultiply(x0, k, 0x10);
        x0 = Sse2.ShiftRightLogical128BitLane(x0, 8) ^ x1;
        k = Vector128.Create(0x163cd6124UL, 0UL);
        x1 = Sse2.ShiftRightLogical128BitLane(x0, 4);
        x0 = Pclmulqdq.CarrylessMultiply(x0 & low32, k, 0x00) ^ x1;
        k = Vector128.Create(0x1db710641UL, 0x1f7011641UL);
        x1 = Pclmulqdq.CarrylessMultiply(x0 & low32, k, 0x10);
        x1 = Pclmulqdq.CarrylessMultiply(x1 & low32, k, 0x00) ^ x0;
        return x1.AsUInt32().GetElement(1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> FoldOne(Vector128<ulong> x, Vector128<ulong> k)
        => Pclmulqdq.CarrylessMultiply(x, k, 0x00) ^ Pclmulqdq.CarrylessMultiply(x, k, 0x11);

    private static uint[] MakeTables()
    {
        uint[] tables = new uint[16 * 256];
        for (uint i = 0; i < 256; i++)
        {
            uint value = i;
            for (int bit = 0; bit < 8; bit++)
                value = (value & 1) != 0 ? (value >> 1) ^ Polynomial : value >> 1;
            tables[i] = value;
        }
        for (int i = 256; i < tables.Length; i++)
            tables[i] = (tables[i - 256] >> 8) ^ tables[(byte)tables[i - 256]];
        return tables;
    }
}
