// The C# projects.

const string Solution = "TorchBind.sln";

// What any C# build reads. The shims are among it: they are copied into the output of programs and tests.
string ManagedKey(params string[] more) => KeyOf(
    ["managed", "bindings", "tests", "examples", "benchmarks", Solution, "Directory.Build.props", "Directory.Build.targets",
     "Directory.Packages.props", "build/NativeAssets.targets", "build/Package.targets", ".editorconfig", "global.json",
     parameters.Artifacts("native", "linux-x64")], [parameters.Configuration, .. more]);

void BuildProject(string name, string project, Func<bool> present) =>
    Once("build-" + name, () => ManagedKey(), present,
        () => Run("dotnet", ["build", project, "-c", parameters.Configuration, "-v", "m", "-nologo", "-clp:NoSummary"]));

// The project file below `folder` with this name, or null.
string ProjectNamed(string folder, string name) =>
    System.IO.Directory.Exists(folder)
        ? System.IO.Directory.EnumerateFiles(folder, name + ".csproj", System.IO.SearchOption.AllDirectories).FirstOrDefault()
        : null;

// The files below a folder, in a fixed order; none where it does not exist.
string[] FilesIn(string folder, string pattern) =>
    System.IO.Directory.Exists(folder)
        ? [.. System.IO.Directory.EnumerateFiles(folder, pattern, System.IO.SearchOption.AllDirectories).Order(StringComparer.Ordinal)]
        : [];

Task("Build")
    .Description("Builds the solution")
    .IsDependentOn("Native")
    .Does(() => BuildProject("solution", Solution, () => FilesIn("tests", "*.Tests.csproj")
        .All(p => System.IO.File.Exists(parameters.OutputOf(System.IO.Path.GetFileNameWithoutExtension(p))))));

Task("CheckAot")
    .Description("Builds the library with the trimming and AOT analyzers, which take too long for every build")
    .Does(() => Once("aot", () => KeyOf(["managed", "Directory.Build.props", "Directory.Packages.props"]), () => true,
        () => Run("dotnet", ["build", "managed/TorchBind/TorchBind.csproj", "-c", "Release", "-v", "q", "-nologo", "-p:AnalyzeAot=true",
            "-p:ArtifactsPath=" + parameters.Artifacts("aot")])));
