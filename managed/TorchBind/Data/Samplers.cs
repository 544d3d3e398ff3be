using System.Collections;

namespace TorchBind.Data;

/// <summary>
/// The order in which a loader asks for samples: indices, or batches of indices. Mirrors <c>torch.utils.data.Sampler</c>.
/// </summary>
/// <typeparam name="T"><see cref="long"/> for single indices, <c>long[]</c> for batches.</typeparam>
public abstract class Sampler<T> : IEnumerable<T>
{
    /// <summary>How many entries one walk gives; null where that is unknown. Mirrors <c>len(sampler)</c>.</summary>
    public virtual long? Count => null;

    /// <summary>Begins a walk. Mirrors <c>iter(sampler)</c>.</summary>
    public abstract IEnumerator<T> GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The count of any source of entries, where it has one.</summary>
    internal static long? CountOf(object source) => source switch
    {
        Sampler<T> sampler => sampler.Count,
        IReadOnlyCollection<T> collection => collection.Count,
        ICollection<T> collection => collection.Count,
        _ => null,
    };
}

/// <summary>All samples in their own order. Mirrors <c>torch.utils.data.SequentialSampler</c>.</summary>
public sealed class SequentialSampler : Sampler<long>
{
    private readonly Func<long> _count;

    /// <summary>The order 0, 1, ... of so many samples.</summary>
    /// <param name="count">Number of samples.</param>
    public SequentialSampler(long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        _count = () => count;
    }

    internal SequentialSampler(Func<long> count) => _count = count;

    /// <summary>The sampler of a dataset.</summary>
    public static SequentialSampler Of<T>(Dataset<T> dataset)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        return new(() => dataset.Count);
    }

    /// <inheritdoc/>
    public override long? Count => _count();

    /// <inheritdoc/>
    public override IEnumerator<long> GetEnumerator()
    {
        for (long i = 0, count = _count(); i < count; i++)
            yield return i;
    }
}

/// <summary>
/// All samples in random order, or samples drawn with replacement. The order is Python's for the same seed. Mirrors
/// <c>torch.utils.data.RandomSampler</c>.
/// </summary>
/// <remarks>
/// Without a generator each walk draws one seed from the default generator and shuffles with a generator of its own, so a walk
/// moves the default generator by exactly one draw.
/// </remarks>
public sealed class RandomSampler : Sampler<long>
{
    private const int Chunk = 32; // Python draws replacements in portions of this size

    private readonly Func<long> _count;
    private readonly long? _samples;

    /// <summary>The random order of so many samples.</summary>
    /// <param name="count">Number of samples to choose from.</param>
    /// <param name="replacement">Whether a sample may come again before all others came.</param>
    /// <param name="numSamples">How many entries a walk gives; default: <paramref name="count"/>.</param>
    /// <param name="generator">Where the order is drawn from; null: see the remarks.</param>
    /// <exception cref="ArgumentOutOfRangeException">A walk would give no entry.</exception>
    public RandomSampler(long count, bool replacement = false, long? numSamples = null, Generator? generator = null)
        : this(() => count, replacement, numSamples, generator)
    {
    }

    internal RandomSampler(Func<long> count, bool replacement, long? numSamples, Generator? generator)
    {
        _count = count;
        _samples = numSamples;
        Replacement = replacement;
        Generator = generator;
        if (NumSamples <= 0)
        {
            throw new ArgumentOutOfRangeException(nameof(numSamples), NumSamples,
                numSamples is null ? "There are no samples to shuffle: the dataset is empty." : "The number of samples to draw must be positive.");
        }
    }

    /// <summary>The sampler of a dataset.</summary>
    /// <param name="dataset">What is sampled from; its length is asked for at each walk.</param>
    /// <param name="replacement">Whether a sample may come again before all others came.</param>
    /// <param name="numSamples">How many entries a walk gives; default: the length of the dataset.</param>
    /// <param name="generator">Where the order is drawn from.</param>
    public static RandomSampler Of<T>(Dataset<T> dataset, bool replacement = false, long? numSamples = null, Generator? generator = null)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        return new(() => dataset.Count, replacement, numSamples, generator);
    }

    /// <summary>Whether a sample may come again before all others came.</summary>
    public bool Replacement { get; }

    /// <summary>Where the order is drawn from; null: a generator of its own for each walk.</summary>
    public Generator? Generator { get; }

    /// <summary>How many entries a walk gives.</summary>
    public long NumSamples => _samples ?? _count();

    /// <inheritdoc/>
    public override long? Count => NumSamples;

    /// <inheritdoc/>
    public override IEnumerator<long> GetEnumerator()
    {
        var count = _count();
        var generator = Generator;
        var own = generator is null;
        generator ??= new Generator().ManualSeed(RandomOrder.Seed(null));
        try
        {
            var left = NumSamples;
            if (count <= 0 && left > 0)
                throw new InvalidOperationException($"{left} samples are to be drawn, and the dataset has none any more.");
            if (left == 0)
                yield break;
            if (Replacement)
            {
                for (; left >= Chunk; left -= Chunk)
                {
                    foreach (var index in RandomOrder.Integers(count, Chunk, generator))
                        yield return index;
                }
                foreach (var index in RandomOrder.Integers(count, left, generator))
                    yield return index;
                yield break;
            }
            for (; left >= count; left -= count)
            {
                foreach (var index in RandomOrder.Permutation(count, generator))
                    yield return index;
            }
            // Python draws a last permutation even when nothing of it is used: the generator moves on.
            var last = RandomOrder.Permutation(count, generator);
            for (long i = 0; i < left; i++)
                yield return last[i];
        }
        finally
        {
            if (own)
                generator.Dispose();
        }
    }
}

/// <summary>Given indices in random order. Mirrors <c>torch.utils.data.SubsetRandomSampler</c>.</summary>
/// <param name="indices">The indices.</param>
/// <param name="generator">Where the order is drawn from; null: the default generator.</param>
public sealed class SubsetRandomSampler(IReadOnlyList<long> indices, Generator? generator = null) : Sampler<long>
{
    /// <summary>The indices.</summary>
    public IReadOnlyList<long> Indices { get; } = indices ?? throw new ArgumentNullException(nameof(indices));

    /// <inheritdoc/>
    public override long? Count => Indices.Count;

    /// <inheritdoc/>
    public override IEnumerator<long> GetEnumerator()
    {
        foreach (var index in RandomOrder.Permutation(Indices.Count, generator))
            yield return Indices[(int)index];
    }
}

/// <summary>
/// Indices drawn with given weights, which need not add up to one. Mirrors <c>torch.utils.data.WeightedRandomSampler</c>.
/// </summary>
public sealed class WeightedRandomSampler : Sampler<long>
{
    private readonly double[] _weights;

    /// <summary>Draws indices by weight.</summary>
    /// <param name="weights">The weight of each index.</param>
    /// <param name="numSamples">How many indices a walk gives.</param>
    /// <param name="replacement">Whether an index may come again; default true.</param>
    /// <param name="generator">Where the indices are drawn from; null: the default generator.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="numSamples"/> is not positive.</exception>
    public WeightedRandomSampler(IEnumerable<double> weights, long numSamples, bool replacement = true, Generator? generator = null)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(numSamples);
        _weights = [.. weights];
        NumSamples = numSamples;
        Replacement = replacement;
        Generator = generator;
    }

    /// <summary>The weight of each index.</summary>
    public IReadOnlyList<double> Weights => _weights;

    /// <summary>How many indices a walk gives.</summary>
    public long NumSamples { get; }

    /// <summary>Whether an index may come again.</summary>
    public bool Replacement { get; }

    /// <summary>Where the indices are drawn from; null: the default generator.</summary>
    public Generator? Generator { get; }

    /// <inheritdoc/>
    public override long? Count => NumSamples;

    /// <inheritdoc/>
    public override IEnumerator<long> GetEnumerator()
    {
        foreach (var index in Draw())
            yield return index;
    }

    private long[] Draw()
    {
        using var weights = Torch.Tensor(_weights);
        using var drawn = Torch.Multinomial(weights, NumSamples, Replacement, Generator);
        return drawn.ToArray<long>();
    }
}

/// <summary>Batches of another sampler's indices. Mirrors <c>torch.utils.data.BatchSampler</c>.</summary>
public sealed class BatchSampler : Sampler<long[]>
{
    /// <summary>Gathers indices to batches.</summary>
    /// <param name="sampler">Any source of indices.</param>
    /// <param name="batchSize">Indices in a batch.</param>
    /// <param name="dropLast">Whether a last, smaller batch is left out.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="batchSize"/> is not positive.</exception>
    public BatchSampler(IEnumerable<long> sampler, int batchSize, bool dropLast)
    {
        ArgumentNullException.ThrowIfNull(sampler);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        Sampler = sampler;
        BatchSize = batchSize;
        DropLast = dropLast;
    }

    /// <summary>Where the indices come from.</summary>
    public IEnumerable<long> Sampler { get; }

    /// <summary>Indices in a batch.</summary>
    public int BatchSize { get; }

    /// <summary>Whether a last, smaller batch is left out.</summary>
    public bool DropLast { get; }

    /// <inheritdoc/>
    public override long? Count => CountOf(Sampler) is { } count ? Batches(count, BatchSize, DropLast) : null;

    internal static long Batches(long samples, int batchSize, bool dropLast) =>
        dropLast ? samples / batchSize : (samples + batchSize - 1) / batchSize;

    private static long? CountOf(IEnumerable<long> sampler) => Sampler<long>.CountOf(sampler);

    /// <inheritdoc/>
    public override IEnumerator<long[]> GetEnumerator()
    {
        var batch = new long[BatchSize];
        var filled = 0;
        foreach (var index in Sampler)
        {
            batch[filled++] = index;
            if (filled < batch.Length)
                continue;
            yield return batch;
            batch = new long[BatchSize];
            filled = 0;
        }
        if (filled > 0 && !DropLast)
            yield return batch[..filled];
    }
}

/// <summary>
/// The share of a dataset that one of several processes trains on. Mirrors <c>torch.utils.data.distributed.DistributedSampler</c>.
/// </summary>
public sealed class DistributedSampler : Sampler<long>
{
    private readonly long _count;

    /// <summary>Every <paramref name="numReplicas"/>-th index, beginning with <paramref name="rank"/>.</summary>
    /// <param name="count">Number of samples of the dataset.</param>
    /// <param name="numReplicas">Number of processes.</param>
    /// <param name="rank">Which of them this is, from 0.</param>
    /// <param name="shuffle">Whether the order is random, the same in all processes; default true.</param>
    /// <param name="seed">The seed of that order; the same in all processes.</param>
    /// <param name="dropLast">
    /// Whether samples are left out, rather than repeated, where the number is not divisible; default false.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such rank.</exception>
    public DistributedSampler(long count, int numReplicas, int rank, bool shuffle = true, long seed = 0, bool dropLast = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(numReplicas);
        if (rank < 0 || rank >= numReplicas)
            throw new ArgumentOutOfRangeException(nameof(rank), rank, $"There are {numReplicas} replicas, so their ranks are 0 to {numReplicas - 1}; got {rank}.");
        _count = count;
        NumReplicas = numReplicas;
        Rank = rank;
        Shuffle = shuffle;
        Seed = seed;
        DropLast = dropLast;
        NumSamples = dropLast ? count / numReplicas : (count + numReplicas - 1) / numReplicas;
    }

    /// <summary>Number of processes.</summary>
    public int NumReplicas { get; }

    /// <summary>Which of them this is.</summary>
    public int Rank { get; }

    /// <summary>Whether the order is random.</summary>
    public bool Shuffle { get; }

    /// <summary>The seed of the order.</summary>
    public long Seed { get; }

    /// <summary>Whether samples are left out rather than repeated.</summary>
    public bool DropLast { get; }

    /// <summary>How many indices each process gets.</summary>
    public long NumSamples { get; }

    /// <summary>The epoch that <see cref="SetEpoch"/> set.</summary>
    public long Epoch { get; private set; }

    /// <inheritdoc/>
    public override long? Count => NumSamples;

    /// <summary>Sets the epoch, for another order in each. Call it before each walk. Mirrors <c>set_epoch</c>.</summary>
    public void SetEpoch(long epoch) => Epoch = epoch;

    /// <inheritdoc/>
    public override IEnumerator<long> GetEnumerator()
    {
        long[]? order = null;
        if (Shuffle)
        {
            using var generator = new Generator().ManualSeed(Seed + Epoch);
            order = RandomOrder.Permutation(_count, generator);
        }
        if (_count == 0)
            yield break;
        for (var i = 0L; i < NumSamples; i++)
        {
            // Beyond the end the indices begin again.
            var at = (i * NumReplicas + Rank) % _count;
            yield return order is null ? at : order[at];
        }
    }
}
