using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using TorchBind.Serialization.IO;
using TorchBind.Serialization.Pickle;

namespace TorchBind.Serialization.Forms;

/// <summary>The stream that <c>torch.save</c> wrote before PyTorch 1.6: five pickles, then the bytes of each storage.</summary>
internal static class LegacyForm
{
    internal static readonly BigInteger MagicNumber = BigInteger.Parse("119547037146038801333356", CultureInfo.InvariantCulture);

    public static CheckpointContent Read(ByteSource source, CheckpointOptions options)
    {
        long at = 0;
        if (Next(source, ref at, options, "magic number", null) is not BigInteger magic || magic != MagicNumber)
            throw CheckpointException.Corrupt($"{source.Name} does not begin with the magic number of torch.save.", null, 0);
        if (Next(source, ref at, options, "protocol version", null) is not 1001L)
            throw CheckpointException.Unsupported($"{source.Name} is of a protocol version of torch.save that is not known (1001 is).");
        if (Next(source, ref at, options, "system information", null) is PickleDictionary info
            && info.TryGetValue("little_endian", out object? little) && little is false)
        {
            throw CheckpointException.Unsupported($"{source.Name} was written on a big-endian machine in the form before PyTorch 1.6. Save it again with a newer PyTorch.");
        }

        var interpreter = new TorchInterpreter(static (key, dtype, location, byteLength, untyped)
            => new StorageEntry(key, dtype, location, byteLength) { IsUntyped = untyped })
        { NamesViews = true };
        object? root = Next(source, ref at, options, "objects", interpreter);
        if (Next(source, ref at, options, "storage keys", null) is not List<object?> keys)
            throw CheckpointException.Corrupt($"{source.Name} has no list of storages after its objects.", null, at);
        PlaceStorages(source, at, interpreter.Storages, keys);
        return new CheckpointContent
        {
            Format = CheckpointFormat.Legacy,
            Root = root,
            Tensors = interpreter.Tensors,
            Storages = interpreter.Storages,
            Names = interpreter.Names,
            Sources = [source],
        };
    }

    private static void PlaceStorages(ByteSource source, long at, IReadOnlyCollection<StorageEntry> storages, List<object?> keys)
    {
        Dictionary<string, StorageEntry> byKey = storages.ToDictionary(static s => s.Key, StringComparer.Ordinal);
        Span<byte> number = stackalloc byte[8];
        foreach (object? item in keys)
        {
            if (item is not string key || !byKey.Remove(key, out StorageEntry? storage))
                throw CheckpointException.Corrupt($"{source.Name} lists a storage ({PythonEquality.Describe(item)}) that no object refers to, or lists it twice.", null, at);
            source.Read(at, number);
            long count = BinaryPrimitives.ReadInt64LittleEndian(number);
            at += 8;
            long itemSize = storage.DType.ItemSize();
            if (count < 0 || count != storage.ByteLength / itemSize)
                throw CheckpointException.Corrupt($"{source.Name} holds {count:N0} elements for the storage '{key}', but its description says {storage.ByteLength / itemSize:N0}.", key, at - 8);
            if (storage.ByteLength > source.Length - at)
            {
                throw CheckpointException.Truncated(
                    $"{source.Name} ends inside the storage '{key}': {storage.ByteLength:N0} bytes are wanted at offset {at:N0}, but the file has {source.Length:N0} in all. "
                    + "It was probably cut off while it was copied; get it again.", key, at);
            }
            storage.Place(source, at);
            at += storage.ByteLength;
        }
        foreach (StorageEntry storage in byKey.Values)
            throw CheckpointException.Corrupt($"{source.Name} has no data for the storage '{storage.Key}'.", storage.Key);
    }

    private static object? Next(ByteSource source, ref long at, CheckpointOptions options, string what, IPickleInterpreter? interpreter)
    {
        var input = new PickleInput(source, at, source.Length, options.MaxPickleBytes, what);
        object? value = PickleReader.Read(input, interpreter);
        at = input.Position;
        return value;
    }
}
