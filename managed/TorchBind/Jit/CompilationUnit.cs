using TorchBind.Interop;

namespace TorchBind.Jit;

/// <summary>Functions compiled from TorchScript source. Mirrors <c>torch.jit.CompilationUnit</c>.</summary>
public sealed unsafe class CompilationUnit : IDisposable
{
    private readonly UnitHandle _handle;

    internal CompilationUnit(string source)
    {
        nint handle;
        fixed (byte* text = ScriptAccess.Utf8(source))
            NativeError.Check(NativeMethods.tb_jit_compile(text, &handle));
        _handle = new UnitHandle(handle);
    }

    /// <summary>The functions.</summary>
    public IReadOnlyList<ScriptMethod> Functions
    {
        get
        {
            using var self = new HandleBorrow(_handle);
            byte* names;
            NativeError.Check(NativeMethods.tb_unit_functions(self.Handle, &names));
            return [.. NativeText.Take(names).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Make)];
        }
    }

    /// <summary>The function of this name.</summary>
    /// <exception cref="KeyNotFoundException">There is none; the message lists those there are.</exception>
    public ScriptMethod this[string name]
    {
        get
        {
            var functions = Functions;
            return functions.FirstOrDefault(f => f.Name == name)
                ?? throw new KeyNotFoundException($"There is no function '{name}'. There are: {string.Join(", ", functions.Select(static f => f.Name))}.");
        }
    }

    /// <summary>Compiles more functions, which may call those that are there.</summary>
    /// <exception cref="TorchException">The source is wrong; the message shows where.</exception>
    public void Define(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        using var self = new HandleBorrow(_handle);
        fixed (byte* text = ScriptAccess.Utf8(source))
            NativeError.Check(NativeMethods.tb_unit_define(self.Handle, text));
    }

    /// <summary>Runs a function.</summary>
    /// <exception cref="ArgumentException">There is no such function, or an item is not of the type that the signature's list has.</exception>
    /// <exception cref="TorchException">The arguments do not fit the signature, or the code failed.</exception>
    public ScriptValue Invoke(string function, params ReadOnlySpan<ScriptValue> arguments) => Call(function, arguments, null);

    private ScriptMethod Make(string name) => new(name, what => Text(name, what), (arguments, keywords) => Call(name, arguments, keywords));

    private string Text(string function, int what)
    {
        using var self = new HandleBorrow(_handle);
        byte* text;
        fixed (byte* name = ScriptAccess.Utf8(function))
            NativeError.Check(NativeMethods.tb_unit_text(self.Handle, name, what, &text));
        return NativeText.Take(text);
    }

    private ScriptValue Call(string function, ReadOnlySpan<ScriptValue> arguments, IReadOnlyDictionary<string, ScriptValue>? keywords)
    {
        ArgumentNullException.ThrowIfNull(function);
        return ScriptAccess.Call(_handle, &NativeMethods.tb_unit_call, function, arguments, keywords);
    }

    /// <summary>Frees the functions. Not needed: what is not disposed is collected.</summary>
    public void Dispose() => _handle.Dispose();
}
