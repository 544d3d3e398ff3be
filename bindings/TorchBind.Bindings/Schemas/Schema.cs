using System.Globalization;
using System.Text;

namespace TorchBind.Bindings.Schemas;

/// <summary>The types that a schema names, without list and optional marks.</summary>
internal enum BaseType
{
    Tensor, Scalar, Int, SymInt, DeviceIndex, Float, Bool, SymBool, Str, ScalarType, Layout, MemoryFormat, Device, Generator, Storage,
    Dimname, Stream, QScheme,
}

/// <summary>An alias annotation: <c>(a)</c>, <c>(a!)</c>, <c>(a|b)</c>, <c>(a -> *)</c>.</summary>
internal sealed record Alias(string Before, bool Write, string? After)
{
    public override string ToString() => $"({Before}{(Write ? "!" : "")}{(After is null ? "" : " -> " + After)})";
}

/// <summary>A type with its marks: <c>Tensor?[]</c> has optional items, <c>int[2]?</c> is an optional list of two.</summary>
internal sealed record SchemaType(BaseType Base, Alias? Alias = null, bool IsList = false, int? Size = null, bool ItemOptional = false,
    bool Optional = false)
{
    public bool Writes => Alias is { Write: true };

    public override string ToString()
    {
        var text = new StringBuilder(SchemaParser.NameOf(Base)).Append(Alias);
        if (IsList)
            text.Append(ItemOptional ? "?" : "").Append('[').Append(Size?.ToString(CultureInfo.InvariantCulture)).Append(']');
        return text.Append(Optional ? "?" : "").ToString();
    }
}

/// <summary>A default as the schema writes it; <see cref="Text"/> is the very spelling.</summary>
internal abstract record Default(string Text)
{
    public sealed override string ToString() => Text;
}

internal sealed record NoneDefault(string Text) : Default(Text);
internal sealed record BoolDefault(string Text, bool Value) : Default(Text);
internal sealed record IntDefault(string Text, long Value) : Default(Text);
internal sealed record FloatDefault(string Text, double Value) : Default(Text);
internal sealed record StringDefault(string Text, string Value) : Default(Text);
/// <summary>A name of an enumeration: <c>Mean</c>, <c>contiguous_format</c>, <c>long</c>.</summary>
internal sealed record NameDefault(string Text) : Default(Text);
internal sealed record ListDefault(string Text, IReadOnlyList<Default> Items) : Default(Text);

internal sealed record Argument(SchemaType Type, string Name, Default? Default, bool KeywordOnly)
{
    public override string ToString() => $"{Type} {Name}{(Default is null ? "" : "=" + Default)}";
}

internal sealed record Return(SchemaType Type, string? Name)
{
    public override string ToString() => Name is null ? Type.ToString() : $"{Type} {Name}";
}

/// <summary>An operator's schema: <c>add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor</c>.</summary>
internal sealed record Schema(string Name, string Overload, IReadOnlyList<Argument> Arguments, IReadOnlyList<Return> Returns)
{
    /// <summary>Name and overload: <c>add.Tensor</c>, <c>relu</c>.</summary>
    public string FullName => Overload.Length == 0 ? Name : $"{Name}.{Overload}";

    public override string ToString()
    {
        var arguments = new List<string>();
        var star = false;
        foreach (var argument in Arguments)
        {
            if (argument.KeywordOnly && !star)
            {
                arguments.Add("*");
                star = true;
            }
            arguments.Add(argument.ToString());
        }
        var returns = Returns.Count == 1 ? Returns[0].ToString() : $"({string.Join(", ", Returns)})";
        return $"{FullName}({string.Join(", ", arguments)}) -> {returns}";
    }
}
