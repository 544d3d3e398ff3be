using TorchBind.Export;

namespace TorchBind.Tests.Export;

/// <summary>A package that AOTInductor compiles during the test.</summary>
[NonParallelizable]
public class AotInductorTests
{
    [Test]
    public void APackageGivesPythonsBits()
    {
        using var folder = new TemporaryFolder();
        if (PythonOracle.Run("aot_inductor.py", [folder.Path]).Trim() == "none")
            Assert.Ignore("AOTInductor needs a C++ compiler.");
        var expected = Torch.LoadStateDict(Path.Combine(folder.Path, "expected.pth"));
        using var model = new AotInductorPackage(Path.Combine(folder.Path, "model.pt2"));
        var outputs = model.Run(expected["x"], expected["y"]);
        Assert.That(outputs, Has.Length.EqualTo(2));
        Assert.That(TensorBits.Bytes(outputs[0]), Is.EqualTo(TensorBits.Bytes(expected["out0"])));
        Assert.That(TensorBits.Bytes(outputs[1]), Is.EqualTo(TensorBits.Bytes(expected["out1"])));
        Assert.That(model.ConstantNames, Does.Contain("fc.weight"));
        Assert.That(model.Metadata["AOTI_DEVICE_KEY"], Is.EqualTo("cpu"));
        model.Dispose();
        Assert.That(() => model.Run(expected["x"], expected["y"]), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void WhatIsNoPackageIsRefused()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "page.pt2");
        File.WriteAllText(file, "<html>");
        Assert.That(() => new AotInductorPackage(file), Throws.InstanceOf<TorchException>());
        Assert.That(() => new AotInductorPackage(Path.Combine(folder.Path, "absent.pt2")), Throws.InstanceOf<FileNotFoundException>());
    }
}
