using System.Globalization;
using System.Numerics;

namespace TorchBind.Serialization.Pickle;

/// <summary>NumPy's scalars, arrays and dtypes in a pickle, read as data.</summary>
internal static class NumpyPickle
{
    public static object? Multiarray(PickleReader reader, string name, PickleTuple a)
    {
        switch (name)
        {
            case "scalar" when a.Count == 2 && a[0] is TypeDescription type && Bytes(a[1]) is { } bytes:
                return type.Scalar(reader, bytes);
            case "_reconstruct" when a.Count == 3 && a[0] is PickleGlobal { FullName: "numpy.ndarray" }:
                return new NumpyArray();
            default:
                return null;
        }
    }

    // numpy._core.numeric._frombuffer(buffer, dtype, shape, order), protocol 5
    public static object? Numeric(PickleReader reader, string name, PickleTuple a)
    {
        if (name != "_frombuffer" || a.Count != 4 || Bytes(a[0]) is not { } bytes || a[1] is not TypeDescription type
            || Shapes.From(a[2]) is not { } shape || a[3] is not string order)
        {
            return null;
        }
        var array = new NumpyArray();
        Fill(reader, array, type, shape, order == "F", bytes);
        return array;
    }

    public static object? Class(PickleReader reader, string name, PickleTuple a)
        => name == "dtype" && a.Count >= 1 && a[0] is string text ? new TypeDescription(text) : null;

    public static byte[]? Bytes(object? value) => value switch
    {
        byte[] bytes => bytes,
        PickleByteArray array => array.Bytes,
        string { Length: 0 } => [],
        _ => null,
    };

    /// <summary>A NumPy dtype: kind, size and byte order.</summary>
    internal sealed class TypeDescription(string name)
    {
        private char _order = '=';

        public string Name => (_order is '=' or '|' ? name.Length > 1 && name[1..] == "1" ? "|" : "<" : _order.ToString()) + name;

        private bool Swapped => _order == '>';

        public int ItemSize => int.TryParse(name.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out int size) ? size : 0;

        public DType? DType => name switch
        {
            "b1" => TorchBind.DType.Bool,
            "i1" => TorchBind.DType.Int8,
            "i2" => TorchBind.DType.Int16,
            "i4" => TorchBind.DType.Int32,
            "i8" => TorchBind.DType.Int64,
            "u1" => TorchBind.DType.UInt8,
            "u2" => TorchBind.DType.UInt16,
            "u4" => TorchBind.DType.UInt32,
            "u8" => TorchBind.DType.UInt64,
            "f2" => TorchBind.DType.Float16,
            "f4" => TorchBind.DType.Float32,
            "f8" => TorchBind.DType.Float64,
            "c8" => TorchBind.DType.Complex64,
            "c16" => TorchBind.DType.Complex128,
            _ => null,
        };

        public void Build(PickleReader reader, object? state)
        {
            if (state is PickleTuple { Count: >= 2 } tuple && tuple[1] is string { Length: 1 } order)
                _order = order[0];
            else
                throw reader.Corrupt("a numpy dtype's state is not as NumPy writes it.");
        }

        public object? Scalar(PickleReader reader, byte[] bytes)
        {
            if (DType is not { } dtype)
                return null;
            if (bytes.Length != ItemSize)
                throw reader.Corrupt($"a numpy {name} scalar has {bytes.Length} bytes.");
            bytes = InOrder(bytes);
            return dtype switch
            {
                TorchBind.DType.Bool => bytes[0] != 0,
                TorchBind.DType.Int8 => (long)(sbyte)bytes[0],
                TorchBind.DType.UInt8 => (long)bytes[0],
                TorchBind.DType.Int16 => (long)BitConverter.ToInt16(bytes),
                TorchBind.DType.Int32 => (long)BitConverter.ToInt32(bytes),
                TorchBind.DType.Int64 => BitConverter.ToInt64(bytes),
                TorchBind.DType.UInt16 => (long)BitConverter.ToUInt16(bytes),
                TorchBind.DType.UInt32 => (long)BitConverter.ToUInt32(bytes),
                TorchBind.DType.UInt64 => BitConverter.ToUInt64(bytes) is var u && u > long.MaxValue ? new BigInteger(u) : (object)(long)u,
                TorchBind.DType.Float16 => (double)BitConverter.ToHalf(bytes),
                TorchBind.DType.Float32 => (double)BitConverter.ToSingle(bytes),
                TorchBind.DType.Float64 => BitConverter.ToDouble(bytes),
                TorchBind.DType.Complex64 => new Complex(BitConverter.ToSingle(bytes), BitConverter.ToSingle(bytes, 4)),
                _ => new Complex(BitConverter.ToDouble(bytes), BitConverter.ToDouble(bytes, 8)),
            };
        }

        /// <summary>The bytes with every element in little-endian order.</summary>
        public byte[] InOrder(byte[] bytes)
        {
            int unit = name is "c8" or "c16" ? ItemSize / 2 : ItemSize;
            if (!Swapped || unit <= 1)
                return bytes;
            byte[] swapped = (byte[])bytes.Clone();
            for (int i = 0; i + unit <= swapped.Length; i += unit)
                swapped.AsSpan(i, unit).Reverse();
            return swapped;
        }
    }

    public static void Build(PickleReader reader, NumpyArray array, object? state)
    {
        if (state is not PickleTuple { Count: 5 } tuple || Shapes.From(tuple[1]) is not { } shape || tuple[2] is not TypeDescription type || tuple[3] is not bool fortran)
            throw reader.Corrupt("a numpy array's state is not as NumPy writes it.");
        if (Bytes(tuple[4]) is { } bytes)
            Fill(reader, array, type, shape, fortran, bytes);
        else if (tuple[4] is List<object?> items && items.Count == Shapes.Count(shape))
            array.FillObjects(shape, fortran, items);
        else
            throw reader.Corrupt("a numpy array's data is not as NumPy writes it.");
    }

    private static void Fill(PickleReader reader, NumpyArray array, TypeDescription type, long[] shape, bool fortran, byte[] bytes)
    {
        long count = Shapes.Count(shape);
        if (count < 0 || (type.ItemSize > 0 && (bytes.Length % type.ItemSize != 0 || bytes.Length / type.ItemSize != count)))
            throw reader.Corrupt($"a numpy array of shape [{string.Join(", ", shape)}] and type {type.Name} has {bytes.Length:N0} bytes.");
        reader.ChargeCopy(bytes.Length / 16);
        array.Fill(type.Name.Replace('>', '<'), type.DType, shape, fortran, type.InOrder(bytes));
    }
}
