using TorchBind.Data;
using TorchBind.NN;
using TorchBind.NN.Utils;
using TorchBind.Optim;
using TorchBind.Optim.Schedulers;
using F = TorchBind.NN.Functional;

namespace TorchBind.Tests.Training;

/// <summary>Whole training runs: every loss has the bits of Python's. tests/oracle/training_runs.py does the same.</summary>
[NonParallelizable]
public class TrainingRunTests
{
    private static readonly string s_corpus = Path.Combine(PythonOracle.Root, "LICENSE");
    private static readonly string s_cifar = Path.GetFullPath(Path.Combine(PythonOracle.Root, "..", "shared", "data", "cifar10"));

    private int _threads;

    [OneTimeSetUp]
    public void OneThread()
    {
        _threads = Torch.GetNumThreads();
        Torch.SetNumThreads(1);
    }

    [OneTimeTearDown]
    public void ThreadsAsBefore() => Torch.SetNumThreads(_threads);

    [Test]
    public void TheTutorialsNetworkOnCifar10WithMomentum()
    {
        if (!HasCifar)
            Assert.Ignore("../shared/data/cifar10 is not present.");
        Compare(s_python.Value, "cifar", Cifar);
    }

    [Test]
    public void AResNet18WithAdamWAndCosineAnnealing() => Compare(s_python.Value, "resnet", ResNet);

    [Test, Explicit("200 steps take half a minute; the short version is AResNet18WithAdamWAndCosineAnnealing.")]
    public void AResNet18WithAdamWAndCosineAnnealingWhole() =>
        Compare(Python("resnet=200"), "resnet", ResNet);

    [Test]
    public void AnLstmLanguageModelWithClipping() => Compare(s_python.Value, "language", Language);

    [Test]
    public void ATransformerEncoderWithWarmUpAndDropout() => Compare(s_python.Value, "encoder", Encoder);

    private static bool HasCifar => File.Exists(Path.Combine(s_cifar, "data_batch_1.bin"));

    private static readonly Lazy<Dictionary<string, string[]>> s_python =
        new(static () => Python([.. HasCifar ? new[] { "cifar=200" } : [], "resnet=12", "language=200", "encoder=200"]));

    private static Dictionary<string, string[]> Python(params string[] runs) =>
        PythonOracle.RunJson<Dictionary<string, string[]>>("training_runs.py", [s_corpus, s_cifar, .. runs]);

    private static void Compare(Dictionary<string, string[]> python, string name, Func<int, IEnumerable<double>> run)
    {
        var expected = python[name];
        var losses = run(expected.Length).Select(TensorBits.Hex).ToArray();
        Assert.That(losses, Is.EqualTo(expected));
        // The networks learn: an optimizer that does nothing would agree as well.
        Assert.That(losses.Distinct().Count(), Is.GreaterThan(losses.Length / 2));
    }

    private static IEnumerable<double> Cifar(int steps)
    {
        var bytes = File.ReadAllBytes(Path.Combine(s_cifar, "data_batch_1.bin"));
        var records = Torch.Tensor(bytes).View(-1, 3073);
        var labels = records[.., 0].To(DType.Int64);
        var images = (records[.., 1..].Reshape(-1, 3, 32, 32).To(DType.Float32) / 255 - 0.5) / 0.5;
        Torch.ManualSeed(0);
        var net = new TutorialNet();
        var criterion = new CrossEntropyLoss();
        var optimizer = new SGD(net.Parameters(), lr: 0.001, momentum: 0.9);
        var step = 0;
        foreach (var (x, y) in new DataLoader(new TensorDataset(images, labels), batchSize: 4, shuffle: true))
        {
            if (step++ == steps)
                yield break;
            optimizer.ZeroGrad();
            var loss = criterion.Call(net.Call(x), y);
            loss.Backward();
            optimizer.Step();
            yield return loss.Item<double>();
        }
    }

    private static IEnumerable<double> ResNet(int steps)
    {
        Torch.ManualSeed(1);
        var net = new ResNet18(10);
        var optimizer = new AdamW(net.Parameters(), lr: 1e-3, weightDecay: 0.05);
        var scheduler = new CosineAnnealingLR(optimizer, tMax: 200);
        var patterns = Torch.Randn(10, 3, 32, 32);
        for (var step = 0; step < steps; step++)
        {
            var y = Torch.Randint(10, [8]);
            var x = patterns[y] + Torch.Randn(8, 3, 32, 32);
            optimizer.ZeroGrad();
            var loss = F.CrossEntropy(net.Call(x), y, labelSmoothing: 0.1);
            loss.Backward();
            optimizer.Step();
            scheduler.Step();
            yield return loss.Item<double>();
        }
    }

    private static IEnumerable<double> Language(int steps)
    {
        var text = Torch.Tensor(Array.ConvertAll(File.ReadAllBytes(s_corpus), static b => (long)b)).Remainder(128);
        const int Columns = 8;
        const int Window = 16;
        var rows = text.Numel() / Columns;
        var data = text[..(int)(rows * Columns)].View(Columns, rows).T.Contiguous();
        Torch.ManualSeed(2);
        var net = new LanguageModel();
        var optimizer = new SGD(net.Parameters(), lr: 1.0);
        (Tensor H, Tensor C)? hidden = null;
        var at = 0;
        for (var step = 0; step < steps; step++)
        {
            if (at + Window + 1 > rows)
                (hidden, at) = (null, 0);
            optimizer.ZeroGrad();
            var (scores, next) = net.Call(data[at..(at + Window)], hidden);
            hidden = (next.H.Detach(), next.C.Detach());
            var loss = F.CrossEntropy(scores.View(-1, 128), data[(at + 1)..(at + 1 + Window)].Reshape(-1));
            loss.Backward();
            ClipGrad.ClipGradNorm_(net.Parameters(), 0.25);
            optimizer.Step();
            at += Window;
            yield return loss.Item<double>();
        }
    }

    private static IEnumerable<double> Encoder(int steps)
    {
        Torch.ManualSeed(3);
        var net = new Tagger();
        var optimizer = new Adam(net.Parameters(), lr: 1.0, betas: (0.9, 0.98), eps: 1e-9);
        var scheduler = new LambdaLR(optimizer, static step => Math.Pow(32, -0.5) * Math.Min(Math.Pow(step + 1, -0.5), (step + 1) * Math.Pow(60, -1.5)));
        for (var step = 0; step < steps; step++)
        {
            var x = Torch.Randint(20, [16, 12]);
            var padding = Torch.Arange(12).Unsqueeze(0) >= Torch.Randint(6, 13, [16, 1]);
            var y = x.Flip(1).MaskedFill(padding, -100);
            optimizer.ZeroGrad();
            var loss = F.CrossEntropy(net.Call(x, padding).Transpose(1, 2), y);
            loss.Backward();
            optimizer.Step();
            scheduler.Step();
            yield return loss.Item<double>();
        }
    }
}
