using System.Collections.Concurrent;
using TorchBind.Data;

namespace TorchBind.Tests.Data;

public class DataLoaderTests
{
    /// <summary>Counts who asks for what; may fail, wait or be slow at an index.</summary>
    private sealed class Probe(long count, Action<long>? onLoad = null) : Dataset<long>
    {
        public ConcurrentQueue<(long Index, int Thread)> Loads { get; } = new();

        public override long Count => count;

        public override long this[long index]
        {
            get
            {
                Loads.Enqueue((index, Environment.CurrentManagedThreadId));
                onLoad?.Invoke(index);
                return index;
            }
        }
    }

    private sealed class Stream(Func<IEnumerable<long>> values) : IterableDataset<long>
    {
        public override IEnumerator<long> GetEnumerator() => values().GetEnumerator();
    }

    private static DataLoader<long, Tensor> Loader(Dataset<long> dataset, int batchSize = 1, int numWorkers = 0) => new(dataset, batchSize, numWorkers: numWorkers);

    private static int LiveWorkers(Probe probe, int before)
    {
        // Threads that load are gone when the dataset is asked no more.
        Thread.Sleep(50);
        return probe.Loads.Count - before;
    }

    private sealed class Shrinking : Dataset<long>
    {
        public long Length = 3;

        public override long Count => Length;

        public override long this[long index] => index;
    }

    [Test]
    public void ASamplerOfADatasetThatBecameEmptySaysSo()
    {
        var dataset = new Shrinking();
        var sampler = RandomSampler.Of(dataset, numSamples: 5);
        var all = RandomSampler.Of(dataset);
        Assert.That(sampler.ToArray(), Has.Length.EqualTo(5));
        dataset.Length = 0;
        Assert.That(() => sampler.ToArray(), Throws.InvalidOperationException.With.Message.Contains("none any more"));
        Assert.That(all.ToArray(), Is.Empty);
    }

    [Test]
    public void BatchesOfATensorDatasetComeApart()
    {
        var x = Torch.Arange(12).View(6, 2);
        var y = Torch.Arange(6) * 10;
        var sizes = new List<long>();
        var rows = 0L;
        foreach (var (bx, by) in new DataLoader(new TensorDataset(x, y), batchSize: 4))
        {
            sizes.Add(by.Size(0));
            Assert.That(by.ToArray<long>(), Is.EqualTo(bx.Select(1, 0).ToArray<long>().Select(static v => v * 5)));
            rows += bx.Size(0);
        }
        Assert.That(sizes, Is.EqualTo(new long[] { 4, 2 }));
        Assert.That(rows, Is.EqualTo(6));
    }

    [Test]
    public void ABatchTakenWholeEqualsItsStackedRows()
    {
        var x = Torch.Randn(7, 3, 2);
        var y = Torch.Arange(7);
        var dataset = new TensorDataset(x, y);
        var whole = new DataLoader(dataset, batchSize: 3).ToList();
        var rows = new DataLoader(dataset, batchSize: 3, collateFn: DataLoader.DefaultCollate<Tensor[], Tensor[]>).ToList();
        Assert.That(whole, Has.Count.EqualTo(3).And.Count.EqualTo(rows.Count));
        for (var i = 0; i < rows.Count; i++)
        {
            for (var part = 0; part < 2; part++)
            {
                Assert.That(TensorBits.Bytes(whole[i][part]), Is.EqualTo(TensorBits.Bytes(rows[i][part])));
                Assert.That(whole[i][part].Stride().ToArray(), Is.EqualTo(rows[i][part].Stride().ToArray()));
            }
        }
    }

    [Test]
    public void TensorsInAnotherMemoryFormatKeepTheStridesOfStackedRows()
    {
        var x = Torch.Randn(5, 3, 4, 4).Contiguous(MemoryFormat.ChannelsLast);
        var batch = new DataLoader(new TensorDataset(x), batchSize: 2).First()[0];
        using var stacked = Torch.Stack([x.Select(0, 0), x.Select(0, 1)]);
        Assert.That(batch.Stride().ToArray(), Is.EqualTo(stacked.Stride().ToArray()));
        Assert.That(TensorBits.Bytes(batch), Is.EqualTo(TensorBits.Bytes(stacked)));
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(2)]
    [TestCase(7)]
    public void TheOrderDoesNotDependOnTheNumberOfWorkers(int workers)
    {
        // Early samples take longest: workers finish out of order.
        var probe = new Probe(40, static index => Thread.Sleep(index < 8 ? 10 : 0));
        var batches = Loader(probe, 3, workers).Select(static batch => batch.ToArray<long>()).ToArray();
        Assert.That(batches.SelectMany(static b => b), Is.EqualTo(Enumerable.Range(0, 40)));
        Assert.That(batches, Has.Length.EqualTo(14));
        var threads = probe.Loads.Select(static load => load.Thread).Distinct().Count();
        Assert.That(threads, Is.EqualTo(Math.Max(1, workers)));
        Assert.That(probe.Loads.Any(static load => load.Thread == Environment.CurrentManagedThreadId), Is.EqualTo(workers == 0));
    }

    [Test]
    public void WorkersLoadAheadAsFarAsThePrefetchFactorAndNoFarther()
    {
        var probe = new Probe(100);
        using var walk = new DataLoader<long, Tensor>(probe, numWorkers: 2, prefetchFactor: 3).GetEnumerator();
        Assert.That(() => probe.Loads.Count, Is.EqualTo(6).After(2000, 5));
        Thread.Sleep(50);
        Assert.That(probe.Loads, Has.Count.EqualTo(6));
        walk.MoveNext();
        Assert.That(() => probe.Loads.Count, Is.EqualTo(7).After(2000, 5));
    }

    [TestCase(1)]
    [TestCase(3)]
    public void AnExceptionInAWorkerSurfacesWithItsSampleIndex(int workers)
    {
        var probe = new Probe(20, static index =>
        {
            if (index == 13)
                throw new InvalidDataException("no such picture");
        });
        var seen = new List<long>();
        var error = Assert.Throws<DataLoaderException>(() =>
        {
            foreach (var batch in Loader(probe, 4, workers))
                seen.AddRange(batch.ToArray<long>());
        })!;
        Assert.Multiple(() =>
        {
            Assert.That(seen, Is.EqualTo(Enumerable.Range(0, 12)));
            Assert.That(error.SampleIndex, Is.EqualTo(13));
            Assert.That(error.BatchIndices, Is.EqualTo(new long[] { 12, 13, 14, 15 }));
            Assert.That(error.InnerException, Is.TypeOf<InvalidDataException>());
            Assert.That(error.Message, Does.Contain("Sample 13").And.Contain("no such picture"));
        });
    }

    [Test]
    public void WithoutWorkersTheExceptionIsTheDatasetsOwn()
    {
        var probe = new Probe(20, static index =>
        {
            if (index == 3)
                throw new InvalidDataException("no such picture");
        });
        Assert.Throws<InvalidDataException>(() => Loader(probe, 2).Count());
    }

    [Test]
    public void AnIndexThatASamplerInventsIsNamed()
    {
        var dataset = new TensorDataset(Torch.Arange(5));
        var error = Assert.Throws<DataLoaderException>(() => new DataLoader(dataset, sampler: [1, 9], numWorkers: 1).Count())!;
        Assert.That(error.SampleIndex, Is.EqualTo(9));
    }

    [Test]
    public void LeavingTheLoopStopsTheWorkers()
    {
        var probe = new Probe(100_000, static _ => Thread.Sleep(1));
        var loader = Loader(probe, 2, 3);
        foreach (var batch in loader)
        {
            if (batch.ToArray<long>()[0] >= 6)
                break;
        }
        var loads = probe.Loads.Count;
        Assert.That(LiveWorkers(probe, loads), Is.Zero);
    }

    [Test]
    public void AWalkThatNobodyDisposesStopsItsWorkersWhenItIsCollected()
    {
        var probe = new Probe(100_000);
        Abandon(probe);
        Assert.That(() =>
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return System.Diagnostics.Process.GetCurrentProcess().Threads.Count;
        }, Is.LessThanOrEqualTo(s_threadsBefore + 2).After(5000, 20));

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Abandon(Probe probe)
        {
            s_threadsBefore = System.Diagnostics.Process.GetCurrentProcess().Threads.Count;
            var walk = Loader(probe, 2, 12).GetEnumerator();
            walk.MoveNext();
            Assert.That(System.Diagnostics.Process.GetCurrentProcess().Threads.Count, Is.GreaterThan(s_threadsBefore + 8));
        }
    }

    private static int s_threadsBefore;

    [Test]
    public void PersistentWorkersServeWalkAfterWalk()
    {
        var probe = new Probe(30);
        using var loader = new DataLoader<long, Tensor>(probe, 4, numWorkers: 2, persistentWorkers: true);
        foreach (var _ in loader)
            break; // the next walk is not disturbed by what was loaded ahead for this one
        for (var epoch = 0; epoch < 3; epoch++)
            Assert.That(loader.SelectMany(static batch => batch.ToArray<long>()), Is.EqualTo(Enumerable.Range(0, 30)));
        Assert.That(probe.Loads.Select(static load => load.Thread).Distinct().Count(), Is.EqualTo(2));
    }

    [Test]
    public void AWalkThatAnotherOneOvertookSaysSo()
    {
        using var loader = new DataLoader<long, Tensor>(new Probe(30), 4, numWorkers: 2, persistentWorkers: true);
        using var first = loader.GetEnumerator();
        first.MoveNext();
        using var second = loader.GetEnumerator();
        second.MoveNext();
        Assert.Throws<InvalidOperationException>(() => first.MoveNext());
        Assert.That(second.MoveNext());
    }

    [Test]
    public void WalksWithoutPersistentWorkersNest()
    {
        var loader = Loader(new Probe(6), 2, 2);
        var pairs = 0;
        foreach (var _ in loader)
        {
            foreach (var __ in loader)
                pairs++;
        }
        Assert.That(pairs, Is.EqualTo(9));
    }

    [TestCase(0)]
    [TestCase(2)]
    public async Task AwaitForeachGivesTheSameBatches(int workers)
    {
        var seen = new List<long>();
        await foreach (var batch in Loader(new Probe(11, static _ => Thread.Sleep(1)), 3, workers))
            seen.AddRange(batch.ToArray<long>());
        Assert.That(seen, Is.EqualTo(Enumerable.Range(0, 11)));
    }

    [Test]
    public async Task AwaitForeachHoldsNoThreadWhileItWaits()
    {
        using var gate = new ManualResetEventSlim();
        var probe = new Probe(2, _ => gate.Wait());
        await using var walk = Loader(probe, 1, 1).GetAsyncEnumerator();
        var next = walk.MoveNextAsync();
        Assert.That(next.IsCompleted, Is.False);
        gate.Set();
        Assert.That(await next);
    }

    [Test]
    public void AwaitForeachEndsWhenItIsCancelled()
    {
        using var gate = new ManualResetEventSlim();
        using var source = new CancellationTokenSource();
        var probe = new Probe(2, _ => gate.Wait());
        var loader = Loader(probe, 1, 1);
        var walk = Task.Run(async () =>
        {
            await foreach (var _ in loader.AsAsyncEnumerable().WithCancellation(source.Token))
            {
            }
        });
        source.CancelAfter(50);
        Thread.Sleep(150);
        gate.Set();
        Assert.That(async () => await walk, Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public void AWorkerThatIsLateTimesOut()
    {
        using var gate = new ManualResetEventSlim();
        var loader = new DataLoader<long, Tensor>(new Probe(4, _ => gate.Wait(2000)), numWorkers: 1, timeout: TimeSpan.FromMilliseconds(60));
        var walk = loader.GetEnumerator();
        Assert.Throws<TimeoutException>(() => walk.MoveNext());
        gate.Set();
        walk.Dispose();
    }

    [Test]
    public void WorkersKnowTheirNumberSeedAndDataset()
    {
        var seen = new ConcurrentDictionary<int, WorkerInfo>();
        var probe = new Probe(8, _ => seen.TryAdd(WorkerInfo.Current!.Id, WorkerInfo.Current));
        var started = new ConcurrentBag<int>();
        Torch.ManualSeed(3);
        _ = new DataLoader<long, Tensor>(probe, numWorkers: 3, workerInitFn: started.Add).Count();
        Assert.Multiple(() =>
        {
            Assert.That(WorkerInfo.Current, Is.Null);
            Assert.That(started, Is.EquivalentTo(new[] { 0, 1, 2 }));
            Assert.That(seen.Keys, Is.EquivalentTo(new[] { 0, 1, 2 }));
            Assert.That(seen[2].Seed, Is.EqualTo(seen[0].Seed + 2));
            Assert.That(seen[1].NumWorkers, Is.EqualTo(3));
            Assert.That(seen[1].Dataset, Is.SameAs(probe));
        });
    }

    [Test]
    public void AWorkerThatCannotStartSurfaces()
    {
        var loader = new DataLoader<long, Tensor>(new Probe(8), numWorkers: 2, workerInitFn: static id => throw new IOException($"no disk {id}"));
        var error = Assert.Throws<DataLoaderException>(() => loader.Count())!;
        Assert.That(error.InnerException, Is.TypeOf<IOException>());
    }

    [Test]
    public void AnExceptionInAStreamSurfaces()
    {
        static IEnumerable<long> Values()
        {
            yield return 1;
            yield return 2;
            throw new EndOfStreamException("cut off");
        }

        var error = Assert.Throws<DataLoaderException>(() => new DataLoader<long, Tensor>(new Stream(Values), 2, numWorkers: 1).Count())!;
        Assert.That(error.SampleIndex, Is.Null);
        Assert.That(error.InnerException, Is.TypeOf<EndOfStreamException>());
    }

    [Test]
    public void AStreamIsDisposedWhenTheLoopIsLeft([Values(0, 2)] int workers)
    {
        var open = 0;
        IEnumerable<long> Values()
        {
            Interlocked.Increment(ref open);
            try
            {
                for (long i = 0; ; i++)
                    yield return i;
            }
            finally
            {
                Interlocked.Decrement(ref open);
            }
        }

        foreach (var _ in new DataLoader<long, Tensor>(new Stream(Values), 2, numWorkers: workers))
            break;
        Assert.That(open, Is.Zero);
    }

    [Test]
    public void OutOfOrderEverySampleStillComesOnce()
    {
        var probe = new Probe(60, static index => Thread.Sleep(index % 7 == 0 ? 5 : 0));
        var loader = new DataLoader<long, Tensor>(probe, 3, numWorkers: 3, inOrder: false);
        Assert.That(loader.SelectMany(static batch => batch.ToArray<long>()), Is.EquivalentTo(Enumerable.Range(0, 60)));
    }

    [Test]
    public void OutOfOrderAReadyBatchDoesNotWaitForALateOne()
    {
        using var gate = new ManualResetEventSlim();
        var probe = new Probe(4, index =>
        {
            if (index == 0)
                gate.Wait(5000);
        });
        using var walk = new DataLoader<long, Tensor>(probe, numWorkers: 2, inOrder: false).GetEnumerator();
        walk.MoveNext();
        Assert.That(walk.Current.ToArray<long>(), Is.EqualTo(new long[] { 1 }));
        gate.Set();
    }

    [Test]
    public void WithoutBatchingSamplesComeAsTheyAre([Values(0, 2)] int workers) =>
        Assert.That(new DataLoader<long>(new Probe(5), batchSize: null, numWorkers: workers), Is.EqualTo(Enumerable.Range(0, 5)));

    [Test]
    public void CountIsTheNumberOfBatches()
    {
        var probe = new Probe(10);
        Assert.Multiple(() =>
        {
            Assert.That(new DataLoader<long, Tensor>(probe, 3).Count, Is.EqualTo(4));
            Assert.That(new DataLoader<long, Tensor>(probe, 3, dropLast: true).Count, Is.EqualTo(3));
            Assert.That(new DataLoader<long>(probe, batchSize: null).Count, Is.EqualTo(10));
            Assert.That(new DataLoader<long, Tensor>(probe, batchSampler: (long[][])[[1, 2], [3]]).Count, Is.EqualTo(2));
            Assert.That(new DataLoader<long, Tensor>(probe, batchSampler: new BatchSampler(new RandomSampler(10), 4, false)).Count, Is.EqualTo(3));
            Assert.Throws<NotSupportedException>(() => _ = new DataLoader<long, Tensor>(new Stream(static () => [1])).Count);
        });
    }

    [Test]
    public void OptionsThatExcludeEachOtherAreRefused()
    {
        var probe = new Probe(10);
        Assert.Multiple(() =>
        {
            Assert.Throws<ArgumentException>(() => _ = new DataLoader<long, Tensor>(probe, shuffle: true, sampler: [1]));
            Assert.Throws<ArgumentException>(() => _ = new DataLoader<long, Tensor>(probe, 2, batchSampler: (long[][])[[1]]));
            Assert.Throws<ArgumentException>(() => _ = new DataLoader<long, Tensor>(probe, batchSampler: (long[][])[[1]], shuffle: true));
            Assert.Throws<ArgumentException>(() => _ = new DataLoader<long>(probe, null, dropLast: true));
            Assert.Throws<ArgumentException>(() => _ = new DataLoader<long, Tensor>(probe, prefetchFactor: 2));
            Assert.Throws<ArgumentException>(() => _ = new DataLoader<long, Tensor>(probe, persistentWorkers: true));
            Assert.Throws<ArgumentException>(() => _ = new DataLoader<long, Tensor>(probe, timeout: TimeSpan.FromSeconds(1)));
            Assert.Throws<ArgumentOutOfRangeException>(() => _ = new DataLoader<long, Tensor>(probe, 0));
            Assert.Throws<ArgumentOutOfRangeException>(() => _ = new DataLoader<long, Tensor>(probe, numWorkers: -1));
            Assert.Throws<ArgumentOutOfRangeException>(() => _ = new DataLoader<long, Tensor>(new Probe(0), shuffle: true));
            Assert.Throws<ArgumentNullException>(() => _ = new DataLoader<long, Tensor>((Dataset<long>)null!));
        });
    }

    [Test]
    public void MemoryStaysBoundedWhenNobodyDisposesABatch()
    {
        var rows = Torch.Zeros([64, 256 * 1024]); // 1 MiB a row
        var loader = new DataLoader(new TensorDataset(rows), batchSize: 8, numWorkers: 2);
        var before = Diagnostics.TensorMemory.LiveBytes;
        var most = 0L;
        for (var epoch = 0; epoch < 30; epoch++)
        {
            foreach (var _ in loader)
                most = Math.Max(most, Diagnostics.TensorMemory.LiveBytes - before);
        }
        // 1.9 GiB went by.
        Assert.That(most, Is.LessThan(400L << 20));
    }
}
