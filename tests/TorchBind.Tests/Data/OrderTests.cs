using System.Text.Json;
using TorchBind.Data;

namespace TorchBind.Tests.Data;

/// <summary>
/// The orders of samplers and loaders are Python's for the same seed, and so is the place where they leave the default generator.
/// </summary>
[NonParallelizable]
public class OrderTests
{
    private static Dictionary<string, JsonElement>? s_python;

    private sealed class Numbers(long count) : Dataset<long>
    {
        public override long Count => count;

        public override long this[long index] => index >= 0 && index < count ? index : throw new ArgumentOutOfRangeException(nameof(index));
    }

    private sealed class Stream(long count) : IterableDataset<long>
    {
        public override IEnumerator<long> GetEnumerator()
        {
            var (first, step) = WorkerInfo.Current is { } info ? (info.Id, info.NumWorkers) : (0, 1);
            for (long i = first; i < count; i += step)
                yield return i;
        }
    }

    private static readonly Dictionary<string, Func<object>> s_cases = new()
    {
        ["shuffled"] = () => Repeat(2, () => Batches(Loader(new Numbers(23), 5, shuffle: true))),
        ["epochs"] = () => Epochs(new(new Numbers(23), 5, shuffle: true)),
        ["in order"] = () => Epochs(new(new Numbers(23), 5)),
        ["drop last"] = () => Epochs(new(new Numbers(23), 5, shuffle: true, dropLast: true)),
        ["workers"] = () => Epochs(new(new Numbers(23), 5, shuffle: true, numWorkers: 2)),
        ["persistent workers"] = () =>
        {
            using var loader = new DataLoader<long, Tensor>(new Numbers(23), 5, shuffle: true, numWorkers: 2, persistentWorkers: true);
            return Epochs(loader);
        },
        ["generator"] = () => Epochs(new(new Numbers(23), 5, shuffle: true, generator: new Generator().ManualSeed(99))),
        ["generator, workers"] = () =>
            Epochs(new(new Numbers(23), 5, shuffle: true, numWorkers: 3, prefetchFactor: 1, generator: new Generator().ManualSeed(99))),
        ["interrupted"] = () => new object[]
        {
            Batches(Loader(new Numbers(23), 5, shuffle: true).Take(1))[0], After(), Epochs(new(new Numbers(23), 5, shuffle: true)),
        },
        ["replacement"] = () => Batches(Loader(new Numbers(23), 7, sampler: new RandomSampler(23, replacement: true, numSamples: 70))),
        ["replacement, shared generator"] = () =>
        {
            var generator = new Generator().ManualSeed(5);
            var sampler = new RandomSampler(23, replacement: true, numSamples: 70, generator: generator);
            var batches = Batches(new DataLoader<long, Tensor>(new Numbers(23), 7, sampler: sampler, generator: generator, numWorkers: 2));
            return new object[] { batches, Torch.Randint(1L << 40, [1], generator).Item<long>() };
        },
        ["more than all"] = () => new RandomSampler(5, numSamples: 12).ToArray(),
        ["subset"] = () => new SubsetRandomSampler([3, 5, 8, 13, 21]).ToArray(),
        ["weighted"] = () => new WeightedRandomSampler([0.1, 0.9, 0.4, 0.7, 3.0, 0.6], 20).ToArray(),
        ["weighted, each once"] = () => new WeightedRandomSampler([0.9, 0.4, 0.05, 0.2, 0.3, 0.1], 5, replacement: false).ToArray(),
        ["batch sampler"] = () => Repeat(2, () => new BatchSampler(new RandomSampler(11), 4, dropLast: false).ToArray()),
        ["distributed"] = () =>
        {
            var shares = new List<long[]>();
            for (var rank = 0; rank < 3; rank++)
            {
                foreach (var drop in (bool[])[false, true])
                {
                    foreach (var shuffle in (bool[])[false, true])
                        shares.Add(Distributed(rank, 3, 10, drop, shuffle));
                }
            }
            return shares;
        },
        ["distributed, few"] = () => Enumerable.Range(0, 5).Select(rank => Distributed(rank, 5, 2, dropLast: false, shuffle: true)).ToArray(),
        ["split"] = () => Indices(Dataset.RandomSplit(new Numbers(10), [3, 7])),
        ["split by fractions"] = () => Indices(Dataset.RandomSplit(new Numbers(11), [0.3, 0.3, 0.4])),
        ["split with generator"] = () => Indices(Dataset.RandomSplit(new Numbers(10), [3, 7], new Generator().ManualSeed(42))),
        ["stream"] = () => Batches(new DataLoader<long, Tensor>(new Stream(13), 3)),
        ["stream, workers"] = () => Batches(new DataLoader<long, Tensor>(new Stream(13), 3, numWorkers: 2)),
        ["stream, many workers"] = () => Batches(new DataLoader<long, Tensor>(new Stream(7), 2, numWorkers: 5)),
        ["stream, drop last"] = () => Batches(new DataLoader<long, Tensor>(new Stream(13), 3, numWorkers: 2, dropLast: true)),
        ["concat"] = () => Batches(new DataLoader<long, Tensor>(new Numbers(3) + new Numbers(0) + new Numbers(4), 3, shuffle: true)),
        ["nested"] = () => Loader(new Numbers(4), 2, shuffle: true)
            .Select(outer => new object[] { outer.ToArray<long>(), Batches(Loader(new Numbers(3), shuffle: true)) }).ToArray(),
    };

    private static IEnumerable<string> Names => s_cases.Keys;

    [TestCaseSource(nameof(Names))]
    public void IsPythons(string name)
    {
        s_python ??= PythonOracle.RunJson<Dictionary<string, JsonElement>>("data_order.py");
        Torch.ManualSeed(1234);
        var result = s_cases[name]();
        var mine = JsonSerializer.Serialize(new[] { result, After() });
        Assert.That(mine, Is.EqualTo(JsonSerializer.Serialize(s_python[name])));
    }

    [Test]
    public void EveryCaseOfPythonIsCompared()
    {
        s_python ??= PythonOracle.RunJson<Dictionary<string, JsonElement>>("data_order.py");
        Assert.That(s_python.Keys, Is.EquivalentTo(s_cases.Keys));
    }

    private static DataLoader<long, Tensor> Loader(Dataset<long> dataset, int batchSize = 1, bool shuffle = false, IEnumerable<long>? sampler = null) =>
        new(dataset, batchSize, shuffle, sampler);

    private static long After() => Torch.Randint(1L << 40, [1]).Item<long>();

    private static long[][] Batches(IEnumerable<Tensor> loader) => loader.Select(static batch => batch.ToArray<long>()).ToArray();

    private static long[][][] Epochs(DataLoader<long, Tensor> loader) => Repeat(3, () => Batches(loader));

    private static T[] Repeat<T>(int times, Func<T> function) => Enumerable.Range(0, times).Select(_ => function()).ToArray();

    private static long[] Distributed(int rank, int replicas, long count, bool dropLast, bool shuffle)
    {
        var sampler = new DistributedSampler(count, replicas, rank, shuffle, seed: 3, dropLast);
        sampler.SetEpoch(4);
        return sampler.ToArray();
    }

    private static IReadOnlyList<long>[] Indices<T>(Subset<T>[] parts) => Array.ConvertAll(parts, static part => part.Indices);
}
