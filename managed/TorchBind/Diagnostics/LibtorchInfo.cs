using System.Runtime.CompilerServices;
using TorchBind.Interop;

namespace TorchBind.Diagnostics;

/// <summary>Which libtorch this process uses, where it was found, and how it was built. Asking loads it.</summary>
public static unsafe class LibtorchInfo
{
    /// <summary>The environment variable that names the folder of libtorch.</summary>
    public const string Variable = LibtorchLoader.LibtorchVariable;

    /// <summary>The file that was opened as libtorch.</summary>
    /// <exception cref="LibtorchNotFoundException">There is none that can be opened; the message says what was looked for and where.</exception>
    public static string LibraryPath => Loaded(LibtorchLoader.LibtorchPath, static () => LibtorchLoader.LibtorchPath);

    /// <summary>The file that was opened as TorchBind's shim.</summary>
    /// <exception cref="LibtorchNotFoundException">There is none that can be opened.</exception>
    public static string ShimPath => Loaded(LibtorchLoader.ShimPath, static () => LibtorchLoader.ShimPath);

    /// <summary>The vector instructions that libtorch uses, such as <c>AVX2</c>. Mirrors <c>torch.backends.cpu.get_cpu_capability</c>.</summary>
    public static string CpuCapability
    {
        get
        {
            byte* text;
            NativeError.Check(NativeMethods.tb_core_cpu_capability(&text));
            return NativeText.Take(text);
        }
    }

    /// <summary>How libtorch was built. Mirrors <c>torch.__config__.show</c>.</summary>
    public static string BuildConfiguration
    {
        get
        {
            byte* text;
            NativeError.Check(NativeMethods.tb_core_show_config(&text));
            return NativeText.Take(text);
        }
    }

    /// <summary>Threads and the libraries that make them. Mirrors <c>torch.__config__.parallel_info</c>.</summary>
    public static string ParallelInfo
    {
        get
        {
            byte* text;
            NativeError.Check(NativeMethods.tb_core_parallel_info(&text));
            return NativeText.Take(text);
        }
    }

    /// <summary>
    /// The library of matrix products: what libtorch was built with, as its configuration names it (Debian builds for whichever is installed,
    /// <c>generic</c>), and on Linux the file that is loaded.
    /// </summary>
    public static string Blas
    {
        get
        {
            var built = Setting("BLAS_INFO=") ?? Setting("BLAS=") ?? "unknown";
            if (!OperatingSystem.IsLinux())
                return built;
            var files = File.ReadLines("/proc/self/maps").Select(static line => line.IndexOf('/') is >= 0 and var at ? line[at..] : "")
                .Where(static path => Path.GetFileName(path) is var name && (name.Contains("blas", StringComparison.Ordinal) || name.StartsWith("libmkl_core", StringComparison.Ordinal)
                    || name.StartsWith("libblis", StringComparison.Ordinal))).Distinct();
            return string.Join(", ", [built, .. files]);
        }
    }

    /// <summary>What libtorch makes its threads with, such as <c>OpenMP</c>.</summary>
    public static string ParallelBackend
    {
        get
        {
            const string Name = "ATen parallel backend:";
            var text = ParallelInfo;
            var at = text.IndexOf(Name, StringComparison.Ordinal);
            return at < 0 ? "unknown" : text[(at + Name.Length)..].Split('\n')[0].Trim();
        }
    }

    /// <summary>The devices that can be used: the processor, and what libtorch finds beside it.</summary>
    public static IReadOnlyList<Device> Devices()
    {
        var devices = new List<Device> { Device.Cpu };
        foreach (var type in (ReadOnlySpan<DeviceType>)[DeviceType.Cuda, DeviceType.Xpu, DeviceType.Mps])
        {
            byte available;
            if (NativeMethods.tb_core_device_available((int)type, &available) != 0 || available == 0)
                continue;
            int count;
            NativeError.Check(NativeMethods.tb_core_device_count((int)type, &count));
            for (var i = 0; i < count; i++)
                devices.Add(new Device(type, i));
        }
        return devices;
    }

    private static string? Setting(string name)
    {
        var text = BuildConfiguration;
        var at = text.IndexOf(name, StringComparison.Ordinal);
        return at < 0 ? null : text[(at + name.Length)..].Split(',', '\n', ';')[0].Trim();
    }

    private static string Loaded(string path, Func<string> again)
    {
        if (path.Length > 0)
            return path;
        RuntimeHelpers.RunModuleConstructor(typeof(LibtorchInfo).Module.ModuleHandle);
        NativeMethods.tb_abi_version();
        return again();
    }
}
