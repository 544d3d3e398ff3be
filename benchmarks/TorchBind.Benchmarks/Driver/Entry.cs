namespace TorchBind.Benchmarks.Driver;

/// <summary>One piece of work that every worker knows by its name.</summary>
/// <param name="Name">The name.</param>
/// <param name="PerCall">Whether it is a single call, whose cost over C++ is what is asked.</param>
/// <param name="Seconds">How long it may be measured.</param>
/// <param name="Slice">How long one slice is, in milliseconds.</param>
/// <param name="Threads">How many threads do the work; with several the clock counts, not the processor's time.</param>
/// <param name="InCpp">Whether the worker in C++ knows it too.</param>
internal sealed record Entry(string Name, bool PerCall = false, double Seconds = 2.5, double Slice = 15, int Threads = 1, bool InCpp = true)
{
    /// <summary>Whether it is about a file, which C++ has no part in.</summary>
    public bool IsFile => Name.StartsWith("file-", StringComparison.Ordinal);

    private static readonly string[] s_calls =
    [
        "add", "add_", "relu", "matmul-4x4", "view", "reshape", "transpose", "index-integer", "index-slice", "item", "zeros", "cat-2", "sum-dim",
        "mean-dims",
    ];

    /// <summary>All of them, in the order of the report.</summary>
    public static IReadOnlyList<Entry> All { get; } =
    [
        .. s_calls.Select(name => new Entry(name, PerCall: true)),
        new("no-grad", PerCall: true),
        new("shape[0]", PerCall: true),
        .. s_calls.Select(name => new Entry(name + "/grad", PerCall: true)),
        new("expression-50"),
        new("expression-50/grad"),
        new("cifar-b4-sgd", Seconds: 8, Slice: 25),
        new("cifar-b4-adam", Seconds: 8, Slice: 25),
        new("cifar-b64-sgd", Seconds: 10, Slice: 40),
        new("cifar-b64-adam", Seconds: 10, Slice: 40),
        new("optimizer-step-sgd"),
        new("optimizer-step-adam"),
        .. new[] { "1", "100", "1000" }.SelectMany(count => new[] { "sgd", "adam" }.Select(kind => new Entry($"optimizer-step-{count}-{kind}"))),
        new("perceptron-b1", Seconds: 4),
        new("resnet18-b1", Seconds: 8, Slice: 25),
        new("resnet18-b16", Seconds: 20, Slice: 25),
        new("lstm-step"),
        new("transformer-layer"),
        new("threads-1", Seconds: 5, Slice: 40),
        new("threads-2", Seconds: 5, Slice: 40, Threads: 2),
        new("threads-4", Seconds: 5, Slice: 40, Threads: 4),
        new("read-1M", Seconds: 4),
        new("read-1M-new", Seconds: 4),
        new("create-1M", Seconds: 4),
        .. new[] { "cheap", "tensors", "expensive" }.SelectMany(sample => new[] { 0, 2, 4 }.Select(workers =>
            new Entry($"loader-{sample}-w{workers}", Seconds: 6, Slice: 100, Threads: Math.Max(1, workers), InCpp: false))),
        new("file-resnet18-load", Seconds: 5, InCpp: false),
        new("file-resnet18-mmap", Seconds: 4, InCpp: false),
        new("file-resnet18-save", Seconds: 6, InCpp: false),
        new("file-1G-load", Seconds: 15, InCpp: false),
        new("file-1G-mmap", Seconds: 3, InCpp: false),
        new("file-1G-safetensors", Seconds: 15, InCpp: false),
    ];
}
