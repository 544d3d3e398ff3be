using System.Globalization;
using System.Runtime.CompilerServices;

namespace TorchBind.Tests;

/// <summary>Tensors and numbers in a form in which two programs can compare them bit by bit.</summary>
internal static class TensorBits
{
    /// <summary>The bytes of the elements, in row-major order.</summary>
    public static byte[] Bytes(Tensor tensor)
    {
        using var scope = new TensorScope();
        var plain = tensor.DType.IsComplex() ? Torch.ViewAsReal(tensor.Detach()) : tensor.Detach();
        return plain.Contiguous().View(-1).View(DType.UInt8).ToArray<byte>();
    }

    /// <summary>What the oracles' <c>pack</c> makes: tensors as [dtype, shape, bytes in base64], lists item by item.</summary>
    public static object? Pack(object? value)
    {
        switch (value)
        {
            case Tensor tensor:
                using (var scope = new TensorScope())
                {
                    var plain = tensor.DType.IsComplex() ? Torch.ViewAsReal(tensor.Detach()) : tensor;
                    return new object[] { "torch." + plain.DType.ToString().ToLowerInvariant(), plain.Shape.ToArray(), Convert.ToBase64String(Bytes(tensor)) };
                }
            case ITuple tuple:
                return Enumerable.Range(0, tuple.Length).Select(i => Pack(tuple[i])).ToArray();
            case string text:
                return text;
            case System.Collections.IEnumerable items:
                return items.Cast<object?>().Select(Pack).ToArray();
            default:
                return value;
        }
    }

    /// <summary>A number as Python's <c>float.hex</c> writes it.</summary>
    public static string Hex(double value)
    {
        var bits = BitConverter.DoubleToInt64Bits(value);
        var sign = bits < 0 ? "-" : "";
        var exponent = (int)((bits >> 52) & 0x7ff);
        var mantissa = bits & 0xfffffffffffffL;
        if (exponent == 0x7ff)
            return mantissa != 0 ? "nan" : sign + "inf";
        if (exponent == 0 && mantissa == 0)
            return sign + "0x0.0p+0";
        var power = exponent == 0 ? -1022 : exponent - 1023;
        return string.Create(CultureInfo.InvariantCulture, $"{sign}0x{(exponent == 0 ? 0 : 1)}.{mantissa:x13}p{(power < 0 ? "-" : "+")}{Math.Abs(power)}");
    }
}
