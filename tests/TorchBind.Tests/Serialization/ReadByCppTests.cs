using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using TorchBind.Jit;
using TorchBind.NN;
using TorchBind.Serialization;

namespace TorchBind.Tests.Serialization;

/// <summary>
/// What is written here, read by libtorch's own C++ functions: tests/native/read_files.cpp is compiled against the libtorch under test, once, and
/// opened by this process. Skipped where there is no compiler or there are no headers.
/// </summary>
internal sealed unsafe class ReadByCppTests
{
    private static readonly Lazy<nint> s_library = new(Open);
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    private static nint Open()
    {
        string? include = Environment.GetEnvironmentVariable("TORCHBIND_LIBTORCH_INCLUDE");
        if (include is not { Length: > 0 } || !File.Exists(Path.Combine(include, "torch", "csrc", "jit", "serialization", "import.h")))
            return 0;
        string source = Path.Combine(PythonOracle.Root, "tests", "native", "read_files.cpp");
        byte[] key = SHA256.HashData([.. File.ReadAllBytes(source), .. System.Text.Encoding.UTF8.GetBytes(Torch.Version)]);
        string folder = Path.Combine(PythonOracle.Root, "artifacts", "test-native");
        string library = Path.Combine(folder, $"read_files-{Torch.Version}-{Convert.ToHexStringLower(key)[..12]}.so");
        if (!File.Exists(library))
        {
            Directory.CreateDirectory(folder);
            string temporary = $"{library}.{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}";
            try
            {
                using var compiler = Process.Start(new ProcessStartInfo(Environment.GetEnvironmentVariable("CXX") is { Length: > 0 } cxx ? cxx : "g++",
                    ["-std=c++20", "-O0", "-w", "-shared", "-fPIC", "-isystem", include, "-isystem", Path.Combine(include, "torch", "csrc", "api", "include"), source, "-o", temporary])
                { RedirectStandardError = true })!;
                string errors = compiler.StandardError.ReadToEnd();
                compiler.WaitForExit();
                Assert.That(compiler.ExitCode, Is.Zero, errors);
            }
            catch (System.ComponentModel.Win32Exception)
            {
                return 0;
            }
            File.Move(temporary, library, overwrite: true);
        }
        // The shim, and with it libtorch, is opened first: its symbols are what the library refers to.
        Torch.Ones(1).Dispose();
        return NativeLibrary.Load(library);
    }

    private static string Ask(string function, string path, long rows = 0, long columns = 0)
    {
        if (s_library.Value == 0)
            Assert.Ignore("TORCHBIND_LIBTORCH_INCLUDE names no headers of libtorch, or there is no g++.");
        nint address = NativeLibrary.GetExport(s_library.Value, function);
        fixed (byte* text = System.Text.Encoding.UTF8.GetBytes(path + "\0"))
        {
            nint answer = function == "run_script"
                ? ((delegate* unmanaged[Cdecl]<byte*, long, long, nint>)address)(text, rows, columns)
                : ((delegate* unmanaged[Cdecl]<byte*, nint>)address)(text);
            return Marshal.PtrToStringUTF8(answer)!;
        }
    }

    // As read_files.cpp spells a tensor.
    private static string Spelled(Tensor tensor)
    {
        string type = tensor.DType switch { DType.Float32 => "Float", DType.Float64 => "Double", DType.Int64 => "Long", DType.BFloat16 => "BFloat16", DType.Bool => "Bool", DType.Float16 => "Half", _ => throw new ArgumentException(tensor.DType.ToString()) };
        using Tensor bytes = tensor.Detach().Contiguous().View(-1).View(DType.UInt8);
        return $"{type}[{string.Join(", ", tensor.Shape.ToArray())}] {Convert.ToHexStringLower(bytes.ToArray<byte>())}";
    }

    [Test]
    public void ScriptOfAStateDict()
    {
        using var state = new StateDict([
            new("layers.0.weight", Torch.Rand([3, 4])), new("layers.0.bias", Torch.Rand([3]).To(DType.BFloat16)), new("layers.1.weight", Torch.Rand([2, 3], dtype: DType.Float64).T),
            new("norm.num_batches_tracked", Torch.Tensor([7L]).View()), new("mask", Torch.Tensor([true, false])), new("free", new Parameter(Torch.Rand([2])))]);
        using (ScriptModule script = Torch.Jit.FromStateDict(state))
            script.Save(_folder.File("state.pt"));
        string[] lines = Ask("read_script", _folder.File("state.pt")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(lines.Order(StringComparer.Ordinal), Is.EqualTo(state.Select(static pair => $"{pair.Key} {Spelled(pair.Value)}").Order(StringComparer.Ordinal)));
        Assert.That(lines[0], Does.StartWith("free "), "the parameter comes before the buffers");
    }

    [Test]
    public void ScriptOfAModel()
    {
        using var model = new Sequential(new Linear(5, 4), new BatchNorm1d(4), new ReLU(), new Linear(4, 2));
        model.Eval();
        using Tensor ones = Torch.Ones([3, 5]);
        using (ScriptModule script = Torch.Jit.Trace(model, ones))
            script.Save(_folder.File("model.pt"));
        Assert.That(Ask("run_script", _folder.File("model.pt"), 3, 5), Is.EqualTo(Spelled(model.Call(ones))));
        string[] lines = Ask("read_script", _folder.File("model.pt")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(lines.Order(StringComparer.Ordinal), Is.EqualTo(model.StateDict().Select(static pair => $"{pair.Key} {Spelled(pair.Value)}").Order(StringComparer.Ordinal)));
    }

    [Test]
    public void FileOfSave()
    {
        Tensor shared = Torch.Rand([4, 3]);
        var tensors = new OrderedDictionary<string, Tensor> { ["a"] = shared, ["row"] = shared[1], ["t"] = shared.T, ["n"] = Torch.Tensor([1L << 40, -2]), ["h"] = Torch.Rand([3]).To(DType.Float16) };
        // A plain dictionary: for the OrderedDict of a state dict, Python's own too, libtorch has no reading in C++.
        Torch.Save(new Dictionary<string, Tensor>(tensors), _folder.File("saved.pth"));
        Assert.That(Ask("read_pickle", _folder.File("saved.pth")), Is.EqualTo("{" + string.Concat(tensors.Select(static pair => $"{pair.Key}: {Spelled(pair.Value)}; ")) + "}"));
    }

    [Test]
    public void FileOfOtherValues()
    {
        Torch.Save(new List<object?> { 1L, -70000L, 2.5, "naïve", true, new List<object?> { 3L, 4L }, (5L, "x") }, _folder.File("saved.pth"));
        Assert.That(Ask("read_pickle", _folder.File("saved.pth")), Is.EqualTo("[1; -70000; 2.5; naïve; True; [3; 4; ]; (5; x; ); ]"));
    }
}
