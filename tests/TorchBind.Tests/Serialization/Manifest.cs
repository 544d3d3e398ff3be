using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using TorchBind.Serialization;
using TorchBind.Serialization.Pickle;

namespace TorchBind.Tests.Serialization;

/// <summary>Compares what was read from a checkpoint with the manifest in which Python wrote what is in it.</summary>
internal sealed class Manifest(bool ignoreStorages = false)
{
    private readonly Dictionary<StorageEntry, int> _storages = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<int, StorageEntry> _numbers = [];

    /// <summary>Null if they are equal, otherwise where they differ and how.</summary>
    public string? Difference(object? actual, JsonElement expected, string path = "root")
    {
        string kind = expected.GetProperty("k").GetString()!;
        JsonElement v = expected.TryGetProperty("v", out JsonElement value) ? value : default;
        switch (kind)
        {
            case "none":
                return Is(actual is null);
            case "bool":
                return Is(actual is bool b && b == v.GetBoolean());
            case "int":
                BigInteger wanted = BigInteger.Parse(v.GetString()!, CultureInfo.InvariantCulture);
                return Is(actual is long l ? l == wanted : actual is BigInteger i && i == wanted);
            case "float":
                return Is(actual is double d && BitConverter.DoubleToInt64Bits(d) == Double(v.GetString()!, 0));
            case "complex":
                return Is(actual is Complex z && BitConverter.DoubleToInt64Bits(z.Real) == Double(v.GetString()!, 0)
                    && BitConverter.DoubleToInt64Bits(z.Imaginary) == Double(v.GetString()!, 16));
            case "str":
                return Is(actual is string s && Hex(s) == v.GetString());
            case "bytes":
                return Is(actual is byte[] bytes && Convert.ToHexStringLower(bytes) == v.GetString());
            case "bytearray":
                return Is(actual is PickleByteArray array && Convert.ToHexStringLower(array.Bytes) == v.GetString());
            case "size":
                return Is(actual is PickleTuple { IsSize: true } size && size.Select(static x => (long)x!).SequenceEqual(Longs(v)));
            case "device":
                return Is(actual is Device device && device.ToString() == v.GetString());
            case "dtype":
                return Is(actual is DType dtype && dtype.Name() == v.GetString());
            case "list":
                return actual is List<object?> list ? Items(list, v, path) : Is(false);
            case "tuple":
                return actual is PickleTuple { IsSize: false } tuple ? Items(tuple, v, path) : Is(false);
            case "set" or "frozenset":
                return actual is PickleSet set && set.IsFrozen == (kind == "frozenset") && set.Count == v.GetArrayLength()
                    ? v.EnumerateArray().Select(item => set.Any(x => new Manifest().Difference(x, item) is null) ? null : $"{path}: a member is missing").FirstOrDefault(static x => x is not null)
                    : Is(false);
            case "Dict" or "OrderedDict" or "Counter" or "DefaultDict":
                return actual is PickleDictionary dictionary && dictionary.Kind.ToString() == kind ? Entries(dictionary, expected, path) : Is(false);
            case "ndarray":
                return Is(actual is NumpyArray numpy && numpy.TypeName == expected.GetProperty("dtype").GetString()
                    && numpy.Shape.SequenceEqual(Longs(expected.GetProperty("shape")))
                    && numpy.IsFortranOrder == (expected.GetProperty("order").GetString() == "F")
                    && Convert.ToHexStringLower(numpy.Bytes.Span) == expected.GetProperty("data").GetString());
            case "opaque":
                return Is(actual is PickleObject or PickleGlobal or DType or Layout);
            case "tensor":
                return actual is TensorEntry tensor ? Tensor(tensor, expected, path) : Is(false);
            default:
                return $"{path}: the manifest has an unknown kind {kind}";
        }

        string? Is(bool same) => same ? null : $"{path}: got {PythonEquality.Describe(actual)} where Python has {expected.GetRawText()[..Math.Min(200, expected.GetRawText().Length)]}";
    }

    /// <summary>The elements of a strided tensor in row-major order, conjugated and negated as it says.</summary>
    public static byte[] Elements(TensorEntry tensor)
    {
        int item = tensor.DType.ItemSize();
        long count = tensor.ElementCount;
        byte[] result = new byte[count * item];
        if (count == 0)
            return result;
        if (tensor.Kind == TensorEntryKind.Chunked)
        {
            Join(tensor, result);
            return result;
        }
        byte[] storage = tensor.Storage!.ReadBytes();
        long[] index = new long[tensor.Shape.Count];
        for (long n = 0; n < count; n++)
        {
            long at = tensor.StorageOffset;
            for (int k = 0; k < index.Length; k++)
                at += index[k] * tensor.Strides[k];
            storage.AsSpan((int)(at * item), item).CopyTo(result.AsSpan((int)(n * item)));
            for (int k = index.Length - 1; k >= 0 && ++index[k] == tensor.Shape[k]; k--)
                index[k] = 0;
        }
        if (tensor.IsConjugate || tensor.IsNegative)
            Negate(tensor, result);
        return result;
    }

    private static void Join(TensorEntry tensor, byte[] result)
    {
        int item = tensor.DType.ItemSize();
        for (int p = 0; p < tensor.Parts.Length; p++)
        {
            TensorEntry part = tensor.Parts[p];
            byte[] elements = Elements(part);
            for (long n = 0; n < part.ElementCount; n++)
            {
                long at = 0;
                long rest = n;
                long step = 1;
                for (int k = part.Shape.Count - 1; k >= 0; k--)
                {
                    at += (rest % part.Shape[k] + tensor.PartOffsets[p][k]) * step;
                    rest /= part.Shape[k];
                    step *= tensor.Shape[k];
                }
                elements.AsSpan((int)(n * item), item).CopyTo(result.AsSpan((int)(at * item)));
            }
        }
    }

    private static void Negate(TensorEntry tensor, byte[] bytes)
    {
        int unit = tensor.DType.IsComplex() ? tensor.DType.ItemSize() / 2 : tensor.DType.ItemSize();
        for (int i = 0; i < bytes.Length / unit; i++)
        {
            bool imaginary = tensor.DType.IsComplex() && i % 2 == 1;
            if (tensor.IsNegative != (tensor.IsConjugate && imaginary))
                bytes[(i + 1) * unit - 1] ^= 0x80;
        }
    }

    private string? Tensor(TensorEntry tensor, JsonElement expected, string path)
    {
        string kind = expected.GetProperty("kind").GetString()!;
        string actualKind = tensor.Kind switch
        {
            TensorEntryKind.Sparse => tensor.Layout switch
            {
                Layout.Sparse => "sparse_coo",
                Layout.SparseCsr => "sparse_csr",
                Layout.SparseCsc => "sparse_csc",
                Layout.SparseBsr => "sparse_bsr",
                _ => "sparse_bsc",
            },
            TensorEntryKind.Chunked => "strided",
            _ => tensor.Kind.ToString().ToLowerInvariant(),
        };
        if (kind != actualKind)
            return $"{path}: a {actualKind} tensor where Python has a {kind} one";
        if (tensor.DType.Name() != expected.GetProperty("dtype").GetString())
            return $"{path}: {tensor.DType.Name()} where Python has {expected.GetProperty("dtype")}";
        if (kind != "nested" && !tensor.Shape.SequenceEqual(Longs(expected.GetProperty("shape"))))
            return $"{path}: shape {tensor} where Python has {expected.GetProperty("shape").GetRawText()}";
        if (tensor.RequiresGrad != expected.GetProperty("requires_grad").GetBoolean() || tensor.IsParameter != expected.GetProperty("parameter").GetBoolean())
            return $"{path}: requires_grad or Parameter differ";
        switch (kind)
        {
            case "meta":
                return tensor.Strides.SequenceEqual(Longs(expected.GetProperty("stride"))) ? null : $"{path}: strides differ";
            case "nested":
                return null; // its parts are compared as tensors, once there is a libtorch
            case "quantized":
                return Quantized(tensor, expected, path);
            case "strided":
                return Strided(tensor, expected, path);
        }
        JsonElement[] parts = [.. expected.GetProperty("parts").EnumerateArray()];
        for (int i = 0; i < parts.Length; i++)
        {
            // Python normalises the strides of the parts when it makes the tensor; the values are what counts.
            if (Values(tensor.Parts[i], parts[i], $"{path}.parts[{i}]") is { } difference)
                return difference;
        }
        return null;
    }

    private static string? Values(TensorEntry tensor, JsonElement expected, string path)
        => tensor.Shape.SequenceEqual(Longs(expected.GetProperty("shape"))) && Convert.ToHexStringLower(Elements(tensor)) == expected.GetProperty("data").GetString()
            ? null
            : $"{path}: values differ";

    private static string? Quantized(TensorEntry tensor, JsonElement expected, string path)
    {
        QuantizerEntry quantizer = tensor.Quantizer!;
        if (expected.GetProperty("scheme").GetString() == "per_tensor_affine")
        {
            if (quantizer.IsPerChannel || BitConverter.DoubleToInt64Bits(quantizer.Scale) != Double(expected.GetProperty("scale").GetString()!, 0)
                || quantizer.ZeroPoint != expected.GetProperty("zero_point").GetInt64())
            {
                return $"{path}: the quantizer differs";
            }
        }
        else
        {
            JsonElement parts = expected.GetProperty("parts");
            if (!quantizer.IsPerChannel || quantizer.Axis != expected.GetProperty("axis").GetInt32())
                return $"{path}: the quantizer differs";
            string? difference = Values(quantizer.Scales!, parts[0], path + ".scales") ?? Values(quantizer.ZeroPoints!, parts[1], path + ".zero_points");
            if (difference is not null)
                return difference;
        }
        return Convert.ToHexStringLower(Elements(tensor)) == expected.GetProperty("data").GetString() ? null : $"{path}: values differ";
    }

    private string? Strided(TensorEntry tensor, JsonElement expected, string path)
    {
        if (ignoreStorages)
            return Values(tensor, expected, path);
        if (!tensor.Strides.SequenceEqual(Longs(expected.GetProperty("stride"))) || tensor.StorageOffset != expected.GetProperty("offset").GetInt64())
            return $"{path}: strides or offset differ";
        if (tensor.IsConjugate != expected.GetProperty("conj").GetBoolean() || tensor.IsNegative != expected.GetProperty("neg").GetBoolean())
            return $"{path}: the conj or neg bit differs";
        int number = expected.GetProperty("storage").GetInt32();
        StorageEntry storage = tensor.Storage!;
        if ((_storages.TryGetValue(storage, out int known) && known != number) || (_numbers.TryGetValue(number, out StorageEntry? other) && other != storage))
            return $"{path}: tensors share storages differently";
        _storages[storage] = number;
        _numbers[number] = storage;
        return Convert.ToHexStringLower(Elements(tensor)) == expected.GetProperty("data").GetString() ? null : $"{path}: values differ";
    }

    private string? Items(IReadOnlyList<object?> actual, JsonElement expected, string path)
    {
        if (actual.Count != expected.GetArrayLength())
            return $"{path}: {actual.Count} items where Python has {expected.GetArrayLength()}";
        int i = 0;
        foreach (JsonElement item in expected.EnumerateArray())
        {
            if (Difference(actual[i], item, $"{path}[{i}]") is { } difference)
                return difference;
            i++;
        }
        return null;
    }

    private string? Entries(PickleDictionary actual, JsonElement expected, string path)
    {
        JsonElement[] pairs = [.. expected.GetProperty("v").EnumerateArray()];
        if (actual.Count != pairs.Length)
            return $"{path}: {actual.Count} entries where Python has {pairs.Length}";
        int i = 0;
        foreach ((object? key, object? value) in actual)
        {
            string here = $"{path}[{PythonEquality.Describe(key)}]";
            if ((Difference(key, pairs[i][0], path + ".key") ?? Difference(value, pairs[i][1], here)) is { } difference)
                return difference;
            i++;
        }
        if (expected.TryGetProperty("attributes", out JsonElement attributes) != actual.Attributes is not null)
            return $"{path}: attributes differ";
        return actual.Attributes is null ? null : Difference(actual.Attributes, attributes, path + ".__dict__");
    }

    private static long Double(string hex, int at) => BinaryPrimitives.ReadInt64BigEndian(Convert.FromHexString(hex.AsSpan(at, 16)));

    private static string Hex(string text)
    {
        var hex = new StringBuilder(text.Length * 4);
        foreach (char c in text)
            hex.Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
        return hex.ToString();
    }

    private static IEnumerable<long> Longs(JsonElement array) => array.EnumerateArray().Select(static x => x.GetInt64());
}
