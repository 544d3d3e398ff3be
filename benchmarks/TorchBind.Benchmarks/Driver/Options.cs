namespace TorchBind.Benchmarks.Driver;

/// <summary>What the caller asked for. docs/performance.md describes the options.</summary>
internal sealed record Options
{
    public string Cpp { get; private init; } = "";
    public string Python { get; private init; } = "";
    public string PythonWorker { get; private init; } = "";
    public string Tool { get; private init; } = "";
    public string Output { get; private init; } = ".";
    public string[] Filter { get; private init; } = [];
    public bool Smoke { get; private init; }
    public bool Programs { get; private init; } = true;
    public double Budget { get; private init; } = 1;
    public int MixedSeconds { get; private init; } = 20;

    public bool Wants(string entry) =>
        Filter.Length == 0 || Filter.Any(part => part.EndsWith('*') ? entry.StartsWith(part[..^1], StringComparison.Ordinal) : entry == part);

    public static Options Parse(string[] arguments)
    {
        var options = new Options();
        foreach (var argument in arguments)
        {
            var equals = argument.IndexOf('=', StringComparison.Ordinal);
            var (name, value) = equals < 0 ? (argument, "") : (argument[..equals], argument[(equals + 1)..]);
            options = name switch
            {
                "--cpp" => options with { Cpp = value },
                "--python" => options with { Python = value },
                "--python-worker" => options with { PythonWorker = value },
                "--tool" => options with { Tool = value },
                "--output" => options with { Output = value },
                "--filter" => options with { Filter = value.Split(',', StringSplitOptions.RemoveEmptyEntries) },
                "--smoke" => options with { Smoke = true },
                "--no-programs" => options with { Programs = false },
                "--budget" => options with { Budget = double.Parse(value, System.Globalization.CultureInfo.InvariantCulture) },
                "--mixed-seconds" => options with { MixedSeconds = int.Parse(value, System.Globalization.CultureInfo.InvariantCulture) },
                _ => throw new ArgumentException($"unknown option {argument}; docs/performance.md lists them"),
            };
        }
        return options;
    }
}
