using System.Runtime.InteropServices;
using TorchBind.Interop;

namespace TorchBind.Export;

/// <summary>
/// A model that Python's AOTInductor compiled ahead of time for one kind of processor (<c>torch._inductor.aoti_compile_and_package</c>). The
/// package holds a shared library: loading it runs what is in it, so load only what you trust. Mirrors
/// <c>torch._inductor.aoti_load_package</c>.
/// </summary>
/// <example><code>
/// using var model = new AotInductorPackage("model.pt2");
/// Tensor[] outputs = model.Run(input);
/// </code></example>
public sealed unsafe class AotInductorPackage : IDisposable
{
    private readonly PackageHandle _handle;

    /// <summary>Loads a model of a package.</summary>
    /// <param name="path">The package.</param>
    /// <param name="modelName">Which model; a package holds one, <c>model</c>, unless it was made of several.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="TorchException">It is no package, has no such model, or was compiled for another libtorch or processor.</exception>
    public AotInductorPackage(string path, string modelName = "model")
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentException.ThrowIfNullOrEmpty(modelName);
        if (!File.Exists(path))
            throw new FileNotFoundException($"There is no file {path}.", path);
        nint handle;
        fixed (byte* file = Jit.ScriptAccess.Utf8(path))
        fixed (byte* model = Jit.ScriptAccess.Utf8(modelName))
            NativeError.Check(NativeMethods.tb_package_load(file, model, &handle));
        _handle = new PackageHandle(handle);
    }

    /// <summary>Runs the model.</summary>
    /// <param name="inputs">The inputs in their order, flattened as <c>torch.export</c> does.</param>
    /// <returns>The outputs, flattened likewise.</returns>
    /// <exception cref="TorchException">The inputs do not fit what the model was compiled for.</exception>
    public Tensor[] Run(params ReadOnlySpan<Tensor> inputs)
    {
        using var self = new HandleBorrow(_handle);
        using var borrowed = new BorrowList(inputs, nameof(inputs));
        tb_tensor_list list;
        NativeError.Check(NativeMethods.tb_package_run(self.Handle, borrowed.Handles, borrowed.Length, &list));
        try
        {
            var outputs = new Tensor[list.length];
            for (var i = 0; i < outputs.Length; i++)
                outputs[i] = Tensor.Wrap(list.data[i]);
            return outputs;
        }
        finally
        {
            NativeMethods.tb_free(list.data);
        }
    }

    /// <summary>What the package notes about the model, such as the processor it was compiled for.</summary>
    public IReadOnlyDictionary<string, string> Metadata
    {
        get
        {
            using var self = new HandleBorrow(_handle);
            byte* text;
            NativeError.Check(NativeMethods.tb_package_metadata(self.Handle, &text));
            var lines = NativeText.Take(text).Split('\n');
            return Enumerable.Range(0, lines.Length / 2).ToDictionary(i => lines[2 * i], i => lines[2 * i + 1]);
        }
    }

    /// <summary>The names of the weights in the package.</summary>
    public IReadOnlyList<string> ConstantNames
    {
        get
        {
            using var self = new HandleBorrow(_handle);
            byte* text;
            NativeError.Check(NativeMethods.tb_package_constants(self.Handle, &text));
            return NativeText.Take(text).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
    }

    /// <summary>Unloads the model. Not needed: what is not disposed is collected.</summary>
    public void Dispose() => _handle.Dispose();

    private sealed class PackageHandle : SafeHandle
    {
        public PackageHandle(nint handle) : base(0, ownsHandle: true) => SetHandle(handle);

        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle()
        {
            NativeMethods.tb_package_free(handle);
            return true;
        }
    }
}
