using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using TorchBind.Jit;
using TorchBind.NN;
using TorchBind.Serialization;

namespace TorchBind.Tool;

/// <summary><c>torchbind run SCRIPT --input ...</c>: runs a TorchScript archive.</summary>
internal static class RunCommand
{
    private const string Forms =
        "zeros:2,3  ones:2,3  randn:2,3  a file (.npy, or a checkpoint of one tensor, or FILE#name)  float:1.5  int:3  bool:true  string:text  none, "
        + "or JSON: 3, 1.5, true, \"text\", null, [1, 2], {\"a\": 1}";

    public static Command Create()
    {
        var script = new Argument<string>("script") { Description = "The TorchScript archive. Its code is run: only what you trust." };
        var inputs = new Option<string[]>("--input", "-i") { Description = "An input, in the order of the signature: " + Forms + ".", AllowMultipleArgumentsPerToken = false };
        var method = new Option<string>("--method") { Description = "The method to run.", DefaultValueFactory = static _ => "forward" };
        var output = new Option<string>("--output", "-o") { Description = "Saves what comes out, for torch.load." };
        var seed = new Option<long>("--seed") { Description = "The seed for randn and the script itself." };
        var threads = new Option<int>("--threads") { Description = "Threads of libtorch." };
        var json = Options.Json();
        var command = new Command("run", "Runs a method of a TorchScript archive and shows what comes out.") { script, inputs, method, output, seed, threads, json };
        command.SetAction(result => Exit.Guard(result.GetValue(json), () => Run(result.GetValue(script)!, result.GetValue(inputs) ?? [], result.GetValue(method)!, result.GetValue(output),
            result.GetValue(seed), result.GetValue(threads), result.GetValue(json))));
        return command;
    }

    private static int Run(string script, string[] inputs, string method, string? output, long seed, int threads, bool json)
    {
        if (threads > 0)
            Torch.SetNumThreads(threads);
        using var module = Torch.Jit.Load(script, Device.Cpu);
        module.Eval();
        Torch.ManualSeed(seed);
        var arguments = inputs.Select(Parse).ToArray();
        using var _ = Torch.NoGrad();
        var result = module.Invoke(method, arguments);
        if (output is not null)
            Torch.Save(Plain(result), output);
        if (json)
        {
            Options.WriteJson(writer => Write(writer, result));
        }
        else
        {
            Show(result, "");
        }
        return Exit.Fine;
    }

    private static ScriptValue Parse(string text)
    {
        var colon = text.IndexOf(':');
        var (kind, rest) = colon < 0 ? (text, "") : (text[..colon], text[(colon + 1)..]);
        switch (kind)
        {
            case "zeros": return Torch.Zeros(Sizes(rest));
            case "ones": return Torch.Ones(Sizes(rest));
            case "randn": return Torch.Randn(Sizes(rest));
            case "float": return double.TryParse(rest, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) ? real : throw Wrong("number");
            case "int": return long.TryParse(rest, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? whole : throw Wrong("integer of 64 bits");
            case "bool": return bool.TryParse(rest, out var truth) ? truth : throw Wrong("truth value (true, false)");
            case "string": return rest;
            case "none": return ScriptValue.None;
        }
        if (File.Exists(text))
            return text.EndsWith(".npy", StringComparison.Ordinal) ? Numpy.Load(text) : TensorOf(Torch.Load(text), text);
        if (text.LastIndexOf('#') is > 0 and var hash && File.Exists(text[..hash]))
            return (Tensor)Torch.Load(text[..hash])[text[(hash + 1)..]];
        try
        {
            using var document = JsonDocument.Parse(text);
            return FromJson(document.RootElement);
        }
        catch (JsonException)
        {
            throw new FormatException($"'{Terminal.Clean(text)}' is neither a file nor an input of a known form: {Forms}.");
        }

        FormatException Wrong(string wanted) => new($"'{Terminal.Clean(rest)}' is no {wanted}.");
    }

    private static long[] Sizes(string text)
    {
        return [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Size)];

        long Size(string size) => long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
            : throw new FormatException($"'{Terminal.Clean(text)}' is no shape; write 2,3.");
    }

    private static Tensor TensorOf(CheckpointValue value, string file)
    {
        if (value.Kind == CheckpointValueKind.Tensor)
            return (Tensor)value;
        if (value.Kind == CheckpointValueKind.Dictionary && value.Count == 1)
            return (Tensor)value.Entries.First().Value;
        throw new ArgumentException($"{Terminal.Clean(file)} holds more than one tensor; name one: {Terminal.Clean(file)}#name.");
    }

    private static ScriptValue FromJson(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Null => ScriptValue.None,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.String => json.GetString()!,
        JsonValueKind.Number => json.TryGetInt64(out var number) ? (ScriptValue)number : json.GetDouble(),
        JsonValueKind.Array => ScriptValue.List([.. json.EnumerateArray().Select(FromJson)]),
        _ => ScriptValue.Dictionary([.. json.EnumerateObject().Select(static p => ((ScriptValue)p.Name, FromJson(p.Value)))]),
    };

    // As torch.save can keep it.
    private static object? Plain(ScriptValue value) => value.Kind switch
    {
        ScriptValueKind.List => value.Select(Plain).ToList(),
        ScriptValueKind.Tuple => new Serialization.Pickle.PickleTuple([.. value.Select(Plain)]),
        ScriptValueKind.Dictionary => value.Entries.ToDictionary(static e => Plain(e.Key)!, static e => Plain(e.Value)),
        _ => value.Value,
    };

    private static void Show(ScriptValue value, string indent)
    {
        switch (value.Kind)
        {
            case ScriptValueKind.Tensor:
                Console.WriteLine($"{value}");
                Console.WriteLine(indent + value.Value!.ToString()!.Replace("\n", "\n" + indent, StringComparison.Ordinal));
                break;
            case ScriptValueKind.List or ScriptValueKind.Tuple:
                Console.WriteLine($"{(value.TypeName is { } name ? Terminal.Clean(name) : value.Kind.ToString().ToLowerInvariant())} of {value.Count}");
                for (var i = 0; i < value.Count; i++)
                {
                    Console.Write($"{indent}  {(value.FieldNames.Count > 0 ? Terminal.Clean(value.FieldNames[i]) : i.ToString(CultureInfo.InvariantCulture))}: ");
                    Show(value[i], indent + "    ");
                }
                break;
            case ScriptValueKind.Dictionary:
                Console.WriteLine($"dictionary of {value.Count}");
                foreach (var (key, item) in value.Entries)
                {
                    Console.Write($"{indent}  {Terminal.Clean(key.ToString())}: ");
                    Show(item, indent + "    ");
                }
                break;
            default:
                Console.WriteLine(Terminal.Clean(value.ToString()));
                break;
        }
    }

    private static void Write(Utf8JsonWriter writer, ScriptValue value)
    {
        switch (value.Kind)
        {
            case ScriptValueKind.None:
                writer.WriteNullValue();
                break;
            case ScriptValueKind.Boolean:
                writer.WriteBooleanValue((bool)value);
                break;
            case ScriptValueKind.Integer:
                writer.WriteNumberValue((long)value);
                break;
            case ScriptValueKind.Float when double.IsFinite((double)value):
                writer.WriteNumberValue((double)value);
                break;
            case ScriptValueKind.Tensor:
                var tensor = (Tensor)value;
                writer.WriteStartObject();
                writer.WriteString("dtype", tensor.DType.Name());
                writer.WriteStartArray("shape");
                foreach (var size in tensor.Shape.ToArray())
                    writer.WriteNumberValue(size);
                writer.WriteEndArray();
                writer.WriteStartArray("values");
                foreach (var number in tensor.To(DType.Float64).Contiguous().View(-1).ToArray<double>())
                {
                    if (double.IsFinite(number))
                        writer.WriteNumberValue(number);
                    else
                        writer.WriteStringValue(number.ToString(CultureInfo.InvariantCulture));
                }
                writer.WriteEndArray();
                writer.WriteEndObject();
                break;
            case ScriptValueKind.List or ScriptValueKind.Tuple when value.FieldNames.Count == 0:
                writer.WriteStartArray();
                foreach (var item in value)
                    Write(writer, item);
                writer.WriteEndArray();
                break;
            case ScriptValueKind.Tuple:
                writer.WriteStartObject();
                for (var i = 0; i < value.Count; i++)
                {
                    writer.WritePropertyName(value.FieldNames[i]);
                    Write(writer, value[i]);
                }
                writer.WriteEndObject();
                break;
            case ScriptValueKind.Dictionary:
                writer.WriteStartObject();
                foreach (var (key, item) in value.Entries)
                {
                    writer.WritePropertyName(key.Value as string ?? key.ToString());
                    Write(writer, item);
                }
                writer.WriteEndObject();
                break;
            default:
                writer.WriteStringValue(value.Value as string ?? value.ToString());
                break;
        }
    }
}
