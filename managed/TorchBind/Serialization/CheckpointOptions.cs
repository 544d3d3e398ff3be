namespace TorchBind.Serialization;

/// <summary>Bounds and choices for reading a checkpoint. The defaults suit files from untrusted sources.</summary>
public sealed class CheckpointOptions
{
    internal static CheckpointOptions Default { get; } = new();

    /// <summary>Largest pickle (the description of the objects, without tensor data) that is read, in bytes.</summary>
    public long MaxPickleBytes { get; init; } = 1L << 30;

    /// <summary>
    /// Most bytes that compressed records of one file may expand to together. Null, the default: 64 MiB or 20 times the file's
    /// size, whichever is more. Files that <c>torch.save</c> writes are not compressed.
    /// </summary>
    public long? MaxInflatedBytes { get; init; }

    /// <summary>Most records (storages, attachments) that an archive may hold.</summary>
    public int MaxRecords { get; init; } = 4_000_000;

    /// <summary>
    /// Maps the file into memory instead of reading it: tensors then refer to the file's pages, nothing is copied, and only
    /// what is used is ever read. Writing to such a tensor changes this process's copy, never the file.
    /// </summary>
    public bool MemoryMap { get; init; }

    internal long InflationLimit(long fileLength)
        => MaxInflatedBytes ?? Math.Max(64L << 20, fileLength > long.MaxValue / 20 ? long.MaxValue : fileLength * 20);
}
