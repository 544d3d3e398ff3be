using System.Diagnostics;
using System.Globalization;

namespace TorchBind.Benchmarks.Worker;

/// <summary>Programs that run once: what is asked of them is how long they take and how much memory.</summary>
internal static class Programs
{
    public static int Run(string name, string[] arguments)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        switch (name)
        {
            case "temporaries":
                Temporaries();
                return 0;
            default:
                Console.Error.WriteLine("no program " + name);
                return 2;
        }
    }

    private static void Report(long start)
    {
        var elapsed = Stopwatch.GetElapsedTime(start);
        var peak = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        var kilobytes = long.Parse(peak.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        Console.WriteLine($"{kilobytes * 1024} {elapsed.TotalNanoseconds}");
    }

    /// <summary>Temporaries of a megabyte each, none of them disposed.</summary>
    private static void Temporaries()
    {
        var a = Work.Pattern(512, 512);
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < 20_000; i++)
        {
            var c = (a * 2).Relu().Sum();
        }
        Report(start);
    }
}
