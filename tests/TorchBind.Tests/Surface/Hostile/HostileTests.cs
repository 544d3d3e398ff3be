using System.Diagnostics;
using System.Text.Json;
using TorchBind.Tests.Surface.Calls;

namespace TorchBind.Tests.Surface.Hostile;

/// <summary>
/// Every generated member with null, disposed, undefined, wrong-dtype, wrong-rank, zero-size and absurd arguments: exceptions only. The calls are made
/// in a process of their own, so that a member that kills it is known by name.
/// </summary>
public sealed class HostileTests
{
    private const string FromVariable = "TORCHBIND_HOSTILE_FROM", StepVariable = "TORCHBIND_HOSTILE_STEP", LogVariable = "TORCHBIND_HOSTILE_LOG";

    private static readonly string s_reasonsFile = Path.Combine(PythonOracle.Root, "tests", "TorchBind.Tests", "Surface", "Hostile", "absurd-numbers.json");

    [Test, CancelAfter(300_000)]
    public void AFewMembersSurviveAnything() => Sweep(step: 40);

    [Test, Explicit("takes minutes: ./build.sh --target=Parity"), Category("Parity")]
    public void EveryMemberSurvivesAnything() => Sweep(step: 1);

    private static void Sweep(int step)
    {
        var log = Path.GetTempFileName();
        var excused = JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(s_reasonsFile))!;
        var deadly = new List<string>();
        try
        {
            var from = int.Parse(Environment.GetEnvironmentVariable(FromVariable) ?? "0");
            while (from < HostileCalls.Members.Length)
            {
                File.WriteAllText(log, "");
                var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
                start.ArgumentList.Add(typeof(HostileTests).Assembly.Location);
                foreach (var argument in new[] { "--no-ansi", "--filter", $"FullyQualifiedName~{nameof(MembersFromHere)}" })
                    start.ArgumentList.Add(argument);
                start.Environment[FromVariable] = from.ToString();
                start.Environment[StepVariable] = step.ToString();
                start.Environment[LogVariable] = log;
                start.Environment["OMP_NUM_THREADS"] = "1";
                using var process = Process.Start(start)!;
                var errors = process.StandardError.ReadToEndAsync();
                var output = process.StandardOutput.ReadToEndAsync();
                var length = 0L;
                while (!process.WaitForExit(30_000))
                {
                    // Not a word for half a minute: the call does not end.
                    if (new FileInfo(log).Length == length)
                        process.Kill();
                    length = new FileInfo(log).Length;
                }
                var lines = File.ReadAllLines(log);
                if (lines.Length > 0 && lines[^1].StartsWith("end ", StringComparison.Ordinal))
                {
                    foreach (var line in lines.Where(l => l.StartsWith("bad ", StringComparison.Ordinal)))
                        deadly.Add(line);
                    TestContext.Out.WriteLine(lines[^1]);
                    break;
                }
                var last = lines.Last(l => l.StartsWith("at ", StringComparison.Ordinal)).Split('\t');
                deadly.Add($"{(process.ExitCode == 137 ? "never returns" : $"dies ({process.ExitCode})")}: {last[2]} with {last[3]}");
                TestContext.Out.WriteLine(deadly[^1]);
                from = int.Parse(last[1]) + step;
                _ = errors.Result + output.Result;
            }
        }
        finally
        {
            File.Delete(log);
        }
        TestContext.Out.WriteLine($"hostile sweep on libtorch {Torch.Version}: {HostileCalls.Members.Length} members, one of {step} called, {excused.Count} spared absurd numbers");
        Assert.That(deadly, Is.Empty);
    }

    /// <summary>The child's half: calls members and writes down which, before each call.</summary>
    [Test, Explicit("run by the others, in a process of its own"), Category("HostileChild")]
    public void MembersFromHere()
    {
        var (from, step) = (int.Parse(Environment.GetEnvironmentVariable(FromVariable) ?? "0"), int.Parse(Environment.GetEnvironmentVariable(StepVariable) ?? "1"));
        using var log = new StreamWriter(Environment.GetEnvironmentVariable(LogVariable) ?? "/dev/stderr") { AutoFlush = true };
        var excused = JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(s_reasonsFile))!;
        long calls = 0, threw = 0;
        var before = LiveBytes();
        for (var i = from; i < HostileCalls.Members.Length; i += step)
        {
            var method = HostileCalls.Members[i];
            var label = HostileCalls.Label(method);
            var spared = excused.ContainsKey($"{method.DeclaringType!.Name}.{method.Name}");
            foreach (var (name, target, arguments) in HostileCalls.Attacks(method))
            {
                if (spared && (name.StartsWith("numbers", StringComparison.Ordinal) || name.StartsWith("index out of range", StringComparison.Ordinal)))
                    continue;
                log.WriteLine($"at \t{i}\t{label}\t{name}");
                calls++;
                try
                {
                    using var scope = new TensorScope();
                    MemberCaller.Call(method, target(), arguments());
                }
                catch (Exception exception)
                {
                    threw++;
                    if (exception is NullReferenceException or AccessViolationException or IndexOutOfRangeException or InvalidProgramException)
                        log.WriteLine($"bad {label} with {name}: {exception.GetType().Name}");
                }
            }
        }
        var after = LiveBytes();
        // libtorch keeps a few constants that it makes at the first use.
        if (after > before + 4096)
            log.WriteLine($"bad memory: {after - before} bytes are left");
        log.WriteLine($"end {calls} calls, {threw} exceptions, native memory {before} bytes before, {after} after");
    }

    private static long LiveBytes()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        return TorchBind.Diagnostics.TensorMemory.LiveBytes;
    }
}
