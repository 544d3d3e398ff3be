using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace TorchBind.Data;

/// <summary>
/// Walks over a dataset in batches, in order or shuffled, on this thread or with workers that load ahead. Mirrors
/// <c>torch.utils.data.DataLoader</c>.
/// </summary>
/// <typeparam name="TSample">One sample of the dataset.</typeparam>
/// <typeparam name="TBatch">
/// One batch. The default collation stacks tensors, makes tensors of numbers (<c>int</c> and <c>long</c> become int64), and does
/// so inside tuples, arrays, lists and dictionaries: samples <c>(Tensor, long)</c> become a batch <c>(Tensor, Tensor)</c>.
/// </typeparam>
/// <remarks>
/// <para>
/// Each walk is one epoch: <c>foreach (var batch in loader)</c>, or <c>await foreach</c>, which waits for workers without holding
/// the thread. The order for a seed is Python's: a walk draws one number from the generator when it begins (the workers' seed),
/// and shuffling draws one more.
/// </para>
/// <para>
/// Workers are threads of this process: they share the dataset, which must allow reading from several threads, and nothing is
/// copied between them. Batches come in the sampler's order whatever the number of workers. Leaving the loop early stops them.
/// </para>
/// </remarks>
/// <example><code>
/// var loader = new DataLoader&lt;(Tensor, long), (Tensor, Tensor)&gt;(dataset, batchSize: 64, shuffle: true, numWorkers: 2);
/// foreach (var (images, labels) in loader) { ... }
/// </code></example>
public class DataLoader<TSample, [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TBatch>
    : IEnumerable<TBatch>, IDisposable
{
    private const int DefaultPrefetch = 2;

    private readonly FetcherSource<TBatch> _source;
    private readonly IEnumerable<IReadOnlyList<long>>? _requests;
    private readonly Func<long?> _count;
    private WorkerPool<TBatch>? _workers;

    /// <summary>A loader over samples that are found by index.</summary>
    /// <param name="dataset">The samples.</param>
    /// <param name="batchSize">Samples in a batch; null: samples come one by one and are not collated. Default 1.</param>
    /// <param name="shuffle">Whether each walk has a new random order. Default false.</param>
    /// <param name="sampler">The order of the samples; excludes <paramref name="shuffle"/>.</param>
    /// <param name="batchSampler">
    /// The batches; excludes <paramref name="batchSize"/>, <paramref name="shuffle"/>, <paramref name="sampler"/> and
    /// <paramref name="dropLast"/>.
    /// </param>
    /// <param name="numWorkers">Threads that load ahead; 0, the default: batches are loaded by the loop itself.</param>
    /// <param name="collateFn">
    /// Makes a batch of samples; null: the default collation. With a <paramref name="batchSize"/> of null it gets one sample.
    /// </param>
    /// <param name="pinMemory">Whether tensors are copied to page-locked memory; without an accelerator nothing is done.</param>
    /// <param name="dropLast">Whether a last, smaller batch is left out. Default false.</param>
    /// <param name="timeout">How long to wait for a worker's batch; zero, the default: for ever.</param>
    /// <param name="workerInitFn">Called in each worker with its number before it loads.</param>
    /// <param name="generator">Where the workers' seed and the shuffled order are drawn from; null: the default generator.</param>
    /// <param name="prefetchFactor">Batches that each worker loads ahead; default 2.</param>
    /// <param name="persistentWorkers">Whether the workers wait for the next walk; dispose the loader to end them.</param>
    /// <param name="inOrder">False: batches come as they are ready, which makes runs differ. Default true.</param>
    /// <exception cref="ArgumentException">Two options exclude each other, or one is out of range.</exception>
    public DataLoader(
        Dataset<TSample> dataset,
        int? batchSize = 1,
        bool shuffle = false,
        IEnumerable<long>? sampler = null,
        IEnumerable<IReadOnlyList<long>>? batchSampler = null,
        int numWorkers = 0,
        Func<IReadOnlyList<TSample>, TBatch>? collateFn = null,
        bool pinMemory = false,
        bool dropLast = false,
        TimeSpan timeout = default,
        Action<int>? workerInitFn = null,
        Generator? generator = null,
        int? prefetchFactor = null,
        bool persistentWorkers = false,
        bool inOrder = true)
        : this(numWorkers, timeout, workerInitFn, generator, prefetchFactor, persistentWorkers, inOrder)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        if (sampler is not null && shuffle)
            throw new ArgumentException("The option sampler excludes shuffle.", nameof(sampler));
        if (batchSampler is not null)
        {
            if (batchSize != 1 || shuffle || sampler is not null || dropLast)
                throw new ArgumentException("The option batchSampler excludes batchSize, shuffle, sampler and dropLast.", nameof(batchSampler));
            batchSize = null;
        }
        else if (batchSize is null && dropLast)
        {
            throw new ArgumentException("A batchSize of null switches batching off and excludes dropLast.", nameof(dropLast));
        }
        if (batchSampler is null)
            sampler ??= shuffle ? RandomSampler.Of(dataset, generator: generator) : SequentialSampler.Of(dataset);
        if (batchSize is { } size)
            batchSampler = new BatchSampler(sampler!, size, dropLast);

        BatchSize = batchSize;
        DropLast = dropLast;
        Sampler = sampler;
        BatchSampler = batchSampler;
        PinMemory = pinMemory;
        var batched = batchSampler is not null;
        _source = new MapSource<TSample, TBatch>(dataset, Collate(collateFn, batched), batched && collateFn is null, Pinning.For<TBatch>(pinMemory));
        _requests = batchSampler ?? sampler!.Select(static index => (IReadOnlyList<long>)[index]);
        _count = batched
            ? () => Sampler<IReadOnlyList<long>>.CountOf(batchSampler!) ?? Sampler<long[]>.CountOf(batchSampler!)
            : () => Sampler<long>.CountOf(sampler!);
    }

    /// <summary>A loader over a stream of samples.</summary>
    /// <param name="dataset">The stream. With workers each of them walks over it; see <see cref="IterableDataset{T}"/>.</param>
    /// <param name="batchSize">Samples in a batch; null: samples come one by one and are not collated. Default 1.</param>
    /// <param name="numWorkers">Threads that load ahead; 0, the default: batches are loaded by the loop itself.</param>
    /// <param name="collateFn">
    /// Makes a batch of samples; null: the default collation. With a <paramref name="batchSize"/> of null it gets one sample.
    /// </param>
    /// <param name="pinMemory">Whether tensors are copied to page-locked memory; without an accelerator nothing is done.</param>
    /// <param name="dropLast">Whether a last, smaller batch (of each worker) is left out. Default false.</param>
    /// <param name="timeout">How long to wait for a worker's batch; zero, the default: for ever.</param>
    /// <param name="workerInitFn">Called in each worker with its number before it loads.</param>
    /// <param name="generator">Where the workers' seed is drawn from; null: the default generator.</param>
    /// <param name="prefetchFactor">Batches that each worker loads ahead; default 2.</param>
    /// <param name="persistentWorkers">Whether the workers wait for the next walk; dispose the loader to end them.</param>
    /// <param name="inOrder">False: batches come as they are ready, which makes runs differ. Default true.</param>
    /// <exception cref="ArgumentException">Two options exclude each other, or one is out of range.</exception>
    public DataLoader(
        IterableDataset<TSample> dataset,
        int? batchSize = 1,
        int numWorkers = 0,
        Func<IReadOnlyList<TSample>, TBatch>? collateFn = null,
        bool pinMemory = false,
        bool dropLast = false,
        TimeSpan timeout = default,
        Action<int>? workerInitFn = null,
        Generator? generator = null,
        int? prefetchFactor = null,
        bool persistentWorkers = false,
        bool inOrder = true)
        : this(numWorkers, timeout, workerInitFn, generator, prefetchFactor, persistentWorkers, inOrder)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        if (batchSize is { } size)
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size, nameof(batchSize));
        else if (dropLast)
            throw new ArgumentException("A batchSize of null switches batching off and excludes dropLast.", nameof(dropLast));
        BatchSize = batchSize;
        DropLast = dropLast;
        PinMemory = pinMemory;
        _source = new StreamSource<TSample, TBatch>(dataset, batchSize, dropLast, Collate(collateFn, batchSize is not null), Pinning.For<TBatch>(pinMemory));
        _count = () => dataset.Count is { } count
            ? batchSize is { } each ? Data.BatchSampler.Batches(count, each, dropLast) : count
            : null;
    }

    private DataLoader(
        int numWorkers, TimeSpan timeout, Action<int>? workerInitFn, Generator? generator, int? prefetchFactor, bool persistentWorkers, bool inOrder)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(numWorkers);
        ArgumentOutOfRangeException.ThrowIfLessThan(timeout, TimeSpan.Zero);
        if (numWorkers == 0)
        {
            if (prefetchFactor is not null)
                throw new ArgumentException("prefetchFactor needs workers: numWorkers is 0.", nameof(prefetchFactor));
            if (persistentWorkers)
                throw new ArgumentException("persistentWorkers needs workers: numWorkers is 0.", nameof(persistentWorkers));
            if (timeout != TimeSpan.Zero)
                throw new ArgumentException("A timeout needs workers: numWorkers is 0.", nameof(timeout));
        }
        else
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(prefetchFactor ?? DefaultPrefetch, nameof(prefetchFactor));
        }
        NumWorkers = numWorkers;
        Timeout = timeout;
        WorkerInitFn = workerInitFn;
        Generator = generator;
        PrefetchFactor = numWorkers == 0 ? null : prefetchFactor ?? DefaultPrefetch;
        PersistentWorkers = persistentWorkers;
        InOrder = inOrder;
        _source = null!;
        _count = null!;
    }

    /// <summary>Samples in a batch; null: no batching, or a batch sampler.</summary>
    public int? BatchSize { get; }

    /// <summary>Whether a last, smaller batch is left out.</summary>
    public bool DropLast { get; }

    /// <summary>The order of the samples; null for a stream or with a batch sampler.</summary>
    public IEnumerable<long>? Sampler { get; }

    /// <summary>The batches of indices; null for a stream or without batching.</summary>
    public IEnumerable<IReadOnlyList<long>>? BatchSampler { get; }

    /// <summary>Threads that load ahead.</summary>
    public int NumWorkers { get; }

    /// <summary>Whether tensors are copied to page-locked memory.</summary>
    public bool PinMemory { get; }

    /// <summary>How long to wait for a worker's batch; zero: for ever.</summary>
    public TimeSpan Timeout { get; }

    /// <summary>Called in each worker with its number before it loads.</summary>
    public Action<int>? WorkerInitFn { get; }

    /// <summary>Where the workers' seed and the shuffled order are drawn from; null: the default generator.</summary>
    public Generator? Generator { get; }

    /// <summary>Batches that each worker loads ahead; null without workers.</summary>
    public int? PrefetchFactor { get; }

    /// <summary>Whether the workers wait for the next walk.</summary>
    public bool PersistentWorkers { get; }

    /// <summary>Whether batches come in the sampler's order.</summary>
    public bool InOrder { get; }

    /// <summary>The number of batches of a walk. Mirrors <c>len(loader)</c>.</summary>
    /// <exception cref="NotSupportedException">The sampler or stream does not say how many entries it has.</exception>
    public long Count => _count() ?? throw new NotSupportedException(
        "The number of batches is not known: the sampler or the IterableDataset does not give its count.");

    /// <summary>Begins a walk. The random draws of a walk begin here, not at its first batch.</summary>
    public IEnumerator<TBatch> GetEnumerator() => Iterate();

    IEnumerator IEnumerable.GetEnumerator() => Iterate();

    /// <summary>Begins a walk that waits for workers without holding the thread: <c>await foreach</c>.</summary>
    /// <param name="cancellationToken">Ends the walk while it waits for a batch.</param>
    public IAsyncEnumerator<TBatch> GetAsyncEnumerator(CancellationToken cancellationToken = default) => Iterate(cancellationToken);

    /// <summary>
    /// The batches as an asynchronous sequence. (The loader itself is none, so that LINQ's operators on it mean the synchronous
    /// ones.)
    /// </summary>
    public IAsyncEnumerable<TBatch> AsAsyncEnumerable() => new AsyncView(this);

    /// <summary>Ends persistent workers. Without them there is nothing to dispose.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Ends persistent workers.</summary>
    /// <param name="disposing">False when the finalizer calls.</param>
    protected virtual void Dispose(bool disposing)
    {
        var workers = Interlocked.Exchange(ref _workers, null);
        workers?.Stop();
        if (disposing)
            workers?.Join();
    }

    /// <summary>Ends persistent workers of a loader that nobody disposed.</summary>
    ~DataLoader() => Dispose(disposing: false);

    private LoaderIterator<TBatch> Iterate(CancellationToken cancellationToken = default)
    {
        // Python's order: the sampler's iterator (which draws nothing yet), then the workers' seed.
        var requests = _requests?.GetEnumerator();
        if (NumWorkers == 0)
        {
            RandomOrder.Seed(Generator);
            return new LocalIterator<TBatch>(requests, _source.Create(), cancellationToken);
        }
        var pool = _workers;
        if (pool is null)
        {
            pool = new WorkerPool<TBatch>(_source, NumWorkers, RandomOrder.Seed(Generator), WorkerInitFn);
            if (PersistentWorkers)
                _workers = pool;
        }
        return new PooledIterator<TBatch>(requests, pool, ownsPool: !PersistentWorkers, PrefetchFactor!.Value, Timeout, InOrder, cancellationToken);
    }

    private static Func<IReadOnlyList<TSample>, TBatch> Collate(Func<IReadOnlyList<TSample>, TBatch>? collateFn, bool batched)
    {
        if (collateFn is not null)
            return collateFn;
        if (batched)
            return Collation.For<TSample, TBatch>();
        if (typeof(TBatch).IsAssignableFrom(typeof(TSample)))
            return static samples => (TBatch)(object)samples[0]!;
        throw new ArgumentException(
            $"With a batchSize of null samples come as they are: {typeof(TSample)} is no {typeof(TBatch)}. Give a collateFn.", nameof(collateFn));
    }

    private sealed class AsyncView(DataLoader<TSample, TBatch> loader) : IAsyncEnumerable<TBatch>
    {
        public IAsyncEnumerator<TBatch> GetAsyncEnumerator(CancellationToken cancellationToken = default) => loader.Iterate(cancellationToken);
    }
}

/// <summary>
/// A loader whose batches have the type of its samples: <c>(Tensor, Tensor)</c>, <see cref="TorchBind.Tensor"/>, a dictionary of
/// tensors. Mirrors <c>torch.utils.data.DataLoader</c>.
/// </summary>
/// <typeparam name="T">One sample, and one batch.</typeparam>
public class DataLoader<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] T> : DataLoader<T, T>
{
    /// <inheritdoc cref="DataLoader{TSample, TBatch}(Dataset{TSample}, int?, bool, IEnumerable{long}?, IEnumerable{IReadOnlyList{long}}?, int, Func{IReadOnlyList{TSample}, TBatch}?, bool, bool, TimeSpan, Action{int}?, Generator?, int?, bool, bool)"/>
    public DataLoader(
        Dataset<T> dataset, int? batchSize = 1, bool shuffle = false, IEnumerable<long>? sampler = null,
        IEnumerable<IReadOnlyList<long>>? batchSampler = null, int numWorkers = 0, Func<IReadOnlyList<T>, T>? collateFn = null,
        bool pinMemory = false, bool dropLast = false, TimeSpan timeout = default, Action<int>? workerInitFn = null,
        Generator? generator = null, int? prefetchFactor = null, bool persistentWorkers = false, bool inOrder = true)
        : base(dataset, batchSize, shuffle, sampler, batchSampler, numWorkers, collateFn, pinMemory, dropLast, timeout, workerInitFn,
            generator, prefetchFactor, persistentWorkers, inOrder)
    {
    }

    /// <inheritdoc cref="DataLoader{TSample, TBatch}(IterableDataset{TSample}, int?, int, Func{IReadOnlyList{TSample}, TBatch}?, bool, bool, TimeSpan, Action{int}?, Generator?, int?, bool, bool)"/>
    public DataLoader(
        IterableDataset<T> dataset, int? batchSize = 1, int numWorkers = 0, Func<IReadOnlyList<T>, T>? collateFn = null,
        bool pinMemory = false, bool dropLast = false, TimeSpan timeout = default, Action<int>? workerInitFn = null,
        Generator? generator = null, int? prefetchFactor = null, bool persistentWorkers = false, bool inOrder = true)
        : base(dataset, batchSize, numWorkers, collateFn, pinMemory, dropLast, timeout, workerInitFn, generator, prefetchFactor,
            persistentWorkers, inOrder)
    {
    }
}

/// <summary>
/// A loader over a <see cref="TensorDataset"/> or a part of one; a batch is an array of tensors and comes apart as
/// <c>foreach (var (x, y) in loader)</c>. Mirrors <c>torch.utils.data.DataLoader</c>.
/// </summary>
public sealed class DataLoader : DataLoader<Tensor[]>
{
    /// <inheritdoc cref="DataLoader{TSample, TBatch}(Dataset{TSample}, int?, bool, IEnumerable{long}?, IEnumerable{IReadOnlyList{long}}?, int, Func{IReadOnlyList{TSample}, TBatch}?, bool, bool, TimeSpan, Action{int}?, Generator?, int?, bool, bool)"/>
    public DataLoader(
        Dataset<Tensor[]> dataset, int? batchSize = 1, bool shuffle = false, IEnumerable<long>? sampler = null,
        IEnumerable<IReadOnlyList<long>>? batchSampler = null, int numWorkers = 0, Func<IReadOnlyList<Tensor[]>, Tensor[]>? collateFn = null,
        bool pinMemory = false, bool dropLast = false, TimeSpan timeout = default, Action<int>? workerInitFn = null,
        Generator? generator = null, int? prefetchFactor = null, bool persistentWorkers = false, bool inOrder = true)
        : base(dataset, batchSize, shuffle, sampler, batchSampler, numWorkers, collateFn, pinMemory, dropLast, timeout, workerInitFn,
            generator, prefetchFactor, persistentWorkers, inOrder)
    {
    }

    /// <summary>The batch that the default collation makes of samples. Mirrors <c>torch.utils.data.default_collate</c>.</summary>
    /// <typeparam name="TSample">One sample.</typeparam>
    /// <typeparam name="TBatch">The batch.</typeparam>
    /// <param name="samples">The samples; at least one.</param>
    /// <exception cref="ArgumentException">The samples hold something else than tensors, numbers and containers of them.</exception>
    public static TBatch DefaultCollate<TSample, [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TBatch>(
        IReadOnlyList<TSample> samples)
    {
        ArgumentNullException.ThrowIfNull(samples);
        if (samples.Count == 0)
            throw new ArgumentException("There is no sample to collate.", nameof(samples));
        return Collation.For<TSample, TBatch>()(samples);
    }
}
