using System.Text.Json;
using TorchBind.Serialization.IO;
using TorchBind.Serialization.Pickle;
using TorchBind.Serialization.Zip;

namespace TorchBind.Serialization.Forms;

/// <summary>
/// The archives of <c>torch.export</c>. Their weights are read; the program is not. A compiled library in such a package (AOTInductor) is never
/// touched, since loading one is running it.
/// </summary>
internal static class ExportForm
{
    private const int MaxConfigLength = 100_000_000;

    /// <summary>Whether it is the flat archive of <c>torch.export.save</c> before version 2.7.</summary>
    public static bool IsFlat(ZipReader zip) => zip.Find("serialized_exported_program.json") is not null && zip.Find("serialized_state_dict.pt") is not null;

    public static CheckpointContent ReadFlat(ZipReader zip, CheckpointOptions options)
    {
        CheckpointContent state = Nested(zip, zip.Find("serialized_state_dict.pt")!, options);
        CheckpointContent? constants = zip.Find("serialized_constants.pt") is { } record ? Nested(zip, record, options) : null;
        return Content(zip, state.Root, constants?.Root, [state, .. constants is null ? [] : new[] { constants }], [], []);
    }

    public static CheckpointContent Read(ZipReader zip, string root, CheckpointOptions options)
    {
        var nested = new List<CheckpointContent>();
        var tensors = new List<TensorEntry>();
        var storages = new Dictionary<string, StorageEntry>(StringComparer.Ordinal);
        PickleDictionary? weights = null;
        PickleDictionary? constants = null;
        foreach (ZipRecord record in zip.Records)
        {
            if (IsIn(record, root + "/data/weights/", "_weights_config.json"))
                ReadConfig(zip, record, root + "/data/weights/", options, weights ??= new PickleDictionary(PickleDictionaryKind.OrderedDict), nested, tensors, storages);
            else if (IsIn(record, root + "/data/constants/", "_constants_config.json"))
                ReadConfig(zip, record, root + "/data/constants/", options, constants ??= new PickleDictionary(PickleDictionaryKind.OrderedDict), nested, tensors, storages);
        }
        if (weights is null)
        {
            bool compiled = zip.Records.Any(static r => r.Name.Contains("/data/aotinductor/", StringComparison.Ordinal));
            throw CheckpointException.Unsupported(compiled
                ? $"{zip.Source.Name} is an AOTInductor package: it holds a compiled library and no weights to read."
                : $"{zip.Source.Name} is a torch.export archive of a kind whose weights are not read: it has no list of weights. Save it again with the PyTorch that wrote it as exported_program.state_dict and torch.save.");
        }
        return Content(zip, weights, constants, nested, tensors, storages.Values);
    }

    private static bool IsIn(ZipRecord record, string folder, string ending)
        => record.Name.StartsWith(folder, StringComparison.Ordinal) && record.Name.EndsWith(ending, StringComparison.Ordinal);

    private static CheckpointContent Content(ZipReader zip, object? weights, object? constants, List<CheckpointContent> nested, IEnumerable<TensorEntry> tensors, IEnumerable<StorageEntry> storages)
    {
        if (weights is PickleDictionary dictionary && constants is not null)
        {
            dictionary.Attributes ??= new PickleDictionary();
            dictionary.Attributes["constants"] = constants;
        }
        return new CheckpointContent
        {
            Format = CheckpointFormat.Export,
            Root = weights,
            Tensors = [.. tensors, .. nested.SelectMany(static n => n.Tensors)],
            Storages = [.. storages, .. nested.SelectMany(static n => n.Storages)],
            Sources = [zip.Source],
        };
    }

    // A file of torch.save in a record.
    private static CheckpointContent Nested(ZipReader zip, ZipRecord record, CheckpointOptions options)
    {
        ByteSource source = record.IsStored && !record.Encrypted
            ? zip.Source.Slice(record.DataOffset, record.Length, $"'{record.Name}' in {zip.Source.Name}")
            : ByteSource.FromMemory(zip.Read(record, Array.MaxLength), $"'{record.Name}' in {zip.Source.Name}");
        if (FormDetector.Detect(source) != OuterForm.Zip)
            throw CheckpointException.Corrupt($"The record '{record.Name}' in {zip.Source.Name} is no checkpoint.", record.Name);
        return ZipForm.ReadPlain(source, options);
    }

    private static void ReadConfig(ZipReader zip, ZipRecord record, string folder, CheckpointOptions options, PickleDictionary target, List<CheckpointContent> nested, List<TensorEntry> tensors, Dictionary<string, StorageEntry> storages)
    {
        try
        {
            using var document = JsonDocument.Parse(zip.Read(record, MaxConfigLength));
            foreach (JsonProperty item in document.RootElement.GetProperty("config").EnumerateObject())
            {
                string path = folder + item.Value.GetProperty("path_name").GetString();
                ZipRecord data = zip.Find(path) ?? throw CheckpointException.Corrupt($"{zip.Source.Name} has no record '{path}', which '{item.Name}' should be in.", path);
                if (target.ContainsKey(item.Name))
                    throw CheckpointException.Corrupt($"The record '{record.Name}' in {zip.Source.Name} has the name '{item.Name}' twice.", record.Name);
                if (item.Value.TryGetProperty("use_pickle", out JsonElement pickled) && pickled.GetBoolean())
                {
                    CheckpointContent content = Nested(zip, data, options);
                    nested.Add(content);
                    target[item.Name] = content.Root;
                    continue;
                }
                TensorEntry tensor = Tensor(zip, record, data, item, storages);
                tensors.Add(tensor);
                target[item.Name] = tensor;
            }
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new CheckpointException(CheckpointProblem.Corrupt, $"The record '{record.Name}' in {zip.Source.Name} is not as torch.export writes it: {e.Message}", record.Name, innerException: e);
        }
    }

    private static TensorEntry Tensor(ZipReader zip, ZipRecord config, ZipRecord data, JsonProperty item, Dictionary<string, StorageEntry> storages)
    {
        JsonElement meta = item.Value.GetProperty("tensor_meta");
        DType dtype = TypeOf(meta.GetProperty("dtype").GetInt32())
            ?? throw CheckpointException.Unsupported($"The tensor '{item.Name}' in {zip.Source.Name} is of a type that TorchBind does not know.", config.Name);
        if (meta.GetProperty("layout").GetInt32() != 7)
            throw CheckpointException.Unsupported($"The tensor '{item.Name}' in {zip.Source.Name} is not strided.", config.Name);
        string device = meta.GetProperty("device").GetProperty("type").GetString() ?? "cpu";
        if (meta.GetProperty("device").TryGetProperty("index", out JsonElement index) && index.ValueKind == JsonValueKind.Number)
            device = $"{device}:{index.GetInt32()}";
        // One record may serve several tensors.
        if (!storages.TryGetValue(data.Name, out StorageEntry? storage))
        {
            storage = new StorageEntry(data.Name, dtype, device, data.Length, zip, data);
            storages.Add(data.Name, storage);
        }
        TensorEntry tensor = TorchInterpreter.Over(
            message => CheckpointException.Corrupt($"The record '{config.Name}' in {zip.Source.Name} is damaged: '{item.Name}': {message}", config.Name),
            storage, dtype, meta.GetProperty("storage_offset").GetProperty("as_int").GetInt64(), Integers(meta.GetProperty("sizes")), Integers(meta.GetProperty("strides")));
        tensor.IsParameter = item.Value.TryGetProperty("is_param", out JsonElement parameter) && parameter.GetBoolean();
        tensor.RequiresGrad = meta.GetProperty("requires_grad").GetBoolean();
        return tensor;
    }

    private static long[] Integers(JsonElement list)
    {
        long[] values = new long[Math.Min(list.GetArrayLength(), Shapes.MaxDimensions + 1)];
        for (int i = 0; i < values.Length; i++)
            values[i] = list[i].GetProperty("as_int").GetInt64();
        return values.Length <= Shapes.MaxDimensions ? values : throw new FormatException("a tensor has too many dimensions");
    }

    // torch.export numbers the types in its own way.
    private static DType? TypeOf(int number) => number switch
    {
        1 => DType.UInt8,
        2 => DType.Int8,
        3 => DType.Int16,
        4 => DType.Int32,
        5 => DType.Int64,
        6 => DType.Float16,
        7 => DType.Float32,
        8 => DType.Float64,
        9 => DType.Complex32,
        10 => DType.Complex64,
        11 => DType.Complex128,
        12 => DType.Bool,
        13 => DType.BFloat16,
        28 => DType.UInt16,
        29 => DType.Float8E4M3FN,
        30 => DType.Float8E5M2,
        31 => DType.Float8E4M3FNUZ,
        32 => DType.Float8E5M2FNUZ,
        33 => DType.Float8E8M0FNU,
        34 => DType.UInt32,
        35 => DType.UInt64,
        _ => null,
    };
}
