using System.Diagnostics;

namespace TorchBind.Tests.Loader;

/// <summary>What the loader says when something is missing. Each case is a process of its own: a process opens libtorch once.</summary>
public class LoaderTests
{
    private static (int Code, string Output) Start(params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(typeof(LoaderTests).Assembly.Location);
        start.ArgumentList.Add("--filter");
        start.ArgumentList.Add($"FullyQualifiedName~{nameof(OpensLibtorch)}");
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd() + errors.Result;
        process.WaitForExit();
        return (process.ExitCode, output);
    }

    /// <summary>What the other tests run in a process of its own.</summary>
    [Test]
    public void OpensLibtorch()
    {
        Assert.That(Torch.Version, Does.Match(@"^2\.\d+\.\d+"));
        using var one = Torch.Ones(1);
        Assert.That(one.Item<float>(), Is.EqualTo(1));
    }

    [Test]
    public void AFolderWithoutLibtorchIsNamed()
    {
        using var folder = new TemporaryFolder();
        var (code, output) = Start(("TORCHBIND_LIBTORCH", folder.Path));
        Assert.That(code, Is.Not.Zero);
        Assert.That(output, Does.Contain(nameof(LibtorchNotFoundException)).And.Contain(folder.Path).And.Contain("TORCHBIND_LIBTORCH"));
    }

    [Test]
    public void AFileThatIsNoLibraryIsExplained()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Combine(folder.Path, "libtorch.so"), "not a library");
        var (code, output) = Start(("TORCHBIND_LIBTORCH", folder.Path));
        Assert.That(code, Is.Not.Zero);
        Assert.That(output, Does.Contain("is there but cannot be opened").And.Contain("libtorch.so"));
    }

    [Test]
    public void AMissingShimIsNamedWithItsVersion()
    {
        using var folder = new TemporaryFolder();
        var (code, output) = Start(("TORCHBIND_SHIM", folder.Path));
        Assert.That(code, Is.Not.Zero);
        Assert.That(output, Does.Contain("there is no shim libtorchbind-2.").And.Contain(folder.Path));
    }

    [Test]
    public void AShimOfAnotherVersionIsRefused()
    {
        var other = Torch.Version.StartsWith("2.6.", StringComparison.Ordinal) ? "2.14" : "2.6";
        var shims = Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native");
        var shim = Path.Combine(shims, $"libtorchbind-{other}.so");
        if (!File.Exists(shim))
            Assert.Ignore($"only one shim was built: there is no {Path.GetFileName(shim)}");
        var (code, output) = Start(("TORCHBIND_SHIM", shim));
        Assert.That(code, Is.Not.Zero);
        Assert.That(output, Does.Contain("there is no shim").And.Contain($"Shims found: {other}"));
    }
}
