using TorchBind.Data;

namespace TorchBind.Benchmarks.Worker;

/// <summary>
/// One walk over a data loader whose workers stay: samples one by one from a dataset that costs nothing, from a
/// <see cref="TensorDataset"/>, and from one that works on every sample.
/// </summary>
internal static class Loading
{
    public static void AddTo(Dictionary<string, Func<Work>> entries)
    {
        foreach (var workers in new[] { 0, 2, 4 })
        {
            entries[$"loader-cheap-w{workers}"] = () => Walk(new Cheap(), 32, workers);
            entries[$"loader-tensors-w{workers}"] = () => Walk(new TensorDataset(Work.Pattern(2048, 16), Torch.Arange(2048)), 32, workers);
            entries[$"loader-expensive-w{workers}"] = () => Walk(new Expensive(scope: true), 8, workers);
            entries[$"loader-expensive-w{workers}@gc"] = () => Walk(new Expensive(scope: false), 8, workers);
        }
    }

    private sealed class Cheap : Dataset<Tensor[]>
    {
        private readonly Tensor _values = Work.Pattern(2048, 16);
        private readonly Tensor _labels = Torch.Arange(2048);

        public override long Count => 2048;

        public override Tensor[] this[long index] => [_values[index], _labels[index]];
    }

    private sealed class Expensive(bool scope) : Dataset<Tensor[]>
    {
        private readonly Tensor _images = Work.Pattern(128, 3, 48, 48);
        private readonly Tensor _labels = Torch.Arange(128);

        public override long Count => 128;

        public override Tensor[] this[long index]
        {
            get
            {
                if (!scope)
                    return Sample(index);
                using var temporaries = new TensorScope();
                var sample = Sample(index);
                temporaries.Keep(sample[0]);
                temporaries.Keep(sample[1]);
                return sample;
            }
        }

        private Tensor[] Sample(long index)
        {
            var image = _images[index];
            for (var i = 0; i < 10; i++)
                image = (image * 1.1 - 0.05).Sin().Roll(1, 2);
            return [image, _labels[index]];
        }
    }

    private static Work Walk(Dataset<Tensor[]> dataset, int batchSize, int workers)
    {
        DataLoader Loader() => new(dataset, batchSize, shuffle: true, numWorkers: workers, persistentWorkers: workers > 0);

        var loader = Loader();
        return new Work(
            count =>
            {
                for (long i = 0; i < count; i++)
                {
                    foreach (var batch in loader)
                    {
                        foreach (var tensor in batch)
                            tensor.Dispose();
                    }
                }
            },
            () =>
            {
                Torch.ManualSeed(7);
                using var fresh = Loader();
                return Work.Digest(Torch.Cat([.. fresh.Select(static batch => batch[0].Flatten(1).Sum(1) * (batch[1] + 1))]));
            });
    }
}
