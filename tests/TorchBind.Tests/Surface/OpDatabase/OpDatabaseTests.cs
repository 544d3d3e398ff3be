using System.Diagnostics;
using System.Text.Json;

namespace TorchBind.Tests.Surface.OpDatabase;

/// <summary>
/// PyTorch's operator database: every entry's samples through TorchBind's members, compared with Python's results and gradients bit for bit.
/// A slice in every test run, all of it with <c>./build.sh --target=Parity</c>.
/// </summary>
public sealed class OpDatabaseTests
{
    private static readonly string s_reasonsFile = Path.Combine(PythonOracle.Root, "tests", "TorchBind.Tests", "Surface", "OpDatabase", "not-run.json");

    private sealed class Tally
    {
        internal int Run, Failed, NotRun, Inexact, Refused, Gradients;
        internal string? FirstFailure, FirstReason;
        internal readonly Dictionary<string, (int Run, int Failed)> Forms = [];
    }

    private const string AllForms = "function,method,inplace,out";

    /// <summary>One sample of each entry in one dtype, in every form: function, method, in place, with out.</summary>
    [Test]
    public void ASliceAgreesWithPython() => Sweep(["--samples", "1", "--dtypes", "float32", "--forms", AllForms], least: 0.98);

    /// <summary>The one entry that takes no tensors, and that op_db.py cannot see therefore.</summary>
    [Test]
    public void ShapesAreBroadcast()
    {
        Assert.That(Torch.BroadcastShapes(new Shape(2, 1), new Shape(3), new Shape(4, 1, 1)), Is.EqualTo(new Shape(4, 2, 3)));
        Assert.That(() => Torch.BroadcastShapes(new Shape(2), new Shape(3)), Throws.InstanceOf<Exception>());
    }

    /// <summary>Every sample in every dtype and form.</summary>
    [Test, Explicit("takes minutes: ./build.sh --target=Parity"), Category("Parity")]
    public void EverySampleAgreesWithPython() => Sweep(["--forms", AllForms], least: 0.98);

    private static void Sweep(string[] arguments, double least)
    {
        if (!PythonOracle.IsAvailable)
            Assert.Ignore("TORCHBIND_PYTHON names no Python; ./build.sh --target=Test brings one.");
        var threads = Torch.GetNumThreads();
        Torch.SetNumThreads(1); // as op_db.py: sums depend on the number of threads
        try
        {
            Report(Replay(arguments), least);
        }
        finally
        {
            Torch.SetNumThreads(threads);
        }
    }

    private static SortedDictionary<string, Tally> Replay(string[] arguments)
    {
        var entries = new SortedDictionary<string, Tally>(StringComparer.Ordinal);
        var source = Environment.GetEnvironmentVariable("TORCHBIND_OP_DB"); // a file that op_db.py wrote before
        using var process = source is { Length: > 0 } ? null : PythonOracle.Start("op_db.py", arguments);
        using var stream = process?.StandardOutput.BaseStream ?? File.OpenRead(source!);
        using var buffered = new BufferedStream(stream, 1 << 20);
        var verbose = Environment.GetEnvironmentVariable("TORCHBIND_OP_DB_VERBOSE") is { Length: > 0 };
        var ended = false;
        while (OpRecord.Read(buffered) is { } record)
        {
            if (record.IsEnd)
            {
                ended = true;
                break;
            }
            if (!entries.TryGetValue(record.Entry, out var tally))
                entries[record.Entry] = tally = new Tally();
            if (record.Reason is { } reason)
            {
                tally.NotRun++;
                tally.FirstReason ??= reason;
                continue;
            }
            if (verbose)
                Console.Error.WriteLine(record.Label);
            var outcome = OpReplay.Run(record);
            if (outcome.NoMember)
            {
                tally.NotRun++;
                tally.FirstReason ??= outcome.Problem;
                if (verbose)
                    TestContext.Out.WriteLine($"no member: {record.Label}: {outcome.Problem}");
                continue;
            }
            tally.Run++;
            tally.Gradients += outcome.Gradients;
            tally.Refused += outcome.Refused ? 1 : 0;
            var form = tally.Forms.GetValueOrDefault(record.Form);
            tally.Forms[record.Form] = (form.Run + 1, form.Failed + (outcome.Problem is null ? 0 : 1));
            if (outcome.Problem is { } problem)
            {
                tally.Failed++;
                tally.FirstFailure ??= $"{record.Label}: {problem}";
                if (verbose)
                    TestContext.Out.WriteLine($"failed: {record.Label}: {problem}");
            }
            else if (!outcome.Exact)
            {
                tally.Inexact++;
            }
        }
        process?.WaitForExit();
        Assert.That(ended, Is.True, "op_db.py ended before its end");
        return entries;
    }

    private static void Report(SortedDictionary<string, Tally> entries, double least)
    {
        var excused = JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(s_reasonsFile))!;
        var run = entries.Where(e => e.Value.Run > 0).ToList();
        var notRun = entries.Where(e => e.Value.Run == 0).ToList();
        var failing = run.Where(e => e.Value.Failed > 0).ToList();
        var share = (run.Count - failing.Count) / (double)Math.Max(1, run.Count);
        var text = TestContext.Out;
        text.WriteLine($"operator database on libtorch {Torch.Version}: {entries.Count} entries, {run.Count} run, {run.Count - failing.Count} pass ({share:P2}), "
            + $"{failing.Count} fail, {notRun.Count} not run");
        text.WriteLine($"samples: {run.Sum(e => e.Value.Run)} run, {run.Sum(e => e.Value.Failed)} failed, {run.Sum(e => e.Value.Inexact)} equal within the database's tolerance only, "
            + $"{entries.Sum(e => e.Value.NotRun)} not run; {run.Sum(e => e.Value.Gradients)} gradients compared");
        foreach (var form in AllForms.Split(','))
        {
            var these = run.Where(e => e.Value.Forms.ContainsKey(form)).Select(e => e.Value.Forms[form]).ToList();
            text.WriteLine($"  {form}: {these.Count} entries, {these.Sum(t => t.Run)} samples, {these.Sum(t => t.Failed)} failed");
        }
        text.WriteLine($"  {run.Sum(e => e.Value.Refused)} samples of these are refused by Python and by C#");
        foreach (var (name, tally) in run.Where(e => e.Value.Inexact > 0))
            text.WriteLine($"  within tolerance: {name}: {tally.Inexact} of {tally.Run} samples");
        foreach (var (name, tally) in failing)
            text.WriteLine($"  fails: {name}: {tally.Failed} of {tally.Run} samples; {tally.FirstFailure}");
        foreach (var (name, tally) in notRun)
            text.WriteLine($"  not run: {name}: {excused.GetValueOrDefault(name) ?? "UNEXPLAINED: " + tally.FirstReason}");
        foreach (var (name, tally) in run.Where(e => e.Value.NotRun > 0))
            text.WriteLine($"  in part: {name}: {tally.NotRun} of {tally.NotRun + tally.Run} samples not run: {tally.FirstReason}");
        Assert.Multiple(() =>
        {
            Assert.That(notRun.Select(e => e.Key).Where(n => !excused.ContainsKey(n)), Is.Empty, "entries that are not run stand in not-run.json with their reason");
            Assert.That(share, Is.GreaterThanOrEqualTo(least), "share of entries that pass");
        });
    }
}
