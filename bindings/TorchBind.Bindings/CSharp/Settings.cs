using System.Text.Json;

namespace TorchBind.Bindings.CSharp;

/// <summary>What a person decided about the generated C#: bindings/surface.json.</summary>
internal sealed class Settings
{
    private static readonly JsonSerializerOptions s_options = new(JsonSerializerDefaults.Web)
    {
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    /// <summary>C types with a C# type of their own.</summary>
    public Dictionary<string, string> Types { get; init; } = [];

    /// <summary>Hand-written C functions that are called without leaving the GC's cooperative mode.</summary>
    public List<string> SuppressGcTransition { get; init; } = [];

    /// <summary>Parameter names that the mechanical rule spells badly.</summary>
    public Dictionary<string, string> Parameters { get; init; } = [];

    /// <summary>Operators that Python shows as attributes, and the C# property for each.</summary>
    public Dictionary<string, string> Properties { get; init; } = [];

    /// <summary>Operators that stand for a function of <c>torch.sparse</c>.</summary>
    public Dictionary<string, string> Sparse { get; init; } = [];

    /// <summary>
    /// Operators over which Python has a function of the same name that does more, with what it does: that function is written by hand,
    /// and the operator itself stands on <c>Torch.Aten</c>.
    /// </summary>
    public Dictionary<string, string> Covered { get; init; } = [];

    /// <summary>
    /// Members that are written by hand, with the reason: an operator (<c>item</c>), one overload (<c>to.device</c>), or either in
    /// one class only (<c>Tensor:stride.int</c>).
    /// </summary>
    public Dictionary<string, string> HandWritten { get; init; } = [];

    public static Settings Read(string path) => JsonSerializer.Deserialize<Settings>(File.ReadAllText(path), s_options)
        ?? throw new UserException($"{path} is empty.");
}
