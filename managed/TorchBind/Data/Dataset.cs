namespace TorchBind.Data;

/// <summary>
/// Samples that are found by their index. A subclass gives their number and each sample; whatever reads the samples (a
/// <see cref="DataLoader{TSample, TBatch}"/>, a <see cref="Subset{T}"/>) takes it from there. Mirrors
/// <c>torch.utils.data.Dataset</c>.
/// </summary>
/// <typeparam name="T">One sample, for example <c>(Tensor Image, long Label)</c>.</typeparam>
/// <remarks>
/// A <see cref="DataLoader{TSample, TBatch}"/> with workers reads from several threads at once: what the indexer does must allow
/// that.
/// </remarks>
public abstract class Dataset<T>
{
    /// <summary>The number of samples. Mirrors <c>len(dataset)</c>.</summary>
    public abstract long Count { get; }

    /// <summary>The sample at <paramref name="index"/>, 0 to <see cref="Count"/> - 1. Mirrors <c>dataset[index]</c>.</summary>
    /// <param name="index">Which sample.</param>
    public abstract T this[long index] { get; }

    /// <summary>
    /// Several samples at once; override it where that is cheaper than one by one. Mirrors <c>Dataset.__getitems__</c>.
    /// </summary>
    /// <param name="indices">Which samples.</param>
    /// <returns>As many samples as indices, in their order.</returns>
    public virtual IReadOnlyList<T> GetItems(IReadOnlyList<long> indices)
    {
        ArgumentNullException.ThrowIfNull(indices);
        var samples = new T[indices.Count];
        for (var i = 0; i < samples.Length; i++)
        {
            try
            {
                samples[i] = this[indices[i]];
            }
            catch (Exception exception)
            {
                SampleError.Remember(exception, indices[i]);
                throw;
            }
        }
        return samples;
    }

    /// <summary>The samples of one dataset after those of another. Mirrors <c>first + second</c>.</summary>
    /// <param name="first">Its samples come first.</param>
    /// <param name="second">Its samples follow.</param>
    public static ConcatDataset<T> operator +(Dataset<T> first, Dataset<T> second) => new([first, second]);

    /// <summary>
    /// The batch that the default collation would make of these samples, where the dataset can make it faster as a whole.
    /// </summary>
    internal virtual bool TryGetBatch(IReadOnlyList<long> indices, out T batch)
    {
        batch = default!;
        return false;
    }
}

/// <summary>Functions on datasets. Mirrors the functions of <c>torch.utils.data</c>.</summary>
public static class Dataset
{
    /// <summary>
    /// Splits a dataset at random into parts that do not overlap. The permutation is Python's for the same seed. Mirrors
    /// <c>torch.utils.data.random_split</c>.
    /// </summary>
    /// <param name="dataset">What is split.</param>
    /// <param name="lengths">The length of each part; together the length of the dataset.</param>
    /// <param name="generator">Where the permutation is drawn from; null: the default generator.</param>
    /// <exception cref="ArgumentException">The lengths do not add up to the length of the dataset.</exception>
    public static Subset<T>[] RandomSplit<T>(Dataset<T> dataset, ReadOnlySpan<long> lengths, Generator? generator = null)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        long total = 0;
        foreach (var length in lengths)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(length, nameof(lengths));
            total += length;
        }
        if (total != dataset.Count)
            throw new ArgumentException($"The lengths add up to {total}, the dataset has {dataset.Count} samples.", nameof(lengths));
        var order = RandomOrder.Permutation(total, generator);
        var parts = new Subset<T>[lengths.Length];
        long start = 0;
        for (var i = 0; i < parts.Length; i++)
        {
            parts[i] = new Subset<T>(dataset, order[(int)start..(int)(start + lengths[i])]);
            start += lengths[i];
        }
        return parts;
    }

    /// <summary>
    /// Splits a dataset at random by fractions: each part gets the whole number below its fraction of the samples, and what is
    /// left over goes one by one to the parts, beginning with the first. Mirrors <c>torch.utils.data.random_split</c>.
    /// </summary>
    /// <param name="dataset">What is split.</param>
    /// <param name="fractions">The share of each part, 0 to 1; together 1.</param>
    /// <param name="generator">Where the permutation is drawn from; null: the default generator.</param>
    /// <exception cref="ArgumentException">A fraction is not between 0 and 1, or they do not add up to 1.</exception>
    public static Subset<T>[] RandomSplit<T>(Dataset<T> dataset, ReadOnlySpan<double> fractions, Generator? generator = null)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        double sum = 0;
        foreach (var fraction in fractions)
            sum += fraction;
        if (sum > 1 || 1 - sum > 1e-9)
            throw new ArgumentException($"The fractions add up to {sum}, not to 1.", nameof(fractions));
        var lengths = new long[fractions.Length];
        var rest = dataset.Count;
        for (var i = 0; i < lengths.Length; i++)
        {
            if (fractions[i] is not (>= 0 and <= 1))
                throw new ArgumentException($"The fraction at index {i}, {fractions[i]}, is not between 0 and 1.", nameof(fractions));
            lengths[i] = (long)Math.Floor(dataset.Count * fractions[i]);
            rest -= lengths[i];
        }
        for (long i = 0; i < rest; i++)
            lengths[i % lengths.Length]++;
        return RandomSplit(dataset, lengths, generator);
    }
}

/// <summary>Remembers, with an exception from the user's dataset, which sample it was about.</summary>
internal static class SampleError
{
    private const string Key = "TorchBind.SampleIndex";

    internal static void Remember(Exception exception, long index)
    {
        if (!exception.Data.Contains(Key))
            exception.Data[Key] = index;
    }

    internal static long? Index(Exception exception) => exception.Data[Key] as long?;
}
