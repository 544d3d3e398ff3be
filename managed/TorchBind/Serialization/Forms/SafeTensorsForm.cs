using System.Buffers.Binary;
using System.Text.Json;
using TorchBind.Serialization.IO;

namespace TorchBind.Serialization.Forms;

/// <summary>The safetensors form: the length of a JSON header, the header, the data.</summary>
internal static class SafeTensorsForm
{
    public const long MaxHeaderLength = 100_000_000;

    // In the order by which writers sort: the wider an element, the nearer to the beginning of the file.
    private static readonly (string Name, DType Type)[] Types =
    [
        ("BOOL", DType.Bool), ("F4", DType.Float4E2M1FNx2), ("U8", DType.UInt8), ("I8", DType.Int8), ("F8_E5M2", DType.Float8E5M2),
        ("F8_E4M3", DType.Float8E4M3FN), ("F8_E8M0", DType.Float8E8M0FNU), ("F8_E4M3FNUZ", DType.Float8E4M3FNUZ),
        ("F8_E5M2FNUZ", DType.Float8E5M2FNUZ), ("I16", DType.Int16), ("U16", DType.UInt16), ("F16", DType.Float16), ("BF16", DType.BFloat16),
        ("I32", DType.Int32), ("U32", DType.UInt32), ("F32", DType.Float32), ("C64", DType.Complex64), ("F64", DType.Float64),
        ("I64", DType.Int64), ("U64", DType.UInt64),
    ];

    /// <summary>The rank of a type in the order by which writers sort; -1 if the form lacks it.</summary>
    public static int RankOf(DType type) => Array.FindIndex(Types, t => t.Type == type);

    /// <summary>The form's name of a type; null if it lacks it.</summary>
    public static string? NameOf(DType type) => RankOf(type) is >= 0 and var rank ? Types[rank].Name : null;

    public static CheckpointContent Read(ByteSource source)
    {
        Span<byte> number = stackalloc byte[8];
        source.Read(0, number);
        ulong declared = BinaryPrimitives.ReadUInt64LittleEndian(number);
        if (declared > MaxHeaderLength)
            throw CheckpointException.Limit($"{source.Name} claims a safetensors header of {declared:N0} bytes; at most {MaxHeaderLength:N0} are allowed.", null, 0);
        if ((long)declared > source.Length - 8)
        {
            throw CheckpointException.Truncated(
                $"{source.Name} ends inside its safetensors header ({declared:N0} bytes are wanted, {source.Length - 8:N0} are there). The file was probably cut off; get it again.", "header", source.Length);
        }
        byte[] header = source.ReadArray(8, (int)declared);
        long dataStart = 8 + header.Length;

        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        List<Description> descriptions;
        try
        {
            descriptions = Parse(source, header, metadata);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new CheckpointException(CheckpointProblem.Corrupt, $"The safetensors header of {source.Name} is damaged: {e.Message}", "header", innerException: e);
        }
        CheckOffsets(source, descriptions, source.Length - dataStart);

        var tensors = new List<TensorEntry>(descriptions.Count);
        var storages = new List<StorageEntry>(descriptions.Count);
        var named = new List<KeyValuePair<string, TensorEntry>>(descriptions.Count);
        foreach (Description d in descriptions)
        {
            var storage = new StorageEntry(d.Name, d.Type, "cpu", d.End - d.Begin, source, dataStart + d.Begin);
            var tensor = new TensorEntry(TensorEntryKind.Strided, d.Type, d.Shape) { Storage = storage, Steps = Shapes.ContiguousStrides(d.Shape) };
            storages.Add(storage);
            tensors.Add(tensor);
            named.Add(new(d.Name, tensor));
        }
        return new CheckpointContent
        {
            Format = CheckpointFormat.SafeTensors,
            Root = CheckpointContent.Dictionary(named),
            Tensors = tensors,
            Storages = storages,
            Sources = [source],
            Metadata = metadata,
        };
    }

    private sealed record Description(string Name, DType Type, long[] Shape, long Begin, long End);

    private static List<Description> Parse(ByteSource source, byte[] header, Dictionary<string, string> metadata)
    {
        var descriptions = new List<Description>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        var json = new Utf8JsonReader(header, new JsonReaderOptions { MaxDepth = 8 });
        Expect(ref json, JsonTokenType.StartObject);
        while (NextName(ref json) is { } name)
        {
            if (!names.Add(name))
                throw CheckpointException.Corrupt($"The safetensors header of {source.Name} has the key '{name}' twice.", "header");
            if (name == "__metadata__")
                ParseMetadata(source, ref json, metadata);
            else
                descriptions.Add(ParseTensor(source, ref json, name));
        }
        if (json.Read())
            throw new JsonException("something follows the header's object.");
        return descriptions;
    }

    private static void ParseMetadata(ByteSource source, ref Utf8JsonReader json, Dictionary<string, string> metadata)
    {
        Expect(ref json, JsonTokenType.StartObject);
        while (NextName(ref json) is { } key)
        {
            Expect(ref json, JsonTokenType.String);
            if (!metadata.TryAdd(key, json.GetString()!))
                throw CheckpointException.Corrupt($"The metadata of {source.Name} has the key '{key}' twice.", "header");
        }
    }

    private static Description ParseTensor(ByteSource source, ref Utf8JsonReader json, string name)
    {
        string? typeName = null;
        List<long>? shape = null;
        List<long>? offsets = null;
        Expect(ref json, JsonTokenType.StartObject);
        while (NextName(ref json) is { } field)
        {
            switch (field)
            {
                case "dtype" when typeName is null:
                    Expect(ref json, JsonTokenType.String);
                    typeName = json.GetString();
                    break;
                case "shape" when shape is null:
                    shape = Integers(ref json, Shapes.MaxDimensions);
                    break;
                case "data_offsets" when offsets is null:
                    offsets = Integers(ref json, 2);
                    break;
                case "dtype" or "shape" or "data_offsets":
                    throw new JsonException($"the tensor '{name}' has '{field}' twice.");
                default:
                    json.Read();
                    json.Skip();
                    break;
            }
        }
        if (typeName is null || shape is null || offsets is not { Count: 2 })
            throw new JsonException($"the tensor '{name}' lacks its dtype, shape or data_offsets.");
        DType? type = null;
        foreach ((string candidate, DType t) in Types)
        {
            if (candidate == typeName)
                type = t;
        }
        if (type is not { } dtype)
            throw CheckpointException.Unsupported($"The tensor '{name}' in {source.Name} has elements of type '{typeName}', which torch has no dtype for.", "header");
        long[] sizes = [.. shape];
        if (dtype == DType.Float4E2M1FNx2)
        {
            // Two elements share a byte, and torch counts bytes.
            if (sizes.Length == 0 || sizes[^1] % 2 != 0)
                throw CheckpointException.Corrupt($"The tensor '{name}' in {source.Name} has an odd number of four-bit elements.", "header");
            sizes[^1] /= 2;
        }
        long count = Shapes.Count(sizes);
        if (count < 0 || count > long.MaxValue / dtype.ItemSize() || count * dtype.ItemSize() != offsets[1] - offsets[0])
        {
            throw CheckpointException.Corrupt(
                $"The tensor '{name}' in {source.Name} has the shape [{string.Join(", ", shape)}] of {typeName}, which does not fit its bytes {offsets[0]:N0} to {offsets[1]:N0}.", "header");
        }
        return new Description(name, dtype, sizes, offsets[0], offsets[1]);
    }

    private static void CheckOffsets(ByteSource source, List<Description> descriptions, long dataLength)
    {
        descriptions.Sort(static (a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End != b.End ? a.End.CompareTo(b.End) : string.CompareOrdinal(a.Name, b.Name));
        long at = 0;
        foreach (Description d in descriptions)
        {
            if (d.Begin != at)
            {
                throw CheckpointException.Corrupt(
                    $"The tensor '{d.Name}' in {source.Name} begins at byte {d.Begin:N0} of the data, where {at:N0} was due: the tensors overlap or leave a hole.", "header");
            }
            at = d.End;
        }
        if (at > dataLength)
            throw CheckpointException.Truncated($"{source.Name} has {dataLength:N0} bytes of data where its header promises {at:N0}. The file was probably cut off; get it again.", null, source.Length);
        if (at < dataLength)
            throw CheckpointException.Corrupt($"{source.Name} has {dataLength - at:N0} bytes after its last tensor, which the form does not allow.", null, source.Length - (dataLength - at));
    }

    private static List<long> Integers(ref Utf8JsonReader json, int most)
    {
        Expect(ref json, JsonTokenType.StartArray);
        var values = new List<long>(4);
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (json.TokenType != JsonTokenType.Number || !json.TryGetInt64(out long value) || value < 0)
                throw new JsonException("a size or offset is no whole number.");
            if (values.Count == most)
                throw new JsonException($"a list of numbers has more than {most} items.");
            values.Add(value);
        }
        return values;
    }

    private static string? NextName(ref Utf8JsonReader json)
    {
        if (!json.Read())
            throw new JsonException("the header ends too early.");
        return json.TokenType == JsonTokenType.EndObject ? null : json.GetString();
    }

    private static void Expect(ref Utf8JsonReader json, JsonTokenType type)
    {
        if (!json.Read() || json.TokenType != type)
            throw new JsonException($"expected {type}, found {json.TokenType}.");
    }
}
