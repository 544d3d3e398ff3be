// Running the tests and the examples.

public sealed record TestRun(string Name, string Version, int Total, int Failed, int Passed, int Skipped, int ExitCode);

// Runs one test program; its numbers are read from the summary that Microsoft.Testing.Platform prints.
TestRun RunTests(string assembly, Libtorch libtorch)
{
    var name = System.IO.Path.GetFileNameWithoutExtension(assembly);
    var counts = new Dictionary<string, int>();
    var summary = false;
    List<string> arguments = [assembly, "--no-ansi", "--results-directory", parameters.Artifacts("test-results", libtorch.Minor)];
    if (parameters.Filter is not null)
        arguments.AddRange(["--filter", parameters.Filter]);
    arguments.AddRange(parameters.Rest);
    var code = Start(DotnetFor(libtorch), arguments, EnvironmentFor(libtorch), line: text =>
    {
        Console.Out.WriteLine(text);
        summary |= text.StartsWith("Test run summary:");
        if (summary && Regex.Match(text, @"^\s*(total|failed|succeeded|skipped): (\d+)") is { Success: true } m)
            counts[m.Groups[1].Value] = int.Parse(m.Groups[2].Value);
    });
    int Count(string key) => counts.GetValueOrDefault(key);
    var failed = Count("failed");
    // 8: no test matched the filter. Any other failure without a failed test (a crash) counts as one.
    if (code == 8 && parameters.Filter is not null)
        code = 0;
    if (code != 0 && failed == 0)
        failed = 1;
    return new TestRun(name, libtorch.Version, Count("total"), failed, Count("succeeded"), Count("skipped"), code);
}

Task("Test")
    .Description("Runs every test project on each libtorch asked for")
    .IsDependentOn("TestLibtorch")
    .IsDependentOn("Build")
    .Does(() =>
    {
        var runs = new List<TestRun>();
        foreach (var libtorch in Libtorchs(withPython: true))
        {
            foreach (var project in FilesIn("tests", "*.Tests.csproj"))
            {
                var name = System.IO.Path.GetFileNameWithoutExtension(project);
                Information("---- {0} on libtorch {1}", name, libtorch.Version);
                runs.Add(RunTests(parameters.OutputOf(name), libtorch));
            }
            if (libtorch.Python is null)
                Warning("No Python with this libtorch is known (TORCHBIND_PYTHON): the comparisons with Python were skipped.");
        }
        foreach (var run in runs)
            Information("{0} on libtorch {1}: {2} passed, {3} failed, {4} skipped", run.Name, run.Version, run.Passed, run.Failed, run.Skipped);
        var file = parameters.Artifacts("test-results", "summary.txt");
        System.IO.Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file));
        System.IO.File.WriteAllLines(file, runs.Select(r => $"{r.Passed} {r.Failed} {r.Skipped} {r.Name} {r.Version}"));
        if (runs.Sum(r => r.Total) == 0)
            throw new CakeException(parameters.Filter is null ? "No test was run." : "No test matches the filter.");
        if (runs.Any(r => r.Failed > 0))
            throw new CakeException($"{runs.Sum(r => r.Failed)} tests failed");
    });

Task("Parity")
    .Description("PyTorch's operator database, every sample, and the whole hostile sweep: minutes")
    .IsDependentOn("TestLibtorch")
    .IsDependentOn("Build")
    .Does(() =>
    {
        parameters.Filter ??= "Category=Parity";
        var runs = Libtorchs(withPython: true).ToList().ConvertAll(libtorch => RunTests(parameters.OutputOf("TorchBind.Tests"), libtorch));
        foreach (var run in runs)
            Information("{0} on libtorch {1}: {2} passed, {3} failed, {4} skipped", run.Name, run.Version, run.Passed, run.Failed, run.Skipped);
        if (runs.Any(r => r.Failed > 0 || r.Total == 0))
            throw new CakeException("The sweeps found differences, or did not run.");
    });

Task("Fuzz")
    .Description("Reads damaged checkpoints of every form: 200,000 of each, or as many as stand after --, then the first seed")
    .IsDependentOn("TestLibtorch")
    .IsDependentOn("Build")
    .Does(() =>
    {
        foreach (var libtorch in Libtorchs(withPython: true))
        {
            var environment = EnvironmentFor(libtorch);
            environment["TORCHBIND_FUZZ"] = parameters.Rest.ElementAtOrDefault(0) ?? "200000";
            environment["TORCHBIND_FUZZ_FIRST"] = parameters.Rest.ElementAtOrDefault(1) ?? "0";
            Run(DotnetFor(libtorch), [parameters.OutputOf("TorchBind.Tests"), "--no-ansi", "--output", "Detailed", "--results-directory",
                parameters.Artifacts("test-results", libtorch.Minor), "--filter", "FullyQualifiedName~FuzzTests"], environment);
        }
    });

Task("TestLibtorch").Does(() => { foreach (var _ in Libtorchs(withPython: true)) { } });

Task("Example")
    .Description("Builds and runs an example: --example=NAME, its arguments after --")
    .IsDependentOn("Native")
    .Does(() =>
    {
        var project = ProjectNamed("examples", parameters.Example) ?? throw new CakeException(
            $"No example {parameters.Example}. There are: {string.Join(", ", FilesIn("examples", "*.csproj").Select(System.IO.Path.GetFileNameWithoutExtension))}");
        var assembly = parameters.OutputOf(parameters.Example);
        BuildProject("example-" + parameters.Example, project, () => System.IO.File.Exists(assembly));
        foreach (var libtorch in Libtorchs())
        {
            Information("---- {0} on libtorch {1}", parameters.Example, libtorch.Version);
            var code = Start(DotnetFor(libtorch), [assembly, .. parameters.Rest], EnvironmentFor(libtorch));
            if (code != 0)
                throw new CakeException($"{parameters.Example}: exit code {code}");
        }
    });
