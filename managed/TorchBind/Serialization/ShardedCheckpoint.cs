using System.Globalization;
using System.Text.Json;
using TorchBind.Serialization.IO;

namespace TorchBind.Serialization;

/// <summary>Checkpoints in several files with an index, as model hubs keep large models. <c>Torch.Load</c> of the index file reads them.</summary>
public static class ShardedCheckpoint
{
    /// <summary>
    /// Saves a state dict in files of limited size, as safetensors (<c>model-00001-of-00002.safetensors</c>) or in the form of <c>torch.save</c>
    /// (<c>pytorch_model-00001-of-00002.bin</c>), and the index that names them. What fits one file becomes one file without an index.
    /// </summary>
    /// <param name="state">The tensors.</param>
    /// <param name="folder">The folder to write to; it is made if need be.</param>
    /// <param name="maxShardBytes">Most bytes of tensor data in one file. A tensor that is larger gets a file of its own.</param>
    /// <param name="safeTensors">Whether to write safetensors; otherwise the form of <c>torch.save</c>.</param>
    /// <param name="metadata">Texts for the safetensors files.</param>
    /// <param name="options">Choices, such as not to wait for the disk.</param>
    /// <returns>The path of the index, or of the only file.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The size is not positive.</exception>
    /// <exception cref="NotSupportedException">For safetensors: a tensor is sparse, quantized or of a type that the form lacks, or an entry is no tensor.</exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static string Save(StateDict state, string folder, long maxShardBytes = 5_000_000_000, bool safeTensors = true, IReadOnlyDictionary<string, string>? metadata = null, SaveOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxShardBytes);
        options ??= SaveOptions.Default;
        if (safeTensors)
            ContiguousTensor.CheckAll(state, "safetensors");
        Directory.CreateDirectory(folder);
        List<StateDict> shards = Split(state, maxShardBytes, !safeTensors, out long total);
        string stem = safeTensors ? "model" : "pytorch_model";
        string ending = safeTensors ? "safetensors" : "bin";
        if (shards.Count == 1)
        {
            string only = Path.Combine(folder, $"{stem}.{ending}");
            SaveShard(state, only);
            return only;
        }
        var files = new string[shards.Count];
        for (int i = 0; i < files.Length; i++)
        {
            files[i] = string.Create(CultureInfo.InvariantCulture, $"{stem}-{i + 1:D5}-of-{files.Length:D5}.{ending}");
            SaveShard(shards[i], Path.Combine(folder, files[i]));
        }
        string index = Path.Combine(folder, $"{stem}.{ending}.index.json");
        using ByteSink sink = ByteSink.CreateFile(index, options.FlushToDisk);
        sink.Write(Index(shards, files, total));
        sink.Commit();
        return index;

        void SaveShard(StateDict shard, string path)
        {
            if (safeTensors)
                SafeTensors.Save(shard, path, metadata ?? new Dictionary<string, string> { ["format"] = "pt" }, options);
            else
                Torch.Save(shard, path, options);
        }
    }

    // In order; where a file can keep tensors together that share memory, they go into the file of the first of them.
    private static List<StateDict> Split(StateDict state, long maxShardBytes, bool keepShared, out long total)
    {
        var shards = new List<StateDict> { new() };
        var home = new Dictionary<long, StateDict>();
        long size = 0;
        total = 0;
        foreach ((string name, Tensor tensor) in state)
        {
            bool shareable = keepShared && tensor.HasStorage && !tensor.IsMeta;
            if (shareable && home.TryGetValue(tensor.StorageId(), out StateDict? shard))
            {
                shard.Add(name, tensor);
                continue;
            }
            long bytes = tensor.Layout == Layout.Strided && !tensor.IsNested ? tensor.NBytes : 0;
            if (size > 0 && size + bytes > maxShardBytes)
            {
                shards.Add(new StateDict());
                size = 0;
            }
            shards[^1].Add(name, tensor);
            if (shareable)
                home[tensor.StorageId()] = shards[^1];
            size += bytes;
            total += bytes;
        }
        // What is no tensor goes into the first file; the versions go into every one, since readers take one file at a time.
        foreach ((string name, object? value) in state.Extra)
            shards[0].Extra[name] = value;
        if (keepShared)
        {
            foreach (StateDict shard in shards)
            {
                foreach ((string module, IDictionary<string, object?> note) in state.Metadata)
                    shard.Metadata[module] = note;
            }
        }
        return shards;
    }

    private static byte[] Index(List<StateDict> shards, string[] files, long total)
    {
        var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteStartObject("metadata");
            json.WriteNumber("total_size", total);
            json.WriteEndObject();
            json.WriteStartObject("weight_map");
            for (int i = 0; i < files.Length; i++)
            {
                foreach (string name in shards[i].Keys.Concat(shards[i].Extra.Keys))
                    json.WriteString(name, files[i]);
            }
            json.WriteEndObject();
            json.WriteEndObject();
        }
        bytes.WriteByte((byte)'\n');
        return bytes.ToArray();
    }
}
