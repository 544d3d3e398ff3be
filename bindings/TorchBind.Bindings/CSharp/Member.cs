using TorchBind.Bindings.Model;
using TorchBind.Bindings.Schemas;

namespace TorchBind.Bindings.CSharp;

/// <summary>A class of the public operator surface.</summary>
/// <param name="Name">As a user writes it: <c>Torch.Linalg</c>.</param>
/// <param name="File">The first word of its files.</param>
/// <param name="IsInstance">Whether the tensor itself is <c>this</c>.</param>
internal sealed record Container(string Name, string File, bool IsInstance = false)
{
    public static readonly Container Tensor = new("Tensor", "Tensor", IsInstance: true);
    public static readonly Container Torch = new("Torch", "Torch");
    public static readonly Container Linalg = new("Torch.Linalg", "Torch.Linalg");
    public static readonly Container Fft = new("Torch.Fft", "Torch.Fft");
    public static readonly Container Special = new("Torch.Special", "Torch.Special");
    public static readonly Container Sparse = new("Torch.Sparse", "Torch.Sparse");
    public static readonly Container Aten = new("Torch.Aten", "Torch.Aten");

    public static readonly Container[] All = [Tensor, Torch, Linalg, Fft, Special, Sparse, Aten];
}

/// <summary>A parameter of a member.</summary>
/// <param name="Argument">The schema's argument; null for <c>requiresGrad</c>.</param>
/// <param name="Type">The C# type.</param>
/// <param name="Name">The C# name, not escaped.</param>
/// <param name="Default">The default as C# writes it; null where the parameter is required.</param>
/// <param name="Keyword">Whether Python takes it by name only.</param>
/// <param name="Rank">Orders overloads: see <see cref="Member.Compare"/>.</param>
internal sealed record Parameter(Argument? Argument, string Type, string Name, string? Default, bool Keyword, int Rank);

/// <summary>One C# member for one operator.</summary>
internal sealed class Member
{
    public required Operator Operator { get; init; }

    public required Container Container { get; init; }

    public required string Name { get; set; }

    /// <summary>What Python calls it; null where Python does not show it.</summary>
    public required string? PythonName { get; init; }

    /// <summary>In C# order, without the receiver.</summary>
    public required IReadOnlyList<Parameter> Parameters { get; init; }

    /// <summary>The argument that is <c>this</c>.</summary>
    public Argument? Receiver { get; init; }

    public bool IsProperty { get; init; }

    /// <summary>Takes its one list as separate numbers: <c>x.View(2, 3)</c>.</summary>
    public bool IsVarargs { get; init; }

    public bool RequiresGrad => Parameters.Count > 0 && Parameters[^1].Argument is null;

    public bool IsOut => Parameters.Any(p => p.Argument is { KeywordOnly: true, Type.Writes: true });

    public int Priority { get; set; }

    /// <summary>What the compiler tells overloads apart by.</summary>
    public string Signature => string.Join(", ", Parameters.Select(p => p.Type is "Tensor?" or "string?" or "Generator?" or "double[]?"
        ? p.Type[..^1] : p.Type.Replace("<Tensor?>", "<Tensor>")));

    /// <summary>As the lists name it.</summary>
    public string Label => IsProperty ? $"{Container.Name}.{Name}" : $"{Container.Name}.{Name}({string.Join(", ", Parameters.Select(p => p.Type))})";

    /// <summary>
    /// The order in which overloads are tried, as in Python, where the first that fits is taken. The first parameter that differs
    /// decides: none before any, positional before by-name-only (an int 0 would fit an enum), then by type, narrow before wide.
    /// </summary>
    public static int Compare(Member a, Member b)
    {
        for (var i = 0; i < Math.Max(a.Parameters.Count, b.Parameters.Count); i++)
        {
            if (i >= a.Parameters.Count)
                return -1;
            if (i >= b.Parameters.Count)
                return 1;
            var (left, right) = (a.Parameters[i], b.Parameters[i]);
            var order = left.Keyword.CompareTo(right.Keyword);
            if (order == 0)
                order = left.Rank.CompareTo(right.Rank);
            if (order != 0)
                return order;
        }
        return 0;
    }
}
