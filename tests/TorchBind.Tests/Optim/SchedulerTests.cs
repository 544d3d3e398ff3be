using System.Collections;
using System.Text.Json;
using TorchBind.Optim;
using TorchBind.Optim.Schedulers;
using TorchBind.Optim.SwaUtils;
using TorchBind.Serialization.Pickle;

namespace TorchBind.Tests.Optim;

/// <summary>Schedulers set, step by step, exactly the rates and momenta that Python's set.</summary>
[NonParallelizable]
public class SchedulerTests
{
    private const int Steps = 40;

    private sealed record Run(string[][][] rates, string[] last, Dictionary<string, JsonElement> state);

    private sealed record Python(string[] known, Dictionary<string, Run> runs, Dictionary<string, Dictionary<string, string[][][]>> resumed);

    private static readonly Dictionary<string, Func<Optimizer, LRScheduler>> s_cases = new()
    {
        ["StepLR"] = static o => new StepLR(o, 3),
        ["StepLR, gamma"] = static o => new StepLR(o, stepSize: 4, gamma: 0.7),
        ["MultiStepLR"] = static o => new MultiStepLR(o, [3, 8, 8, 20], gamma: 0.3),
        ["ConstantLR"] = static o => new ConstantLR(o),
        ["ConstantLR, options"] = static o => new ConstantLR(o, 0.7, 9),
        ["LinearLR"] = static o => new LinearLR(o),
        ["LinearLR, options"] = static o => new LinearLR(o, 0.1, 0.8, 13),
        ["ExponentialLR"] = static o => new ExponentialLR(o, 0.93),
        ["PolynomialLR"] = static o => new PolynomialLR(o, 17, 1.7),
        ["CosineAnnealingLR"] = static o => new CosineAnnealingLR(o, 7, 0.01),
        ["CosineAnnealingLR, one"] = static o => new CosineAnnealingLR(o, 1),
        ["CosineAnnealingWarmRestarts"] = static o => new CosineAnnealingWarmRestarts(o, 4),
        ["CosineAnnealingWarmRestarts, growing"] = static o => new CosineAnnealingWarmRestarts(o, 3, 2, 0.001),
        ["LambdaLR"] = static o => new LambdaLR(o, static epoch => 1.0 / (1 + epoch)),
        ["LambdaLR, each"] = static o => new LambdaLR(o, [static epoch => Math.Pow(0.95, epoch), static _ => 1.0]),
        ["MultiplicativeLR"] = static o => new MultiplicativeLR(o, static epoch => 1 - epoch / 100.0),
        ["CyclicLR"] = static o => new CyclicLR(o, 0.01, 0.2, 5),
        ["CyclicLR, all"] = static o => new CyclicLR(
            o, (double[])[0.01, 0.02], (double[])[0.2, 0.3], 5, 3, "triangular2", baseMomentum: 0.7, maxMomentum: 0.95),
        ["CyclicLR, exponential"] = static o => new CyclicLR(o, 0.01, 0.2, 5, mode: "exp_range", gamma: 0.97, cycleMomentum: false),
        ["CyclicLR, function"] = static o => new CyclicLR(o, 0.01, 0.2, 5, scaleFn: static x => 1 / x, scaleMode: "cycle"),
        ["OneCycleLR"] = static o => new OneCycleLR(o, 0.8, totalSteps: Steps + 1),
        ["OneCycleLR, all"] = static o => new OneCycleLR(o, (double[])[0.8, 0.4], epochs: 6, stepsPerEpoch: 7, pctStart: 0.25, annealStrategy: "linear",
            baseMomentum: 0.7, maxMomentum: 0.97, divFactor: 11, finalDivFactor: 77, threePhase: true),
        ["ReduceLROnPlateau"] = static o => new ReduceLROnPlateau(o, patience: 2),
        ["ReduceLROnPlateau, all"] = static o => new ReduceLROnPlateau(o, "max", 0.5, 1, 0.01, "abs", 3, (double[])[0.02, 0.2], 1e-3),
        ["SequentialLR"] = static o => new SequentialLR(o, [new LinearLR(o, 0.1, totalIters: 5), new CosineAnnealingLR(o, 30)], [5]),
        ["SequentialLR, three"] = static o => new SequentialLR(o, [new ConstantLR(o, 0.1, 4), new ExponentialLR(o, 0.9), new StepLR(o, 5)], [4, 20]),
        ["SequentialLR, no formula"] = static o => new SequentialLR(o, [new ExponentialLR(o, 0.9), new LambdaLR(o, static epoch => 1.0 / (2 + epoch))], [6]),
        ["SequentialLR, restarts"] = static o => new SequentialLR(o, [new LinearLR(o), new CosineAnnealingWarmRestarts(o, 6)], [8]),
        ["ChainedScheduler"] = static o => new ChainedScheduler([new ConstantLR(o, 0.1, 4), new ExponentialLR(o, 0.9)]),
        ["SequentialLR of ChainedScheduler"] = static o => new SequentialLR(
            o, [new ChainedScheduler([new ConstantLR(o, 0.1, 4), new ExponentialLR(o, 0.9)]), new StepLR(o, 5)], [11]),
        ["SWALR"] = static o => new SWALR(o, 0.05, 8),
        ["SWALR, linear"] = static o => new SWALR(o, (double[])[0.05, 0.1], 5, "linear"),
        ["SWALR, at once"] = static o => new SWALR(o, 0.05, 0),
        ["Adam, CyclicLR"] = static o => new CyclicLR(o, 0.01, 0.2, 5),
        ["Adam, OneCycleLR"] = static o => new OneCycleLR(o, 0.8, totalSteps: Steps + 1),
        ["Adam, CosineAnnealingLR"] = static o => new CosineAnnealingLR(o, 12),
    };

    private static readonly Dictionary<string, Func<Optimizer, long, LRScheduler>> s_resumed = new()
    {
        ["StepLR"] = static (o, e) => new StepLR(o, 3, lastEpoch: e),
        ["MultiStepLR"] = static (o, e) => new MultiStepLR(o, [3, 8], lastEpoch: e),
        ["ConstantLR"] = static (o, e) => new ConstantLR(o, lastEpoch: e),
        ["LinearLR"] = static (o, e) => new LinearLR(o, lastEpoch: e),
        ["ExponentialLR"] = static (o, e) => new ExponentialLR(o, 0.9, lastEpoch: e),
        ["PolynomialLR"] = static (o, e) => new PolynomialLR(o, 9, lastEpoch: e),
        ["CosineAnnealingLR"] = static (o, e) => new CosineAnnealingLR(o, 9, lastEpoch: e),
        ["CosineAnnealingWarmRestarts"] = static (o, e) => new CosineAnnealingWarmRestarts(o, 4, lastEpoch: e),
        ["LambdaLR"] = static (o, e) => new LambdaLR(o, static epoch => 1.0 / (1 + epoch), lastEpoch: e),
        ["MultiplicativeLR"] = static (o, e) => new MultiplicativeLR(o, static _ => 0.9, lastEpoch: e),
    };

    private static Python? s_python;

    private static Python Oracle => s_python ??= PythonOracle.RunJson<Python>("schedulers.py");

    private static IEnumerable<string> Names => s_cases.Keys;

    private static IEnumerable<object[]> Resumed => s_resumed.Keys.SelectMany(static name => ((int[])[0, 2, 5]).Select(epoch => new object[] { name, epoch }));

    [TestCaseSource(nameof(Names))]
    public void SetsPythonsRates(string name)
    {
        var expected = Oracle.runs[name];
        var optimizer = MakeOptimizer(name);
        var scheduler = s_cases[name](optimizer);
        var seen = new List<string[][]> { Look(optimizer) };
        for (var step = 0; step < Steps; step++)
        {
            optimizer.Step();
            Advance(scheduler, step);
            seen.Add(Look(optimizer));
        }
        Assert.Multiple(() =>
        {
            for (var i = 0; i < seen.Count; i++)
                Assert.That(seen[i], Is.EqualTo(expected.rates[i]), $"after step {i}");
            Assert.That(scheduler.GetLastLr().Select(TensorBits.Hex), Is.EqualTo(expected.last));
            var state = scheduler.StateDict().ToDictionary(static entry => entry.Key, static entry => JsonSerializer.Serialize(Plain(entry.Value)));
            foreach (var (key, value) in expected.state)
            {
                // Functions are not saved; Python 2.6 keeps the one of SWALR in its state.
                if (key is not ("verbose" or "anneal_func"))
                    Assert.That(Common(state.GetValueOrDefault(key, "")), Is.EqualTo(Common(JsonSerializer.Serialize(value))), key);
            }
        });
    }

    [TestCaseSource(nameof(Names))]
    public void AStateContinuesElsewhere(string name)
    {
        var optimizer = MakeOptimizer(name);
        var scheduler = s_cases[name](optimizer);
        for (var step = 0; step < 13; step++)
            Advance(scheduler, step);
        var other = MakeOptimizer(name);
        var second = s_cases[name](other);
        other.LoadStateDict(optimizer.StateDict());
        second.LoadStateDict(scheduler.StateDict());
        Assert.That(second.GetLastLr(), Is.EqualTo(scheduler.GetLastLr()));
        for (var step = 13; step < Steps; step++)
        {
            Advance(scheduler, step);
            Advance(second, step);
            Assert.That(Look(other), Is.EqualTo(Look(optimizer)), $"after step {step}");
        }
    }

    [TestCaseSource(nameof(Resumed))]
    public void ResumesAsPythonDoes(string name, int epoch)
    {
        var expected = Oracle.resumed[name][epoch.ToString()];
        var optimizer = MakeOptimizer(name);
        foreach (var group in optimizer.ParamGroups)
        {
            group["initial_lr"] = group.Lr;
            group.Lr *= 0.3;
        }
        var scheduler = s_resumed[name](optimizer, epoch);
        Assert.That(Look(optimizer), Is.EqualTo(expected[0]));
        for (var step = 1; step < expected.Length; step++)
        {
            scheduler.Step();
            Assert.That(Look(optimizer), Is.EqualTo(expected[step]), $"after step {step}");
        }
    }

    [Test]
    public void EverySchedulerOfPythonHasACase() =>
        Assert.That(Oracle.known, Is.SubsetOf(s_cases.Values.Select(static make => make(MakeOptimizer("")).GetType().Name)));

    [Test]
    public void EveryCaseOfPythonIsCompared() => Assert.That(Oracle.runs.Keys, Is.EquivalentTo(s_cases.Keys));

    [Test]
    public void WrongArgumentsAreRefused()
    {
        var optimizer = MakeOptimizer("");
        Assert.Multiple(() =>
        {
            Assert.That(() => new ExponentialLR(optimizer, 0.9, lastEpoch: 3), Throws.ArgumentException.With.Message.Contains("initial_lr"));
            Assert.That(() => new LambdaLR(optimizer, [static _ => 1.0]), Throws.ArgumentException.With.Message.Contains("1 functions were given for 2 groups"));
            Assert.That(() => new ConstantLR(optimizer, 1.5), Throws.ArgumentException);
            Assert.That(() => new LinearLR(optimizer, 0), Throws.ArgumentException);
            Assert.That(() => new CyclicLR(optimizer, 0.1, 0.2, mode: "square"), Throws.ArgumentException);
            Assert.That(() => new CyclicLR(new Adagrad([Torch.Zeros([1], requiresGrad: true)]), 0.1, 0.2), Throws.ArgumentException.With.Message.Contains("momentum"));
            Assert.That(() => new OneCycleLR(optimizer, 0.1), Throws.ArgumentException.With.Message.Contains("totalSteps"));
            Assert.That(() => new OneCycleLR(optimizer, (double[])[0.1], totalSteps: 5), Throws.ArgumentException.With.Message.Contains("one for each group"));
            Assert.That(() => new ReduceLROnPlateau(optimizer, factor: 1), Throws.ArgumentException);
            Assert.That(() => new ReduceLROnPlateau(optimizer, "least"), Throws.ArgumentException);
            Assert.That(() => new ReduceLROnPlateau(optimizer).Step(), Throws.InvalidOperationException);
            Assert.That(() => new SequentialLR(optimizer, [], []), Throws.ArgumentException);
            Assert.That(() => new SequentialLR(optimizer, [new StepLR(optimizer, 1)], [3]), Throws.ArgumentException);
            Assert.That(() => new SequentialLR(optimizer, [new ReduceLROnPlateau(optimizer)], []), Throws.ArgumentException);
            Assert.That(() => new ChainedScheduler([new StepLR(optimizer, 1), new StepLR(MakeOptimizer(""), 1)]), Throws.ArgumentException.With.Message.Contains("must share one"));
            Assert.That(() => new StepLR(optimizer, 3).LoadStateDict(new Dictionary<string, object?> { ["gamma"] = "much" }), Throws.ArgumentException);
            var done = new OneCycleLR(optimizer, 0.1, totalSteps: 1);
            done.Step();
            Assert.That(done.Step, Throws.InvalidOperationException.With.Message.Contains("over after"));
        });
    }

    [Test]
    public void RestartsTakeFractionsOfAnEpoch()
    {
        var optimizer = MakeOptimizer("Adam");
        var scheduler = new CosineAnnealingWarmRestarts(optimizer, 2, 3);
        scheduler.Step(1.5);
        Assert.That(scheduler.GetLastLr()[0], Is.EqualTo(0.03 * (1 + Math.Cos(Math.PI * 0.75)) / 2).Within(1e-15));
        scheduler.Step(2.0 + 3.0);
        Assert.That(scheduler.GetLastLr()[0], Is.EqualTo(0.03 * (1 + Math.Cos(Math.PI * 0.5)) / 2).Within(1e-15));
        Assert.Throws<ArgumentException>(() => scheduler.Step(-1.0));
    }

    private static Optimizer MakeOptimizer(string name) => name.StartsWith("Adam", StringComparison.Ordinal)
        ? new Adam([Torch.Zeros([1], requiresGrad: true)], lr: 0.03)
        : new SGD(
            [new ParamGroup(Torch.Zeros([1], requiresGrad: true)), new ParamGroup(Torch.Zeros([1], requiresGrad: true)) { Lr = 0.5 }], lr: 0.1, momentum: 0.9);

    private static void Advance(LRScheduler scheduler, int step)
    {
        if (scheduler is ReduceLROnPlateau plateau)
            plateau.Step(((double[])[1.0, 0.9, 0.9, 0.90005, 0.95, 0.8, 0.81, 0.82, 0.83, 0.79995])[step % 10] * (step < 20 ? 1.0 : 0.999));
        else
            scheduler.Step();
    }

    private static string[][] Look(Optimizer optimizer) => [.. optimizer.ParamGroups.Select(static group => new[]
    {
        TensorBits.Hex(group.Lr),
        TensorBits.Hex(group.ContainsKey("betas") ? (((double, double))group["betas"]!).Item1 : (double)group["momentum"]!),
    })];

    private static object? Plain(object? value) => value switch
    {
        null or bool or string => value,
        double or long or int => TensorBits.Hex(Convert.ToDouble(value, System.Globalization.CultureInfo.InvariantCulture)),
        Dictionary<string, object?> entries => new SortedDictionary<string, object?>(entries.ToDictionary(static e => e.Key, static e => Plain(e.Value)), StringComparer.Ordinal),
        PickleDictionary counter => counter.ToDictionary(static e => e.Key!.ToString()!, static e => Plain(e.Value)),
        IEnumerable items => items.Cast<object?>().Select(Plain).ToArray(),
        _ => throw new ArgumentException(value.GetType().ToString()),
    };

    // A state of Python 2.6 within a state has "verbose", which is gone since, and not yet "_is_initial".
    private static string Common(string text) => text.Replace(",\"verbose\":false", "").Replace("\"_is_initial\":false,", "");
}
