using TorchBind.Serialization.IO;
using TorchBind.Serialization.Pickle;

namespace TorchBind.Serialization.Forms;

/// <summary>What was found in a checkpoint, whatever its form.</summary>
internal sealed class CheckpointContent : IDisposable
{
    public required CheckpointFormat Format { get; init; }

    public required object? Root { get; init; }

    public required IReadOnlyList<TensorEntry> Tensors { get; init; }

    public required IReadOnlyCollection<StorageEntry> Storages { get; init; }

    /// <summary>The sources that the storages are read from; closed with the content.</summary>
    public required IReadOnlyList<ByteSource> Sources { get; init; }

    /// <summary>Texts that a safetensors file or an index carries beside the tensors.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>The classes and functions that a pickle of <c>torch.save</c> names, also where no value of the content is made of them.</summary>
    public IReadOnlyCollection<PickleGlobal> Names { get; init; } = [];

    /// <summary>For a TorchScript archive: which attributes of its classes are parameters and buffers.</summary>
    public ScriptClasses? ScriptClasses { get; init; }

    public void Dispose()
    {
        foreach (ByteSource source in Sources)
            source.Dispose();
    }

    /// <summary>A dictionary of tensors by name, the root of forms that hold nothing else.</summary>
    public static PickleDictionary Dictionary(IEnumerable<KeyValuePair<string, TensorEntry>> tensors)
    {
        var dictionary = new PickleDictionary(PickleDictionaryKind.OrderedDict);
        foreach ((string name, TensorEntry tensor) in tensors)
            dictionary[name] = tensor;
        return dictionary;
    }
}
