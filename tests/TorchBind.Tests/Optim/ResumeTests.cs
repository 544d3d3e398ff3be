using TorchBind.NN;
using TorchBind.Optim;
using TorchBind.Optim.Schedulers;
using TorchBind.Serialization;

namespace TorchBind.Tests.Optim;

/// <summary>
/// A run that was stopped here goes on in Python from the file, with the same next losses, and the other way round: model,
/// optimizer, scheduler and random state.
/// </summary>
[NonParallelizable]
public class ResumeTests
{
    private static readonly string[] s_names = ["SGD", "Adam", "AdamW", "NAdam", "RMSprop", "Adagrad", "ASGD", "Adafactor", "LBFGS"];
    private static readonly string s_folder = Path.Combine(Path.GetTempPath(), $"torchbind-resume-{Environment.ProcessId}");

    private int _threads;

    [OneTimeSetUp]
    public void Prepare()
    {
        Directory.CreateDirectory(s_folder);
        _threads = Torch.GetNumThreads();
        Torch.SetNumThreads(1);
    }

    [OneTimeTearDown]
    public void CleanUp()
    {
        Torch.SetNumThreads(_threads);
        Directory.Delete(s_folder, recursive: true);
    }

    [Test]
    public void PythonGoesOnWhereCSharpStopped()
    {
        var here = new Dictionary<string, List<string>>();
        foreach (var name in s_names)
        {
            var run = Make(name);
            Steps(15, run);
            Save(run, FileOf(name));
            here[name] = Steps(10, run);
            Assert.That(here[name], Has.Count.EqualTo(10));
        }
        var there = Python("continue");
        Assert.Multiple(() =>
        {
            foreach (var name in s_names)
                Assert.That(there[name], Is.EqualTo(here[name]), name);
        });
    }

    [Test]
    public void CSharpGoesOnWherePythonStopped()
    {
        var there = Python("start");
        Assert.Multiple(() =>
        {
            foreach (var name in s_names)
            {
                var run = Make(name);
                Load(run, FileOf(name));
                Assert.That(Steps(10, run), Has.Count.EqualTo(10).And.EqualTo(there[name]), name);
            }
        });
    }

    [TestCaseSource(nameof(s_names))]
    public void CSharpGoesOnWhereItStopped(string name)
    {
        var run = Make(name);
        Steps(15, run);
        Save(run, FileOf(name));
        var first = Steps(10, run);
        var second = Make(name);
        Load(second, FileOf(name));
        Assert.That(Steps(10, second), Is.EqualTo(first));
    }

    private static string FileOf(string name) => Path.Combine(s_folder, name + ".pth");

    private static Dictionary<string, string[]> Python(string mode) => PythonOracle.RunJson<Dictionary<string, string[]>>("resume.py", [mode, s_folder, .. s_names]);

    private sealed record Run(Module<Tensor, Tensor> Model, Optimizer Optimizer, LRScheduler Scheduler);

    private static Run Make(string name)
    {
        Torch.ManualSeed(21);
        var model = new Sequential(new Linear(10, 32), new BatchNorm1d(32), new ReLU(), new Dropout(0.3), new Linear(32, 4));
        var parameters = model.Parameters().ToArray();
        ParamGroup[] groups =
        [
            new ParamGroup(parameters.Where(static p => p.NDim > 1)) { WeightDecay = 0.05 },
            new ParamGroup(parameters.Where(static p => p.NDim <= 1)),
        ];
        Optimizer optimizer = name switch
        {
            "SGD" => new SGD(groups, lr: 0.1, momentum: 0.9, nesterov: true),
            "Adam" => new Adam(groups, lr: 0.02, amsgrad: true),
            "AdamW" => new AdamW(groups, lr: 0.02),
            "NAdam" => new NAdam(groups, lr: 0.02),
            "RMSprop" => new RMSprop(groups, lr: 0.01, momentum: 0.5, centered: true),
            "Adagrad" => new Adagrad(groups, lr: 0.05),
            "ASGD" => new ASGD(groups, lr: 0.05, t0: 5),
            "Adafactor" => new Adafactor(groups, lr: 0.05),
            _ => new LBFGS(parameters, lr: 0.05, maxIter: 3, historySize: 4),
        };
        LRScheduler scheduler = name switch
        {
            "SGD" => new OneCycleLR(optimizer, (double[])[0.2, 0.1], totalSteps: 40),
            "Adam" => new SequentialLR(optimizer, [new LinearLR(optimizer, 0.2, totalIters: 6), new CosineAnnealingLR(optimizer, 30)], [6]),
            "AdamW" => new CosineAnnealingLR(optimizer, 40),
            "NAdam" => new CyclicLR(optimizer, 0.001, 0.03, 7),
            "RMSprop" => new MultiStepLR(optimizer, [3, 17, 17]),
            "Adagrad" => new ReduceLROnPlateau(optimizer, patience: 1, threshold: 0.1),
            "ASGD" => new ChainedScheduler([new ConstantLR(optimizer, 0.5, 18), new ExponentialLR(optimizer, 0.97)]),
            "Adafactor" => new CosineAnnealingWarmRestarts(optimizer, 6, 2),
            _ => new StepLR(optimizer, 4),
        };
        return new(model, optimizer, scheduler);
    }

    private static List<string> Steps(int count, Run run)
    {
        var criterion = new CrossEntropyLoss();
        var losses = new List<string>();
        for (var i = 0; i < count; i++)
        {
            var x = Torch.Randn(16, 10);
            var y = Torch.Randint(4, [16]);
            var loss = run.Optimizer.Step(() =>
            {
                run.Optimizer.ZeroGrad();
                var value = criterion.Call(run.Model.Call(x), y);
                value.Backward();
                return value;
            }).Item<double>();
            if (run.Scheduler is ReduceLROnPlateau plateau)
                plateau.Step(loss);
            else
                run.Scheduler.Step();
            losses.Add(TensorBits.Hex(loss));
        }
        return losses;
    }

    private static void Save(Run run, string file) => Torch.Save(
        new Dictionary<string, object?>
        {
            ["model"] = run.Model.StateDict(),
            ["optimizer"] = run.Optimizer.StateDict(),
            ["scheduler"] = run.Scheduler.StateDict(),
            ["random"] = Torch.GetRngState(),
        }, file);

    private static void Load(Run run, string file)
    {
        var saved = Torch.Load(file);
        run.Model.LoadStateDict((StateDict)saved["model"]);
        run.Optimizer.LoadStateDict(saved["optimizer"]);
        run.Scheduler.LoadStateDict(saved["scheduler"]);
        Torch.SetRngState((Tensor)saved["random"]);
    }
}
