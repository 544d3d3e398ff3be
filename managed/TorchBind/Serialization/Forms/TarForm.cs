using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using TorchBind.Serialization.IO;
using TorchBind.Serialization.Pickle;

namespace TorchBind.Serialization.Forms;

/// <summary>
/// The tar archive of the first PyTorch versions: a member for the storages, one for the tensors, one for the pickle. It is read in
/// place; nothing is extracted.
/// </summary>
internal static class TarForm
{
    private const int Block = 512;

    public static CheckpointContent Read(ByteSource source, CheckpointOptions options)
    {
        Dictionary<string, (long Offset, long Length)> members = Members(source);
        (long Offset, long Length) storagesMember = Member("storages");
        (long Offset, long Length) tensorsMember = Member("tensors");
        (long Offset, long Length) pickleMember = Member("pickle");

        var objects = new Dictionary<string, object>(StringComparer.Ordinal);
        var storages = new List<StorageEntry>();
        var tensors = new List<TensorEntry>();
        ReadStorages(source, storagesMember, options, objects, storages);
        ReadTensors(source, tensorsMember, options, objects, tensors);

        var interpreter = new TorchInterpreter(static (key, _, _, _, _) => throw CheckpointException.Corrupt($"A tar checkpoint names the storage '{key}' in a way of later versions."))
        {
            OldObjects = key => objects.GetValueOrDefault(key),
        };
        var input = new PickleInput(source, pickleMember.Offset, pickleMember.Offset + pickleMember.Length, options.MaxPickleBytes, "pickle");
        object? root = PickleReader.Read(input, interpreter);
        return new CheckpointContent
        {
            Format = CheckpointFormat.Tar,
            Root = root,
            Tensors = [.. tensors, .. interpreter.Tensors],
            Storages = storages,
            Sources = [source],
        };

        (long Offset, long Length) Member(string name) => members.TryGetValue(name, out (long Offset, long Length) member)
            ? member
            : throw FormDetector.Unrecognised(source, $"is a tar archive, but not a checkpoint: it has no member '{name}'. Unpack it first and load the checkpoint inside");
    }

    /// <summary>Writes the three members. Their lengths are known beforehand, so storages are written straight from where they are.</summary>
    public static void Write(ByteSink sink, ReadOnlyMemory<byte> pickle, IReadOnlyList<StorageEntry> storages, IReadOnlyList<TensorEntry> tensors)
    {
        var types = new Dictionary<StorageEntry, DType>(ReferenceEqualityComparer.Instance);
        foreach (TensorEntry tensor in tensors)
            types.TryAdd(tensor.Storage!, tensor.DType);
        ReadOnlyMemory<byte> count = CheckpointWriter.Plain((long)storages.Count);
        ReadOnlyMemory<byte>[] descriptions = [.. storages.Select((storage, i) => CheckpointWriter.Plain(new PickleTuple(
            TorchPickler.TarKey(i, storage: true), storage.Location, new PickleGlobal("torch", TorchNames.StorageOf(types[storage])!))))];
        ReadOnlyMemory<byte> views = CheckpointWriter.Plain(new List<object?>());
        long length = count.Length + views.Length;
        for (int i = 0; i < storages.Count; i++)
            length += descriptions[i].Length + 8 + storages[i].ByteLength;

        Begin(sink, "storages", length);
        sink.Write(count.Span);
        Span<byte> number = stackalloc byte[8];
        for (int i = 0; i < storages.Count; i++)
        {
            sink.Write(descriptions[i].Span);
            BinaryPrimitives.WriteInt64LittleEndian(number, storages[i].ByteLength / types[storages[i]].ItemSize());
            sink.Write(number);
            CheckpointWriter.WriteBytes(sink, storages[i]);
        }
        sink.Write(views.Span);
        End(sink, length);

        byte[] described = Describe(tensors, storages);
        Begin(sink, "tensors", described.Length);
        sink.Write(described);
        End(sink, described.Length);
        Begin(sink, "pickle", pickle.Length);
        sink.Write(pickle.Span);
        End(sink, pickle.Length);
        sink.Write(stackalloc byte[2 * Block]);
    }

    private static byte[] Describe(IReadOnlyList<TensorEntry> tensors, IReadOnlyList<StorageEntry> storages)
    {
        var numbers = new Dictionary<StorageEntry, int>(ReferenceEqualityComparer.Instance);
        for (int i = 0; i < storages.Count; i++)
            numbers.Add(storages[i], i);
        Span<byte> number = stackalloc byte[8];
        var bytes = new MemoryStream();
        bytes.Write(CheckpointWriter.Plain((long)tensors.Count).Span);
        for (int i = 0; i < tensors.Count; i++)
        {
            TensorEntry tensor = tensors[i];
            // Readers do not look at the class; complex types have none.
            string type = tensor.DType.IsComplex() ? "FloatTensor" : TorchNames.StorageOf(tensor.DType)!.Replace("Storage", "Tensor", StringComparison.Ordinal);
            bytes.Write(CheckpointWriter.Plain(new PickleTuple(
                TorchPickler.TarKey(i, storage: false), TorchPickler.TarKey(numbers[tensor.Storage!], storage: true), new PickleGlobal("torch", type))).Span);
            foreach (long value in (long[])[tensor.Dimensions.Length, .. tensor.Dimensions, .. tensor.Steps, tensor.StorageOffset])
            {
                BinaryPrimitives.WriteInt64LittleEndian(number, value);
                bytes.Write(number);
            }
        }
        return bytes.ToArray();
    }

    private static void Begin(ByteSink sink, string name, long length)
    {
        Span<byte> header = stackalloc byte[Block];
        header.Clear();
        Encoding.ASCII.GetBytes(name, header);
        "0000644"u8.CopyTo(header[100..]); // mode
        "0000000"u8.CopyTo(header[108..]); // user and group
        "0000000"u8.CopyTo(header[116..]);
        if (length < 1L << 33)
        {
            Encoding.ASCII.GetBytes(Convert.ToString(length, 8).PadLeft(11, '0'), header[124..]);
        }
        else
        {
            header[124] = 0x80; // eight gigabytes and more: a binary number
            BinaryPrimitives.WriteInt64BigEndian(header[128..], length);
        }
        "00000000000"u8.CopyTo(header[136..]); // no time: the same content gives the same file
        header[156] = (byte)'0';
        "ustar\000"u8.CopyTo(header[257..]);
        header.Slice(148, 8).Fill((byte)' ');
        int sum = 0;
        foreach (byte b in header)
            sum += b;
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0'), header[148..]);
        header[154] = 0;
        sink.Write(header);
    }

    private static void End(ByteSink sink, long length) => sink.Write(stackalloc byte[(int)((Block - length % Block) % Block)]);

    private static Dictionary<string, (long Offset, long Length)> Members(ByteSource source)
    {
        var members = new Dictionary<string, (long, long)>(StringComparer.Ordinal);
        byte[] header = new byte[Block];
        long at = 0;
        while (at <= source.Length - Block && members.Count < 1000)
        {
            source.Read(at, header);
            if (header[0] == 0)
                break;
            string name = Text(header.AsSpan(0, 100));
            long length = Octal(header.AsSpan(124, 12));
            if (length < 0 || length > source.Length - at - Block)
                throw CheckpointException.Truncated($"{source.Name} ends inside its member '{name}'. The file was probably cut off; get it again.", name, at);
            if (name.StartsWith("./", StringComparison.Ordinal))
                name = name[2..];
            // Plain files only; anything else (links, folders, extended headers) has no part in a checkpoint.
            if (header[156] is 0 or (byte)'0' && !members.TryAdd(name, (at + Block, length)))
                throw CheckpointException.Corrupt($"{source.Name} holds two members named '{name}'.", name, at);
            at += Block + (length + Block - 1) / Block * Block;
        }
        return members;
    }

    private static void ReadStorages(ByteSource source, (long Offset, long Length) member, CheckpointOptions options, Dictionary<string, object> objects, List<StorageEntry> storages)
    {
        long at = member.Offset;
        long end = member.Offset + member.Length;
        if (Next(source, ref at, end, options, "storages") is not long count || count < 0)
            throw CheckpointException.Corrupt($"{source.Name} does not say how many storages it holds.", "storages", at);
        Span<byte> number = stackalloc byte[8];
        for (long i = 0; i < count; i++)
        {
            if (Next(source, ref at, end, options, "storages") is not PickleTuple { Count: 3 } description
                || Key(description[0]) is not { } key || description[1] is not string location || description[2] is not PickleGlobal type
                || !TorchNames.TryStorage(type, out DType dtype, out _))
            {
                throw CheckpointException.Corrupt($"{source.Name} describes a storage in a way that torch never wrote.", "storages", at);
            }
            if (end - at < 8)
                throw CheckpointException.Truncated($"{source.Name} ends inside the storage '{key}'.", "storages", at);
            source.Read(at, number);
            at += 8;
            long elements = BinaryPrimitives.ReadInt64LittleEndian(number);
            if (elements < 0 || elements > (end - at) / dtype.ItemSize())
                throw CheckpointException.Truncated($"{source.Name} ends inside the storage '{key}', which claims {elements:N0} elements.", "storages", at);
            var storage = new StorageEntry(key, dtype, location, elements * dtype.ItemSize(), source, at);
            if (!objects.TryAdd(key, storage))
                throw CheckpointException.Corrupt($"{source.Name} holds the storage '{key}' twice.", "storages", at);
            storages.Add(storage);
            at += storage.ByteLength;
        }
        if (Next(source, ref at, end, options, "storage views") is not List<object?> views)
            throw CheckpointException.Corrupt($"{source.Name} has no list of storage views.", "storages", at);
        foreach (object? item in views)
        {
            if (item is not PickleTuple { Count: 4 } view || Key(view[0]) is not { } key || Key(view[1]) is not { } rootKey
                || !objects.TryGetValue(rootKey, out object? found) || found is not StorageEntry root
                || view[2] is not long offset || view[3] is not long size || offset < 0 || size < 0
                || offset > root.ByteLength / root.DType.ItemSize() || size > root.ByteLength / root.DType.ItemSize() - offset)
            {
                throw CheckpointException.Corrupt($"{source.Name} describes a view of a storage that does not fit it.", "storages", at);
            }
            objects[key] = new StorageEntry(key, root.DType, root.Location, size * root.DType.ItemSize()) { Root = root.Root ?? root, RootOffset = offset + root.RootOffset };
        }
    }

    private static void ReadTensors(ByteSource source, (long Offset, long Length) member, CheckpointOptions options, Dictionary<string, object> objects, List<TensorEntry> tensors)
    {
        long at = member.Offset;
        long end = member.Offset + member.Length;
        if (Next(source, ref at, end, options, "tensors") is not long count || count < 0)
            throw CheckpointException.Corrupt($"{source.Name} does not say how many tensors it holds.", "tensors", at);
        for (long i = 0; i < count; i++)
        {
            if (Next(source, ref at, end, options, "tensors") is not PickleTuple { Count: 3 } description
                || Key(description[0]) is not { } key || Key(description[1]) is not { } storageKey
                || !objects.TryGetValue(storageKey, out object? found) || found is not StorageEntry storage)
            {
                throw CheckpointException.Corrupt($"{source.Name} describes a tensor in a way that torch never wrote.", "tensors", at);
            }
            long dimensions = Int(4);
            Int(4); // the old form took eight bytes for it
            if (dimensions is < 0 or > Shapes.MaxDimensions)
                throw CheckpointException.Corrupt($"{source.Name} holds a tensor of {dimensions} dimensions.", "tensors", at);
            long[] shape = Ints((int)dimensions);
            long[] strides = Ints((int)dimensions);
            TensorEntry tensor = TorchInterpreter.Over(
                message => CheckpointException.Corrupt($"{source.Name} is damaged: {message}", "tensors", at), storage, storage.DType, Int(8), shape, strides);
            if (!objects.TryAdd(key, tensor))
                throw CheckpointException.Corrupt($"{source.Name} holds the tensor '{key}' twice.", "tensors", at);
            tensors.Add(tensor);
        }

        long Int(int size)
        {
            if (end - at < size)
                throw CheckpointException.Truncated($"{source.Name} ends inside its tensors.", "tensors", at);
            Span<byte> bytes = stackalloc byte[8];
            bytes.Clear();
            source.Read(at, bytes[..size]);
            at += size;
            return size == 4 ? BinaryPrimitives.ReadInt32LittleEndian(bytes) : BinaryPrimitives.ReadInt64LittleEndian(bytes);
        }

        long[] Ints(int length)
        {
            long[] values = new long[length];
            for (int i = 0; i < length; i++)
                values[i] = Int(8);
            return values;
        }
    }

    private static string? Key(object? value) => value switch
    {
        string text => text,
        long number => number.ToString(CultureInfo.InvariantCulture),
        _ => null,
    };

    private static object? Next(ByteSource source, ref long at, long end, CheckpointOptions options, string what)
    {
        var input = new PickleInput(source, at, end, options.MaxPickleBytes, what);
        object? value = PickleReader.Read(input);
        at = input.Position;
        return value;
    }

    private static string Text(ReadOnlySpan<byte> field)
    {
        int end = field.IndexOf((byte)0);
        return Encoding.Latin1.GetString(end < 0 ? field : field[..end]);
    }

    private static long Octal(ReadOnlySpan<byte> field)
    {
        if ((field[0] & 0x80) != 0)
        {
            long binary = field[0] & 0x7f;
            foreach (byte b in field[1..])
            {
                if (binary > long.MaxValue >> 8)
                    return -1;
                binary = (binary << 8) | b;
            }
            return binary;
        }
        long value = 0;
        foreach (byte b in field)
        {
            if (b is >= (byte)'0' and <= (byte)'7')
                value = value * 8 + (b - '0');
            else if (b != ' ')
                break;
        }
        return value;
    }
}
