using System.Diagnostics;
using System.Globalization;

namespace TorchBind.Benchmarks.Driver;

/// <summary>The names of the sides of a comparison.</summary>
internal static class Side
{
    public const string Cpp = "cpp";
    public const string Python = "python";
    /// <summary>TorchBind as one writes it: single results with <c>using</c>, whole steps in a <c>TensorScope</c>.</summary>
    public const string TorchBind = "torchbind";
    /// <summary>Single calls whose results a <c>TensorScope</c> frees.</summary>
    public const string Scope = "scope";
    /// <summary>Nothing is disposed: the garbage collector does it.</summary>
    public const string Collected = "gc";
    /// <summary>What a copy of the same bytes costs.</summary>
    public const string Memcpy = "memcpy";
    /// <summary>What it costs to read the bytes of the file once into one block.</summary>
    public const string Read = "read";
}

/// <summary>Starts the workers, asks them in turn, prints and writes what they say.</summary>
internal static class Bench
{
    private sealed record Seat(string Side, WorkerProcess Worker, string Entry)
    {
        public long Count { get; set; }
    }

    public static int Run(string[] arguments)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        var options = Options.Parse(arguments);
        var self = new WorkerCommand(Environment.ProcessPath!, typeof(Bench).Assembly.Location);
        var cpp = new WorkerCommand(options.Cpp);
        var python = new WorkerCommand(options.Python, options.PythonWorker);
        var watch = Stopwatch.StartNew();

        Environment.SetEnvironmentVariable("TORCHBIND_BENCH_FILES", Path.GetFullPath(Path.Combine(options.Output, "files")));
        using var cppWorker = new WorkerProcess("C++", cpp);
        using var pythonWorker = new WorkerProcess("Python", python);
        using var worker = new WorkerProcess("TorchBind", self, "--worker");
        var entries = Entry.All.Where(entry => options.Wants(entry.Name)).ToArray();
        if (options.Smoke)
            return Smoke([.. entries.Where(static e => !e.Name.StartsWith("file-1G", StringComparison.Ordinal))], cppWorker, pythonWorker, worker);

        // What is never disposed, and what is freed many at a time, get processes of their own: the garbage of the one, and the state in which the other
        // leaves malloc's lists (0.1 us a call of cat with glibc 2.41), are not the other sides' to pay for.
        using var collected = new WorkerProcess("TorchBind without Dispose", self, "--worker");
        using var scoped = new WorkerProcess("TorchBind with scopes", self, "--worker");
        var random = new Random(1);
        var results = new List<Result>();
        Report.Head(Torch.Version);
        foreach (var entry in entries)
        {
            Seat[] candidates =
            [
                new(Side.Cpp, cppWorker, entry.Name),
                new(Side.Python, pythonWorker, entry.Name),
                new(Side.TorchBind, worker, entry.Name),
                new(Side.Scope, scoped, entry.Name + "@scope"),
                new(Side.Collected, collected, entry.Name + "@gc"),
                new(Side.Memcpy, cppWorker, entry.Name + "@memcpy"),
                new(Side.Read, worker, entry.Name + "@read"),
            ];
            Seat[] seats = [.. candidates.Where(seat => seat.Worker.Entries.Contains(seat.Entry))];
            if (results.Count == 0)
                Measure(entry, seats, options.Budget, random); // the first entry would pay for the start of all processes
            var result = Measure(entry, seats, options.Budget, random);
            if (result.Has(Side.TorchBind) && !entry.IsFile)
                result = result with { Allocated = worker.Allocated(entry.Name) };
            results.Add(result);
            Report.Line(result);
        }

        var programs = options.Programs ? ProgramResults.Measure(options, cpp, python, self) : null;
        if (programs is not null)
            Report.Programs(programs);
        var files = options.Tool.Length > 0 && entries.Any(static entry => entry.Name == "file-1G-load") ? FileResults.Measure(options, self) : null;
        files?.Report();
        var targets = Targets.Judge(results, programs);
        if (files is not null)
            targets = [.. targets, .. files.Targets()];
        Report.Targets(targets);
        Summary.Write(Path.Combine(options.Output, "summary.json"), Torch.Version, results, programs, files, targets, replaceAll: options.Filter.Length == 0);
        Console.WriteLine($"\n{watch.Elapsed.TotalSeconds:F0} s");
        return 0;
    }

    private static Result Measure(Entry entry, Seat[] seats, double budget, Random random)
    {
        var seconds = 0.0; // of one round
        foreach (var seat in seats)
        {
            seat.Worker.Warm(seat.Entry);
            seat.Count = Calibrate(entry, seat);
            seconds += seat.Worker.Run(seat.Entry, seat.Count).Clock / 1e9;
        }
        var rounds = Math.Clamp((int)(entry.Seconds * budget / seconds), 5, 101);
        var samples = seats.ToDictionary(seat => seat.Side, _ => new double[rounds]);
        for (var round = 0; round < rounds; round++)
        {
            random.Shuffle(seats);
            foreach (var seat in seats)
            {
                var (clock, processor) = seat.Worker.Run(seat.Entry, seat.Count);
                // Where the clock says more than the processor's time, the process waited for a core that others had.
                samples[seat.Side][round] = (entry.Threads == 1 ? Math.Min(clock, processor) : clock) / seat.Count;
            }
        }
        return new Result(entry, samples);
    }

    // The number of calls that fill a slice.
    private static long Calibrate(Entry entry, Seat seat)
    {
        long count = entry.Threads;
        while (true)
        {
            var milliseconds = seat.Worker.Run(seat.Entry, count).Clock / 1e6;
            var wanted = (long)(count * entry.Slice / milliseconds);
            if (milliseconds >= entry.Slice / 4)
                return Math.Max(entry.Threads, wanted / entry.Threads * entry.Threads);
            count = Math.Clamp(wanted, count * 2, count * 10) / entry.Threads * entry.Threads;
        }
    }

    // Do all workers have every entry, does it run, and do they come to the same result?
    private static int Smoke(Entry[] entries, params WorkerProcess[] workers)
    {
        var failures = 0;
        foreach (var entry in entries)
        {
            var asked = entry.InCpp ? workers : workers[1..];
            var missing = asked.Where(worker => !worker.Entries.Contains(entry.Name)).Select(worker => worker.Name).ToArray();
            var answers = missing.Length == 0 ? asked.Select(worker => worker.Check(entry.Name)).ToArray() : [];
            var problem = missing.Length != 0 ? $"missing in {string.Join(", ", missing)}"
                : answers.Any(answer => !Agree(answers[0], answer)) ? string.Join(" | ", asked.Zip(answers, (w, a) => $"{w.Name}: {a}"))
                : null;
            foreach (var worker in asked)
            {
                foreach (var name in worker.Entries.Where(name => name == entry.Name || name.StartsWith(entry.Name + "@", StringComparison.Ordinal)))
                {
                    worker.Run(name, entry.Threads);
                    if (missing.Length == 0 && !name.EndsWith("@memcpy", StringComparison.Ordinal) && !Agree(answers[0], worker.Check(name)))
                        problem ??= $"{worker.Name}, {name}: {worker.Check(name)}, not {answers[0]}";
                }
            }
            if (problem is null)
                continue;
            failures++;
            Console.WriteLine($"FAILED {entry.Name}: {problem}");
        }
        Console.WriteLine($"{entries.Length - failures} entries agree, {failures} do not");
        return failures == 0 ? 0 : 1;
    }

    // The same shape, and numbers that differ by rounding at most.
    private static bool Agree(string left, string right)
    {
        var (a, b) = (left.LastIndexOf(' '), right.LastIndexOf(' '));
        if (left[..a] != right[..b])
            return false;
        var (x, y) = (double.Parse(left[a..], CultureInfo.InvariantCulture), double.Parse(right[b..], CultureInfo.InvariantCulture));
        return Math.Abs(x - y) <= 1e-5 * Math.Max(1, Math.Abs(x));
    }
}
