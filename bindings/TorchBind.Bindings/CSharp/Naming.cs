using System.Text;

namespace TorchBind.Bindings.CSharp;

/// <summary>The one mechanical naming rule: PyTorch's names, spelled the .NET way.</summary>
internal static class Naming
{
    private static readonly HashSet<string> s_keywords =
    [
        "abstract", "as", "base", "bool", "break", "byte", "case", "catch", "char", "checked", "class", "const", "continue", "decimal",
        "default", "delegate", "do", "double", "else", "enum", "event", "explicit", "extern", "false", "finally", "fixed", "float", "for",
        "foreach", "goto", "if", "implicit", "in", "int", "interface", "internal", "is", "lock", "long", "namespace", "new", "null",
        "object", "operator", "out", "override", "params", "private", "protected", "public", "readonly", "ref", "return", "sbyte",
        "sealed", "short", "sizeof", "stackalloc", "static", "string", "struct", "switch", "this", "throw", "true", "try", "typeof",
        "uint", "ulong", "unchecked", "unsafe", "ushort", "using", "virtual", "void", "volatile", "while",
    ];

    /// <summary><c>log_softmax</c> is <c>LogSoftmax</c>, <c>add_</c> is <c>Add_</c>, <c>_fused_adam_</c> is <c>_FusedAdam_</c>.</summary>
    public static string Pascal(string name)
    {
        var core = name.Trim('_');
        var start = name.Length - name.TrimStart('_').Length;
        var end = core.Length == 0 ? 0 : name.Length - name.TrimEnd('_').Length;
        var text = new StringBuilder(new string('_', start));
        foreach (var word in core.Split('_', StringSplitOptions.RemoveEmptyEntries))
            text.Append(char.ToUpperInvariant(word[0])).Append(word, 1, word.Length - 1);
        return text.Append('_', end).ToString();
    }

    /// <summary>
    /// <c>half_to_float</c> is <c>halfToFloat</c>; a word all in capitals is small: <c>UPLO</c> is <c>uplo</c>, <c>A</c> is <c>a</c>.
    /// </summary>
    public static string Camel(string name)
    {
        if (name.All(c => !char.IsAsciiLetterLower(c)))
            return name.ToLowerInvariant();
        var pascal = Pascal(name).Trim('_');
        return char.ToLowerInvariant(pascal[0]) + pascal[1..];
    }

    /// <summary>A C# keyword gets an <c>@</c>.</summary>
    public static string Escape(string name) => s_keywords.Contains(name) ? "@" + name : name;
}
