using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace TorchBind.Tool;

/// <summary>Options that several commands have.</summary>
internal static class Options
{
    public static JsonWriterOptions JsonStyle { get; } = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Option<bool> Json() => new("--json") { Description = "Writes JSON, for scripts." };
}
