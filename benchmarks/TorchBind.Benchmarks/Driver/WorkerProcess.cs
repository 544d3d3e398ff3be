using System.Diagnostics;
using System.Globalization;

namespace TorchBind.Benchmarks.Driver;

/// <summary>How to start a worker: a program with its first arguments.</summary>
internal sealed record WorkerCommand(string Program, params string[] Arguments)
{
    /// <summary>A process of this worker with the settings that all sides share.</summary>
    /// <param name="arguments">More arguments.</param>
    /// <param name="keepMemory">Keeps malloc from giving memory back between slices, which costs one side or the other by luck.</param>
    public ProcessStartInfo StartInfo(IEnumerable<string> arguments, bool keepMemory)
    {
        var info = new ProcessStartInfo(Program, [.. Arguments, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        info.Environment["OMP_NUM_THREADS"] = "1";
        info.Environment["OPENBLAS_NUM_THREADS"] = "1";
        if (keepMemory)
            info.Environment["GLIBC_TUNABLES"] = "glibc.malloc.trim_threshold=1073741824:glibc.malloc.mmap_threshold=33554432";
        return info;
    }
}

/// <summary>A worker that stays alive and answers one line for each line.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private readonly Process _process;

    public WorkerProcess(string name, WorkerCommand command, params string[] arguments)
    {
        Name = name;
        _process = Process.Start(command.StartInfo(arguments, keepMemory: true))!;
        var ready = _process.StandardOutput.ReadLine();
        if (ready != "ready")
            throw new BenchmarkException($"The worker {name} did not start: {ready ?? "no answer"}");
        Entries = Ask("list").Split(' ', StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal);
    }

    public string Name { get; }

    public IReadOnlySet<string> Entries { get; }

    public string Check(string entry) => Ask("check " + entry);

    public void Warm(string entry) => Ask("warm " + entry);

    /// <summary>Does the work so many times; nanoseconds on the clock, and of the processor's time over all threads.</summary>
    public (double Clock, double Processor) Run(string entry, long count)
    {
        var answer = Ask(string.Create(CultureInfo.InvariantCulture, $"run {entry} {count}")).Split(' ');
        return (double.Parse(answer[0], CultureInfo.InvariantCulture), double.Parse(answer[1], CultureInfo.InvariantCulture));
    }

    /// <summary>Bytes that the work allocates on the managed heap, per call.</summary>
    public double Allocated(string entry) => double.Parse(Ask("allocated " + entry), CultureInfo.InvariantCulture);

    private string Ask(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
        var answer = _process.StandardOutput.ReadLine() ?? throw new BenchmarkException($"The worker {Name} ended at: {line}");
        if (answer.StartsWith("error: ", StringComparison.Ordinal))
            throw new BenchmarkException($"{Name}, {line}: {answer["error: ".Length..]}");
        return answer;
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(5_000))
            _process.Kill();
        _process.Dispose();
    }
}

internal sealed class BenchmarkException(string message) : Exception(message);
