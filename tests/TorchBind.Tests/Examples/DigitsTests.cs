using System.Globalization;
using System.Text.RegularExpressions;

namespace TorchBind.Tests.Examples;

/// <summary>The example as a user runs it, a process of its own, beside the Python program that does the same.</summary>
[NonParallelizable]
public partial class DigitsTests
{
    private const string Threads = "2";
    private static readonly string s_folder = Path.Combine(Path.GetTempPath(), "torchbind-digits-" + Environment.ProcessId.ToString(CultureInfo.InvariantCulture));

    [OneTimeSetUp]
    public void MakeFolder() => Directory.CreateDirectory(s_folder);

    [OneTimeTearDown]
    public void RemoveFolder() => Directory.Delete(s_folder, recursive: true);

    [TestCase("adam", "0.001")]
    [TestCase("sgd", "0.02")]
    public void TheFirst50LossesArePythons(string optimizer, string rate)
    {
        string[] arguments = ["--losses", "50", "--threads", Threads, "--optimizer", optimizer, "--lr", rate, "--seed", "5"];
        var expected = Numbers(PythonOracle.Run("digits.py", arguments));
        var losses = Numbers(Run(arguments));
        Assert.That(losses, Has.Length.EqualTo(50));
        Assert.That(losses.Select(TensorBits.Hex), Is.EqualTo(expected.Select(TensorBits.Hex)));
        Assert.That(losses[^1], Is.LessThan(losses[0] / 2));
    }

    [Test]
    public void ItLearnsSavesAndLoads()
    {
        var file = Path.Combine(s_folder, "digits.pth");
        var output = Run("--threads", Threads, "--save", file);
        Assert.Multiple(() =>
        {
            Assert.That(Accuracy(output), Is.GreaterThanOrEqualTo(97));
            Assert.That(output, Does.Contain("epoch 12/12 [##############################] 45/45"));
            Assert.That(DigitLine().Count(output), Is.EqualTo(10));
            Assert.That(output, Does.Match(@"a fresh model predicts [1-9]\d* of the 359 images differently; with the saved weights 0"));
            Assert.That(new FileInfo(file).Length, Is.GreaterThan(100_000));
        });

        // The file gives the same accuracy in another process, and Python the same outputs.
        string[] load = ["--load", file, "--logits", "--threads", Threads];
        var again = Run(load);
        Assert.That(Accuracy(again), Is.EqualTo(Accuracy(output)));
        Assert.That(Logits(again), Has.Length.EqualTo(359).And.EqualTo(Logits(PythonOracle.Run("digits.py", load))));
    }

    [Test]
    public void AStateDictThatPythonWroteLoads()
    {
        var file = Path.Combine(s_folder, "python.pth");
        var expected = Logits(PythonOracle.Run("digits.py", ["--epochs", "1", "--save", file, "--logits", "--threads", Threads]));
        Assert.That(Logits(Run("--load", file, "--logits", "--threads", Threads)), Has.Length.EqualTo(359).And.EqualTo(expected));
    }

    [Test]
    public void MnistsFilesAreRead()
    {
        var folder = Path.GetFullPath(Path.Combine(PythonOracle.Root, "..", "shared", "data", "mnist"));
        if (!Directory.Exists(folder))
            Assert.Ignore("../shared/data/mnist is not present.");
        string[] arguments = ["--data", folder, "--losses", "5", "--threads", Threads];
        Assert.That(Numbers(Run(arguments)), Has.Length.EqualTo(5).And.EqualTo(Numbers(PythonOracle.Run("digits.py", arguments))));
    }

    [Test]
    public void MnistsTrainingFilesAreTakenWhereTheyAre()
    {
        var folder = Directory.CreateDirectory(Path.Combine(s_folder, "idx")).FullName;
        WriteIdx(folder, "train", 40, 1);
        WriteIdx(folder, "t10k", 12, 2);
        var output = Run("--data", folder, "--epochs", "1", "--threads", Threads, "--save", Path.Combine(folder, "digits.pth"));
        Assert.That(output, Does.Contain("40 images to learn from, 12 to be tested on"));
    }

    [Test]
    public void MistakesAreExplained()
    {
        Assert.That(Fail("--epochs", "none"), Does.Contain("--epochs wants a positive number, not 'none'").And.Contain("--data DIR"));
        Assert.That(Fail("--colour"), Does.Contain("Unknown option --colour"));
        Assert.That(Fail("--data", s_folder), Does.Contain("t10k-images-idx3-ubyte"));
    }

    private static void WriteIdx(string folder, string part, int count, int seed)
    {
        var random = new Random(seed);
        var pixels = new byte[count * 28 * 28];
        random.NextBytes(pixels);
        File.WriteAllBytes(Path.Combine(folder, part + "-images-idx3-ubyte"), [0, 0, 8, 3, 0, 0, 0, (byte)count, 0, 0, 0, 28, 0, 0, 0, 28, .. pixels]);
        File.WriteAllBytes(Path.Combine(folder, part + "-labels-idx1-ubyte"), [0, 0, 8, 1, 0, 0, 0, (byte)count, .. Enumerable.Range(0, count).Select(static i => (byte)(i % 10))]);
    }

    private static double[] Numbers(string output) =>
        [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => double.Parse(line, CultureInfo.InvariantCulture))];

    // Nine digits tell every two floats apart.
    private static string[] Logits(string output) =>
        [.. output.Split('\n').Where(static line => line.StartsWith("logits ", StringComparison.Ordinal))
            .Select(static line => string.Join(' ', line.Trim().Split(' ')[1..].Select(static value => TensorBits.Hex(float.Parse(value, CultureInfo.InvariantCulture)))))];

    private static double Accuracy(string output) => double.Parse(AccuracyLine().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"test accuracy ([\d.]+) %")]
    private static partial Regex AccuracyLine();

    [GeneratedRegex(@"  digit \d: +[\d.]+ % \(\d+ of \d+\)")]
    private static partial Regex DigitLine();

    private static string Run(params string[] arguments)
    {
        var (code, output, errors) = Start(arguments);
        Assert.That(code, Is.Zero, errors + output);
        return output;
    }

    private static string Fail(params string[] arguments)
    {
        var (code, _, errors) = Start(arguments);
        Assert.That(code, Is.Not.Zero);
        return errors;
    }

    private static (int Code, string Output, string Errors) Start(string[] arguments) => ExampleProgram.Run("Digits", s_folder, arguments);
}
