using System.Buffers;
using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace TorchBind.Tool;

/// <summary>Options that several commands have.</summary>
internal static class Options
{
    private static readonly JsonWriterOptions s_style = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Option<bool> Json() => new("--json") { Description = "Writes JSON, for scripts." };

    /// <summary>Writes JSON to the standard output: all of it, or nothing where making it fails.</summary>
    public static void WriteJson(Action<Utf8JsonWriter> content)
    {
        var text = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(text, s_style))
            content(writer);
        using var stream = Console.OpenStandardOutput();
        stream.Write(text.WrittenSpan);
        stream.WriteByte((byte)'\n');
    }
}
