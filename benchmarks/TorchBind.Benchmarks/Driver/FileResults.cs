using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace TorchBind.Benchmarks.Driver;

/// <summary>
/// What slices cannot show of files: how long a process takes to say what is in one, and what of a mapped file is ever in memory.
/// </summary>
/// <param name="InspectStart">Nanoseconds of <c>torchbind inspect</c>, from the start of the process to its end.</param>
/// <param name="PythonStart">The same for <c>python -c "torch.load(...)"</c>.</param>
/// <param name="FirstTensor">Nanoseconds from opening a mapped file of a gigabyte to the sum of one of its tensors.</param>
/// <param name="TensorBytes">The size of that tensor.</param>
/// <param name="ResidentForOne">Bytes that became resident for it.</param>
/// <param name="ResidentForAll">Bytes that became resident once every tensor of the file was made, and none but that one read.</param>
/// <param name="ResidentOfFile">Bytes of the mapped file itself that were resident then.</param>
internal sealed record FileResults(
    double[] InspectStart, double[] PythonStart, double FirstTensor, double TensorBytes, double ResidentForOne, double ResidentForAll, double ResidentOfFile)
{
    /// <summary>
    /// For each file of a gigabyte, nanoseconds of the first load in a process and of the first reading of its bytes into one block: memory that is
    /// new to the process, but not to the machine.
    /// </summary>
    public IReadOnlyDictionary<string, (double[] Load, double[] Read)> FirstInProcess { get; private init; } = new Dictionary<string, (double[], double[])>();

    private const int Rounds = 7;
    private const int OnceRounds = 5;

    public static FileResults Measure(Options options, WorkerCommand self)
    {
        var folder = Environment.GetEnvironmentVariable("TORCHBIND_BENCH_FILES")!;
        string small = Path.Combine(folder, "resnet18.pth"), large = Path.Combine(folder, "state-1G.pth");
        var inspect = new WorkerCommand(self.Program, options.Tool, "inspect", small);
        var python = new WorkerCommand(options.Python, "-c", $"import torch; torch.load('{small}', weights_only=True)");
        double[] inspectTimes = new double[Rounds], pythonTimes = new double[Rounds];
        for (var round = -1; round < Rounds; round++) // the first one reads the files from the disk
        {
            var (a, b) = (Time(inspect), Time(python));
            if (round >= 0)
                (inspectTimes[round], pythonTimes[round]) = (a, b);
        }
        using var process = Process.Start(self.StartInfo(["--program", "mapped", large], keepMemory: false))!;
        var numbers = process.StandardOutput.ReadToEnd().Trim().Split(' ').Select(static word => double.Parse(word, CultureInfo.InvariantCulture)).ToArray();
        process.WaitForExit();
        var random = new Random(1);
        var once = new Dictionary<string, (double[], double[])>();
        foreach (var name in new[] { "state-1G.pth", "state-1G.safetensors" })
        {
            var file = Path.Combine(folder, name);
            // In random order, after a round that does not count.
            double[] load = new double[OnceRounds], read = new double[OnceRounds];
            for (var round = -1; round < OnceRounds; round++)
            {
                var loadFirst = random.Next(2) == 0;
                var before = loadFirst ? 0 : Once(self, "read-once", file);
                var a = Once(self, "load-once", file);
                var b = loadFirst ? Once(self, "read-once", file) : before;
                if (round >= 0)
                    (load[round], read[round]) = (a, b);
            }
            once[name] = (load, read);
        }
        return new FileResults(inspectTimes, pythonTimes, numbers[0], numbers[4], numbers[2] - numbers[1], numbers[3] - numbers[1], numbers[5])
        {
            FirstInProcess = once,
        };
    }

    public Target[] Targets() =>
    [
        new("cold start: torchbind inspect / python -c torch.load", 1, Spread.Of(InspectStart.Zip(PythonStart, static (a, b) => a / b)).Median, "resnet18.pth"),
        .. FirstInProcess.Select(static pair => new Target($"{pair.Key}, first in a process: torchbind / read", 1.15, Spread.Of(pair.Value.Load).Median / Spread.Of(pair.Value.Read).Median, pair.Key)),
        new("mapped 1 GB, one tensor read: resident bytes / the tensor's", 2, ResidentForAll / TensorBytes, "state-1G.pth"),
        new("mapped 1 GB, one tensor read: resident bytes of the file / the tensor's", 1.25, ResidentOfFile / TensorBytes, "state-1G.pth"),
    ];

    private static string Milliseconds(double[] times)
    {
        var spread = Spread.Of(times);
        return $"{spread.Median / 1e6:F0} ms [{spread.Q1 / 1e6:F0}, {spread.Q3 / 1e6:F0}]";
    }

    public void Report()
    {
        Console.WriteLine();
        Console.WriteLine($"cold start, 45 MB: torchbind inspect {Spread.Of(InspectStart).Median / 1e6:F0} ms, python -c torch.load {Spread.Of(PythonStart).Median / 1e6:F0} ms");
        foreach (var (name, (load, read)) in FirstInProcess)
            Console.WriteLine($"{name}, first in a process: torchbind {Milliseconds(load)}, its bytes into one block {Milliseconds(read)}");
        Console.WriteLine($"mapped, 1 GB: {FirstTensor / 1e6:F1} ms to the sum of a tensor of {TensorBytes / (1 << 20):F0} MiB; resident +{ResidentForOne / (1 << 20):F1} MiB with it, "
            + $"+{ResidentForAll / (1 << 20):F1} MiB with every tensor made, {ResidentOfFile / (1 << 20):F1} MiB of them the file's");
    }

    public JsonObject Entry(string libtorch) => new()
    {
        ["name"] = "files-once",
        ["libtorch"] = libtorch,
        ["unit"] = "ns",
        ["inspect"] = Spread.Of(InspectStart).Median,
        ["python"] = Spread.Of(PythonStart).Median,
        ["firstTensor"] = FirstTensor,
        ["residentForOne"] = ResidentForOne,
        ["residentForAll"] = ResidentForAll,
        ["residentOfFile"] = ResidentOfFile,
        ["once"] = new JsonObject(FirstInProcess.Select(static pair => KeyValuePair.Create<string, JsonNode?>(
            pair.Key, new JsonObject { ["load"] = Spread.Of(pair.Value.Load).Median, ["read"] = Spread.Of(pair.Value.Read).Median }))),
    };

    private static double Once(WorkerCommand self, string program, string file)
    {
        using var process = Process.Start(self.StartInfo(["--program", program, file], keepMemory: false))!;
        var line = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return double.Parse(line, CultureInfo.InvariantCulture);
    }

    private static double Time(WorkerCommand command)
    {
        var start = Stopwatch.GetTimestamp();
        using var process = Process.Start(command.StartInfo([], keepMemory: false))!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? Stopwatch.GetElapsedTime(start).TotalNanoseconds : throw new BenchmarkException($"{command.Program} {string.Join(' ', command.Arguments)}: exit code {process.ExitCode}");
    }
}
