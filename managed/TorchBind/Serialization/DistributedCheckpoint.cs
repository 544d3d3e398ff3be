using System.Collections;
using System.Globalization;
using TorchBind.Serialization.Forms;
using TorchBind.Serialization.IO;
using TorchBind.Serialization.Pickle;

namespace TorchBind.Serialization;

/// <summary>Distributed checkpoints: a folder with a description (<c>.metadata</c>) and files that each hold many pieces.</summary>
public static class DistributedCheckpoint
{
    private const string DataName = "__0_0.distcp";

    /// <summary>
    /// Saves dictionaries (and lists) of tensors and other values as one process of <c>torch.distributed.checkpoint.save</c> would, for its
    /// <c>load</c> and for <c>dcp_to_torch_save</c>. As there, dictionaries are taken apart, and so are lists that hold tensors or dictionaries; everything else is one value,
    /// keys become texts, and the versions that a state dict carries in <see cref="StateDict.Metadata"/> are not kept. The description is written last: without it the folder is no checkpoint.
    /// </summary>
    /// <param name="state">A <see cref="StateDict"/>, a <see cref="CheckpointValue"/> or a dictionary.</param>
    /// <param name="folder">The folder to write to; it is made if need be.</param>
    /// <param name="options">Choices, such as not to wait for the disk. The stream form and the tar form do not apply.</param>
    /// <exception cref="ArgumentException">The value is no dictionary, or two values get the same name.</exception>
    /// <exception cref="NotSupportedException">A tensor is sparse, quantized, nested or on the meta device, or a value has no counterpart in a checkpoint.</exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static void Save(object state, string folder, SaveOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        options ??= SaveOptions.Default;
        var inner = new SaveOptions { FlushToDisk = options.FlushToDisk, ForOldReaders = options.ForOldReaders };
        if (state is CheckpointValue value)
            state = value.ToObject() ?? throw new ArgumentException("A distributed checkpoint holds a dictionary; this is None.", nameof(state));
        var flattener = new Flattener();
        foreach ((object? key, object? item) in Entries(state) ?? throw new ArgumentException($"A distributed checkpoint holds a dictionary; this is a {state.GetType().Name}.", nameof(state)))
            flattener.Flatten([Text(key)], item, 0);
        List<Piece> pieces = flattener.Pieces;

        Directory.CreateDirectory(folder);
        using (ByteSink sink = ByteSink.CreateFile(Path.Combine(folder, DataName), options.FlushToDisk))
        {
            foreach (Piece piece in pieces)
            {
                piece.Offset = sink.Position;
                if (piece.Value is Tensor tensor)
                {
                    using Tensor alone = Alone(tensor, piece.Name);
                    piece.Shape = alone.Shape.ToArray();
                    piece.DType = alone.DType;
                    CheckpointWriter.Append(alone, sink, inner);
                }
                else
                {
                    CheckpointWriter.Append(piece.Value, sink, inner);
                }
                piece.Length = sink.Position - piece.Offset;
            }
            sink.Commit();
        }
        using ByteSink metadata = ByteSink.CreateFile(Path.Combine(folder, DistributedForm.MetadataName), options.FlushToDisk);
        metadata.Write(MetadataPickler.Pickle(pieces).Span);
        metadata.Commit();
        GC.KeepAlive(state);
    }

    /// <summary>One value with its place.</summary>
    private sealed class Piece(string name, object[] path, object? value)
    {
        public string Name => name;

        public object[] Path => path;

        public object? Value => value;

        public long[]? Shape { get; set; }

        public DType DType { get; set; }

        public long Offset { get; set; }

        public long Length { get; set; }
    }

    /// <summary>Takes dictionaries and lists apart.</summary>
    private sealed class Flattener
    {
        private const int MaxVisits = 10_000_000;
        private readonly HashSet<string> _names = new(StringComparer.Ordinal);
        private readonly Dictionary<IList, bool> _leaves = new(ReferenceEqualityComparer.Instance);
        private int _visits;

        public List<Piece> Pieces { get; } = [];

        public void Flatten(object[] path, object? value, int depth)
        {
            if (depth > 500)
                throw new ArgumentException("The values to save are nested more than 500 deep.");
            // What is referred to from two places counts twice, and so on: a small checkpoint can come to any number.
            if (++_visits > MaxVisits)
                throw new NotSupportedException($"There are more than {MaxVisits:N0} values in what is to be saved.");
            if (value is not null && Entries(value) is { } entries)
            {
                foreach ((object? key, object? item) in entries)
                    Flatten([.. path, Text(key)], item, depth + 1);
                return;
            }
            if (value is IList list and not Array && !IsLeaf(list, depth))
            {
                for (int i = 0; i < list.Count; i++)
                    Flatten([.. path, (long)i], list[i], depth + 1);
                return;
            }
            string name = string.Join('.', path.Select(static step => Convert.ToString(step, CultureInfo.InvariantCulture)));
            if (!_names.Add(name))
                throw new ArgumentException($"Two values would have the name '{name}'.");
            Pieces.Add(new Piece(name, path, value));
        }

        // As in Python: a list stays one value unless there is a tensor or a dictionary in it.
        private bool IsLeaf(IList list, int depth)
        {
            // Taken for one while it is gone through, should it contain itself.
            if (!_leaves.TryAdd(list, true))
                return _leaves[list];
            foreach (object? item in list)
            {
                if (item is Tensor || (item is not null && Entries(item) is not null) || (item is IList inner and not Array && depth < 500 && !IsLeaf(inner, depth + 1)))
                    return _leaves[list] = false;
            }
            return true;
        }
    }

    private static IEnumerable<(object? Key, object? Value)>? Entries(object value) => value switch
    {
        StateDict state => state.Select(static pair => ((object?)pair.Key, (object?)pair.Value)).Concat(state.Extra.Select(static pair => ((object?)pair.Key, pair.Value))),
        PickleDictionary dictionary => dictionary.Select(static pair => (pair.Key, pair.Value)),
        IReadOnlyDictionary<string, Tensor> tensors => tensors.Select(static pair => ((object?)pair.Key, (object?)pair.Value)),
        IReadOnlyDictionary<string, object?> items => items.Select(static pair => ((object?)pair.Key, pair.Value)),
        IDictionary dictionary => dictionary.Cast<DictionaryEntry>().Select(static pair => ((object?)pair.Key, pair.Value)),
        _ => null,
    };

    private static string Text(object? key) => key switch
    {
        string text => text,
        long or int or short or byte => Convert.ToString(key, CultureInfo.InvariantCulture)!,
        _ => throw new NotSupportedException($"The keys of a distributed checkpoint are texts and integers, not {PythonEquality.KindOf(key)}."),
    };

    // What is written is the tensor itself and nothing else of the memory that it may share with others.
    private static Tensor Alone(Tensor tensor, string name)
    {
        if (tensor.Layout != Layout.Strided || tensor.IsNested || tensor.IsQuantized || tensor.IsMeta)
            throw new NotSupportedException($"The tensor '{name}' is sparse, quantized, nested or without data; a distributed checkpoint holds plain tensors.");
        using Tensor detached = tensor.Detach();
        using Tensor conjugated = detached.ResolveConj();
        using Tensor plain = conjugated.ResolveNeg();
        using Tensor onCpu = plain.To(device: Device.Cpu);
        Tensor contiguous = onCpu.Contiguous();
        using Storage storage = contiguous.UntypedStorage();
        if (storage.NBytes == contiguous.NBytes)
            return contiguous;
        using (contiguous)
            return contiguous.Clone();
    }

    /// <summary>Writes the description: an object of torch's class Metadata.</summary>
    private sealed class MetadataPickler : PickleWriter
    {
        private const string Module = "torch.distributed.checkpoint.metadata";

        public static ReadOnlyMemory<byte> Pickle(List<Piece> pieces) => new MetadataPickler().WriteAll(pieces);

        protected override bool TryWrite(object value)
        {
            if (value is not List<Piece> pieces)
                return false;
            New(Module, "Metadata");
            Op('}');
            Mark();
            WriteString("state_dict_metadata");
            Dictionary(pieces, static (self, piece) => self.WriteString(piece.Name), static (self, piece) => self.Description(piece));
            WriteString("planner_data");
            Dictionary(pieces, static (self, piece) => self.WriteString(piece.Name), static (self, piece) => self.Write(new PickleTuple(piece.Path)));
            WriteString("storage_data");
            Dictionary(pieces, static (self, piece) => self.Index(piece), static (self, piece) => self.Place(piece));
            WriteString("storage_meta");
            Write(null);
            Op('u');
            Op('b');
            return true;
        }

        private void Dictionary(List<Piece> pieces, Action<MetadataPickler, Piece> key, Action<MetadataPickler, Piece> value)
        {
            Op('}');
            Mark();
            foreach (Piece piece in pieces)
            {
                key(this, piece);
                value(this, piece);
            }
            Op('u');
        }

        private void New(string module, string name)
        {
            WriteGlobal(module, name);
            EndTuple(0);
            Op(0x81);
        }

        private void Description(Piece piece)
        {
            if (piece.Shape is null)
            {
                New(Module, "BytesStorageMetadata");
                return;
            }
            New(Module, "TensorStorageMetadata");
            Op('}');
            Mark();
            WriteString("properties");
            New(Module, "TensorProperties");
            Mark();
            WriteGlobal("torch", piece.DType.Name());
            WriteGlobal("torch.serialization", "_get_layout");
            WriteString("torch.strided");
            EndTuple(1);
            Op('R');
            WriteBool(false);
            WriteGlobal(Module, "_MEM_FORMAT_ENCODING");
            WriteInt(0); // contiguous
            EndTuple(1);
            Op('R');
            WriteBool(false);
            EndTuple(5);
            Op('b');
            WriteString("size");
            Size(piece.Shape);
            WriteString("chunks");
            Op(']');
            New(Module, "ChunkStorageMetadata");
            Op('}');
            Mark();
            WriteString("offsets");
            Size(new long[piece.Shape.Length]);
            WriteString("sizes");
            Size(piece.Shape);
            Op('u');
            Op('b');
            Op('a');
            Op('u');
            Op('b');
        }

        private void Index(Piece piece)
        {
            New(Module, "MetadataIndex");
            Op('}');
            Mark();
            WriteString("fqn");
            WriteString(piece.Name);
            WriteString("offset");
            if (piece.Shape is null)
                Write(null);
            else
                Size(new long[piece.Shape.Length]);
            WriteString("index");
            if (piece.Shape is null)
                Write(null);
            else
                WriteInt(0);
            Op('u');
            Op('b');
        }

        private void Place(Piece piece)
        {
            New("torch.distributed.checkpoint.filesystem", "_StorageInfo");
            Op('}');
            Mark();
            WriteString("relative_path");
            WriteString(DataName);
            WriteString("offset");
            WriteInt(piece.Offset);
            WriteString("length");
            WriteInt(piece.Length);
            Op('u');
            Op('b');
        }

        private void Size(long[] sizes)
        {
            WriteGlobal("torch", "Size");
            WriteInts(sizes);
            EndTuple(1);
            Op('R');
        }
    }
}
