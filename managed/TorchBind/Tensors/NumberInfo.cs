namespace TorchBind;

/// <summary>The limits of a floating-point dtype. Mirrors <c>torch.finfo</c>; for a complex dtype those of its parts.</summary>
public sealed record Finfo
{
    /// <summary>The limits of the dtype.</summary>
    /// <param name="type">A floating-point or complex dtype; null: the default dtype.</param>
    /// <exception cref="ArgumentException">The dtype is none.</exception>
    public Finfo(DType? type = null)
    {
        DType = type ?? Torch.GetDefaultDType();
        (Bits, Eps, Max, Tiny) = DType switch
        {
            DType.Float64 or DType.Complex128 => (64, Math.ScaleB(1, -52), double.MaxValue, Math.ScaleB(1, -1022)),
            DType.Float32 or DType.Complex64 => (32, Math.ScaleB(1, -23), (double)float.MaxValue, Math.ScaleB(1, -126)),
            DType.Float16 or DType.Complex32 => (16, Math.ScaleB(1, -10), 65504.0, Math.ScaleB(1, -14)),
            DType.BFloat16 => (16, Math.ScaleB(1, -7), Math.ScaleB(255.0 / 128, 127), Math.ScaleB(1, -126)),
            DType.Float8E5M2 => (8, 0.25, 57344.0, Math.ScaleB(1, -14)),
            DType.Float8E4M3FN => (8, 0.125, 448.0, Math.ScaleB(1, -6)),
            DType.Float8E5M2FNUZ => (8, 0.125, 57344.0, Math.ScaleB(1, -15)),
            DType.Float8E4M3FNUZ => (8, 0.125, 240.0, Math.ScaleB(1, -7)),
            DType.Float8E8M0FNU => (8, 1.0, Math.ScaleB(1, 127), Math.ScaleB(1, -127)),
            _ => throw new ArgumentException($"{DType.Name()} is no floating-point dtype; use Iinfo.", nameof(type)),
        };
    }

    /// <summary>The dtype.</summary>
    public DType DType { get; }

    /// <summary>Bits of a number.</summary>
    public int Bits { get; }

    /// <summary>The distance from 1 to the next larger number.</summary>
    public double Eps { get; }

    /// <summary>The largest number.</summary>
    public double Max { get; }

    /// <summary>The smallest number: the largest, negated.</summary>
    public double Min => DType == DType.Float8E8M0FNU ? Tiny : -Max;

    /// <summary>The smallest positive normal number.</summary>
    public double Tiny { get; }

    /// <summary>The same as <see cref="Tiny"/>.</summary>
    public double SmallestNormal => Tiny;

    /// <summary>Decimal digits that a number keeps.</summary>
    public double Resolution => Math.Pow(10, -Math.Floor(-Math.Log10(Eps)));
}

/// <summary>The limits of an integer dtype. Mirrors <c>torch.iinfo</c>.</summary>
public sealed record Iinfo
{
    /// <summary>The limits of the dtype.</summary>
    /// <param name="type">An integer dtype.</param>
    /// <exception cref="ArgumentException">The dtype is none.</exception>
    public Iinfo(DType type)
    {
        DType = type;
        (Bits, Min, Max) = type switch
        {
            DType.UInt8 or DType.QUInt8 => (8, (Int128)0, (Int128)byte.MaxValue),
            DType.Int8 or DType.QInt8 => (8, (Int128)sbyte.MinValue, (Int128)sbyte.MaxValue),
            DType.Int16 => (16, (Int128)short.MinValue, (Int128)short.MaxValue),
            DType.UInt16 => (16, (Int128)0, (Int128)ushort.MaxValue),
            DType.Int32 or DType.QInt32 => (32, (Int128)int.MinValue, (Int128)int.MaxValue),
            DType.UInt32 => (32, (Int128)0, (Int128)uint.MaxValue),
            DType.Int64 => (64, (Int128)long.MinValue, (Int128)long.MaxValue),
            DType.UInt64 => (64, (Int128)0, (Int128)ulong.MaxValue),
            _ => throw new ArgumentException($"{type.Name()} is no integer dtype; use Finfo.", nameof(type)),
        };
    }

    /// <summary>The dtype.</summary>
    public DType DType { get; }

    /// <summary>Bits of a number.</summary>
    public int Bits { get; }

    /// <summary>The smallest number.</summary>
    public Int128 Min { get; }

    /// <summary>The largest number.</summary>
    public Int128 Max { get; }
}
