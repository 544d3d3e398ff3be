using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace TorchBind.Interop;

/// <summary>
/// Finds libtorch, opens it for everyone in the process, learns its version, then opens the shim of that version. The shim has no
/// dependency on libtorch of its own, so one shim serves every distribution of a version.
/// </summary>
internal static unsafe class LibtorchLoader
{
    /// <summary>Environment variable: the folder that holds libtorch, or its root.</summary>
    internal const string LibtorchVariable = "TORCHBIND_LIBTORCH";

    /// <summary>Environment variable: the folder that holds the shims, or one shim.</summary>
    internal const string ShimVariable = "TORCHBIND_SHIM";

    /// <summary>AppContext setting with the meaning of <see cref="LibtorchVariable"/>.</summary>
    internal const string LibtorchSetting = "TorchBind.Libtorch";

    private const string ShimName = "torchbind";
    private const int NewestMinor = 14;
    private const int OldestMinor = 6;

    private static readonly Lock s_lock = new();
    private static nint s_shim;
    private static LibtorchNotFoundException? s_failure;

    /// <summary>Where libtorch was found.</summary>
    internal static string LibtorchPath { get; private set; } = "";

    /// <summary>Where the shim was found.</summary>
    internal static string ShimPath { get; private set; } = "";

    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "The resolver must stand before the first P/Invoke; it opens nothing by itself.")]
    internal static void Register() => NativeLibrary.SetDllImportResolver(typeof(LibtorchLoader).Assembly, Resolve);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) => name == ShimName ? Load() : 0;

    private static nint Load()
    {
        lock (s_lock)
        {
            if (s_shim != 0)
                return s_shim;
            if (s_failure is not null)
                throw new LibtorchNotFoundException(s_failure.Message);
            try
            {
                return s_shim = Open();
            }
            catch (LibtorchNotFoundException failure)
            {
                s_failure = failure;
                throw;
            }
        }
    }

    private static nint Open()
    {
        var log = new StringBuilder();
        KeepSignals();
        if (!OpenLibtorch(log, out var libtorch))
        {
            throw new LibtorchNotFoundException(
                $"TorchBind found no libtorch it can open.\n{log}"
                + $"What to do: install one of version 2.{OldestMinor} to 2.{NewestMinor} (Debian 13: apt install libtorch-dev; elsewhere: the "
                + $"zip from pytorch.org, or the torch wheel) and, if it is not on the system's search path, set {LibtorchVariable} or the "
                + $"AppContext setting {LibtorchSetting} to the folder that holds {LibraryFile("torch")}.");
        }
        LibtorchPath = libtorch;
        return OpenShim(libtorch, log);
    }

    /// <summary>
    /// Leaves to .NET the signals by which it learns of null references and of divisions by zero. Debian's libtorch 2.6 brings UCX along
    /// (through MPI), which takes them when it is opened, unless the environment says for which signals it shall stand in: none. Who set
    /// the variable keeps what he set.
    /// </summary>
    private static void KeepSignals()
    {
        if (!OperatingSystem.IsLinux())
            return;
        fixed (byte* name = "UCX_ERROR_SIGNALS\0"u8)
        fixed (byte* none = "\0"u8)
            _ = setenv(name, none, 0); // Environment's setter would stay inside of .NET
    }

    // ---- libtorch

    private static bool OpenLibtorch(StringBuilder log, out string path)
    {
        foreach (var (place, why) in LibtorchPlaces())
        {
            if (Directory.Exists(place))
            {
                foreach (var folder in new[] { place, Path.Combine(place, "lib"), Path.Combine(place, "usr", "lib", "x86_64-linux-gnu") })
                {
                    var file = FindLibtorch(folder);
                    if (file is null)
                        continue;
                    if (TryOpenGlobal(file, out var error))
                    {
                        path = LoadedPath() ?? file;
                        return true;
                    }
                    log.Append($"  {why}: {file} is there but cannot be opened: {Explain(error)}\n");
                }
                log.Append($"  {why}: no {LibraryFile("torch")} that opens in {place}\n");
            }
            else if (File.Exists(place))
            {
                if (TryOpenGlobal(place, out var error))
                {
                    path = LoadedPath() ?? place;
                    return true;
                }
                log.Append($"  {why}: {place} cannot be opened: {Explain(error)}\n");
            }
            else
            {
                log.Append($"  {why}: {place} does not exist\n");
            }
            // What the user named and cannot be used is an error, not a hint.
            if (why == LibtorchVariable || why == LibtorchSetting)
            {
                path = "";
                return false;
            }
        }

        foreach (var name in SystemNames())
        {
            if (TryOpenGlobal(name, out var error))
            {
                path = LoadedPath() ?? name;
                return true;
            }
            if (error.Contains("No such file", StringComparison.Ordinal) && error.StartsWith(name, StringComparison.Ordinal))
                log.Append($"  the system's search path: no {name}\n");
            else
                log.Append($"  the system's search path: {name} cannot be opened: {Explain(error)}\n");
        }
        path = "";
        return false;
    }

    private static IEnumerable<(string Place, string Why)> LibtorchPlaces()
    {
        if (Environment.GetEnvironmentVariable(LibtorchVariable) is { Length: > 0 } variable)
            yield return (variable, LibtorchVariable);
        if (AppContext.GetData(LibtorchSetting) is string { Length: > 0 } setting)
            yield return (setting, LibtorchSetting);
        foreach (var folder in ApplicationFolders())
        {
            if (FindLibtorch(folder) is not null)
                yield return (folder, "next to the application");
        }
    }

    private static string? FindLibtorch(string folder)
    {
        if (!Directory.Exists(folder))
            return null;
        var plain = Path.Combine(folder, LibraryFile("torch"));
        if (File.Exists(plain))
            return plain;
        // Debian's runtime package has only the versioned name.
        return Directory.EnumerateFiles(folder, "libtorch.so.*").OrderByDescending(static f => f.Length).ThenDescending().FirstOrDefault();
    }

    private static IOrderedEnumerable<string> ThenDescending(this IOrderedEnumerable<string> files) =>
        files.ThenByDescending(static f => f, StringComparer.Ordinal);

    private static IEnumerable<string> SystemNames()
    {
        yield return LibraryFile("torch");
        if (!OperatingSystem.IsLinux())
            yield break;
        for (var minor = NewestMinor; minor >= OldestMinor; minor--)
            yield return $"libtorch.so.2.{minor}";
    }

    private static IEnumerable<string> ApplicationFolders()
    {
        var seen = new HashSet<string>();
        var rid = RuntimeInformation.RuntimeIdentifier;
        var portable = $"{(OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux")}-"
            + RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        foreach (var root in new[] { AppContext.BaseDirectory, AssemblyFolder() })
        {
            foreach (var folder in new[] { root, Path.Combine(root, "runtimes", rid, "native"), Path.Combine(root, "runtimes", portable, "native") })
            {
                if (seen.Add(folder) && Directory.Exists(folder))
                    yield return folder;
            }
        }
        // NuGet's own folders, when the application runs from its build output without a copy.
        if (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") is string directories)
        {
            foreach (var folder in directories.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
            {
                if (seen.Add(folder) && Directory.Exists(folder))
                    yield return folder;
            }
        }
    }

    [UnconditionalSuppressMessage("SingleFile", "IL3000", Justification = "An empty location falls back to the application's folder.")]
    private static string AssemblyFolder()
    {
        var location = typeof(LibtorchLoader).Assembly.Location;
        return location.Length == 0 ? AppContext.BaseDirectory : Path.GetDirectoryName(location)!;
    }

    // ---- the shim

    private static nint OpenShim(string libtorch, StringBuilder log)
    {
        var shims = Shims();
        var version = VersionOf(libtorch);
        var found = string.Join(", ", shims.Select(static s => $"2.{s.Minor}"));
        if (version is { } known)
        {
            if (known.Major != 2 || known.Minor is < OldestMinor or > NewestMinor)
            {
                throw new LibtorchNotFoundException(
                    $"libtorch {known.Major}.{known.Minor} at {libtorch} is not supported; supported are 2.{OldestMinor} to 2.{NewestMinor}. "
                    + $"Set {LibtorchVariable} to the folder of another one.");
            }
            var path = shims.FirstOrDefault(s => s.Minor == known.Minor).Path ?? throw new LibtorchNotFoundException(
                $"libtorch 2.{known.Minor} was found at {libtorch}, but there is no shim libtorchbind-2.{known.Minor}"
                + $"{LibraryExtension} for it. Shims found: {(found.Length == 0 ? "none" : found)}. Looked in: "
                + $"{string.Join(", ", ShimPlaces())}. Install the package TorchBind.Native.<rid>, build the shim "
                + $"(./build.sh --target=Native --libtorch DIR), or set {ShimVariable}.");
            return OpenChecked(path, libtorch);
        }

        // No file says which version this is: only the right shim finds all of its symbols.
        foreach (var (_, path) in shims)
        {
            if (TryOpenLocal(path, out _, out var error))
                return OpenChecked(path, libtorch);
            log.Append($"  {path}: {error}\n");
        }
        throw new LibtorchNotFoundException(
            $"libtorch was found at {libtorch}, its version is unknown, and no shim fits it. Shims found: {(found.Length == 0 ? "none" : found)}. "
            + $"Looked in: {string.Join(", ", ShimPlaces())}.\n{log}");
    }

    private static nint OpenChecked(string path, string libtorch)
    {
        if (!TryOpenLocal(path, out var shim, out var error))
            throw new LibtorchNotFoundException($"The shim {path} does not open with the libtorch at {libtorch}: {error}");
        ShimPath = path;
        var abi = ((delegate* unmanaged[Cdecl]<int>)NativeLibrary.GetExport(shim, "tb_abi_version"))();
        if (abi != AbiVersion)
        {
            throw new LibtorchNotFoundException(
                $"The shim {path} has ABI {abi}, this TorchBind needs {AbiVersion}: shim and TorchBind are from different releases.");
        }
        var hash = ((delegate* unmanaged[Cdecl]<ulong>)NativeLibrary.GetExport(shim, "tb_operator_table_hash"))();
        if (hash != OperatorTable.Hash)
        {
            throw new LibtorchNotFoundException(
                $"The shim {path} was generated from another operator table ({hash:x16}, this TorchBind has {OperatorTable.Hash:x16}): "
                + "build both from one source tree.");
        }
        var install = (delegate* unmanaged[Cdecl]<int>)NativeLibrary.GetExport(shim, "tb_memory_install");
        if (install() != 0)
            throw new LibtorchNotFoundException($"The shim {path} could not install its memory counter.");
        var guard = (delegate* unmanaged[Cdecl]<int>)NativeLibrary.GetExport(shim, "tb_guards_install");
        if (guard() != 0)
        {
            var message = ((delegate* unmanaged[Cdecl]<nint>)NativeLibrary.GetExport(shim, "tb_error_message"))();
            throw new LibtorchNotFoundException($"The shim {path} could not install its guards: {Marshal.PtrToStringUTF8(message)}");
        }
        return shim;
    }

    /// <summary>TB_ABI_VERSION of the headers this assembly was written for.</summary>
    internal const int AbiVersion = 1;

    private static IEnumerable<string> ShimPlaces() =>
        Environment.GetEnvironmentVariable(ShimVariable) is { Length: > 0 } variable ? [variable] : ApplicationFolders();

    /// <summary>All shims in reach, newest first.</summary>
    private static List<(int Minor, string Path)> Shims()
    {
        var result = new List<(int Minor, string Path)>();
        foreach (var place in ShimPlaces())
        {
            var files = File.Exists(place) ? [place] : Directory.Exists(place) ? Directory.GetFiles(place, "*torchbind-2.*") : [];
            foreach (var file in files)
            {
                var name = Path.GetFileNameWithoutExtension(file);
                if (file.EndsWith(LibraryExtension, StringComparison.Ordinal)
                    && int.TryParse(name[(name.LastIndexOf('.') + 1)..], out var minor) && result.All(s => s.Minor != minor))
                {
                    result.Add((minor, file));
                }
            }
        }
        result.Sort(static (a, b) => b.Minor - a.Minor);
        return result;
    }

    /// <summary>The version by what stands in or beside the file: Debian's file names, the zip's build-version, the wheel's version.py.</summary>
    internal static (int Major, int Minor)? VersionOf(string libtorch)
    {
        var file = new FileInfo(libtorch);
        if (file.Exists && file.ResolveLinkTarget(returnFinalTarget: true) is { } target)
            libtorch = target.FullName;
        var name = Path.GetFileName(libtorch);
        var at = name.IndexOf(".so.", StringComparison.Ordinal);
        if (at > 0 && ParseVersion(name[(at + 4)..]) is { } byName)
            return byName;
        if (Path.GetDirectoryName(Path.GetDirectoryName(Path.GetFullPath(libtorch))) is not { } root)
            return null;
        var buildVersion = Path.Combine(root, "build-version");
        if (File.Exists(buildVersion) && ParseVersion(File.ReadAllText(buildVersion)) is { } byZip)
            return byZip;
        var versionModule = Path.Combine(root, "version.py");
        if (File.Exists(versionModule))
        {
            foreach (var line in File.ReadLines(versionModule))
            {
                if (line.StartsWith("__version__", StringComparison.Ordinal) && line.Split('\'', '"') is { Length: > 1 } parts
                    && ParseVersion(parts[1]) is { } byWheel)
                {
                    return byWheel;
                }
            }
        }
        return null;
    }

    private static (int, int)? ParseVersion(string text)
    {
        var parts = text.Trim().Split('.', '+');
        return parts.Length >= 2 && int.TryParse(parts[0], out var major) && int.TryParse(parts[1], out var minor) ? (major, minor) : null;
    }

    // ---- the system's loader

    private static string LibraryExtension => OperatingSystem.IsWindows() ? ".dll" : OperatingSystem.IsMacOS() ? ".dylib" : ".so";

    private static string LibraryFile(string name) => OperatingSystem.IsWindows() ? $"{name}.dll" : $"lib{name}{LibraryExtension}";

    private static string? LoadedPath()
    {
        if (!OperatingSystem.IsLinux())
            return null;
        foreach (var line in File.ReadLines("/proc/self/maps"))
        {
            var slash = line.IndexOf('/');
            if (slash >= 0 && Path.GetFileName(line[slash..]) is var name
                && (name == "libtorch.so" || name.StartsWith("libtorch.so.", StringComparison.Ordinal)))
            {
                return line[slash..];
            }
        }
        return null;
    }

    private static string Explain(string error) => error switch
    {
        _ when error.Contains("GLIBC", StringComparison.Ordinal) =>
            $"{error} (this libtorch needs a newer C library than this process runs on)",
        _ when error.Contains("libcu", StringComparison.Ordinal) || error.Contains("nvidia", StringComparison.Ordinal) =>
            $"{error} (a CUDA library is missing: install the CUDA runtime that this build of libtorch asks for, or take its CPU build)",
        _ => error,
    };

    private static bool TryOpenGlobal(string path, out string error) => TryOpen(path, global: true, out _, out error);

    private static bool TryOpenLocal(string path, out nint handle, out string error) => TryOpen(path, global: false, out handle, out error);

    private static bool TryOpen(string path, bool global, out nint handle, out string error)
    {
        error = "";
        if (OperatingSystem.IsWindows())
        {
            if (NativeLibrary.TryLoad(path, out handle))
                return true;
            error = $"{path}: LoadLibrary failed with {Marshal.GetLastWin32Error()}";
            return false;
        }
        // The shim looks its symbols up in what libtorch made visible: NativeLibrary.Load would keep them private.
        const int Now = 2;
        var globalFlag = OperatingSystem.IsMacOS() ? 8 : 0x100;
        var bytes = Encoding.UTF8.GetBytes(path + "\0");
        _ = dlerror(); // binds dlerror itself, which would lose the message it is asked for
        fixed (byte* name = bytes)
        {
            handle = dlopen(name, Now | (global ? globalFlag : 0));
            if (handle == 0)
                error = Marshal.PtrToStringUTF8(dlerror()) ?? "unknown error";
        }
        return handle != 0;
    }

    [DllImport("libc", ExactSpelling = true)]
    private static extern nint dlopen(byte* name, int flags);

    [DllImport("libc", ExactSpelling = true)]
    private static extern nint dlerror();

    [DllImport("libc", ExactSpelling = true)]
    private static extern int setenv(byte* name, byte* value, int overwrite);
}
