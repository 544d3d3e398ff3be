using System.Diagnostics;
using System.Globalization;
using TorchBind.Tests.Surface.Calls;

namespace TorchBind.Tests.Surface.Hostile;

/// <summary>One call of the sweep: a member of <see cref="HostileCalls.Members"/> and what it is attacked with.</summary>
internal sealed record HostileCase(int Member, int Attack, string Label, string Name)
{
    internal string Text => $"{Label} with {Name}";
}

/// <summary>What a process did with the cases that it was given.</summary>
/// <param name="Died">The case that ended the process; null where all were called.</param>
/// <param name="How">How it ended, where it died.</param>
/// <param name="Complaints">Exceptions that are none of ours, memory that is left.</param>
/// <param name="Summary">The last line of its log.</param>
internal sealed record HostileOutcome(HostileCase? Died, string How, List<string> Complaints, string Summary);

/// <summary>
/// The half of the sweep that may die: it runs in a process of its own, and writes down each call before it makes it. Memory of tensors is
/// fenced there (TORCHBIND_FENCE_MEMORY): a call that reads or writes behind a tensor dies at once, and not in an innocent one later.
/// </summary>
internal static class HostileChild
{
    private const string CasesVariable = "TORCHBIND_HOSTILE_CASES", LogVariable = "TORCHBIND_HOSTILE_LOG";

    // How long a call may take: only one that never ends takes longer.
    private const int PatienceInMilliseconds = 30_000;

    /// <summary>Every case of the members that are chosen, in a fixed order.</summary>
    internal static IEnumerable<HostileCase> All(int step = 1)
    {
        for (var i = 0; i < HostileCalls.Members.Length; i += step)
        {
            var label = HostileCalls.Label(HostileCalls.Members[i]);
            var attack = 0;
            foreach (var (name, _, _) in HostileCalls.Attacks(HostileCalls.Members[i]))
                yield return new HostileCase(i, attack++, label, name);
        }
    }

    /// <summary>Calls the cases in a new process, up to the one that kills it.</summary>
    /// <param name="cases">What to call.</param>
    /// <param name="guards">Whether libtorch's operators are guarded, as they are in every program.</param>
    /// <param name="fill">What new memory of tensors is filled with.</param>
    internal static HostileOutcome Run(IReadOnlyList<HostileCase> cases, bool guards = true, byte fill = 0xcb)
    {
        var (list, log) = (Path.GetTempFileName(), Path.GetTempFileName());
        try
        {
            File.WriteAllLines(list, cases.Select(c => $"{c.Member} {c.Attack}"));
            var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
            start.ArgumentList.Add(typeof(HostileTests).Assembly.Location);
            foreach (var argument in new[] { "--no-ansi", "--filter", $"FullyQualifiedName~{nameof(HostileTests.CallsGivenCases)}" })
                start.ArgumentList.Add(argument);
            start.Environment[CasesVariable] = list;
            start.Environment[LogVariable] = log;
            start.Environment["OMP_NUM_THREADS"] = "1";
            start.Environment["OPENBLAS_NUM_THREADS"] = "1";
            start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
            start.Environment["TORCHBIND_FENCE_MEMORY"] = fill.ToString(CultureInfo.InvariantCulture);
            if (!guards)
                start.Environment["TORCHBIND_GUARDS"] = "off";
            using var process = Process.Start(start)!;
            var errors = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEndAsync();
            var (length, hangs) = (-1L, false);
            while (!process.WaitForExit(PatienceInMilliseconds))
            {
                hangs = new FileInfo(log).Length == length;
                if (hangs)
                    process.Kill();
                length = new FileInfo(log).Length;
            }
            process.WaitForExit();
            return Read(File.ReadAllLines(log), cases, hangs ? "never returns" : $"dies ({process.ExitCode})", errors.Result + output.Result);
        }
        finally
        {
            File.Delete(list);
            File.Delete(log);
        }
    }

    private static HostileOutcome Read(string[] lines, IReadOnlyList<HostileCase> cases, string how, string output)
    {
        List<string> complaints = [.. lines.Where(l => l.StartsWith("bad ", StringComparison.Ordinal))];
        if (lines.Length > 0 && lines[^1].StartsWith("end ", StringComparison.Ordinal))
            return new HostileOutcome(null, "", complaints, lines[^1]);
        // The last line may be half written: what counts is the last whole one.
        var last = lines.LastOrDefault(l => l.StartsWith("at ", StringComparison.Ordinal) && l.EndsWith(" .", StringComparison.Ordinal))
            ?? throw new InvalidOperationException($"The process of the sweep {how} before its first call:\n{output}");
        var words = last.Split(' ');
        var (member, attack) = (int.Parse(words[1], CultureInfo.InvariantCulture), int.Parse(words[2], CultureInfo.InvariantCulture));
        var why = output.Split('\n').FirstOrDefault(l => l.Contains("memory in ", StringComparison.Ordinal)
            || l.Contains("(): ", StringComparison.Ordinal) || l.Contains("Assertion", StringComparison.Ordinal)) is { } line ? $" [{line.Trim()}]" : "";
        return new HostileOutcome(cases.First(c => c.Member == member && c.Attack == attack), how + why, complaints, last);
    }

    /// <summary>In the process of its own: calls what the list names.</summary>
    internal static void CallCases()
    {
        var cases = File.ReadAllLines(Environment.GetEnvironmentVariable(CasesVariable)
            ?? throw new InvalidOperationException($"{CasesVariable} names no file.")).Select(l => l.Split(' '))
            .Select(w => (Member: int.Parse(w[0], CultureInfo.InvariantCulture), Attack: int.Parse(w[1], CultureInfo.InvariantCulture)))
            .GroupBy(c => c.Member).ToList();
        using var log = new StreamWriter(Environment.GetEnvironmentVariable(LogVariable) ?? "/dev/stderr") { AutoFlush = true };
        long calls = 0, threw = 0;
        var (first, before) = (LiveBytes(), LiveBytes());
        var (since, members) = ("the beginning", 0);
        void CheckMemory(string until)
        {
            var after = LiveBytes();
            // libtorch keeps a few constants that it makes at the first use.
            if (after > before + 4096)
                log.WriteLine($"bad memory: {after - before} bytes are left between {since} and {until}");
            (before, since) = (after, until);
        }
        foreach (var group in cases)
        {
            var method = HostileCalls.Members[group.Key];
            var label = HostileCalls.Label(method);
            var attacks = HostileCalls.Attacks(method).ToArray();
            foreach (var (_, attack) in group)
            {
                var (name, target, arguments) = attacks[attack];
                log.WriteLine($"at {group.Key} {attack} .");
                calls++;
                try
                {
                    Torch.ManualSeed(attack);
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
            if (++members % 250 == 0)
                CheckMemory(label);
        }
        CheckMemory("the end");
        log.WriteLine($"end {calls} calls, {threw} exceptions, native memory {first} bytes before, {before} after");
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
