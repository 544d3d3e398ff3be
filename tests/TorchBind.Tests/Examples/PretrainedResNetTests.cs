namespace TorchBind.Tests.Examples;

/// <summary>Weights that others trained and saved with an old PyTorch, as the example runs them, beside Python on the same files.</summary>
[NonParallelizable]
public class PretrainedResNetTests
{
    private static readonly string s_checkpoint = Shared("checkpoints/resnet20-12fca82f.th");
    private static readonly string s_images = Shared("data/cifar10/test_batch.bin");

    private static string Shared(string path) => Path.GetFullPath(Path.Combine(PythonOracle.Root, "..", "shared", path));

    [Test]
    public void LogitsArePythonsBitForBit()
    {
        const string Threads = "2";
        if (!File.Exists(s_checkpoint) || !File.Exists(s_images))
            Assert.Ignore("../shared/checkpoints and ../shared/data/cifar10 are not present.");
        using var folder = new TemporaryFolder();
        string python = Path.Combine(folder.Path, "python.bin"), mine = Path.Combine(folder.Path, "mine.bin");
        var right = PythonOracle.Run("pretrained_resnet.py", [s_checkpoint, s_images, "250", Threads, python]).Trim();
        var (code, output, errors) = ExampleProgram.Run("PretrainedResNet", folder.Path,
            "--checkpoint", s_checkpoint, "--data", s_images, "--batch-size", "250", "--threads", Threads, "--logits", mine);
        Assert.That(code, Is.Zero, errors + output);
        Assert.That(File.ReadAllBytes(mine), Has.Length.EqualTo(2000 * 10 * sizeof(float)).And.EqualTo(File.ReadAllBytes(python)));
        Assert.That(output, Does.Contain($"({right} of 2000)"));
        // What Python counts with 2.6.0; a newer version may round one image to the other side.
        Assert.That(int.Parse(right), Torch.Version.StartsWith("2.6.", StringComparison.Ordinal) ? Is.EqualTo(1627) : Is.InRange(1620, 1634));
    }

    [Test]
    public void AbsentFilesAreNamedWithWhereToGetThem()
    {
        using var folder = new TemporaryFolder();
        var (code, _, errors) = ExampleProgram.Run("PretrainedResNet", folder.Path, "--checkpoint", "absent.th");
        Assert.That(code, Is.EqualTo(1));
        Assert.That(errors, Does.Contain("There is no absent.th").And.Contain("pytorch_resnet_cifar10").And.Contain("--checkpoint"));
    }

    [Test]
    public void MistakesAreExplained()
    {
        using var folder = new TemporaryFolder();
        var zero = ExampleProgram.Run("PretrainedResNet", folder.Path, "--threads", "0");
        Assert.That(zero.Errors, Does.Contain("--threads wants a positive number, not '0'"));
        Assert.That(zero.Code, Is.EqualTo(2));
        Assert.That(ExampleProgram.Run("PretrainedResNet", folder.Path, "--colour").Errors, Does.Contain("Unknown option --colour"));
        var text = Path.Combine(folder.Path, "page.th");
        File.WriteAllText(text, "<!DOCTYPE html><html></html>");
        var page = ExampleProgram.Run("PretrainedResNet", folder.Path, "--checkpoint", text, "--data", text);
        Assert.That(page.Errors, Does.Contain("web page"));
        Assert.That(page.Code, Is.EqualTo(1));
    }
}
