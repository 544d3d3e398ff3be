using System.Globalization;

namespace TorchBind.Examples.Digits;

/// <summary>What the command line asks for.</summary>
internal sealed record Options
{
    public const string Usage =
        """
        Trains a small convolutional network to read handwritten digits, saves it and loads it again.

          --data DIR       MNIST's IDX files (train-* and t10k-*, or t10k-* alone) instead of the digits that come along
          --epochs N       how often to go through the images; default 12, for MNIST 3
          --batch-size N   images in a step; default 32
          --lr X           learning rate; default 0.001
          --optimizer X    adam (default) or sgd
          --seed N         seed of weights, order and dropout; default 0
          --threads N      threads of libtorch; default: 1 for the small digits that come
                           along, for MNIST as many as it chooses
          --save FILE      where the weights go; default digits.pth
          --load FILE      takes the weights from a file, written here or by Python, and only tests them
          --losses N       only prints the losses of the first N steps, with 17 digits
          --logits         also prints the network's outputs for the test images, with 9 digits
        """;

    public string? Data { get; init; }
    public int? Epochs { get; init; }
    public int BatchSize { get; init; } = 32;
    public double LearningRate { get; init; } = 1e-3;
    public string Optimizer { get; init; } = "adam";
    public long Seed { get; init; }
    public int? Threads { get; init; }
    public string Save { get; init; } = "digits.pth";
    public string? Load { get; init; }
    public int? Losses { get; init; }
    public bool Logits { get; init; }

    /// <exception cref="ArgumentException">An option is unknown or its value is missing or wrong.</exception>
    public static Options Parse(string[] args)
    {
        var options = new Options();
        for (var i = 0; i < args.Length; i++)
        {
            var name = args[i];
            string Value() => ++i < args.Length ? args[i] : throw new ArgumentException($"{name} wants a value.");
            int Number() => int.TryParse(Value(), CultureInfo.InvariantCulture, out var number) && number > 0
                ? number
                : throw new ArgumentException($"{name} wants a positive number, not '{args[i]}'.");
            options = name switch
            {
                "--data" => options with { Data = Value() },
                "--epochs" => options with { Epochs = Number() },
                "--batch-size" => options with { BatchSize = Number() },
                "--lr" => options with { LearningRate = double.Parse(Value(), CultureInfo.InvariantCulture) },
                "--optimizer" => options with { Optimizer = Value() is "adam" or "sgd" ? args[i] : throw new ArgumentException($"There is no optimizer '{args[i]}'.") },
                "--seed" => options with { Seed = long.Parse(Value(), CultureInfo.InvariantCulture) },
                "--threads" => options with { Threads = Number() },
                "--save" => options with { Save = Value() },
                "--load" => options with { Load = Value() },
                "--losses" => options with { Losses = Number() },
                "--logits" => options with { Logits = true },
                _ => throw new ArgumentException($"Unknown option {name}."),
            };
        }
        return options;
    }
}
