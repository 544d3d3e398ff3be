using System.Numerics;
using System.Text.Json;

namespace TorchBind.Tests.Tensors;

/// <summary>Builds a tensor from a description; tests/oracle/printing.py builds the same one.</summary>
internal static class TensorBuilder
{
    public static Tensor Build(JsonElement description)
    {
        var data = description.TryGetProperty("range", out var range) ? Range(range) : [.. description.GetProperty("data").EnumerateArray().Select(Number)];
        var dtype = description.TryGetProperty("dtype", out var name) ? DTypeNamed(name.GetString()!) : DType.Float32;
        var shape = description.TryGetProperty("shape", out var sizes)
            ? sizes.EnumerateArray().Select(s => s.GetInt64()).ToArray()
            : [data.Length];
        var isComplex = data.Any(v => v.IsComplex);
        var wide = isComplex ? DType.Complex128
            : dtype == DType.UInt64 || (data.All(v => v.IsInteger || v.IsBoolean) && !dtype.IsFloatingPoint()) ? DType.Int64
            : DType.Float64;
        var x = Torch.Tensor(data.AsSpan(), dtype: wide).To(dtype).Reshape(shape);
        if (description.TryGetProperty("steps", out var steps))
        {
            foreach (var step in steps.EnumerateArray())
                x = Step(x, step.GetString()!.Split(' '));
        }
        return x;
    }

    public static DType DTypeNamed(string name) => Enum.GetValues<DType>().First(d => d.Name() == name);

    private static Scalar[] Range(JsonElement range)
    {
        var (start, step, count) = (Number(range[0]), Number(range[1]), range[2].GetInt32());
        return [.. Enumerable.Range(0, count).Select(i => start.IsInteger && step.IsInteger
            ? (Scalar)(start.ToInt64() + step.ToInt64() * i)
            : (Scalar)(start.ToDouble() + step.ToDouble() * i))];
    }

    private static Scalar Number(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.String => value.GetString() switch
        {
            "inf" => double.PositiveInfinity,
            "-inf" => double.NegativeInfinity,
            "nan" => double.NaN,
            "-0.0" => -0.0,
            var other => throw new ArgumentException(other),
        },
        JsonValueKind.Array => new Complex(Number(value[0]).ToDouble(), Number(value[1]).ToDouble()),
        _ => value.GetRawText().AsSpan().IndexOfAny('.', 'e') < 0 ? (Scalar)value.GetInt64() : value.GetDouble(),
    };

    private static Tensor InInference(Tensor x)
    {
        using (Torch.InferenceMode())
            return x.Clone();
    }

    private static Tensor Step(Tensor x, string[] step) => step[0] switch
    {
        "requires_grad" => x.RequiresGrad_(),
        "add" => x + 1,
        "sum" => x.Sum(),
        "view" => x.View(-1),
        "clone" => x.Clone(),
        "t" => x.T,
        "transpose" => x.Transpose(0, 1),
        "step2" => x[Torch.Slice(step: 2)],
        "conj" => x.Conj(),
        "imag" => x.Imag,
        "neg_view" => Torch.Aten._NegView(x),
        "softmax" => x.Softmax(-1),
        "sqrt" => x.Sqrt(),
        "expand" => x.Expand(int.Parse(step[1]), -1),
        "sparse" => x.ToSparse(),
        "sparse1" => x.ToSparse(1),
        "csr" => x.ToSparseCsr(),
        "csc" => x.ToSparseCsc(),
        "bsr" => x.ToSparseBsr((2, 2)),
        "bsc" => x.ToSparseBsc((2, 2)),
        "mkldnn" => x.ToMkldnn(),
        "meta" => x.To("meta"),
        "quantize" => Torch.QuantizePerTensor(x, double.Parse(step[1]), int.Parse(step[2]), DTypeNamed(step[3])),
        "quantize_channels" => Torch.QuantizePerChannel(
            x, Torch.Arange(1, x.Size(0) + 1, dtype: DType.Float64) / 10, Torch.Arange(x.Size(0)), 0, DTypeNamed(step[1])),
        "quantize_channels_float" => Torch.QuantizePerChannel(
            x, Torch.Arange(1, x.Size(0) + 1, dtype: DType.Float32) / 10, Torch.Arange(x.Size(0), dtype: DType.Float32) / 4, 0, DTypeNamed(step[1])),
        "parameter" => new TorchBind.NN.Parameter(x),
        "names" => x.RefineNames(Array.ConvertAll(step[1..], n => n == "_" ? null : n)),
        "mean" => x.Mean(),
        "unbind" => x.Unbind()[1],
        "detach" => x.Detach(),
        "inference" => InInference(x),
        "nested" or "as_nested" => Torch.Aten._NestedTensorFromTensorList([x, x[..1]]),
        _ => throw new ArgumentException(step[0]),
    };
}
