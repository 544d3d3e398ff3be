namespace TorchBind.Serialization;

/// <summary>Choices for writing a checkpoint.</summary>
public sealed class SaveOptions
{
    internal static SaveOptions Default { get; } = new();

    /// <summary>
    /// Whether to wait until the file is on the disk before it takes its name, so that not even a power failure leaves a damaged one.
    /// True unless told otherwise; false saves time and still keeps a crash of the program from damaging anything.
    /// </summary>
    public bool FlushToDisk { get; init; } = true;

    /// <summary>
    /// Writes only what PyTorch 1.13 can read as well: no element types that it lacks, conjugate and negative views as plain tensors.
    /// </summary>
    public bool ForOldReaders { get; init; }

    /// <summary>
    /// Writes the stream form of before PyTorch 1.6, for tools that still want it; memory mapping is not possible with it. Mirrors
    /// <c>torch.save(_use_new_zipfile_serialization=False)</c>.
    /// </summary>
    public bool StreamForm { get; init; }

    /// <summary>
    /// Writes the tar form of the first PyTorch versions (before 0.1.10). <c>torch.load</c> still reads it, though not with <c>weights_only=True</c>.
    /// </summary>
    public bool TarForm { get; init; }
}
