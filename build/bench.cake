// The benchmarks: the same work in C++, in Python and through TorchBind. docs/performance.md describes them.

const string BenchProject = "benchmarks/TorchBind.Benchmarks/TorchBind.Benchmarks.csproj";

// The worker in C++, on the C library that libtorch needs.
string CppWorker(Libtorch libtorch)
{
    string tree = parameters.Artifacts("cmake", "bench-" + libtorch.Minor), output = parameters.Artifacts("bench", libtorch.Minor);
    Once("bench-cmake-" + libtorch.Minor,
        () => KeyOf(["benchmarks/cpp/CMakeLists.txt"], libtorch.Root, libtorch.Version),
        () => System.IO.File.Exists(System.IO.Path.Combine(tree, "build.ninja")),
        () => Run("cmake", ["-S", "benchmarks/cpp", "-B", tree, "-G", "Ninja", "-DBENCH_LIBTORCH_INCLUDE=" + libtorch.Include,
            "-DBENCH_LIBTORCH_LIBRARY=" + libtorch.Library, "-DBENCH_PREFIX=" + (libtorch.Prefix ?? ""), "-DBENCH_OUTPUT_DIR=" + output]));
    Run("cmake", ["--build", tree]);
    return System.IO.Path.Combine(output, "benchmark-worker");
}

Task("Bench")
    .Description("Runs the benchmarks: --filter=NAMES for some of them, `-- --smoke` to compare results only")
    .IsDependentOn("TestLibtorch")
    .IsDependentOn("Native")
    .Does(() =>
    {
        var assembly = parameters.OutputOf("TorchBind.Benchmarks");
        BuildProject("benchmarks", BenchProject, () => System.IO.File.Exists(assembly));
        foreach (var libtorch in Libtorchs(withPython: true))
        {
            if (libtorch.Python is null)
                throw new CakeException("The benchmarks compare with Python, and no Python with this libtorch is known (TORCHBIND_PYTHON).");
            List<string> arguments =
            [
                assembly, "--cpp=" + CppWorker(libtorch), "--python=" + libtorch.Python,
                "--python-worker=" + parameters.InRoot("benchmarks", "python", "worker.py"), "--output=" + parameters.Artifacts("bench"),
            ];
            var tool = parameters.OutputOf("TorchBind.Tool");
            BuildProject("tool", "managed/TorchBind.Tool/TorchBind.Tool.csproj", () => System.IO.File.Exists(tool));
            arguments.Add("--tool=" + tool);
            if (parameters.Filter is not null)
                arguments.Add("--filter=" + parameters.Filter);
            Run(DotnetFor(libtorch), [.. arguments, .. parameters.Rest], EnvironmentFor(libtorch));
        }
    });

Task("BenchManaged")
    .Description("Runs BenchmarkDotNet on what the managed side alone costs: time and allocations; its arguments after --")
    .IsDependentOn("Native")
    .Does(() =>
    {
        const string name = "TorchBind.ManagedBenchmarks";
        var assembly = parameters.OutputOf(name);
        BuildProject("bench-managed", ProjectNamed("benchmarks", name), () => System.IO.File.Exists(assembly));
        foreach (var libtorch in Libtorchs())
            Run(DotnetFor(libtorch), [assembly, .. parameters.Rest, .. (parameters.Rest.Length == 0 ? (string[])["--filter", "*"] : []), "--artifacts", parameters.Artifacts("bench", "managed-" + libtorch.Minor)], EnvironmentFor(libtorch));
    });
