namespace TorchBind.Benchmarks.Driver;

/// <summary>The middle of some numbers, and the quarters below and above.</summary>
internal readonly record struct Spread(double Median, double Q1, double Q3)
{
    public static Spread Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return new Spread(Quantile(sorted, 0.5), Quantile(sorted, 0.25), Quantile(sorted, 0.75));
    }

    private static double Quantile(double[] sorted, double q)
    {
        var position = q * (sorted.Length - 1);
        var low = (int)position;
        var high = Math.Min(low + 1, sorted.Length - 1);
        return sorted[low] + (sorted[high] - sorted[low]) * (position - low);
    }
}

/// <summary>What one entry's slices said: for each side the nanoseconds per call, round by round.</summary>
internal sealed record Result(Entry Entry, IReadOnlyDictionary<string, double[]> Samples)
{
    /// <summary>Bytes on the managed heap per call.</summary>
    public double? Allocated { get; init; }

    public bool Has(string side) => Samples.ContainsKey(side);

    public Spread Of(string side) => Spread.Of(Samples[side]);

    /// <summary>The ratio of two sides, from slices that were taken next to each other.</summary>
    public Spread Ratio(string side, string other) => Spread.Of(Samples[side].Zip(Samples[other], static (a, b) => a / b));

    /// <summary>The difference of two sides, from slices that were taken next to each other.</summary>
    public Spread Difference(string side, string other) => Spread.Of(Samples[side].Zip(Samples[other], static (a, b) => a - b));
}
