namespace TorchBind.Data;

/// <summary>
/// What a dataset may ask about the loader's worker that runs it. Mirrors the object that
/// <c>torch.utils.data.get_worker_info</c> returns.
/// </summary>
public sealed class WorkerInfo
{
    [ThreadStatic]
    private static WorkerInfo? t_current;

    private Generator? _generator;

    internal WorkerInfo(int id, int numWorkers, long seed, object dataset)
    {
        Id = id;
        NumWorkers = numWorkers;
        Seed = seed;
        Dataset = dataset;
    }

    /// <summary>The worker that this thread is; null outside of a loader's workers. Mirrors <c>get_worker_info()</c>.</summary>
    public static WorkerInfo? Current
    {
        get => t_current;
        internal set => t_current = value;
    }

    /// <summary>Which worker, from 0.</summary>
    public int Id { get; }

    /// <summary>How many workers the loader has.</summary>
    public int NumWorkers { get; }

    /// <summary>The worker's seed: one draw from the loader's generator plus <see cref="Id"/>, as in Python.</summary>
    public long Seed { get; }

    /// <summary>The dataset. Workers are threads, so it is the loader's own object and no copy.</summary>
    public object Dataset { get; }

    /// <summary>
    /// A generator of the worker's own, seeded with <see cref="Seed"/>: what it draws does not depend on the other workers.
    /// The default generator belongs to the whole process; drawing from it in workers gives another order in each run.
    /// </summary>
    public Generator Generator => _generator ??= new Generator().ManualSeed(Seed);
}

/// <summary>Loading a sample or a batch failed in a worker of a <see cref="DataLoader{TSample, TBatch}"/>.</summary>
public sealed class DataLoaderException : Exception
{
    internal DataLoaderException(int workerId, long? sampleIndex, IReadOnlyList<long> batchIndices, Exception inner)
        : base(Describe(workerId, sampleIndex, inner), inner)
    {
        WorkerId = workerId;
        SampleIndex = sampleIndex;
        BatchIndices = batchIndices;
    }

    /// <summary>The worker in which it happened.</summary>
    public int WorkerId { get; }

    /// <summary>The index of the sample that failed; null where it was not one sample (collation, a stream).</summary>
    public long? SampleIndex { get; }

    /// <summary>The indices of the batch that failed; empty for a stream.</summary>
    public IReadOnlyList<long> BatchIndices { get; }

    private static string Describe(int workerId, long? sampleIndex, Exception inner) => sampleIndex is { } index
        ? $"Sample {index} could not be loaded (worker {workerId}): {inner.GetType().Name}: {inner.Message}"
        : $"A batch could not be loaded (worker {workerId}): {inner.GetType().Name}: {inner.Message}";
}
