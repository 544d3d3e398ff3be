namespace TorchBind.Data;

/// <summary>
/// Tensors side by side: sample i is row i of each. Mirrors <c>torch.utils.data.TensorDataset</c>.
/// </summary>
/// <example><code>
/// var loader = new DataLoader(new TensorDataset(images, labels), batchSize: 64, shuffle: true);
/// foreach (var (x, y) in loader) { ... }
/// </code></example>
public sealed class TensorDataset : Dataset<Tensor[]>
{
    private readonly Tensor[] _tensors;
    private readonly bool _whole;

    /// <summary>Puts tensors side by side.</summary>
    /// <param name="tensors">One or more, all with the same size in dimension 0.</param>
    /// <exception cref="ArgumentException">There is none, one has no dimension, or the sizes differ.</exception>
    public TensorDataset(params ReadOnlySpan<Tensor> tensors)
    {
        if (tensors.IsEmpty)
            throw new ArgumentException("A TensorDataset needs at least one tensor.", nameof(tensors));
        _whole = true;
        for (var i = 0; i < tensors.Length; i++)
        {
            ArgumentNullException.ThrowIfNull(tensors[i], $"{nameof(tensors)}[{i}]");
            if (tensors[i].NDim == 0)
                throw new ArgumentException($"Tensor {i} has no dimensions, so it has no rows.", nameof(tensors));
            if (tensors[i].Size(0) != tensors[0].Size(0))
            {
                throw new ArgumentException(
                    $"Each sample takes a row of every tensor: tensor {i} has {tensors[i].Size(0)} rows, tensor 0 has {tensors[0].Size(0)}.",
                    nameof(tensors));
            }
            // Rows of other layouts stack to other strides than index_select gives.
            _whole &= tensors[i].Layout == Layout.Strided && tensors[i].IsContiguous();
        }
        _tensors = tensors.ToArray();
    }

    /// <summary>The tensors.</summary>
    public IReadOnlyList<Tensor> Tensors => _tensors;

    /// <inheritdoc/>
    public override long Count => _tensors[0].Size(0);

    /// <summary>Row <paramref name="index"/> of each tensor, as views.</summary>
    /// <param name="index">Which row; negative numbers count from the end.</param>
    public override Tensor[] this[long index]
    {
        get
        {
            var sample = new Tensor[_tensors.Length];
            for (var i = 0; i < sample.Length; i++)
                sample[i] = _tensors[i].Select(0, index);
            return sample;
        }
    }

    // The rows of a batch in one call per tensor: the same values as stacking the rows.
    internal override bool TryGetBatch(IReadOnlyList<long> indices, out Tensor[] batch)
    {
        batch = [];
        if (!_whole)
            return false;
        var count = Count;
        var rows = new long[indices.Count];
        for (var i = 0; i < rows.Length; i++)
        {
            var index = indices[i];
            if (index < -count || index >= count)
                return false; // row by row: the error then names the sample
            rows[i] = index < 0 ? index + count : index;
        }
        using var which = Torch.Tensor(rows);
        batch = new Tensor[_tensors.Length];
        for (var i = 0; i < batch.Length; i++)
            batch[i] = _tensors[i].IndexSelect(0, which);
        return true;
    }
}

/// <summary>Takes batches of tensors apart: <c>var (x, y) = batch</c>.</summary>
public static class TensorBatch
{
    /// <summary>The two tensors of the batch.</summary>
    /// <exception cref="ArgumentException">There are not two.</exception>
    public static void Deconstruct(this Tensor[] batch, out Tensor first, out Tensor second)
    {
        Expect(batch, 2);
        (first, second) = (batch[0], batch[1]);
    }

    /// <summary>The three tensors of the batch.</summary>
    /// <exception cref="ArgumentException">There are not three.</exception>
    public static void Deconstruct(this Tensor[] batch, out Tensor first, out Tensor second, out Tensor third)
    {
        Expect(batch, 3);
        (first, second, third) = (batch[0], batch[1], batch[2]);
    }

    /// <summary>The four tensors of the batch.</summary>
    /// <exception cref="ArgumentException">There are not four.</exception>
    public static void Deconstruct(this Tensor[] batch, out Tensor first, out Tensor second, out Tensor third, out Tensor fourth)
    {
        Expect(batch, 4);
        (first, second, third, fourth) = (batch[0], batch[1], batch[2], batch[3]);
    }

    private static void Expect(Tensor[] batch, int count)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (batch.Length != count)
            throw new ArgumentException($"The batch holds {batch.Length} tensors and is taken apart into {count}.", nameof(batch));
    }
}
