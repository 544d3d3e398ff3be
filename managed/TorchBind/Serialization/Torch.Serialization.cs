using TorchBind.Serialization;

namespace TorchBind;

public static partial class Torch
{
    /// <summary>
    /// Saves tensors and what goes with them, in the form that Python's <c>torch.load</c> reads (with <c>weights_only=True</c> and
    /// <c>mmap=True</c> too). Mirrors <c>torch.save</c>.
    /// </summary>
    /// <remarks>
    /// The file appears whole or not at all: it is written under another name in the same folder first. Tensors that share memory share it
    /// again after loading, and their memory is written once. Saved can be a <see cref="StateDict"/>, a tensor, null, numbers, booleans, strings,
    /// byte arrays, tuples, and lists, sets and dictionaries of all these.
    /// </remarks>
    /// <param name="obj">What to save.</param>
    /// <param name="path">The file to write.</param>
    /// <param name="options">Choices, such as not to wait for the disk.</param>
    /// <exception cref="NotSupportedException">Something in <paramref name="obj"/> has no counterpart in a checkpoint; the message names it.</exception>
    /// <exception cref="ArgumentException">The options ask for two forms at once.</exception>
    /// <exception cref="IOException">The file cannot be written; what was there before stays.</exception>
    public static void Save(object? obj, string path, SaveOptions? options = null) => CheckpointWriter.Save(obj, path, options ?? SaveOptions.Default);

    /// <summary>Saves to a stream, which stays open. Mirrors <c>torch.save</c>.</summary>
    /// <param name="obj">What to save; as in the other overload.</param>
    /// <param name="stream">Where it is written, from its position on; it need not seek.</param>
    /// <param name="options">Choices; null: <see cref="SaveOptions.Default"/>.</param>
    /// <exception cref="NotSupportedException">Something in <paramref name="obj"/> has no counterpart in a checkpoint.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="stream"/> is null.</exception>
    /// <exception cref="IOException">The stream fails.</exception>
    /// <exception cref="ArgumentException">The stream cannot be written to, or the options ask for two forms at once.</exception>
    public static void Save(object? obj, Stream stream, SaveOptions? options = null) => CheckpointWriter.Save(obj, stream, options ?? SaveOptions.Default);

    /// <summary>
    /// Loads a checkpoint of any form, with all its tensors. Nothing that the file names is ever run, so files from strangers do no harm.
    /// Mirrors <c>torch.load(weights_only=True)</c>.
    /// </summary>
    /// <example>
    /// <code>
    /// var checkpoint = Torch.Load("checkpoint.pth");
    /// long epoch = (long)checkpoint["epoch"];
    /// var average = (Tensor)checkpoint["optimizer"]["state"][0]["exp_avg"];
    /// model.LoadStateDict((StateDict)checkpoint["model"]);
    /// </code>
    /// </example>
    /// <param name="path">The file, the index file of a sharded checkpoint, or the folder of a distributed one; the content tells the form.</param>
    /// <param name="mapLocation">Where tensors go: a device, or a table from saved to wanted devices. Null: back to where they were, if that is present.</param>
    /// <param name="mmap">Maps the file into memory, so that only what is used is read and nothing is copied. Tensors may be written to; the file does not change.</param>
    /// <param name="options">Bounds for hostile files, and whom to tell the progress.</param>
    /// <returns>The content; its tensors are loaded and stay when the file is gone, unless it is mapped.</returns>
    /// <exception cref="CheckpointException">The file is damaged, cut off, or of a form that is not read; the message says what it looks like and what to do.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static CheckpointValue Load(string path, MapLocation? mapLocation = null, bool mmap = false, CheckpointOptions? options = null)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path, mapLocation, mmap ? CheckpointOptions.Mapped(options) : options);
        return LoadAll(checkpoint);
    }

    /// <summary>Loads a checkpoint from a stream, from where it stands. The stream stays open. Mirrors <c>torch.load(weights_only=True)</c>.</summary>
    /// <param name="stream">A stream that can be read.</param>
    /// <param name="mapLocation">Where tensors go; as in the other overload.</param>
    /// <param name="options">Bounds for hostile files, and whom to tell the progress.</param>
    /// <returns>The content, with all its tensors loaded.</returns>
    /// <exception cref="CheckpointException">The content is damaged, cut off, or of a form that is not read.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="stream"/> is null.</exception>
    /// <exception cref="ArgumentException">The stream cannot be read.</exception>
    public static CheckpointValue Load(Stream stream, MapLocation? mapLocation = null, CheckpointOptions? options = null)
    {
        using Checkpoint checkpoint = Checkpoint.Open(stream, mapLocation, options);
        return LoadAll(checkpoint);
    }

    /// <summary>
    /// Loads a file that holds a state dict: <c>model.LoadStateDict(Torch.LoadStateDict("model.pth"))</c>. Mirrors
    /// <c>torch.load(weights_only=True)</c>.
    /// </summary>
    /// <param name="path">The file; of any form that <see cref="Load(string, MapLocation, bool, CheckpointOptions)"/> reads.</param>
    /// <param name="mapLocation">
    /// Where tensors go: a device, or a table from saved to wanted devices. Null: back to where they were, if that is present.
    /// </param>
    /// <param name="mmap">Maps the file into memory instead of reading it.</param>
    /// <param name="options">Bounds for hostile files, and whom to tell the progress.</param>
    /// <returns>Tensors by name, in the order of the file.</returns>
    /// <exception cref="CheckpointException">The file cannot be read, or holds no state dict; the message says what it holds.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static StateDict LoadStateDict(string path, MapLocation? mapLocation = null, bool mmap = false, CheckpointOptions? options = null)
        => Load(path, mapLocation, mmap, options).AsStateDict();

    private static CheckpointValue LoadAll(Checkpoint checkpoint)
    {
        checkpoint.Loader.LoadAll(checkpoint.Tensors);
        return checkpoint.Root;
    }
}
