using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using TorchBind.Serialization;
using TorchBind.Serialization.Pickle;

namespace TorchBind.Tool;

/// <summary><c>torchbind inspect FILE</c>: what is in a checkpoint. Reads the description alone, and needs no libtorch.</summary>
internal static class InspectCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("file") { Description = "The file, the index of a sharded checkpoint, or the folder of a distributed one." };
        var json = Options.Json();
        var depth = new Option<int>("--depth") { Description = "How many levels of the tree to show.", DefaultValueFactory = static _ => 100 };
        var all = new Option<bool>("--all") { Description = "Shows long lists in full." };
        var command = new Command("inspect", "Shows the tree of a checkpoint: shapes, types, sizes, the form, anything opaque.") { file, json, depth, all };
        command.SetAction(result => Exit.Guard(result.GetValue(json), () => Run(result.GetValue(file)!, result.GetValue(json), result.GetValue(depth), result.GetValue(all))));
        return command;
    }

    private static int Run(string file, bool json, int depth, bool all)
    {
        using var checkpoint = Checkpoint.Open(file, options: new CheckpointOptions { MemoryMap = true });
        var content = Content.Of(checkpoint);
        if (json)
            Options.WriteJson(writer => WriteJson(writer, checkpoint, content, file));
        else
            WriteTree(checkpoint, content, file, depth, all ? int.MaxValue : 500);
        return Exit.Fine;
    }

    /// <summary>The name of a form as people know it.</summary>
    public static string FormName(CheckpointFormat format) => format switch
    {
        CheckpointFormat.Zip => "torch.save (zip)",
        CheckpointFormat.Legacy => "torch.save before PyTorch 1.6 (stream)",
        CheckpointFormat.Tar => "torch.save of 2016 (tar)",
        CheckpointFormat.TorchScript => "TorchScript",
        CheckpointFormat.Export => "torch.export",
        CheckpointFormat.SafeTensors => "safetensors",
        CheckpointFormat.Sharded => "sharded, by its index",
        CheckpointFormat.Distributed => "distributed checkpoint",
        _ => "NumPy npz",
    };

    private static long LengthOf(string file) =>
        Directory.Exists(file) ? Directory.EnumerateFiles(file).Sum(static f => new FileInfo(f).Length) : new FileInfo(file).Length;

    private static (long Elements, long Bytes, long Stored) Totals(Checkpoint checkpoint)
    {
        long elements = 0, bytes = 0, stored = 0;
        foreach (var tensor in checkpoint.Tensors)
        {
            elements += tensor.ElementCount;
            bytes += Content.Bytes(tensor);
        }
        foreach (var storage in checkpoint.Storages)
            stored += storage.HasData ? storage.ByteLength : 0;
        return (elements, bytes, stored);
    }

    private static void WriteTree(Checkpoint checkpoint, Content content, string file, int depth, int most)
    {
        var root = new Terminal.Node(Terminal.Clean(file), $"{FormName(checkpoint.Format)}, {Terminal.Size(LengthOf(file))}, {Content.Describe(checkpoint.Root.Raw)}");
        Fill(root, checkpoint.Root.Raw, depth, most, new Visits());
        Terminal.Write(root);

        var (elements, bytes, stored) = Totals(checkpoint);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Terminal.Count(checkpoint.Tensors.Count, "tensor")} on {Terminal.Count(checkpoint.Storages.Count, "storage")}, {Terminal.Count(elements, "element")}, {Terminal.Size(bytes)}");
        if (stored != bytes)
            text.Append(CultureInfo.InvariantCulture, $" ({Terminal.Size(stored)} stored)");
        text.Append('\n');
        foreach (var types in content.Tensors.Select(static t => t.Entry).Distinct().GroupBy(static t => t.DType))
            text.Append(CultureInfo.InvariantCulture, $"  {types.Key.Name()}: {Terminal.Count(types.Count(), "tensor")}, {Terminal.Count(types.Sum(static t => t.ElementCount), "element")}\n");
        foreach (var (key, value) in checkpoint.Metadata)
            text.Append(CultureInfo.InvariantCulture, $"metadata {Terminal.Clean(key)}: {Terminal.Clean(value)}\n");
        foreach (var (type, places) in content.Opaque)
            text.Append(CultureInfo.InvariantCulture, $"opaque, kept as data: {Terminal.Clean(type)} ({Terminal.Count(places.Count, "time")}, first at {(places[0].Length == 0 ? "the top" : Terminal.Clean(places[0]))})\n");
        Console.Out.Write(text);
    }

    private static void Fill(Terminal.Node node, object? value, int depth, int most, Visits visits)
    {
        if (Content.IsPlain(value) || Content.Parts(value) is not { } parts)
            return;
        if (depth <= 0)
        {
            node.Children.Add(new Terminal.Node("..."));
            return;
        }
        if (!visits.Enter(value!, parts))
        {
            node.Note += " (shown above)";
            return;
        }
        var shown = 0;
        foreach (var (name, part) in parts)
        {
            if (++shown > most)
            {
                node.Children.Add(new Terminal.Node("...", $"{parts.Count() - most:N0} more; --all shows them"));
                break;
            }
            var child = new Terminal.Node(Terminal.Clean(name), Content.Describe(part));
            node.Children.Add(child);
            Fill(child, part, depth - 1, most, visits);
        }
        visits.Leave(value!);
    }

    private static void WriteJson(Utf8JsonWriter json, Checkpoint checkpoint, Content content, string file)
    {
        var (elements, bytes, stored) = Totals(checkpoint);
        json.WriteStartObject();
        json.WriteString("file", file);
        json.WriteString("form", checkpoint.Format.ToString());
        json.WriteNumber("fileBytes", LengthOf(file));
        json.WriteStartObject("total");
        json.WriteNumber("tensors", checkpoint.Tensors.Count);
        json.WriteNumber("storages", checkpoint.Storages.Count);
        json.WriteNumber("elements", elements);
        json.WriteNumber("bytes", bytes);
        json.WriteNumber("storedBytes", stored);
        json.WriteEndObject();
        json.WriteStartObject("metadata");
        foreach (var (key, value) in checkpoint.Metadata)
            json.WriteString(key, value);
        json.WriteEndObject();
        json.WriteStartArray("tensors");
        foreach (var (name, tensor) in content.Tensors)
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteString("dtype", tensor.DType.Name());
            json.WriteStartArray("shape");
            foreach (var size in tensor.Shape)
                json.WriteNumberValue(size);
            json.WriteEndArray();
            json.WriteNumber("bytes", Content.Bytes(tensor));
            json.WriteString("kind", tensor.Kind.ToString());
            if (tensor.IsParameter)
                json.WriteBoolean("parameter", true);
            if (tensor.Storage is { } storage)
            {
                json.WriteString("storage", storage.Key);
                json.WriteNumber("storageOffset", tensor.StorageOffset);
                json.WriteStartArray("strides");
                foreach (var stride in tensor.Strides)
                    json.WriteNumberValue(stride);
                json.WriteEndArray();
                json.WriteString("device", storage.Location);
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("opaque");
        foreach (var (type, places) in content.Opaque)
        {
            json.WriteStartObject();
            json.WriteString("type", type);
            json.WriteStartArray("places");
            foreach (var place in places.Take(100))
                json.WriteStringValue(place);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WritePropertyName("content");
        WriteValue(json, checkpoint.Root.Raw, new Visits(), 0);
        json.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter json, object? value, Visits visits, int depth)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                return;
            case bool b:
                json.WriteBooleanValue(b);
                return;
            case long l:
                json.WriteNumberValue(l);
                return;
            case double d when double.IsFinite(d):
                json.WriteNumberValue(d);
                return;
            case string s:
                json.WriteStringValue(s);
                return;
        }
        if (value is PickleSet plain)
        {
            json.WriteStartArray();
            foreach (var item in plain)
                WriteValue(json, item, visits, depth + 1);
            json.WriteEndArray();
            return;
        }
        // What occurs within itself or too often, or is nested deeper than JSON readers like, is named and not entered.
        if (Content.Parts(value) is not { } parts || depth > 60 || !visits.Enter(value, parts))
        {
            json.WriteStringValue(Content.Describe(value));
            return;
        }
        if (value is List<object?> or PickleTuple)
        {
            json.WriteStartArray();
            foreach (var (_, part) in parts)
                WriteValue(json, part, visits, depth + 1);
            json.WriteEndArray();
        }
        else
        {
            json.WriteStartObject();
            if (value is PickleObject thing)
                json.WriteString("<type>", thing.TypeName);
            foreach (var (name, part) in parts)
            {
                json.WritePropertyName(name);
                WriteValue(json, part, visits, depth + 1);
            }
            json.WriteEndObject();
        }
        visits.Leave(value);
    }
}
