// Formatting, generated files, cleaning.

IEnumerable<string> CppFiles() => new[] { "native/src", "native/include" }.Where(System.IO.Directory.Exists)
    .SelectMany(d => System.IO.Directory.EnumerateFiles(d, "*", System.IO.SearchOption.AllDirectories))
    .Where(f => f.EndsWith(".cpp") || f.EndsWith(".h")).Order(StringComparer.Ordinal);

// Layout only, without loading projects: what .editorconfig says about style is enforced by the compiler in every build.
IEnumerable<string> FormatArguments(bool check) =>
    ["format", "whitespace", parameters.Root, "--folder", .. check ? new[] { "--verify-no-changes" } : [], "--exclude", "artifacts"];

Task("Format")
    .Description("Formats the C# and C++ sources")
    .Does(() =>
    {
        Run("dotnet", FormatArguments(false));
        Run("clang-format", ["-i", "--style=file", .. CppFiles()]);
    });

Task("CheckFormat")
    .Description("Fails if Format would change anything")
    .Does(() =>
    {
        var csharp = Start("dotnet", FormatArguments(true));
        var cpp = CppFiles().Any() ? Start("clang-format", ["--dry-run", "-Werror", "--style=file", .. CppFiles()]) : 0;
        if (csharp != 0 || cpp != 0)
            throw new CakeException("Some files are not formatted: ./build.sh --target=Format does it.");
    });

Task("CheckGenerated")
    .Description("Fails if generating again changes a committed file")
    .Does(() =>
    {
        var before = GeneratedFiles();
        Generate();
        var after = GeneratedFiles();
        var changed = before.Keys.Union(after.Keys).Where(f => before.GetValueOrDefault(f) != after.GetValueOrDefault(f)).Order().ToList();
        if (changed.Count > 0)
            throw new CakeException("Generating again changed these files; commit what ./build.sh --target=Generate writes:\n  " + string.Join("\n  ", changed));
    });

Dictionary<string, string> GeneratedFiles() =>
    new[] { "managed", "tests" }.SelectMany(d => FilesIn(d, "*.g.cs"))
        .Concat(FilesIn("bindings/schemas", "*.txt"))
        .Concat(new[] { "docs/operators.md", "bindings/operators.json", "bindings/python-names.txt" }.Where(System.IO.File.Exists))
        .ToDictionary(f => f, f => Convert.ToHexString(SHA256.HashData(System.IO.File.ReadAllBytes(f))));

Task("Clean")
    .Description("Removes what was built; keeps libtorch and what was downloaded")
    .Does(() =>
    {
        foreach (var folder in new[] { "bin", "obj", "aot", "cmake", "generated", "native", "packages", "package", "package-test", "publish", "stamps", "test-results", "host" })
            DeleteFolder(parameters.Artifacts(folder));
    });

Task("CleanAll")
    .Description("Removes everything below artifacts/ but the running script")
    .IsDependentOn("Clean")
    .Does(() =>
    {
        DeleteFolder(parameters.Artifacts("libtorch"));
        DeleteFolder(parameters.Artifacts("cache"));
    });
