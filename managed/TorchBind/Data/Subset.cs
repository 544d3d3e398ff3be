namespace TorchBind.Data;

/// <summary>Some samples of a dataset, in a given order. Mirrors <c>torch.utils.data.Subset</c>.</summary>
/// <typeparam name="T">One sample.</typeparam>
/// <param name="dataset">The whole.</param>
/// <param name="indices">Which of its samples, in which order.</param>
public sealed class Subset<T>(Dataset<T> dataset, IReadOnlyList<long> indices) : Dataset<T>
{
    /// <summary>The whole.</summary>
    public Dataset<T> Dataset { get; } = dataset ?? throw new ArgumentNullException(nameof(dataset));

    /// <summary>Which of its samples, in which order.</summary>
    public IReadOnlyList<long> Indices { get; } = indices ?? throw new ArgumentNullException(nameof(indices));

    /// <inheritdoc/>
    public override long Count => Indices.Count;

    /// <inheritdoc/>
    public override T this[long index] => Dataset[Indices[checked((int)index)]];

    /// <inheritdoc/>
    public override IReadOnlyList<T> GetItems(IReadOnlyList<long> indices) => Dataset.GetItems(Map(indices));

    internal override bool TryGetBatch(IReadOnlyList<long> indices, out T batch) => Dataset.TryGetBatch(Map(indices), out batch);

    private long[] Map(IReadOnlyList<long> indices)
    {
        ArgumentNullException.ThrowIfNull(indices);
        var mapped = new long[indices.Count];
        for (var i = 0; i < mapped.Length; i++)
            mapped[i] = Indices[checked((int)indices[i])];
        return mapped;
    }
}
