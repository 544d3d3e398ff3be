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
        Assert.That(() => model.Run(expected["x"]), Throws.InstanceOf<TorchException>().With.Message.Contains("2").And.Message.Contains("1"));
        Assert.That(() => new AotInductorPackage(Path.Combine(folder.Path, "model.pt2"), "other"), Throws.InstanceOf<TorchException>());
        Damaged(folder.Path, "cut.pt2", static _ => null, 100_000);
        Damaged(folder.Path, "library.pt2", static library => library[..5000]);
        Damaged(folder.Path, "header.pt2", static library => library[..40]);
        Damaged(folder.Path, "junk.pt2", static _ => [1, 2, 3]);
        model.Dispose();
        Assert.That(() => model.Run(expected["x"], expected["y"]), Throws.InstanceOf<ObjectDisposedException>());
    }

    // A package with its library changed, or cut off as a whole: refused, and the process goes on.
    private static void Damaged(string folder, string name, Func<byte[], byte[]?> change, int? length = null)
    {
        var path = Path.Combine(folder, name);
        File.Copy(Path.Combine(folder, "model.pt2"), path);
        if (length is { } most)
        {
            File.WriteAllBytes(path, File.ReadAllBytes(path)[..most]);
        }
        else
        {
            using var zip = System.IO.Compression.ZipFile.Open(path, System.IO.Compression.ZipArchiveMode.Update);
            var library = zip.Entries.Single(static e => e.Name.EndsWith(".so", StringComparison.Ordinal));
            using var content = new MemoryStream();
            using (var stream = library.Open())
                stream.CopyTo(content);
            var full = library.FullName;
            library.Delete();
            using var target = zip.CreateEntry(full, System.IO.Compression.CompressionLevel.NoCompression).Open();
            target.Write(change(content.ToArray())!);
        }
        Assert.That(() => new AotInductorPackage(path), Throws.InstanceOf<TorchException>().Or.InstanceOf<TorchBind.Serialization.CheckpointException>(), name);
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
