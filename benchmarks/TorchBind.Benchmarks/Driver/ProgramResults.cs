using System.Diagnostics;
using System.Globalization;

namespace TorchBind.Benchmarks.Driver;

/// <summary>What a program that ran once said: the most memory that was resident, in bytes, and its time.</summary>
internal sealed record ProgramRun(string Name, string Side, double PeakBytes, double Nanoseconds);

/// <summary>The load on several threads: what was alive before and after.</summary>
internal sealed record MixedLoad(double Seconds, long Operations, long TensorsBefore, long TensorsAfter, long BytesBefore, long BytesAfter);

/// <summary>Start-up times and the programs about memory.</summary>
internal sealed record ProgramResults(IReadOnlyDictionary<string, double[]> StartUp, IReadOnlyList<ProgramRun> Runs, MixedLoad Mixed)
{
    private const int StartUpRounds = 9;

    public static ProgramResults Measure(Options options, WorkerCommand cpp, WorkerCommand python, WorkerCommand self)
    {
        var startUp = StartUpTimes(cpp, new WorkerCommand(python.Program, "-c", "import torch; print(torch.ones(1).item())"), self);
        (string Name, string Side, WorkerCommand Command, string[] Arguments)[] programs =
        [
            ("temporaries", Side.Cpp, cpp, ["temporaries"]),
            ("temporaries", Side.Python, python, ["temporaries"]),
            ("temporaries", Side.Collected, self, ["--program", "temporaries"]),
            ("train", Side.Cpp, cpp, ["train"]),
            ("train", Side.Python, python, ["train"]),
            ("train", Side.TorchBind, self, ["--program", "train", "scope"]),
            ("train", Side.Collected, self, ["--program", "train"]),
        ];
        var runs = new List<ProgramRun>();
        foreach (var (name, side, command, arguments) in programs)
        {
            var numbers = Numbers(command, arguments);
            runs.Add(new ProgramRun(name, side, numbers[0], numbers[1]));
        }
        var m = Numbers(self, ["--program", "mixed", options.MixedSeconds.ToString(CultureInfo.InvariantCulture)]);
        return new ProgramResults(startUp, runs, new MixedLoad(m[0], (long)m[1], (long)m[2], (long)m[3], (long)m[4], (long)m[5]));
    }

    // From the start of the process to the line that it prints.
    private static Dictionary<string, double[]> StartUpTimes(WorkerCommand cpp, WorkerCommand python, WorkerCommand self)
    {
        (string Side, WorkerCommand Command, string[] Arguments)[] programs =
            [(Side.Cpp, cpp, ["first-result"]), (Side.Python, python, []), (Side.TorchBind, self, ["--program", "first-result"])];
        var times = programs.ToDictionary(p => p.Side, _ => new double[StartUpRounds]);
        for (var round = -1; round < StartUpRounds; round++) // the first one reads the files from the disk
        {
            foreach (var (side, command, arguments) in programs)
            {
                var start = Stopwatch.GetTimestamp();
                using var process = Process.Start(command.StartInfo(arguments, keepMemory: false))!;
                var line = process.StandardOutput.ReadLine();
                var elapsed = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
                process.WaitForExit();
                if (line is null || double.Parse(line, CultureInfo.InvariantCulture) != 1)
                    throw new BenchmarkException($"{side}, start-up: {line ?? "no answer"}");
                if (round >= 0)
                    times[side][round] = elapsed;
            }
        }
        return times;
    }

    private static double[] Numbers(WorkerCommand command, string[] arguments)
    {
        using var process = Process.Start(command.StartInfo(arguments, keepMemory: false))!;
        var line = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new BenchmarkException($"{string.Join(' ', arguments)}: exit code {process.ExitCode}");
        return [.. line.Split(' ').Select(word => double.Parse(word, CultureInfo.InvariantCulture))];
    }
}
