using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json;
using TorchBind.Diagnostics;
using TorchBind.Interop;

namespace TorchBind.Tool;

/// <summary><c>torchbind doctor</c>: which libtorch was found, what it can do, and what is wrong.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var json = Options.Json();
        var command = new Command("doctor", "Tells which libtorch was found and where, its version, processor, BLAS, threads, devices, and what is wrong.") { json };
        command.SetAction(result => Exit.Guard(result.GetValue(json), () => Run(result.GetValue(json))));
        return command;
    }

    private static int Run(bool json)
    {
        var lines = new List<(string Name, string Key, string Value)>
        {
            ("TorchBind", "torchbind", typeof(Torch).Assembly.GetName().Version!.ToString(3)),
            (".NET", "dotnet", $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}"),
            ("system", "system", RuntimeInformation.OSDescription),
            ("processors", "processors", Environment.ProcessorCount.ToString()),
            (LibtorchInfo.Variable, "variable", Environment.GetEnvironmentVariable(LibtorchInfo.Variable) ?? ""),
        };
        var problems = new List<string>();
        try
        {
            lines.Add(("libtorch", "libtorch", LibtorchInfo.LibraryPath));
            lines.Add(("version", "version", Torch.Version));
            lines.Add(("shim", "shim", LibtorchInfo.ShimPath));
            lines.Add(("processor features", "cpuCapability", LibtorchInfo.CpuCapability));
            lines.Add(("BLAS", "blas", LibtorchInfo.Blas));
            lines.Add(("threads in an operation", "threads", Torch.GetNumThreads().ToString()));
            lines.Add(("threads between operations", "interopThreads", Torch.GetNumInteropThreads().ToString()));
            lines.Add(("parallelism", "parallelism", LibtorchInfo.ParallelBackend));
            lines.Add(("devices", "devices", string.Join(", ", LibtorchInfo.Devices().Select(static d => d.ToString()))));
            Try(problems);
        }
        catch (Exception exception)
        {
            problems.Add(Exit.Message(exception));
        }

        if (json)
        {
            Options.WriteJson(writer =>
            {
                writer.WriteStartObject();
                foreach (var (_, key, value) in lines)
                    writer.WriteString(key, value);
                writer.WriteStartArray("problems");
                foreach (var problem in problems)
                    writer.WriteStringValue(problem);
                writer.WriteEndArray();
                writer.WriteEndObject();
            });
        }
        else
        {
            foreach (var (name, _, value) in lines)
                Console.WriteLine($"{name,-27} {(value.Length == 0 ? "not set" : value)}");
            foreach (var problem in problems)
                Console.WriteLine("\nproblem: " + problem);
            if (problems.Count == 0)
                Console.WriteLine("\nnothing wrong");
        }
        return problems.Count == 0 ? Exit.Fine : Exit.Found;
    }

    // The settings that make libtorch slow, and a product with its gradient.
    private static void Try(List<string> problems)
    {
        if (Torch.GetNumThreads() > Environment.ProcessorCount)
            problems.Add($"libtorch uses {Torch.GetNumThreads()} threads on {Environment.ProcessorCount} processors; look at OMP_NUM_THREADS.");
        if (LibtorchInfo.CpuCapability is "DEFAULT" or "NO AVX")
            problems.Add("libtorch uses no vector instructions of this processor (ATEN_CPU_CAPABILITY may say so); it is several times slower than it could be.");
        try
        {
            var x = Torch.Ones([64, 64], requiresGrad: true);
            x.Matmul(x).Sum().Backward();
            if (x.Grad is not { } grad || !grad.Eq(128).All().Item<bool>())
                problems.Add("A matrix product and its gradient gave wrong numbers: the BLAS of this libtorch is broken.");
        }
        catch (Exception exception)
        {
            problems.Add("A matrix product failed: " + Exit.Message(exception));
        }
    }
}
