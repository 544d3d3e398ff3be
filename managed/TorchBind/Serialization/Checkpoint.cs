using TorchBind.Serialization.Forms;
using TorchBind.Serialization.IO;
using TorchBind.Serialization.Pickle;
using TorchBind.Serialization.Zip;

namespace TorchBind.Serialization;

/// <summary>
/// An open checkpoint of any form. Opening reads the description only; a tensor's data is read when the tensor is asked for, from any
/// thread. <c>Torch.Load</c> is the short way that reads all.
/// </summary>
/// <remarks>
/// Nothing that a file names is ever looked up or run. What TorchBind does not know stays visible as a <see cref="PickleObject"/>.
/// Tensors stay valid after the checkpoint is disposed.
/// </remarks>
public sealed class Checkpoint : IDisposable
{
    private readonly CheckpointContent _content;
    private bool _disposed;

    private Checkpoint(CheckpointContent content, string name, MapLocation? mapLocation, CheckpointOptions? options)
    {
        _content = content;
        Name = name;
        Loader = new TensorLoader(content.Tensors, mapLocation) { ScriptClasses = content.ScriptClasses, Progress = options?.Progress };
        Root = new CheckpointValue(content.Root, Loader, "checkpoint");
    }

    /// <summary>Opens a file, the index file of a sharded checkpoint, or the folder of a distributed one.</summary>
    /// <param name="path">The path; its ending does not matter.</param>
    /// <param name="mapLocation">Where tensors go; null: back to the devices they were saved from, where those are present.</param>
    /// <param name="options">Bounds, and whether to map the file into memory.</param>
    /// <exception cref="CheckpointException">The file is damaged, cut off, or of a form that is not read; the message says which.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static Checkpoint Open(string path, MapLocation? mapLocation = null, CheckpointOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= CheckpointOptions.Default;
        if (Directory.Exists(path) && DistributedForm.Is(path))
            return new Checkpoint(DistributedForm.Read(path, options), $"'{path}'", mapLocation, options);
        ByteSource source = ByteSource.OpenFile(path, options.MemoryMap);
        return new Checkpoint(FormReader.Read(source, options), source.Name, mapLocation, options);
    }

    /// <summary>
    /// Opens what follows in a stream from where it stands. The stream is not closed, and is used as long as tensors are read; one that
    /// cannot seek is read into memory at once.
    /// </summary>
    /// <exception cref="CheckpointException">The content is damaged, cut off, or of a form that is not read.</exception>
    public static Checkpoint Open(Stream stream, MapLocation? mapLocation = null, CheckpointOptions? options = null)
    {
        ByteSource source = ByteSource.FromStream(stream, "the stream");
        return new Checkpoint(FormReader.Read(source, options ?? CheckpointOptions.Default), source.Name, mapLocation, options);
    }

    /// <summary>Opens a checkpoint that is in memory.</summary>
    /// <exception cref="CheckpointException">The content is damaged, cut off, or of a form that is not read.</exception>
    public static Checkpoint Open(ReadOnlyMemory<byte> bytes, MapLocation? mapLocation = null, CheckpointOptions? options = null)
    {
        ByteSource source = ByteSource.FromMemory(bytes, "the buffer");
        return new Checkpoint(FormReader.Read(source, options ?? CheckpointOptions.Default), source.Name, mapLocation, options);
    }

    /// <summary>The form of the file.</summary>
    public CheckpointFormat Format => _content.Format;

    /// <summary>The file's path, or what else it was opened from.</summary>
    public string Name { get; }

    /// <summary>What was saved.</summary>
    public CheckpointValue Root { get; }

    /// <summary>The entry under <paramref name="key"/> of what was saved.</summary>
    public CheckpointValue this[string key] => Root[key];

    /// <summary>The item at <paramref name="index"/> of what was saved.</summary>
    public CheckpointValue this[long index] => Root[index];

    /// <summary>The descriptions of all tensors, wherever in the content they are.</summary>
    public IReadOnlyList<TensorEntry> Tensors => _content.Tensors;

    /// <summary>The descriptions of all storages.</summary>
    public IReadOnlyCollection<StorageEntry> Storages => _content.Storages;

    /// <summary>The texts that a safetensors file or an index file carries beside the tensors.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _content.Metadata;

    internal TensorLoader Loader { get; }

    /// <summary>The content as a state dict: see <see cref="CheckpointValue.AsStateDict"/>.</summary>
    public StateDict ToStateDict() => Root.AsStateDict();

    /// <summary>The tensor that an entry of <see cref="Tensors"/> describes. Asking twice gives the same object.</summary>
    /// <exception cref="CheckpointException">Its data is missing or damaged.</exception>
    public Tensor LoadTensor(TensorEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ObjectDisposedException.ThrowIf(_disposed, this);
        return Loader.Load(entry);
    }

    /// <summary>
    /// Reads every record of a zip archive and names those whose checksum does not fit. Loading does not look at checksums: PyTorch can
    /// be told to write false ones. Empty for forms without checksums.
    /// </summary>
    public IReadOnlyList<string> FindWrongChecksums()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var wrong = new List<string>();
        foreach (ByteSource source in _content.Sources)
        {
            if (Format is CheckpointFormat.Distributed || source.Length < 4 || !source.ReadArray(0, 4).AsSpan().SequenceEqual("PK\x03\x04"u8))
                continue;
            ZipReader zip = ZipReader.Open(source, CheckpointOptions.Default);
            wrong.AddRange(zip.Records.Where(record => !zip.CrcMatches(record)).Select(static record => record.Name));
        }
        return wrong;
    }

    /// <summary>Closes the file. Tensors that were loaded stay valid, mapped ones too.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _content.Dispose();
    }
}
