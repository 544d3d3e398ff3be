namespace TorchBind.Benchmarks.Driver;

/// <summary>One thing that the figures have to show.</summary>
/// <param name="Name">What is asked.</param>
/// <param name="Limit">The most that the value may be.</param>
/// <param name="Value">What was measured; in a group of entries the worst, or the one in the middle.</param>
/// <param name="Where">The entry that the value is from.</param>
internal sealed record Target(string Name, double Limit, double Value, string Where)
{
    public bool Holds => Value <= Limit;

    /// <summary>Other entries of the group that miss it.</summary>
    public IReadOnlyList<string> Misses { get; init; } = [];
}

internal static class Targets
{
    public static IReadOnlyList<Target> Judge(IReadOnlyList<Result> results, ProgramResults? programs)
    {
        var targets = new List<Target>();
        var complete = results.Where(result => result.Has(Side.Cpp) && result.Has(Side.Python) && result.Has(Side.TorchBind)).ToArray();
        var calls = complete.Where(result => result.Entry.PerCall).ToArray();
        var small = complete.Where(result => result.Entry.PerCall || result.Entry.Name.StartsWith("expression", StringComparison.Ordinal)).ToArray();

        void Worst(string name, double limit, IReadOnlyCollection<Result> group, Func<Result, double> value)
        {
            if (group.Count == 0)
                return;
            var sorted = group.Select(result => (result.Entry.Name, Value: value(result))).OrderByDescending(pair => pair.Value).ToArray();
            targets.Add(new Target(name, limit, sorted[0].Value, sorted[0].Name)
            {
                Misses = [.. sorted.Skip(1).Where(pair => pair.Value > limit).Select(pair => pair.Name)],
            });
        }

        void Ratio(string entry, string other, double limit, string side = Side.TorchBind)
        {
            if (results.FirstOrDefault(result => result.Entry.Name == entry) is { } result && result.Has(side) && result.Has(other))
                targets.Add(new Target($"{entry}: {side} / {other}", limit, result.Ratio(side, other).Median, entry));
        }

        Worst("per call: (torchbind - cpp) / (python - cpp), worst", 1.0 / 3, small,
            result => result.Difference(Side.TorchBind, Side.Cpp).Median / result.Difference(Side.Python, Side.Cpp).Median);
        if (calls.Length != 0)
        {
            var middle = calls.Select(result => (result.Entry.Name, Value: result.Difference(Side.TorchBind, Side.Cpp).Median))
                .OrderBy(pair => pair.Value).ElementAt(calls.Length / 2);
            targets.Add(new Target("per call: torchbind - cpp in ns, median entry", 100, middle.Value, middle.Name));
        }
        Worst("per call: torchbind / python, worst", 1, small, result => result.Ratio(Side.TorchBind, Side.Python).Median);
        foreach (var optimizer in new[] { "sgd", "adam" })
        {
            Ratio("cifar-b4-" + optimizer, Side.Cpp, 1.08);
            Ratio("cifar-b4-" + optimizer, Side.Python, 0.75);
            Ratio("cifar-b64-" + optimizer, Side.Cpp, 1.03);
        }
        Ratio("perceptron-b1", Side.Cpp, 1.03);
        Ratio("resnet18-b16", Side.Cpp, 1.03);
        Ratio("read-1M", Side.Memcpy, 1.25);
        Ratio("create-1M", Side.Memcpy, 1.25);
        Ratio("loader-cheap-w2", Side.Python, 1.0 / 3);
        Ratio("cifar-b4-sgd", Side.Scope, 1.15, Side.Collected);
        Ratio("cifar-b64-sgd", Side.Scope, 1.15, Side.Collected);
        Ratio("file-resnet18-load", Side.Python, 0.8);
        Ratio("file-resnet18-mmap", Side.Python, 0.5);
        Ratio("file-resnet18-save", Side.Python, 1);
        Ratio("file-1G-load", Side.Read, 1.15);
        Ratio("file-1G-safetensors", Side.Read, 1.15);
        if (programs is null)
            return targets;

        var peaks = programs.Runs.ToDictionary(run => (run.Name, run.Side), run => run.PeakBytes);
        foreach (var program in new[] { "temporaries", "train" })
            targets.Add(new Target($"{program}, nothing disposed: peak memory / python", 1.3, peaks[(program, Side.Collected)] / peaks[(program, Side.Python)], program));
        targets.Add(new Target("mixed load: tensors alive after - before", 0, programs.Mixed.TensorsAfter - programs.Mixed.TensorsBefore, "mixed"));
        targets.Add(new Target("mixed load: bytes alive after - before", 0, programs.Mixed.BytesAfter - programs.Mixed.BytesBefore, "mixed"));
        targets.Add(new Target("start-up: torchbind / python", 0.5,
            Spread.Of(programs.StartUp[Side.TorchBind].Zip(programs.StartUp[Side.Python], static (a, b) => a / b)).Median, "start-up"));
        return targets;
    }
}
