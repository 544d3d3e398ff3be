using TorchBind.Serialization.IO;
using TorchBind.Serialization.Pickle;

namespace TorchBind.Serialization.Forms;

/// <summary>
/// The folders of <c>torch.distributed.checkpoint</c>: a <c>.metadata</c> pickle says which part of which tensor lies where in the
/// <c>.distcp</c> files beside it, each part a small file of <c>torch.save</c>.
/// </summary>
internal static class DistributedForm
{
    internal const string MetadataName = ".metadata";

    public static bool Is(string folder) => File.Exists(Path.Combine(folder, MetadataName));

    public static CheckpointContent Read(string folder, CheckpointOptions options)
    {
        var reader = new Reader(folder, options);
        try
        {
            return reader.Read();
        }
        catch
        {
            reader.Close();
            throw;
        }
    }

    private const long MaxGaps = 1_000_000;

    private sealed class Reader(string folder, CheckpointOptions options)
    {
        private readonly Dictionary<string, ByteSource> _files = new(StringComparer.Ordinal);
        private readonly List<CheckpointContent> _parts = [];
        private readonly List<TensorEntry> _whole = [];
        private readonly Dictionary<(string Name, string Offset), PickleObject> _places = [];
        private long _gaps; // items of lists that nothing stands for

        private string Name => $"'{folder}'";

        public void Close()
        {
            foreach (ByteSource file in _files.Values)
                file.Dispose();
        }

        public CheckpointContent Read()
        {
            object? root;
            using (ByteSource source = ByteSource.OpenFile(Path.Combine(folder, MetadataName), memoryMap: false))
            {
                var interpreter = new TorchInterpreter(static (key, _, _, _, _) => throw CheckpointException.Corrupt($"The metadata refers to the storage '{key}', which it cannot have."));
                root = PickleReader.Read(new PickleInput(source, 0, source.Length, options.MaxPickleBytes, MetadataName), interpreter);
            }
            if (root is not PickleObject { TypeName: "torch.distributed.checkpoint.metadata.Metadata" } metadata
                || Attribute(metadata, "state_dict_metadata") is not PickleDictionary items || Attribute(metadata, "storage_data") is not PickleDictionary places)
            {
                throw CheckpointException.Unsupported($"The file {MetadataName} in {Name} is not as torch.distributed.checkpoint writes it.", MetadataName);
            }
            FindPlaces(places);
            PickleDictionary? paths = Attribute(metadata, "planner_data") as PickleDictionary;
            var content = new PickleDictionary();
            foreach ((object? key, object? item) in items)
            {
                if (key is not string name || item is not PickleObject description)
                    throw Corrupt("describes something that has no name");
                object? value = Value(name, description);
                if (paths is null || !paths.TryGetValue(name, out object? path) || path is not PickleTuple { Count: > 0 } steps)
                    content[name] = value;
                else
                    Put(content, steps, value, name);
            }
            return new CheckpointContent
            {
                Format = CheckpointFormat.Distributed,
                Root = content,
                Tensors = [.. _whole, .. _parts.SelectMany(static p => p.Tensors)],
                Storages = [.. _parts.SelectMany(static p => p.Storages)],
                Sources = [.. _files.Values],
            };
        }

        private void FindPlaces(PickleDictionary places)
        {
            foreach ((object? key, object? value) in places)
            {
                if (key is not PickleObject index || value is not PickleObject place || Attribute(index, "fqn") is not string name)
                    throw Corrupt("has a list of places that is not as torch writes it");
                object? offset = Attribute(index, "offset");
                _places[(name, offset is null ? "" : OffsetKey(Shapes.From(offset) ?? throw Corrupt("has an offset that is no list of integers")))] = place;
            }
        }

        private object? Value(string name, PickleObject description)
        {
            switch (description.TypeName)
            {
                case "torch.distributed.checkpoint.metadata.BytesStorageMetadata":
                    return Part(name, "").Root;
                case "torch.distributed.checkpoint.metadata.TensorStorageMetadata":
                    break;
                default:
                    throw CheckpointException.Unsupported($"{Name} holds '{name}' as {description.TypeName}, which is not read.", name);
            }
            if (Shapes.From(Attribute(description, "size")) is not { } shape || Shapes.Count(shape) < 0 || Attribute(description, "chunks") is not List<object?> chunks || chunks.Count == 0)
                throw Corrupt($"describes the tensor '{name}' in a way that torch does not write");
            var parts = new TensorEntry[chunks.Count];
            var offsets = new long[chunks.Count][];
            Int128 covered = 0;
            for (int i = 0; i < parts.Length; i++)
            {
                if (chunks[i] is not PickleObject chunk || Shapes.From(Attribute(chunk, "offsets")) is not { } offset || Shapes.From(Attribute(chunk, "sizes")) is not { } size
                    || offset.Length != shape.Length || size.Length != shape.Length)
                {
                    throw Corrupt($"describes a part of the tensor '{name}' in a way that torch does not write");
                }
                for (int k = 0; k < shape.Length; k++)
                {
                    if (offset[k] < 0 || size[k] < 0 || offset[k] > shape[k] || size[k] > shape[k] - offset[k])
                        throw Corrupt($"has a part of the tensor '{name}' that reaches outside of it");
                }
                if (Part(name, OffsetKey(offset)).Root is not TensorEntry { Kind: TensorEntryKind.Strided } part || !part.Dimensions.AsSpan().SequenceEqual(size))
                    throw Corrupt($"has a part of the tensor '{name}' that is not of the described shape");
                if (i > 0 && part.DType != parts[0].DType)
                    throw Corrupt($"has parts of the tensor '{name}' of different types");
                parts[i] = part;
                offsets[i] = offset;
                covered += Shapes.Count(size);
            }
            if (covered != Shapes.Count(shape))
                throw CheckpointException.NotFound($"{Name} has parts with {covered} of the {Shapes.Count(shape)} elements of the tensor '{name}': some are missing, or they overlap.", name);
            if (parts.Length == 1)
                return parts[0];
            var whole = new TensorEntry(TensorEntryKind.Chunked, parts[0].DType, shape) { Parts = parts, PartOffsets = offsets };
            _whole.Add(whole);
            return whole;
        }

        private CheckpointContent Part(string name, string offset)
        {
            if (!_places.TryGetValue((name, offset), out PickleObject? place) && !_places.TryGetValue((name, ""), out place))
                throw Corrupt($"does not say where '{name}' is");
            if (Attribute(place, "relative_path") is not string path || Attribute(place, "offset") is not long at || Attribute(place, "length") is not long length)
                throw Corrupt($"does not say where '{name}' is");
            if (Attribute(place, "transform_descriptors") is List<object?> { Count: > 0 } or PickleTuple { Count: > 0 })
                throw CheckpointException.Unsupported($"{Name} holds '{name}' transformed (compressed, for instance), which is not read.", name);
            if (path.Length == 0 || path is "." or ".." || path.AsSpan().IndexOfAny('/', '\\', ':') >= 0)
                throw Corrupt($"says that '{name}' is in '{path}'; a path that leads out of the folder is refused");
            if (!_files.TryGetValue(path, out ByteSource? file))
            {
                string full = Path.Combine(folder, path);
                if (!File.Exists(full))
                    throw CheckpointException.NotFound($"{Name} lacks the file '{path}', which '{name}' is in.", path);
                file = ByteSource.OpenFile(full, options.MemoryMap);
                _files.Add(path, file);
            }
            ByteSource slice = file.Slice(at, length, $"'{name}' in '{path}'");
            if (FormDetector.Detect(slice) != OuterForm.Zip)
                throw Corrupt($"holds '{name}' in a form that is not torch.save's");
            CheckpointContent content = ZipForm.ReadPlain(slice, options);
            _parts.Add(content);
            return content;
        }

        // The names are paths through dictionaries (texts) and lists (numbers), and torch keeps the steps.
        private void Put(PickleDictionary root, PickleTuple steps, object? value, string name)
        {
            object container = root;
            for (int i = 0; i < steps.Count; i++)
            {
                bool last = i == steps.Count - 1;
                object? next = last ? value : steps[i + 1] is long ? new List<object?>() : new PickleDictionary();
                if (container is List<object?> list && steps[i] is long at && at >= 0 && (_gaps += Math.Max(0, at - list.Count)) <= MaxGaps)
                {
                    while (list.Count <= at)
                        list.Add(null);
                    container = last ? list : (list[(int)at] ??= next)!;
                    if (last)
                        list[(int)at] = value;
                }
                else if (container is PickleDictionary dictionary && PythonEquality.IsHashable(steps[i]))
                {
                    if (last)
                        dictionary[steps[i]] = value;
                    else if (dictionary.TryGetValue(steps[i], out object? there) && there is not null)
                        container = there;
                    else
                        dictionary[steps[i]] = container = next!;
                }
                else
                {
                    throw Corrupt($"gives '{name}' a place that cannot be");
                }
            }
        }

        private static object? Attribute(PickleObject value, string name) => value.TryGetAttribute(name, out object? attribute) ? attribute : null;

        private static string OffsetKey(long[] offset) => string.Join(',', offset);

        private CheckpointException Corrupt(string what) => CheckpointException.Corrupt($"The checkpoint {Name} {what}.", MetadataName);
    }
}
