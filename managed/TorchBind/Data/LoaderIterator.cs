using System.Collections;
using System.Runtime.ExceptionServices;

namespace TorchBind.Data;

/// <summary>One walk of a loader, for <c>foreach</c> and <c>await foreach</c> alike.</summary>
internal abstract class LoaderIterator<TBatch>(CancellationToken cancellationToken) : IEnumerator<TBatch>, IAsyncEnumerator<TBatch>
{
    public TBatch Current { get; protected set; } = default!;

    object? IEnumerator.Current => Current;

    protected CancellationToken Cancellation { get; } = cancellationToken;

    public abstract bool MoveNext();

    public abstract ValueTask<bool> MoveNextAsync();

    public abstract void Dispose();

    public abstract ValueTask DisposeAsync();

    public void Reset() => throw new NotSupportedException("A walk over a loader cannot begin again: begin another one.");
}

/// <summary>A walk whose batches are loaded by the loop itself.</summary>
internal sealed class LocalIterator<TBatch>(
    IEnumerator<IReadOnlyList<long>>? requests, Fetcher<TBatch> fetcher, CancellationToken cancellationToken)
    : LoaderIterator<TBatch>(cancellationToken)
{
    private bool _ended;

    public override bool MoveNext()
    {
        Current = default!;
        if (_ended)
            return false;
        if ((requests is null || requests.MoveNext()) && fetcher.TryFetch(requests?.Current, out var batch))
        {
            Current = batch;
            return true;
        }
        _ended = true;
        return false;
    }

    public override ValueTask<bool> MoveNextAsync()
    {
        Cancellation.ThrowIfCancellationRequested();
        return new(MoveNext());
    }

    public override void Dispose()
    {
        _ended = true;
        requests?.Dispose();
        fetcher.Dispose();
    }

    public override ValueTask DisposeAsync()
    {
        Dispose();
        return default;
    }
}

/// <summary>
/// A walk whose batches are loaded ahead by workers. Requests are handed out by this thread, in turn to the workers that still
/// deliver, at the moments at which Python hands them out: what a sampler draws, it draws in Python's order.
/// </summary>
internal sealed class PooledIterator<TBatch> : LoaderIterator<TBatch>
{
    private readonly IEnumerator<IReadOnlyList<long>>? _requests;
    private readonly WorkerPool<TBatch> _pool;
    private readonly bool _ownsPool;
    private readonly bool _inOrder;
    private readonly TimeSpan _timeout;
    private readonly int _generation;
    private readonly bool[] _delivers;
    private readonly int[] _outstanding;
    private readonly int _prefetch;
    private readonly Dictionary<long, Pending> _pending = [];
    private readonly Queue<WorkerResult<TBatch>> _early = new(); // ready out of order, where that is allowed
    private long _next;
    private long _sent;
    private int _turn;
    private bool _ended;

    internal PooledIterator(
        IEnumerator<IReadOnlyList<long>>? requests, WorkerPool<TBatch> pool, bool ownsPool, int prefetch, TimeSpan timeout, bool inOrder,
        CancellationToken cancellationToken)
        : base(cancellationToken)
    {
        _requests = requests;
        _pool = pool;
        _ownsPool = ownsPool;
        _inOrder = inOrder;
        _prefetch = prefetch;
        _timeout = timeout == TimeSpan.Zero ? System.Threading.Timeout.InfiniteTimeSpan : timeout;
        _generation = pool.BeginWalk();
        _delivers = new bool[pool.Count];
        _outstanding = new int[pool.Count];
        Array.Fill(_delivers, true);
        try
        {
            for (var i = 0; i < prefetch * pool.Count; i++)
                SendNext();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    ~PooledIterator()
    {
        // The loop was left without disposing the walk: end the workers, wait for nothing.
        if (_ownsPool)
            _pool.Stop();
    }

    private struct Pending
    {
        internal int Worker;
        internal WorkerResult<TBatch>? Result;
    }

    public override bool MoveNext()
    {
        while (true)
        {
            if (Advance() is { } moved)
                return moved;
            if (!_pool.Results.TryTake(_timeout, out var result))
                throw TimedOut();
            Accept(result);
        }
    }

    public override async ValueTask<bool> MoveNextAsync()
    {
        Cancellation.ThrowIfCancellationRequested();
        while (true)
        {
            if (Advance() is { } moved)
                return moved;
            var result = await _pool.Results.TakeAsync(_timeout, Cancellation).ConfigureAwait(false) ?? throw TimedOut();
            Accept(result);
        }
    }

    public override void Dispose()
    {
        if (!End())
            return;
        if (_ownsPool)
            _pool.Join();
    }

    public override ValueTask DisposeAsync() => End() && _ownsPool ? new(_pool.JoinAsync()) : default;

    private bool End()
    {
        GC.SuppressFinalize(this);
        if (_ended)
            return false;
        _ended = true;
        Current = default!;
        _pending.Clear();
        _early.Clear();
        if (_ownsPool)
            _pool.Stop();
        else
            _pool.EndWalk(_generation);
        _requests?.Dispose();
        return true;
    }

    private TimeoutException TimedOut() => new($"DataLoader timed out after {_timeout.TotalSeconds} seconds: no worker delivered a batch.");

    /// <summary>True: <c>Current</c> is the next batch. False: the end. Null: a result has to be waited for.</summary>
    private bool? Advance()
    {
        Current = default!;
        if (_ended)
            return false;
        if (_generation != _pool.Generation)
            throw new InvalidOperationException("Another walk over this loader has begun: persistent workers serve one walk at a time.");
        if (_early.TryDequeue(out var early))
            return Deliver(early);
        while (_next < _sent)
        {
            if (_pending.TryGetValue(_next, out var pending))
            {
                if (pending.Result is { } result)
                {
                    _pending.Remove(_next++);
                    return Deliver(result);
                }
                if (_delivers[pending.Worker])
                    return null;
                _pending.Remove(_next); // its stream ended before this request
            }
            _next++;
        }
        Dispose();
        return false;
    }

    private void Accept(WorkerResult<TBatch> result)
    {
        if (result.Generation != _generation)
            return; // of a walk that was left
        _outstanding[result.Worker]--;
        if (result.Ended)
        {
            _delivers[result.Worker] = false;
            SendNext();
        }
        else if (_inOrder || result.Number == _next)
        {
            _pending[result.Number] = new Pending { Worker = result.Worker, Result = result };
        }
        else
        {
            _pending.Remove(result.Number);
            _early.Enqueue(result);
        }
    }

    private bool Deliver(WorkerResult<TBatch> result)
    {
        SendNext();
        if (result.Error is { } error)
        {
            if (error is OperationCanceledException)
                ExceptionDispatchInfo.Throw(error);
            throw new DataLoaderException(result.Worker, SampleError.Index(error), result.Indices ?? [], error);
        }
        Current = result.Batch;
        return true;
    }

    private void SendNext()
    {
        if (_requests is not null && !_requests.MoveNext())
            return;
        for (var i = 0; i < _delivers.Length; i++)
        {
            var worker = _turn;
            _turn = (_turn + 1) % _delivers.Length;
            // Out of order, whoever has room takes the request; in order they take turns.
            if (!_delivers[worker] || (!_inOrder && _outstanding[worker] >= Share()))
                continue;
            _pending.Add(_sent, new Pending { Worker = worker });
            _outstanding[worker]++;
            _pool.Send(worker, new WorkerTask(_generation, _sent++, _requests?.Current));
            return;
        }
    }

    private int Share() => _prefetch * _delivers.Length / _delivers.Count(static delivers => delivers);
}
