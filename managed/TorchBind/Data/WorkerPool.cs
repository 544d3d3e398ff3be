namespace TorchBind.Data;

/// <summary>A batch to load: of which walk, its number in the walk, its indices (null for a stream).</summary>
internal readonly record struct WorkerTask(int Generation, long Number, IReadOnlyList<long>? Indices);

/// <summary>What became of a task.</summary>
internal sealed class WorkerResult<TBatch>(int worker, WorkerTask task)
{
    internal int Worker => worker;

    internal int Generation => task.Generation;

    internal long Number => task.Number;

    internal IReadOnlyList<long>? Indices => task.Indices;

    internal TBatch Batch { get; init; } = default!;

    internal Exception? Error { get; init; }

    /// <summary>The worker's stream has ended: neither this task nor a later one of the walk will be answered.</summary>
    internal bool Ended { get; init; }
}

/// <summary>The threads that load ahead. They know the dataset and this pool, never the loader or its walks.</summary>
internal sealed class WorkerPool<TBatch>
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5); // Python's, before it kills

    private readonly FetcherSource<TBatch> _source;
    private readonly Action<int>? _init;
    private readonly Worker[] _workers;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _running;
    private int _generation;
    private volatile bool _stopping;

    internal WorkerPool(FetcherSource<TBatch> source, int count, long seed, Action<int>? init)
    {
        _source = source;
        _init = init;
        _running = count;
        _workers = new Worker[count];
        for (var i = 0; i < count; i++)
            _workers[i] = new Worker(this, new WorkerInfo(i, count, unchecked(seed + i), source.Dataset));
        foreach (var worker in _workers)
            worker.Thread.Start();
    }

    internal int Count => _workers.Length;

    /// <summary>The number of the walk that is served; tasks and results of others are dropped.</summary>
    internal int Generation => Volatile.Read(ref _generation);

    internal ResultQueue<TBatch> Results { get; } = new();

    internal int BeginWalk() => Interlocked.Increment(ref _generation);

    internal void EndWalk(int generation) => Interlocked.CompareExchange(ref _generation, generation + 1, generation);

    internal void Send(int worker, WorkerTask task) => _workers[worker].Give(task);

    /// <summary>Asks the workers to end after the sample they are at.</summary>
    internal void Stop()
    {
        _stopping = true;
        foreach (var worker in _workers)
            worker.Wake();
    }

    /// <summary>Waits until the workers have ended; not for ever, should a dataset hang.</summary>
    internal void Join()
    {
        if (WorkerInfo.Current is null)
            _stopped.Task.Wait(s_patience);
    }

    internal async Task JoinAsync()
    {
        if (WorkerInfo.Current is null)
            await Task.WhenAny(_stopped.Task, Task.Delay(s_patience)).ConfigureAwait(false);
    }

    private sealed class Worker
    {
        private readonly WorkerPool<TBatch> _pool;
        private readonly WorkerInfo _info;
        private readonly Queue<WorkerTask> _tasks = new();
        private readonly object _gate = new();

        internal Worker(WorkerPool<TBatch> pool, WorkerInfo info)
        {
            _pool = pool;
            _info = info;
            Thread = new Thread(Run) { IsBackground = true, Name = $"TorchBind loader worker {info.Id}" };
        }

        internal Thread Thread { get; }

        internal void Give(WorkerTask task)
        {
            lock (_gate)
            {
                _tasks.Enqueue(task);
                Monitor.Pulse(_gate);
            }
        }

        internal void Wake()
        {
            lock (_gate)
                Monitor.Pulse(_gate);
        }

        private bool TryTake(out WorkerTask task)
        {
            lock (_gate)
            {
                while (!_pool._stopping)
                {
                    if (_tasks.TryDequeue(out task))
                        return true;
                    Monitor.Wait(_gate);
                }
            }
            task = default;
            return false;
        }

        private void Run()
        {
            Fetcher<TBatch>? fetcher = null;
            try
            {
                WorkerInfo.Current = _info;
                Exception? startError = null;
                try
                {
                    _pool._init?.Invoke(_info.Id);
                }
                catch (Exception exception)
                {
                    startError = exception;
                }
                var generation = 0;
                var ended = false;
                while (TryTake(out var task))
                {
                    if (task.Generation != _pool.Generation)
                        continue;
                    if (task.Generation != generation)
                    {
                        Release(ref fetcher);
                        generation = task.Generation;
                        ended = false;
                    }
                    if (ended)
                        continue;
                    var result = startError is null ? Load(ref fetcher, task) : new(_info.Id, task) { Error = startError };
                    startError = null;
                    ended = result.Ended;
                    _pool.Results.Add(result);
                }
            }
            finally
            {
                Release(ref fetcher);
                if (Interlocked.Decrement(ref _pool._running) == 0)
                    _pool._stopped.TrySetResult();
            }
        }

        private WorkerResult<TBatch> Load(ref Fetcher<TBatch>? fetcher, WorkerTask task)
        {
            try
            {
                fetcher ??= _pool._source.Create();
                return fetcher.TryFetch(task.Indices, out var batch)
                    ? new(_info.Id, task) { Batch = batch }
                    : new(_info.Id, task) { Ended = true };
            }
            catch (Exception exception)
            {
                return new(_info.Id, task) { Error = exception };
            }
        }

        private static void Release(ref Fetcher<TBatch>? fetcher)
        {
            try
            {
                fetcher?.Dispose();
            }
            catch (Exception)
            {
                // The walk is over: there is nobody left to hear of it, and the process must not end for it.
            }
            fetcher = null;
        }
    }
}

/// <summary>Results on their way from the workers to the loop, which waits with or without holding its thread.</summary>
internal sealed class ResultQueue<TBatch>
{
    private readonly Queue<WorkerResult<TBatch>> _results = new();
    private readonly object _gate = new();
    private TaskCompletionSource? _waiter;

    internal void Add(WorkerResult<TBatch> result)
    {
        TaskCompletionSource? waiter;
        lock (_gate)
        {
            _results.Enqueue(result);
            waiter = _waiter;
            _waiter = null;
            Monitor.Pulse(_gate);
        }
        waiter?.TrySetResult();
    }

    /// <summary>The next result; false when the time is over.</summary>
    internal bool TryTake(TimeSpan timeout, out WorkerResult<TBatch> result)
    {
        var started = Environment.TickCount64;
        lock (_gate)
        {
            while (!_results.TryDequeue(out result!))
            {
                var left = timeout;
                if (timeout >= TimeSpan.Zero)
                {
                    left = timeout - TimeSpan.FromMilliseconds(Environment.TickCount64 - started);
                    if (left <= TimeSpan.Zero)
                        return false;
                }
                Monitor.Wait(_gate, left);
            }
            return true;
        }
    }

    /// <summary>The next result; null when the time is over.</summary>
    internal async ValueTask<WorkerResult<TBatch>?> TakeAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task ready;
            lock (_gate)
            {
                if (_results.TryDequeue(out var result))
                    return result;
                _waiter ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                ready = _waiter.Task;
            }
            try
            {
                await ready.WaitAsync(timeout, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                return null;
            }
        }
    }
}
