using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace TorchBind.Tests.Surface.OpDatabase;

/// <summary>One record of tests/oracle/op_db.py: what it says, and the bytes of its tensors.</summary>
internal sealed class OpRecord
{
    private readonly byte[][] _blobs;

    private OpRecord(JsonElement json, byte[][] blobs)
    {
        Json = json;
        _blobs = blobs;
    }

    internal JsonElement Json { get; }

    internal string Entry => Json.GetProperty("entry").GetString()! + (Json.GetProperty("variant").GetString() is { Length: > 0 } v ? "." + v : "");

    internal string? Reason => Json.TryGetProperty("reason", out var reason) ? reason.GetString() : null;

    internal bool IsEnd => Json.TryGetProperty("end", out _);

    /// <summary>function, method, inplace or out.</summary>
    internal string Form => Json.TryGetProperty("form", out var form) ? form.GetString()! : "function";

    /// <summary>What Python says where the last call fails.</summary>
    internal string? Raises => Json.TryGetProperty("raises", out var message) ? message.GetString() : null;

    internal string Label => $"{Entry} {Json.GetProperty("dtype").GetString()} #{(Json.TryGetProperty("sample", out var s) ? s.GetInt32() : 0)} {Form}";

    /// <summary>The next record of the stream; null at its end.</summary>
    internal static OpRecord? Read(Stream stream)
    {
        var length = new byte[4];
        if (stream.ReadAtLeast(length, 4, throwOnEndOfStream: false) < 4)
            return null;
        var text = new byte[BinaryPrimitives.ReadInt32LittleEndian(length)];
        stream.ReadExactly(text);
        var json = JsonDocument.Parse(text).RootElement;
        var blobs = json.GetProperty("blobs").EnumerateArray().Select(b =>
        {
            var blob = new byte[b.GetInt32()];
            stream.ReadExactly(blob);
            return blob;
        }).ToArray();
        return new OpRecord(json, blobs);
    }

    /// <summary>The tensor that a description means.</summary>
    internal unsafe Tensor Build(JsonElement description)
    {
        var dtype = Tensors.TensorBuilder.DTypeNamed(description.GetProperty("dtype").GetString()!);
        var shape = Longs(description.GetProperty("shape"));
        var layout = description.GetProperty("layout").GetString()!;
        Tensor result;
        if (layout == "strided")
        {
            var bytes = _blobs[description.GetProperty("blob").GetInt32()];
            var stride = Longs(description.GetProperty("stride"));
            if (description.TryGetProperty("storage", out var storage))
            {
                // The view as it was, over all of its memory.
                result = Torch.AsStrided(Flat(_blobs[storage.GetInt32()], dtype), shape, stride, description.GetProperty("offset").GetInt64());
            }
            else
            {
                result = Flat(bytes, dtype).Reshape(shape);
                if (result.Stride() != new Shape(stride) && shape.All(s => s > 0))
                {
                    var strided = Torch.EmptyStrided(shape, stride, dtype);
                    if (!stride.Contains(0))
                        result = strided.Copy_(result);
                }
            }
            // Memory as it lies there is seen through the bits; elements in order have gone through them.
            var raw = description.TryGetProperty("storage", out _);
            if (description.GetProperty("conj").GetBoolean())
                result = Torch.Aten._Conj(raw ? result : Torch.Aten._Conj(result).ResolveConj());
            if (description.GetProperty("neg").GetBoolean())
                result = Torch.Aten._NegView(raw ? result : Torch.Aten._NegView(result).ResolveNeg());
        }
        else
        {
            var parts = description.GetProperty("parts").EnumerateArray().Select(Build).ToArray();
            result = layout switch
            {
                "sparse_coo" => Torch.SparseCooTensor(parts[0], parts[1], shape, isCoalesced: description.GetProperty("coalesced").GetBoolean()),
                "sparse_csr" => Torch.SparseCsrTensor(parts[0], parts[1], parts[2], shape),
                "sparse_csc" => Torch.SparseCscTensor(parts[0], parts[1], parts[2], shape),
                "sparse_bsr" => Torch.SparseBsrTensor(parts[0], parts[1], parts[2], shape),
                _ => Torch.SparseBscTensor(parts[0], parts[1], parts[2], shape),
            };
        }
        return description.GetProperty("requires_grad").GetBoolean() ? result.Detach().RequiresGrad_() : result;
    }

    private static unsafe Tensor Flat(byte[] bytes, DType dtype)
    {
        var flat = Torch.Empty([bytes.Length / dtype.ItemSize()], dtype);
        if (bytes.Length > 0)
            bytes.CopyTo(new Span<byte>((void*)flat.DataPtr(), bytes.Length));
        return flat;
    }

    internal static long[] Longs(JsonElement list) => [.. list.EnumerateArray().Select(v => v.GetInt64())];

    /// <summary>A value of the call; tensors are looked up by number.</summary>
    internal static object? Value(JsonElement value, Func<int, object?> tensor)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Null: return null;
            case JsonValueKind.True: return true;
            case JsonValueKind.False: return false;
            case JsonValueKind.String: return value.GetString();
            case JsonValueKind.Number: return value.TryGetInt64(out var number) ? number : (object)(long)value.GetUInt64();
        }
        var entry = value.EnumerateObject().First();
        var content = entry.Value;
        return entry.Name switch
        {
            "t" => tensor(content.GetInt32()),
            "f" => Double(content.GetString()!),
            "c" => new Complex(Double(content[0].GetString()!), Double(content[1].GetString()!)),
            "l" => content.EnumerateArray().Select(v => Value(v, tensor)).ToArray(),
            "linear_cross_entropy" => new TorchBind.NN.LinearCrossEntropyOptions(
                content.GetProperty("allow_retain_graph").GetBoolean(), (long?)Value(content.GetProperty("batch_chunk_size"), tensor),
                content.GetProperty("chunking_method").GetString(), Enum.Parse<TorchBind.NN.AccPolicy>(content.GetProperty("acc_policy").GetString()!, ignoreCase: true),
                (DType?)Value(content.GetProperty("acc_dtype"), tensor)),
            "dtype" => Tensors.TensorBuilder.DTypeNamed(content.GetString()!),
            "device" => Device.Parse(content.GetString()!),
            "layout" => content.GetString() switch
            {
                "sparse_coo" => Layout.Sparse,
                "sparse_csr" => Layout.SparseCsr,
                "sparse_csc" => Layout.SparseCsc,
                "sparse_bsr" => Layout.SparseBsr,
                "sparse_bsc" => Layout.SparseBsc,
                _ => Layout.Strided,
            },
            "memory_format" => content.GetString() switch
            {
                "channels_last" => MemoryFormat.ChannelsLast,
                "channels_last_3d" => MemoryFormat.ChannelsLast3d,
                "preserve_format" => MemoryFormat.Preserve,
                _ => MemoryFormat.Contiguous,
            },
            "slice" => TensorIndex.Slice(Bound(content[0]), Bound(content[1]), Bound(content[2]) ?? 1),
            "ellipsis" => TensorIndex.Ellipsis,
            _ => throw new NotSupportedException($"a value of kind {entry.Name}"),
        };

        static long? Bound(JsonElement v) => v.ValueKind == JsonValueKind.Null ? null : v.GetInt64();
    }

    internal static double Double(string text) => text switch
    {
        "inf" => double.PositiveInfinity,
        "-inf" => double.NegativeInfinity,
        "nan" => double.NaN,
        _ => double.Parse(text, CultureInfo.InvariantCulture),
    };

    /// <summary>What differs between a tensor and its description; null for nothing.</summary>
    /// <param name="tensor">C#'s tensor.</param>
    /// <param name="description">Python's.</param>
    /// <param name="values">False: only dtype, shape and strides.</param>
    /// <param name="within">The difference is within the database's tolerance.</param>
    internal unsafe string? Compare(Tensor tensor, JsonElement description, bool values, out bool within)
    {
        within = false;
        var dtype = Tensors.TensorBuilder.DTypeNamed(description.GetProperty("dtype").GetString()!);
        var shape = new Shape(Longs(description.GetProperty("shape")));
        if (tensor.DType != dtype)
            return $"dtype {tensor.DType.Name()}, Python's {dtype.Name()}";
        if (tensor.Shape != shape)
            return $"shape {tensor.Shape}, Python's {shape}";
        var layout = description.GetProperty("layout").GetString()!;
        if (layout != "strided")
        {
            if (tensor.Layout == Layout.Strided)
                return $"a dense tensor, Python's is {layout}";
            var theirs = description.GetProperty("parts").EnumerateArray().ToArray();
            Tensor[] ours = layout switch
            {
                "sparse_coo" => [Torch.Aten._Indices(tensor), Torch.Aten._Values(tensor)],
                "sparse_csr" or "sparse_bsr" => [tensor.CrowIndices(), tensor.ColIndices(), tensor.Values()],
                _ => [tensor.CcolIndices(), tensor.RowIndices(), tensor.Values()],
            };
            for (var i = 0; i < ours.Length; i++)
            {
                if (Compare(ours[i].Detach(), theirs[i], values, out within) is { } part)
                    return $"part {i}: {part}";
            }
            return null;
        }
        if (tensor.Layout != Layout.Strided)
            return $"layout {tensor.Layout}, Python's is dense";
        var stride = Longs(description.GetProperty("stride"));
        if (shape.All(s => s > 0))
        {
            for (var i = 0; i < shape.Rank; i++)
            {
                if (shape[i] > 1 && tensor.Stride(i) != stride[i])
                    return $"strides {tensor.Stride()}, Python's {new Shape(stride)}";
            }
        }
        if (!values)
            return null;
        using var plain = tensor.Detach().ResolveConj().ResolveNeg().Clone(MemoryFormat.Contiguous);
        var expected = _blobs[description.GetProperty("blob").GetInt32()];
        if (plain.NBytes != expected.Length)
            return $"{plain.NBytes} bytes, Python's has {expected.Length}";
        if (expected.Length == 0)
            return null;
        var actual = new ReadOnlySpan<byte>((void*)plain.DataPtr(), expected.Length);
        if (actual.SequenceEqual(expected))
            return null;
        using var other = Torch.Empty(shape, dtype);
        expected.CopyTo(new Span<byte>((void*)other.DataPtr(), expected.Length));
        if (!dtype.IsFloatingPoint() && !dtype.IsComplex())
            return "values";
        // Any NaN is a NaN.
        var (a, b) = dtype.IsComplex()
            ? (Torch.ViewAsReal(plain.To(DType.Complex128)), Torch.ViewAsReal(other.To(DType.Complex128)))
            : (plain.To(DType.Float64), other.To(DType.Float64));
        var same = (a == b) | (a.Isnan() & b.Isnan());
        if (same.All().Item<bool>())
            return null;
        var tolerance = Json.GetProperty("tolerance");
        var distance = (a - b).Abs();
        var granted = (b.Abs() * tolerance[1].GetDouble() + tolerance[0].GetDouble());
        within = (same | (distance <= granted)).All().Item<bool>();
        var difference = (distance / b.Abs().Clamp(min: 1e-300)).MaskedFill(same, 0).NanToNum(nan: double.PositiveInfinity).Max().Item<double>();
        return string.Create(CultureInfo.InvariantCulture, $"values, by {difference:e2}");
    }
}
