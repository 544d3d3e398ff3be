using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace TorchBind.Tests.Tensors;

/// <summary>The order of dimensions in memory, the names of kinds of tensors, and the numbers that a dtype takes, against Python; refusals.</summary>
public sealed class TensorRulesTests
{
    private sealed record Order(
        [property: JsonPropertyName("shape")] long[] Shape,
        [property: JsonPropertyName("strides")] long[] Strides,
        [property: JsonPropertyName("order")] int[] Dims);

    private sealed record Kind(
        [property: JsonPropertyName("dtype")] string DType,
        [property: JsonPropertyName("kind")] string Layout,
        [property: JsonPropertyName("name")] string Name);

    private sealed record Number(
        [property: JsonPropertyName("dtype")] string DType,
        [property: JsonPropertyName("kind")] string Kind,
        [property: JsonPropertyName("value")] string Value,
        [property: JsonPropertyName("imaginary")] double Imaginary,
        [property: JsonPropertyName("bytes")] int[]? Bytes,
        [property: JsonPropertyName("error")] string? Error);

    private static readonly Lazy<JsonElement> s_rules = new(() => PythonOracle.RunJson<JsonElement>("tensor_rules.py"));

    private static DType DTypeOf(string name) => Enum.GetValues<DType>().Single(dtype => dtype.Name() == name);

    [Test]
    public void DimOrderIsPythons()
    {
        using var memory = Torch.Empty([10_000]);
        Assert.Multiple(() =>
        {
            foreach (var order in s_rules.Value.GetProperty("orders").Deserialize<Order[]>()!)
            {
                using var x = memory.AsStrided(order.Shape, order.Strides);
                Assert.That(x.DimOrder(), Is.EqualTo(order.Dims), $"[{string.Join(", ", order.Shape)}] with strides [{string.Join(", ", order.Strides)}]");
            }
        });
    }

    [Test]
    public void TypeNamesArePythons()
    {
        Assert.Multiple(() =>
        {
            foreach (var kind in s_rules.Value.GetProperty("names").Deserialize<Kind[]>()!)
            {
                var dtype = DTypeOf(kind.DType);
                using var x = kind.Layout switch
                {
                    "meta" => Torch.Empty([1], dtype: dtype, device: "meta"),
                    "sparse" => Torch.Zeros([1], dtype: dtype).ToSparse(),
                    "quantized" => Torch.QuantizePerTensor(Torch.Zeros([1]), 1.0, 0, dtype),
                    _ => Torch.Empty([1], dtype: dtype),
                };
                Assert.That(x.Type(), Is.EqualTo(kind.Name));
                Assert.That(Torch.Typename(x), Is.EqualTo(kind.Name));
            }
        });
        using var compressed = Torch.Eye(2).ToSparseCsr();
        Assert.That(compressed.Type, Throws.TypeOf<TorchException>(), "as in Python");
    }

    [Test]
    public void NumbersThatADTypeCannotHoldAreRefusedAsInPython()
    {
        Assert.Multiple(() =>
        {
            foreach (var number in s_rules.Value.GetProperty("numbers").Deserialize<Number[]>()!)
            {
                Scalar value = number.Kind switch
                {
                    "int" => long.Parse(number.Value, CultureInfo.InvariantCulture),
                    "bool" => number.Value == "True",
                    "complex" => new Complex(Parse(number.Value), number.Imaginary),
                    _ => Parse(number.Value),
                };
                var dtype = DTypeOf(number.DType);
                Action make = () => Torch.Tensor([value], dtype).Dispose();
                if (number.Error == "TypeError")
                    Assert.That(make, Throws.TypeOf<TorchTypeException>(), $"{value} as {number.DType}");
                else if (number.Error is not null)
                    Assert.That(make, Throws.TypeOf<OverflowException>(), $"{value} as {number.DType}");
                else
                    Assert.That(TensorBits.Bytes(Torch.Tensor([value], dtype)), Is.EqualTo(number.Bytes), $"{value} as {number.DType}");
            }
        });

        static double Parse(string text) => text switch
        {
            "nan" => BitConverter.UInt64BitsToDouble(0x7FF8_0000_0000_0000), // the sign of .NET's constant is set, Python's is not
            "inf" => double.PositiveInfinity,
            _ => double.Parse(text, CultureInfo.InvariantCulture),
        };
    }

    [Test]
    public void UnsignedNumbersOf64BitsKeepTheirRange()
    {
        Assert.That(Torch.Tensor([long.MaxValue], DType.UInt64).Item<ulong>(), Is.EqualTo((ulong)long.MaxValue));
        Assert.That(() => Torch.Tensor([-1], DType.UInt64), Throws.TypeOf<OverflowException>());
        Assert.That(() => Torch.Tensor([18446744073709551616.0], DType.UInt64), Throws.TypeOf<OverflowException>());
        Assert.That(Torch.Tensor([255.5], DType.UInt8).Item<byte>(), Is.EqualTo(255), "a fraction is cut off");
    }

    [Test]
    public void DevicesOfAnotherTypeAreRefused()
    {
        using var x = Torch.Ones(1);
        Assert.Multiple(() =>
        {
            Assert.That(() => x.Cuda("cpu"), Throws.TypeOf<ArgumentException>().With.Property("ParamName").EqualTo("device"));
            Assert.That(() => x.Xpu("cuda:0"), Throws.TypeOf<ArgumentException>());
            Assert.That(() => x.Ipu("cpu"), Throws.TypeOf<ArgumentException>());
            Assert.That(() => x.Mtia("cpu"), Throws.TypeOf<ArgumentException>());
        });
    }

    [Test]
    public void FunctionsOfElementsRefuseComplexTensors()
    {
        using var x = Torch.Ones([2], dtype: DType.Complex64);
        using var y = Torch.Ones(2);
        Assert.That(() => x.Apply_(v => v), Throws.TypeOf<TorchTypeException>());
        Assert.That(() => y.Map_(x, (v, _) => v), Throws.TypeOf<TorchTypeException>());
    }

    [Test]
    public void OnlyFourDTypesMayBeTheDefault()
    {
        Assert.That(() => Torch.SetDefaultDType(DType.Float8E5M2), Throws.TypeOf<ArgumentException>());
        Assert.That(() => Torch.SetDefaultDType(DType.Int64), Throws.TypeOf<ArgumentException>());
        Assert.That(Torch.GetDefaultDType(), Is.EqualTo(DType.Float32));
    }

    [Test]
    public void ArgumentsAreNamedAsTheCallerKnowsThem()
    {
        Assert.That(() => Torch.SetRngState(null!), Throws.ArgumentNullException.With.Property("ParamName").EqualTo("newState"));
        Assert.That(() => Torch.Utils.CheckpointSequential([null!], 1, Torch.Ones(1)), Throws.ArgumentException.With.Property("ParamName").EqualTo("functions"));
        using var one = Torch.Tensor(1);
        Assert.That(() => Torch.Ops["aten::_assert_async"].Call<int>(one), Throws.TypeOf<InvalidCastException>());
    }
}
