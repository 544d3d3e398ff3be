using System.Runtime.InteropServices;
using System.Text;
using TorchBind.Interop;

namespace TorchBind.Jit;

/// <summary>An instance of a TorchScript class: its attributes and methods. Mirrors <c>torch.jit.RecursiveScriptClass</c>.</summary>
public sealed class ScriptObject : IDisposable
{
    internal ScriptObject(ScriptHandle handle) => Handle = handle;

    internal ScriptHandle Handle { get; }

    /// <summary>The class's name.</summary>
    public string TypeName => ScriptAccess.TypeName(Handle);

    /// <summary>The attributes and constants.</summary>
    public IReadOnlyList<ScriptMember> Members => ScriptAccess.Members(Handle);

    /// <summary>The methods.</summary>
    public IReadOnlyList<ScriptMethod> Methods => ScriptAccess.Methods(Handle, null);

    /// <summary>The value of an attribute.</summary>
    /// <exception cref="TorchException">There is no such attribute.</exception>
    public ScriptValue GetAttribute(string name) => ScriptAccess.Get(Handle, name);

    /// <summary>Changes an attribute.</summary>
    /// <exception cref="TorchException">There is no such attribute, or the value is of another type.</exception>
    public void SetAttribute(string name, ScriptValue value) => ScriptAccess.Set(Handle, name, value);

    /// <summary>Runs a method.</summary>
    /// <exception cref="ArgumentException">There is no such method, or an item is not of the type that the signature's list has.</exception>
    /// <exception cref="TorchException">The arguments do not fit the signature, or the code failed.</exception>
    public ScriptValue Invoke(string method, params ReadOnlySpan<ScriptValue> arguments) => ScriptAccess.Call(Handle, method, arguments, null);

    /// <summary>Frees the reference to the object. Not needed: what is not disposed is collected.</summary>
    public void Dispose() => Handle.Dispose();

    /// <summary>The class's name in angle brackets.</summary>
    public override string ToString() => $"<{TypeName}>";
}

/// <summary>What modules and other objects have in common.</summary>
internal static unsafe class ScriptAccess
{
    public static string TypeName(ScriptHandle handle)
    {
        using var self = new HandleBorrow(handle);
        byte* text;
        NativeError.Check(NativeMethods.tb_object_type_name(self.Handle, &text));
        return NativeText.Take(text);
    }

    public static IReadOnlyList<ScriptMember> Members(ScriptHandle handle)
    {
        using var self = new HandleBorrow(handle);
        tb_value* nodes;
        long count;
        NativeError.Check(NativeMethods.tb_object_members(self.Handle, &nodes, &count));
        return [.. ValueReader.Take(nodes, count).Select(static m => new ScriptMember((string)m[0], (string)m[1], (ScriptMemberKind)(int)m[2]))];
    }

    public static IReadOnlyList<ScriptMethod> Methods(ScriptHandle handle, ScriptModule? module)
    {
        using var self = new HandleBorrow(handle);
        byte* text;
        NativeError.Check(NativeMethods.tb_object_methods(self.Handle, &text));
        return [.. NativeText.Take(text).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(name => Method(handle, name, module))];
    }

    public static ScriptMethod Method(ScriptHandle handle, string name, ScriptModule? module) => new(
        name,
        what => Text(handle, name, what),
        module is null ? (arguments, keywords) => Call(handle, name, arguments, keywords) : (arguments, keywords) => module.Invoke(name, arguments, keywords));

    public static string Text(ScriptHandle handle, string method, int what)
    {
        using var self = new HandleBorrow(handle);
        byte* text;
        fixed (byte* name = Utf8(method))
            NativeError.Check(NativeMethods.tb_object_text(self.Handle, name, what, &text));
        return NativeText.Take(text);
    }

    public static ScriptValue Get(ScriptHandle handle, string attribute)
    {
        ArgumentNullException.ThrowIfNull(attribute);
        using var self = new HandleBorrow(handle);
        tb_value* nodes;
        long count;
        fixed (byte* name = Utf8(attribute))
            NativeError.Check(NativeMethods.tb_object_get(self.Handle, name, &nodes, &count));
        return ValueReader.Take(nodes, count);
    }

    public static void Set(ScriptHandle handle, string attribute, ScriptValue value)
    {
        ArgumentNullException.ThrowIfNull(attribute);
        using var self = new HandleBorrow(handle);
        using var writer = new ValueWriter();
        writer.Write(value, nameof(value));
        fixed (byte* name = Utf8(attribute))
        fixed (tb_value* nodes = writer.Nodes)
            NativeError.Check(NativeMethods.tb_object_set(self.Handle, name, nodes, writer.Count));
    }

    public static ScriptValue Call(ScriptHandle handle, string method, ReadOnlySpan<ScriptValue> arguments, IReadOnlyDictionary<string, ScriptValue>? keywords)
    {
        ArgumentNullException.ThrowIfNull(method);
        return Call(handle, &NativeMethods.tb_object_call, method, arguments, keywords);
    }

    /// <summary>Calls a method of an object, or a function of a compilation unit.</summary>
    public static ScriptValue Call(
        SafeHandle owner, delegate*<nint, byte*, tb_value*, long, long, byte**, long, tb_value**, long*, int> call, string name,
        ReadOnlySpan<ScriptValue> arguments, IReadOnlyDictionary<string, ScriptValue>? keywords)
    {
        using var self = new HandleBorrow(owner);
        using var writer = new ValueWriter();
        foreach (var argument in arguments)
            writer.Write(argument, nameof(arguments));
        foreach (var value in keywords?.Values ?? [])
            writer.Write(value, nameof(keywords));
        using var names = new TextListArgument([.. keywords?.Keys ?? []]);
        tb_value* result;
        long count;
        fixed (byte* text = Utf8(name))
        fixed (tb_value* nodes = writer.Nodes)
            NativeError.Check(call(self.Handle, text, nodes, writer.Count, arguments.Length, names.Pointer, names.Length, &result, &count));
        return ValueReader.Take(result, count);
    }

    /// <summary>A text with a zero at its end.</summary>
    public static byte[] Utf8(string text)
    {
        if (text.Contains('\0', StringComparison.Ordinal))
            throw new ArgumentException("A name cannot contain a zero character.");
        var bytes = new byte[Encoding.UTF8.GetByteCount(text) + 1];
        Encoding.UTF8.GetBytes(text, bytes);
        return bytes;
    }
}
