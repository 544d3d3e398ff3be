using System.Collections;

namespace TorchBind.Data;

/// <summary>
/// Samples that come one after the other: a stream, a file read from its beginning, a generator. Mirrors
/// <c>torch.utils.data.IterableDataset</c>.
/// </summary>
/// <typeparam name="T">One sample.</typeparam>
/// <remarks>
/// In a <see cref="DataLoader{TSample, TBatch}"/> with workers every worker enumerates this same object on its own thread, so each
/// sample comes once per worker unless <see cref="GetEnumerator"/> looks at <see cref="WorkerInfo.Current"/> and yields its
/// worker's share.
/// </remarks>
public abstract class IterableDataset<T> : IEnumerable<T>
{
    /// <summary>The number of samples where it is known; null otherwise. Mirrors <c>len(dataset)</c>.</summary>
    public virtual long? Count => null;

    /// <summary>Begins a walk over the samples. Mirrors <c>iter(dataset)</c>.</summary>
    public abstract IEnumerator<T> GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>One stream after another. Mirrors <c>first + second</c>.</summary>
    /// <param name="first">Its samples come first.</param>
    /// <param name="second">Its samples follow.</param>
    public static ChainDataset<T> operator +(IterableDataset<T> first, IterableDataset<T> second) => new([first, second]);
}

/// <summary>Streams one after another. Mirrors <c>torch.utils.data.ChainDataset</c>.</summary>
/// <typeparam name="T">One sample.</typeparam>
/// <param name="datasets">The streams, in order.</param>
public sealed class ChainDataset<T>(IEnumerable<IterableDataset<T>> datasets) : IterableDataset<T>
{
    /// <summary>The streams, in order.</summary>
    public IEnumerable<IterableDataset<T>> Datasets { get; } = datasets ?? throw new ArgumentNullException(nameof(datasets));

    /// <summary>The sum of the streams' numbers of samples; null where one of them is unknown.</summary>
    public override long? Count
    {
        get
        {
            long total = 0;
            foreach (var dataset in Datasets)
            {
                if (dataset.Count is not { } count)
                    return null;
                total += count;
            }
            return total;
        }
    }

    /// <inheritdoc/>
    public override IEnumerator<T> GetEnumerator()
    {
        foreach (var dataset in Datasets)
        {
            foreach (var sample in dataset)
                yield return sample;
        }
    }
}
