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

    /// <summary>Told, from time to time and from any thread, how far loading all tensors of a checkpoint is.</summary>
    public IProgress<LoadProgress>? Progress { get; init; }

    /// <summary>The same with memory mapping.</summary>
    internal static CheckpointOptions Mapped(CheckpointOptions? options)
    {
        options ??= Default;
        return new CheckpointOptions
        {
            MaxPickleBytes = options.MaxPickleBytes,
            MaxInflatedBytes = options.MaxInflatedBytes,
            MaxRecords = options.MaxRecords,
            Progress = options.Progress,
            MemoryMap = true,
        };
    }

    internal long InflationLimit(long fileLength)
        => MaxInflatedBytes ?? Math.Max(64L << 20, fileLength > long.MaxValue / 20 ? long.MaxValue : fileLength * 20);
}

/// <summary>How far loading is.</summary>
/// <param name="LoadedBytes">Bytes of tensor data read so far.</param>
/// <param name="TotalBytes">Bytes of tensor data to read.</param>
public readonly record struct LoadProgress(long LoadedBytes, long TotalBytes)
{
    /// <summary>The part that is done, from 0 to 1.</summary>
    public double Fraction => TotalBytes == 0 ? 1 : (double)LoadedBytes / TotalBytes;
}
