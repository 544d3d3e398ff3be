// The generator's outputs and the native shim.

const string BindingsProject = "bindings/TorchBind.Bindings/TorchBind.Bindings.csproj";

string ShimOf(Libtorch libtorch) => parameters.Artifacts("native", "linux-x64", $"libtorchbind-{libtorch.Minor}.so");

// Builds the generator alone: the shim needs it before anything else of the solution can be used.
string Bindings()
{
    var assembly = parameters.OutputOf("TorchBind.Bindings");
    Once("bindings",
        () => KeyOf(["bindings", "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props"], parameters.Configuration),
        () => System.IO.File.Exists(assembly),
        () => Run("dotnet", ["build", BindingsProject, "-c", parameters.Configuration, "-v", "q", "-nologo"]));
    return assembly;
}

Task("Generate")
    .Description("Writes the committed generated files again: schemas, C#, docs/operators.md, bindings/operators.json")
    .Does(Generate);

void Generate()
{
    // The reference is every version that is tested: their prefixes are needed, whatever was asked for.
    parameters.Versions = [.. KnownVersions.Keys];
    foreach (var libtorch in Libtorchs())
    {
        if (libtorch.Version == KnownVersions[libtorch.Minor])
        {
            Run("dotnet", [Bindings(), "schemas", "--libtorch", libtorch.Root]);
            if (libtorch.Python is not null)
                Run(libtorch.Python, ["bindings/python_names.py"]);
        }
        else
            Warning("bindings/schemas holds libtorch {0}; the one at hand is {1}, and was not read.", KnownVersions[libtorch.Minor], libtorch.Version);
    }
    Run("dotnet", [Bindings(), "csharp"]);
}

Task("Native")
    .Description("Generates the operator shards and compiles the shim")
    .Does(() =>
    {
        foreach (var libtorch in Libtorchs())
        {
            var generated = parameters.Artifacts("generated", libtorch.Minor);
            Once("shards-" + libtorch.Minor,
                () => KeyOf(["native/include", "bindings", System.IO.Path.Combine(libtorch.Include, "ATen", "Operators.h")], libtorch.Include, libtorch.Version),
                () => System.IO.Directory.Exists(generated),
                () =>
                {
                    Information("generating the operators of libtorch {0}", libtorch.Version);
                    var fresh = generated + ".partial";
                    DeleteFolder(fresh);
                    Run("dotnet", [Bindings(), "shim", "--libtorch", libtorch.Root, "--output", fresh]);
                    SyncFolder(fresh, generated); // unchanged shards keep their time, and are not compiled again
                });

            // Checkouts beside each other share what they compile where ccache is installed; nothing needs it.
            var cache = Context.Tools.Resolve("ccache") is not null;
            var environment = new Dictionary<string, string> { ["CCACHE_BASEDIR"] = parameters.Root, ["CCACHE_NOHASHDIR"] = "1" };
            var tree = parameters.Artifacts("cmake", libtorch.Minor);
            Once("cmake-" + libtorch.Minor,
                () => KeyOf([], libtorch.Root, generated, cache.ToString()),
                () => System.IO.File.Exists(System.IO.Path.Combine(tree, "build.ninja")),
                () => Run("cmake", ["-S", "native", "-B", tree, "-G", "Ninja", "-DTORCHBIND_WERROR=ON", "-DTORCHBIND_LIBTORCH=" + libtorch.Root,
                    "-DTORCHBIND_GENERATED_DIR=" + generated, "-DTORCHBIND_OUTPUT_DIR=" + System.IO.Path.GetDirectoryName(ShimOf(libtorch)), "-DCMAKE_CXX_COMPILER_LAUNCHER=" + (cache ? "ccache" : "")]));
            Run("cmake", ["--build", tree, "--parallel", System.Environment.ProcessorCount.ToString()], environment);
        }
    });
