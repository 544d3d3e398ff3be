using System.Text.Json;
using TorchBind.Serialization.IO;
using TorchBind.Serialization.Pickle;

namespace TorchBind.Serialization.Forms;

/// <summary>An index that says in which of several files each tensor is.</summary>
internal static class ShardedForm
{
    private const long MaxIndexLength = 100_000_000;

    public static CheckpointContent Read(ByteSource index, CheckpointOptions options)
    {
        Dictionary<string, string> map = [];
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            ParseIndex(index, map, metadata);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new CheckpointException(CheckpointProblem.Unrecognised, $"{index.Name} begins like JSON but is no index of a sharded checkpoint: {e.Message}", innerException: e);
        }
        if (index.FilePath is null)
            throw CheckpointException.Unsupported($"{index.Name} is the index of a sharded checkpoint. Its shards lie beside it, so open it by its path.");
        string folder = Path.GetDirectoryName(Path.GetFullPath(index.FilePath))!;
        string[] files = [.. map.Values.Distinct(StringComparer.Ordinal)];
        foreach (string file in files)
        {
            if (!IsPlainName(file))
                throw CheckpointException.Corrupt($"{index.Name} names the shard '{file}'. A shard is a file beside its index; a path that leads elsewhere is refused.");
        }
        string[] missing = [.. files.Where(f => !File.Exists(Path.Combine(folder, f)))];
        if (missing.Length > 0)
        {
            throw CheckpointException.NotFound(
                $"{index.Name} names {files.Length} shards, of which {missing.Length} are not beside it: {string.Join(", ", missing)}. Get them and put them into the same folder.");
        }
        index.Dispose();

        var shards = new Dictionary<string, CheckpointContent>(StringComparer.Ordinal);
        try
        {
            foreach (string file in files)
                shards.Add(file, FormReader.ReadSingle(ByteSource.OpenFile(Path.Combine(folder, file), options.MemoryMap), options));
            var root = new PickleDictionary(PickleDictionaryKind.OrderedDict);
            foreach ((string key, string file) in map)
            {
                if (shards[file].Root is not PickleDictionary shard || !shard.TryGetValue(key, out object? value))
                    throw CheckpointException.NotFound($"{index.Name} says that '{key}' is in the shard '{file}', but it is not there.", key);
                root[key] = value;
            }
            return new CheckpointContent
            {
                Format = CheckpointFormat.Sharded,
                Root = root,
                Tensors = [.. shards.Values.SelectMany(static s => s.Tensors)],
                Storages = [.. shards.Values.SelectMany(static s => s.Storages)],
                Sources = [.. shards.Values.SelectMany(static s => s.Sources)],
                Metadata = metadata,
            };
        }
        catch
        {
            foreach (CheckpointContent shard in shards.Values)
                shard.Dispose();
            throw;
        }
    }

    private static void ParseIndex(ByteSource index, Dictionary<string, string> map, Dictionary<string, string> metadata)
    {
        if (index.Length > MaxIndexLength)
            throw CheckpointException.Limit($"{index.Name} begins like JSON, but with {index.Length:N0} bytes it is too long for an index.");
        using var document = JsonDocument.Parse(index.ReadArray(0, (int)index.Length));
        if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("weight_map", out JsonElement weights) || weights.ValueKind != JsonValueKind.Object)
            throw new JsonException("it has no \"weight_map\".");
        foreach (JsonProperty weight in weights.EnumerateObject())
        {
            if (!map.TryAdd(weight.Name, weight.Value.GetString() ?? ""))
                throw CheckpointException.Corrupt($"{index.Name} has the key '{weight.Name}' twice.");
        }
        if (document.RootElement.TryGetProperty("metadata", out JsonElement extra) && extra.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty item in extra.EnumerateObject())
                metadata[item.Name] = item.Value.ToString();
        }
    }

    private static bool IsPlainName(string name)
        => name.Length > 0 && name is not ("." or "..") && name.AsSpan().IndexOfAny('/', '\\', ':') < 0 && !name.Contains('\0', StringComparison.Ordinal);
}
