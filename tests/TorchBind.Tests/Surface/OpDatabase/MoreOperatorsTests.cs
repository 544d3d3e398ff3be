namespace TorchBind.Tests.Surface.OpDatabase;

/// <summary>
/// Samples of our own (tests/oracle/more_ops.py) for what stands above ATen and the operator database lacks, or covers with plain arguments only:
/// every bit of values and gradients as in Python, and what Python refuses is refused.
/// </summary>
[NonParallelizable]
public sealed class MoreOperatorsTests
{
    /// <summary>One dtype of six, another for each function.</summary>
    [Test]
    public void ASliceAgreesWithPython() => Compare("--every", "6");

    /// <summary>Every sample.</summary>
    [Test, Explicit("takes half a minute: ./build.sh --target=Parity"), Category("Parity")]
    public void EverySampleAgreesWithPython() => Compare();

    private static void Compare(params string[] arguments)
    {
        if (!PythonOracle.IsAvailable)
            Assert.Ignore("TORCHBIND_PYTHON names no Python; ./build.sh --target=Test brings one.");
        var threads = Torch.GetNumThreads();
        Torch.SetNumThreads(1); // as more_ops.py
        try
        {
            Replay(arguments);
        }
        finally
        {
            Torch.SetNumThreads(threads);
        }
    }

    private static void Replay(string[] arguments)
    {
        var source = Environment.GetEnvironmentVariable("TORCHBIND_MORE_OPS"); // a file that more_ops.py wrote before
        using var process = source is { Length: > 0 } ? null : PythonOracle.Start("more_ops.py", arguments);
        using var stream = new BufferedStream(process?.StandardOutput.BaseStream ?? File.OpenRead(source!), 1 << 20);
        var (entries, absent, failures) = (new HashSet<string>(), new HashSet<string>(), new List<string>());
        int samples = 0, refused = 0, gradients = 0;
        var ended = false;
        while (OpRecord.Read(stream) is { } record && !(ended = record.IsEnd))
        {
            if (record.Reason is { } reason)
            {
                if (reason == "absent") // in this version of libtorch
                    absent.Add(record.Entry);
                else
                    failures.Add($"{record.Label}: {reason}");
                continue;
            }
            entries.Add(record.Entry);
            samples++;
            var outcome = OpReplay.Run(record);
            // What no member takes is refused by the compiler.
            if (outcome.NoMember && record.Raises is not null)
                outcome = outcome with { Problem = null, Exact = true, Refused = true };
            if (outcome.Problem is { } problem)
                failures.Add($"{record.Label}: {problem}");
            else if (!outcome.Exact)
                failures.Add($"{record.Label}: bits differ");
            refused += outcome.Refused ? 1 : 0;
            gradients += outcome.Gradients;
        }
        process?.WaitForExit();
        TestContext.Out.WriteLine($"functions above ATen on libtorch {Torch.Version}: {entries.Count} functions, {samples} samples, {failures.Count} failed, "
            + $"{refused} refused by Python and by C#, {gradients} gradients compared; not in this libtorch: {string.Join(", ", absent.Order())}");
        foreach (var failure in failures)
            TestContext.Out.WriteLine($"  fails: {failure}");
        Assert.That(ended, Is.True, "more_ops.py ended before its end");
        Assert.That(failures, Has.Count.Zero, "see the lines above");
    }
}
