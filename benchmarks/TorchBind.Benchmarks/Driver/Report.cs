namespace TorchBind.Benchmarks.Driver;

/// <summary>The tables on the console.</summary>
internal static class Report
{
    public static void Head(string version)
    {
        Console.WriteLine($"libtorch {version}: medians, in brackets the quarters; differences and ratios are of slices side by side");
        Console.WriteLine();
        Console.WriteLine($"{"",-20} {"C++",24} {"Python",24} {"TorchBind",24} {"TB - C++",9} {"Py - C++",9} {"part",5} {"TB/C++",6} {"TB/Py",6} {"scope",9} {"gc",9} {"memcpy",9} {"read",9} {"bytes",6}");
    }

    public static void Line(Result result)
    {
        string Side(string side)
        {
            if (!result.Has(side))
                return "-";
            var spread = result.Of(side);
            var (unit, divisor) = Unit(spread.Median);
            return $"{Number(spread.Median / divisor)} {unit} [{Number(spread.Q1 / divisor)}, {Number(spread.Q3 / divisor)}]";
        }

        string Short(string side) => result.Has(side) ? Time(result.Of(side).Median) : "";

        string Ratio(string other) =>
            result.Has(Driver.Side.TorchBind) && result.Has(other) ? $"{result.Ratio(Driver.Side.TorchBind, other).Median:F2}" : "";

        string torchbind = "", python = "", part = "";
        if (result.Has(Driver.Side.Cpp) && result.Has(Driver.Side.Python))
        {
            var p = result.Difference(Driver.Side.Python, Driver.Side.Cpp).Median;
            python = Time(p);
            if (result.Has(Driver.Side.TorchBind))
            {
                var t = result.Difference(Driver.Side.TorchBind, Driver.Side.Cpp).Median;
                torchbind = Time(t);
                part = $"{t / p:F2}";
            }
        }
        Console.WriteLine($"{result.Entry.Name,-20} {Side(Driver.Side.Cpp),24} {Side(Driver.Side.Python),24} {Side(Driver.Side.TorchBind),24} "
            + $"{torchbind,9} {python,9} {part,5} {Ratio(Driver.Side.Cpp),6} {Ratio(Driver.Side.Python),6} "
            + $"{Short(Driver.Side.Scope),9} {Short(Driver.Side.Collected),9} {Short(Driver.Side.Memcpy),9} {Short(Driver.Side.Read),9} {result.Allocated,6:F0}");
    }

    public static void Programs(ProgramResults programs)
    {
        Console.WriteLine();
        foreach (var (side, times) in programs.StartUp)
            Console.WriteLine($"start-up to the first result  {side,-10} {Time(Spread.Of(times).Median)}");
        foreach (var run in programs.Runs)
            Console.WriteLine($"{run.Name,-29} {run.Side,-10} peak {run.PeakBytes / (1 << 20):F0} MiB, {Time(run.Nanoseconds)}");
        var mixed = programs.Mixed;
        Console.WriteLine($"mixed load, {mixed.Seconds:F0} s, {mixed.Operations} operations: tensors {mixed.TensorsBefore} -> {mixed.TensorsAfter}, "
            + $"bytes {mixed.BytesBefore} -> {mixed.BytesAfter}");
    }

    public static void Targets(IReadOnlyList<Target> targets)
    {
        Console.WriteLine();
        foreach (var target in targets)
        {
            var misses = target.Misses.Count == 0 ? "" : "; also " + string.Join(", ", target.Misses);
            Console.WriteLine($"{(target.Holds ? "holds " : "MISSED")} {target.Name}: {target.Value:0.###} (at most {target.Limit:0.###}; {target.Where}{misses})");
        }
    }

    private static (string Unit, double Divisor) Unit(double nanoseconds) => Math.Abs(nanoseconds) switch
    {
        < 10e3 => ("ns", 1),
        < 10e6 => ("us", 1e3),
        _ => ("ms", 1e6),
    };

    private static string Number(double value) => Math.Abs(value) < 10 ? $"{value:F1}" : $"{value:F0}";

    private static string Time(double nanoseconds)
    {
        var (unit, divisor) = Unit(nanoseconds);
        return $"{Number(nanoseconds / divisor)} {unit}";
    }
}
