// What the caller asked for, and where things lie.

public sealed class Parameters
{
    public string Target;
    public string Configuration;
    public string Root;
    public string GivenLibtorch; // --libtorch or LIBTORCH; null: look for one
    public string[] Versions;    // minor versions, "2.6"
    public bool VersionGiven;
    public string Example;
    public string Filter;
    public string[] Rest; // what followed `--`

    public string Artifacts(params string[] parts) => System.IO.Path.Combine([Root, "artifacts", .. parts]);
    public string InRoot(params string[] parts) => System.IO.Path.Combine([Root, .. parts]);
    // The output folder of a project, as `UseArtifactsOutput` lays it out.
    public string OutputOf(string project) =>
        Artifacts("bin", project, Configuration.ToLowerInvariant(), project + ".dll");
}

// The supported versions that Debian has; the first is the default. Files of a version are named by its minor version.
public static readonly Dictionary<string, string> KnownVersions = new() { ["2.6"] = "2.6.0", ["2.14"] = "2.14.1" };

Parameters ReadParameters()
{
    var version = Argument<string>("libtorch-version", null);
    var given = Argument<string>("libtorch", null);
    var target = Argument("target", "Build");
    string[] versions;
    if (version is null && target.ToLowerInvariant() is "pack" or "testpackage" && string.IsNullOrEmpty(given))
        versions = [.. KnownVersions.Keys];
    else if (version is null)
        versions = [KnownVersions.Keys.First()];
    else if (version == "all")
        versions = [.. KnownVersions.Keys];
    else
    {
        var minor = string.Join('.', version.Split('.').Take(2));
        if (!KnownVersions.ContainsKey(minor) && string.IsNullOrEmpty(given))
            throw new CakeException($"--libtorch-version={version}: choose from {string.Join(", ", KnownVersions.Keys)} and all, or point --libtorch at a libtorch of that version.");
        versions = [minor];
    }
    var rest = EnvironmentVariable("TORCHBIND_REST") ?? "";
    return new Parameters
    {
        Target = target,
        Configuration = Argument("configuration", "Release"),
        Root = Context.Environment.WorkingDirectory.FullPath,
        GivenLibtorch = string.IsNullOrEmpty(given) ? null : given,
        Versions = versions,
        VersionGiven = version is not null,
        Example = Argument("example", "Digits"),
        Filter = Argument<string>("filter", null),
        Rest = rest.Length == 0 ? [] : rest.Split('\x1f'),
    };
}

var parameters = ReadParameters();
