using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using TorchBind.Bindings.Headers;
using TorchBind.Bindings.Model;
using TorchBind.Bindings.Schemas;

namespace TorchBind.Bindings.CSharp;

/// <summary>The verb <c>csharp</c>: every committed file that the generator writes.</summary>
internal static class Writer
{
    private static readonly JsonSerializerOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(string root)
    {
        var bindings = Path.Combine(root, "bindings");
        var settings = Settings.Read(Path.Combine(bindings, "surface.json"));
        var model = OperatorModel.Merge(Reference.ReadAll(Path.Combine(bindings, "schemas")));
        var headers = CastXml.Read(Path.Combine(root, "native", "include"), settings.Types);
        var clash = headers.Functions.Select(f => f.Name).Intersect(model.Bound.Select(o => o.Symbol)).ToList();
        if (clash.Count > 0)
            throw new UserException($"Hand-written C functions have the names of operators: {string.Join(", ", clash)}.");
        var surface = Surface.Decide(model, settings, File.ReadLines(Path.Combine(bindings, "python-names.txt")));

        var native = new Output(Path.Combine(root, "managed", "TorchBind", "Interop", "Generated"));
        NativeMethodsWriter.Write(native, model, headers, settings);
        native.RemoveOthers("*.g.cs");
        var tensors = new Output(Path.Combine(root, "managed", "TorchBind", "Tensors", "Generated"));
        SurfaceWriter.Write(tensors, surface);
        tensors.RemoveOthers("*.g.cs");
        Output.WriteFile(Path.Combine(root, "tests", "TorchBind.Bindings.Tests", "Layout.g.cs"), NativeMethodsWriter.LayoutTests(headers, settings));
        Output.WriteFile(Path.Combine(bindings, "operators.json"), OperatorList(model, surface));
        Output.WriteFile(Path.Combine(root, "docs", "operators.md"), OperatorPage.Write(model, surface));
        Console.WriteLine($"bindings: {model.Operators.Count} operators, {model.Bound.Count()} bound, {headers.Functions.Count} functions of the "
            + $"headers, {surface.Members.Count} members; {native.Changed + tensors.Changed} C# files changed");
    }

    private static string OperatorList(OperatorModel model, Surface surface)
    {
        var members = surface.Members.Where(m => !m.IsVarargs).ToLookup(m => m.Operator);
        var text = new StringBuilder("[\n");
        string Json(string value) => JsonSerializer.Serialize(value, s_json);
        foreach (var op in model.Operators.OrderBy(o => o.FullName, StringComparer.Ordinal))
        {
            if (text.Length > 2)
                text.Append(",\n");
            text.Append("  {\"schema\": ").Append(Json(op.Schema.ToString()));
            if (op.Unbindable is null)
                text.Append(", \"symbol\": ").Append(Json(op.Symbol));
            var labels = members[op].Select(m => m.Label).ToList();
            if (labels.Count > 0)
                text.Append(", \"member\": ").Append(Json(labels[0]));
            if (labels.Count > 1)
                text.Append(", \"also\": ").Append(Json(string.Join("; ", labels.Skip(1))));
            text.Append(", \"versions\": [").AppendJoin(", ", op.Versions.Select(Json)).Append(']');
            if (labels.Count == 0)
                text.Append(", \"reason\": ").Append(Json(surface.Reasons[op]));
            text.Append('}');
        }
        return text.Append("\n]\n").ToString();
    }
}
