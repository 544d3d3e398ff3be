namespace TorchBind.Data;

/// <summary>
/// Datasets side by side: sample i is the pair of their samples i. Mirrors <c>torch.utils.data.StackDataset</c> of two
/// datasets.
/// </summary>
/// <typeparam name="T1">A sample of the first.</typeparam>
/// <typeparam name="T2">A sample of the second.</typeparam>
public sealed class StackDataset<T1, T2> : Dataset<(T1, T2)>
{
    private readonly Dataset<T1> _first;
    private readonly Dataset<T2> _second;

    /// <summary>Puts two datasets side by side.</summary>
    /// <exception cref="ArgumentException">Their lengths differ.</exception>
    public StackDataset(Dataset<T1> first, Dataset<T2> second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (first.Count != second.Count)
            throw new ArgumentException($"Stacked datasets must be equally long; they have {first.Count} and {second.Count} samples.", nameof(second));
        (_first, _second) = (first, second);
    }

    /// <inheritdoc/>
    public override long Count => _first.Count;

    /// <inheritdoc/>
    public override (T1, T2) this[long index] => (_first[index], _second[index]);

    /// <inheritdoc/>
    public override IReadOnlyList<(T1, T2)> GetItems(IReadOnlyList<long> indices)
    {
        var first = StackedItems.Of(_first, indices);
        var second = StackedItems.Of(_second, indices);
        var samples = new (T1, T2)[indices.Count];
        for (var i = 0; i < samples.Length; i++)
            samples[i] = (first[i], second[i]);
        return samples;
    }
}

/// <summary>
/// Datasets side by side under names: sample i is a dictionary of their samples i. Mirrors <c>torch.utils.data.StackDataset</c>
/// with keyword arguments.
/// </summary>
/// <typeparam name="T">A sample of each.</typeparam>
public sealed class StackDataset<T> : Dataset<Dictionary<string, T>>
{
    private readonly KeyValuePair<string, Dataset<T>>[] _datasets;

    /// <summary>Puts named datasets side by side.</summary>
    /// <param name="datasets">The name and the dataset of each, in order.</param>
    /// <exception cref="ArgumentException">There is none, or their lengths differ.</exception>
    public StackDataset(IEnumerable<KeyValuePair<string, Dataset<T>>> datasets)
    {
        ArgumentNullException.ThrowIfNull(datasets);
        _datasets = [.. datasets];
        if (_datasets.Length == 0)
            throw new ArgumentException("There is no dataset to stack: the list is empty.", nameof(datasets));
        foreach (var (name, dataset) in _datasets)
        {
            if (dataset.Count != _datasets[0].Value.Count)
            {
                throw new ArgumentException(
                    $"Stacked datasets must be equally long: '{name}' has {dataset.Count} samples, '{_datasets[0].Key}' has {_datasets[0].Value.Count}.",
                    nameof(datasets));
            }
        }
    }

    /// <inheritdoc/>
    public override long Count => _datasets[0].Value.Count;

    /// <inheritdoc/>
    public override Dictionary<string, T> this[long index]
    {
        get
        {
            var sample = new Dictionary<string, T>(_datasets.Length);
            foreach (var (name, dataset) in _datasets)
                sample.Add(name, dataset[index]);
            return sample;
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Dictionary<string, T>> GetItems(IReadOnlyList<long> indices)
    {
        ArgumentNullException.ThrowIfNull(indices);
        var samples = new Dictionary<string, T>[indices.Count];
        for (var i = 0; i < samples.Length; i++)
            samples[i] = new Dictionary<string, T>(_datasets.Length);
        foreach (var (name, dataset) in _datasets)
        {
            var items = StackedItems.Of(dataset, indices);
            for (var i = 0; i < samples.Length; i++)
                samples[i].Add(name, items[i]);
        }
        return samples;
    }
}

internal static class StackedItems
{
    internal static IReadOnlyList<T> Of<T>(Dataset<T> dataset, IReadOnlyList<long> indices)
    {
        ArgumentNullException.ThrowIfNull(indices);
        var items = dataset.GetItems(indices);
        return items.Count == indices.Count
            ? items
            : throw new InvalidOperationException($"A stacked dataset gave {items.Count} samples for {indices.Count} indices.");
    }
}

/// <summary>A dataset over samples that are in memory already. Python takes a list itself for a dataset.</summary>
/// <typeparam name="T">One sample.</typeparam>
/// <param name="items">The samples.</param>
public sealed class ListDataset<T>(IReadOnlyList<T> items) : Dataset<T>
{
    private readonly IReadOnlyList<T> _items = items ?? throw new ArgumentNullException(nameof(items));

    /// <inheritdoc/>
    public override long Count => _items.Count;

    /// <inheritdoc/>
    public override T this[long index] => _items[checked((int)index)];
}
