using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using TorchBind.Interop;

namespace TorchBind.Data;

/// <summary>Loads batches; one per walk, or per worker and walk.</summary>
internal abstract class Fetcher<TBatch> : IDisposable
{
    /// <summary>Loads the batch of these indices (null for a stream). False: the stream has ended.</summary>
    internal abstract bool TryFetch(IReadOnlyList<long>? indices, out TBatch batch);

    public virtual void Dispose()
    {
    }
}

/// <summary>What workers share with a loader: not the loader itself, so that an abandoned one can be collected.</summary>
internal abstract class FetcherSource<TBatch>
{
    internal abstract object Dataset { get; }

    internal abstract Fetcher<TBatch> Create();
}

internal sealed class MapSource<TSample, TBatch>(
    Dataset<TSample> dataset, Func<IReadOnlyList<TSample>, TBatch> collate, bool wholeBatches, Func<TBatch, TBatch>? pin)
    : FetcherSource<TBatch>
{
    private readonly Dataset<TBatch>? _whole = wholeBatches ? dataset as Dataset<TBatch> : null;

    internal override object Dataset => dataset;

    internal override Fetcher<TBatch> Create() => new MapFetcher(this);

    private TBatch Load(IReadOnlyList<long> indices)
    {
        if (_whole is null || !_whole.TryGetBatch(indices, out var batch))
            batch = collate(dataset.GetItems(indices));
        return pin is null ? batch : pin(batch);
    }

    private sealed class MapFetcher(MapSource<TSample, TBatch> source) : Fetcher<TBatch>
    {
        internal override bool TryFetch(IReadOnlyList<long>? indices, out TBatch batch)
        {
            batch = source.Load(indices!);
            return true;
        }
    }
}

internal sealed class StreamSource<TSample, TBatch>(
    IterableDataset<TSample> dataset, int? batchSize, bool dropLast, Func<IReadOnlyList<TSample>, TBatch> collate, Func<TBatch, TBatch>? pin)
    : FetcherSource<TBatch>
{
    internal override object Dataset => dataset;

    internal override Fetcher<TBatch> Create() => new StreamFetcher(this);

    private sealed class StreamFetcher(StreamSource<TSample, TBatch> source) : Fetcher<TBatch>
    {
        private readonly IEnumerator<TSample> _samples = source.Walk();
        private bool _ended;

        internal override bool TryFetch(IReadOnlyList<long>? indices, out TBatch batch)
        {
            batch = default!;
            if (_ended)
                return false;
            var wanted = source.BatchSize ?? 1;
            var samples = new List<TSample>(wanted);
            while (samples.Count < wanted)
            {
                if (!_samples.MoveNext())
                {
                    _ended = true;
                    break;
                }
                samples.Add(_samples.Current);
            }
            if (samples.Count == 0 || (source.DropLast && samples.Count < wanted))
                return false;
            batch = source.Collate(samples);
            return true;
        }

        public override void Dispose() => _samples.Dispose();
    }

    private int? BatchSize => batchSize;

    private bool DropLast => dropLast;

    private IEnumerator<TSample> Walk() => dataset.GetEnumerator();

    private TBatch Collate(List<TSample> samples)
    {
        var batch = collate(samples);
        return pin is null ? batch : pin(batch);
    }
}

/// <summary>Copies the tensors of a batch to page-locked memory, from which an accelerator copies faster.</summary>
internal static class Pinning
{
    /// <summary>The copying function; null where nothing is to be done.</summary>
    internal static Func<TBatch, TBatch>? For<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TBatch>(bool pinMemory) =>
        pinMemory && CudaAvailable() ? static batch => (TBatch)Pin(batch!) : null;

    private static unsafe bool CudaAvailable()
    {
        byte available;
        NativeError.Check(NativeMethods.tb_core_device_available((int)DeviceType.Cuda, &available));
        return available != 0;
    }

    private static object Pin(object batch)
    {
        switch (batch)
        {
            case Tensor tensor:
                return tensor.PinMemory();
            case Tensor[] tensors:
                return Array.ConvertAll(tensors, static tensor => tensor.PinMemory());
            case List<Tensor> tensors:
                return tensors.ConvertAll(static tensor => tensor.PinMemory());
            case Dictionary<string, Tensor> tensors:
                return tensors.ToDictionary(static entry => entry.Key, static entry => entry.Value.PinMemory());
            case (Tensor first, Tensor second):
                return (first.PinMemory(), second.PinMemory());
            case ITuple tuple when tuple.Length <= 7:
                var parts = new object[tuple.Length];
                for (var i = 0; i < parts.Length; i++)
                    parts[i] = Pin(tuple[i]!);
                return TupleFactory.Like(tuple, parts);
            default:
                return batch;
        }
    }
}
