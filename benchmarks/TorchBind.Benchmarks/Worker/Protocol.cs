using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace TorchBind.Benchmarks.Worker;

/// <summary>
/// A worker of the benchmarks. It stays alive and reads lines: <c>list</c>, <c>check ENTRY</c>, <c>warm ENTRY</c>, <c>run ENTRY COUNT</c>, as
/// the workers in C++ and Python do, and <c>allocated ENTRY</c>.
/// </summary>
internal static partial class Protocol
{
    public static int Serve()
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        Torch.SetNumThreads(1);
        var makers = new Dictionary<string, Func<Work>>(StringComparer.Ordinal);
        Calls.AddTo(makers);
        Data.AddTo(makers);
        Models.AddTo(makers);
        Loading.AddTo(makers);
        Files.AddTo(makers);
        var made = new Dictionary<string, Work>(StringComparer.Ordinal);
        Console.WriteLine("ready");
        while (Console.ReadLine() is { } line)
        {
            string answer;
            try
            {
                answer = Answer(makers, made, line.Split(' '));
            }
#pragma warning disable CA1031 // the driver prints it
            catch (Exception exception)
#pragma warning restore CA1031
            {
                answer = $"error: {exception.GetType().Name}: {exception.Message}".Split('\n')[0];
            }
            Console.WriteLine(answer);
        }
        return 0;
    }

    private static string Answer(Dictionary<string, Func<Work>> makers, Dictionary<string, Work> made, string[] words)
    {
        if (words[0] == "list")
            return string.Join(' ', makers.Keys);
        if (!makers.TryGetValue(words[1], out var maker))
            return "error: no entry " + words[1];
        if (!made.TryGetValue(words[1], out var work))
            made[words[1]] = work = maker();
        switch (words[0])
        {
            case "check":
                return work.Check();
            case "warm":
                Warm(work);
                return "ok";
            case "allocated":
                return Allocated(work).ToString(CultureInfo.InvariantCulture);
            case "run":
                var count = long.Parse(words[2], CultureInfo.InvariantCulture);
                var processor = ProcessorTime();
                var start = Stopwatch.GetTimestamp();
                work.Run(count);
                var elapsed = Stopwatch.GetElapsedTime(start);
                return string.Create(CultureInfo.InvariantCulture, $"{elapsed.TotalNanoseconds} {ProcessorTime() - processor}");
            default:
                return "error: no command " + words[0];
        }
    }

    // Tiered compilation goes from one stage to the next after thirty calls and a tenth of a second without new methods.
    private static void Warm(Work work)
    {
        for (var stage = 0; stage < 4; stage++)
        {
            var watch = Stopwatch.StartNew();
            for (var call = 0; call < 40 && watch.ElapsedMilliseconds < 100; call++)
                work.Run(call % 2 == 0 ? 1 : 64);
            Thread.Sleep(130);
        }
    }

    private static double Allocated(Work work)
    {
        const int Count = 1000;
        var watch = Stopwatch.StartNew();
        work.Run(4);
        var count = watch.ElapsedMilliseconds > 40 ? 4 : Count;
        var before = GC.GetAllocatedBytesForCurrentThread();
        work.Run(count);
        return (double)(GC.GetAllocatedBytesForCurrentThread() - before) / count;
    }

    // Over all threads, as the other workers measure it; Process.TotalProcessorTime counts in hundredths of a second.
    private static long ProcessorTime()
    {
        const int ProcessClock = 2;
        _ = clock_gettime(ProcessClock, out var time);
        return time.Seconds * 1_000_000_000 + time.Nanoseconds;
    }

    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [LibraryImport("libc")]
    private static partial int clock_gettime(int clock, out TimeSpec time);
}
