// The NuGet packages, and a program that knows only them.

string PackageVersion() => XmlPeek("Directory.Build.props", "/Project/PropertyGroup/Version");

Task("Pack")
    .Description("Makes the NuGet packages in artifacts/packages")
    .IsDependentOn("Build")
    .Does(() =>
    {
        var shims = Libtorchs().Select(l => l.Minor).Distinct().ToArray();
        var folder = parameters.Artifacts("packages");
        var commit = ""; // the packages name it
        StartProcess("git", new ProcessSettings { Arguments = "rev-parse HEAD", RedirectStandardOutput = true, RedirectStandardError = true,
            RedirectedStandardOutputHandler = text => { commit += text; return text; } });
        Once("pack", () => ManagedKey([KeyOf(["README.md", "LICENSE", "native/package"]), commit, .. shims]), () => System.IO.Directory.Exists(folder), () =>
        {
            var fresh = folder + ".partial";
            DeleteFolder(fresh);
            foreach (var project in FilesIn("managed", "*.csproj").Append("native/package/TorchBind.Native.linux-x64.csproj"))
                Run("dotnet", ["pack", project, "-c", parameters.Configuration, "-o", fresh, "-v", "q", "-nologo",
                    "-p:TorchBindShims=" + string.Join("+", shims)]);
            // The shims' symbols (snupkg takes only .pdb files): unpacked beside a shim, gdb finds them.
            var debug = Libtorchs().Select(l => (FilePath)(ShimOf(l) + ".debug")).Where(f => FileExists(f)).ToList();
            Zip(parameters.Artifacts("native", "linux-x64"), System.IO.Path.Combine(fresh, $"TorchBind.Native.linux-x64.{PackageVersion()}.debug.zip"), debug);
            DeleteFolder(folder);
            System.IO.Directory.Move(fresh, folder);
        });
        foreach (var file in System.IO.Directory.EnumerateFiles(folder).Order())
            Information("{0} ({1:n0} bytes)", System.IO.Path.GetFileName(file), new System.IO.FileInfo(file).Length);
    });

Task("TestPackage")
    .Description("Restores, builds and runs a program that knows only the packages, and checks its output")
    .IsDependentOn("Pack")
    .Does(() =>
    {
        // A packages folder of its own, emptied: the packages keep their version while they change.
        DeleteFolder(parameters.Artifacts("package-test"));
        Run("dotnet", ["build", "PackageTest.csproj", "-c", "Release", "-v", "q", "-nologo", "-p:TorchBindVersion=" + PackageVersion()],
            directory: parameters.InRoot("tests", "package"));
        var expected = System.IO.File.ReadAllText("tests/package/expected.txt").ReplaceLineEndings("\n").Trim();
        foreach (var libtorch in Libtorchs())
        {
            var environment = EnvironmentFor(libtorch);
            environment.Remove("TORCHBIND_ROOT");
            var lines = new List<string>();
            var code = Start(DotnetFor(libtorch), [parameters.Artifacts("package-test", "bin", "PackageTest.dll")], environment, line: lines.Add);
            var output = string.Join('\n', lines).Trim();
            if (code != 0 || output != expected.Replace("{version}", libtorch.Version))
                throw new CakeException($"The program that uses the packages printed (exit code {code}):\n{output}\nexpected:\n{expected}");
            Information("the packages work on libtorch {0}", libtorch.Version);
        }

        // The tool, installed as users do; looking at a file needs no libtorch, so its own program does.
        var tools = parameters.Artifacts("package-test", "tools");
        Run("dotnet", ["tool", "install", "TorchBind.Tool", "--tool-path", tools, "--version", PackageVersion(), "--configfile", "nuget.config", "--no-cache"],
            directory: parameters.InRoot("tests", "package"));
        var shown = new List<string>();
        if (Start(System.IO.Path.Combine(tools, "torchbind"), ["inspect", parameters.InRoot("tests", "fixtures", "checkpoints", "2.6", "simple.pth")], line: shown.Add) != 0
            || !shown.Any(line => line.Contains("w  float32 [2, 4], 32 bytes")))
            throw new CakeException("The installed tool printed:\n" + string.Join('\n', shown));
        Information("the tool works");
    });
