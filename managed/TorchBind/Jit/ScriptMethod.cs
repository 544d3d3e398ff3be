using TorchBind.Interop;

namespace TorchBind.Jit;

/// <summary>A compiled function, or a method of a module or object. Mirrors <c>torch.jit.ScriptFunction</c>.</summary>
public sealed class ScriptMethod
{
    private readonly Func<int, string> _text;
    private readonly ScriptCall _call;

    internal delegate ScriptValue ScriptCall(ReadOnlySpan<ScriptValue> arguments, IReadOnlyDictionary<string, ScriptValue>? keywords);

    internal ScriptMethod(string name, Func<int, string> text, ScriptCall call)
    {
        Name = name;
        _text = text;
        _call = call;
    }

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <summary>The signature, such as <c>forward(__torch__.Net self, Tensor x) -> Tensor</c>.</summary>
    public string Schema => _text(0);

    /// <summary>The code, as TorchScript prints it. Mirrors <c>.code</c>.</summary>
    public string Code => _text(1);

    /// <summary>The graph. Mirrors <c>.graph</c>.</summary>
    public string Graph => _text(2);

    /// <summary>Runs it.</summary>
    /// <exception cref="TorchException">The arguments do not fit the signature, or the code failed; the message has TorchScript's own traceback.</exception>
    public ScriptValue Call(params ReadOnlySpan<ScriptValue> arguments) => _call(arguments, null);

    /// <summary>Runs it with arguments by name as well.</summary>
    /// <exception cref="TorchException">The arguments do not fit the signature, or the code failed.</exception>
    public ScriptValue Call(ReadOnlySpan<ScriptValue> arguments, IReadOnlyDictionary<string, ScriptValue> keywords)
    {
        ArgumentNullException.ThrowIfNull(keywords);
        return _call(arguments, keywords);
    }

    /// <summary>The signature.</summary>
    public override string ToString() => Schema;
}

/// <summary>A member of a TorchScript module or object.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its TorchScript type, such as <c>List[int]</c>.</param>
/// <param name="Kind">What it is.</param>
public sealed record ScriptMember(string Name, string Type, ScriptMemberKind Kind);

/// <summary>What a <see cref="ScriptMember"/> is.</summary>
public enum ScriptMemberKind
{
    /// <summary>An attribute of any type.</summary>
    Attribute,

    /// <summary>A parameter.</summary>
    Parameter,

    /// <summary>A buffer.</summary>
    Buffer,

    /// <summary>A module below.</summary>
    Module,

    /// <summary>A constant.</summary>
    Constant,
}
