namespace TorchBind.Data;

/// <summary>The samples of several datasets, one dataset after the other. Mirrors <c>torch.utils.data.ConcatDataset</c>.</summary>
/// <typeparam name="T">One sample.</typeparam>
public sealed class ConcatDataset<T> : Dataset<T>
{
    private readonly Dataset<T>[] _datasets;
    private readonly long[] _ends;

    /// <summary>Joins datasets.</summary>
    /// <param name="datasets">One or more, in order. Their lengths are taken now.</param>
    /// <exception cref="ArgumentException">There is none.</exception>
    public ConcatDataset(IEnumerable<Dataset<T>> datasets)
    {
        ArgumentNullException.ThrowIfNull(datasets);
        _datasets = [.. datasets];
        if (_datasets.Length == 0)
            throw new ArgumentException("There is no dataset to join.", nameof(datasets));
        _ends = new long[_datasets.Length];
        long end = 0;
        for (var i = 0; i < _ends.Length; i++)
            _ends[i] = end += (_datasets[i] ?? throw new ArgumentException($"Dataset {i} is null.", nameof(datasets))).Count;
    }

    /// <summary>The datasets, in order.</summary>
    public IReadOnlyList<Dataset<T>> Datasets => _datasets;

    /// <summary>For each dataset, the number of samples up to its end. Mirrors <c>ConcatDataset.cumulative_sizes</c>.</summary>
    public IReadOnlyList<long> CumulativeSizes => _ends;

    /// <inheritdoc/>
    public override long Count => _ends[^1];

    /// <summary>The sample at <paramref name="index"/>; negative numbers count from the end.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such sample.</exception>
    public override T this[long index]
    {
        get
        {
            var at = index < 0 ? index + Count : index;
            if (at < 0 || at >= Count)
                throw new ArgumentOutOfRangeException(nameof(index), index, $"The joined dataset has {Count} samples.");
            // The first dataset that ends beyond the sample; empty ones end where the one before them does.
            int low = 0, high = _ends.Length - 1;
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (_ends[middle] > at)
                    high = middle;
                else
                    low = middle + 1;
            }
            return _datasets[low][low == 0 ? at : at - _ends[low - 1]];
        }
    }
}
