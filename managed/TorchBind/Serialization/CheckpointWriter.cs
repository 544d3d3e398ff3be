using System.Text;
using TorchBind.Serialization.Forms;
using TorchBind.Serialization.IO;
using TorchBind.Serialization.Pickle;
using TorchBind.Serialization.Zip;

namespace TorchBind.Serialization;

/// <summary>Writes the zip form of <c>torch.save</c>.</summary>
internal static class CheckpointWriter
{
    public static void Save(object? value, string path, SaveOptions options)
    {
        string root = Path.GetFileNameWithoutExtension(path);
        Save(value, options, () => ByteSink.CreateFile(path, options.FlushToDisk), root.Length == 0 ? "archive" : root);
    }

    public static void Save(object? value, Stream stream, SaveOptions options) => Save(value, options, () => ByteSink.ToStream(stream), "archive");

    private static void Save(object? value, SaveOptions options, Func<ByteSink> open, string root)
    {
        if (options.StreamForm && options.TarForm)
            throw new ArgumentException("StreamForm and TarForm exclude each other.", nameof(options));
        using var describer = new TensorDescriber();
        // What cannot be saved is found before a file is touched.
        (ReadOnlyMemory<byte> pickle, IReadOnlyList<StorageEntry> storages, IReadOnlyList<TensorEntry> tensors) = TorchPickler.WriteApart(value, describer, options);
        using ByteSink sink = open();
        if (options.TarForm)
            TarForm.Write(sink, pickle, storages, tensors);
        else if (options.StreamForm)
            WriteStream(sink, pickle, storages);
        else
            Write(sink, root, pickle, storages);
        sink.Commit();
        GC.KeepAlive(value);
    }

    /// <summary>Appends an archive of <c>torch.save</c> to what was written already.</summary>
    public static void Append(object? value, ByteSink sink, SaveOptions options)
    {
        using var describer = new TensorDescriber();
        (ReadOnlyMemory<byte> pickle, IReadOnlyList<StorageEntry> storages) = TorchPickler.Write(value, describer, options);
        Write(sink, "archive", pickle, storages);
        GC.KeepAlive(value);
    }

    private static unsafe void Write(ByteSink sink, string root, ReadOnlyMemory<byte> pickle, IReadOnlyList<StorageEntry> storages)
    {
        var zip = new ZipWriter(sink);
        zip.Write(root + "/data.pkl", pickle.Span);
        zip.Write(root + "/byteorder", BitConverter.IsLittleEndian ? "little"u8 : "big"u8);
        var name = new StringBuilder();
        for (int i = 0; i < storages.Count; i++)
        {
            name.Clear().Append(root).Append("/data/").Append(i);
            WriteStorage(zip, name.ToString(), storages[i]);
        }
        zip.Write(root + "/version", "3\n"u8);
        zip.Finish();
    }

    // Five pickles: a magic number, the version, sizes of types in C, the objects, the keys; then for each storage its length and bytes.
    private static unsafe void WriteStream(ByteSink sink, ReadOnlyMemory<byte> pickle, IReadOnlyList<StorageEntry> storages)
    {
        Plain(sink, LegacyForm.MagicNumber);
        Plain(sink, 1001L);
        Plain(sink, new Dictionary<string, object>
        {
            ["protocol_version"] = 1001L,
            ["little_endian"] = BitConverter.IsLittleEndian,
            ["type_sizes"] = new Dictionary<string, object> { ["short"] = 2L, ["int"] = 4L, ["long"] = 4L },
        });
        sink.Write(pickle.Span);
        Plain(sink, Enumerable.Range(0, storages.Count).Select(static i => i.ToString(System.Globalization.CultureInfo.InvariantCulture)).ToList());
        Span<byte> count = stackalloc byte[8];
        foreach (StorageEntry storage in storages)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(count, storage.ByteLength / storage.WrittenItemSize);
            sink.Write(count);
            WriteBytes(sink, storage);
        }
    }

    /// <summary>Appends the bytes of a storage.</summary>
    public static unsafe void WriteBytes(ByteSink sink, StorageEntry storage)
    {
        byte* data = storage.LivePointer;
        if (data == null)
            data = storage.MappedPointer;
        if (data != null)
            sink.Write(data, storage.ByteLength);
        else if (storage.ByteLength > 0)
            sink.Write(storage.ReadBytes());
        GC.KeepAlive(storage);
    }

    /// <summary>Appends a pickle of values that are no tensors.</summary>
    public static void Plain(ByteSink sink, object value) => sink.Write(Plain(value).Span);

    /// <summary>A pickle of values that are no tensors.</summary>
    public static ReadOnlyMemory<byte> Plain(object value)
    {
        using var describer = new TensorDescriber();
        return TorchPickler.Write(value, describer, SaveOptions.Default).Pickle;
    }

    private static unsafe void WriteStorage(ZipWriter zip, string name, StorageEntry storage)
    {
        byte* data = storage.LivePointer;
        if (data == null)
            data = storage.MappedPointer;
        if (data != null || storage.ByteLength == 0)
        {
            zip.Write(name, data, storage.ByteLength);
        }
        else if (storage.CanReadParts)
        {
            using var stream = new SourceStream(storage.Source!, storage.Offset, storage.ByteLength);
            zip.Write(name, stream, storage.ByteLength);
        }
        else
        {
            zip.Write(name, storage.ReadBytes());
        }
        GC.KeepAlive(storage);
    }
}
