// Finding or making the libtorch to use, and the .NET host that can run on it.
using System.Text.RegularExpressions;

public sealed class Libtorch
{
    public string Version; // "2.6.0"
    public string Minor;   // "2.6"
    public string Root;    // what CMake gets
    public string Include; // the folder with ATen/ATen.h
    public string Library; // the folder with libtorch.so
    public string Prefix;  // the root of a prefix with a C library of its own; null: none, the machine's own is used
    public bool Installed; // the system's: the loader finds it without help
    public string HostName;
    public string Python;  // a Python whose torch is this libtorch; null: none is known
}

const string Triplet = "x86_64-linux-gnu";

// The libtorch of a folder: a prefix, a pytorch.org zip, a wheel, or the folder that holds libtorch.so. Null: none.
Libtorch LibtorchIn(string root)
{
    string[] Below(params string[] relative) =>
        [.. relative.Select(r => System.IO.Path.GetFullPath(System.IO.Path.Combine(root, r)))];
    var library = Below("lib", ".", "usr/lib/" + Triplet, "lib/" + Triplet, "libtorch/lib", "torch/lib")
        .FirstOrDefault(d => System.IO.File.Exists(System.IO.Path.Combine(d, "libtorch.so")));
    var include = Below("include", "usr/include", "../include", "../../include", "libtorch/include", "torch/include")
        .FirstOrDefault(d => System.IO.File.Exists(System.IO.Path.Combine(d, "ATen/ATen.h")));
    if (library is null || include is null)
        return null;
    var version = VersionOfHeaders(include);
    if (version is null)
        return null;
    var prefix = library.EndsWith("/usr/lib/" + Triplet) ? library[..^("/usr/lib/" + Triplet).Length] : null;
    if (prefix == "" || prefix is not null && !System.IO.File.Exists(prefix + "/usr/lib/" + Triplet + "/ld-linux-x86-64.so.2"))
        prefix = null;
    return new Libtorch
    {
        Version = version,
        Minor = string.Join('.', version.Split('.').Take(2)),
        Root = root,
        Include = include,
        Library = library,
        Prefix = prefix,
        HostName = version,
        Python = prefix is not null && System.IO.File.Exists(prefix + "/bin/python3") ? prefix + "/bin/python3" : null,
    };
}

string VersionOfHeaders(string include)
{
    foreach (var file in new[] { "torch/headeronly/version.h", "torch/version.h", "torch/csrc/api/include/torch/version.h" })
    {
        var path = System.IO.Path.Combine(include, file);
        if (!System.IO.File.Exists(path))
            continue;
        var numbers = new[] { "MAJOR", "MINOR", "PATCH" }
            .Select(n => Regex.Match(System.IO.File.ReadAllText(path), $@"#define TORCH_VERSION_{n} (\d+)")).ToArray();
        if (numbers.All(m => m.Success))
            return string.Join('.', numbers.Select(m => m.Groups[1].Value));
    }
    return null;
}

bool IsSupported(Libtorch libtorch) =>
    System.Version.Parse(libtorch.Minor) is var v && v >= new System.Version(2, 6) && v <= new System.Version(2, 14);

// In the order that the design fixes: what was given, what is installed, a private prefix.
Libtorch FindLibtorch(string minor, bool withPython)
{
    if (parameters.GivenLibtorch is { } given)
    {
        var found = LibtorchIn(given) ?? throw new CakeException(
            $"--libtorch {given}: no libtorch with headers there (looked for lib/libtorch.so, libtorch.so and usr/lib/{Triplet}/libtorch.so, and for include/ATen/ATen.h beside it).");
        if (!IsSupported(found))
            throw new CakeException($"--libtorch {given}: libtorch {found.Version}; supported are 2.6 to 2.14.");
        if (parameters.VersionGiven && found.Minor != minor)
            throw new CakeException($"--libtorch {given} is libtorch {found.Version}, but --libtorch-version asks for {minor}.");
        if (found.Prefix != parameters.Artifacts("libtorch", found.Version))
            found.HostName = found.Version + "-given";
        found.Python ??= EnvironmentVariable("TORCHBIND_PYTHON");
        Information("libtorch {0} in {1} (given)", found.Version, found.Library);
        return found;
    }

    if (LibtorchIn("/usr") is { } installed && IsSupported(installed) && (installed.Minor == minor || !parameters.VersionGiven))
    {
        installed.Installed = true;
        installed.Python = EnvironmentVariable("TORCHBIND_PYTHON")
            ?? (System.IO.Directory.Exists("/usr/lib/python3/dist-packages/torch") ? "/usr/bin/python3" : null);
        Information("libtorch {0} in {1} (installed)", installed.Version, installed.Library);
        return installed;
    }

    var prefix = parameters.Artifacts("libtorch", KnownVersions[minor]);
    string[] options = withPython ? ["--with-python"] : [];
    Run("build/libtorch-prefix.sh", [.. options, minor, prefix]);
    var made = LibtorchIn(prefix) ?? throw new CakeException($"{prefix} holds no libtorch: delete it and try again.");
    if (made.Minor != minor)
        throw new CakeException($"{prefix} holds libtorch {made.Version}, not {minor}: delete it and try again.");
    made.HostName = KnownVersions[minor];
    return made;
}

readonly Dictionary<string, Libtorch> libtorchs = new();

// Every libtorch that this run is about, found once.
IEnumerable<Libtorch> Libtorchs(bool withPython = false)
{
    foreach (var minor in parameters.Versions)
    {
        if (!libtorchs.TryGetValue(minor, out var libtorch) || withPython && libtorch.Python is null)
            libtorchs[minor] = libtorch = FindLibtorch(minor, withPython);
        yield return libtorch;
    }
}

// The dotnet that runs programs on this libtorch: a private host where the prefix has a C library of its own.
string DotnetFor(Libtorch libtorch)
{
    if (libtorch.Prefix is null)
        return "dotnet";
    var host = parameters.Artifacts("host", libtorch.HostName);
    Run("build/dotnet-host.sh", [libtorch.Prefix, host]);
    return System.IO.Path.Combine(host, "dotnet");
}

// The environment of a program that runs on this libtorch.
Dictionary<string, string> EnvironmentFor(Libtorch libtorch)
{
    var environment = new Dictionary<string, string>
    {
        ["TORCHBIND_ROOT"] = parameters.Root,
        ["TORCHBIND_LIBTORCH_VERSION"] = libtorch.Version,
        ["TORCHBIND_LIBTORCH_INCLUDE"] = libtorch.Include,
    };
    // In a prefix the host's DT_RPATH finds it, and the system's is found by its name.
    // A setting of the caller's shell would send the loader elsewhere.
    environment["TORCHBIND_LIBTORCH"] = libtorch.Prefix is null && !libtorch.Installed ? libtorch.Library : "";
    environment["TORCHBIND_SHIM"] = "";
    if (libtorch.Python is not null)
        environment["TORCHBIND_PYTHON"] = libtorch.Python;
    // OpenBLAS has threads of its own beside OpenMP's. Both spin while they wait, and on two cores each takes the other's
    // time: the digits example was six times as fast with OpenBLAS on one thread.
    if (string.IsNullOrEmpty(EnvironmentVariable("OPENBLAS_NUM_THREADS")))
        environment["OPENBLAS_NUM_THREADS"] = "1";
    return environment;
}

Task("Libtorch")
    .Description("Finds or makes the libtorch (with its Python, which the tests use)")
    .Does(() => { foreach (var libtorch in Libtorchs(withPython: true)) Information("libtorch {0}: {1}", libtorch.Version, libtorch.Library); });

Task("Host")
    .Description("Makes the private .NET host of a prefix")
    .Does(() => { foreach (var libtorch in Libtorchs()) Information("dotnet for libtorch {0}: {1}", libtorch.Version, DotnetFor(libtorch)); });
