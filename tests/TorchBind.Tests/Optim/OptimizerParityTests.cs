using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using TorchBind.Optim;

namespace TorchBind.Tests.Optim;

/// <summary>Ten steps on the same gradients leave the same bits in parameters and state as Python's.</summary>
[NonParallelizable]
public class OptimizerParityTests
{
    private const int Steps = 10;
    private static readonly long[][] s_shapes = [[3, 4], [4], [2, 3, 2, 2], [], [17, 9]];
    private static readonly long[][] s_matrices = [[6, 4], [5, 3]];

    private sealed record Case(string Name, string Optimizer, object Options, Func<IEnumerable<ParamGroup>, Optimizer> Make)
    {
        public DType DType { get; init; } = DType.Float32;

        public bool Sparse { get; init; }

        public bool Matrices { get; init; }

        public bool Closure { get; init; }

        public Dictionary<string, double>? Groups { get; init; }

        public object ForPython => new Dictionary<string, object?>
        {
            ["case"] = Name,
            ["optimizer"] = Optimizer,
            ["options"] = Options,
            ["dtype"] = DType.ToString().ToLowerInvariant(),
            ["sparse"] = Sparse,
            ["matrices"] = Matrices,
            ["closure"] = Closure,
            ["groups"] = Groups,
        };
    }

    private sealed record Python(string[] known, Dictionary<string, PythonResult> results);

    private sealed record PythonResult(
        JsonElement[] @params, Dictionary<string, Dictionary<string, JsonElement>> state, Dictionary<string, JsonElement>[] groups, string[] losses);

    private static readonly Case[] s_cases =
    [
        new("SGD", "SGD", new { }, static p => new SGD(p)),
        new("SGD, weight decay", "SGD", new { lr = 0.1, weight_decay = 0.02 }, static p => new SGD(p, 0.1, weightDecay: 0.02)),
        new("SGD, momentum", "SGD", new { lr = 0.1, momentum = 0.9 }, static p => new SGD(p, 0.1, 0.9)),
        new("SGD, all", "SGD", new { lr = 0.1, momentum = 0.8, dampening = 0.3, weight_decay = 0.01, maximize = true },
            static p => new SGD(p, 0.1, 0.8, 0.3, 0.01, maximize: true)),
        new("SGD, nesterov", "SGD", new { lr = 0.07, momentum = 0.9, nesterov = true }, static p => new SGD(p, 0.07, 0.9, nesterov: true)),
        new("SGD, nesterov, all", "SGD", new { lr = 0.07, momentum = 0.9, nesterov = true, weight_decay = 0.1, maximize = true },
            static p => new SGD(p, 0.07, 0.9, nesterov: true, weightDecay: 0.1, maximize: true)),
        new("SGD, double", "SGD", new { lr = 0.1, momentum = 0.9, weight_decay = 0.02 }, static p => new SGD(p, 0.1, 0.9, weightDecay: 0.02)) { DType = DType.Float64 },
        new("SGD, bfloat16", "SGD", new { lr = 0.1, momentum = 0.9, weight_decay = 0.02 }, static p => new SGD(p, 0.1, 0.9, weightDecay: 0.02)) { DType = DType.BFloat16 },
        new("SGD, complex", "SGD", new { lr = 0.1, momentum = 0.9, weight_decay = 0.02 }, static p => new SGD(p, 0.1, 0.9, weightDecay: 0.02)) { DType = DType.Complex64 },
        new("SGD, sparse", "SGD", new { lr = 0.1 }, static p => new SGD(p, 0.1)) { Sparse = true },
        new("SGD, groups", "SGD", new { lr = 0.1, momentum = 0.9 }, static p => new SGD(p, 0.1, 0.9))
            { Groups = new() { ["lr"] = 0.03, ["weight_decay"] = 0.2 } },

        new("Adam", "Adam", new { }, static p => new Adam(p)),
        new("Adam, options", "Adam", new { lr = 0.03, betas = (double[])[0.8, 0.95], eps = 1e-6, weight_decay = 0.05 },
            static p => new Adam(p, 0.03, (0.8, 0.95), 1e-6, 0.05)),
        new("Adam, amsgrad", "Adam", new { lr = 0.03, amsgrad = true, maximize = true }, static p => new Adam(p, 0.03, amsgrad: true, maximize: true)),
        new("Adam, double", "Adam", new { lr = 0.03, weight_decay = 0.05 }, static p => new Adam(p, 0.03, weightDecay: 0.05)) { DType = DType.Float64 },
        new("Adam, half", "Adam", new { lr = 0.03, weight_decay = 0.05, eps = 1e-4 }, static p => new Adam(p, 0.03, weightDecay: 0.05, eps: 1e-4)) { DType = DType.Float16 },
        new("Adam, complex", "Adam", new { lr = 0.03, amsgrad = true, weight_decay = 0.05 }, static p => new Adam(p, 0.03, amsgrad: true, weightDecay: 0.05)) { DType = DType.Complex64 },
        new("Adam, groups", "Adam", new { lr = 0.1 }, static p => new Adam(p, 0.1)) { Groups = new() { ["lr"] = 0.03, ["eps"] = 1e-3 } },
        new("AdamW", "AdamW", new { }, static p => new AdamW(p)),
        new("AdamW, all", "AdamW", new { lr = 0.02, betas = (double[])[0.8, 0.95], weight_decay = 0.3, amsgrad = true, maximize = true },
            static p => new AdamW(p, 0.02, (0.8, 0.95), weightDecay: 0.3, amsgrad: true, maximize: true)),
        new("NAdam", "NAdam", new { }, static p => new NAdam(p)),
        new("NAdam, all", "NAdam", new { lr = 0.02, betas = (double[])[0.8, 0.95], weight_decay = 0.3, momentum_decay = 0.02, maximize = true },
            static p => new NAdam(p, 0.02, (0.8, 0.95), weightDecay: 0.3, momentumDecay: 0.02, maximize: true)),
        new("NAdam, decoupled", "NAdam", new { weight_decay = 0.3, decoupled_weight_decay = true }, static p => new NAdam(p, weightDecay: 0.3, decoupledWeightDecay: true)),
        new("NAdam, complex", "NAdam", new { weight_decay = 0.3 }, static p => new NAdam(p, weightDecay: 0.3)) { DType = DType.Complex64 },
        new("RAdam", "RAdam", new { }, static p => new RAdam(p)),
        new("RAdam, all", "RAdam", new { lr = 0.02, betas = (double[])[0.8, 0.95], weight_decay = 0.3, maximize = true },
            static p => new RAdam(p, 0.02, (0.8, 0.95), weightDecay: 0.3, maximize: true)),
        new("RAdam, decoupled", "RAdam", new { weight_decay = 0.3, decoupled_weight_decay = true }, static p => new RAdam(p, weightDecay: 0.3, decoupledWeightDecay: true)),
        new("RAdam, complex", "RAdam", new { weight_decay = 0.3 }, static p => new RAdam(p, weightDecay: 0.3)) { DType = DType.Complex64 },
        new("Adamax", "Adamax", new { }, static p => new Adamax(p)),
        new("Adamax, all", "Adamax", new { lr = 0.02, betas = (double[])[0.8, 0.95], eps = 1e-5, weight_decay = 0.3, maximize = true },
            static p => new Adamax(p, 0.02, (0.8, 0.95), 1e-5, 0.3, maximize: true)),
        new("Adamax, complex", "Adamax", new { weight_decay = 0.3 }, static p => new Adamax(p, weightDecay: 0.3)) { DType = DType.Complex64 },
        new("RMSprop", "RMSprop", new { }, static p => new RMSprop(p)),
        new("RMSprop, all", "RMSprop", new { lr = 0.02, alpha = 0.9, eps = 1e-5, weight_decay = 0.3, momentum = 0.7, centered = true, maximize = true },
            static p => new RMSprop(p, 0.02, 0.9, 1e-5, 0.3, 0.7, true, maximize: true)),
        new("RMSprop, complex", "RMSprop", new { momentum = 0.7, centered = true }, static p => new RMSprop(p, momentum: 0.7, centered: true)) { DType = DType.Complex64 },
        new("Adagrad", "Adagrad", new { }, static p => new Adagrad(p)),
        new("Adagrad, all", "Adagrad", new { lr = 0.05, lr_decay = 0.01, weight_decay = 0.3, initial_accumulator_value = 0.2, eps = 1e-6, maximize = true },
            static p => new Adagrad(p, 0.05, 0.01, 0.3, 0.2, 1e-6, maximize: true)),
        new("Adagrad, complex", "Adagrad", new { weight_decay = 0.3, initial_accumulator_value = 0.2 },
            static p => new Adagrad(p, weightDecay: 0.3, initialAccumulatorValue: 0.2)) { DType = DType.Complex64 },
        new("Adagrad, sparse", "Adagrad", new { lr = 0.05, lr_decay = 0.01 }, static p => new Adagrad(p, 0.05, 0.01)) { Sparse = true },
        new("Adadelta", "Adadelta", new { }, static p => new Adadelta(p)),
        new("Adadelta, all", "Adadelta", new { lr = 0.5, rho = 0.8, eps = 1e-5, weight_decay = 0.3, maximize = true },
            static p => new Adadelta(p, 0.5, 0.8, 1e-5, 0.3, maximize: true)),
        new("Adadelta, complex", "Adadelta", new { weight_decay = 0.3 }, static p => new Adadelta(p, weightDecay: 0.3)) { DType = DType.Complex64 },
        new("ASGD", "ASGD", new { }, static p => new ASGD(p)),
        new("ASGD, all", "ASGD", new { lr = 0.05, lambd = 0.01, alpha = 0.6, t0 = 3.0, weight_decay = 0.3, maximize = true },
            static p => new ASGD(p, 0.05, 0.01, 0.6, 3.0, 0.3, maximize: true)),
        new("ASGD, complex", "ASGD", new { t0 = 3.0, weight_decay = 0.3 }, static p => new ASGD(p, t0: 3.0, weightDecay: 0.3)) { DType = DType.Complex64 },
        new("Rprop", "Rprop", new { }, static p => new Rprop(p)),
        new("Rprop, all", "Rprop", new { lr = 0.05, etas = (double[])[0.3, 1.7], step_sizes = (double[])[1e-3, 0.1], maximize = true },
            static p => new Rprop(p, 0.05, (0.3, 1.7), (1e-3, 0.1), maximize: true)),
        new("Rprop, complex", "Rprop", new { }, static p => new Rprop(p)) { DType = DType.Complex64 },
        new("SparseAdam", "SparseAdam", new { lr = 0.05 }, static p => new SparseAdam(p, 0.05)) { Sparse = true },
        new("SparseAdam, all", "SparseAdam", new { lr = 0.05, betas = (double[])[0.8, 0.95], eps = 1e-5, maximize = true },
            static p => new SparseAdam(p, 0.05, (0.8, 0.95), 1e-5, maximize: true)) { Sparse = true },
        new("Adafactor", "Adafactor", new { }, static p => new Adafactor(p)),
        new("Adafactor, all", "Adafactor", new { lr = 0.05, beta2_decay = -0.6, eps = (double[])[1e-6, 1e-2], d = 1.2, weight_decay = 0.3, maximize = true },
            static p => new Adafactor(p, 0.05, -0.6, (1e-6, 1e-2), 1.2, 0.3, maximize: true)),
        new("AdamW, bfloat16", "AdamW", new { lr = 0.02, amsgrad = true }, static p => new AdamW(p, 0.02, amsgrad: true)) { DType = DType.BFloat16 },
        new("NAdam, bfloat16", "NAdam", new { weight_decay = 0.3 }, static p => new NAdam(p, weightDecay: 0.3)) { DType = DType.BFloat16 },
        new("RAdam, bfloat16", "RAdam", new { weight_decay = 0.3 }, static p => new RAdam(p, weightDecay: 0.3)) { DType = DType.BFloat16 },
        new("Adamax, bfloat16", "Adamax", new { weight_decay = 0.3 }, static p => new Adamax(p, weightDecay: 0.3)) { DType = DType.BFloat16 },
        new("RMSprop, bfloat16", "RMSprop", new { weight_decay = 0.3, momentum = 0.7, centered = true }, static p => new RMSprop(p, weightDecay: 0.3, momentum: 0.7, centered: true)) { DType = DType.BFloat16 },
        new("Adagrad, bfloat16", "Adagrad", new { weight_decay = 0.3 }, static p => new Adagrad(p, weightDecay: 0.3)) { DType = DType.BFloat16 },
        new("Adadelta, bfloat16", "Adadelta", new { weight_decay = 0.3 }, static p => new Adadelta(p, weightDecay: 0.3)) { DType = DType.BFloat16 },
        new("ASGD, bfloat16", "ASGD", new { t0 = 3.0, weight_decay = 0.3 }, static p => new ASGD(p, t0: 3.0, weightDecay: 0.3)) { DType = DType.BFloat16 },
        new("Rprop, half", "Rprop", new { }, static p => new Rprop(p)) { DType = DType.Float16 },
        new("Adafactor, bfloat16", "Adafactor", new { weight_decay = 0.3 }, static p => new Adafactor(p, weightDecay: 0.3)) { DType = DType.BFloat16 },
        new("Muon", "Muon", new { }, static p => new Muon(p)) { Matrices = true },
        new("Muon, all", "Muon", new { lr = 0.05, weight_decay = 0.3, momentum = 0.7, nesterov = false, ns_steps = 3, adjust_lr_fn = "match_rms_adamw" },
            static p => new Muon(p, 0.05, 0.3, 0.7, false, nsSteps: 3, adjustLrFn: "match_rms_adamw")) { Matrices = true },
        new("LBFGS", "LBFGS", new { lr = 0.1 }, static p => new LBFGS(p, 0.1)) { Closure = true },
        new("LBFGS, short memory", "LBFGS", new { lr = 0.3, history_size = 2, max_iter = 4 }, static p => new LBFGS(p, 0.3, 4, historySize: 2)) { Closure = true },
        new("LBFGS, line search", "LBFGS", new { line_search_fn = "strong_wolfe" }, static p => new LBFGS(p, lineSearchFn: "strong_wolfe")) { Closure = true },
        new("LBFGS, line search, short", "LBFGS", new { line_search_fn = "strong_wolfe", max_iter = 3, lr = 7.0 },
            static p => new LBFGS(p, 7.0, 3, lineSearchFn: "strong_wolfe")) { Closure = true },
        new("LBFGS, double", "LBFGS", new { line_search_fn = "strong_wolfe", max_iter = 5 },
            static p => new LBFGS(p, maxIter: 5, lineSearchFn: "strong_wolfe")) { Closure = true, DType = DType.Float64 },
        new("Adam, closure", "Adam", new { lr = 0.1 }, static p => new Adam(p, 0.1)) { Closure = true },

        new("SGD, lists", "SGD", new { lr = 0.1, momentum = 0.8, dampening = 0.3, weight_decay = 0.01, maximize = true, @foreach = true },
            static p => new SGD(p, 0.1, 0.8, 0.3, 0.01, maximize: true, forEach: true)),
        new("SGD, lists, nesterov", "SGD", new { lr = 0.07, momentum = 0.9, nesterov = true, @foreach = true },
            static p => new SGD(p, 0.07, 0.9, nesterov: true, forEach: true)),
        new("SGD, lists, plain, bfloat16", "SGD", new { lr = 0.1, weight_decay = 0.1, @foreach = true }, static p => new SGD(p, 0.1, weightDecay: 0.1, forEach: true)) { DType = DType.BFloat16 },
        new("SGD, lists, sparse", "SGD", new { lr = 0.1, @foreach = true }, static p => new SGD(p, 0.1, forEach: true)) { Sparse = true },
        new("SGD, fused", "SGD", new { lr = 0.1, weight_decay = 0.01, fused = true }, static p => new SGD(p, 0.1, weightDecay: 0.01, fused: true)),
        new("SGD, fused, momentum", "SGD", new { lr = 0.1, momentum = 0.8, dampening = 0.3, fused = true },
            static p => new SGD(p, 0.1, 0.8, 0.3, fused: true)) { Matrices = true },
        new("Adam, lists", "Adam", new { lr = 0.03, betas = (double[])[0.8, 0.95], weight_decay = 0.05, amsgrad = true, maximize = true, @foreach = true },
            static p => new Adam(p, 0.03, (0.8, 0.95), weightDecay: 0.05, amsgrad: true, maximize: true, forEach: true)),
        new("Adam, lists, complex", "Adam", new { lr = 0.03, weight_decay = 0.05, @foreach = true }, static p => new Adam(p, 0.03, weightDecay: 0.05, forEach: true)) { DType = DType.Complex64 },
        new("Adam, fused", "Adam", new { lr = 0.03, weight_decay = 0.05, amsgrad = true, fused = true },
            static p => new Adam(p, 0.03, weightDecay: 0.05, amsgrad: true, fused: true)),
        new("AdamW, lists", "AdamW", new { lr = 0.02, weight_decay = 0.3, @foreach = true }, static p => new AdamW(p, 0.02, weightDecay: 0.3, forEach: true)),
        new("AdamW, fused", "AdamW", new { lr = 0.02, weight_decay = 0.3, maximize = true, fused = true },
            static p => new AdamW(p, 0.02, weightDecay: 0.3, maximize: true, fused: true)),
        new("NAdam, lists", "NAdam", new { lr = 0.02, weight_decay = 0.3, momentum_decay = 0.02, maximize = true, @foreach = true },
            static p => new NAdam(p, 0.02, weightDecay: 0.3, momentumDecay: 0.02, maximize: true, forEach: true)),
        new("NAdam, lists, decoupled", "NAdam", new { weight_decay = 0.3, decoupled_weight_decay = true, @foreach = true },
            static p => new NAdam(p, weightDecay: 0.3, decoupledWeightDecay: true, forEach: true)) { DType = DType.Complex64 },
        new("RAdam, lists", "RAdam", new { lr = 0.02, betas = (double[])[0.8, 0.95], weight_decay = 0.3, maximize = true, @foreach = true },
            static p => new RAdam(p, 0.02, (0.8, 0.95), weightDecay: 0.3, maximize: true, forEach: true)),
        new("RAdam, lists, decoupled", "RAdam", new { weight_decay = 0.3, decoupled_weight_decay = true, @foreach = true },
            static p => new RAdam(p, weightDecay: 0.3, decoupledWeightDecay: true, forEach: true)) { DType = DType.Complex64 },
        new("Adamax, lists", "Adamax", new { lr = 0.02, weight_decay = 0.3, maximize = true, @foreach = true }, static p => new Adamax(p, 0.02, weightDecay: 0.3, maximize: true, forEach: true)),
        new("Adamax, lists, complex", "Adamax", new { @foreach = true }, static p => new Adamax(p, forEach: true)) { DType = DType.Complex64 },
        new("RMSprop, lists", "RMSprop", new { lr = 0.02, weight_decay = 0.3, momentum = 0.7, centered = true, maximize = true, @foreach = true },
            static p => new RMSprop(p, 0.02, weightDecay: 0.3, momentum: 0.7, centered: true, maximize: true, forEach: true)),
        new("RMSprop, lists, complex", "RMSprop", new { @foreach = true }, static p => new RMSprop(p, forEach: true)) { DType = DType.Complex64 },
        new("Adagrad, lists", "Adagrad", new { lr = 0.05, lr_decay = 0.01, weight_decay = 0.3, maximize = true, @foreach = true },
            static p => new Adagrad(p, 0.05, 0.01, 0.3, maximize: true, forEach: true)),
        new("Adagrad, lists, complex", "Adagrad", new { @foreach = true }, static p => new Adagrad(p, forEach: true)) { DType = DType.Complex64 },
        new("Adagrad, lists, sparse", "Adagrad", new { lr = 0.05, @foreach = true }, static p => new Adagrad(p, 0.05, forEach: true)) { Sparse = true },
        new("Adagrad, fused", "Adagrad", new { lr = 0.05, lr_decay = 0.01, weight_decay = 0.3, fused = true }, static p => new Adagrad(p, 0.05, 0.01, 0.3, fused: true)),
        new("Adadelta, lists", "Adadelta", new { lr = 0.5, weight_decay = 0.3, maximize = true, @foreach = true }, static p => new Adadelta(p, 0.5, weightDecay: 0.3, maximize: true, forEach: true)),
        new("Adadelta, lists, complex", "Adadelta", new { @foreach = true }, static p => new Adadelta(p, forEach: true)) { DType = DType.Complex64 },
        new("ASGD, lists", "ASGD", new { lr = 0.05, lambd = 0.01, alpha = 0.6, t0 = 3.0, weight_decay = 0.3, maximize = true, @foreach = true },
            static p => new ASGD(p, 0.05, 0.01, 0.6, 3.0, 0.3, maximize: true, forEach: true)),
        new("ASGD, lists, complex", "ASGD", new { t0 = 3.0, @foreach = true }, static p => new ASGD(p, t0: 3.0, forEach: true)) { DType = DType.Complex64 },
        new("Rprop, lists", "Rprop", new { lr = 0.05, maximize = true, @foreach = true }, static p => new Rprop(p, 0.05, maximize: true, forEach: true)),
        new("Rprop, lists, complex", "Rprop", new { @foreach = true }, static p => new Rprop(p, forEach: true)) { DType = DType.Complex64 },
        new("Adafactor, lists", "Adafactor", new { lr = 0.05, weight_decay = 0.3, maximize = true, @foreach = true }, static p => new Adafactor(p, 0.05, weightDecay: 0.3, maximize: true, forEach: true)),
    ];

    private static Python? s_python;

    private static Python Oracle => s_python ??=
        PythonOracle.RunJson<Python>("optimizers.py", input: JsonSerializer.Serialize(s_cases.Select(static c => c.ForPython)));

    private static IEnumerable<string> Names => s_cases.Select(static c => c.Name);

    [TestCaseSource(nameof(Names))]
    public void TenStepsLeavePythonsBits(string name)
    {
        var test = s_cases.Single(c => c.Name == name);
        if (!Oracle.known.Contains(test.Optimizer))
            Assert.Ignore($"Python's torch of this version has no {test.Optimizer}.");
        var expected = Oracle.results[name];

        var threads = Torch.GetNumThreads();
        Torch.SetNumThreads(1);
        try
        {
            Torch.ManualSeed(7);
            var parameters = Array.ConvertAll(test.Matrices || test.Sparse ? s_matrices : s_shapes,
                shape => Torch.Randn(shape, dtype: test.DType).RequiresGrad_());
            using var optimizer = test.Make(Groups(test, parameters));
            var losses = new List<string>();
            for (var step = 0; step < Steps; step++)
            {
                if (test.Closure)
                {
                    losses.Add(TensorBits.Hex(optimizer.Step(() => Loss(optimizer, parameters)).Item<double>()));
                }
                else
                {
                    SetGradients(test, parameters, step);
                    optimizer.Step();
                }
            }
            Assert.Multiple(() =>
            {
                for (var i = 0; i < parameters.Length; i++)
                    Assert.That(JsonSerializer.Serialize(TensorBits.Pack(parameters[i])), Is.EqualTo(JsonSerializer.Serialize(expected.@params[i])), $"parameter {i}");
                Assert.That(losses, Is.EqualTo(expected.losses));
                CompareState(optimizer.StateDict(), expected);
            });
        }
        finally
        {
            Torch.SetNumThreads(threads);
        }
    }

    [Test]
    public void EveryOptimizerOfPythonHasACase() => Assert.That(Oracle.known, Is.SubsetOf(s_cases.Select(static c => c.Optimizer)));

    private static IEnumerable<ParamGroup> Groups(Case test, Tensor[] parameters)
    {
        if (test.Groups is null)
            return [new ParamGroup(parameters)];
        var second = new ParamGroup(parameters[2..]);
        foreach (var (option, value) in test.Groups)
            second[option] = value;
        return [new ParamGroup(parameters[..2]), second];
    }

    private static void SetGradients(Case test, Tensor[] parameters, int step)
    {
        for (var i = 0; i < parameters.Length; i++)
        {
            var random = Torch.Randn(parameters[i].Shape, dtype: test.DType);
            if ((step + i) % 5 == 4 && !test.Matrices)
            {
                parameters[i].Grad = null;
                continue;
            }
            if (test.Sparse)
            {
                var rows = Torch.Tensor([0L, 2, step % 5, 2]);
                random = Torch.SparseCooTensor(rows.Unsqueeze(0), random.IndexSelect(0, rows), parameters[i].Shape);
            }
            parameters[i].Grad = random;
        }
    }

    private static Tensor Loss(Optimizer optimizer, Tensor[] parameters)
    {
        optimizer.ZeroGrad();
        var loss = Torch.Tensor(0L);
        foreach (var p in parameters)
        {
            var target = Torch.Sin(Torch.Arange(p.Numel(), dtype: p.DType)).View(p.Shape);
            loss = loss + ((p - target).Pow(2) * (1 + p.Pow(2))).Sum();
        }
        loss.Backward();
        return loss;
    }

    private static void CompareState(Dictionary<string, object?> mine, PythonResult expected)
    {
        var states = (Dictionary<long, object?>)mine["state"]!;
        foreach (var (number, entries) in expected.state)
        {
            var packed = ((Dictionary<string, object?>)states[long.Parse(number)]!).ToDictionary(static e => e.Key, static e => JsonSerializer.Serialize(TensorBits.Pack(e.Value)));
            Assert.That(packed.Keys, Is.EquivalentTo(entries.Keys), $"names in the state of parameter {number}");
            foreach (var (name, value) in entries)
                Assert.That(Number(packed.GetValueOrDefault(name)), Is.EqualTo(Number(JsonSerializer.Serialize(value))), $"{name} of parameter {number}");
        }
        var groups = (List<object?>)mine["param_groups"]!;
        for (var i = 0; i < groups.Count; i++)
        {
            var group = (Dictionary<string, object?>)groups[i]!;
            foreach (var (option, value) in expected.groups[i])
            {
                Assert.That(group, Does.ContainKey(option));
                Assert.That(Number(JsonSerializer.Serialize(TensorBits.Pack(group[option]))), Is.EqualTo(Number(JsonSerializer.Serialize(value))), $"option {option} of group {i}");
            }
        }
    }

    // 1 and 1.0 are the same number in Python, and a number has more than one spelling.
    private static string? Number(string? json) =>
        json is null || json.Contains('"', StringComparison.Ordinal) ? json : s_number.Replace(json, static match => TensorBits.Hex(double.Parse(match.Value, CultureInfo.InvariantCulture)));

    private static readonly Regex s_number = new(@"-?\d+(\.\d+)?([eE][-+]?\d+)?", RegexOptions.CultureInvariant);
}
